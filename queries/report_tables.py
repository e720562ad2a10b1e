"""Tables of reports: rows of text and numbers under translated heads. Pure."""

from collections.abc import Sequence
from decimal import Decimal

from cases.monthly import Workload
from domain.day_figures import DayFigures, DayLoss
from domain.document import SeenTable
from queries.money_views import IncomeMonth
from queries.report_parts import PlantSum, in_percent, in_yuan, known_sum, rounded, weighted
from texts.loader import Texts

Cell = str | Decimal | None


def causes_table(losses: Sequence[DayLoss], texts: Texts) -> SeenTable:
    """Return what was lost by cause, the most first."""
    by_cause: dict[str, tuple[float, int | None]] = {}
    for loss in losses:
        kwh, fen = by_cause.get(loss.cause, (0.0, 0))
        known = loss.benchmark_fen is not None and loss.subsidy_fen is not None and fen is not None
        worth = (fen or 0) + (loss.benchmark_fen or 0) + (loss.subsidy_fen or 0) if known else None
        by_cause[loss.cause] = (kwh + loss.lost_kwh, worth)
    causes = sorted(by_cause.items(), key=lambda one: -one[1][0])
    rows = [(cause_name(name, texts), rounded(kwh), in_yuan(fen)) for name, (kwh, fen) in causes]
    return table(texts, "reports.table.causes", ("cause", "lost", "yuan"), rows)


def days_table(days: Sequence[DayFigures], texts: Texts) -> SeenTable:
    """Return a month of a plant, a row a day."""
    rows = [
        (
            f"{one.day}",
            rounded(one.energy_kwh),
            rounded(one.expected_kwh),
            rounded(one.lost_kwh),
            in_percent(one.performance_ratio),
            in_percent(one.time_availability),
            in_percent(one.completeness),
        )
        for one in days
    ]
    heads = ("day", "energy", "expected", "lost", "ratio", "availability", "completeness")
    return table(texts, "reports.table.days", heads, rows)


def owned_table(sums: Sequence[tuple[PlantSum, float]], texts: Texts) -> SeenTable:
    """Return the plants of a village with its share of each."""
    rows = [
        (
            one.plant.label(texts.language),
            in_percent(share),
            rounded(one.energy_kwh),
            rounded(None if one.energy_kwh is None else one.energy_kwh * share),
            in_percent(one.attainment),
        )
        for one, share in sums
    ]
    heads = ("plant", "share", "energy", "own_energy", "attainment")
    return table(texts, "reports.table.owned", heads, rows)


def income_table(months: Sequence[IncomeMonth], texts: Texts) -> SeenTable:
    """Return months of a village's income."""
    rows = [
        (
            one.period,
            in_yuan(one.net_fen),
            in_yuan(one.cash_fen),
            in_yuan(one.subsidy_cash_fen),
            in_yuan(one.distributable_fen),
        )
        for one in months
    ]
    return table(texts, "reports.table.income", ("month", "net", "cash", "subsidy", "distributable"), rows)


def assessed(sums: Sequence[PlantSum], load: Workload | None) -> tuple[Cell, ...]:
    """Return what a town is assessed by, its name and payments aside."""
    return (
        Decimal(len(sums)),
        rounded(sum(one.plant.ac_capacity_kw for one in sums)),
        rounded(known_sum(one.energy_kwh for one in sums)),
        in_percent(weighted(sums, lambda one: one.attainment)),
        in_percent(weighted(sums, lambda one: one.availability)),
        Decimal(load.registered) if load else None,
        in_percent(load.on_time_share) if load else None,
        rounded(load.arrival_h, 1) if load else None,
        rounded(load.repair_h, 1) if load else None,
    )


def table(texts: Texts, title: str, heads: Sequence[str], rows: Sequence[tuple[Cell, ...]]) -> SeenTable:
    """Return a table under translated heads."""
    return SeenTable(texts(title), tuple(texts(f"reports.column.{name}") for name in heads), tuple(rows))


def cause_name(name: str, texts: Texts) -> str | None:
    """Return the words of a cause of lost energy."""
    key = f"detection.cause.{name}"
    return (texts(key) if key in texts else name) if name else None


def said(value: Decimal | None) -> str:
    """Return a number for a sentence."""
    return "—" if value is None else f"{value:,}"
