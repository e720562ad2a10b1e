"""Questions to the field: put by who sets up in a browser, taken and answered by the collector that owns the wire."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class FieldQuestion:
    """One question. ``told`` is what came of it so far; ``done`` when nothing more will.

    ``words`` says what is asked (one unit, or many one after the other); ``taken_at`` is None while no collector
    has taken it.
    """

    ticket: str
    asked_by: str
    asked_at: datetime
    gateway_id: str
    words: Mapping[str, Any]
    taken_at: datetime | None = None
    done: bool = False
    told: Mapping[str, Any] = field(default_factory=dict)


class QuestionStore(Protocol):
    """Keeps questions until they are forgotten. Thread safe, and safe between processes."""

    def put_question(self, question: FieldQuestion) -> None:
        """Keep a question."""
        ...

    def question(self, ticket: str) -> FieldQuestion | None:
        """Return a question with what came of it."""
        ...

    def take_question(self, gateway_ids: Collection[str], now: datetime) -> FieldQuestion | None:
        """Take the oldest question to one of these wires that nobody has taken; no two takers get the same."""
        ...

    def tell_question(self, ticket: str, told: Mapping[str, Any], *, done: bool) -> None:
        """Keep what came of it so far."""
        ...

    def forget_questions(self, before: datetime) -> int:
        """Delete questions asked before an instant; return how many."""
        ...
