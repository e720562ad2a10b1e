"""The indicators that are delivered, and every fault of their file at once."""

from decimal import Decimal
from pathlib import Path

import pytest

from domain.errors import ConfigurationError
from industries.indicator import IndicatorKind
from main.industries import NAME, load_industries, read_industries
from texts.loader import LANGUAGES, Texts

CONFIG = Path(__file__).parents[2] / "config"


def test_the_delivered_targets_are_a_hundred_million_bags_and_fifty_thousand_mu() -> None:
    found = {one.indicator_id: one for one in load_industries(CONFIG, None)}
    bags, land = found["fungus_bags"], found["artichoke_mu"]
    assert (bags.kind, bags.target_base, bags.unit.base) == (IndicatorKind.FLOW, Decimal(100_000_000), "bag")
    assert (land.kind, land.target_base) == (IndicatorKind.STOCK, Decimal(50_000))
    assert bags.expected_base(1) == Decimal(5_000_000)
    assert all(one.document and one.sentence for one in found.values())
    assert bags.path_assumed
    assert land.path_assumed


def test_without_a_target_or_a_path_nothing_is_expected() -> None:
    herbs = next(one for one in load_industries(CONFIG, None) if one.indicator_id == "herbs_mu")
    assert herbs.target_base is None
    assert herbs.expected_base(6) is None


def test_a_hectare_is_fifteen_mu(tmp_path: Path) -> None:
    text = (CONFIG / NAME).read_text("utf-8").replace("unit: mu", "unit: hectare")
    (tmp_path / NAME).write_text(text, "utf-8")
    found = {one.indicator_id: one for one in load_industries(CONFIG, tmp_path)}
    assert found["artichoke_mu"].target_base == Decimal(750_000)
    assert load_industries(tmp_path / "nowhere", None) == ()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_fault_is_told_at_once_with_the_nearest_word(tmp_path: Path, language: str) -> None:
    text = (
        (CONFIG / NAME)
        .read_text("utf-8")
        .replace("unit: ten_thousand_bags", "unit: ten_thousand_bag")
        .replace("kind: flow", "kind: flows")
        .replace('"11": 0.93, "12": 1', '"11": 0.5, "13": 1')
        .replace("id: herbs_mu", "id: artichoke_mu")
        .replace("target: 50000", "targt: 50000")
    )
    (tmp_path / NAME).write_text(text, "utf-8")
    found, problems = read_industries(tmp_path, None, Texts(language))
    assert found == ()
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
