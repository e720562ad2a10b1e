"""The money calendar: what is due when, from the statement to the filing of a plan, and what is overdue. Pure."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum

from domain.plant import Plant
from revenue.approval import Step, notice_ends
from revenue.dossier import Dossier
from revenue.receipt import Item
from revenue.rule import RuleVersion
from revenue.tariff import SUBSIDY

STATEMENT_AFTER = timedelta(days=10)  # after the reading day
RECEIPT_AFTER = timedelta(days=45)  # after the month of the energy
PUBLISH_AFTER = timedelta(days=7)  # after the decision, and after everybody was paid
FILE_AFTER = timedelta(days=10)  # after the township's review
RETURNED_AFTER = timedelta(days=15)  # after the bank sent it back
CLOSE_AFTER = timedelta(days=40)  # after the month
ESCALATE_AFTER = timedelta(days=10)
_READING_DAY = 25


class DueKind(Enum):
    """What is due."""

    STATEMENT = "statement"
    RECEIPT = "receipt"
    CLOSE = "close"
    PUBLICATION = "publication"  # of a decision, or of what was paid
    NOTICE_END = "notice_end"  # the township may review from this day on
    FILING = "filing"
    RETURNED = "returned"  # payments that came back


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


def plan_dues(dossier: Dossier, rule: RuleVersion | None, today: date) -> list[Due]:
    """Return what a plan waits for by a day: publication, the end of its notice, filing, payments that came back.

    Without its version of the rule nobody knows how long a notice runs.
    """
    plan, village = dossier.plan, dossier.plan.village_id
    period = f"{plan.last_month:%Y-%m}"
    return sorted(_due(kind, on, village, period, today) for kind, on in _plan_days(dossier, rule))


def _plan_days(dossier: Dossier, rule: RuleVersion | None) -> Iterator[tuple[DueKind, date]]:
    approval = dossier.approval
    taken = approval.taken(approval.step)
    if taken is not None:
        if approval.step in {Step.DECIDED, Step.PAID}:
            yield DueKind.PUBLICATION, taken.on + PUBLISH_AFTER
        elif approval.step is Step.PUBLISHED and rule is not None:
            yield DueKind.NOTICE_END, notice_ends(taken, rule)
        elif approval.step is Step.TOWNSHIP_REVIEWED:
            yield DueKind.FILING, taken.on + FILE_AFTER
    back = [
        one.returned.on
        for one in dossier.standings().values()
        if one.open_fen > 0 and one.returned is not None and one.returned.on is not None
    ]
    if back:
        yield DueKind.RETURNED, min(back) + RETURNED_AFTER
