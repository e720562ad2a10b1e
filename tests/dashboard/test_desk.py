"""The desk's bell: who is called to what, and the text people paste into a group."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from alerts.message import CHARS_MAX
from domain.alert import Severity
from domain.notification import Event, Notification
from tests.dashboard.fixtures import NOON, World
from tests.dashboard.test_work import busy_district, client_of, page_text


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = busy_district(tmp_path_factory.mktemp("desk"), days=0.1)
    yield made
    made.close()


@pytest.fixture(scope="module")
def app(busy: World) -> Any:
    return busy.app()


def message(world: World, number: int, alert_id: str, **changes: Any) -> Notification:
    now = world.clock.now()
    given = {"target_id": "desk", "event": Event.FIRING, "severity": Severity.S1, **changes}
    return Notification(
        f"m{number}", receiver_id="desk", title=f"【{given['severity'].name}】告警：{alert_id}", body="…",
        created_at=now, expires_at=now + timedelta(hours=24), alert_ids=(alert_id,), **given,
    )  # fmt: skip


def called(client: Any, since: str = "") -> tuple[str, list[str]]:
    answer = client.get("/app/desk", query_string={"since": since}).get_json()
    return answer["at"], [call["id"] for call in answer["calls"]]


def test_the_desk_is_called_to_what_came_since_it_last_asked(busy: World, app: Any) -> None:
    desk, _ = client_of(app)
    since, before = called(desk)
    assert before == []
    busy.records.queue(
        [],
        [
            message(busy, 1, "x0"),
            message(busy, 2, "x1", event=Event.RESOLVED),
            message(busy, 3, "x1", target_id="log"),
            message(busy, 4, "x1", severity=Severity.S4),
            message(busy, 5, "x1", severity=Severity.S3),
        ],
    )
    assert sorted(called(desk, since)[1]) == ["m1", "m5"]
    narrow, _ = client_of(app, "narrow")
    assert called(narrow, since)[1] == ["m1"]
    assert called(desk, "nonsense")[1] == called(desk, since)[1]


def test_who_may_not_see_alerts_is_called_to_nothing(app: Any) -> None:
    accountant, _ = client_of(app, "accountant")
    assert accountant.get("/app/desk").status_code == 403


def test_the_mornings_list_can_be_copied_as_a_text_for_a_group(busy: World) -> None:
    said = page_text(busy, "queue")
    text = said.split("readOnly=")[0].split("Textarea(")[-1]
    assert "复制文字" in said
    assert "商州区故障简报：3 项，今日约损失 600 元" in text
    assert len(text) < CHARS_MAX + 200


def test_a_brief_of_a_thousand_faults_still_fits(busy: World) -> None:
    from dashboard.pages.work_words import brief_text
    from queries.work import QueueView, Trip
    from texts.loader import Texts

    work = busy.services.work
    assert work is not None
    row = work.views.queue(principal(busy)).trips[0].rows[0]
    view = QueueView(NOON, (Trip("某河", (row,) * 1000),), (), ())
    text = brief_text(view, busy.registry, Texts("zh"))
    assert len(text) <= CHARS_MAX
    assert text.splitlines()[-1].startswith("…另有 ")
    assert brief_text(QueueView(NOON, (), (), ()), busy.registry, Texts("zh")).endswith("没有待办的故障。")


def principal(world: World) -> Any:
    from access.principal import principal_of

    account = world.records.user("om")
    assert account is not None
    return principal_of(account)


def test_an_alert_has_its_button_too(app: Any) -> None:
    desk, _ = client_of(app)
    page = desk.get("/app/queue/x0").get_data(as_text=True)
    assert 'data-copy="copy"' in page
    assert "50-desk.js" in page
