"""A joint plant of three invented villages, its people, and papers for tests of commands on money."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

from access.principal import Principal
from commands.books import Books
from commands.closing import Closings
from commands.money_in import MoneyIn
from commands.receipts import Receipts
from domain.account import Role, Scope
from domain.clock import ManualClock
from domain.plant import Capacity, Ownership, Plant, Registry, SettlementAccount
from revenue.accounts import CostKind
from revenue.tariff import PriceComponent, Seller, Tariff, Tariffs, Taxation, TaxRegime
from stores.records.store import SqlRecordStore
from tests.access.people import VILLAGES, plant, registry

A, B, C = VILLAGES[:3]
SHARES = {A: 300.0, B: 180.0, C: 20.0}
ACCOUNT, ACCOUNT_2 = "9900000000001", "9900000000002"
START = datetime(2026, 1, 10, 2, 30, tzinfo=UTC)
EVERYTHING = Scope(everything=True)


def person(user_id: str, *roles: Role, scope: Scope = EVERYTHING) -> Principal:
    return Principal(user_id, f"{user_id}（虚构）", frozenset(roles), scope)


MAKER = person("settler", Role.SETTLEMENT)
CHECKER = person("county", Role.COUNTY)
VILLAGE_MAKER = person("accountant", Role.ACCOUNTANT, scope=Scope(village_ids=frozenset({A})))
TOWNSHIP = person("township", Role.TOWNSHIP, scope=Scope(town_ids=frozenset({A[:9]})))


def _account(number: str, day: date = date(2020, 6, 30)) -> SettlementAccount:
    return SettlementAccount(number, f"m{number}", day, 40.0, 1.0, 25)


def joint_plant(plant_id: str = "joint", account: str = ACCOUNT) -> Plant:
    act = Ownership(date(2020, 6, 30), "确权书（虚构）", SHARES)
    made = plant(plant_id, A[:9], act, accounts=(_account(account),))
    return replace(made, name=f"{plant_id}联村电站", capacities=(Capacity(date(2020, 6, 30), 550.0, 500.0),))


def district() -> Registry:
    return replace(registry(), plants=(joint_plant(), joint_plant("second", ACCOUNT_2)))


def tariff(plant_id: str, regime: TaxRegime = TaxRegime.EXEMPT, seller: Seller = Seller.VILLAGE) -> Tariff:
    return Tariff(
        plant_id,
        (
            PriceComponent("benchmark", date(2020, 1, 1), Decimal("0.3545")),
            PriceComponent("subsidy", date(2020, 1, 1), Decimal("0.4955")),
        ),
        (Taxation(date(2020, 1, 1), seller, regime),),
    )


@dataclass(frozen=True)
class MoneyOffice:
    """Everything commands on money need, on a real store."""

    records: SqlRecordStore
    clock: ManualClock
    registry: Registry
    tariffs: Tariffs

    def money_in(self) -> MoneyIn:
        return MoneyIn(self.records, self.registry, self.tariffs, self.clock, self.clock)

    def books(self) -> Books:
        return Books(self.records, self.registry, self.tariffs, self.clock, self.clock)

    def receipts(self) -> Receipts:
        return Receipts(self.records, self.registry, self.tariffs, self.clock, self.clock)

    def closings(self) -> Closings:
        return Closings(self.records, self.registry, self.tariffs, self.clock, self.clock)

    def balance(self, village: str, account: str) -> int:
        return sum(b.fen for b in self.records.balances([village]) if b.account.startswith(account))


def open_office(
    path: Path, regime: TaxRegime = TaxRegime.EXEMPT, seller: Seller = Seller.VILLAGE
) -> MoneyOffice:
    place = district()
    tariffs = Tariffs(
        {p.plant_id: tariff(p.plant_id, regime, seller) for p in place.plants}, {CostKind.OPERATION: 3}
    )
    return MoneyOffice(SqlRecordStore.at(path / "records.sqlite"), ManualClock(START), place, tariffs)


HEAD = "户号,结算月份,结算单号,上网电量(kWh),标杆电价,标杆电费(元),补贴电价,补贴电费(元),更正单号"


def sheet(*rows: str, head: str = HEAD) -> bytes:
    return "\n".join([head, *rows]).encode("gb18030")


def row(month: str, kwh: int, number: str = "", account: str = ACCOUNT, corrects: str = "") -> str:
    fen = (Decimal(kwh) * Decimal("0.3545")).quantize(Decimal("0.01"))
    subsidy = (Decimal(kwh) * Decimal("0.4955")).quantize(Decimal("0.01"))
    return f"{account},{month},{number or f'S{month}'},{kwh},0.3545,{fen},0.4955,{subsidy},{corrects}"
