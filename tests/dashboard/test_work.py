"""Pages of work through the real server: queue, one alert, orders from registering to closing, tags, sheets."""

import io
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from domain.alert import Alert, AlertState, Severity
from domain.case import CaseState
from tests.dashboard.fixtures import NOON, World, build, few_plants, login, sample_registry


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = busy_district(tmp_path_factory.mktemp("busy"))
    yield made
    made.close()


def busy_district(folder: Path, days: float = 0.6) -> World:
    """Return a small district with open alerts."""
    made = build(folder, few_plants(sample_registry()), days=days)
    made.records.put_alerts(alerts(made), NOON)
    return made


def alerts(world: World) -> list[Alert]:
    since = NOON - timedelta(hours=2)
    found = []
    for number, plant in enumerate(world.registry.plants[:3]):
        device = next(d for d in plant.devices if d.kind.value == "inverter")
        found.append(
            Alert(
                f"x{number}",
                "F08",
                plant.plant_id,
                device.device_id,
                "",
                Severity(number + 1),
                AlertState.FIRING,
                since,
                since,
                subject=device.device_id,
                at_risk_fen=(number + 1) * 10_000,
                evidence={"power_w": "0"},
            )
        )
    found.append(
        Alert(
            "child",
            "F08",
            found[0].plant_id,
            "",
            "",
            Severity.S3,
            AlertState.FIRING,
            since,
            since,
            parent_id="x0",
        )
    )
    return found


@pytest.fixture(scope="module")
def app(busy: World) -> Any:
    return busy.app()


def client_of(app: Any, user: str = "om") -> tuple[Any, str]:
    client = app.test_client()
    return client, login(client, user)


def post(client: Any, token: str, path: str, **typed: Any) -> Any:
    return client.post(
        path,
        data={"csrf_token": token, **typed},
        content_type="multipart/form-data",
        headers={"Accept": "text/html"},
    )


def page_text(world: World, name: str, user: str = "om", **args: str) -> str:
    """Return the words of a Dash page."""
    from access.principal import principal_of
    from dashboard import shell
    from dashboard.factory import pages
    from dashboard.pages.base import Site
    from dashboard.services import queries_over
    from texts.loader import Texts

    services = world.services
    texts = {language: Texts(language) for language in ("zh", "en")}
    site = Site(services, queries_over(services.sources), world.settings, texts)
    account = world.records.user(user)
    assert account is not None
    body, _ = shell.show(site, pages(), principal_of(account), f"/app/{name}", args)
    return str(body)


def photo() -> bytes:
    held = io.BytesIO()
    Image.new("RGB", (32, 32), (200, 120, 40)).save(held, "JPEG")
    return held.getvalue()


def test_the_queue_puts_danger_first_and_hides_what_a_parent_explains(busy: World) -> None:
    said = page_text(busy, "queue")
    assert said.index("queue/x0") < min(said.index("queue/x1"), said.index("queue/x2"))
    assert "queue/child" not in said
    assert "含 1 条由它引起的告警" in said
    assert "约损失 600 元" in said


def test_who_sees_one_plant_sees_its_faults_only(busy: World, app: Any) -> None:
    said = page_text(busy, "queue", "narrow")
    assert "queue/x0" in said
    assert "queue/x1" not in said
    client, _ = client_of(app, "narrow")
    assert client.get("/app/queue/x1").status_code == 403
    assert client.get("/app/queue/x0").status_code == 200


def test_of_two_people_who_acknowledge_the_second_is_told_who_was_first(busy: World, app: Any) -> None:
    first, token = client_of(app)
    second, other = client_of(app, "narrow")
    assert post(first, token, "/app/queue/x0", act="acknowledge", seen="0").status_code == 303
    late = post(second, other, "/app/queue/x0", act="acknowledge", seen="0")
    assert late.status_code == 422
    assert "om 已在" in late.get_data(as_text=True)
    assert len(busy.records.alert_acts(["x0"])["x0"]) == 1


def test_a_silence_without_an_end_or_a_reason_is_refused_with_words(app: Any) -> None:
    client, token = client_of(app)
    no_end = post(client, token, "/app/queue/x1", act="silence", seen="0", until="", reason="换线")
    assert no_end.status_code == 422
    assert "结束时间" in no_end.get_data(as_text=True)
    no_reason = post(
        client, token, "/app/queue/x1", act="silence", seen="0", until="2026-06-18T18:00", reason=""
    )
    assert "理由" in no_reason.get_data(as_text=True)
    odd = post(client, token, "/app/queue/x1", act="explode", seen="0")
    assert odd.status_code == 422


def test_an_order_goes_from_the_alert_to_the_field_and_back(busy: World, app: Any) -> None:
    desk, token = client_of(app)
    made = post(desk, token, "/app/queue/x1", act="order", assignee="field")
    assert made.status_code == 303
    path = made.headers["Location"]
    again = post(desk, token, "/app/queue/x1", act="order", assignee="field")
    assert again.status_code == 422
    assert "已有工单 GD-2026-" in again.get_data(as_text=True)
    field, other = client_of(app, "field")
    assert path.rsplit("/", 1)[1] in page_text(busy, "orders", "field")
    page = field.get(path).get_data(as_text=True)
    assert 'capture="environment"' in page
    assert 'value="accept"' not in page
    assert post(field, other, path, act="arrive", seen="2").status_code == 303
    sent = post(
        field, other, path, act="photo", seen="3", stage="after", photo=(io.BytesIO(photo()), "a.jpg")
    )
    assert sent.status_code == 303
    without = post(field, other, path, act="done", seen="4", text="合上断路器", cause="")
    assert "请选择原因" in without.get_data(as_text=True)
    assert 'value="合上断路器"' in without.get_data(as_text=True)
    assert (
        post(field, other, path, act="done", seen="4", text="合上断路器", cause="breaker").status_code == 303
    )
    old = post(field, other, path, act="note", seen="2", text="晚了")
    assert old.status_code == 422
    assert "刷新" in old.get_data(as_text=True)
    assert post(field, other, path, act="accept", seen="5", text="好").status_code == 403
    case_id = path.rsplit("/", 1)[1]
    board = busy.services.work
    assert board is not None
    shown = desk.get(path).get_data(as_text=True)
    assert "等有足够日照后自动复核" in shown
    picture = desk.get(shown.split('<img src="')[1].split('"')[0])
    assert picture.mimetype == "image/jpeg"
    sheet = desk.get(f"{path}/print?size=A5").get_data(as_text=True)
    assert "size: A5" in sheet
    assert sheet.index("安全第一") < sheet.index("地点")
    assert busy.records.case_of_alert("x1") == case_id


def send_photo(client: Any, token: str, path: str, megabytes: int) -> Any:
    """Send a picture of that size as a browser does."""
    parts = {"csrf_token": token, "act": "photo", "seen": "1", "stage": "before"}
    body = b"".join(
        f'--cut\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in parts.items()
    )
    head = b'--cut\r\nContent-Disposition: form-data; name="photo"; filename="a.jpg"\r\n\r\n\xff\xd8\xff'
    body += head + b"0" * (megabytes * 1024 * 1024) + b"\r\n--cut--\r\n"
    return client.post(
        path, data=body, content_type="multipart/form-data; boundary=cut", headers={"Accept": "text/html"}
    )


def test_a_photo_of_two_hundred_megabytes_is_turned_away_and_nothing_is_lost(busy: World, app: Any) -> None:
    desk, token = client_of(app)
    made = post(
        desk, token, "/app/orders/new", kind="order", subject="查看围栏", place=busy.registry.plants[0].name
    )
    path = made.headers["Location"]
    assert send_photo(desk, token, path, 29).status_code == 413
    refused = send_photo(desk, token, path, 6)
    assert refused.status_code == 422
    assert "照片太大" in refused.get_data(as_text=True)
    assert "查看围栏" in desk.get(path).get_data(as_text=True)


def test_a_villagers_report_gets_a_number_a_limit_and_keeps_its_reporter_from_the_curious(
    busy: World, app: Any
) -> None:
    desk, token = client_of(app)
    form = desk.get("/app/orders/new?kind=report").get_data(as_text=True)
    assert form.count("<script") == form.count("60-drafts.js") == 1, "the form itself needs none"
    village = busy.registry.village_label(
        next(v.village_id for v in busy.registry.villages if v.valid_to is None)
    )
    nameless = post(desk, token, "/app/orders/new", kind="report", subject="分红何时到账", place=village)
    assert nameless.status_code == 422
    assert 'value="分红何时到账"' in nameless.get_data(as_text=True)
    made = post(
        desk,
        token,
        "/app/orders/new",
        kind="report",
        subject="分红何时到账",
        place=village,
        reporter="张某（虚构）",
    )
    path = made.headers["Location"]
    page = desk.get(path).get_data(as_text=True)
    assert "FY-2026-0001" in page
    assert "张某（虚构）" in page
    assert "2026-06-26 00:00" in page  # five working days after Thursday 18 June, the whole day included
    curious, _ = client_of(app, "field")
    assert "张某（虚构）" not in curious.get(path).get_data(as_text=True)
    sheet = desk.get(f"{path}/print").get_data(as_text=True)
    assert "张某（虚构）" not in sheet
    assert "先查三项" not in sheet, "no rule says what to check"


def test_an_order_for_a_retired_or_unknown_device_is_refused(busy: World, app: Any) -> None:
    desk, token = client_of(app)
    name = busy.registry.plants[0].name
    answer = post(desk, token, "/app/orders/new", kind="order", subject="换风扇", place=name, device="inv-99")
    assert answer.status_code == 422
    assert "没有设备 inv-99" in answer.get_data(as_text=True)


def test_a_tag_turns_a_fault_into_a_note_and_is_taken_off(busy: World, app: Any) -> None:
    desk, token = client_of(app)
    plant = busy.registry.plants_by_id[busy.records.alert("x2").plant_id]  # type: ignore[union-attr]
    empty = post(
        desk, token, "/app/stops", kind="maintenance", plant=plant.name, until="2026-06-18T16:00", reason=""
    )
    assert empty.status_code == 422
    assert (
        post(
            desk,
            token,
            "/app/stops",
            kind="maintenance",
            plant=plant.name,
            until="2026-06-18T16:00",
            reason="清洗组件",
        ).status_code
        == 303
    )
    said = page_text(busy, "queue")
    assert "已搁置、挂牌或计划停电" in said
    assert said.index("已搁置、挂牌或计划停电") < said.index("queue/x2")
    stop = desk.get("/app/stops").get_data(as_text=True).split('name="end" value="')[1].split('"')[0]
    assert post(desk, token, "/app/stops", end=stop).status_code == 303
    assert post(desk, token, "/app/stops", end=stop).status_code == 422


def test_an_outage_needs_a_feeder_of_ours(app: Any) -> None:
    desk, token = client_of(app)
    answer = post(
        desk, token, "/app/stops", kind="outage", feeder="某线", until="2026-06-18T16:00", reason="检修"
    )
    assert "没有线路“某线”" in answer.get_data(as_text=True)


def test_the_evidence_sheet_draws_the_part_beside_its_neighbours(app: Any) -> None:
    desk, _ = client_of(app)
    sheet = desk.get("/app/queue/x0/evidence").get_data(as_text=True)
    assert "<polyline" in sheet
    assert "<th>功率</th><td>0 W</td>" in sheet
    assert "低于同类九成的分钟数" in sheet
    assert "数据完整率" in sheet
    assert "样例，非真实数据" in sheet


def test_the_call_list_has_what_nobody_took(app: Any) -> None:
    desk, _ = client_of(app)
    sheet = desk.get("/app/calls").get_data(as_text=True)
    assert "电话清单 2026-06-18" in sheet
    assert "<th>打给谁</th>" in sheet


def test_month_calendar_and_contacts_are_shown_and_printed(busy: World, app: Any) -> None:
    said = page_text(busy, "work")
    assert "责任人公示" in said
    assert "周主任（虚构）" in said
    assert "值班台每天条数" in said
    desk, _ = client_of(app)
    assert "2026-06 运维月报" in desk.get("/app/work/print?month=2026-06").get_data(as_text=True)


def test_who_may_not_is_turned_away(app: Any) -> None:
    client, token = client_of(app, "county")
    assert client.get("/app/orders/new").status_code == 403
    assert client.get("/app/stops").status_code == 403
    assert post(client, token, "/app/queue/x2", act="acknowledge", seen="0").status_code == 403
    stranger, _ = client_of(app, "accountant")
    assert stranger.get("/app/queue/x2").status_code == 403


def test_the_states_of_a_case_are_the_columns_of_the_board(busy: World) -> None:
    said = page_text(busy, "orders", mine="0")
    for words in ("待派", "已派", "处理中", "待验收", "已销号"):
        assert words in said
    assert len(CaseState) == 5
