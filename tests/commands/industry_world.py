"""Four invented towns with villages, people and files for tests of the other industries, on a real store."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

from access.principal import Principal
from commands.funds import Funds
from commands.industry_registers import IndustryRegisters
from commands.industry_reports import IndustryReports, ReportOrder
from commands.papers.sheets import Cells, workbook
from domain.account import Role, Scope
from domain.clock import ManualClock
from domain.plant import Registry, Town, Village
from industries.rules import IndustryRules
from main.industries import load_industries
from stores.records.store import SqlRecordStore
from tests.access.people import registry

ROOT = Path(__file__).parents[2]
START = datetime(2026, 8, 3, 2, 30, tzinfo=UTC)
TOWNS = ("611002100", "611002101", "611002102", "611002103")
VILLAGES = tuple(f"{town}20{number}" for town in TOWNS for number in (1, 2))
PHOTO = b"\xff\xd8\xff\xe0 an invented photo"
EVERYTHING = Scope(everything=True)


def person(user_id: str, *roles: Role, scope: Scope = EVERYTHING) -> Principal:
    return Principal(user_id, f"{user_id}（虚构）", frozenset(roles), scope)


CLERK = person("clerk", Role.TOWNSHIP, scope=Scope(town_ids=frozenset({TOWNS[0]})))
OTHER_CLERK = person("other", Role.TOWNSHIP, scope=Scope(town_ids=frozenset({TOWNS[1]})))
COUNTY = person("county", Role.COUNTY)
ACCOUNTANT = person("accountant", Role.ACCOUNTANT)
AUDITOR = person("auditor", Role.AUDITOR)


def district() -> Registry:
    """Return four towns of two villages each; the plants are those of the other tests."""
    day = date(2010, 1, 1)
    return replace(
        registry(),
        towns=tuple(Town(one, f"镇{one[-1]}", f"Town {one[-1]}", 33.8, 109.9) for one in TOWNS),
        villages=tuple(
            Village(one, f"村{one[-4:]}", f"Village {one[-4:]}", one[:9], day) for one in VILLAGES
        ),
    )


@dataclass(frozen=True)
class IndustryOffice:
    """Everything commands on industries need."""

    records: SqlRecordStore
    clock: ManualClock
    registry: Registry
    rules: IndustryRules

    def reports(self) -> IndustryReports:
        return IndustryReports(self.records, self.registry, self.rules, self.clock, self.clock)

    def registers(self) -> IndustryRegisters:
        return IndustryRegisters(self.records, self.registry, self.rules, self.clock, self.clock)

    def funds(self) -> Funds:
        return Funds(self.records, self.registry, self.rules, self.clock, self.clock)

    def report(self, town: str, amount: str, period: str = "2026-07", **given: object) -> ReportOrder:
        return ReportOrder("fungus_bags", town, period, amount, **given)  # type: ignore[arg-type]

    def audited(self) -> list[tuple[str, str]]:
        return [(one.action, one.outcome) for one in self.records.audit(START)[::-1]]


def open_office(folder: Path) -> IndustryOffice:
    rules = load_industries(ROOT / "config", None)
    records = SqlRecordStore.at(folder / "records.sqlite")
    return IndustryOffice(records, ManualClock(START), district(), rules)


def sheet(heads: tuple[str, ...], *rows: tuple[str, ...]) -> bytes:
    """Return an XLSX file of text cells."""
    return workbook([Cells("表", heads, rows)])


def reports_sheet(*rows: tuple[str, ...]) -> bytes:
    return sheet(("指标", "填报单位", "月份", "数量", "单位", "标记", "更正原因"), *rows)
