"""Dossiers are read from their acts once; afterwards only what was added is looked at."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from revenue.approval import Step
from stores.dossiers import KIND, Dossiers
from tests.commands.payout_world import VILLAGES, World

VILLAGE = VILLAGES[0]


class Counting:
    """A store of facts that counts how often whole acts are read."""

    def __init__(self, records: Any) -> None:
        self._records = records
        self.reads = 0

    def facts(self, *places: Any, **wanted: Any) -> Any:
        self.reads += 1
        return self._records.facts(*places, **wanted)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._records, name)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    made.fund(VILLAGE)
    made.enrol(VILLAGE, 3)
    yield made
    made.close()


def test_what_was_read_once_is_read_again_only_when_somebody_added_an_act(world: World) -> None:
    plan_id = world.draft(VILLAGE).plan.plan_id
    counting = Counting(world.records)
    elsewhere = Dossiers(counting)
    for _ in range(3):
        (found,) = elsewhere.of_villages([VILLAGE])
        assert elsewhere.of_plan(plan_id) == found
    assert counting.reads == 1
    world.meet(plan_id)
    assert elsewhere.of_villages()[0].approval.step is Step.DECIDED
    assert counting.reads == 2
    one = elsewhere.of_plan(plan_id)
    assert one is not None
    assert one.approval.step is Step.DECIDED
    assert counting.reads == 2


def test_acts_of_a_transaction_that_was_rolled_back_are_forgotten(world: World) -> None:
    plan_id = world.draft(VILLAGE).plan.plan_id
    before = world.stores.dossiers.of_plan(plan_id)

    def broken() -> None:
        with world.records.transaction():
            world.meet(plan_id)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        broken()
    assert world.stores.dossiers.of_villages([VILLAGE]) == [before]
    assert world.stores.dossiers.of_plan(plan_id) == before


def test_marks_say_which_facts_are_kept_and_only_within_what_was_asked(world: World) -> None:
    plan_id = world.draft(VILLAGE).plan.plan_id
    world.meet(plan_id)
    marks = world.records.fact_marks(KIND, village_ids=[VILLAGE])
    facts = world.records.facts(KIND, village_ids=[VILLAGE])
    assert [(one.identity, one.made_by, one.made_at) for one in marks] == [
        (one.identity, one.made_by, one.made_at) for one in facts
    ]
    assert len(marks) == 5
    assert world.records.fact_marks(KIND, village_ids=[VILLAGES[1]]) == []
    assert world.records.fact_marks(KIND, first_period="2026-08") == []
    assert world.records.fact_marks(KIND, last_period="2026-06") == []
    named = world.records.fact_marks(KIND, identities=[f"{plan_id}#2", f"{plan_id}#9"])
    assert [one.identity for one in named] == [f"{plan_id}#2"]
