"""The other industries through the data interface: within the token's scope, without anybody's name."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from domain.industry import ReporterKind
from tests.api.faces import Face, face_over
from tests.dashboard.industry_world import Season, open_season

PERIOD = "2026-09"


@pytest.fixture(scope="module")
def season(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Season]:
    made = open_season(tmp_path_factory.mktemp("season"))
    yield made
    made.world.close()


@pytest.fixture(scope="module")
def face(season: Season) -> Face:
    season.world.services = replace(season.world.services, industries=season.services)
    return face_over(season.world)


def items(face: Face, path: str, token: str = "all") -> list[Any]:
    found, cursor = [], ""
    while True:
        sign = "&" if "?" in path else "?"
        answer = face.ask(f"{path}{sign}limit=200{cursor}", token).get_json()
        found += answer["items"]
        if answer["next"] is None:
            return found
        cursor = f"&cursor={answer['next']}"


def test_the_reports_of_a_month_are_those_that_were_kept(face: Face, season: Season) -> None:
    kept = season.world.records.reports(first_period=PERIOD, last_period=PERIOD)
    rows = items(face, f"/industries/reports?period={PERIOD}")
    assert {(row["indicator_id"], row["reporter_id"], row["value_base"]) for row in rows} == {
        (one.indicator_id, one.reporter_id, float(one.value)) for one in kept
    }
    towns = items(face, f"/industries/towns?period={PERIOD}")
    there = sum(one.reporter_kind is ReporterKind.TOWN and one.counts for one in kept)
    assert sum(row["there"] for row in towns) == there
    assert all(row["due"] == row["there"] + row["missing"] for row in towns)


def test_a_token_of_one_plant_gets_no_reports_no_towns_and_no_bases(face: Face) -> None:
    for path in (
        f"/industries/reports?period={PERIOD}",
        f"/industries/towns?period={PERIOD}",
        "/industries/bases",
    ):
        assert items(face, path, "narrow") == [], path


def test_bases_and_funds_are_given_without_payees_and_households(face: Face, season: Season) -> None:
    bases = {row["base_id"]: row for row in items(face, "/industries/bases")}
    assert bases["panel-1"]["plant_id"]
    funds = {row["fund_id"]: row for row in items(face, "/industries/funds")}
    assert set(funds) == {"artichoke_subsidy", "fungus_guarantee", "natural_disaster"}
    for row in funds.values():
        assert row["balance_fen"] == row["received_fen"] - row["paid_fen"]
    everything = str([*bases.values(), *funds.values(), *items(face, f"/industries/reports?period={PERIOD}")])
    assert not any(word in everything for word in ("H001", "H009", "op-mushroom", season.made.claim_id))


def test_what_nobody_may_ask_is_refused(face: Face) -> None:
    assert face.ask("/industries/reports?period=2026-09", "").status_code == 401
    assert face.ask("/industries/reports?period=soon").status_code == 400
