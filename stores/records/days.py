"""Figures and losses by local day in the records store."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

from sqlalchemy import Select, Table, delete, insert, select

from domain.day_figures import DayFigures, DayLoss
from stores.records.database import Database
from stores.records.day_schema import DAY_FIGURES, DAY_LOSSES


class DayRecords:
    """Implements stores.day_protocol.DayStore."""

    _database: Database

    def put_days(
        self, plant_id: str, days: Sequence[date], figures: Sequence[DayFigures], losses: Sequence[DayLoss]
    ) -> None:
        """Keep all that is known of a plant's days, in place of what was kept of them; all or nothing."""
        if not days:
            return
        texts = [day.isoformat() for day in days]
        with self._database.writing() as connection:
            for table, rows in ((DAY_FIGURES, figures), (DAY_LOSSES, losses)):
                connection.execute(delete(table).where(table.c.plant_id == plant_id, table.c.day.in_(texts)))
                if rows:
                    connection.execute(insert(table), [_row(each) for each in rows])

    def day_figures(self, plant_id: str, first: date, last: date) -> list[DayFigures]:
        """Return figures from a day to a day, both included, by day, then device; the plant comes first."""
        return [DayFigures(**each) for each in self._read(DAY_FIGURES, plant_id, first, last)]

    def day_losses(self, plant_id: str, first: date, last: date) -> list[DayLoss]:
        """Return losses from a day to a day, both included, by day, device and cause."""
        return [DayLoss(**each) for each in self._read(DAY_LOSSES, plant_id, first, last)]

    def _read(self, table: Table, plant_id: str, first: date, last: date) -> list[dict[str, Any]]:
        wanted: Select[Any] = (
            select(table)
            .where(table.c.plant_id == plant_id)
            .where(table.c.day >= first.isoformat(), table.c.day <= last.isoformat())
            .order_by(*table.primary_key.columns)
        )
        with self._database.reading() as connection:
            rows = connection.execute(wanted).mappings().all()
        return [{**row, "day": date.fromisoformat(row["day"])} for row in rows]


def _row(each: DayFigures | DayLoss) -> dict[str, Any]:
    return {**asdict(each), "day": each.day.isoformat()}
