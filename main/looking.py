"""A thread that looks at something every few seconds: what goes wrong is said, and the next look comes all the same."""

import logging
import threading
from collections.abc import Callable

from domain.errors import PvmonError

log = logging.getLogger(__name__)
_STOP_S = 5.0


class Looker:
    """Looks until it is stopped.

    Parameters
    ----------
    name : str
        Of the thread.
    every_s : float
        Pause between two looks. [real seconds]
    look : callable
        One look.
    failed : str
        What the log says before the reason when a look fails.
    """

    def __init__(self, name: str, every_s: float, look: Callable[[], object], failed: str) -> None:
        self.stopping = threading.Event()
        self._every_s = every_s
        self._look = look
        self._failed = failed
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """Look no more; a look under way may end."""
        self.stopping.set()
        self._thread.join(_STOP_S)

    def _run(self) -> None:
        while not self.stopping.wait(self._every_s):
            try:
                self._look()
            except PvmonError as error:
                log.warning("%s: %s", self._failed, error)
            except Exception:
                log.exception(self._failed)
