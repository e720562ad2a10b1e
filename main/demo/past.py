"""History for an empty chart: made by the virtual fleet's physics in a process of its own, loaded as it comes.

The maker writes one file a day and kind of device, newest day first; the loader (a thread of the
demonstration) keeps each in the sample store as ``DEMO_HISTORY`` and removes the file.
"""

import logging
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd

from domain.clock import FieldClock
from domain.frame import INSTANT
from domain.measurement import Origin
from domain.timespan import Interval
from stores.protocol import MeasurementStore

log = logging.getLogger(__name__)
EVERY = timedelta(minutes=5)
RECENT = timedelta(days=2)
_READY = ".feather"
_RECENT_MADE = "recent"
_LOOK_S = 0.1


def make(
    config: Path, clock: FieldClock, seed: int, days: int, out: Path, note: str, faults: Path | None = None
) -> None:
    """Write the history of ``days`` days before the clock's anchor into ``out``, newest first.

    The newest `RECENT` days come first of all, for the charts of the first page; then the files of the plants
    without a link (main.demo.unlinked), their readings with ``note``; then the older days. ``faults`` is the
    script of what goes wrong, the one of the fleet that runs.
    """
    from inverters.profile import load_profiles
    from main.configuration import load_registry
    from main.demo.unlinked import write_files
    from simulator.fleet import Fleet
    from simulator.script import read_script

    out.mkdir(parents=True, exist_ok=True)
    registry, profiles = load_registry(config, None), load_profiles()
    went_wrong = read_script(faults, registry, clock.now()) if faults is not None else ()
    fleet = Fleet(registry, profiles, clock, seed, went_wrong)
    end = clock.anchor
    tables = fleet.history(Interval(end - timedelta(days=days), end), EVERY)
    unlinked = False
    for number, (_, table) in enumerate(tables):
        if not unlinked and table[INSTANT].max() < end - RECENT:
            (out / _RECENT_MADE).touch()
            write_files(registry, profiles, clock, seed, days, out, note)
            unlinked = True
        target = out / f"{number:05d}{_READY}"
        table.to_feather(target.with_suffix(".part"), compression="uncompressed")
        target.with_suffix(".part").rename(target)
    if not unlinked:
        write_files(registry, profiles, clock, seed, days, out, note)


class PastLoader:
    """Starts the maker and keeps what it makes.

    ``on_recent`` is called once when everything newer than ``recent_days`` is kept, ``on_done`` at the end
    with what went wrong (empty: nothing); both get the number of rows so far.
    """

    def __init__(
        self,
        store: MeasurementStore,
        command: list[str],
        folder: Path,
        recent_from: datetime,
        on_recent: Callable[[int], None],
        on_done: Callable[[int, str], None],
    ) -> None:
        self._store = store
        self._folder = folder
        self._recent_from = recent_from
        self._on_recent = on_recent
        self._on_done = on_done
        self._command = command
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="history", daemon=True)
        self._maker: subprocess.Popen[bytes] | None = None
        self.rows = 0
        self._told = False

    def start(self) -> None:
        """Start making and loading."""
        self._folder.mkdir(parents=True, exist_ok=True)
        log_file = (self._folder / "maker.log").open("wb")
        self._maker = subprocess.Popen(self._command, stdout=log_file, stderr=subprocess.STDOUT)
        log_file.close()
        self._thread.start()

    def wait(self, timeout_s: float) -> bool:
        """Wait for the end; tell whether it came."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def stop(self) -> None:
        """End it; what was loaded stays."""
        self._stopping.set()
        if self._maker is not None and self._maker.poll() is None:
            self._maker.terminate()
            self._maker.wait(5.0)
        self._thread.join(10.0)

    def _run(self) -> None:
        assert self._maker is not None
        problem = ""
        while not self._stopping.is_set():
            ended = self._maker.poll() is not None  # before looking, or the last file is missed
            try:
                found = self._load_next()
            except Exception as error:
                log.exception("history")
                problem = str(error)
                break
            if not found and ended:
                break
            if not found:
                self._stopping.wait(_LOOK_S)
        if not self._stopping.is_set():
            code = self._maker.poll()
            if not problem and code:
                problem = f"code {code}, {self._folder / 'maker.log'}"
            self._tell_recent()
            self._on_done(self.rows, problem)

    def _load_next(self) -> bool:
        path = min(self._folder.glob(f"*{_READY}"), default=None)
        if path is None:
            if (self._folder / _RECENT_MADE).exists():
                self._tell_recent()
            return False
        table = pd.read_feather(path)
        if table[INSTANT].max() < self._recent_from:
            self._tell_recent()
        quantities = [name for name in table.columns if name not in {"device_id", INSTANT}]
        # Stores like rows in the order a sweep would have delivered them.
        table = table.sort_values(INSTANT, kind="stable", ignore_index=True)
        self.rows += self._store.write_table(quantities, table, Origin.DEMO_HISTORY).accepted
        path.unlink()
        return True

    def _tell_recent(self) -> None:
        if not self._told:
            self._told = True
            self._on_recent(self.rows)


def command(
    config: Path, clock: FieldClock, seed: int, days: int, out: Path, note: str, faults: Path | None = None
) -> list[str]:
    """Return the command line of the maker."""
    words = (str(config), str(clock), str(seed), str(days), str(out), note, str(faults or ""))
    return [sys.executable, "-m", "main.demo.past", *words]


if __name__ == "__main__":
    _config, _clock, _seed, _days, _out, _note, _faults = sys.argv[1:]
    make(
        Path(_config),
        FieldClock.parse(_clock),
        int(_seed),
        int(_days),
        Path(_out),
        _note,
        Path(_faults) if _faults else None,
    )
