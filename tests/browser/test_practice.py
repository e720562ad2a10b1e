"""Practising in a browser: in by one button, marked on the screen and on paper, the other seat, and out again."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.test_pages import SIZES, Visit
from tests.dashboard.fixtures import Served
from tests.main.practice_world import practice_world

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.needs("cjk_font"), pytest.mark.slow]


@pytest.fixture(scope="module")
def practising(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """Return the address of a server, and a village."""
    with practice_world(tmp_path_factory.mktemp("practice")) as (_, front, village):
        served = Served(front)
        yield served.url, village
        served.stop()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_practice_is_begun_marked_left_and_ended_in_the_browser(
    practising: tuple[str, str], browser: Any, tmp_path: Path, size: str, language: str
) -> None:
    base, village = practising
    mark = "练习" if language == "zh" else "PRACTICE"
    visit = Visit(browser, base, size, "accountant")
    page = visit.page
    visit.open("/app/todo", language)
    page.goto(f"{base}/app/practice")
    page.screenshot(path=tmp_path / f"page.{language}.{size}.png")
    page.click("button.primary")
    page.wait_for_url("**/practice/todo")
    for path in ("/practice/todo", "/practice/", "/practice/plans", f"/practice/roster?village={village}"):
        visit.open(path, language)
        bar = page.locator("aside.practice")
        assert bar.is_visible(), path
        assert mark in bar.inner_text(), path
        assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0, path
        foot = page.evaluate("document.querySelector('aside.practice').getBoundingClientRect().bottom")
        assert foot == page.evaluate("window.innerHeight"), path
        page.screenshot(path=tmp_path / f"{path.strip('/').replace('/', '-')[:16]}.{language}.{size}.png")
    page.click("aside.practice button")
    page.wait_for_load_state("networkidle")
    assert ("复核人" if language == "zh" else "checker") in page.locator("aside.practice").inner_text()
    page.emulate_media(media="print")
    assert page.locator(".practice-over").is_visible()
    assert page.locator("aside.practice b").is_visible()
    assert not page.locator("aside.practice a").is_visible()
    page.emulate_media(media="screen")
    page.click("aside.practice a")
    page.wait_for_url("**/app/practice")
    assert page.locator("aside.practice").count() == 0
    page.click("form[action$='/end'] button")
    page.wait_for_selector("button.primary")
    assert visit.wrong == []
    visit.context.close()
