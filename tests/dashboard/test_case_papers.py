"""Papers and pages about people: answers, contractors' months, contacts for all, channels, tags, spans as evidence."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from domain.alert import AlertState, Severity
from domain.notification import Event, Notification
from tests.alerts.makers import alert
from tests.dashboard.fixtures import NOON, World, build, few_plants, sample_registry
from tests.dashboard.test_work import client_of, page_text, post, send_photo

_TWO_HUNDRED = 200


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = build(tmp_path_factory.mktemp("papers"), few_plants(sample_registry()), days=0.6)
    yield made
    made.close()


@pytest.fixture(scope="module")
def app(world: World) -> Any:
    return world.app()


def registered(client: Any, token: str, **typed: str) -> str:
    made = post(client, token, "/app/orders/new", **typed)
    assert made.status_code == 303, made.get_data(as_text=True)
    return str(made.headers["Location"])


def order_of(world: World, client: Any, token: str, number: int = 0, subject: str = "查看围栏") -> str:
    place = world.registry.plants[number].name
    return registered(client, token, kind="order", subject=subject, place=place)


def test_a_villager_takes_his_answer_home_on_paper_without_his_name_on_it(world: World, app: Any) -> None:
    desk, token = client_of(app)
    village = world.registry.village_label(
        next(v.village_id for v in world.registry.villages if v.valid_to is None)
    )
    path = registered(
        desk, token, kind="report", subject="分红何时到账", place=village, reporter="张某（虚构）"
    )
    waiting = desk.get(f"{path}/answer").get_data(as_text=True)
    assert "最迟 2026-06-25 答复" in waiting
    assert post(desk, token, path, act="done", seen="1", text="7 月 10 日前到账").status_code == 303
    paper = desk.get(f"{path}/answer").get_data(as_text=True)
    assert "群众反映答复单 FY-2026-" in paper
    assert "7 月 10 日前到账" in paper
    assert "周主任（虚构）" in paper
    assert "张某" not in paper
    assert f"{path}/answer" in desk.get(path).get_data(as_text=True)


def test_a_contractor_gets_a_page_a_month_with_every_order(world: World, app: Any) -> None:
    desk, token = client_of(app)
    path = order_of(world, desk, token, subject="换风扇")
    number = desk.get(path).get_data(as_text=True).split("GD-2026-")[1][:4]
    paper = desk.get("/app/work/contractors?month=2026-06").get_data(as_text=True)
    assert "2026-06 运维承包方考核单" in paper
    assert "运维公司（虚构）" in paper
    assert f"GD-2026-{number}" in paper
    assert "换风扇" in paper
    assert "考核意见" in paper
    assert "换风扇" not in desk.get("/app/work/contractors?month=2026-05").get_data(as_text=True)
    assert client_of(app, "accountant")[0].get("/app/work/contractors").status_code == 403


def test_anybody_may_see_whom_to_turn_to_and_within_how_many_days(app: Any) -> None:
    stranger = app.test_client()
    page = stranger.get("/gs/contacts/").get_data(as_text=True)
    assert "周主任（虚构）" in page
    assert 'href="tel:0000-1000000"' in page
    assert "5 个工作日内答复" in page
    assert "<script" not in page
    assert "Set-Cookie" not in stranger.get("/gs/contacts/").headers
    assert "/gs/contacts/" in stranger.get("/").get_data(as_text=True)


def test_a_tag_hangs_and_comes_off_with_one_tap_on_the_order(world: World, app: Any) -> None:
    desk, token = client_of(app)
    path = order_of(world, desk, token, 1)
    assert post(desk, token, path, act="assign", seen="1", assignee="field").status_code == 303
    field, other = client_of(app, "field")
    assert "挂牌检修" in field.get(path).get_data(as_text=True)
    assert post(field, other, path, act="tag").status_code == 303
    page = field.get(path).get_data(as_text=True)
    assert "检修挂牌中，至 2026-06-18 15:40" in page
    [stop] = [one for one in world.records.stops(NOON, NOON + timedelta(hours=1)) if one.by == "field"]
    assert stop.plant_id == world.registry.plants[1].plant_id
    assert post(field, other, path, act="untag").status_code == 303
    assert "检修挂牌中" not in field.get(path).get_data(as_text=True)
    again = post(field, other, path, act="untag")
    assert again.status_code == 422
    assert "没有挂牌" in again.get_data(as_text=True)


def test_who_does_not_work_an_order_hangs_no_tag_there(world: World, app: Any) -> None:
    desk, token = client_of(app)
    path = order_of(world, desk, token, 2)
    assert post(desk, token, path, act="assign", seen="1", assignee="somebody").status_code == 303
    field, other = client_of(app, "field")
    assert post(field, other, path, act="tag").status_code in {403, 422}
    assert [one for one in world.records.stops(NOON, NOON + timedelta(hours=1)) if one.holds(NOON)] == []


def test_the_board_by_town_puts_the_orders_of_a_trip_together(world: World, app: Any) -> None:
    desk, token = client_of(app)
    order_of(world, desk, token, 0, "第一张")
    order_of(world, desk, token, 0, "第二张")
    said = page_text(world, "orders", mine="0", by="town")
    town = world.registry.towns_by_id[world.registry.plants[0].town_id].name
    assert f"{town} · " in said
    assert said.index(f"{town} · ") < said.index("第一张")
    assert "已销号 ·" not in said


def test_any_span_of_a_plant_prints_as_evidence_with_minutes_kilowatt_hours_and_yuan(
    world: World, app: Any
) -> None:
    desk, _ = client_of(app)
    plant = world.registry.plants[0]
    form = desk.get(f"/app/plants/{plant.plant_id}/evidence").get_data(as_text=True)
    assert 'name="from"' in form
    at = f"/app/plants/{plant.plant_id}/evidence?from=2026-06-18T08:00&to=2026-06-18T11:00"
    sheet = desk.get(at).get_data(as_text=True)
    assert "2026-06-18 08:00 – 2026-06-18 11:00" in sheet
    assert "<polyline" in sheet
    assert "超出限值的分钟数" in sheet
    assert "少收（元" in sheet
    odd = desk.get(at.replace("T11:00", "T07:00"))
    assert odd.status_code == 422
    assert "结束要晚于开始" in odd.get_data(as_text=True)
    assert desk.get(f"{at}&device=nobody").status_code == 403
    assert client_of(app, "narrow")[0].get(at.replace(plant.plant_id, "no-plant")).status_code == 403


def test_each_target_has_a_test_button_and_the_log_says_why(world: World, app: Any) -> None:
    one = alert("t1", Severity.S2)
    world.records.put_alerts([one], NOON)
    message = Notification(
        "n1", "log", "desk", Event.FIRING, Severity.S2, "t", "b", NOON, NOON, alert_ids=("t1",)
    )
    world.records.queue([], [message])
    desk, token = client_of(app)
    page = desk.get("/app/notify").get_data(as_text=True)
    assert "发测试消息" in page
    assert "/app/queue/t1" in page
    tested = post(desk, token, "/app/notify", target="log")
    assert "渠道 log 收下了测试消息" in tested.get_data(as_text=True)
    unknown = post(desk, token, "/app/notify", target="nobody")
    assert unknown.status_code == 422
    assert "没有渠道“nobody”" in unknown.get_data(as_text=True)
    assert client_of(app, "field")[0].get("/app/notify").status_code == 403


def test_a_silence_that_is_over_hides_nothing_from_the_call_list(world: World, app: Any) -> None:
    plant = world.registry.plants[0].plant_id
    one = alert("quiet", Severity.S2, plant_id=plant, since=NOON, fired_at=NOON, state=AlertState.FIRING)
    world.records.put_alerts([one], NOON)
    desk, token = client_of(app)
    typed = {"act": "silence", "seen": "0", "until": "2026-06-18T12:40", "reason": "换线"}
    assert post(desk, token, "/app/queue/quiet", **typed).status_code == 303
    name = world.registry.plants[0].name
    assert name not in desk.get("/app/calls").get_data(as_text=True)
    assert "屏蔽至" in desk.get("/app/queue/quiet").get_data(as_text=True)
    world.clock.advance(7200)
    try:
        assert name in desk.get("/app/calls").get_data(as_text=True)
        page = desk.get("/app/queue/quiet").get_data(as_text=True)
        assert "屏蔽至" not in page
    finally:
        world.clock.advance(-7200)


def test_what_a_fault_costs_is_shown_in_the_two_parts_that_are_paid_years_apart(
    world: World, app: Any
) -> None:
    parts = {"at_risk_benchmark_fen": "53180", "at_risk_subsidy_fen": "74330", "power_w": "0"}
    plant = world.registry.plants[1].plant_id
    one = alert("dear", Severity.S2, plant_id=plant, at_risk_fen=127_510, evidence=parts)
    world.records.put_alerts([one], NOON)
    assert "标杆 532 元 · 补贴 743 元" in page_text(world, "queue")
    page = client_of(app)[0].get("/app/queue/dear").get_data(as_text=True)
    assert "标杆 532 元 · 补贴 743 元" in page
    assert "at_risk" not in page
    assert "at_risk_benchmark_fen" not in page


def test_two_hundred_megabytes_are_turned_away_before_they_are_read(world: World, app: Any) -> None:
    desk, token = client_of(app)
    path = order_of(world, desk, token, 0, "太大的照片")
    answer = send_photo(desk, token, path, _TWO_HUNDRED)
    assert answer.status_code == 413
    assert "太大" in answer.get_data(as_text=True)
    assert "太大的照片" in desk.get(path).get_data(as_text=True)
    assert world.records.cases_acts(open_only=True)
