"""A season of four towns: plan, reports, a slip of the unit, a late town, hail on the sheds, a subsidy, ground under panels."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from commands.funds import ClaimOrder, Contribution
from dashboard.industry_services import IndustryServices
from domain.account import Role, Scope
from domain.clock import ManualClock
from domain.industry import ReporterKind
from industries.attainment import Standing
from industries.report import ReportRefusedError
from main.industry_desk import industry_services
from main.settings import load_settings
from tests.commands.industry_world import (
    ACCOUNTANT,
    CLERK,
    COUNTY,
    OTHER_CLERK,
    PHOTO,
    ROOT,
    TOWNS,
    VILLAGES,
    IndustryOffice,
    open_office,
    person,
    sheet,
)

EVERY = person("every", Role.TOWNSHIP, scope=Scope(everything=True))
GUARD, SUBSIDY = "fungus_guarantee", "artichoke_subsidy"


@pytest.fixture
def office(tmp_path: Path) -> Iterator[IndustryOffice]:
    made = open_office(tmp_path)
    yield made
    made.records.close()


def at(office: IndustryOffice, tmp_path: Path, day: date) -> IndustryServices:
    """Return everything on the morning of a day."""
    clock = ManualClock(datetime(day.year, day.month, day.day, 2, tzinfo=UTC))
    settings = load_settings({}, config_dir=ROOT / "config", data_dir=tmp_path)
    return industry_services(settings, office.records, office.registry, clock)


def three_towns_report_and_one_is_silent(office: IndustryOffice, tmp_path: Path) -> None:
    task = Decimal(2_500)  # ten thousand bags: a quarter of the target for each of four towns
    for month, share in ((1, "0.05"), (2, "0.05"), (3, "0.10")):
        here = at(office, tmp_path, date(2026, month + 1, 3))
        amount = f"{task * Decimal(share):f}"
        orders = [office.report(town, amount, f"2026-{month:02d}") for town in TOWNS[:3]]
        here.reports.submit(EVERY, orders, confirmed=True)
    april = at(office, tmp_path, date(2026, 4, 9))
    view = april.queries.overview(COUNTY, "2026-03")
    [bags] = [one for one in view.rows if one.indicator.indicator_id == "fungus_bags"]
    assert (bags.standing, bags.silent) == (Standing.BEHIND, (TOWNS[3],)), "one town never reported"
    assert {one.rule for one in view.notices} == {"behind", "no_report"}


def the_late_town_slips_by_a_unit_then_reports(office: IndustryOffice, tmp_path: Path) -> None:
    april = at(office, tmp_path, date(2026, 4, 9))
    slip = office.report(TOWNS[3], "2500000", "2026-03")  # bags typed as ten thousand bags
    with pytest.raises(ReportRefusedError) as refused:
        april.reports.submit(EVERY, [slip])
    assert [one.key for one in refused.value.faults] == ["confirm", "unit"]
    late = [
        office.report(TOWNS[3], amount, f"2026-{m:02d}") for m, amount in ((1, "125"), (2, "125"), (3, "250"))
    ]
    april.reports.submit(EVERY, late, confirmed=True)
    view = april.queries.overview(COUNTY, "2026-03")
    [bags] = [one for one in view.rows if one.indicator.indicator_id == "fungus_bags"]
    assert (bags.standing, bags.reached) == (Standing.ON_PATH, Decimal(20_000_000))
    assert {one.town_id: one.late for one in view.towns}[TOWNS[3]] == 1
    assert april.reports.check(COUNTY, "2026-03", list(TOWNS)) == 4


def bases_are_compared_and_ground_under_panels_is_worth_more(office: IndustryOffice, tmp_path: Path) -> None:
    april = at(office, tmp_path, date(2026, 4, 9))
    operator = sheet(("主体编号", "类型", "名称", "村编码"), ("coop", "cooperative", "虚构社", VILLAGES[0]))
    april.registers.import_register(CLERK, "operator", operator)
    heads = (
        "基地编号",
        "主体编号",
        "名称",
        "产业",
        "指标编号",
        "村编码",
        "面积（亩）",
        "上方电站",
        "作物",
        "每亩年增收（元）",
    )
    bases = sheet(
        heads,
        ("shed", "coop", "菌棚", "fungus", "fungus_bags", VILLAGES[0], "40", "", "香菇", ""),
        ("panel", "coop", "板下地", "under_panel", "under_panel_mu", VILLAGES[0], "20", "a", "黄芪", "1200"),
    )
    april.registers.import_register(CLERK, "base", bases)
    order = office.report("shed", "30", "2026-03", reporter_kind=ReporterKind.BASE)
    april.reports.submit(CLERK, [order])
    page = april.queries.indicator(COUNTY, "fungus_bags", "2026-03")
    assert page.differing == ((TOWNS[0], Decimal(2_500_000), Decimal(300_000)),), "compared, never forced"
    under = april.queries.base(COUNTY, "panel")
    assert under.plant is not None
    assert (under.plant.plant_id, under.base.extra_income_fen) == ("a", 24_000_00)


def hail_is_paid_out_of_the_fund(office: IndustryOffice, tmp_path: Path) -> None:
    july = at(office, tmp_path, date(2026, 7, 20))
    for fund in (GUARD, SUBSIDY):
        given = Contribution(fund, date(2026, 7, 1), 100_000_00, "区财政（虚构）", f"r-{fund}")
        july.funds.confirm(COUNTY, july.funds.contribute(ACCOUNTANT, given))
    hail = ClaimOrder(GUARD, "coop", VILLAGES[0], "shed", "冰雹", date(2026, 7, 12), 30_000_00, 21_000_00)
    with pytest.raises(ReportRefusedError):
        july.funds.claim(OTHER_CLERK, hail, [PHOTO])  # another town's village
    claim = july.funds.claim(CLERK, hail, [PHOTO])
    july.funds.decide(COUNTY, claim.claim_id, 20_000_00)
    july.funds.pay(ACCOUNTANT, claim.claim_id, date(2026, 7, 20), "b1")
    july.funds.book_payments(COUNTY, claim.claim_id)


def a_round_of_subsidies_is_paid(office: IndustryOffice, tmp_path: Path) -> None:
    july = at(office, tmp_path, date(2026, 7, 20))
    content = sheet(
        ("领款人编号", "村编码", "面积或数量"), ("h1", VILLAGES[0], "10"), ("h2", VILLAGES[1], "5.5")
    )
    round_id = july.funds.make_round(ACCOUNTANT, SUBSIDY, content)
    july.funds.publish_round(ACCOUNTANT, round_id, date(2026, 7, 20), PHOTO)
    august = at(office, tmp_path, date(2026, 8, 1))
    august.funds.approve_round(COUNTY, round_id)
    august.funds.pay(ACCOUNTANT, round_id, date(2026, 8, 1), "b2")
    august.funds.book_payments(COUNTY, round_id)


def test_a_season_plays_through(office: IndustryOffice, tmp_path: Path) -> None:
    three_towns_report_and_one_is_silent(office, tmp_path)
    the_late_town_slips_by_a_unit_then_reports(office, tmp_path)
    bases_are_compared_and_ground_under_panels_is_worth_more(office, tmp_path)
    hail_is_paid_out_of_the_fund(office, tmp_path)
    a_round_of_subsidies_is_paid(office, tmp_path)
    august = at(office, tmp_path, date(2026, 8, 1))
    village = august.queries.village(COUNTY, VILLAGES[0])
    assert {one.source.value: one.now_fen for one in village.sources} == {
        "guarantee": 20_000_00,
        "subsidy": 1_000_00,
    }
    standing = {one.standing.fund.fund_id: one.standing for one in august.queries.funds(COUNTY)}
    assert (standing[GUARD].balance_fen, standing[SUBSIDY].balance_fen) == (80_000_00, 98_450_00)
    assert [one.rule for one in august.queries.overview(COUNTY, "2026-07").notices].count("claim_rate") == 1
    assert office.records.verify().is_sound
