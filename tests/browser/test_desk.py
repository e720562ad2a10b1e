"""An open desk beeps and flashes at a new message, can be muted by keyboard, and copies a brief; in real Chromium."""

from collections.abc import Iterator
from typing import Any

import pytest

from domain.alert import Severity
from tests.browser.test_pages import Visit
from tests.dashboard.fixtures import NOON, Served, World
from tests.dashboard.test_desk import message
from tests.dashboard.test_work import alerts

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.needs("cjk_font")]
_ASKS_WITHIN_MS = 20_000


@pytest.fixture(scope="module")
def base(world: World) -> Iterator[str]:
    world.records.put_alerts(alerts(world), NOON)
    served = Served(world.app())
    yield served.url
    served.stop()


@pytest.fixture
def desk(browser: Any, base: str) -> Iterator[Visit]:
    visit = Visit(browser, base, "desk")
    visit.context.grant_permissions(["clipboard-read", "clipboard-write"])
    with visit.page.expect_response(lambda answer: "/app/desk" in answer.url, timeout=_ASKS_WITHIN_MS):
        visit.open("/app/queue", "zh")
    yield visit
    visit.context.close()


def beeps(page: Any) -> int:
    return int(page.evaluate("window.pvmonBeeps || 0"))


def test_a_new_message_rings_and_flashes_until_it_was_seen_and_mute_is_a_key_away(
    desk: Visit, world: World
) -> None:
    page = desk.page
    assert page.locator("#call").is_hidden()
    world.records.queue([], [message(world, 21, "x0")])
    page.wait_for_selector("#call:not([hidden])", timeout=_ASKS_WITHIN_MS)
    assert "告警：x0" in page.inner_text("#call")
    assert page.get_attribute("#call-words", "href") == "/app/queue/x0"
    assert page.evaluate("getComputedStyle(document.getElementById('call')).animationName") == "call"
    assert beeps(page) == 1
    page.focus("#bell")
    page.keyboard.press("Enter")
    assert (page.get_attribute("#bell", "aria-pressed"), page.inner_text("#bell")) == ("true", "铃声：关")
    world.records.queue([], [message(world, 22, "x1", severity=Severity.S2)])
    page.wait_for_selector("#call-words:has-text('2 条新消息')", timeout=_ASKS_WITHIN_MS)
    assert beeps(page) == 1
    page.focus("#call-seen")
    page.keyboard.press("Enter")
    assert page.locator("#call").is_hidden()
    assert desk.wrong == []


def test_who_wants_no_motion_gets_none(browser: Any, base: str, world: World) -> None:
    visit = Visit(browser, base, "desk")
    visit.page.emulate_media(reduced_motion="reduce")
    visit.open("/app/queue", "en")
    style = visit.page.evaluate("getComputedStyle(document.getElementById('call')).animationName")
    assert style == "none"
    visit.context.close()


def test_the_brief_is_in_the_clipboard_after_one_press(desk: Visit) -> None:
    page = desk.page
    page.get_by_role("button", name="复制文字").press("Enter")
    page.wait_for_selector("text=已复制")
    text = page.evaluate("navigator.clipboard.readText()")
    assert text.startswith("06-18 商州区故障简报：3 项")
    assert len(text) <= 500


def test_the_list_of_alerts_names_every_alert_on_a_phone_too(browser: Any, base: str) -> None:
    visit = Visit(browser, base, "phone")
    visit.open("/app/alerts", "zh")
    names = visit.page.locator("td a[href*='/app/queue/']")
    assert names.count() > 0
    for place in range(names.count()):
        assert names.nth(place).is_visible()
        box = names.nth(place).bounding_box()
        assert box is not None
        assert box["x"] + box["width"] <= 390, "within the screen, before anything is scrolled sideways"
    visit.context.close()
