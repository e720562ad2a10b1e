"""The start page: what waits for each role and scope, its blocker, and nothing of anybody else."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from access.principal import Principal
from dashboard.factory import create_app
from dashboard.pages.base import Site as PageSite
from dashboard.pages.todo import todo_of
from dashboard.services import queries_over
from domain.account import Role, Scope
from domain.clock import ManualClock
from queries.payout import Payout
from queries.snapshot import SnapshotKeeper
from queries.todo import READING_EVERY, Kind, Todo, TodoView
from tests.commands.payout_world import VILLAGES, World
from tests.dashboard.fixtures import USERS, login
from tests.dashboard.fixtures import World as Site
from tests.dashboard.test_pages import route


def who(role: Role, scope: Scope | None = None) -> Principal:
    return Principal(role.value, role.value, frozenset({role}), scope or Scope(everything=True))


def kinds(view: TodoView) -> list[Kind]:
    return [one.kind for one in view.items]


@pytest.fixture(scope="module")
def paid(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Three villages: one paid in part with a payment that came back, one published, one just drafted."""
    made = World(tmp_path_factory.mktemp("todo"))
    for place, village in enumerate(VILLAGES):
        made.fund(village)
        made.enrol(village, 8, first=1 + 100 * place)
    plan_id = made.release(VILLAGES[0]).plan.plan_id
    made.answer(made.send(plan_id), frozenset({2}))
    second = made.draft(VILLAGES[1]).plan.plan_id
    made.meet(second)
    made.notices.publish(made.accountant, second)
    made.plans.object_to(made.accountant, second, "金额不对", made.today)
    made.draft(VILLAGES[2])
    yield made
    made.close()


@pytest.fixture(scope="module")
def todo(world: Site, paid: World) -> Todo:
    payout = Payout(paid.stores, None, paid.registry, paid.rules, paid.clock)
    sources = replace(world.services.sources, registry=paid.registry, clock=paid.clock)
    return Todo(sources, SnapshotKeeper(world.services.sources), None, None, payout)


def test_the_accountant_finds_steps_objections_and_returns_each_once(todo: Todo, paid: World) -> None:
    view = todo.view(paid.accountant)
    assert kinds(view).count(Kind.OBJECTION) == 1
    assert kinds(view).count(Kind.RETURNED) == 1
    steps = {one.village_id: one.step for one in view.items if one.kind is Kind.PLAN}
    assert steps == {VILLAGES[0]: "paid", VILLAGES[2]: "proposed"}
    assert view.count == len(view.items) == 4


def test_the_checker_sees_what_blocks_a_review_and_until_when(todo: Todo, paid: World) -> None:
    view = todo.view(paid.township)
    (review,) = view.items
    assert (review.step, review.village_id) == ("township_reviewed", VILLAGES[1])
    assert {one.key for one in review.blockers} == {"notice_runs", "objection_open"}
    assert review.due == paid.today + timedelta(days=7)


def test_a_person_of_another_village_finds_nothing_of_it(todo: Todo) -> None:
    other = who(Role.ACCOUNTANT, Scope(village_ids=frozenset({VILLAGES[2]})))
    assert {one.village_id for one in todo.view(other).items} == {VILLAGES[2]}
    assert todo.view(who(Role.ACCOUNTANT, Scope())).items == ()


def test_who_sees_no_money_gets_no_plan(todo: Todo) -> None:
    assert todo.view(who(Role.OM)).items == ()


def test_statements_and_closes_are_one_thing_a_month_and_late_ones_come_first(world: Site) -> None:
    services = world.services
    todo = Todo(
        services.sources,
        queries_over(services.sources).keeper,
        None,
        services.money_queries,
    )
    view = todo.view(who(Role.SETTLEMENT))
    groups = [(one.kind, one.values["period"]) for one in view.items if "period" in one.values]
    assert groups
    assert len(groups) == len(set(groups))
    late = [one.late for one in view.items]
    assert late == sorted(late, reverse=True)
    assert view.late == sum(late)


def test_a_meter_read_in_time_asks_for_nothing_and_one_forgotten_is_late(world: Site) -> None:
    services = world.services
    todo = Todo(services.sources, queries_over(services.sources).keeper)
    keeper = who(Role.KEEPER)
    assert kinds(todo.view(keeper)) == []
    later = world.clock.now() + READING_EVERY + timedelta(days=1)  # late whichever test read the meter last
    clock = ManualClock(later)
    sources = replace(services.sources, clock=clock)
    (reading,) = Todo(sources, queries_over(sources).keeper).view(keeper).items
    assert reading.kind is Kind.READING
    assert reading.late
    assert reading.path == f"readings/{reading.plant_id}"


def _app(world: Site, paid: World) -> Any:
    payout = paid.services()
    sources = replace(world.services.sources, registry=paid.registry, clock=paid.clock)
    return create_app(replace(world.services, payout=payout, sources=sources), world.settings)


def test_the_page_names_thing_step_blocker_and_has_a_button_each(world: Site, paid: World) -> None:
    client = _app(world, paid).test_client()
    token = login(client, "accountant")
    page = json.dumps(route(client, token, "/app/todo").get_json(), ensure_ascii=False)
    for words in ("分配计划", "下一步：提议", "退回款项", "答复异议", "样例镇·样例3村"):
        assert words in page, words
    assert (
        page.count("todo-item") == page.count('"className": "button"') - 1
    )  # and one that passes all of it on
    other = _app(world, paid).test_client()
    token = login(other, "township", "en")
    assert "Distribution plan" in json.dumps(route(other, token, "/app/todo").get_json())


@pytest.mark.parametrize("role", USERS)
def test_everybody_has_a_start_page_and_lands_there(world: Site, role: str) -> None:
    client = world.app().test_client()
    token = login(client, role)
    answer = route(client, token, "/app/todo")
    assert "trouble" not in json.dumps(answer.get_json())
    form = client.get("/login")
    assert form.location == "/app/todo"


def test_an_empty_list_says_so(world: Site) -> None:
    client = world.app().test_client()
    token = login(client, "auditor")
    page = json.dumps(route(client, token, "/app/todo").get_json(), ensure_ascii=False)
    assert "没有等您办理" in page


def test_the_list_is_made_of_what_the_server_has(world: Site) -> None:
    site = PageSite(world.services, queries_over(world.services.sources), world.settings, {})
    assert todo_of(site).view(who(Role.COUNTY)).count == 0
