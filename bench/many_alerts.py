"""A thousand open alerts: what the pages and the data interface cost beside a hundred, and how large their answers are."""

import json
import tempfile
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from access.principal import Principal
from dashboard.components.words import number
from dashboard.factory import pages
from dashboard.pages.base import Site
from dashboard.services import queries_over
from dashboard.shell import show
from domain.account import Role, Scope
from domain.alert import Alert, AlertState, Severity
from tests.dashboard.fixtures import NOON, World, build, few_plants, sample_registry
from texts.loader import Texts

_PAGES = ("queue", "alerts", "todo")
_ROUNDS = 3


def alerts(world: World, count: int) -> list[Alert]:
    """Return so many open alerts over the plants' inverters."""
    units = [device for plant in world.registry.plants for device in plant.devices]
    since = NOON - timedelta(minutes=20)
    made = Alert("", "F08", "", "", "", Severity.S2, AlertState.FIRING, since, since, at_risk_fen=4200)
    return [
        replace(
            made,
            alert_id=f"many-{n:04d}",
            plant_id=units[n % len(units)].plant_id,
            device_id=units[n % len(units)].device_id,
            part=f"string_{n // len(units):02d}",
            severity=Severity(2 + n % 2),
            subject=units[n % len(units)].device_id,
        )
        for n in range(count)
    ]


def run(quick: bool = False) -> dict[str, float | str]:
    """Return processor time and size of each page's answer with 100 and with 1,000 open alerts."""
    figures: dict[str, float | str] = {}
    for count in (100, 300 if quick else 1000):
        with tempfile.TemporaryDirectory() as folder:
            world = build(Path(folder), few_plants(sample_registry()), days=0.1)
            try:
                world.records.put_alerts(alerts(world, count), NOON)
                figures |= {f"{key}_with_{number(count)}": value for key, value in _opened(world).items()}
            finally:
                world.close()
    return figures


def _opened(world: World) -> dict[str, float]:
    words = {language: Texts(language) for language in ("zh", "en")}
    site = Site(world.services, queries_over(world.services.sources), world.settings, words)
    who = Principal("om", "值班（虚构）", frozenset({Role.OM}), Scope(everything=True))
    found: dict[str, float] = {}
    for name in _PAGES:
        costs, size = [], 0
        for _ in range(_ROUNDS):
            begun = time.process_time()
            body, _title = show(site, pages(), who, f"/app/{name}", {})
            text = _plain(body)
            costs.append((time.process_time() - begun) * 1000.0)
            size = len(text)
        found[f"{name}_open_cpu_ms"] = round(min(costs), 1)
        found[f"{name}_kb"] = round(size / 1024, 1)
    return found


def _plain(body: Any) -> bytes:
    """Return a page as it travels."""
    return json.dumps(body, default=lambda part: part.to_plotly_json()).encode()


if __name__ == "__main__":
    for key, figure in run().items():
        print(f"{key} = {figure}")
