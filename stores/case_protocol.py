"""What a store of cases promises: acts are only added, and two people are never both next."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from domain.case import Case, CaseAct, CaseKind


class CaseStore(Protocol):
    """Keeps cases as their acts."""

    def add_case_act(self, act: CaseAct, case: Case) -> None:
        """Keep an act; ``case`` is how the case stands after it.

        Raises
        ------
        RecordRejectedError
            Somebody else's act took this number, or the case's number is taken; nothing was kept.
        """
        ...

    def case_acts(self, case_id: str) -> list[CaseAct]:
        """Return the acts of a case in their order; none: there is no such case."""
        ...

    def cases_acts(
        self, *, open_only: bool = False, since: datetime | None = None, kinds: Sequence[CaseKind] = ()
    ) -> list[list[CaseAct]]:
        """Return the acts of every case wanted, newest case first.

        ``since`` keeps cases still open, or changed at or after an instant.
        """
        ...

    def case_of_alert(self, alert_id: str) -> str | None:
        """Return the newest case made from an alert, None when there is none."""
        ...

    def cases_of_alerts(self, alert_ids: Sequence[str]) -> dict[str, str]:
        """Return the newest case made from each alert that has any, by alert, asked for all at once."""
        ...

    def last_case_number(self, prefix: str) -> int:
        """Return the highest running number used with a prefix such as ``GD-2026-``; 0 when none."""
        ...
