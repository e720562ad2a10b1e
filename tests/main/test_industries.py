"""The indicators that are delivered, and every fault of their file at once."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from domain.errors import ConfigurationError
from industries.indicator import IndicatorKind
from industries.rules import FundKind, IndustryRules
from main.industries import NAME, load_industries, read_industries
from texts.loader import LANGUAGES, Texts

CONFIG = Path(__file__).parents[2] / "config"


def test_the_delivered_targets_are_a_hundred_million_bags_and_fifty_thousand_mu() -> None:
    found = {one.indicator_id: one for one in load_industries(CONFIG, None).indicators}
    bags, land = found["fungus_bags"], found["artichoke_mu"]
    assert (bags.kind, bags.target_base, bags.unit.base) == (IndicatorKind.FLOW, Decimal(100_000_000), "bag")
    assert (land.kind, land.target_base) == (IndicatorKind.STOCK, Decimal(50_000))
    assert bags.expected_base(1) == Decimal(5_000_000)
    assert all(one.document and one.sentence for one in found.values())
    assert bags.path_assumed
    assert land.path_assumed


def test_without_a_target_or_a_path_nothing_is_expected() -> None:
    herbs = next(one for one in load_industries(CONFIG, None).indicators if one.industry == "herbs")
    assert herbs.target_base is None
    assert herbs.expected_base(6) is None


def test_a_hectare_is_fifteen_mu(tmp_path: Path) -> None:
    text = (CONFIG / NAME).read_text("utf-8").replace("unit: mu", "unit: hectare")
    (tmp_path / NAME).write_text(text, "utf-8")
    found = {one.indicator_id: one for one in load_industries(CONFIG, tmp_path).indicators}
    assert found["artichoke_mu"].target_base == Decimal(750_000)
    assert load_industries(tmp_path / "nowhere", None) == IndustryRules()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_fault_is_told_at_once_with_the_nearest_word(tmp_path: Path, language: str) -> None:
    text = (
        (CONFIG / NAME)
        .read_text("utf-8")
        .replace("unit: ten_thousand_bags", "unit: ten_thousand_bag")
        .replace("kind: flow\n", "kind: flows\n")
        .replace('"11": 0.93, "12": 1', '"11": 0.5, "13": 1')
        .replace("id: astragalus_mu", "id: artichoke_mu")
        .replace("target: 50000", "targt: 50000")
    )
    (tmp_path / NAME).write_text(text, "utf-8")
    found, problems = read_industries(tmp_path, None, Texts(language))
    assert found == IndustryRules()
    by_key = {problem.key.rpartition(".")[2]: problem for problem in problems}
    assert by_key["unit"].suggestion == "ten_thousand_bags"
    assert by_key["kind"].suggestion == "flow"
    assert by_key["11"].code == "out_of_range"
    assert by_key["12"].code == "missing_key"
    assert by_key["13"].code == "bad_choice"
    assert by_key["artichoke_mu"].code == "written_twice"
    assert by_key["targt"].suggestion == "target"
    assert all(problem.line and "{" not in problem.message for problem in problems)
    with pytest.raises(ConfigurationError):
        load_industries(tmp_path, None)


def test_a_path_ends_at_the_target(tmp_path: Path) -> None:
    text = (CONFIG / NAME).read_text("utf-8").replace('"11": 0.93, "12": 1', '"11": 0.93, "12": 0.95')
    (tmp_path / NAME).write_text(text, "utf-8")
    assert [one.key for one in read_industries(tmp_path, None)[1]] == ["path.12"]


@pytest.mark.parametrize(("text", "code"), [("", "empty_file"), ("a: [", "not_yaml")])
def test_an_empty_or_broken_file_is_said_to_be_so(tmp_path: Path, text: str, code: str) -> None:
    (tmp_path / NAME).write_text(text, "utf-8")
    assert [one.code for one in read_industries(tmp_path, None)[1]] == [code]


def test_every_industry_of_the_decision_is_there_with_its_fund_and_what_is_assumed() -> None:
    rules = load_industries(CONFIG, None)
    assert {one.industry for one in rules.indicators} == {one.industry_id for one in rules.industries}
    assert {one.industry_id for one in rules.industries} >= {
        *("fungus", "artichoke", "herbs", "husbandry", "crops", "under_panel"),
    }
    today = date(2026, 7, 1)
    guarantee = rules.fund("fungus_guarantee", today)
    assert guarantee is not None
    assert (guarantee.kind, guarantee.cap_fen, guarantee.coverage) == (
        FundKind.GUARANTEE,
        500_000_000,
        Decimal("0.7"),
    )
    subsidy = rules.subsidy_rule("artichoke_subsidy", today)
    assert subsidy is not None
    assert subsidy.fen_per_unit == 10_000
    assert guarantee.terms_assumed
    assert subsidy.rate_assumed
    assert all(one.limits_assumed for one in rules.indicators)


def test_a_newer_target_replaces_the_older_one_from_its_day_on(tmp_path: Path) -> None:
    text = (CONFIG / NAME).read_text("utf-8")
    start = text.index("  - id: artichoke_mu")
    block = text[start : text.index("  - id: astragalus_mu")]
    newer = block.replace("target: 50000", "target: 60000").replace("2020-02-25", "2027-01-01")
    (tmp_path / NAME).write_text(text.replace(block, block + newer), "utf-8")
    rules = load_industries(tmp_path, None)
    before, after = (rules.indicator("artichoke_mu", date(year, 6, 1)) for year in (2026, 2027))
    assert before is not None
    assert after is not None
    assert (before.target, after.target) == (Decimal(50_000), Decimal(60_000))
    assert rules.indicator("artichoke_mu", date(2019, 6, 1)) is None


def test_another_industry_needs_lines_and_no_code(tmp_path: Path) -> None:
    text = (CONFIG / NAME).read_text("utf-8")
    more = text.replace(
        "industries:\n  - ", "industries:\n  - {id: tea, name: 茶叶, name_en: Tea}\n  - ", 1
    ).replace(
        "indicators:\n",
        "indicators:\n  - {id: tea_mu, industry: tea, name: 茶园, name_en: Tea, kind: stock, unit: mu,"
        " valid_from: 2026-01-01, document: d, sentence: s, counting: c}\n",
        1,
    )
    (tmp_path / NAME).write_text(more, "utf-8")
    assert load_industries(tmp_path, None).indicator("tea_mu", date(2026, 7, 1)) is not None


def test_a_fund_of_no_industry_and_a_rule_of_no_fund_are_told(tmp_path: Path) -> None:
    text = (CONFIG / NAME).read_text("utf-8")
    text = text.replace("industries: [artichoke]", "industries: [artichok]")
    text = text.replace("fund: artichoke_subsidy", "fund: artichoke_subsid")
    (tmp_path / NAME).write_text(text, "utf-8")
    found = {one.key: one.suggestion for one in read_industries(tmp_path, None)[1]}
    assert found == {"industries": "artichoke", "fund": "artichoke_subsidy"}
