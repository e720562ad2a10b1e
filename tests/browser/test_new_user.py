"""A new user's three questions, answered by clicking on what the pages say, in no more clicks than docs/dashboard.md writes."""

import re
from typing import Any

import pytest

from tests.browser.test_pages import SIZES, Visit, until
from tests.commands.payout_world import VILLAGES, World
from tests.dashboard.fixtures import ROOT

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.needs("cjk_font"), pytest.mark.slow]


def written() -> list[int]:
    """Return the clicks of the three ways as they are written down; both languages say the same."""
    found = [
        [int(clicks) for clicks in re.findall(r"^\|[^|]+\|[^|]+\| (\d) \|", text, re.MULTILINE)]
        for text in ((ROOT / "docs" / name).read_text() for name in ("dashboard.md", "dashboard.en.md"))
    ]
    assert found[0] == found[1]
    assert len(found[0]) == 3
    return found[0]


class Person:
    """Somebody who clicks on words, and counts."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.clicks = 0

    def click(self, inside: str, words: str = "") -> None:
        """Click on the first link of a part of the page that says this; on a phone a menu is opened first."""
        target = (
            self.page.locator(inside).get_by_text(words).first if words else self.page.locator(inside).first
        )
        if inside == "nav.menu":
            self.page.wait_for_selector("#page .page")
        if inside == "nav.menu" and self.page.locator("#burger").is_visible():
            self.page.wait_for_load_state("networkidle")
            self.page.click("#burger")
            until(
                self.page, "document.querySelector('nav.menu').getBoundingClientRect().left >= 0"
            )  # it slides in
            self.clicks += 1
        target.click()
        self.page.wait_for_load_state("networkidle")
        self.clicks += 1


def allowed(clicks: int, size: str, menus: int) -> int:
    """Return the clicks allowed: on a phone the menu costs one more each time."""
    return clicks + (menus if size == "phone" else 0)


@pytest.mark.parametrize("size", SIZES)
def test_the_worst_plant_of_today_is_found_with_its_reason(whole: str, browser: Any, size: str) -> None:
    visit = Visit(browser, whole, size, "om")
    person = Person(visit.page)
    assert "/app/todo" in visit.page.url
    person.click("nav.menu", "总览")
    visit.page.wait_for_selector("#overview-worst a")
    worst = visit.page.locator("#overview-worst a").first
    name = worst.inner_text()
    reason = visit.page.locator("#overview-worst").inner_text()
    assert len(reason) > len(name)
    person.click("#overview-worst a")
    visit.page.wait_for_selector("#plant-head")
    assert name.split("·")[-1].strip()[:4] in visit.page.locator("#page").inner_text()
    assert person.clicks <= allowed(written()[0], size, 1)
    visit.context.close()


@pytest.mark.parametrize("size", SIZES)
def test_the_reason_of_a_payment_is_found(whole: str, browser: Any, paid: World, size: str) -> None:
    visit = Visit(browser, whole, size, "all")
    person = Person(visit.page)
    person.click("nav.menu", "分配计划")
    plan_id = paid.stores.dossiers.of_villages([VILLAGES[0]])[0].plan.plan_id
    visit.page.wait_for_selector(f"#page a[href$='plans/{plan_id}']")
    person.click(f"#page a[href$='plans/{plan_id}']")
    visit.page.wait_for_selector("#page a[href*='trace?line=']")
    person.click("#page a[href*='trace?line=']")
    visit.page.wait_for_selector("#page .page")
    text = visit.page.locator("#page").inner_text()
    assert "应得" in text
    assert "2026-07" in text
    assert person.clicks <= allowed(written()[1], size, 1)
    visit.context.close()


@pytest.mark.parametrize("size", SIZES)
def test_the_notice_of_a_village_is_found_without_a_login(
    whole: str, browser: Any, paid: World, size: str
) -> None:
    width, height = SIZES[size]
    context = browser.new_context(viewport={"width": width, "height": height}, locale="zh-CN")
    page = context.new_page()
    page.goto(f"{whole}/")
    person = Person(page)
    person.click("main a[href='/gs/']")
    person.click(f"a[href*='{VILLAGES[0]}']")
    person.click(f"a[href*='{VILLAGES[0]}/2026-07']")
    text = page.inner_text("body")
    assert "样例1村" in text
    assert "元" in text
    assert person.clicks <= written()[2]
    context.close()
