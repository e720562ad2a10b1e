"""A half-filled form in a real browser: saved while typing, offered again after the session's end, gone once sent."""

from pathlib import Path
from typing import Any

import pytest

from tests.browser.test_pages import SIZES, Visit, until
from tests.dashboard.fixtures import World

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.needs("cjk_font"), pytest.mark.slow]
FORM = "/app/money-type/statement"
SAVED = "document.getElementById('draft').innerText"


@pytest.mark.parametrize("size", SIZES)
def test_what_was_typed_comes_back_after_the_session_ended(
    world: World, base: str, browser: Any, tmp_path: Path, size: str
) -> None:
    visit = Visit(browser, base, size, "settlement")
    visit.page.goto(f"{base}{FORM}")
    visit.page.fill("#f-kwh", "12345.6")
    visit.page.fill("#f-number", "JS-2026-07")
    until(visit.page, f"{SAVED}.includes('草稿已保存')")
    visit.page.screenshot(path=tmp_path / f"typed.{size}.png")
    world.records.end_sessions_of("settlement")
    visit.page.fill("#f-price", "0.3829")
    until(visit.page, f"{SAVED}.includes('登录已过期')")
    assert visit.page.input_value("#f-price") == "0.3829", "nothing is taken from the screen"
    visit.context.close()
    again = Visit(browser, base, size, "settlement")
    again.page.goto(f"{base}/app/todo")
    again.page.click(f"a.button[href='{FORM}']")
    again.page.wait_for_selector(".draft-offer")
    again.page.screenshot(path=tmp_path / f"offered.{size}.png", full_page=True)
    assert again.page.input_value("#f-kwh") == ""
    again.page.click(".draft-offer button >> nth=0")
    assert again.page.input_value("#f-kwh") == "12345.6"
    assert again.page.input_value("#f-number") == "JS-2026-07"
    again.page.goto(f"{base}{FORM}")
    again.page.click(".draft-offer button >> nth=1")
    again.page.wait_for_timeout(400)
    again.page.goto(f"{base}{FORM}")
    again.page.wait_for_load_state("networkidle")
    assert again.page.locator(".draft-offer").count() == 0
    assert again.wrong == []
    again.context.close()
