"""Set-up, deputy, sharing and forms in a real browser: both sizes and languages, quiet, nothing sideways, axe content."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from commands.passwords import Passwords
from commands.setting_up import FirstStart, SettingUp
from dashboard.factory import create_app
from dashboard.services import SetupServices
from domain.account import Role, Scope, User
from domain.clock import SystemClock
from main.build import options_from
from main.instance import Instance
from main.settings import Settings, load_settings
from main.setup_desk import FileSetupDesk
from stores.records.store import SqlRecordStore
from tests.browser.test_pages import SIZES, Visit
from tests.browser.test_walk import SERIOUS, check_page
from tests.dashboard.fixtures import PASSWORD, ROOT, USERS, Served, World
from tests.dashboard.test_work import alerts

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.needs("cjk_font"), pytest.mark.slow]
OF_ADMIN = ("", "/settings", "/registry", "/device", "/device/none", "/users")
OF_OM = (
    "/app/deputy",
    "/app/share?kind=brief",
    "/app/share?kind=alert&id=x0",
    "/app/report-form",
    "/app/stops",
)

# names of files, commands, settings and placeholders that a Chinese page may show
KNOWN = """
narrow Ctrl
pvmon device add user registry undo xlsx zip duckdb influx ntp field person info YAML Excel None API
DuckDB SQLite InfluxDB CA PEM JPEG PNG edge run backup mqtts broker cookie metrics store https
example cn public url pv zh narrow plants config data district first last month place household payee group
"""


@pytest.fixture(scope="module")
def base(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The pages with the delivered list behind setting up, and nobody to stand in for but one."""
    world.records.put_alerts(alerts(world), world.clock.now())
    hashed = world.passwords.hash(PASSWORD)
    world.records.add_user(
        User("om2", "赵运维（虚构）", frozenset({Role.OM}), Scope(everything=True), hashed)
    )
    settings = load_settings({}, config_dir=ROOT / "config", data_dir=tmp_path_factory.mktemp("setup"))
    instance = Instance(options_from(settings))
    instance.open_records()
    up = SettingUp(world.records, FileSetupDesk(instance), SystemClock())
    served = Served(create_app(replace(world.services, setup=SetupServices(up)), world.settings))
    yield served.url
    served.stop()
    instance.stop()


def look(page: Any, url: str, language: str, picture: Path, known: set[str]) -> list[str]:
    """Open a page and return everything that is wrong with it."""
    from axe_playwright_python.sync_playwright import Axe

    page.goto(f"{url}{'&' if '?' in url else '?'}lang={language}")
    page.wait_for_selector("#page .page, body > main")
    page.wait_for_load_state("networkidle")
    wrong = check_page(page, url.partition("/app")[2] or url, language, known)
    results = Axe().run(page, options={"resultTypes": ["violations"]})
    for one in results.response["violations"]:
        if one["impact"] in SERIOUS:
            wrong.append(f"{url}: {one['id']} {[node['html'][:110] for node in one['nodes'][:3]]}")
    page.screenshot(path=picture, full_page=True)
    return wrong


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("user", ["admin", "om"])
def test_each_of_these_pages_stands_up(
    world: World, base: str, browser: Any, tmp_path: Path, size: str, language: str, user: str
) -> None:
    paths = [f"/app/setup{part}" for part in OF_ADMIN] if user == "admin" else list(OF_OM)
    visit, wrong = Visit(browser, base, size, user), []
    known = {*KNOWN.split(), *USERS}
    known |= set(re.findall(r"[A-Z]+", " ".join(Settings.model_fields).upper())) | {"PVMON"}
    known |= set(re.findall(r"[A-Za-z]+", " ".join(d.device_id for d in world.registry.devices())))
    for path in paths:
        name = re.sub(r"\W+", "-", path).strip("-")
        found = look(visit.page, f"{base}{path}", language, tmp_path / f"{name}.{language}.{size}.png", known)
        wrong += [one for one in found if not (path.endswith("none") and "422" in one)]
    assert wrong == []
    visit.wrong = [one for one in visit.wrong if "422" not in one]  # an unknown ticket says so
    assert visit.wrong == []
    visit.context.close()


@pytest.mark.parametrize("size", SIZES)
def test_the_first_start_stands_up_and_makes_the_account(
    world: World, browser: Any, tmp_path: Path, size: str
) -> None:
    records = SqlRecordStore.at(tmp_path / "records.sqlite")
    first = FirstStart(records, Passwords(memory_kib=64, passes=1), SystemClock(), "0a1b2c3d4e5f")
    setup = SetupServices(world.services.setup.up, first) if world.services.setup else None
    served = Served(create_app(replace(world.services, setup=setup), world.settings))
    width, height = SIZES[size]
    context = browser.new_context(viewport={"width": width, "height": height}, locale="zh-CN")
    page = context.new_page()
    page.goto(f"{served.url}/")
    assert page.url.endswith("/first")
    for language in ("en", "zh"):
        picture = tmp_path / f"first.{language}.{size}.png"
        assert look(page, f"{served.url}/first", language, picture, set()) == []
    chosen = "tabu-lemo-4827-koni-vasi-pemu"
    given = {
        "word": "0a1b2c3d4e5f",
        "user": "liming",
        "name": "李明（虚构）",
        "password": chosen,
        "again": chosen,
    }
    for name, value in given.items():
        page.fill(f"#{name}", value)
    page.click("button.primary")
    page.wait_for_url("**/login?**")
    assert [one.user_id for one in records.users()] == ["liming"]
    context.close()
    served.stop()
    records.close()
