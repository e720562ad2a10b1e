"""Small makers for tests of the other industries."""

from datetime import UTC, date, datetime
from decimal import Decimal

from domain.industry import Report, ReporterKind, ReportMark
from industries.indicator import EntryUnit, Indicator, IndicatorKind
from industries.report import Draft, Surroundings
from industries.rules import Fund, FundKind, Limits, SubsidyRule

AT = datetime(2026, 8, 3, 2, tzinfo=UTC)
TODAY = date(2026, 8, 3)
BAG = EntryUnit("bag", "袋", "bags", "bag", Decimal(1))
TEN_THOUSAND = EntryUnit("ten_thousand_bags", "万袋", "ten thousand bags", "bag", Decimal(10_000))
MU = EntryUnit("mu", "亩", "mu", "mu", Decimal(1))
HECTARE = EntryUnit("hectare", "公顷", "ha", "mu", Decimal(15))
EVEN = {month: Decimal(month) / 12 for month in range(1, 13)}


def indicator(
    kind: IndicatorKind = IndicatorKind.FLOW,
    unit: EntryUnit = TEN_THOUSAND,
    target: str | None = "1200",
    path: dict[int, Decimal] | None = None,
    *,
    is_area: bool = False,
    tasks: dict[str, Decimal] | None = None,
) -> Indicator:
    """Return an indicator whose season is even unless said otherwise."""
    return Indicator(
        "thing",
        "fungus",
        "东西",
        "Thing",
        kind,
        unit,
        None if target is None else Decimal(target),
        date(2020, 1, 1),
        "文件",
        "一句",
        "",
        "",
        EVEN if path is None else path,
        path_assumed=True,
        is_area=is_area,
        rise_max=Decimal(3),
        per_mu_max=None if is_area else Decimal(10_000),
        tasks=tasks or {},
    )


def report(
    value: str, period: str = "2026-06", reporter: str = "north", indicator_id: str = "thing"
) -> Report:
    """Return a town's report."""
    return Report(
        indicator_id,
        ReporterKind.TOWN,
        reporter,
        period,
        1,
        Decimal(value),
        value,
        ReportMark.ENTERED,
        "li",
        AT,
    )


def draft(text: str, of: Indicator, unit: EntryUnit | None = None, **given: object) -> Draft:
    """Return what a town typed for July."""
    words = {"period": "2026-07", **given}
    return Draft(of, ReporterKind.TOWN, "north", text=text, unit=unit or of.unit, **words)  # type: ignore[arg-type]


def around(**given: object) -> Surroundings:
    """Return what is known around it; by default nothing."""
    words = {"units": (BAG, TEN_THOUSAND, MU, HECTARE), **given}
    return Surroundings(TODAY, Limits(), **words)  # type: ignore[arg-type]


def guarantee(coverage: str = "0.7", cap_fen: int | None = 100_000_00, most: int | None = 20_000_00) -> Fund:
    """Return a fund that pays a part of a loss."""
    return Fund(
        "guard",
        FundKind.GUARANTEE,
        "风险保障基金",
        "Guarantee fund",
        ("fungus",),
        date(2020, 1, 1),
        "文件",
        "一句",
        cap_fen,
        Decimal(coverage),
        most,
    )


def subsidy(fen_per_unit: int = 100_00, least: str = "0.5", most: int | None = 5_000_00) -> SubsidyRule:
    """Return a rule of a subsidy by the mu."""
    return SubsidyRule("rule", "sub", "thing", date(2020, 1, 1), fen_per_unit, Decimal(least), most, "文件")
