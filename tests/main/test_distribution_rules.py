"""The rule versions that are delivered, and every fault of a file at once."""

from datetime import date
from pathlib import Path

import pytest

from domain.errors import ConfigurationError
from main.distribution_rules import FILE, load_rules
from revenue.rule import LineClass, ShareBase, rule_on

CONFIG = Path(__file__).parents[2] / "config"


def test_the_delivered_rules_say_eighty_percent_in_2020_sixty_before_and_none_since() -> None:
    rules = load_rules(CONFIG)
    in_2020 = rule_on(rules, date(2020, 7, 1))
    assert (in_2020.min_share_percent, in_2020.base) == (80, ShareBase.GROSS)
    assert in_2020.counts == {LineClass.POSTS, LineClass.LABOUR}
    in_2019 = rule_on(rules, date(2019, 7, 1))
    assert (in_2019.min_share_percent, in_2019.base) == (60, ShareBase.NET)
    now = rule_on(rules, date(2026, 7, 1))
    assert now.min_share_percent is None
    assert now.attendance_before_pay
    assert {use.use_id for use in now.forbidden} >= {"debt", "fund", "official_wages"}
    assert rule_on(rules, date(2018, 1, 1)).min_share_percent is None
    assert all(rule.source for rule in rules)


def test_a_newer_version_of_the_district_is_laid_over(tmp_path: Path) -> None:
    text = (
        (CONFIG / FILE)
        .read_text("utf-8")
        .replace('"2021-after"', '"2027"')
        .replace("2021-01-01", "2027-01-01")
    )
    (tmp_path / FILE).write_text(text, "utf-8")
    assert rule_on(load_rules(CONFIG, tmp_path), date(2027, 5, 1)).rule_id == "2027"
    assert load_rules(tmp_path / "nowhere") == ()


def test_every_fault_of_a_file_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(
        "rules:\n"
        "  - {id: a, valid_form: 2020-01-01}\n"
        "  - {id: b, valid_from: 2020-01-01, source: s, name: n, name_en: n, min_share_percent: 101, counts: [], base: net,"
        " allowed: [], notice_days: 7, answer_days: 5, attendance_before_pay: true, equal_division_forbidden: true,"
        " binding: true, forbidden: []}\n"
        "  - {id: c, valid_from: 2020-01-01, source: s, name: n, name_en: n, min_share_percent: 80, counts: [prizes],"
        " base: middle, allowed: [], notice_days: -1, answer_days: 5, attendance_before_pay: true,"
        " equal_division_forbidden: true, binding: true, forbidden: [{id: x}]}\n"
        "  - seven\n",
        "utf-8",
    )
    with pytest.raises(ConfigurationError) as caught:
        load_rules(tmp_path)
    said = str(caught.value)
    for fault in (
        "unknown key 'valid_form'",
        "valid_from is missing",
        "from 1 to 100",
        "'prizes'",
        "gross or net",
    ):
        assert fault in said
    for fault in ("must not be negative", "each forbidden use", "rule 4: expected keys"):
        assert fault in said


@pytest.mark.parametrize(("text", "said"), [("rules: 5", "expected a list"), ("a: [", "no sound YAML")])
def test_a_file_that_is_no_list_of_rules_says_so(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / FILE).write_text(text, "utf-8")
    with pytest.raises(ConfigurationError, match=said):
        load_rules(tmp_path)
