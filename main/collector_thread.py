"""The collector's event loop in a thread of its own, so that nothing slow beside it delays a poll."""

import asyncio
import logging
import threading

from jobs.collect import Collector

log = logging.getLogger(__name__)
_STOP_S = 4.0


class CollectorThread:
    """Runs a collector until told to stop."""

    def __init__(self, collector: Collector) -> None:
        self._collector = collector
        self._thread = threading.Thread(target=self._run, name="collector", daemon=True)

    def start(self) -> None:
        """Start polling."""
        self._thread.start()

    def _run(self) -> None:
        try:
            asyncio.run(self._collector.run())
        except Exception:
            log.exception("the collector ended")

    def is_alive(self) -> bool:
        """Tell whether it still polls."""
        return self._thread.is_alive()

    def stop(self) -> None:
        """Stop polling; what was answered is in the spool."""
        self._collector.request_stop()
        self._thread.join(_STOP_S)
