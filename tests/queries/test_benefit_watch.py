"""The stability watch over real books: villages and households a year apart, each with the cause found."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from access.principal import Principal
from domain.account import Role, Scope
from domain.clock import ManualClock
from domain.day_figures import DayLoss
from domain.errors import AccessDeniedError
from domain.kpi import DailyKpi
from domain.plant import Registry
from queries.benefit_watch import BenefitWatch
from revenue.stability import Cause, Finding
from stores.memory import MemoryStore
from tests.commands.payout_world import FIRST, LAST, TOWN, VILLAGES, World, plan_lines, roster_file
from tests.revenue.test_ownership import act, plant

SPAN = (FIRST, LAST)
RETURNED, LATE, DARK = VILLAGES
POSTS, AID, WORKS = plan_lines()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A year ago all three villages paid everybody; this year each has another trouble."""
    made = World(tmp_path_factory.mktemp("watch"), clock=ManualClock(datetime(2025, 10, 8, 2, tzinfo=UTC)))
    for place, village in enumerate(VILLAGES):
        made.fund(village, year=2025)
        day = date(2025, 1, 1)
        content = roster_file(4, 1 + 100 * place)
        made.rosters.import_file(made.accountant, village, day, "名册.csv", content)
        made.answer(made.send(made.release(village, year=2025, days=20).plan.plan_id))
    made.clock.advance(365 * 86_400)
    left = roster_file(3) + roster_file(1, 4).splitlines()[1].replace(b",,,", ",,退出,".encode()) + b"\n"
    made.rosters.import_file(made.accountant, RETURNED, date(2026, 1, 1), "名册.csv", left)
    made.fund(RETURNED)
    lines = (replace(POSTS, fen=600_000), AID, WORKS)
    released = made.release(RETURNED, lines, days=5)
    first = {one.entitlement_id for one in released.entitlements if one.household_id == "H001"}
    batch = made.send(released.plan.plan_id)
    made.answer(batch, frozenset(one.number for one in batch.lines if one.entitlement_id in first))
    made.fund(DARK, 60_000)
    yield made
    made.close()


def _registry(world: World) -> Registry:
    owned = plant(act(date(2020, 1, 1), **{DARK: 100.0}), plant_id="dark")
    return replace(world.registry, plants=(owned,))


def _samples() -> MemoryStore:
    samples = MemoryStore(ManualClock(datetime(2026, 11, 1, tzinfo=UTC)))
    samples.put_daily(
        [
            DailyKpi("dark", date(year, 8, day), None, energy, None, None, 1.0, 1, 1)
            for year, energy in ((2025, 100.0), (2026, 40.0))
            for day in (1, 2)
        ]
    )
    return samples


def _watch(world: World) -> BenefitWatch:
    return BenefitWatch(world.stores, None, world.registry)


def test_each_village_that_fell_is_named_with_its_cause(world: World) -> None:
    found = {one.subject_id: one for one in _watch(world).villages(world.county, *SPAN)}
    assert {key: one.cause for key, one in found.items()} == {
        RETURNED: Cause.RETURNED,
        LATE: Cause.NO_INCOME,
        DARK: Cause.NO_PLAN,
    }
    assert found[LATE].before_fen > 0 == found[LATE].now_fen


@pytest.mark.parametrize(("lost_to", "cause"), [("outage", Cause.FAULT), ("curtailment", Cause.CURTAILMENT)])
def test_lost_energy_names_fault_or_curtailment(world: World, lost_to: str, cause: Cause) -> None:
    days = [date(2026, 8, 1)]
    loss = DayLoss("dark", "inv-1", days[0], lost_to, 90.0, 80.0, 100.0, "peers")
    world.records.put_days("dark", days, [], [loss])
    watch = BenefitWatch(world.stores, _samples(), _registry(world), world.records)
    found = {one.subject_id: one.cause for one in watch.villages(world.county, *SPAN)}
    assert found[DARK] is cause


def _homes(found: list[Finding]) -> dict[tuple[str, str], Cause]:
    return {(one.village_id, one.subject_id): one.cause for one in found}


def test_households_have_their_own_cause(world: World) -> None:
    found = _homes(_watch(world).households(world.township, *SPAN))
    assert found[RETURNED, "H001"] is Cause.RETURNED
    assert found[RETURNED, "H002"] is Cause.FEWER_DAYS
    assert found[RETURNED, "H004"] is Cause.LEFT
    assert (RETURNED, "H003") not in found, "more points now that one left"
    assert {cause for (village, _), cause in found.items() if village == LATE} == {Cause.NO_INCOME}


def test_only_who_may_see_people_of_the_village_sees_its_households(world: World) -> None:
    watch = _watch(world)
    with pytest.raises(AccessDeniedError):
        watch.households(world.county, *SPAN)
    stranger = Principal("x", "x", frozenset({Role.TOWNSHIP}), Scope(town_ids=frozenset({"611002001"})))
    assert watch.households(stranger, *SPAN) == []
    assert TOWN != "611002001"


def test_who_asks_about_certain_households_gets_them_fallen_or_not(world: World) -> None:
    found = _watch(world).households(world.township, *SPAN, only=[(RETURNED, "H003")])
    assert [(one.subject_id, one.now_fen >= one.before_fen) for one in found] == [("H003", True)]
