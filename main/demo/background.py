"""A thread of the demonstration: it waits for its turn, stops when told, and says what went wrong."""

import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager

from domain.errors import PvmonError
from main.demo.progress import Progress

_STOP_S = 2.0  # after that the stores are closed under it
_LOOK_S = 0.2


class Background(ABC):
    """Work beside the pages; what it does is `_run` of the kind.

    ``progress`` is told of its steps, and of a refusal by the key `_said` was given.
    """

    def __init__(self, name: str, progress: Progress) -> None:
        self._progress = progress
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Stop after the piece at hand."""
        self._stopping.set()
        self._thread.join(_STOP_S)

    @abstractmethod
    def _run(self) -> None:
        """Do the work, piece by piece."""

    def _wait(self, event: threading.Event) -> bool:
        """Wait for an event; tell whether to go on."""
        while not event.wait(_LOOK_S):
            if self._stopping.is_set():
                return False
        return not self._stopping.is_set()

    @contextmanager
    def _said(self, failed: str) -> Iterator[None]:
        """Say a refusal, unless it is the end of the demonstration that caused it."""
        try:
            yield
        except PvmonError as error:
            if not self._stopping.is_set():
                self._progress(failed, reason=error)
