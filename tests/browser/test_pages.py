"""Every page opens in a real browser: both languages, desk and phone, nothing in the console, nothing from outside."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.dashboard.fixtures import PASSWORD, World

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.needs("cjk_font"), pytest.mark.slow]
SIZES = {"desk": (1440, 900), "phone": (390, 844)}
DRAWN = (
    "[...document.querySelectorAll('.js-plotly-plot')]"
    ".filter(e => e.clientWidth && e.querySelector('.main-svg')).length"
)
PLOTS = {"/app/": 3, "summary": 1, "curves": 1, "strings": 1}


class Visit:
    """A logged-in page that remembers what went wrong."""

    def __init__(self, browser: Any, base: str, size: str, user: str = "om") -> None:
        width, height = SIZES[size]
        self.base = base
        self.context = browser.new_context(viewport={"width": width, "height": height}, locale="zh-CN")
        self.page = self.context.new_page()
        self.wrong: list[str] = []
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.wrong.append(f"page error {error}"))
        self.page.on("request", self._request)
        self.page.goto(f"{base}/login")
        self.page.fill("input[name=user]", user)
        self.page.fill("input[name=password]", PASSWORD)
        self.page.click("button.primary")
        self.page.wait_for_url("**/app/**")
        self.wrong.clear()  # a plain page has no icon of its own; the pages of the application have

    def _console(self, said: Any) -> None:
        if said.type in {"error", "warning"} and "favicon" not in said.text:
            self.wrong.append(f"console {said.type}: {said.text[:200]} {said.location}")

    def _request(self, request: Any) -> None:
        url = urlsplit(request.url)
        if url.scheme.startswith("http") and url.netloc != urlsplit(self.base).netloc:
            self.wrong.append(f"left the host: {request.url}")

    def open(self, path: str, language: str) -> None:
        """Open a page in a language and wait for its contents."""
        joiner = "&" if "?" in path else "?"
        self.page.goto(f"{self.base}{path}{joiner}lang={language}")
        self.page.wait_for_selector("#page .page")
        self.page.wait_for_load_state("networkidle")


def until(page: Any, script: str, seconds: float = 15.0) -> None:
    """Wait until a script says true; asked from outside, because the page forbids evaluated code."""
    for _ in range(int(seconds * 10)):
        if page.evaluate(script):
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"never true: {script}")


def addresses(world: World) -> list[str]:
    live = world.registry.plants[0].plant_id
    manual = next(p.plant_id for p in world.registry.plants if p.connection.value == "manual")
    tabs = [
        f"/app/plants/{live}?tab={tab}"
        for tab in ("summary", "curves", "days", "devices", "strings", "papers")
    ]
    return ["/app/", "/app/plants", *tabs, f"/app/plants/{manual}", "/app/data"]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_page_opens_with_a_quiet_console_and_does_not_scroll_sideways(
    world: World, base: str, browser: Any, tmp_path: Path, size: str, language: str
) -> None:
    visit = Visit(browser, base, size)
    for path in addresses(world):
        visit.open(path, language)
        plots = PLOTS.get(path, PLOTS.get(path.rpartition("tab=")[2], 0))
        if plots:
            visible = plots - (1 if path == "/app/" and size == "phone" else 0)  # no heat map on a phone
            until(visit.page, f"{DRAWN} >= {visible}")
        sideways = visit.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert sideways <= 0, path
        assert visit.page.evaluate("document.documentElement.lang") == ("zh-CN" if language == "zh" else "en")
        assert visit.page.locator("h1").count() == 1, path
        picture = tmp_path / f"{path.strip('/').replace('/', '-').replace('?', '-')}.{language}.{size}.png"
        visit.page.screenshot(path=picture)
        assert picture.stat().st_size > 8_000
    assert visit.wrong == []
    visit.context.close()


def test_a_dot_on_the_map_opens_its_plant_and_the_way_back_works(
    world: World, base: str, browser: Any
) -> None:
    visit = Visit(browser, base, "desk")
    visit.open("/app/", "zh")
    visit.page.wait_for_selector("#overview-map .points path")
    visit.page.evaluate(
        """plant => document.querySelector('#overview-map .js-plotly-plot').emit('plotly_click', {
            points: [{customdata: plant, x: 1, y: 2, curveNumber: 1, pointNumber: 0, data: {}, fullData: {}}],
            event: {}})""",
        world.registry.plants[0].plant_id,
    )
    visit.page.wait_for_url(f"**/app/plants/{world.registry.plants[0].plant_id}")
    visit.page.wait_for_selector(".plant-head h1")
    visit.page.go_back()
    visit.page.wait_for_selector("#overview-tiles")
    assert visit.wrong == []
    visit.context.close()


def test_a_chart_below_the_window_is_drawn_when_it_is_scrolled_to(base: str, browser: Any) -> None:
    visit = Visit(browser, base, "desk")
    visit.open("/app/", "zh")
    visit.page.evaluate("document.getElementById('overview-curve-box').scrollIntoView()")
    until(visit.page, "document.querySelector('#overview-curve .main-svg') !== null")
    assert visit.wrong == []
    visit.context.close()


def test_the_phone_menu_opens_and_closes_with_the_page(base: str, browser: Any) -> None:
    visit = Visit(browser, base, "phone")
    visit.open("/app/", "zh")
    link = visit.page.get_by_role("link", name="电站", exact=True)
    assert not link.is_visible() or link.bounding_box()["x"] < 0
    visit.page.click("#burger")
    until(visit.page, "document.querySelector('.menu').getBoundingClientRect().x >= 0")
    visit.page.click(".menu a[href='/app/plants']")
    visit.page.wait_for_selector("#plants-list")
    until(visit.page, "document.querySelector('.menu').getBoundingClientRect().x < 0")
    assert visit.wrong == []
    visit.context.close()


def test_a_cut_line_is_said_in_one_bar_and_goes_away(base: str, browser: Any) -> None:
    visit = Visit(browser, base, "desk")
    visit.open("/app/plants", "zh")
    bar = visit.page.locator("#bar")
    assert not bar.is_visible()
    visit.context.set_offline(True)
    visit.page.get_by_text("中断 1", exact=True).click()
    bar.wait_for(state="visible")
    assert "连接中断" in bar.inner_text()
    visit.context.set_offline(False)
    visit.page.get_by_text("人工 1", exact=True).click()
    bar.wait_for(state="hidden")
    visit.context.close()


def test_a_session_that_ended_leads_to_the_login_and_back(base: str, browser: Any) -> None:
    visit = Visit(browser, base, "desk")
    visit.open("/app/plants", "zh")
    visit.context.clear_cookies()
    visit.page.get_by_text("中断 1", exact=True).click()
    visit.page.wait_for_url("**/login?next=*")
    assert "plants" in visit.page.url
    visit.context.close()


def test_the_keyboard_reaches_the_menu_and_shows_where_it_is(base: str, browser: Any) -> None:
    visit = Visit(browser, base, "desk")
    visit.open("/app/", "zh")
    seen = []
    for _ in range(12):
        visit.page.keyboard.press("Tab")
        seen.append(
            visit.page.evaluate(
                "[document.activeElement.textContent.trim(), getComputedStyle(document.activeElement).outlineStyle]"
            )
        )
    named = {text for text, _ in seen}
    assert {"English", "退出", "总览", "电站", "数据"} <= named
    assert all(style != "none" for text, style in seen if text in {"总览", "电站", "数据"})
    visit.context.close()
