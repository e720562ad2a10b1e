"""Every page, desk and phone, both languages: quiet console, nothing sideways, one heading, own words, axe content."""

import re
from pathlib import Path
from typing import Any

import pytest

from tests.browser.test_pages import SIZES, Visit
from tests.browser.walk import LAYOUT_FAULTS, addresses, plain_addresses
from tests.commands.payout_world import World
from tests.dashboard.fixtures import World as District

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.needs("cjk_font"), pytest.mark.slow]
# words in Latin letters that a Chinese page may show: units, identifiers of files and makes, the other language's name
ALLOWED = re.compile(
    r"English|CSV|XLSX|PDF|PR|MPPT|ISO|IEC|DC|AC|AB|QR|MW|MWh|kW|kWh|kWp|Wh|W|V|A|Hz|h|m|MB|GB|TB|s|min|°?C|cos|"
    r"HTTPS?|MQTT|Modbus|TCP|RTU|SUN2000\S*|duckdb|JavaScript|CT|PT|source|all|om|accountant|township|county|settlement"
)
DATA = re.compile(
    r"(?:[0-9A-F]{4} ){3,}[0-9A-F]{4}|[\w./:-]*\d[\w./:-]*|[a-z]+(?:[-_/][\w/-]+)+|[0-9A-F]{4}(?:-[0-9A-F]{4})+"
)
SERIOUS = {"serious", "critical"}


def strange_words(text: str, known: set[str]) -> set[str]:
    """Words in Latin letters that are neither allowed nor data."""
    left = DATA.sub(" ", text)
    return {word for word in re.findall(r"[A-Za-z][A-Za-z']+", left) if not ALLOWED.fullmatch(word)} - known


def registry_words(district: District) -> set[str]:
    """Words that are data: ids, makes and models of the devices."""
    devices = [d for plant in district.registry.plants for d in plant.devices]
    said = " ".join(f"{d.name} {d.profile} {d.device_id} {d.plant_id}" for d in devices)
    return set(re.findall(r"[A-Za-z][A-Za-z']+", said))


def check_page(page: Any, path: str, language: str, known: set[str]) -> list[str]:
    wrong = []
    if page.evaluate("document.documentElement.scrollWidth - window.innerWidth") > 0:
        wrong.append(f"{path}: scrolls sideways")
    if page.locator("h1").count() < 1:
        wrong.append(f"{path}: no heading")
    wrong += [f"{path}: {one}" for one in page.evaluate(LAYOUT_FAULTS)]
    text = page.evaluate("document.body.innerText")
    if language == "zh":
        strange = strange_words(text, known)
        wrong += [f"{path}: not translated {sorted(strange)}"] if strange else []
    return wrong


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_page_of_the_application_stands_up(
    world: District,
    paid: World,
    whole: str,
    browser: Any,
    tmp_path: Path,
    size: str,
    language: str,
) -> None:
    visit, wrong, known = Visit(browser, whole, size, "all"), [], registry_words(world)
    for path in addresses(world, paid):
        visit.open(path, language)
        wrong += check_page(visit.page, path, language, known)
        name = re.sub(r"\W+", "-", path).strip("-")[:60]
        visit.page.screenshot(path=tmp_path / f"{name}.{language}.{size}.png", full_page=True)
    assert wrong == []
    assert visit.wrong == []
    visit.context.close()


@pytest.mark.parametrize("size", SIZES)
def test_axe_finds_nothing_serious_on_any_page(
    world: District,
    paid: World,
    whole: str,
    browser: Any,
    size: str,
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    visit, found = Visit(browser, whole, size, "all"), []
    axe = Axe()
    # the focus target of the library's own drop-down is hidden from readers, its button beside it is not
    context = {"exclude": [[".dash-dropdown-focus-target"]]}
    options = {"resultTypes": ["violations"], "rules": {"scrollable-region-focusable": {"enabled": True}}}
    plain = plain_addresses(paid)
    for path in [*addresses(world, paid), *plain]:
        if path in plain:
            visit.page.goto(f"{whole}{path}")
        else:
            visit.open(path, "zh")
        results = axe.run(visit.page, context=context, options=options)
        for one in results.response["violations"]:
            if one["impact"] in SERIOUS:
                nodes = [node["html"][:110] for node in one["nodes"][:3]]
                found.append(f"{path}: {one['id']} {nodes}")
    assert found == [], "\n".join(found)
    visit.context.close()


@pytest.mark.parametrize("size", SIZES)
def test_plain_pages_are_small_and_do_not_scroll_sideways(
    paid: World,
    whole: str,
    browser: Any,
    tmp_path: Path,
    size: str,
) -> None:
    visit = Visit(browser, whole, size, "all")
    for path in plain_addresses(paid):
        answer = visit.page.goto(f"{whole}{path}")
        assert answer is not None
        assert answer.ok, path
        assert len(answer.body()) < 100_000
        assert check_page(visit.page, path, "zh", set()) == []
        visit.page.screenshot(
            path=tmp_path / f"{re.sub(r'[^a-z0-9]+', '-', path)}.{size}.png", full_page=True
        )
    visit.context.close()


@pytest.mark.parametrize("slide", ["curve", "map", "rank"])
def test_the_wall_screen_fits_a_television_without_scrolling(
    whole: str,
    browser: Any,
    tmp_path: Path,
    slide: str,
) -> None:
    visit = Visit(browser, whole, "desk", "all")
    visit.page.set_viewport_size({"width": 1920, "height": 1080})
    visit.page.goto(f"{whole}/screen/?slide={slide}")
    over = visit.page.evaluate(
        "[document.documentElement.scrollWidth - 1920, document.documentElement.scrollHeight - 1080]"
    )
    visit.page.screenshot(path=tmp_path / f"screen.{slide}.png")
    assert max(over) <= 0
    assert (
        visit.page.evaluate("parseFloat(getComputedStyle(document.querySelector('.tile b')).fontSize)") >= 80
    )
    visit.context.close()


def test_the_walk_notices_texts_that_overlap_or_are_cut_off(browser: Any) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 400})
    page = context.new_page()
    lines = "<p style='position:absolute;top:{top}px;left:9px'>发放金额</p>"
    page.set_content(lines.format(top=10) + lines.format(top=60))
    assert page.evaluate(LAYOUT_FAULTS) == []
    page.set_content(lines.format(top=10) + lines.format(top=14))
    assert page.evaluate(LAYOUT_FAULTS) == ["overlap: 发放金额 / 发放金额"]
    cut = "<div style='width:60px;overflow:hidden;white-space:nowrap{}'>很长很长很长的一句话</div>"
    page.set_content(cut.format(""))
    assert page.evaluate(LAYOUT_FAULTS) == ["cut off: 很长很长很长的一句话"]
    page.set_content(cut.format(";text-overflow:ellipsis"))
    assert page.evaluate(LAYOUT_FAULTS) == []
    context.close()
