"""Set up in the browser: the first account, a device found on a real wire with live values, the list out and in again."""

import io
import re
import socket
import time
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from dashboard.factory import create_app
from dashboard.services import DashboardSettings
from domain.account import Role, Scope, User
from domain.clock import SystemClock
from main.build import options_from
from main.instance import Instance
from main.setting_up import setup_services
from main.settings import Settings, load_settings
from stores.question_protocol import FieldQuestion
from stores.reading_only import ReadingOnly
from stores.records.questions import SqlQuestionStore
from stores.records.store import SqlRecordStore
from tests.commands.builders import PASSWORD, QUICK
from tests.main.field.field import configured, field, running

KEY = "k3y-for-tests-" + "0123456789abcdef" * 3
CHOSEN = "tabu-lemo-4827-koni-vasi-pemu"


def login(client: Any, user: str) -> str:
    """Log in; return the CSRF token."""
    page = client.get("/login").get_data(as_text=True)
    token = page.split('name="csrf_token" value="')[1].split('"')[0]
    client.post("/login", data={"user": user, "password": PASSWORD, "csrf_token": token})
    page = client.get("/password").get_data(as_text=True)
    token = page.split('name="csrf_token" value="')[1].split('"')[0]
    return str(token)


def served(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a browser of an administrator on the pages of an instance; the second factor is another test's."""
    monkeypatch.setattr("main.instance.second_factors", lambda *_: None)
    for name, role in (("root", Role.ADMIN), ("om", Role.OM)):
        instance.records.add_user(
            User(name, name, frozenset({role}), Scope(everything=True), QUICK.hash(PASSWORD))
        )
    app = create_app(instance.services(), DashboardSettings(secret_key=KEY))
    return app.test_client(), app


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Any, Any, str, Instance]]:
    with field() as (port,):
        configured(tmp_path, port)
        with running(tmp_path) as instance:
            client, app = served(instance, monkeypatch)
            yield client, app, login(client, "root"), instance


def test_a_device_is_asked_shows_live_values_is_written_and_collected(desk: Any) -> None:
    client, _, token, instance = desk
    form = client.get("/app/setup/device").get_data(as_text=True)
    assert 'value="alpha alpha-gw"' in form
    sent = {"csrf_token": token, "wire": "alpha alpha-gw", "unit": "3", "rated": "50", "strings": "8"}
    asked = client.post("/app/setup/device", data=sent)
    assert asked.status_code == 303
    there = asked.location
    page = _settled(client, there)
    assert "huawei_sun2000" in page
    assert "ac_active_power_w" in page
    assert re.search(r"ac_active_power_w</code></td><td>-?\d", page)
    added = client.post(there, data={"csrf_token": token}).get_data(as_text=True)
    assert "alpha-inv-01" in added
    assert instance.options.registry.devices_by_id["alpha-inv-01"].unit == 3
    again = client.post(there, data={"csrf_token": token})
    assert again.status_code == 422 or "alpha-inv-02" not in instance.options.registry.devices_by_id
    actions = [
        (one.action, one.user_id)
        for one in instance.records.audit(instance.options.clock.now().replace(year=2000))
    ]
    assert ("device.ask", "root") in actions
    assert ("device.add", "root") in actions


def test_a_browser_of_another_process_asks_through_the_records_and_the_collector_answers(
    desk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, _, _, collecting = desk
    monkeypatch.setattr("main.instance.second_factors", lambda *_: None)
    web = Instance(collecting.options)  # no collector: as `pvmon serve`
    web.open_records()
    web.store = ReadingOnly(collecting.store)
    web.follow_registry()
    try:
        client = create_app(web.services(), DashboardSettings(secret_key=KEY)).test_client()
        token = login(client, "root")
        sent = {"csrf_token": token, "wire": "alpha alpha-gw", "unit": "3", "rated": "50", "strings": "8"}
        there = client.post("/app/setup/device", data=sent).location
        assert re.search(r"ac_active_power_w</code></td><td>-?\d", _settled(client, there))
        assert "alpha-inv-01" in client.post(there, data={"csrf_token": token}).get_data(as_text=True)
        for _ in range(200):
            if "alpha-inv-01" in collecting.options.registry.devices_by_id:
                break
            time.sleep(0.1)
        assert collecting.options.registry.devices_by_id["alpha-inv-01"].unit == 3
    finally:
        web.stop()


def test_a_sweep_tells_which_units_answer_and_leads_to_asking_them(desk: Any) -> None:
    client, _, token, _ = desk
    sent = {"csrf_token": token, "wire": "alpha alpha-gw", "unit": "1", "last": "4"}
    page = _settled(client, client.post("/app/setup/device", data=sent).location)
    assert re.findall(r"站号 (\d+)</a>", page) == ["3"]
    assert "huawei_sun2000" in page
    there = re.search(r'href="([^"]*unit=3[^"]*)"', page)
    assert there is not None
    form = client.get(there[1].replace("&amp;", "&")).get_data(as_text=True)
    assert 'maxlength="3" required value="3"' in form
    wide = client.post("/app/setup/device", data=sent | {"last": "77"})
    assert wide.status_code == 422
    assert "一次最多寻找 32 个站号" in wide.get_data(as_text=True)


def test_an_answer_is_shown_to_who_asked_and_a_question_nobody_takes_says_so(
    desk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, _, token, instance = desk
    store = SqlQuestionStore(instance.records.database)
    words = {"plant_id": "alpha", "gateway_id": "nobody-polls-this", "unit": 3}
    for ticket, who in (("mine", "root"), ("yours", "om")):
        store.put_question(FieldQuestion(ticket, who, SystemClock().now(), "nobody-polls-this", words))
    assert "已排队" in client.get("/app/setup/device/mine").get_data(as_text=True)
    assert "没有这次询问" in client.get("/app/setup/device/yours").get_data(as_text=True)
    monkeypatch.setattr("main.setup_desk._NOBODY_AFTER", timedelta(0))
    assert "没有采集程序来取" in client.get("/app/setup/device/mine").get_data(as_text=True)
    refused = client.post("/app/setup/device/mine", data={"csrf_token": token})
    assert refused.status_code == 422


def test_a_question_that_waited_for_a_collector_too_long_is_not_asked_any_more(desk: Any) -> None:
    client, _, _, instance = desk
    words = {"plant_id": "alpha", "gateway_id": "alpha-gw", "unit": 3}
    yesterday = SystemClock().now() - timedelta(hours=20)
    SqlQuestionStore(instance.records.database).put_question(
        FieldQuestion("old", "root", yesterday, "alpha-gw", words)
    )
    page = _settled(client, "/app/setup/device/old")
    assert "没有采集程序来取" in page
    assert "huawei_sun2000" not in page


@pytest.mark.parametrize(("language", "words"), [("zh", "连不上这条线路的网关"), ("en", "cannot be reached")])
def test_a_gateway_out_of_reach_is_told_in_the_readers_language(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, language: str, words: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    configured(tmp_path, port)
    with running(tmp_path) as instance:
        client, _ = served(instance, monkeypatch)
        token = login(client, "root")
        sent = {"csrf_token": token, "wire": "alpha alpha-gw", "unit": "3"}
        there = client.post("/app/setup/device", data=sent).location
        page = _settled(client, f"{there}?lang={language}")
        problem = re.search(r'role="alert">([^<]*)<', page)
        assert problem is not None
        assert words in problem[1]
        assert "Errno" not in page


def test_accounts_are_added_reset_closed_and_opened_in_the_browser(desk: Any) -> None:
    client, app, token, instance = desk
    town = instance.options.registry.towns[0].town_id

    def post(path: str = "", **fields: Any) -> Any:
        return client.post(f"/app/setup/users{path}", data={"csrf_token": token, **fields})

    new = {"user": "wang.fang", "name": "王芳（虚构）", "role": "township", "place": town}
    made = post(**new)
    once = re.search(r"<code style=[^>]*>([^<]+)</code>", made.get_data(as_text=True))
    assert once is not None
    assert made.headers["Cache-Control"] == "no-store"
    user = instance.records.user("wang.fang")
    assert (user.roles, user.scope) == (frozenset({Role.TOWNSHIP}), Scope(town_ids=frozenset({town})))
    assert user.must_change_password
    assert once[1] not in client.get("/app/setup/users").get_data(as_text=True)
    for changed, words in (
        ({"user": "A B"}, "用户名须为"),
        ({"user": "wang.fang"}, "已有用户"),
        ({"user": "b1", "name": " "}, "请填写姓名"),
        ({"user": "b1", "role": "machine"}, "请选择角色"),
        ({"user": "b1", "place": "nowhere"}, "请选择全区"),
        ({"user": "b1", "role": ["admin", "accountant"]}, "不能由同一个人担任"),
        ({"user": "b1", "name": "<script>x</script>", "role": ""}, "请选择角色"),
    ):
        answer = post(**(new | changed))
        assert answer.status_code == 422, changed
        assert words in answer.get_data(as_text=True), changed
        assert "<script>x" not in answer.get_data(as_text=True)
    assert "一次性密码" in post("/wang.fang/reset").get_data(as_text=True)
    assert post("/wang.fang/disable").status_code == 200
    assert instance.records.user("wang.fang").disabled
    assert "已停用" in client.get("/app/setup/users").get_data(as_text=True)
    assert post("/wang.fang/enable").status_code == 200
    assert not instance.records.user("wang.fang").disabled
    for who, act in (("root", "disable"), ("root", "reset"), ("nobody", "disable"), ("wang.fang", "drop")):
        assert post(f"/{who}/{act}").status_code == 422, (who, act)
    assert not instance.records.user("root").disabled
    other = app.test_client()
    theirs = login(other, "om")
    assert other.get("/app/setup/users").status_code == 403
    assert other.post("/app/setup/users", data={"csrf_token": theirs, **new}).status_code == 403


def _settled(client: Any, there: str) -> str:
    for _ in range(600):
        answer = client.get(there)
        if "Refresh" not in answer.headers:
            return str(answer.get_data(as_text=True))
        time.sleep(0.1)
    raise AssertionError("no answer came")


def test_what_cannot_be_asked_is_refused_in_words(desk: Any) -> None:
    client, _, token, _ = desk

    def said(**changed: str) -> str:
        sent = {"csrf_token": token, "wire": "alpha alpha-gw", "unit": "3", **changed}
        answer = client.post("/app/setup/device", data=sent)
        assert answer.status_code == 422
        return str(answer.get_data(as_text=True))

    assert "没有这条线路" in said(wire="alpha nothing")
    assert "没有这条线路" in said(wire="beta alpha-gw")
    assert "站号须在" in said(unit="0")
    assert "站号须在" in said(unit="-1")
    assert "已登记为" in said(unit="1")
    lost = client.get("/app/setup/device/nobody")
    assert lost.status_code == 422
    assert "没有这次询问" in lost.get_data(as_text=True)


def test_the_list_goes_out_as_yaml_and_as_excel_and_comes_back_the_same(desk: Any) -> None:
    client, _, token, instance = desk
    for form in ("yaml", "xlsx"):
        file = client.get(f"/app/setup/registry/file/{form}")
        assert file.status_code == 200
        answer = _send(client, token, file.data, keep="")
        assert "将有 0 处改动" in answer.get_data(as_text=True), form
    template = client.get("/app/setup/registry/file/template").data
    assert _send(client, token, template, keep="").status_code == 422
    assert client.get("/app/setup/registry/file/exe").status_code == 422
    assert not instance.options.settings.overlay_dir.exists() or instance.options.registry.plants


def test_a_changed_list_is_previewed_then_kept_and_is_in_force_at_once(desk: Any) -> None:
    client, _, token, instance = desk
    renamed = _renamed(client.get("/app/setup/registry/file/yaml").data)
    seen = _send(client, token, renamed, keep="")
    page = seen.get_data(as_text=True)
    assert "将有 1 处改动" in page
    parent = page.split('name="parent" value="')[1].split('"')[0]
    stale = _send(client, token, renamed, keep="1", parent="77")
    assert "已被别人改动" in stale.get_data(as_text=True)
    kept = _send(client, token, renamed, keep="1", parent=parent)
    assert "已生效，版本 1" in kept.get_data(as_text=True)
    assert instance.options.registry.plants_by_id["alpha"].name.endswith("（新）")
    again = _send(client, token, renamed, keep="1", parent="1")
    assert "没有可改的" in again.get_data(as_text=True)


def _renamed(content: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            text = old.read(name).decode()
            if name == "plants/alpha.yaml":
                text = re.sub(
                    r"^name: \"?([^\"\n]+)\"?$", r'name: "\1（新）"', text, count=1, flags=re.MULTILINE
                )
            new.writestr(name, text)
    return target.getvalue()


def _send(client: Any, token: str, content: bytes, **fields: str) -> Any:
    data = {"csrf_token": token, "file": (io.BytesIO(content), "list.bin"), **fields}
    return client.post("/app/setup/registry", data=data, content_type="multipart/form-data")


@pytest.mark.parametrize("name", ["../../evil.yaml", "/tmp/evil.yaml", "x/run.sh"])
def test_an_archive_that_leads_out_of_its_folder_is_refused(desk: Any, name: str) -> None:
    client, _, token, _ = desk
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("district.yaml", "a: b")
        archive.writestr(name, "a: b")
    answer = _send(client, token, target.getvalue(), keep="")
    assert answer.status_code == 422
    assert "不该有的文件" in answer.get_data(as_text=True)


@pytest.mark.parametrize("content", [b"", b"x", b"PK\x03\x04" + b"x" * 40])
def test_what_is_no_list_is_refused_without_a_trace(desk: Any, content: bytes) -> None:
    client, _, token, _ = desk
    answer = _send(client, token, content, keep="")
    assert answer.status_code == 422
    assert "Traceback" not in answer.get_data(as_text=True)


def test_every_setting_is_shown_with_its_value_and_explanation_and_no_secret(desk: Any) -> None:
    client, _, _, _ = desk
    page = client.get("/app/setup/settings").get_data(as_text=True)
    for name in Settings.model_fields:
        assert f"PVMON_{name.upper()}" in page
    assert "网页服务的端口" in page
    assert client.get("/app/setup").status_code == 200


def test_only_the_administrator_sets_up(desk: Any) -> None:
    _, app, _, _ = desk
    client = app.test_client()
    token = login(client, "om")
    for path in ("", "/settings", "/registry", "/registry/file/yaml", "/device", "/device/x"):
        assert client.get(f"/app/setup{path}").status_code == 403, path
    for path in ("/registry", "/device", "/device/x"):
        assert client.post(f"/app/setup{path}", data={"csrf_token": token}).status_code == 403, path


class _Fresh:
    """An instance with records and nobody in them, for the first account."""

    def __init__(self, folder: Path) -> None:
        configured(folder, 1)
        settings = load_settings({}, config_dir=folder / "config", data_dir=folder / "data")
        self.instance = Instance(options_from(settings))
        self.instance.keep()
        self.app = create_app(self.instance.services(), DashboardSettings(secret_key=KEY))

    @property
    def records(self) -> SqlRecordStore:
        return self.instance.records


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[_Fresh]:
    made = _Fresh(tmp_path)
    yield made
    made.instance.stop()


def _begin(client: Any, word: str, **changed: str) -> Any:
    page = client.get("/first").get_data(as_text=True)
    token = page.split('name="csrf_token" value="')[1].split('"')[0] if "csrf_token" in page else ""
    given = {"user": "liming", "name": "李明（虚构）", "password": CHOSEN, "again": CHOSEN, **changed}
    return client.post("/first", data={"csrf_token": token, "word": word, **given})


def test_the_first_account_is_made_with_the_word_of_the_start_and_only_once(fresh: _Fresh) -> None:
    client, word = fresh.app.test_client(), fresh.instance.first_word
    assert word
    assert client.get("/login").location == "/first"
    assert _begin(client, word, again="other").status_code == 422
    assert _begin(client, word, password="short", again="short").status_code == 422
    assert _begin(client, word, user="Ä b").status_code == 422
    assert fresh.records.users() == []
    made = _begin(client, word)
    assert (made.status_code, made.location) == (303, "/login?next=/app/setup")
    (user,) = fresh.records.users()
    assert (user.user_id, user.roles, user.must_change_password) == ("liming", frozenset({Role.ADMIN}), False)
    assert QUICK.verify(user.password_hash, CHOSEN)
    assert client.get("/first").status_code == 404
    assert _begin(client, word, user="second").status_code in {400, 404}
    assert client.get("/login").status_code == 200
    assert setup_services(fresh.instance).first is None


def test_a_wrong_word_is_slowed_down_and_makes_nothing(fresh: _Fresh) -> None:
    client = fresh.app.test_client()
    said = [_begin(client, "guess").get_data(as_text=True) for _ in range(8)]
    assert "启动码不对" in said[0]
    assert "试错太多" in said[-1]
    assert fresh.records.users() == []
