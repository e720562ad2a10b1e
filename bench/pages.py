"""Pages: a plant's year at five minutes as a chart, and household look-ups a second.

The year is what the server does for the comparison page: question to the store, layout and its JSON. A look-up is by
the token of a slip over a village of a hundred households, the page rendered through the server.
"""

import json
import tempfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import numpy as np
import pandas as pd

from commands.households import Households
from dashboard.pages.base import Site, Visit
from dashboard.pages.compare import ComparePage
from dashboard.services import queries_over
from domain.measurement import Origin
from main.configuration import load_registry
from stores.records.household_codes import SqlHouseholdCodes
from stores.records.sealing import Sealer
from tests.browser.walk import BASE, whole_app
from tests.commands.payout_world import VILLAGES
from tests.commands.payout_world import World as Paid
from tests.dashboard.fixtures import ROOT, World, bare, few_plants
from texts.loader import Texts

NOW = datetime(2026, 6, 18, 3, 40, tzinfo=UTC)
PAIRS = 101


def _year(world: World, days: int) -> int:
    """Write a year of power of a plant's inverters; return the rows."""
    plant = world.registry.plants[0]
    instants = pd.date_range(end=NOW, periods=days * 288, freq="5min", tz="UTC").as_unit("ns")
    hours = instants.hour.to_numpy() + 8 + instants.minute.to_numpy() / 60
    shape = np.clip(np.sin((hours % 24 - 6) / 12 * np.pi), 0, None)
    rows = 0
    for device in plant.devices:
        if device.kind.value == "inverter":
            power = shape * device.rated_power_kw * 800
            table = pd.DataFrame(
                {"device_id": device.device_id, "measured_at": instants, "ac_active_power_w": power}
            )
            rows += world.store.write_table(["ac_active_power_w"], table, Origin.DEMO_HISTORY).accepted
    return rows


def year_drawn(folder: Path, days: int) -> dict[str, float]:
    """Return what a year's chart costs the server. [ms]"""
    world = bare(folder, few_plants(load_registry(ROOT / "config", None)), NOW)
    rows = _year(world, days)
    principal = world.services.authenticate.login("om", "correct-horse-battery-staple-42", "bench").principal
    site = Site(world.services, queries_over(world.services.sources), world.settings, {"zh": Texts("zh")})
    first = (NOW - timedelta(days=days - 2)).date()
    args = {
        "picks": f"{world.registry.plants[0].plant_id}:plant_power",
        "from": f"{first}",
        "to": f"{NOW.date()}",
    }
    app = world.app()
    taken, cpu, size = [], [], 0
    for _ in range(5):
        start, cpu_s = perf_counter(), process_time()
        with app.test_request_context("/app/compare"):  # its forms carry a token of the session
            layout = ComparePage().layout(Visit(site, principal, site.texts["zh"], args))
        size = len(json.dumps(layout.to_plotly_json(), default=lambda one: one.to_plotly_json()))
        taken.append((perf_counter() - start) * 1000)
        cpu.append((process_time() - cpu_s) * 1000)
    world.close()
    return {
        "year_rows": rows,
        "year_first_ms": round(taken[0]),
        "year_median_ms": round(sorted(taken)[2]),
        "year_median_cpu_ms": round(sorted(cpu)[2]),
        "year_kb": round(size / 1000),
    }


def looks(folder: Path, count: int) -> dict[str, float]:
    """Return look-ups a second through the server, one client."""
    paid = Paid(folder / "paid")
    paid.fund(VILLAGES[0], 6_000_000)
    paid.enrol(VILLAGES[0], PAIRS)
    plan_id = paid.release(VILLAGES[0]).plan.plan_id
    paid.answer(paid.send(plan_id))
    world = bare(folder / "world", few_plants(load_registry(ROOT / "config", None)), NOW)
    app: Any = whole_app(replace(world), paid)
    codes = SqlHouseholdCodes(paid.records.database, Sealer(paid.folder / "people.key"))
    desk = Households(paid.stores, paid.registry, paid.rules, paid.clock, paid.clock, codes, BASE)
    paths = [one.address.removeprefix(BASE) for one in desk.issue(paid.accountant, plan_id).values()]
    client = app.test_client()
    for path in paths:  # the first look of a household and day is noted in the records
        client.get(path)
    start, cpu_s = perf_counter(), process_time()
    good = sum(client.get(paths[place % len(paths)]).status_code == 200 for place in range(count))
    taken, cpu_s = perf_counter() - start, process_time() - cpu_s
    world.close()
    paid.close()
    return {
        "looks": good,
        "looks_per_s": round(good / taken),
        "look_ms": round(taken / count * 1000, 2),
        "look_cpu_ms": round(cpu_s / count * 1000, 2),
        "looks_per_core_s": round(good / cpu_s),
    }


def run(*, quick: bool) -> dict[str, float]:
    """Measure."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        return {**year_drawn(folder / "year", 40 if quick else 365), **looks(folder, 200 if quick else 1000)}
