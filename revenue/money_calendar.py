"""The money calendar: what is due when (statement, month close, receipt), and what is overdue. Pure."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum

from domain.plant import Plant
from revenue.receipt import Item
from revenue.tariff import SUBSIDY

STATEMENT_AFTER = timedelta(days=10)  # after the reading day
RECEIPT_AFTER = timedelta(days=45)  # after the month of the energy
CLOSE_AFTER = timedelta(days=40)  # after the month
ESCALATE_AFTER = timedelta(days=10)
_READING_DAY = 25


class DueKind(Enum):
    """What is due."""

    STATEMENT = "statement"
    RECEIPT = "receipt"
    CLOSE = "close"


@dataclass(frozen=True, slots=True, order=True)
class Due:
    """One thing due. ``subject`` is a plant or a village; ``escalates`` when it is overdue for long."""

    on: date
    kind_name: str
    subject: str
    period: str
    is_over: bool
    escalates: bool

    @property
    def kind(self) -> DueKind:
        """What is due."""
        return DueKind(self.kind_name)


def _due(kind: DueKind, on: date, subject: str, period: str, today: date) -> Due:
    return Due(on, kind.value, subject, period, today > on, today > on + ESCALATE_AFTER)


def _after(period: str) -> date:
    year, month = int(period[:4]), int(period[5:7])
    return date(year + month // 12, month % 12 + 1, 1)


def statements_due(plant: Plant, periods: Collection[str], stated: Collection[str], today: date) -> list[Due]:
    """Return months of a plant without a statement, each due some days after its reading day."""
    found = []
    for period in sorted(set(periods) - set(stated)):
        first = date(int(period[:4]), int(period[5:7]), 1)
        if plant.grid_date >= _after(period):
            continue
        account = next((one for one in reversed(plant.accounts) if one.valid_from <= first), None)
        reading_day = account.reading_day if account else _READING_DAY
        due = first.replace(day=min(28, reading_day)) + STATEMENT_AFTER
        found.append(_due(DueKind.STATEMENT, due, plant.plant_id, period, today))
    return found


def receipts_due(open_items: Collection[Item], today: date) -> list[Due]:
    """Return what the grid owes of the benchmark part; late subsidies have no date anyone keeps."""
    return sorted(
        _due(DueKind.RECEIPT, _after(item.period) + RECEIPT_AFTER, item.plant_id, item.period, today)
        for item in open_items
        if item.component != SUBSIDY
    )


def closes_due(village_id: str, booked: Collection[str], closed_through: str, today: date) -> list[Due]:
    """Return months of a village with vouchers that are not closed."""
    return [
        _due(DueKind.CLOSE, _after(period) + CLOSE_AFTER, village_id, period, today)
        for period in sorted(booked)
        if period > closed_through
    ]
