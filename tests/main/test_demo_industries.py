"""The demonstration's season: reports of every town but one, a hail claim, a subsidy round; the books agree."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from access.principal import Principal
from domain.account import Role, Scope
from domain.clock import ManualClock
from domain.plant import Registry
from main.configuration import load_registry
from main.demo.industries import SeasonMade, make_season, months_until
from main.industries import load_industries
from main.industry_desk import industry_services
from main.settings import Settings, load_settings
from stores.records.store import SqlRecordStore

CONFIG = Path(__file__).parents[2] / "config"
NOW = datetime(2026, 11, 27, 2, 30, tzinfo=UTC)
COUNTY = Principal("county", "县", frozenset({Role.COUNTY}), Scope(everything=True))
Made = tuple[SeasonMade, SqlRecordStore, Registry, Settings]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    folder = tmp_path_factory.mktemp("season")
    settings = load_settings({}, config_dir=CONFIG, data_dir=folder)
    registry, rules = load_registry(CONFIG, None), load_industries(CONFIG, None)
    records = SqlRecordStore.at(folder / "records" / "records.sqlite")
    season = make_season(
        lambda clock: industry_services(settings, records, registry, clock), registry, rules, NOW
    )
    assert season is not None
    yield season, records, registry, settings
    records.close()


def test_every_town_reported_but_one_and_one_was_late(made: Made) -> None:
    season, records, registry, settings = made
    queries = industry_services(settings, records, registry, ManualClock(NOW)).queries
    view = queries.overview(COUNTY, "2026-10")
    missing = {one.town_id: one.missing for one in view.towns if one.missing}
    late = {one.town_id for one in view.towns if one.late}
    assert missing == {season.silent: view.towns[0].due}
    assert late == {registry.towns[-2].town_id}
    assert view.is_due
    bags = next(one for one in view.rows if one.indicator.indicator_id == "fungus_bags")
    assert bags.silent == (season.silent,)
    assert bags.forecast is not None
    assert bags.gap_makers
    assert season.reports == (len(registry.towns) * 15 - 1) * len(view.rows)


def test_the_claim_and_the_round_are_paid_and_every_voucher_holds(made: Made) -> None:
    season, records, registry, settings = made
    queries = industry_services(settings, records, registry, ManualClock(NOW)).queries
    funds = {one.standing.fund.fund_id: one for one in queries.funds(COUNTY)}
    guard, subsidy = funds["fungus_guarantee"], funds["artichoke_subsidy"]
    assert (guard.standing.paid_fen, guard.standing.asked_fen) == (52_000_00, 6_000_00)
    assert [claim.identity for claim, decision in guard.claims if decision] == [season.claim_id]
    assert subsidy.standing.paid_fen == sum(range(6, 12)) * 100_00
    assert records.verify().is_sound


def test_the_base_under_the_panels_stands_beside_its_plant(made: Made) -> None:
    _, records, registry, settings = made
    queries = industry_services(settings, records, registry, ManualClock(NOW)).queries
    view = queries.base(COUNTY, "panel-1")
    assert view.plant is not None
    assert view.base.extra_income_fen == 30 * 1500_00
    assert view.plant_net_fen is None, "no statement was entered in this test"


def test_a_village_shows_its_sources_and_a_fallen_household_becomes_a_question_of_its_town(
    made: Made,
) -> None:
    _, records, registry, settings = made
    services = industry_services(settings, records, registry, ManualClock(NOW))
    village = registry.villages[2]
    view = services.queries.village(COUNTY, village.village_id)
    assert {one.source.value for one in view.sources} == {"subsidy", "guarantee", "wages"}
    assert view.households == 6
    own = Principal("town", "镇", frozenset({Role.TOWNSHIP}), Scope(town_ids=frozenset({village.town_id})))
    assert services.stability.ask(COUNTY) == 1
    [asked] = services.queries.questions(own)
    assert (asked.household_id, asked.reason) == ("H009", "lost_only_source")
    assert (
        services.queries.questions(COUNTY.__class__("c", "c", frozenset({Role.TOWNSHIP}), COUNTY.scope)) == []
    )


def test_the_season_ends_with_the_month_before() -> None:
    months = months_until("2026-10")
    assert (months[0], months[-1], len(months)) == ("2025-08", "2026-10", 15)
    assert NOW - timedelta(days=27) < NOW
