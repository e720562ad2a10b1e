"""What the data interface hands on of the other industries: reports, how towns reported, bases, funds; nobody's name.

Households, payees and questions about households are not given out here.
"""

from dataclasses import dataclass
from datetime import datetime

from access.guard import guarded, require
from access.permissions import Permission
from access.principal import Principal
from domain.industry import Report
from queries.industries import IndustryQueries

P = Permission


@dataclass(frozen=True, slots=True)
class ReportRow:
    """The newest version of one number of a month, in the base unit of its indicator."""

    indicator_id: str
    reporter_kind: str
    reporter_id: str
    period: str
    version: int
    value_base: float
    entered: str
    mark: str
    flags: tuple[str, ...]
    step: str | None
    made_at: datetime


@dataclass(frozen=True, slots=True)
class TownReportRow:
    """How a town reported for a month."""

    town_id: str
    period: str
    due: int
    there: int
    missing: int
    late: int
    checked: int


@dataclass(frozen=True, slots=True)
class IndustryBaseRow:
    """A base or factory line."""

    base_id: str
    name: str
    industry: str
    indicator_id: str
    village_id: str
    area_mu: float
    capacity_base: float | None
    is_line: bool
    plant_id: str
    crop: str
    latitude: float | None
    longitude: float | None


@dataclass(frozen=True, slots=True)
class FundRow:
    """A fund. Money in fen."""

    fund_id: str
    fund_kind: str
    name: str
    name_en: str
    received_fen: int
    awarded_fen: int
    paid_fen: int
    balance_fen: int
    free_fen: int
    asked_fen: int


@guarded
class IndustryExchange:
    """Queries of the data interface on industries, within the asker's scope."""

    def __init__(self, queries: IndustryQueries) -> None:
        self._queries = queries

    @require(P.VIEW_INDUSTRIES)
    def reports(self, principal: Principal, period: str) -> list[ReportRow]:
        """Return the reports of a month, of towns and bases in scope."""
        rows = [_report_row(one) for one in self._queries.reports(principal, period)]
        return sorted(rows, key=lambda row: (row.indicator_id, row.reporter_kind, row.reporter_id))

    @require(P.VIEW_INDUSTRIES)
    def towns(self, principal: Principal, period: str) -> list[TownReportRow]:
        """Return how the towns in scope reported for a month."""
        towns = self._queries.overview(principal, period).towns
        return sorted(
            (
                TownReportRow(one.town_id, period, one.due, one.there, one.missing, one.late, one.checked)
                for one in towns
            ),
            key=lambda row: row.town_id,
        )

    @require(P.VIEW_INDUSTRIES)
    def bases(self, principal: Principal) -> list[IndustryBaseRow]:
        """Return the bases in scope."""
        return sorted(
            (
                IndustryBaseRow(
                    one.base_id,
                    one.name,
                    one.industry,
                    one.indicator_id,
                    one.village_id,
                    float(one.area_mu),
                    None if one.capacity is None else float(one.capacity),
                    one.is_line,
                    one.plant_id,
                    one.crop,
                    one.latitude,
                    one.longitude,
                )
                for one in self._queries.bases(principal)
            ),
            key=lambda row: row.base_id,
        )

    @require(P.VIEW_INDUSTRIES)
    def funds(self, principal: Principal) -> list[FundRow]:
        """Return where the district's funds stand."""
        period = self._queries.period(principal)
        return sorted(
            (
                FundRow(
                    one.fund.fund_id,
                    one.fund.kind.value,
                    one.fund.name,
                    one.fund.name_en,
                    one.received_fen,
                    one.awarded_fen,
                    one.paid_fen,
                    one.balance_fen,
                    one.free_fen,
                    one.asked_fen,
                )
                for one in self._queries.overview(principal, period).funds
            ),
            key=lambda row: row.fund_id,
        )


def _report_row(one: Report) -> ReportRow:
    return ReportRow(
        one.indicator_id,
        one.reporter_kind.value,
        one.reporter_id,
        one.period,
        one.version,
        float(one.value),
        one.entered,
        one.mark.value,
        one.flags,
        None if one.step is None else one.step.value,
        one.made_at,
    )
