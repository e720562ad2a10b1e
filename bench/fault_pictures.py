"""Pictures of the pages at an instant of a week with faults: the lists, each plant, the inverters the truth names."""

import shutil
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from simulator.faults import Fault
from tests.browser.conftest import FLAGS
from tests.browser.test_pages import Visit
from tests.dashboard.fixtures import Served, World

_SETTLE_MS = 300
_EVENING_TABS = ("summary", "days", "masks")
_UNIT_TABS = ("strings", "masks")
_ON_PHONES = 3  # plants


class Pictures:
    """Takes them, at 1440 and at 390 pixels; what the console says goes to `wrong.txt` beside them."""

    def __init__(self, world: World, faults: Sequence[Fault], folder: Path) -> None:
        self._world = world
        self._faults = faults
        self._folder = folder

    def take(self, name: str, at: datetime) -> None:
        """Take the lists and the plants concerned at an instant; every plant in an evening."""
        from playwright.sync_api import sync_playwright

        served = Served(self._world.app())
        try:
            with sync_playwright() as play:
                chromium = play.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
                for size in ("desk", "phone") if "evening" in name else ("desk",):
                    self._of_size(chromium, served.url, size, self._folder / name, at)
                chromium.close()
        finally:
            served.stop()

    def _of_size(self, chromium: Any, url: str, size: str, folder: Path, at: datetime) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        visit = Visit(chromium, url, size)
        for address in self._addresses(at, evening="evening" in folder.name, phone=size == "phone"):
            visit.open(address, "zh")
            visit.page.wait_for_timeout(_SETTLE_MS)
            word = address.removeprefix("/app/").translate(str.maketrans("/?=&", "____")) or "overview"
            visit.page.screenshot(path=folder / f"{word}.{size}.png", full_page=True)
        with (folder / "wrong.txt").open("a", encoding="utf-8") as out:
            out.writelines(f"{size} {each}\n" for each in visit.wrong)
        visit.context.close()

    def _addresses(self, at: datetime, *, evening: bool, phone: bool) -> list[str]:
        registry = self._world.registry
        found = ["/app/alerts", "/app/queue"]
        now = [each for each in self._faults if each.active(at.timestamp())]
        concerned = {registry.devices_by_id[name].plant_id for each in now for name in each.device_ids}
        plants = [each.plant_id for each in registry.plants if evening or each.plant_id in concerned]
        tabs = _EVENING_TABS if evening else _EVENING_TABS[:1]
        for plant_id in plants[:_ON_PHONES] if phone else plants:
            found += [f"/app/plants/{plant_id}?tab={tab}" for tab in tabs]
        for each in () if phone else now:
            if len(each.device_ids) == 1:
                own = registry.devices_by_id[each.device_ids[0]].plant_id
                place = f"/app/plants/{own}?tab="
                found += [f"{place}{tab}&device={each.device_ids[0]}" for tab in _UNIT_TABS]
        return found
