"""How far a long import is, for whoever waits for it: told by the act, asked for by the ticket the asker made up."""

import threading
from collections import OrderedDict
from dataclasses import dataclass

_TICKETS_MAX = 100
_TICKET_CHARS_MAX = 64


@dataclass(frozen=True, slots=True)
class Progress:
    """A stage (``read``, ``kept``) and how many rows of how many."""

    stage: str
    done: int
    total: int


class ProgressBoard:
    """Remembers the newest state by ticket. Thread safe; old tickets fall out."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._told: OrderedDict[str, Progress] = OrderedDict()

    def tell(self, ticket: str, stage: str, done: int, total: int) -> None:
        """Note how far the act of a ticket is; without a ticket nobody waits."""
        if not ticket or len(ticket) > _TICKET_CHARS_MAX:
            return
        with self._lock:
            self._told[ticket] = Progress(stage, done, total)
            self._told.move_to_end(ticket)
            while len(self._told) > _TICKETS_MAX:
                self._told.popitem(last=False)

    def of(self, ticket: str) -> Progress | None:
        """Return how far the act of a ticket is, None before it began."""
        with self._lock:
            return self._told.get(ticket)
