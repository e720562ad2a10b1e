"""History for an empty chart: made by the virtual fleet's physics in a process of its own, loaded as it comes.

The maker is forked from the fleet's process, so that what that has computed already is not computed twice. It
writes one folder a day with a file a profile, newest day first; the loader (a thread of the demonstration) keeps
each day in the sample store as ``DEMO_HISTORY`` and removes it. Both speak through files in one folder.
"""

import logging
import os
import shutil
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd

from domain.frame import DEVICE, INSTANT
from domain.measurement import Origin
from domain.timespan import Interval
from main.demo.parent import end_with_parent
from simulator.fleet import Fleet
from stores.protocol import MeasurementStore

log = logging.getLogger(__name__)
EVERY = timedelta(minutes=5)
RECENT = timedelta(days=2)
_READY, _FILE = ".day", ".feather"
_RECENT_MADE, _DONE, _FAILED, _STOP = "recent", "done", "failed", "stop"
_LOOK_S, _STOP_S = 0.1, 1.0


def make_beside(fleet: Fleet, days: int, out: Path, note: str) -> None:
    """Make the past in a process of its own, which ends with this one.

    To be called before there are threads or an event loop, for the process is forked.
    """
    if os.fork():
        return
    end_with_parent()
    try:
        make(fleet, days, out, note)
        (out / _DONE).touch()
    except Exception as error:
        log.exception("history")
        (out / _FAILED).write_text(f"{type(error).__name__}: {error}", "utf-8")
    finally:
        os._exit(0)  # nothing of the parent's is ours to close


def make(fleet: Fleet, days: int, out: Path, note: str) -> None:
    """Write the history of ``days`` days before the fleet's start into ``out``, newest first.

    The newest `RECENT` days come first of all, for the charts of the first page; then the files of the plants
    without a link (main.demo.unlinked), their readings with ``note``; then the older days.
    """
    end = fleet.start
    unlinked = False
    for number, tables in enumerate(fleet.history_by_day(Interval(end - timedelta(days=days), end), EVERY)):
        if (out / _STOP).exists():
            return
        if not unlinked and max(table[INSTANT].max() for _, table in tables) < end - RECENT:
            (out / _RECENT_MADE).touch()
            _write_unlinked(fleet, days, out, note)
            unlinked = True
        unfinished = out / f"{number:05d}.part"
        unfinished.mkdir()
        for place, (_, table) in enumerate(tables):
            table.to_feather(unfinished / f"{place:05d}{_FILE}", compression="uncompressed")
        unfinished.rename(unfinished.with_suffix(_READY))  # whole or not at all
    if not unlinked:
        _write_unlinked(fleet, days, out, note)


def _write_unlinked(fleet: Fleet, days: int, out: Path, note: str) -> None:
    from main.demo.unlinked import write_files  # it knows the commands, and charts should not wait for them

    write_files(fleet.registry, fleet.profiles, fleet.clock, fleet.seed, days, out, note)


class PastLoader:
    """Keeps what the maker makes.

    ``making`` tells whether the maker's parent still runs. ``on_recent`` is called once when everything newer
    than ``recent_from`` is kept, ``on_done`` at the end with what went wrong (empty: nothing); both get the
    number of rows so far.
    """

    def __init__(
        self,
        store: MeasurementStore,
        folder: Path,
        recent_from: datetime,
        making: Callable[[], bool],
        on_recent: Callable[[int], None],
        on_done: Callable[[int, str], None],
    ) -> None:
        self._store = store
        self._folder = folder
        self._recent_from = recent_from
        self._making = making
        self._on_recent = on_recent
        self._on_done = on_done
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="history", daemon=True)
        self.rows = 0
        self._told = False

    def start(self) -> None:
        """Start loading."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._thread.start()

    def wait(self, timeout_s: float) -> bool:
        """Wait for the end; tell whether it came."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def stop(self) -> None:
        """End it; what was loaded stays, and a day under way may be given up with the store."""
        self._stopping.set()
        (self._folder / _STOP).touch()
        self._thread.join(_STOP_S)

    def _run(self) -> None:
        problem = ""
        while not self._stopping.is_set():
            ended = self._ended()  # before looking, or the last file is missed
            try:
                found = self._load_next()
            except Exception as error:
                if self._stopping.is_set():
                    return  # the store was closed under it
                log.exception("history")
                problem = str(error)
                break
            if not found and ended:
                break
            if not found:
                self._stopping.wait(_LOOK_S)
        if not self._stopping.is_set():
            self._tell_recent()
            self._on_done(self.rows, problem or self._what_failed())

    def _ended(self) -> bool:
        return (self._folder / _DONE).exists() or (self._folder / _FAILED).exists() or not self._making()

    def _what_failed(self) -> str:
        """Return why the maker gave up, empty when it did not."""
        if (self._folder / _DONE).exists():
            return ""
        failed = self._folder / _FAILED
        return (
            failed.read_text("utf-8")
            if failed.exists()
            else "the virtual fleet ended before its past was made"
        )

    def _load_next(self) -> bool:
        day = min(self._folder.glob(f"*{_READY}"), default=None)
        if day is None:
            if (self._folder / _RECENT_MADE).exists():
                self._tell_recent()
            return False
        tables = [pd.read_feather(path) for path in sorted(day.glob(f"*{_FILE}"))]
        if tables and max(table[INSTANT].max() for table in tables) < self._recent_from:
            self._tell_recent()
        named = [
            ([name for name in table.columns if name not in {DEVICE, INSTANT}], table) for table in tables
        ]
        self.rows += self._store.write_tables(named, Origin.DEMO_HISTORY).accepted
        shutil.rmtree(day)
        return True

    def _tell_recent(self) -> None:
        if not self._told:
            self._told = True
            self._on_recent(self.rows)
