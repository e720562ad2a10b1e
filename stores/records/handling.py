"""People's acts on alerts and planned stops in the records store."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update

from domain.errors import RecordRejectedError
from domain.handling import AlertAct, AlertActKind, PlannedStop, StopKind
from stores.records.database import Database
from stores.records.notification_schema import ALERT_ACTS, STOPS

IDS_MAX = 500  # of one query: databases bound the number of parameters


class Handlings:
    """Implements stores.notification_protocol.HandlingStore; a trigger refuses changes of acts."""

    _database: Database

    def add_alert_act(self, act: AlertAct) -> None:
        """Keep an act; RecordRejectedError when somebody else's act took this number."""
        row = {**asdict(act), "kind": act.kind.value}
        try:
            self._database.write(insert(ALERT_ACTS).values(**row))
        except RecordRejectedError as error:
            raise RecordRejectedError(f"alert {act.alert_id}: somebody was quicker; look again") from error

    def alert_acts(self, alert_ids: Sequence[str]) -> dict[str, list[AlertAct]]:
        """Return the acts on each alert that has any, in their order."""
        found: dict[str, list[AlertAct]] = {}
        with self._database.reading() as connection:
            for first in range(0, len(alert_ids), IDS_MAX):
                wanted = select(ALERT_ACTS).where(
                    ALERT_ACTS.c.alert_id.in_(alert_ids[first : first + IDS_MAX])
                )
                rows = connection.execute(wanted.order_by(ALERT_ACTS.c.alert_id, ALERT_ACTS.c.number))
                for row in rows.mappings():
                    act = AlertAct(**{**row, "kind": AlertActKind(row["kind"])})
                    found.setdefault(act.alert_id, []).append(act)
        return found

    def add_stop(self, stop: PlannedStop) -> None:
        """Keep a planned stop."""
        self._database.write(insert(STOPS).values(**{**asdict(stop), "kind": stop.kind.value}))

    def end_stop(self, stop_id: str, at: datetime, by: str) -> bool:
        """Take a stop off early; False when there is none or it was ended before."""
        standing = (STOPS.c.stop_id == stop_id, STOPS.c.ended_at.is_(None), STOPS.c.end > at)
        return self._database.write(update(STOPS).where(*standing).values(ended_at=at, ended_by=by)) == 1

    def stops(self, start: datetime, end: datetime) -> list[PlannedStop]:
        """Return stops that touch ``[start, end)``, oldest first."""
        wanted = select(STOPS).where(STOPS.c.end > start, STOPS.c.start < end)
        with self._database.reading() as connection:
            rows = connection.execute(wanted.order_by(STOPS.c.start, STOPS.c.stop_id)).mappings().all()
        return [_stop(row) for row in rows]


def _stop(row: Any) -> PlannedStop:
    return PlannedStop(**{**row, "kind": StopKind(row["kind"])})
