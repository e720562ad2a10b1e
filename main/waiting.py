"""Waiting for Ctrl-C or SIGTERM, and what is looked at meanwhile; and where the program's log goes."""

import logging
import logging.handlers
import signal
import threading
from collections.abc import Callable, Collection
from pathlib import Path

from main.masking import Masking

_LOOK_S = 1.0
_LOG_BYTES = 5_000_000
_FORM = "%(asctime)s %(levelname)s %(name)s: %(message)s"


class StopSignal:
    """Ctrl-C and SIGTERM from now on: `wait` ends at the first, a second one ends the process at once."""

    def __init__(self) -> None:
        self._told = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._heard)

    def _heard(self, number: int, _frame: object) -> None:
        if self._told.is_set():
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
        self._told.set()

    def wait(self, look: Callable[[], None] = lambda: None) -> None:
        """Wait for a signal, calling ``look`` each second."""
        while not self._told.wait(_LOOK_S):
            look()


def log_to(folder: Path | None, level: str = "info", secrets: Collection[str] = ()) -> None:
    """Send the log to a file that turns over, or to standard error when there is no folder; secrets are masked."""
    handler: logging.Handler
    if folder is None:
        handler = logging.StreamHandler()
    else:
        folder.mkdir(parents=True, exist_ok=True)
        handler = logging.handlers.RotatingFileHandler(
            folder / "pvmon.log", maxBytes=_LOG_BYTES, backupCount=3, encoding="utf-8"
        )
    handler.setFormatter(Masking(_FORM, secrets))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for noisy in ("apscheduler", "pymodbus", "alembic", "amqtt"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
