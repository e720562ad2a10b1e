"""Money's calendar is told once a stage to who keeps the money, and to who answers for it when it is long overdue."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from domain.clock import ManualClock
from domain.notification import Event, Notification
from jobs.remind_money import MoneyReminder, Stage, stage_of
from queries.plan_dues import PlanDues
from revenue.approval import Step
from revenue.money_calendar import Due, DueKind
from stores.records.store import SqlRecordStore
from tests.access.people import TOWNS, VILLAGES, registry
from tests.alerts.makers import notifying, receiver
from tests.commands.payout_world import VILLAGES as PAID_VILLAGES
from tests.commands.payout_world import World

MORNING = datetime(2026, 7, 1, 0, 0, tzinfo=UTC)
TODAY = date(2026, 7, 1)


def due(kind: DueKind, on: date, subject: str, *, today: date = TODAY, period: str = "2026-05") -> Due:
    return Due(on, kind.value, subject, period, today > on, today > on + timedelta(days=10))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlRecordStore]:
    made = SqlRecordStore.at(tmp_path / "records.sqlite")
    yield made
    made.close()


def reminder(store: SqlRecordStore, *dues: Due, at: datetime = MORNING) -> MoneyReminder:
    people = notifying(
        receiver("institution", "money", language="en"),
        receiver("town", "money", town_ids=frozenset({TOWNS[0]})),
        receiver("office", "money_lead"),
        receiver("zhao", "field"),
    )
    return MoneyReminder(store, registry(), people, ManualClock(at), lambda: dues)


def queued(store: SqlRecordStore) -> dict[str, list[Notification]]:
    found: dict[str, list[Notification]] = {}
    for one in store.notifications(MORNING - timedelta(days=1)):
        found.setdefault(one.receiver_id, []).append(one)
    return found


@pytest.mark.parametrize(
    ("days", "stage"),
    [
        (4, None),
        (3, Stage.SOON),
        (0, Stage.SOON),
        (-1, Stage.OVER),
        (-10, Stage.OVER),
        (-11, Stage.ESCALATED),
    ],
)
def test_how_pressing_something_is(days: int, stage: Stage | None) -> None:
    assert stage_of(due(DueKind.CLOSE, TODAY + timedelta(days=days), "v"), TODAY) is stage


def test_each_hears_of_their_own_once_a_stage(store: SqlRecordStore) -> None:
    other = due(DueKind.CLOSE, TODAY, VILLAGES[2])
    own = due(DueKind.STATEMENT, TODAY + timedelta(days=2), "a")
    first = reminder(store, own, other)
    assert first.step(MORNING) == "2 messages"
    assert first.step(MORNING) == "0 messages"
    heard = queued(store)
    assert sorted(heard) == ["institution", "town"]
    assert heard["institution"][0].title == "[money calendar] due within three days: 2"
    assert "2026-07-03 statement: a 2026-05" in heard["institution"][0].body
    assert heard["town"][0].body == "2026-07-03 结算单：a电站 2026-05"
    assert {one.event for every in heard.values() for one in every} == {Event.DUE}
    later = replace(own, is_over=True)
    assert reminder(store, later, at=MORNING + timedelta(days=3)).step(MORNING) == "2 messages"
    assert len(queued(store)["town"]) == 2
    assert "已逾期" in queued(store)["town"][0].title


def test_what_is_overdue_for_long_goes_to_who_answers_for_it(store: SqlRecordStore) -> None:
    late = due(DueKind.FILING, TODAY - timedelta(days=20), VILLAGES[0])
    assert reminder(store, late).step(MORNING) == "3 messages"
    [told] = queued(store)["office"]
    assert "请督办" in told.title
    assert "备案：镇0·村0" in told.body
    assert "zhao" not in queued(store)


def test_a_long_list_is_cut_and_says_so(store: SqlRecordStore) -> None:
    many = [due(DueKind.CLOSE, TODAY, VILLAGES[0], period=f"20{n:02d}-01") for n in range(25)]
    reminder(store, *many).step(MORNING)
    lines = queued(store)["town"][0].body.splitlines()
    assert len(lines) == 21
    assert "5" in lines[-1]


def test_invented_people_are_told_nothing(store: SqlRecordStore) -> None:
    silent = replace(reminder(store, due(DueKind.CLOSE, TODAY, VILLAGES[0])), real_people=False)
    assert silent.step(MORNING) == "sample: nobody is told"
    assert queued(store) == {}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(tmp_path_factory.mktemp("dues"))
    for place, village in enumerate(PAID_VILLAGES):
        made.fund(village)
        made.enrol(village, 8, first=1 + 100 * place)
    yield made
    made.close()


def test_plans_wait_for_publication_end_of_notice_filing_and_returned_payments(world: World) -> None:
    dues = PlanDues(world.stores, world.rules)

    def waits(village: str) -> list[tuple[DueKind, int, bool]]:
        found = dues.of_villages([village], world.today)
        return [(one.kind, (one.on - world.today).days, one.is_over) for one in found]

    first, second, third = PAID_VILLAGES
    plan = world.draft(second).plan.plan_id
    assert waits(second) == []
    world.meet(plan)
    assert waits(second) == [(DueKind.PUBLICATION, 7, False)]
    world.notices.publish(world.accountant, plan)
    assert waits(second) == [(DueKind.NOTICE_END, 7, False)]
    assert PlanDues(world.stores, []).of_villages([second], world.today) == []
    world.clock.advance(8 * 86_400)
    assert waits(second) == [(DueKind.NOTICE_END, -1, True)]
    world.check(plan, Step.TOWNSHIP_REVIEWED)
    assert waits(second) == [(DueKind.FILING, 10, False)]
    paid = world.release(first).plan.plan_id
    world.answer(world.send(paid), frozenset({2}))
    assert [one[0] for one in waits(first)] == [DueKind.RETURNED]
    assert waits(first)[0][1] > 0
    assert waits(third) == []
