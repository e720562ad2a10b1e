"""Questions about the other industries beyond targets: reports, how towns reported, bases, funds."""

from access.permissions import Permission
from api.params import period_param
from api.route import Route
from domain.errors import StoreUnavailableError
from queries.exchange import Exchange
from queries.industry_exchange import FundRow, IndustryBaseRow, IndustryExchange, ReportRow, TownReportRow

P = Permission


def industry_routes(exchange: Exchange) -> tuple[Route, ...]:
    """Return the questions."""
    month = (period_param("period"),)
    return (
        Route(
            "industry_reports",
            "/industries/reports",
            P.VIEW_INDUSTRIES,
            ReportRow,
            lambda who, v: _kept(exchange).reports(who, v["period"]),
            month,
            key=lambda row: (row.indicator_id, row.reporter_kind, row.reporter_id),
        ),
        Route(
            "industry_towns",
            "/industries/towns",
            P.VIEW_INDUSTRIES,
            TownReportRow,
            lambda who, v: _kept(exchange).towns(who, v["period"]),
            month,
            key=lambda row: (row.town_id,),
        ),
        Route(
            "industry_bases",
            "/industries/bases",
            P.VIEW_INDUSTRIES,
            IndustryBaseRow,
            lambda who, _v: _kept(exchange).bases(who),
            key=lambda row: (row.base_id,),
        ),
        Route(
            "industry_funds",
            "/industries/funds",
            P.VIEW_INDUSTRIES,
            FundRow,
            lambda who, _v: _kept(exchange).funds(who),
            key=lambda row: (row.fund_id,),
        ),
    )


def _kept(exchange: Exchange) -> IndustryExchange:
    if exchange.industries is None:
        raise StoreUnavailableError("this process keeps no reports")
    return exchange.industries
