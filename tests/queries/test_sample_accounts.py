"""The account of samples on the pages: by device, by plant, in scope, with maintenance told as such."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from access.principal import Principal
from domain.account import Role, Scope
from domain.handling import PlannedStop, StopKind
from domain.slots import SlotState, Strip, microseconds
from domain.timespan import day_of, start_of_day
from queries.sample_accounts import SampleAccounts
from tests.dashboard.fixtures import World, login
from tests.dashboard.test_pages import route, words_of

READER = Principal("om", "运维", frozenset({Role.OM}), Scope(everything=True))
S = SlotState


@pytest.fixture(scope="module")
def told(world: World) -> World:
    """Two devices of the first plant, yesterday and today: one whole, one silent under a tag and a refusal."""
    plant = world.registry.plants[0]
    today = day_of(world.clock.now())
    whole, silent = (device.device_id for device in plant.devices[:2])
    for day in (today - timedelta(days=1), today):
        start = start_of_day(day)
        kept = [S.ASLEEP, S.GOOD, S.GOOD, S.PARTIAL]
        gone = [S.ASLEEP, S.NO_ANSWER, S.NO_ANSWER, 128 + 2]
        world.records.put_strips(
            [
                Strip(name, day, microseconds(start), 900_000_000, bytearray(states))
                for name, states in ((whole, kept), (silent, gone))
            ]
        )
        stop = PlannedStop(
            f"s-{day}",
            StopKind.MAINTENANCE,
            start + timedelta(minutes=15),
            start + timedelta(hours=3),
            "更换风扇",
            "om",
            start,
            plant.plant_id,
            silent,
            ended_at=start + timedelta(minutes=30),
        )
        world.records.add_stop(stop)
    return world


def test_each_device_has_its_account_and_a_tag_taken_off_early_counts_until_then(told: World) -> None:
    plant, today = told.registry.plants[0], day_of(told.clock.now())
    view = SampleAccounts(told.services.sources).view(READER, today, today, [plant.plant_id])
    whole, silent = view.accounts
    assert (whole.expected, whole.good, whole.suspect, whole.missing) == (4, 2, {"partial": 1}, {"asleep": 1})
    assert silent.missing == {"asleep": 1, "maintenance": 1, "no_answer": 1, "exception_2": 1}
    assert (view.expected, view.good, view.awake, view.good_awake_share) == (8, 2, 6, 2 / 6)


def test_yesterday_is_summed_by_plant_and_kept_a_while(told: World, monkeypatch: pytest.MonkeyPatch) -> None:
    query, plant = SampleAccounts(told.services.sources), told.registry.plants[0]
    found = query.newest_day(READER)
    assert found.day == day_of(told.clock.now()) - timedelta(days=1)
    assert set(found.by_plant) == {plant.plant_id}
    assert found.by_plant[plant.plant_id].missing["maintenance"] == 1
    asked: list[Any] = []
    real = told.records.strips

    def strips(_: Any, *words: Any) -> list[Strip]:
        asked.append(words)
        return real(*words)

    monkeypatch.setattr(type(told.records), "strips", strips)
    assert query.newest_day(READER) == found
    assert asked == []
    told.clock.advance(601.0)
    assert query.newest_day(READER) == found
    assert len(asked) == 1


def test_on_the_first_day_it_is_the_day_so_far(told: World, monkeypatch: pytest.MonkeyPatch) -> None:
    today = day_of(told.clock.now())
    real = told.records.strips
    monkeypatch.setattr(
        type(told.records),
        "strips",
        lambda _, names, first, last: [one for one in real(names, first, last) if one.day == today],
    )
    found = SampleAccounts(told.services.sources).newest_day(READER)
    assert (found.day, len(found.by_plant)) == (today, 1)


def test_nobody_sees_the_account_of_a_plant_outside_the_own_scope(told: World) -> None:
    other = replace(READER, scope=Scope(plant_ids=frozenset({told.registry.plants[1].plant_id})))
    today = day_of(told.clock.now())
    query = SampleAccounts(told.services.sources)
    assert query.view(other, today, today).accounts == ()
    assert query.newest_day(other).by_plant == {}


def test_the_pages_show_it_with_its_reasons(told: World) -> None:
    plant = told.registry.plants[0]
    client = told.app().test_client()
    token = login(client, "om")
    for language, tag in (("zh", "检修 1"), ("en", "maintenance 1")):
        client.get(f"/app/?lang={language}")
        tab = route(client, token, f"/app/plants/{plant.plant_id}?tab=masks").get_json()
        shown = " ".join(words_of(tab))
        assert tag in shown
        assert plant.devices[1].name in shown
        assert "33.3 %" in shown, "the sum leaves out who slept"
        listed = " ".join(words_of(route(client, token, "/app/data").get_json()))
        assert "33.3 %" in listed
        assert tag in listed
