"""The store in memory keeps every promise."""

from pathlib import Path

from stores.memory import MemoryStore
from tests.stores.contract import StoreContract
from tests.stores.rows import DEVICES, batch, clock


class TestMemoryStore(StoreContract):
    def make_store(self, folder: Path) -> MemoryStore:
        return MemoryStore(clock(), DEVICES)


def test_without_a_registry_every_device_is_taken() -> None:
    assert MemoryStore(clock()).write([batch(0, "anybody")]).accepted == 1
