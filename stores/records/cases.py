"""Cases in the records store: acts that are only added, and a row per case to find it by."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, insert, or_, select, update

from domain.case import Case, CaseAct, CaseActKind, CaseKind
from domain.errors import RecordRejectedError
from stores.records.case_schema import CASE_ACTS, CASE_ALERTS, CASES
from stores.records.database import Database
from stores.records.once import insert_once

_MANY = 500  # a statement takes a limited number of values


class Cases:
    """Implements stores.case_protocol.CaseStore; a trigger refuses changes of acts."""

    _database: Database

    def add_case_act(self, act: CaseAct, case: Case) -> None:
        """Keep an act; ``case`` is how the case stands after it."""
        head = {"is_open": case.is_open, "updated_at": case.updated_at}
        try:
            with self._database.writing() as connection:
                connection.execute(insert(CASE_ACTS).values(**_act_row(act)))
                if act.number > 1:
                    connection.execute(update(CASES).where(CASES.c.case_id == act.case_id).values(**head))
                    return
                first = {
                    "case_id": case.case_id,
                    "case_number": case.number,
                    "kind": case.kind.value,
                    "registered_at": case.registered_at,
                }
                connection.execute(insert(CASES).values(**first, **head))
                for alert_id in case.alert_ids:
                    row = {"alert_id": alert_id, "case_id": case.case_id, "registered_at": act.at}
                    insert_once(connection, CASE_ALERTS, row)
        except RecordRejectedError as error:
            raise RecordRejectedError(
                f"case {case.number}: act {act.number} or the number itself was taken by somebody quicker"
            ) from error

    def case_acts(self, case_id: str) -> list[CaseAct]:
        """Return the acts of a case in their order; none: there is no such case."""
        wanted = select(CASE_ACTS).where(CASE_ACTS.c.case_id == case_id).order_by(CASE_ACTS.c.number)
        with self._database.reading() as connection:
            return [_act(row) for row in connection.execute(wanted).mappings().all()]

    def cases_acts(
        self, *, open_only: bool = False, since: datetime | None = None, kinds: Sequence[CaseKind] = ()
    ) -> list[list[CaseAct]]:
        """Return the acts of every case wanted, newest case first."""
        order = (CASES.c.registered_at.desc(), CASES.c.case_number.desc(), CASE_ACTS.c.number)
        joined = select(CASE_ACTS).join(CASES, CASES.c.case_id == CASE_ACTS.c.case_id)
        wanted = _narrowed(joined, open_only=open_only, since=since, kinds=kinds).order_by(*order)
        grouped: dict[str, list[CaseAct]] = {}
        with self._database.reading() as connection:
            for row in connection.execute(wanted).mappings():
                grouped.setdefault(row["case_id"], []).append(_act(row))
        return list(grouped.values())

    def case_of_alert(self, alert_id: str) -> str | None:
        """Return the newest case made from an alert, None when there is none."""
        wanted = (
            select(CASE_ALERTS.c.case_id)
            .where(CASE_ALERTS.c.alert_id == alert_id)
            .order_by(CASE_ALERTS.c.registered_at.desc())
        )
        with self._database.reading() as connection:
            return connection.execute(wanted.limit(1)).scalar()

    def cases_of_alerts(self, alert_ids: Sequence[str]) -> dict[str, str]:
        """Return the newest case made from each alert that has any, by alert, asked for all at once."""
        found: dict[str, str] = {}
        with self._database.reading() as connection:
            for start in range(0, len(alert_ids), _MANY):
                wanted = (
                    select(CASE_ALERTS.c.alert_id, CASE_ALERTS.c.case_id)
                    .where(CASE_ALERTS.c.alert_id.in_(alert_ids[start : start + _MANY]))
                    .order_by(CASE_ALERTS.c.registered_at)
                )
                found |= {row.alert_id: row.case_id for row in connection.execute(wanted)}
        return found

    def last_case_number(self, prefix: str) -> int:
        """Return the highest running number used with a prefix; 0 when none."""
        wanted = select(CASES.c.case_number).where(CASES.c.case_number.startswith(prefix, autoescape=True))
        with self._database.reading() as connection:
            found = connection.execute(wanted).scalars().all()
        return max((int(number.removeprefix(prefix)) for number in found), default=0)


def _narrowed(
    wanted: Select[Any], *, open_only: bool, since: datetime | None, kinds: Sequence[CaseKind]
) -> Select[Any]:
    if open_only:
        wanted = wanted.where(CASES.c.is_open)
    if since is not None:
        wanted = wanted.where(or_(CASES.c.is_open, CASES.c.updated_at >= since))
    if kinds:
        wanted = wanted.where(CASES.c.kind.in_([kind.value for kind in kinds]))
    return wanted


def _act_row(act: CaseAct) -> dict[str, Any]:
    return {
        "case_id": act.case_id,
        "number": act.number,
        "at": act.at,
        "by": act.by,
        "kind": act.kind.value,
        "text": act.text,
        "detail": dict(act.values),
    }


def _act(row: Any) -> CaseAct:
    return CaseAct(
        row["case_id"],
        row["number"],
        row["at"],
        row["by"],
        CaseActKind(row["kind"]),
        row["text"],
        row["detail"],
    )
