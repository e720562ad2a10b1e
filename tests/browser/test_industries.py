"""Pages of the other industries in a browser: both sizes and languages, quiet, whole words, nothing sideways, axe content."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.test_own_pages import look
from tests.browser.test_pages import SIZES, Visit
from tests.dashboard.fixtures import USERS, Served
from tests.dashboard.industry_world import Season, open_season

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.needs("cjk_font"), pytest.mark.slow]
KNOWN = {*USERS, "town", "xlsx", "csv", "ZIP"}


@pytest.fixture(scope="module")
def season(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Season]:
    made = open_season(tmp_path_factory.mktemp("season"))
    yield made
    made.world.close()


@pytest.fixture(scope="module")
def base(season: Season) -> Iterator[str]:
    served = Served(season.app())
    yield served.url
    served.stop()


def addresses(season: Season) -> list[str]:
    """Return the pages, with arguments that show something."""
    village = season.world.registry.villages[2].village_id
    claim = season.made.claim_id
    return [
        "/app/industries",
        "/app/industries?month=2026-09",
        "/app/industries/fungus_bags",
        "/app/bases/shed-1",
        "/app/assessment",
        "/app/industry-alerts",
        "/app/village",
        f"/app/village/{village}",
        "/app/funds",
        f"/app/fund-case/{claim}",
        "/app/report-import",
        f"/app/report/{season.world.registry.villages[2].town_id}/2026-09",
    ]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_page_of_industries_stands_up(
    season: Season, base: str, browser: Any, tmp_path: Path, size: str, language: str
) -> None:
    visit, wrong = Visit(browser, base, size, "town"), []
    for path in addresses(season):
        name = re.sub(r"\W+", "-", path).strip("-")[:60]
        picture = tmp_path / f"{name}.{language}.{size}.png"
        wrong += look(visit.page, f"{base}{path}", language, picture, KNOWN)
    assert wrong == [], "\n".join(wrong)
    assert visit.wrong == []
    visit.context.close()
