"""The other industries of a whole district: 18 towns, 124 villages, 12,500 households, 800 bases, five years of reports.

Times are CPU time of the process, because the machine is shared, and for pages on the clock as well; a page is asked
for through the whole server as a browser does. The import is a workbook of 5,000 rows of bases, examined and kept.
"""

import tempfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import numpy as np

from commands.papers.sheets import Cells, workbook
from dashboard.factory import create_app
from domain.account import Role, Scope
from domain.industry import RegisterEntry, Report, ReporterKind, ReportMark
from domain.money_fact import MoneyFact
from industries.base import BASE
from industries.income import INCOME
from industries.rules import IndustryRules
from main.industries import load_industries
from main.industry_desk import industry_services
from main.settings import load_settings
from tests.commands.industry_world import person
from tests.dashboard.fixtures import ROOT, World, bare, login, sample_registry
from tests.dashboard.test_pages import route

NOW = datetime(2026, 11, 27, 2, 30, tzinfo=UTC)
AT = datetime(2026, 11, 3, tzinfo=UTC)
BASES, HOUSEHOLDS, MONTHS, ROWS = 800, 12_500, 60, 5_000
COUNTY, CLERK = person("county", Role.COUNTY), person("clerk", Role.TOWNSHIP, scope=Scope(everything=True))


def months(count: int) -> list[str]:
    """Return the months up to October 2026, oldest first."""
    last = 2026 * 12 + 9
    return [f"{n // 12:04d}-{n % 12 + 1:02d}" for n in range(last - count + 1, last + 1)]


def fill(world: World, rules: IndustryRules, every: list[str], bases: int, households: int) -> int:
    """Keep reports of towns and bases, and one payment of every household; return how many reports."""
    random, registry = np.random.default_rng(5), world.registry
    entries, facts, kept = [], [], 0
    for n in range(bases):
        village = registry.villages[n % len(registry.villages)].village_id
        content = {
            "base_id": f"b{n}",
            "operator_id": "o",
            "name": f"基地{n}",
            "industry": "fungus",
            "indicator_id": "fungus_bags",
            "village_id": village,
            "area_mu": "20",
        }
        entries.append(RegisterEntry(BASE, f"b{n}", 1, content, "bench", AT))
    world.records.add_entries(entries)
    for period in every:
        rows = [
            _report(one.indicator_id, ReporterKind.TOWN, town.town_id, period, int(random.integers(1, 10**5)))
            for town in registry.towns
            for one in rules.in_force(NOW.date())
        ]
        rows += [
            _report("fungus_bags", ReporterKind.BASE, f"b{n}", period, int(random.integers(1, 10**5)))
            for n in range(bases)
        ]
        world.records.add_reports(rows)
        kept += len(rows)
    for n in range(households):
        village = registry.villages[n % len(registry.villages)].village_id
        payment: dict[str, Any] = {"household": f"h{n}", "source": "wages", "fen": 150_000 + n, "base": "b0"}
        facts.append(MoneyFact(INCOME, f"h{n}", payment, "bench", AT, "", village, every[-1]))
    world.records.add_facts(facts)
    return kept


def _report(indicator: str, kind: ReporterKind, reporter: str, period: str, value: int) -> Report:
    amount = Decimal(value)
    return Report(indicator, kind, reporter, period, 1, amount, str(value), ReportMark.ENTERED, "bench", AT)


def taken(act: Callable[[], object], times: int) -> tuple[list[float], list[float]]:
    """Return CPU and time of every run, the first left out. [s]"""
    cpu, wall = [], []
    for _ in range(times + 1):
        start, begun = process_time(), perf_counter()
        act()
        cpu.append(process_time() - start)
        wall.append(perf_counter() - begun)
    return cpu[1:], wall[1:]


def sheet(rows: int) -> bytes:
    """Return a workbook of bases and the months before the five years."""
    earlier = months(MONTHS + 12)[:12]
    cells = [("fungus_bags", f"b{n % BASES}", earlier[n // BASES], "1.2", "万袋") for n in range(rows)]
    return workbook([Cells("r", ("指标", "填报单位", "月份", "数量", "单位"), tuple(cells))])


def run(quick: bool) -> dict[str, float]:
    bases, households, span, rows, times = (
        (80, 500, 14, 80, 3) if quick else (BASES, HOUSEHOLDS, MONTHS, ROWS, 20)
    )
    rules = load_industries(ROOT / "config", None)
    with tempfile.TemporaryDirectory() as folder:
        registry = replace(sample_registry(), plants=sample_registry().plants[:8])
        world = bare(Path(folder), registry, NOW)
        settings = load_settings({}, config_dir=ROOT / "config", data_dir=Path(folder))
        services = industry_services(settings, world.records, registry, world.clock)
        reports = fill(world, rules, months(span), bases, households)
        client = create_app(replace(world.services, industries=services), world.settings).test_client()
        token = login(client, "county")
        village = registry.villages[2].village_id
        paths = (
            *("industries", "industries/fungus_bags", "assessment", "funds"),
            *("bases/b1", f"village/{village}"),
        )
        figures: dict[str, float] = {"reports kept": reports}
        for path in paths:
            name = path.partition("/")[0] if path.startswith("village") else path
            cpu, wall = taken(lambda path=path: route(client, token, f"/app/{path}"), times)  # type: ignore[misc]
            figures[f"page /app/{name}, p95 CPU [ms]"] = round(float(np.percentile(cpu, 95)) * 1e3, 1)
            figures[f"page /app/{name}, p95 [ms]"] = round(float(np.percentile(wall, 95)) * 1e3, 1)
        whole, _ = taken(lambda: services.queries.attainments(COUNTY, "2026-10"), times)
        figures["attainment of every indicator, CPU [s]"] = round(max(whole), 3)
        content, told = sheet(rows), []
        start = process_time()
        services.reports.import_file(
            CLERK, "bench.xlsx", content, confirmed=True, told=lambda at, of: told.append((at, of))
        )
        figures[f"import of {rows:,} rows, CPU [s]"] = round(process_time() - start, 2)
        figures["times it said how far it was"] = len(told)
        world.close()
    return figures
