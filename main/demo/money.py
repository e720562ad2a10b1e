"""Twelve months of invented statements, receipts and books for the demonstration, made the way people would.

Sheets are written as the grid company would write them and imported; another invented person settles and
confirms. Everything is marked as invented: the payer and the papers say so.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from access.principal import Principal
from commands.money_desk import MoneyDesk
from domain.account import Role, Scope
from domain.clock import ManualClock
from domain.plant import Plant, Registry, SettlementAccount
from domain.timespan import start_of_day
from revenue.export import yuan
from revenue.receipt import Movement
from revenue.tariff import BENCHMARK, SUBSIDY, Tariffs, fen_of

# Full-load hours of each month in this district, about 1,090 a year; invented with its climate in mind.
_HOURS = (62, 66, 92, 105, 117, 112, 118, 110, 88, 83, 70, 67)
_HEAD = "户号,结算月份,结算单号,上网电量(kWh),标杆电价,标杆电费(元),补贴电价,补贴电费(元)"
_PAYER, _BANK = "样例供电公司（虚构）", "6100000000"
_OPERATION_FEN_PER_KW = 200  # a month; under the ceiling of 3 fen per watt and year


@dataclass(frozen=True)
class BooksMade:
    """What the demonstration's books hold."""

    months: int
    vouchers: int
    broken: str


def people() -> tuple[Principal, Principal]:
    """Return who enters and who checks in the demonstration's past: two of its own accounts."""
    everything = Scope(everything=True)
    return (
        Principal(
            Role.SETTLEMENT.value, "结转机构", frozenset({Role.SETTLEMENT}), everything, address="demo"
        ),
        Principal(Role.COUNTY.value, "区级管理", frozenset({Role.COUNTY}), everything, address="demo"),
    )


def make_books(
    desk: MoneyDesk,
    registry: Registry,
    tariffs: Tariffs,
    today: date,
    months: int = 12,
    stopping: Callable[[], bool] = lambda: False,
    clock: ManualClock | None = None,
) -> BooksMade:
    """Make books for the ``months`` before this one; the newest is left for people to settle and match.

    ``clock`` is the clock of ``desk``, moved to the days on which people would have done this.
    """
    maker, checker = people()
    periods = list(_periods(today, months))
    _open(desk, registry, maker, checker, date(periods[0].year, periods[0].month, 1))
    for number, first in enumerate(periods):
        if stopping():
            return BooksMade(number, 0, "")
        period = f"{first:%Y-%m}"
        _move(clock, first + timedelta(days=36))
        gross = _import(desk, registry, tariffs, maker, first)
        if not gross:
            continue
        paid_on = min(today, first + timedelta(days=50))
        movement = Movement(_BANK, f"YL{period}", paid_on, gross, _PAYER, f"{period} 电费（样例）")
        desk.money_in.enter_movement(maker, movement)
        if number == len(periods) - 1:
            break
        booked = min(today, first + timedelta(days=38))
        _move(clock, booked)
        desk.books.settle_month(checker, period, booked_on=booked)
        _move(clock, paid_on)
        desk.receipts.confirm(checker, movement.identity)
    _late_subsidy(desk, registry, maker, checker, periods, today)
    found = desk.records.verify()
    return BooksMade(len(periods), found.vouchers, found.broken)


def _move(clock: ManualClock | None, day: date) -> None:
    """Move the clock on to a day, at 10:00 local; it never goes back."""
    if clock is not None:
        wanted = start_of_day(day) + timedelta(hours=10)
        clock.advance(max(0.0, (wanted - clock.now()).total_seconds()))


def _periods(today: date, months: int) -> Iterator[date]:
    for back in range(months, 0, -1):
        place = today.year * 12 + today.month - 1 - back
        yield date(place // 12, place % 12 + 1, 1)


def _dice(*words: object) -> int:
    """Return a number from words, the same every time. 0 to 999."""
    return int(hashlib.sha256("|".join(map(str, words)).encode()).hexdigest()[:8], 16) % 1000


def _account(plant: Plant, first: date) -> SettlementAccount | None:
    found = [one for one in plant.accounts if one.valid_from <= first]
    return found[-1] if found else None


def _kwh(plant: Plant, first: date) -> Decimal:
    capacity = Decimal(str(plant.capacity_on(first).ac_capacity_kw))
    swing = Decimal(900 + _dice(plant.plant_id, first) % 200) / 1000
    return (capacity * _HOURS[first.month - 1] * swing).quantize(Decimal(1), ROUND_HALF_UP)


def _open(desk: MoneyDesk, registry: Registry, maker: Principal, checker: Principal, on: date) -> None:
    owners = sorted({v for p in registry.plants for act in p.ownership[-1:] for v in act.shares_kw})
    lines = ["村编码,项目,金额,备注"]
    for village in owners:
        amount = yuan(100_000 + _dice(village) * 1_000)
        lines += [f"{village},银行存款,{amount},样例", f"{village},未分配收益,{amount},样例"]
    content = "\n".join(lines).encode()
    desk.money_in.import_openings(maker, "期初（样例）.csv", content, on, "样例交接书，虚构")
    desk.books.approve_openings(checker, owners)


def _import(desk: MoneyDesk, registry: Registry, tariffs: Tariffs, maker: Principal, first: date) -> int:
    """Import a month's statements and deductions; return the sum of the benchmark part. [fen]"""
    period = f"{first:%Y-%m}"
    lines, deductions, gross = [_HEAD], ["电站编号,月份,费用类别,金额,凭据"], 0
    for plant in registry.plants:
        account = _account(plant, first)
        base = tariffs.of(plant.plant_id).price_on(BENCHMARK, first)
        subsidy = tariffs.of(plant.plant_id).price_on(SUBSIDY, first)
        if account is None or base is None or not plant.ownership:
            continue
        kwh = _kwh(plant, first)
        fen = fen_of(kwh, base)
        gross += fen
        bonus = "" if subsidy is None else f"{subsidy},{yuan(fen_of(kwh, subsidy))}"
        lines.append(
            f"{account.account_number},{period},YL{period}-{plant.plant_id},{kwh},{base},{yuan(fen)},{bonus}"
        )
        cost = int(plant.capacity_on(first).ac_capacity_kw * _OPERATION_FEN_PER_KW)
        deductions.append(f"{plant.plant_id},{period},运维,{yuan(cost)},样例发票 {period}-{plant.plant_id}")
    desk.money_in.import_statements(maker, f"结算单{period}（样例）.csv", "\n".join(lines).encode("gb18030"))
    desk.money_in.import_deductions(maker, f"扣减{period}（样例）.csv", "\n".join(deductions).encode())
    return gross


def _late_subsidy(
    desk: MoneyDesk,
    registry: Registry,
    maker: Principal,
    checker: Principal,
    periods: list[date],
    today: date,
) -> None:
    """Let the subsidy of the first four months arrive in one sum, long after them."""
    early = periods[:4]
    if len(periods) < 10:
        return
    months = {f"{first:%Y-%m}" for first in early}
    by_plant: dict[str, int] = {}
    for fact in desk.records.facts("statement", first_period=min(months), last_period=max(months)):
        if fact.content["component"] == SUBSIDY and fact.plant_id in registry.plants_by_id:
            by_plant[fact.plant_id] = by_plant.get(fact.plant_id, 0) + int(fact.content["fen"])
    if not by_plant:
        return
    on = min(today, periods[9] + timedelta(days=13))
    movement = Movement(_BANK, "YL-subsidy", on, sum(by_plant.values()), _PAYER, "补贴（样例）")
    desk.money_in.enter_movement(maker, movement)
    desk.receipts.confirm_subsidy(checker, movement.identity, by_plant, min(months), max(months))
