"""A backlog worked off in three places at once: one group is with the store, the one before is settled, the next read.

Nothing leaves the queue before the store has it; a group that was stored and not yet settled when the process
ends is sent again, and the store knows it.
"""

from collections.abc import Callable, Mapping, Sequence

from collectors.spool import Spool
from domain.aside import Aside
from domain.measurement import Batch

ROWS_MAX = 20_000  # four bodies of InfluxDB, each written while the next is made
Rows = Sequence[tuple[int, Batch]]


class CatchUp:
    """Groups of a backlog, oldest first. Not thread safe: the forwarder's thread owns it.

    Parameters
    ----------
    write : callable
        Stores batches; returns what was refused: position to reason. Called in a thread of its own.
    finish : callable
        Lets rows that the store has, less the refused ones, leave the queue.
    """

    def __init__(
        self,
        spool: Spool,
        write: Callable[[Sequence[Batch]], Mapping[int, str]],
        finish: Callable[[Rows, Mapping[int, str]], None],
    ) -> None:
        self._spool = spool
        self._write = write
        self._finish = finish
        self._upto = 0
        self._next: Rows | None = None
        self._stored: tuple[Rows, Mapping[int, str]] | None = None

    @property
    def is_on(self) -> bool:
        """Whether there is a backlog."""
        return self._upto > 0

    @property
    def upto(self) -> int:
        """The id of the backlog's last row; 0 when there is none."""
        return self._upto

    def begin(self, upto: int) -> None:
        """Take everything up to this id as the backlog."""
        self._upto = upto

    def step(self) -> int:
        """Store the next group; return how many rows it has, 0 when the backlog is done.

        Raises
        ------
        StoreUnavailableError
            The store is away; the group stays in the queue.
        """
        rows, self._next = self._read() if self._next is None else self._next, None
        if not rows:
            self.settle()
            self._upto = 0
            return 0
        writing = Aside(lambda: self._write([batch for _, batch in rows]), "catch-up")
        try:
            self.settle()
            following = self._read(rows[-1][0])
        finally:
            refused = writing.result()
        self._stored, self._next = (rows, refused), following  # only now: a group that failed comes again
        return len(rows)

    def settle(self) -> None:
        """Let what the store has leave the queue."""
        if self._stored is not None:
            stored, self._stored = self._stored, None
            self._finish(*stored)

    def _read(self, after_id: int = 0) -> Rows:
        found = self._spool.peek(ROWS_MAX, after_id)
        return [row for row in found if row[0] <= self._upto]
