"""A data folder with something of every part, and the settings that name it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from collectors.spool import Spool
from domain.clock import SystemClock
from main.backup.keys import make_keys
from main.backup.parts import PEOPLE_KEY, SAMPLES, SPOOL, Sources
from main.settings import Settings, load_settings
from stores.duckdb import DuckDbStore
from stores.records.sealing import Sealer
from stores.records.store import SqlRecordStore
from tests.main.registry_files import write
from tests.stores.records.contract import entry, user
from tests.stores.rows import DEVICES, batch, clock


def settings_of(folder: Path, **more: object) -> Settings:
    return load_settings({}, config_dir=folder / "config", data_dir=folder / "data", **more)


class Place:
    """What is kept, open."""

    def __init__(self, folder: Path, records_url: str = "", **more: object) -> None:
        self.settings = settings_of(folder, **more)
        self.data = self.settings.data_dir
        write(folder / "config")
        self.safe_key = make_keys(self.data)
        records = self.data / "records" / "records.sqlite"
        self.records = SqlRecordStore(records_url) if records_url else SqlRecordStore.at(records)
        self.records.add_user(user())
        for second in range(30):
            self.records.add_audit(entry(second=second))
        (self.data / PEOPLE_KEY).parent.mkdir(parents=True, exist_ok=True)
        self.sealed = Sealer(self.data / PEOPLE_KEY).seal("李四")
        self.store = DuckDbStore(self.data / SAMPLES, clock(), DEVICES)
        self.store.write([batch(number) for number in range(50)])
        (self.data / SPOOL).parent.mkdir(parents=True)
        self.spool = Spool(self.data / SPOOL)
        self.spool.append([batch(60 + number) for number in range(7)])

    @property
    def sources(self) -> Sources:
        return Sources(self.settings, self.records.database, self.store, SystemClock())

    def close(self) -> None:
        self.spool.close()
        self.store.close()
        self.records.close()


@contextmanager
def place(folder: Path, records_url: str = "", **more: object) -> Iterator[Place]:
    made = Place(folder, records_url, **more)
    try:
        yield made
    finally:
        made.close()
