"""An invented season of the other industries, made by the commands people use; nothing of it is real.

Fifteen months of reports of every town (one town is late and silent in the last month), a cooperative with fungus
sheds, a base under the panels of a plant, wages and shares of profit, a hail claim, and a round of subsidies.
"""

import hashlib
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from access.principal import Principal
from access.villages import villages_of
from commands.funds import ClaimOrder, Contribution
from commands.industry_reports import ReportOrder
from commands.papers.sheets import Cells, workbook
from dashboard.industry_services import IndustryServices
from domain.account import Role, Scope
from domain.clock import ManualClock
from domain.industry import ReporterKind, ReportMark, month_before, year_before
from domain.plant import Plant, Registry
from industries.attainment import tasks_of
from industries.base import BASE, CONTRACT, OPERATOR
from industries.indicator import Indicator, IndicatorKind
from industries.rules import IndustryRules
from texts.loader import Texts

MONTHS = 15
SHED_BAGS = "600000"
GUARD, SUBSIDY, DISASTER = "fungus_guarantee", "artichoke_subsidy", "natural_disaster"
_PAPER = b"\xff\xd8\xff\xe0 sample, invented"
_WORDS = Texts("zh")
_TURN_S = 0.02
MakeServices = Callable[[ManualClock], IndustryServices]
_STOCK_PER_VILLAGE = {
    "place": Decimal(1),
    "line": Decimal("0.1"),
    "mu": Decimal(60),
    "colony": Decimal(40),
    "head": Decimal(300),
}


@dataclass(frozen=True)
class SeasonMade:
    """What was made. ``silent`` is the town whose newest report is missing."""

    reports: int
    bases: int
    silent: str
    claim_id: str
    round_id: str


@dataclass(frozen=True)
class _Cast:
    services: IndustryServices
    clock: ManualClock
    registry: Registry
    rules: IndustryRules
    clerk: Principal
    accountant: Principal
    county: Principal

    @property
    def today(self) -> date:
        return (self.clock.now() + timedelta(hours=8)).date()


def make_season(
    make_services: MakeServices,
    registry: Registry,
    rules: IndustryRules,
    now: datetime,
    stopping: threading.Event | None = None,
) -> SeasonMade | None:
    """Make the season up to the month before ``now``; None when it was stopped on the way."""
    stopping = stopping or threading.Event()
    months = months_until(month_before(f"{now + timedelta(hours=8):%Y-%m}"))
    silent, late = registry.towns[-1].town_id, registry.towns[-2].town_id
    first = _cast(make_services, registry, rules, _at(months[0], 2))
    bases = _registers(first, months[0])
    count = 0
    towns = [one.town_id for one in registry.towns]
    for period in months:
        if stopping.wait(_TURN_S):
            return None
        newest = period == months[-1]
        on_time = [one for one in towns if not newest or one not in {silent, late}]
        cast = _cast(make_services, registry, rules, min(_at(period, 3), now))
        count += _submit(cast, on_time, period)
        _base_report(cast, period)
        if newest:
            count += _submit(_cast(make_services, registry, rules, min(_at(period, 12), now)), [late], period)
        else:
            cast = _cast(make_services, registry, rules, min(_at(period, 6), now))
            cast.services.reports.check(cast.county, period, towns)
    claim_id = _claim(_cast(make_services, registry, rules, now - timedelta(days=20)))
    round_id = _round(make_services, registry, rules, now)
    return SeasonMade(count, bases, silent, claim_id, round_id)


def months_until(last: str) -> list[str]:
    """Return the months of the season, oldest first."""
    found = [last]
    while len(found) < MONTHS:
        found.append(month_before(found[-1]))
    return found[::-1]


def _cast(make: MakeServices, registry: Registry, rules: IndustryRules, at: datetime) -> _Cast:
    def person(role: Role) -> Principal:
        return Principal(role.value, role.value, frozenset({role}), Scope(everything=True), address="demo")

    clock = ManualClock(at)
    roles = (Role.TOWNSHIP, Role.ACCOUNTANT, Role.COUNTY)
    return _Cast(make(clock), clock, registry, rules, *(person(role) for role in roles))


def _at(period: str, day: int) -> datetime:
    """Return the morning of a day in the month after ``period``."""
    year, month = int(period[:4]), int(period[5:])
    return datetime(year + month // 12, month % 12 + 1, day, 1, tzinfo=UTC)


def _dice(*words: object) -> int:
    return int(hashlib.sha256("|".join(map(str, words)).encode()).hexdigest()[:8], 16)


def _scatter(*words: object) -> Decimal:
    """Return a number from 0.90 to 1.10."""
    return Decimal(90 + _dice(*words) % 21) / 100


def _submit(cast: _Cast, towns: list[str], period: str) -> int:
    orders = [one for town in towns for one in _orders(cast, town, period)]
    return len(cast.services.reports.submit(cast.clerk, orders, confirmed=True))


def _base_report(cast: _Cast, period: str) -> None:
    """Report for one base, as bases do that started early: some months behind what it could hold."""
    share = cast.rules.indicator("fungus_bags", cast.today)
    assert share is not None, "the season needs the delivered indicators"
    month = int(period[5:])
    due = share.path[month] - share.path.get(month - 1, Decimal(0))
    bags = int(Decimal(SHED_BAGS) * due * _scatter("shed-1", period) * Decimal("0.9"))
    order = ReportOrder("fungus_bags", "shed-1", period, str(bags), "bag", reporter_kind=ReporterKind.BASE)
    cast.services.reports.submit(cast.clerk, [order], confirmed=True)


def _orders(cast: _Cast, town_id: str, period: str) -> list[ReportOrder]:
    day = date(int(period[:4]), int(period[5:]), 28)
    villages = {one.town_id: len(villages_of(cast.registry, one.town_id, day)) for one in cast.registry.towns}
    found = []
    for one in cast.rules.in_force(day):
        value = _value(one, town_id, period, villages)
        text = f"{one.shown(value):f}"
        mark = ReportMark.ZERO if text == "0" else ReportMark.ENTERED
        found.append(ReportOrder(one.indicator_id, town_id, period, text, mark=mark, note=""))
    return found


def _value(indicator: Indicator, town_id: str, period: str, villages: dict[str, int]) -> Decimal:
    """Return an invented number: the path with some scatter, a little behind in every fifth town."""
    month, name = int(period[5:]), indicator.indicator_id
    usual = (
        Decimal("0.85") if indicator.is_area else Decimal(1)
    )  # land is behind its path, so that one sees it
    pace = usual - (Decimal("0.25") if _dice(name, town_id) % 5 == 0 else 0)
    task = tasks_of(indicator, villages)[0].get(town_id)
    if indicator.kind is IndicatorKind.PRICE:
        return (Decimal(7) * _scatter(name, town_id, period)).quantize(Decimal("0.01"))
    if task is None or month not in indicator.path:
        count = (
            _STOCK_PER_VILLAGE[indicator.unit.base] * villages[town_id] * _scatter(name, town_id, period[:4])
        )
        return Decimal(int(count))
    if indicator.kind is IndicatorKind.FLOW:
        share = indicator.path[month] - indicator.path.get(month - 1, Decimal(0))
        return Decimal(int(task * share * pace * _scatter(name, town_id, period)))
    return Decimal(int(task * indicator.path[month] * pace * _scatter(name, town_id, period[:4])))


# ------------------------------------------------------------------ registers


def _sheet(names: tuple[str, ...], *rows: tuple[str, ...]) -> bytes:
    heads = tuple(_WORDS(f"industries.column.{name}") for name in names)
    return workbook([Cells("样例", heads, rows)])


def _registers(cast: _Cast, since: str) -> int:
    """Register a cooperative, its sheds, a line, and a base under the panels; return how many bases."""
    village, plant = cast.registry.villages[2], _plant(cast.registry)
    owner = next(iter(plant.ownership[-1].shares_kw)) if plant.ownership else village.village_id
    registers = cast.services.registers
    registers.import_register(
        cast.clerk,
        OPERATOR,
        _sheet(
            ("operator_id", "kind", "name", "village_id"),
            ("op-mushroom", "cooperative", "菌香专业合作社（虚构）", village.village_id),
            ("op-panel", "collective", "板下种植股份社（虚构）", owner),
        ),
    )
    names = (
        *("base_id", "operator_id", "name", "industry", "indicator_id", "village_id", "area_mu", "capacity"),
        *("is_line", "plant_id", "crop", "household_id", "yuan_per_mu", "villages", "valid_from"),
        *("latitude", "longitude"),
    )
    here, day = village.village_id, f"{since}-01"
    town = cast.registry.towns_by_id[village.town_id]
    there = (str(town.latitude), str(town.longitude))
    rows = (
        (
            *("shed-1", "op-mushroom", "菌棚一区（虚构）", "fungus", "fungus_bags", here, "60", SHED_BAGS),
            *("", "", "香菇", "", "", "", day, *there),
        ),
        (
            *("line-1", "op-mushroom", "白灵菇生产线（虚构）", "fungus", "fungus_lines", here, "5", "1"),
            *("是", "", "白灵菇", "", "", "", day, *there),
        ),
        (
            *("panel-1", "op-panel", "板下黄芪（虚构）", "under_panel", "under_panel_mu", owner, "30", "30"),
            *("", plant.plant_id, "黄芪", "H001", "1500", "", day),
            *(str(plant.latitude), str(plant.longitude)),
        ),
    )
    registers.import_register(cast.clerk, BASE, _sheet(names, *rows))
    registers.import_register(
        cast.clerk,
        CONTRACT,
        _sheet(
            ("contract_id", "base_id", "village_id", "household_id", "kind", "valid_from", "profit_share"),
            ("ct-1", "shed-1", here, "H001", "work", day, ""),
            ("ct-2", "panel-1", owner, "", "profit", day, "0.3"),
        ),
    )
    registers.import_income(cast.clerk, _income(since, here, owner))
    return len(rows)


def _income(since: str, here: str, owner: str) -> bytes:
    """Return a file of invented wages and shares of profit; one household lost its work at the turn of the year."""
    last = months_after(since)
    rows = []
    for period in last:
        homes = ["H001", "H002", "H003"] + (["H009"] if period[:4] != last[-1][:4] else [])
        rows += [("shed-1", here, home, period, "产业务工", "1500") for home in homes]
    rows += [("panel-1", owner, "H001", year_before(last[-1]), "产业分红", "800")]
    rows += [("panel-1", owner, "H001", last[-1], "产业分红", "850")]
    return _sheet(("base", "village", "household", "period", "income_kind", "yuan"), *rows)


def months_after(first: str) -> list[str]:
    """Return the months of a season that begins with ``first``."""
    found = [first]
    while len(found) < MONTHS:
        year, month = int(found[-1][:4]), int(found[-1][5:])
        found.append(f"{year + month // 12:04d}-{month % 12 + 1:02d}")
    return found


def _plant(registry: Registry) -> Plant:
    return next((one for one in registry.plants if one.ownership), registry.plants[0])


# ------------------------------------------------------------------ funds


def _fill(cast: _Cast, fund_id: str, fen: int) -> None:
    given = Contribution(fund_id, cast.today, fen, "区财政（虚构）", f"样例-{fund_id}")
    identity = cast.services.funds.contribute(cast.accountant, given)
    cast.services.funds.confirm(cast.county, identity)


def _claim(cast: _Cast) -> str:
    """Play a hail claim on the fungus sheds, paid."""
    funds, village = cast.services.funds, cast.registry.villages[2].village_id
    _fill(cast, GUARD, 1_000_000_00)
    _fill(cast, DISASTER, 500_000_00)
    order = ClaimOrder(
        GUARD,
        "op-mushroom",
        village,
        "shed-1",
        "冰雹砸坏菌棚（虚构）",
        cast.today - timedelta(days=9),
        80_000_00,
        56_000_00,
    )
    made = funds.claim(cast.clerk, order, [_PAPER])
    funds.decide(cast.county, made.claim_id, 52_000_00)
    funds.pay(cast.accountant, made.claim_id, cast.today, "样例-1")
    funds.book_payments(cast.county, made.claim_id)
    later = ClaimOrder(
        GUARD, "op-mushroom", village, "shed-1", "大风（虚构）", cast.today, 10_000_00, 6_000_00
    )
    funds.claim(cast.clerk, later, [_PAPER])
    return made.claim_id


def _round(make: MakeServices, registry: Registry, rules: IndustryRules, now: datetime) -> str:
    """Play a round of subsidies from the file to the payments."""
    days = rules.limits.notice_days
    cast = _cast(make, registry, rules, now - timedelta(days=days + 1))
    _fill(cast, SUBSIDY, 300_000_00)
    village = registry.villages[2].village_id
    rows = tuple((f"H{place:03d}", village, str(5 + place)) for place in range(1, 7))
    content = _sheet(("payee", "village", "area"), *rows)
    round_id = cast.services.funds.make_round(cast.accountant, SUBSIDY, content)
    cast.services.funds.publish_round(cast.accountant, round_id, cast.today, _PAPER)
    later = _cast(make, registry, rules, now)
    funds = later.services.funds
    funds.approve_round(later.county, round_id)
    funds.pay(later.accountant, round_id, later.today, "样例-2")
    funds.book_payments(later.county, round_id)
    return round_id
