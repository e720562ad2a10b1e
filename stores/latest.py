"""The newest batch of every device, in memory: what "now" on a page is read from."""

import threading
from collections.abc import Iterator, Sequence
from datetime import datetime

from domain.measurement import Batch
from stores.protocol import MeasurementStore


class LatestCache:
    """`stores.protocol.LatestValues` in a dictionary. Thread safe."""

    def __init__(self) -> None:
        self._batches: dict[str, Batch] = {}
        self._lock = threading.Lock()

    def warm(self, store: MeasurementStore, device_ids: Sequence[str], not_before: datetime) -> int:
        """Fill from a store (at start); return how many devices it knew."""
        batches = store.latest(device_ids, not_before)
        self.update(batches)
        return len(batches)

    def update(self, batches: Sequence[Batch]) -> None:
        """Take newer batches; one of the same or an older instant changes nothing."""
        with self._lock:
            for batch in batches:
                known = self._batches.get(batch.device_id)
                if known is None or batch.measured_at > known.measured_at:
                    self._batches[batch.device_id] = batch

    def get(self, device_id: str) -> Batch | None:
        """Return the newest batch of a device."""
        return self._batches.get(device_id)

    def many(self, device_ids: Sequence[str]) -> Iterator[Batch]:
        """Yield the newest batch of each device that reported."""
        with self._lock:
            found = [self._batches[name] for name in device_ids if name in self._batches]
        yield from found
