"""Many readers or one writer, inside one process: InfluxDB has no transactions of its own."""

import contextlib
import threading
from collections.abc import Iterator


class Gate:
    """Lets readers pass together and a writer alone; a waiting writer goes before new readers."""

    def __init__(self) -> None:
        self._free = threading.Condition()
        self._readers = 0
        self._writers_waiting = 0
        self._writing = False

    @contextlib.contextmanager
    def reading(self) -> Iterator[None]:
        """Pass as one of many readers."""
        with self._free:
            self._free.wait_for(lambda: not self._writing and not self._writers_waiting)
            self._readers += 1
        try:
            yield
        finally:
            with self._free:
                self._readers -= 1
                self._free.notify_all()

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Pass as the only one."""
        with self._free:
            self._writers_waiting += 1
            self._free.wait_for(lambda: not self._writing and not self._readers)
            self._writers_waiting -= 1
            self._writing = True
        try:
            yield
        finally:
            with self._free:
                self._writing = False
                self._free.notify_all()
