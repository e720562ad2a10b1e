"""Forwarding: from the queue on disk into the store, oldest first, for as long as it takes.

The queue forgets a row only after the store has it; a row the store refuses goes to quarantine with the
reason and never holds up the others; a store that is away costs nothing but time.
"""

import logging
import random
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from collectors.spool import Spool
from domain.clock import Clock
from domain.errors import RecordRejectedError, SpoolError, StoreDeniedError, StoreUnavailableError
from domain.measurement import Batch
from jobs.catch_up import CatchUp
from jobs.generation import Generation
from stores.protocol import LatestValues, MeasurementStore

log = logging.getLogger(__name__)

ROWS_MAX = 5000
_BACK_OFF_FIRST_S = 0.5
_BACK_OFF_MOST_S = 30.0
_RETRY_AFTER_MOST_S = 600.0
_SHOUT_EVERY = 20  # refusals of us, half a minute apart


@dataclass(slots=True)
class ForwardCounts:
    """What the forwarder did since it started."""

    forwarded: int = 0
    duplicates: int = 0
    rejected: int = 0
    refusals: int = 0  # times the store was away


class Forwarder:
    """Moves batches from ``spool`` to ``store`` in a thread of its own.

    Parameters
    ----------
    latest : LatestValues or None
        Told of every batch after it was stored.
    generation : Generation or None
        Finds out when the store was emptied or put back, and has the history to fill it again.
    idle_s : float
        How often an empty queue is looked at; also how long rows gather for one commit. [real seconds]
    """

    def __init__(
        self,
        spool: Spool,
        store: MeasurementStore,
        latest: LatestValues | None,
        clock: Clock,
        *,
        idle_s: float = 1.0,
        generation: Generation | None = None,
    ) -> None:
        self.counts = ForwardCounts()
        self._spool = spool
        self._store = store
        self._latest = latest
        self._clock = clock
        self._idle_s = idle_s
        self._generation = generation
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._failures = 0
        self._catch_up = CatchUp(spool, self._write, self._finish)

    @property
    def is_store_there(self) -> bool:
        """Whether the store took data when it was last asked."""
        return self._failures == 0

    def is_behind(self, until: datetime) -> bool:
        """Tell whether something measured before ``until`` waits on disk."""
        if self._catch_up.is_on:
            return True
        rows = self._spool.peek(ROWS_MAX)
        return len(rows) == ROWS_MAX or any(batch.measured_at < until for _, batch in rows)

    def run_once(self) -> int:
        """Forward one group, and in a catch-up one of each lane; return how many rows left the queue.

        While a backlog is worked off, rows that came after it began go first, so that screens stay current.

        Raises
        ------
        StoreUnavailableError
            The store is away; nothing left the queue.
        """
        backlog = self._catch_up.upto
        rows = self._spool.peek(ROWS_MAX, backlog)
        if not backlog and len(rows) == ROWS_MAX:
            self._catch_up.begin(self._spool.newest_id())
        moved = self._move(rows, backlog)
        if backlog:
            worked = self._catch_up.step()
            moved += worked
            if not worked:
                log.info("store: has caught up with the queue")
        if self._generation is not None and not self._stopping.is_set():
            moved += self._generation.step(self._give_again)
        return moved

    def _give_again(self, batches: Sequence[Batch]) -> None:
        """Store what the store has lost; what it refused when it was new it refuses again."""
        self._write(batches)

    def _move(self, rows: Sequence[tuple[int, Batch]], after_id: int) -> int:
        """Store rows, then let them leave the queue."""
        if not rows:
            return 0
        self._finish(rows, self._write([batch for _, batch in rows]), after_id)
        return len(rows)

    def _finish(
        self, rows: Sequence[tuple[int, Batch]], rejected: Mapping[int, str], after_id: int = 0
    ) -> None:
        """Tell of what was stored, then let it leave the queue; what was refused goes to quarantine."""
        batches = [batch for _, batch in rows]
        stored = [batch for position, batch in enumerate(batches) if position not in rejected]
        if self._latest is not None:
            self._latest.update(stored)
        if self._generation is not None:
            self._generation.stored(stored)
        reasons = {rows[position][0]: why for position, why in rejected.items()}
        self._spool.settle(rows[-1][0], reasons, after_id)
        self.counts.forwarded += len(rows) - len(rejected)
        self.counts.rejected += len(rejected)
        for position, why in rejected.items():
            log.warning("batch of device %s rejected: %s", batches[position].device_id, why)

    def _write(self, batches: Sequence[Batch], offset: int = 0) -> dict[int, str]:
        """Store ``batches``; return what was refused: position (counted from ``offset``) to reason."""
        try:
            result = self._store.write(batches)
        except RecordRejectedError as error:
            if len(batches) == 1:
                return {offset: str(error)}
            half = len(batches) // 2
            return self._write(batches[:half], offset) | self._write(batches[half:], offset + half)
        self.counts.duplicates += result.duplicates
        return {offset + position: why for position, why in result.rejected}

    # ------------------------------------------------------------------ the thread

    def start(self) -> None:
        """Forward in the background until `stop`."""
        self._stopping.clear()
        self._thread = threading.Thread(target=self._run, name="forward", daemon=True)
        self._thread.start()

    def stop(self, timeout_s: float = 5.0) -> None:
        """Forward what is left, unless the store is away, and end. What stays is kept on disk."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(timeout_s)
            if self._thread.is_alive():
                log.warning("forwarding did not end within %s s; the queue keeps what is left", timeout_s)
            self._thread = None

    def is_alive(self) -> bool:
        """Tell whether the thread runs."""
        return self._thread is not None and self._thread.is_alive()

    def _run(self) -> None:
        while True:
            wait_s = self._step()
            if self._stopping.is_set() and wait_s > 0:
                return
            self._stopping.wait(wait_s)

    def _step(self) -> float:
        """Forward one group; return how long to wait until the next. [real seconds]"""
        try:
            moved = self.run_once()
        except StoreDeniedError as error:
            return self._shout(error)
        except (StoreUnavailableError, SpoolError) as error:
            asked_s = getattr(error, "retry_after_s", 0.0)
            return max(self._back_off(f"{error}"), min(asked_s, _RETRY_AFTER_MOST_S))
        except Exception:
            log.exception("forwarding failed; the queue keeps everything")
            return self._back_off("see above")
        if self._failures:
            log.info("store: takes data again after %s refusals", self._failures)
            self._failures = 0
        behind = self._generation is not None and self._generation.is_behind and not self._stopping.is_set()
        busy = behind or self._catch_up.is_on or moved >= ROWS_MAX or (self._stopping.is_set() and moved)
        return 0.0 if busy else self._idle_s

    def _shout(self, error: StoreDeniedError) -> float:
        """A store that does not accept us is a person's business: say it again and again, keep everything."""
        self._failures += 1
        self.counts.refusals += 1
        if self._failures % _SHOUT_EVERY == 1:
            log.error("%s. Nothing is stored until then; the queue keeps everything", error)
        return _BACK_OFF_MOST_S

    def _back_off(self, why: str) -> float:
        if self._generation is not None:
            self._generation.look_soon()
        if self._failures == 0:
            log.warning("store: cannot take data (%s); it stays in the queue", why)
        self._failures += 1
        self.counts.refusals += 1
        wait_s = min(_BACK_OFF_MOST_S, _BACK_OFF_FIRST_S * 2.0 ** min(self._failures - 1, 10))
        return wait_s * random.uniform(0.5, 1.0)  # noqa: S311 (spread, not secrecy)
