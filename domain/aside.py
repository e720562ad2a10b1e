"""One call in a thread of its own, while its caller does something else. It never outlives the process."""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Aside(Generic[T]):
    """Begins ``call`` at once; `result` waits for what it returned.

    The thread is a daemon: a call that hangs (a server that does not answer) holds up no end of the program,
    which a pool of threads would.
    """

    def __init__(self, call: Callable[[], T], name: str) -> None:
        self._call = call
        self._given: list[T] = []
        self._raised: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._given.append(self._call())
        except BaseException as error:  # noqa: BLE001 (raised again where the result is asked for)
            self._raised = error

    def wait(self) -> None:
        """Wait until the call has ended, whichever way."""
        self._thread.join()

    def result(self) -> T:
        """Return what the call returned, or raise what it raised."""
        self.wait()
        if self._raised is not None:
            raise self._raised
        return self._given[0]
