"""Whether the store is still the one we filled: a mark of ours in it tells, and what is missing is given again.

The history numbers every group the store took; the newest number is written into the store now and then. A store
that shows a smaller one was emptied or put back to an older copy: everything behind its number is given again,
after the live rows, until it has caught up. Rows it has already stay once.
"""

import logging
from collections.abc import Callable, Sequence

from collectors.history import History
from domain.clock import Clock
from domain.errors import SpoolError
from domain.measurement import Batch
from stores.mark_protocol import MarkStore

log = logging.getLogger(__name__)
LOOK_S = 60.0  # real seconds

Write = Callable[[Sequence[Batch]], object]


class Generation:
    """Used from the forwarder's thread.

    Parameters
    ----------
    clock : Clock
        Field time, of which the history keeps a week.
    steady_s : callable
        Real monotonic seconds.
    """

    def __init__(
        self, history: History, store: MarkStore, clock: Clock, steady_s: Callable[[], float]
    ) -> None:
        self._history = history
        self._store = store
        self._clock = clock
        self._steady_s = steady_s
        self._due_s = 0.0
        self._marked = history.marked
        self._again_from: int | None = None
        self._refused = False
        self.given_again = 0

    @property
    def is_behind(self) -> bool:
        """Whether something must be given again."""
        return self._again_from is not None

    def stored(self, batches: Sequence[Batch]) -> None:
        """Note what the store took, before the queue forgets it; a full disk must not keep the queue from emptying."""
        if not batches:
            return
        try:
            self._history.keep(batches, self._clock.now())
        except SpoolError as error:
            if not self._refused:
                log.warning("what is stored now could not be given again to a store that lost it: %s", error)
            self._refused = True
        else:
            self._refused = False

    def look_soon(self) -> None:
        """Look at the next step: the store was away, and may come back another one."""
        self._due_s = 0.0

    def step(self, write: Write) -> int:
        """Look when it is time, give one group again when something is missing; return how many rows were given."""
        if self._steady_s() >= self._due_s and self._again_from is None:
            self._look()
            self._due_s = self._steady_s() + LOOK_S
        return self._give(write) if self._again_from is not None else 0

    def _look(self) -> None:
        there = self._store.mark(self._history.queue)
        if there < self._marked:
            self._again_from = there
            log.error(
                "the store is not the one we filled: its mark is %s, ours %s (it was emptied, or put back to an older "
                "copy); what is missing is given again from the history of the last week",
                there,
                self._marked,
            )
            return
        self._mark()

    def _mark(self) -> None:
        newest = self._history.newest()
        if newest > self._marked:
            self._mark_anew()

    def _mark_anew(self) -> None:
        newest = self._history.newest()
        self._store.put_mark(self._history.queue, newest)
        self._history.marked = self._marked = newest

    def _give(self, write: Write) -> int:
        assert self._again_from is not None
        found = self._history.after(self._again_from)
        if found is None:
            log.warning("the store has again what it had lost: %s rows were given", self.given_again)
            self._again_from = None
            self._mark_anew()
            return 0
        number, batches = found
        if batches:
            write(batches)
        self._again_from = number
        self.given_again += len(batches)
        return max(1, len(batches))
