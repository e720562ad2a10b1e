"""The one list of questions the data interface answers."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from access.permissions import Permission
from api.industry_routes import industry_routes
from api.params import (
    choice_param,
    day_param,
    instant_param,
    name_param,
    names_param,
    period_param,
    whole_param,
)
from api.route import Key, Route, Values
from domain.alert import Severity
from domain.case import CaseKind
from domain.errors import CommandError
from domain.plant import DeviceKind
from domain.timespan import Interval
from queries.exchange import Exchange, SampleQuery
from queries.exchange_rows import (
    ApiAlertRow,
    AttainmentRow,
    CaseRow,
    DeviceRow,
    IncomeRow,
    IndicatorRow,
    KpiRow,
    PlantRow,
    QuantityRow,
    SampleRow,
    StatementRow,
    StatusRow,
    TokenRow,
    VillageRow,
)

P = Permission
_EVERY = {"raw": None, "1m": 1, "5m": 5, "10m": 10, "30m": 30, "1h": 60, "1d": 1440}
_STATES = ("open", "all")
_FROM, _TO = instant_param("from"), instant_param("to")
_PLANT = name_param("plant_id", example="dajing-01")


def routes(exchange: Exchange, myself: Callable[[Any], TokenRow]) -> tuple[Route, ...]:
    """Return every question; ``myself`` answers what the asking token may do."""
    return (
        Route("token", "/token", P.ANYONE, TokenRow, lambda who, _v: myself(who)),
        *_plants(exchange),
        *_series(exchange),
        *_events(exchange),
        *_money(exchange),
        *industry_routes(exchange),
    )


def _plants(exchange: Exchange) -> tuple[Route, ...]:
    kinds = choice_param("kind", [kind.value for kind in DeviceKind])
    return (
        Route(
            "plants",
            "/plants",
            P.VIEW_PLANT,
            PlantRow,
            lambda who, _v: exchange.plants(who),
            key=lambda row: (row.plant_id,),
        ),
        Route(
            "plant",
            "/plants/{plant_id}",
            P.VIEW_PLANT,
            PlantRow,
            lambda who, v: exchange.plant(who, v["plant_id"]),
            (name_param("plant_id", in_path=True, example="dajing-01"),),
        ),
        Route(
            "status",
            "/status",
            P.VIEW_OVERVIEW,
            StatusRow,
            lambda who, _v: exchange.status(who),
            key=lambda row: (row.plant_id,),
        ),
        Route(
            "devices",
            "/devices",
            P.VIEW_PLANT,
            DeviceRow,
            lambda who, v: exchange.devices(who, v["plant_id"], v["kind"]),
            (_PLANT, kinds),
            key=lambda row: (row.device_id,),
        ),
        Route(
            "quantities",
            "/quantities",
            P.VIEW_PLANT,
            QuantityRow,
            lambda who, _v: exchange.quantities(who),
            key=lambda row: (row.quantity,),
        ),
    )


def _series(exchange: Exchange) -> tuple[Route, ...]:
    def samples(who: Any, values: Values, after: Key | None, count: int) -> list[SampleRow]:
        minutes = _EVERY[values["every"]]
        every = None if minutes is None else timedelta(minutes=minutes)
        wanted = SampleQuery(values["device_id"], values["quantity"], _interval(values), every)
        return exchange.samples(who, wanted, after, count)

    def daily(who: Any, values: Values) -> list[KpiRow]:
        first: date = values["first"]
        return exchange.daily(who, values["plant_id"], first, values["last"] or first)

    return (
        Route(
            "samples",
            "/samples",
            P.EXPORT_SAMPLES,
            SampleRow,
            lambda who, v: samples(who, v, None, 1),
            (
                names_param("device_id", example="dajing-01-inv-01"),
                names_param("quantity", example="ac_active_power_w,ac_energy_total_wh"),
                instant_param("from", required=True),
                instant_param("to", required=True),
                choice_param("every", list(_EVERY), "raw"),
            ),
            key=lambda row: (row.device_id, row.measured_at),
            pages=samples,
            spread=lambda values: values["quantity"],
        ),
        Route(
            "daily",
            "/kpis/daily",
            P.VIEW_PLANT,
            KpiRow,
            daily,
            (day_param("first", required=True), day_param("last"), _PLANT),
            key=lambda row: (row.plant_id, row.day),
        ),
    )


def _events(exchange: Exchange) -> tuple[Route, ...]:
    def alerts(who: Any, values: Values) -> list[ApiAlertRow]:
        span = None if values["state"] == "open" else _interval(values)
        return exchange.alerts(who, span, values["plant_id"], values["severity"])

    def cases(who: Any, values: Values) -> list[CaseRow]:
        return exchange.cases(who, values["since"], values["kind"])

    levels = whole_param("severity", int(min(Severity)), int(max(Severity)))
    return (
        Route(
            "alerts",
            "/alerts",
            P.VIEW_ALERTS,
            ApiAlertRow,
            alerts,
            (choice_param("state", _STATES, "open"), _FROM, _TO, _PLANT, levels),
            key=lambda row: (row.since, row.alert_id),
        ),
        Route(
            "cases",
            "/cases",
            P.VIEW_CASES,
            CaseRow,
            cases,
            (instant_param("since"), choice_param("kind", [kind.value for kind in CaseKind])),
            key=lambda row: (row.registered_at, row.case_id),
        ),
        Route(
            "case",
            "/cases/{case_id}",
            P.VIEW_CASES,
            CaseRow,
            lambda who, v: exchange.case(who, v["case_id"]),
            (name_param("case_id", in_path=True),),
        ),
    )


def _money(exchange: Exchange) -> tuple[Route, ...]:
    village = name_param("village_id", in_path=True, example="611002101201")
    return (
        Route(
            "villages",
            "/revenue/villages",
            P.VIEW_INCOME,
            VillageRow,
            lambda who, _v: exchange.villages(who),
            key=lambda row: (row.village_id,),
        ),
        Route(
            "income",
            "/revenue/villages/{village_id}/income",
            P.VIEW_INCOME,
            IncomeRow,
            lambda who, v: exchange.income(who, v["village_id"]),
            (village,),
            key=lambda row: (row.period,),
        ),
        Route(
            "statements",
            "/revenue/statements",
            P.VIEW_INCOME,
            StatementRow,
            lambda who, v: exchange.statements(who, v["period"]),
            (period_param("period"),),
            key=lambda row: (row.plant_id,),
        ),
        Route(
            "indicators",
            "/industries/indicators",
            P.VIEW_INDUSTRIES,
            IndicatorRow,
            lambda who, _v: exchange.indicators(who),
            key=lambda row: (row.indicator_id,),
        ),
        Route(
            "attainment",
            "/industries/attainment",
            P.VIEW_INDUSTRIES,
            AttainmentRow,
            lambda who, v: exchange.attainment(who, v["period"]),
            (period_param("period"),),
            key=lambda row: (row.indicator_id,),
        ),
    )


def _interval(values: Values) -> Interval:
    start, end = values["from"], values["to"]
    if start is None or end is None:
        raise CommandError("from and to: both are needed for what is past")
    if end < start:
        raise CommandError("to: is before from")
    return Interval(start, end)
