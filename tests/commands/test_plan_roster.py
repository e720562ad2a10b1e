"""A plan names the months its money belongs to and the roster it is paid by: the year's own, or that of another day."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from commands.plans import DraftOrder
from revenue.plan import Plan
from revenue.refusal import RefusedError
from tests.commands.payout_world import FIRST, LAST, VILLAGES, World, plan_lines, roster_file

V = VILLAGES[0]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    made.fund(V)
    for day, people in ((date(2026, 1, 1), 6), (date(2026, 5, 1), 8)):
        made.rosters.import_file(made.accountant, V, day, "名册.csv", roster_file(people))
    yield made
    made.close()


def plan_of(world: World, day: date | None) -> Plan:
    return world.plans.draft(world.accountant, DraftOrder(V, FIRST, LAST, plan_lines(), roster_on=day)).plan


@pytest.mark.parametrize(("day", "count"), [(None, 8), (date(2026, 5, 2), 8), (date(2026, 4, 30), 6)])
def test_the_roster_is_that_of_the_last_month_unless_another_day_is_named(
    world: World, day: date | None, count: int
) -> None:
    plan = plan_of(world, day)
    assert (plan.first_month, plan.last_month) == (FIRST, LAST)
    roster = world.stores.rosters.roster(plan.roster_id)
    assert roster is not None
    assert len(roster.members) == count


def test_a_day_before_every_roster_is_refused(world: World) -> None:
    with pytest.raises(RefusedError, match="no roster"):
        plan_of(world, date(2025, 12, 31))
