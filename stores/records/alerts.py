"""Alerts and their transitions in the records store."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, insert, or_, select, update

from domain.alert import Alert, AlertState, Severity, Transition
from domain.timespan import Interval
from stores.records.database import Database
from stores.records.once import insert_once
from stores.records.schema import ALERT_TRANSITIONS, ALERTS, JUDGED

_MANY = 500  # a statement takes a limited number of values


class Alerts:
    """Implements stores.alert_protocol.AlertStore; a trigger refuses changes of the log."""

    _database: Database

    def put_alerts(self, alerts: Sequence[Alert], at: datetime) -> int:
        """Keep new and changed alerts together or not at all; return how many transitions that made."""
        made = 0
        with self._database.writing() as connection:
            for start in range(0, len(alerts), _MANY):
                made += _put(connection, alerts[start : start + _MANY], at)
        return made

    def put_history(self, steps: Sequence[tuple[datetime, Alert]]) -> int:
        """Keep a past, some steps a commit: others want to write too."""
        made = 0
        for start in range(0, len(steps), _MANY):
            with self._database.writing() as connection:
                made += sum(_put(connection, [alert], at) for at, alert in steps[start : start + _MANY])
        return made

    def forget_alerts(self, alert_ids: Collection[str]) -> int:
        """Drop pending alerts that came to nothing; others stay. Return how many were dropped."""
        ids = list(alert_ids)
        dropped = 0
        with self._database.writing() as connection:
            for start in range(0, len(ids), _MANY):
                statement = delete(ALERTS).where(
                    ALERTS.c.alert_id.in_(ids[start : start + _MANY]),
                    ALERTS.c.state == AlertState.PENDING.value,
                )
                dropped += connection.execute(statement).rowcount
        return dropped

    def alert(self, alert_id: str) -> Alert | None:
        """Return an alert."""
        found = self._select(ALERTS.c.alert_id == alert_id)
        return found[0] if found else None

    def open_alerts(self, plant_ids: Collection[str] | None = None) -> list[Alert]:
        """Return firing alerts, the most severe first, then the oldest."""
        found = self._select(ALERTS.c.state == AlertState.FIRING.value, *_of_plants(plant_ids))
        return sorted(_touching(found, plant_ids), key=lambda alert: (alert.severity, alert.since))

    def pending_alerts(self) -> list[Alert]:
        """Return alerts whose condition has not held long enough yet."""
        return self._select(ALERTS.c.state == AlertState.PENDING.value)

    def resolved_since(self, instant: datetime) -> list[Alert]:
        """Return alerts that ended at or after ``instant``, oldest end first."""
        return self._select(
            ALERTS.c.state == AlertState.RESOLVED.value,
            ALERTS.c.resolved_at >= instant,
            order=(ALERTS.c.resolved_at, ALERTS.c.alert_id),
        )

    def alert_history(
        self,
        interval: Interval,
        plant_ids: Collection[str] | None = None,
        *,
        device_id: str | None = None,
        count_max: int = 500,
    ) -> list[Alert]:
        """Return alerts that fired and overlap ``interval``, newest first."""
        wanted = [
            ALERTS.c.fired_at.is_not(None),
            ALERTS.c.since < interval.end,
            or_(ALERTS.c.resolved_at.is_(None), ALERTS.c.resolved_at >= interval.start),
            *_of_plants(plant_ids),
        ]
        if device_id is not None:
            wanted.append(ALERTS.c.device_id == device_id)
        order = (ALERTS.c.since.desc(), ALERTS.c.alert_id)
        limit = count_max if plant_ids is None else None
        return _touching(self._select(*wanted, order=order, count_max=limit), plant_ids)[:count_max]

    def children(self, alert_id: str) -> list[Alert]:
        """Return alerts that another one explains, oldest first."""
        return self._select(ALERTS.c.parent_id == alert_id)

    def transitions(self, alert_id: str) -> list[Transition]:
        """Return the life of an alert, oldest first."""
        return self._log(ALERT_TRANSITIONS.c.alert_id == alert_id, None)

    def transitions_after(self, number: int, count_max: int = 1000) -> list[Transition]:
        """Return transitions with a greater number, oldest first: what has happened since one looked."""
        return self._log(ALERT_TRANSITIONS.c.number > number, count_max)

    def judged_until(self, plant_id: str) -> datetime | None:
        """Return the end of what was judged of a plant, None before the first time."""
        wanted = select(JUDGED.c.until).where(JUDGED.c.plant_id == plant_id)
        with self._database.reading() as connection:
            found: datetime | None = connection.execute(wanted).scalar()
        return found

    def put_judged_until(self, ends: Sequence[tuple[str, datetime]]) -> None:
        """Note how far plants were judged."""
        with self._database.writing() as connection:
            for plant_id, until in ends:
                row = {"plant_id": plant_id, "until": until}
                if not insert_once(connection, JUDGED, row):
                    connection.execute(
                        update(JUDGED).where(JUDGED.c.plant_id == plant_id).values(until=until)
                    )

    def _select(
        self,
        *wanted: ColumnElement[bool],
        order: Sequence[Any] = (ALERTS.c.since, ALERTS.c.alert_id),
        count_max: int | None = None,
    ) -> list[Alert]:
        statement = select(ALERTS).where(*wanted).order_by(*order).limit(count_max)
        with self._database.reading() as connection:
            return [_alert(row) for row in connection.execute(statement).mappings()]

    def _log(self, wanted: ColumnElement[bool], count_max: int | None) -> list[Transition]:
        table = ALERT_TRANSITIONS
        statement = select(table).where(wanted).order_by(table.c.number).limit(count_max)
        with self._database.reading() as connection:
            rows = connection.execute(statement).mappings().all()
        return [
            Transition(
                row["alert_id"],
                row["at"],
                AlertState(row["state"]),
                Severity(row["severity"]),
                row["parent_id"],
                row["number"],
            )
            for row in rows
        ]


def _of_plants(plant_ids: Collection[str] | None) -> list[ColumnElement[bool]]:
    """Narrow to rows that may concern the plants; those of several plants are looked at afterwards."""
    if plant_ids is None:
        return []
    return [ALERTS.c.plant_id.in_([*plant_ids, ""])]


def _touching(alerts: list[Alert], plant_ids: Collection[str] | None) -> list[Alert]:
    if plant_ids is None:
        return alerts
    wanted = frozenset(plant_ids)
    return [each for each in alerts if each.plant_id in wanted or wanted & set(each.plant_ids)]


def _put(connection: Connection, alerts: Sequence[Alert], at: datetime) -> int:
    ids = [alert.alert_id for alert in alerts]
    columns = (ALERTS.c.alert_id, ALERTS.c.state, ALERTS.c.severity, ALERTS.c.parent_id)
    found = connection.execute(select(*columns).where(ALERTS.c.alert_id.in_(ids)))
    kept = {row[0]: tuple(row[1:]) for row in found}
    log: list[dict[str, Any]] = []
    for alert in alerts:
        row = _row(alert)
        said = (row["state"], row["severity"], row["parent_id"])
        before = kept.get(alert.alert_id)
        if before is None:
            connection.execute(insert(ALERTS).values(**row))
        else:
            connection.execute(update(ALERTS).where(ALERTS.c.alert_id == alert.alert_id).values(**row))
        if before != said and alert.state is not AlertState.PENDING:
            log.append({"alert_id": alert.alert_id, "at": at, **_said(row)})
        kept[alert.alert_id] = said
    if log:
        connection.execute(insert(ALERT_TRANSITIONS), log)
    return len(log)


def _said(row: dict[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in ("state", "severity", "parent_id")}


def _row(alert: Alert) -> dict[str, Any]:
    return {
        "alert_id": alert.alert_id,
        "rule": alert.rule,
        "plant_id": alert.plant_id,
        "device_id": alert.device_id,
        "part": alert.part,
        "severity": int(alert.severity),
        "state": alert.state.value,
        "since": alert.since,
        "fired_at": alert.fired_at,
        "resolved_at": alert.resolved_at,
        "subject": alert.subject,
        "plant_ids": list(alert.plant_ids),
        "cause": alert.cause,
        "lost_kwh": alert.lost_kwh,
        "lost_fen": alert.lost_fen,
        "at_risk_fen": alert.at_risk_fen,
        "parent_id": alert.parent_id,
        "reopened": alert.reopened,
        "evidence": dict(alert.evidence),
        "held_s": alert.held_s,
        "clear_s": alert.clear_s,
    }


def _alert(row: Any) -> Alert:
    values = dict(row)
    values["severity"] = Severity(values["severity"])
    values["state"] = AlertState(values["state"])
    values["plant_ids"] = tuple(values["plant_ids"])
    return Alert(**values)
