"""The interface as programs see it: tokens, scope, pages of lists, forms, tags, limits, its description."""

import csv
import io
from datetime import timedelta
from typing import Any

import pytest

from access.areas import AREA_PERMISSIONS, Area
from access.guard import permission_of
from tests.api.faces import Face, face_over


def _items(face: Face, path: str, token: str = "all") -> list[dict[str, Any]]:
    answer = face.ask(path, token)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return list(answer.get_json()["items"])


def test_the_plants_are_those_of_the_registry_with_what_is_in_force_today(face: Face) -> None:
    rows = _items(face, "/plants")
    plants = sorted(face.world.registry.plants, key=lambda plant: plant.plant_id)
    assert [row["plant_id"] for row in rows] == [plant.plant_id for plant in plants]
    assert sum(row["ac_capacity_kw"] for row in rows) == pytest.approx(
        sum(plant.ac_capacity_kw for plant in plants)
    )
    assert face.ask(f"/plants/{plants[0].plant_id}").get_json() == rows[0]


def test_a_list_read_in_pages_is_the_whole_list(face: Face) -> None:
    whole = _items(face, "/devices")
    found: list[Any] = []
    path = "/devices?limit=7"
    while True:
        told = face.ask(path).get_json()
        found += told["items"]
        if told["next"] is None:
            break
        assert len(told["items"]) == 7
        path = f"/devices?limit=7&cursor={told['next']}"
    assert found == whole
    assert len(whole) > 20


def _samples_path(face: Face, **more: object) -> str:
    inverters = [d.device_id for d in face.world.registry.plants[0].devices if d.kind.value == "inverter"]
    end = face.world.clock.now()
    asked = {
        "device_id": ",".join(inverters[:2]),
        "quantity": "ac_active_power_w,ac_energy_total_wh",
        "from": (end - timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "to": end.strftime("%Y-%m-%dT%H:%M:%SZ"),
        **more,
    }
    return "/samples?" + "&".join(f"{name}={value}" for name, value in asked.items())


def test_samples_are_those_of_the_store_and_page_without_loss(face: Face) -> None:
    rows = _items(face, _samples_path(face, limit=5000))
    found: list[Any] = []
    cursor = None
    for _ in range(200):
        told = face.ask(_samples_path(face, limit=5) + (f"&cursor={cursor}" if cursor else "")).get_json()
        found += told["items"]
        cursor = told["next"]
        if cursor is None:
            break
    assert found == rows
    assert len(rows) == 24  # two inverters, every ten minutes of two hours
    assert {name for row in rows for name in row["values"]} == {"ac_active_power_w", "ac_energy_total_wh"}
    assert all(row["values"]["ac_active_power_w"] > 0 for row in rows)


def test_buckets_are_named_by_their_start(face: Face) -> None:
    rows = _items(face, _samples_path(face, every="1h"))
    assert {row["measured_at"][14:] for row in rows} == {"00:00Z"}
    assert 4 <= len(rows) <= 6


def test_lists_come_as_csv_for_who_asks(face: Face) -> None:
    answer = face.ask(_samples_path(face, limit=3), Accept="text/csv")
    assert answer.mimetype == "text/csv"
    lines = list(csv.reader(io.StringIO(answer.get_data().decode("utf-8-sig"))))
    assert lines[0] == ["device_id", "measured_at", "ac_active_power_w", "ac_energy_total_wh"]
    assert len(lines) == 4
    assert answer.headers["X-Next-Cursor"]
    following = face.ask(_samples_path(face, limit=3) + f"&cursor={answer.headers['X-Next-Cursor']}")
    assert following.get_json()["items"][0]["measured_at"] > lines[-1][1]
    assert face.ask("/token", Accept="text/csv").status_code == 406
    assert face.ask("/plants", Accept="image/png").status_code == 406


def test_what_has_not_changed_is_not_sent_again(face: Face) -> None:
    first = face.ask("/plants")
    again = face.ask("/plants", If_None_Match=first.headers["ETag"])
    assert (again.status_code, again.get_data()) == (304, b"")
    assert face.ask("/plants", If_None_Match='"other"').status_code == 200
    assert first.headers["Cache-Control"] == "private, no-cache"


@pytest.mark.parametrize("token", ["", "nonsense", "pvmon_0123456789ab_" + "x" * 43])
def test_without_a_good_token_there_is_nothing(face: Face, token: str) -> None:
    for path in ("/plants", "/openapi.json", "/nowhere", "/samples", ""):
        answer = face.ask(path, token)
        assert answer.status_code == 401
        assert answer.mimetype == "application/problem+json"
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_session_of_a_person_opens_nothing_here(face: Face) -> None:
    from tests.dashboard.fixtures import login

    client = face.app.test_client()
    login(client, "om")
    assert client.get("/app/").status_code == 200
    assert client.get("/api/v1/plants").status_code == 401


def test_a_token_opens_only_its_areas(face: Face) -> None:
    assert face.ask("/plants", "plants").status_code == 200
    for path in (_samples_path(face), "/alerts", "/cases", "/revenue/villages", "/industries/indicators"):
        assert face.ask(path, "plants").status_code == 403, path
        assert face.ask(path, "all").status_code == 200, path


def test_what_is_out_of_scope_is_answered_like_what_does_not_exist(face: Face) -> None:
    own, foreign = (plant.plant_id for plant in face.world.registry.plants[:2])
    assert [row["plant_id"] for row in _items(face, "/plants", "narrow")] == [own]
    assert {row["plant_id"] for row in _items(face, "/alerts", "narrow")} == {own}
    assert {row["plant_id"] for row in _items(face, "/alerts")} == {own, foreign}
    for path in ("/plants/{}", "/devices?plant_id={}", "/kpis/daily?first=2026-06-17&plant_id={}"):
        assert face.ask(path.format(own), "narrow").status_code == 200
        seen, unknown = (face.ask(path.format(one), "narrow") for one in (foreign, "nowhere"))
        assert seen.status_code == unknown.status_code == 404
        assert seen.get_data() == unknown.get_data()


def test_days_are_those_that_were_kept_and_missing_stays_null(face: Face) -> None:
    rows = _items(face, "/kpis/daily?first=2026-06-15&last=2026-06-17")
    assert len(rows) == 6
    assert rows == sorted(rows, key=lambda row: (row["plant_id"], row["day"]))
    assert {row["exported_energy_kwh"] for row in rows} == {None}
    assert face.ask("/kpis/daily?first=2020-01-01&last=2026-06-17").status_code == 422


def test_alerts_are_listed_open_or_by_time(face: Face) -> None:
    assert len(_items(face, "/alerts")) == 2
    assert _items(face, "/alerts?severity=1") == []
    assert face.ask("/alerts?state=all").status_code == 422
    past = "/alerts?state=all&from=2026-06-17T00:00:00Z&to=2026-06-19T00:00:00Z"
    assert len(_items(face, past)) == 2


def test_money_is_whole_fen_and_agrees_with_the_page(face: Face) -> None:
    from tests.access.people import somebody

    queries = face.world.services.money_queries
    assert queries is not None
    from domain.account import Role

    auditor = somebody(Role.AUDITOR)
    period = queries.periods(auditor)[0]
    rows = _items(face, f"/revenue/statements?period={period}")
    shown = queries.statements(auditor, period)
    assert [row["base_fen"] for row in rows] == [one.base_fen for one in shown]
    assert rows
    village = next(v for v, _ in queries.villages(auditor) if queries.income(auditor, v))
    months = _items(face, f"/revenue/villages/{village}/income")
    assert [m["net_fen"] for m in months] == [m.net_fen for m in queries.income(auditor, village)]
    assert face.ask(f"/revenue/villages/{village}/income", "narrow").status_code == 404


def test_indicators_come_with_their_targets(face: Face) -> None:
    rows = {row["indicator_id"]: row for row in _items(face, "/industries/indicators")}
    assert rows["fungus_bags"]["target_base"] == 100_000_000


def test_attainment_is_null_where_nobody_reported(face: Face) -> None:
    rows = {row["indicator_id"]: row for row in _items(face, "/industries/attainment?period=2026-05")}
    assert rows["fungus_bags"]["target_base"] == 100_000_000
    assert rows["fungus_bags"]["reached_base"] is None


def test_a_token_is_told_what_it_may(face: Face) -> None:
    told = face.ask("/token", "narrow").get_json()
    assert told["areas"] == sorted(area.value for area in Area)
    assert told["plant_ids"] == [face.world.registry.plants[0].plant_id]
    assert face.tokens["narrow"] not in str(told)


@pytest.mark.parametrize(
    ("path", "status", "says"),
    [
        ("/plants?limit=0", 400, "limit"),
        ("/plants?x=1", 400, "no such parameter"),
        ("/plants?cursor=AAAAAAAAAAAA", 422, "cursor"),
        ("/samples", 400, "device_id"),
        ("/revenue/statements?period=2026-13", 400, "period"),
        ("/devices?kind=toaster", 400, "kind"),
    ],
)
def test_a_question_that_is_not_right_says_what_to_do(face: Face, path: str, status: int, says: str) -> None:
    answer = face.ask(path, Accept_Language="en")
    assert answer.status_code == status
    assert says in answer.get_json()["detail"]
    assert answer.get_json()["status"] == status


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"quantity": "nonsense_w"}, "quantity"),
        ({"from": "2016-01-01T00:00:00Z"}, "days"),
        ({"to": "2016-01-01T00:00:00Z"}, "before"),
        ({"device_id": ",".join("abcdefghijklmnopqrstuv")}, ""),
    ],
)
def test_too_much_or_unsound_samples_are_refused(face: Face, more: dict[str, str], says: str) -> None:
    answer = face.ask(_samples_path(face, **more))
    assert answer.status_code in {404, 422}
    assert says in answer.get_json().get("detail", "")


def test_who_asks_too_fast_waits_and_the_neighbour_does_not(face: Face) -> None:
    slow = face_over(face.world, per_minute=1)
    codes = [slow.ask("/token").status_code for _ in range(70)]
    assert codes.count(200) == 60
    limited = slow.ask("/token")
    assert limited.status_code == 429
    assert 1 <= int(limited.headers["Retry-After"]) <= 61
    assert slow.ask("/token", "plants").status_code == 200


def test_nothing_can_be_written(face: Face) -> None:
    client = face.app.test_client()
    headers = {"Authorization": f"Bearer {face.tokens['all']}"}
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        answer = client.open("/api/v1/plants", method=method, headers=headers, json={})
        assert answer.status_code == 405
        assert answer.mimetype == "application/problem+json"


def test_errors_inside_show_an_incident_only(face: Face, monkeypatch: pytest.MonkeyPatch) -> None:
    from queries.exchange import Exchange

    def crash(*_: object) -> None:
        raise ZeroDivisionError("secret inside")

    monkeypatch.setattr(Exchange, "quantities", crash)
    answer = face.ask("/quantities")
    assert answer.status_code == 500
    assert answer.get_json()["incident"]
    assert "secret" not in answer.get_data(as_text=True)


def test_the_description_covers_every_route_and_is_in_both_languages(face: Face) -> None:
    told = face.ask("/openapi.json").get_json()
    english = face.ask("/openapi.json", Accept_Language="en").get_json()
    assert told["openapi"] == "3.1.0"
    served = {
        rule.rule.removeprefix("/api/v1").replace("<", "{").replace(">", "}")
        for rule in face.app.url_map.iter_rules()
        if rule.rule.startswith("/api/")
    }
    assert set(told["paths"]) == served
    assert len(served) >= 15
    assert told["paths"]["/plants"]["get"]["summary"] != english["paths"]["/plants"]["get"]["summary"]


def test_every_route_states_a_permission_some_area_opens(face: Face) -> None:
    opened = frozenset().union(*AREA_PERMISSIONS.values())
    for rule in face.app.url_map.iter_rules():
        if rule.rule.startswith("/api/"):
            stated = permission_of(face.app.view_functions[rule.endpoint])
            assert stated is not None
            assert stated in opened or rule.endpoint in {"api.token", "api.openapi"}, rule.rule


def test_every_answer_carries_the_headers_of_the_server(face: Face) -> None:
    for path in ("/plants", "/nowhere", "/plants?x=1"):
        headers = face.ask(path).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'self'" in headers["Content-Security-Policy"]
        assert "Set-Cookie" not in headers
        assert "Access-Control-Allow-Origin" not in headers
