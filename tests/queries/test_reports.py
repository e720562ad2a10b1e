"""Reports say what was kept, in scope; what is not known is missing and never zero."""

from collections.abc import Iterator
from decimal import Decimal

import pytest

from access.principal import Principal
from domain.account import Role, Scope
from domain.document import Document
from domain.errors import AccessDeniedError
from queries.reports import KINDS
from tests.dashboard.fixtures import World, bare, few_plants, sample_registry
from tests.queries.report_world import DAY, keep_days, reports
from texts.loader import Texts

TEXTS = Texts("zh")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = bare(tmp_path_factory.mktemp("reports"), few_plants(sample_registry()))
    keep_days(made)
    yield made
    made.close()


def who(role: Role, scope: Scope | None = None) -> Principal:
    return Principal("x", "x", frozenset({role}), scope or Scope(everything=True))


def column(document: Document, table: int, head: str) -> list[str | Decimal | None]:
    found = document.tables[table]
    return [row[found.heads.index(head)] for row in found.rows]


def test_the_brief_adds_up_what_is_known_and_names_the_worst(world: World) -> None:
    found = reports(world).document(who(Role.OM), "brief", "all", DAY, TEXTS)
    assert found.title == "2026-06-17 运维日报"
    assert (
        "7 座电站中 2 座有电量，共发电 1,800 kWh，应发 2,010 kWh，损失 210 kWh，约 70.90 元" in found.lines[0]
    )
    assert column(found, 0, "损失 kWh") == [Decimal(200), Decimal(10)]
    assert column(found, 0, "主要原因")[0] == "组串"


def test_a_month_of_a_plant_shows_losses_by_cause_and_each_day(world: World) -> None:
    two = world.registry.plants[1]
    found = reports(world).document(who(Role.OM), "plant", two.plant_id, DAY, TEXTS)
    assert found.tables[0].rows == (("组串", Decimal(200), Decimal("70.9")),)
    assert column(found, 1, "日期") == ["2026-06-17"]
    assert column(found, 1, "可用率 %") == [Decimal("50.0")]


def test_a_plant_without_days_is_missing_and_not_zero(world: World) -> None:
    town = world.registry.plants[0].town_id
    found = reports(world).document(who(Role.OM), "township", town, DAY, TEXTS)
    energies = column(found, 0, "电量 kWh")
    assert Decimal(0) not in energies
    assert any(energy is not None for energy in energies)
    third = world.registry.plants[2]
    alone = reports(world).document(who(Role.OM), "plant", third.plant_id, DAY, TEXTS)
    assert "共发电 — kWh" in alone.lines[0]


def test_the_assessment_weighs_towns_by_capacity_best_first(world: World) -> None:
    found = reports(world).document(who(Role.COUNTY), "assessment", "all", DAY, TEXTS)
    known = [one for one in column(found, 0, "达成率 %") if isinstance(one, Decimal)]
    assert known == sorted(known, reverse=True)
    plants = world.registry.plants[:2]
    if plants[0].town_id == plants[1].town_id:
        total = sum(one.ac_capacity_kw for one in plants)
        wanted = (plants[0].ac_capacity_kw * 1000 / 1010 + plants[1].ac_capacity_kw * 0.8) / total
        assert float(known[0]) == pytest.approx(wanted * 100, abs=0.06)


def test_a_village_is_told_its_share_of_energy_and_its_income(world: World) -> None:
    asked = reports(world)
    plant = world.registry.plants[0]
    village = next(iter(plant.ownership[-1].shares_kw))
    found = asked.document(who(Role.ACCOUNTANT), "village", village, DAY, TEXTS)
    shares = plant.ownership[-1].shares_kw
    own = 1000.0 * float(shares[village]) / float(sum(shares.values()))
    row = next(row for row in found.tables[0].rows if row[0] == plant.name)
    assert float(str(row[3])) == pytest.approx(own, abs=0.5)
    assert found.tables[1].rows


def test_scope_and_permission_hold(world: World) -> None:
    asked = reports(world)
    one, two = world.registry.plants[:2]
    narrow = who(Role.OM, Scope(plant_ids=frozenset({one.plant_id})))
    brief = asked.document(narrow, "brief", "all", DAY, TEXTS)
    assert column(brief, 0, "电站") == [one.name]
    with pytest.raises(AccessDeniedError):
        asked.document(narrow, "plant", two.plant_id, DAY, TEXTS)
    village = next(iter(one.ownership[-1].shares_kw))
    with pytest.raises(AccessDeniedError):
        asked.document(who(Role.OM), "village", village, DAY, TEXTS)
    with pytest.raises(AccessDeniedError):
        asked.document(who(Role.OM), "nonsense", "all", DAY, TEXTS)
    assert "village" not in asked.kinds(who(Role.OM))
    assert asked.kinds(who(Role.COUNTY)) == list(KINDS)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_kind_is_complete_in_both_languages(world: World, language: str) -> None:
    asked, texts = reports(world), Texts(language)
    for kind in KINDS:
        subject = asked.subjects(who(Role.COUNTY), kind)[0][0]
        found = asked.document(who(Role.COUNTY), kind, subject, DAY, texts)
        assert found.title
        assert found.lines
        assert all(len(row) == len(table.heads) for table in found.tables for row in table.rows)
