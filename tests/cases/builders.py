"""Small makers of cases and acts, with times as minutes after a summer morning."""

from datetime import UTC, datetime, timedelta

from cases.lifecycle import after, fold
from domain.case import Case, CaseAct, CaseActKind

START = datetime(2026, 7, 6, 1, 0, tzinfo=UTC)  # a Monday, 09:00 in Shangzhou


def at(minute: float) -> datetime:
    return START + timedelta(minutes=minute)


def registered(minute: float = 0, text: str = "3号逆变器停机", /, **values: str) -> CaseAct:
    given = {"kind": "order", "case_number": "GD-2026-0001", "plant_id": "a", "severity": "S2", **values}
    return CaseAct("c1", 1, at(minute), "desk", CaseActKind.REGISTER, text, given)


class Story:
    """A case told act by act."""

    def __init__(self, **values: str) -> None:
        self.acts = [registered(**values)] if values else [registered()]
        self.case: Case = fold(self.acts)

    def then(
        self, kind: CaseActKind, minute: float, text: str = "", by: str = "zhao", **values: str
    ) -> "Story":
        act = CaseAct(self.case.case_id, len(self.acts) + 1, at(minute), by, kind, text, values)
        self.case = after(self.case, act)
        self.acts.append(act)
        return self

    def until_done(self, cause: str = "breaker") -> "Story":
        return (
            self.then(CaseActKind.ASSIGN, 5, assignee="zhao")
            .then(CaseActKind.ARRIVE, 60)
            .then(CaseActKind.DONE, 90, "合上断路器", cause=cause)
        )
