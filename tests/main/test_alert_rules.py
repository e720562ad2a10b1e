"""`config/alert_rules.yaml`: what is delivered is sound, layers add up, faults are told at once with their place."""

from pathlib import Path

from alerts.catalog import KINDS
from domain.alert import Severity
from main.alert_rules import FILE, RuleBook, rule_book
from main.configuration import check, load_alert_rules, read_record
from main.registry.problem import Problem, Problems
from tests.conftest import ROOT
from texts.loader import Texts


def read(folder: Path, text: str, plants: tuple[str, ...] | None = None) -> tuple[RuleBook, list[Problem]]:
    (folder / FILE).write_text("format: 1\n" + text, "utf-8")
    problems = Problems(Texts("en"))
    return rule_book([folder], read_record, problems, plants), problems.sorted()


def test_every_rule_is_delivered_with_every_threshold_and_its_source() -> None:
    book = load_alert_rules(ROOT / "config")
    assert {rule.rule_id for rule in book.rules} == set(KINDS)
    for rule in book.rules:
        assert set(rule.limits) == set(KINDS[rule.rule_id].bounds)
        assert rule.source


def test_a_folder_without_rules_has_the_delivered_ones(tmp_path: Path) -> None:
    assert load_alert_rules(tmp_path) == load_alert_rules(ROOT / "config")


def test_a_later_layer_wins_key_by_key(tmp_path: Path) -> None:
    book, problems = read(
        tmp_path,
        "stakes: {raise_above_yuan: 50}\nrules:\n  - {id: F08, severity: S3, limits: {peer_share: 0.2}}\n",
    )
    assert problems == []
    [rule] = [each for each in book.rules if each.rule_id == "F08"]
    assert rule.severity is Severity.S3
    assert (rule.limit("peer_share"), rule.limit("zero_share")) == (0.2, 0.001)
    assert rule.timing.on_s == 900
    assert (book.stakes.raise_above_fen, book.stakes.lower_below_fen) == (5000, 200)


def test_a_plant_has_its_own_threshold(tmp_path: Path) -> None:
    book, problems = read(
        tmp_path, "plants:\n  - {plant: p1, rule: F08, limits: {peer_share: 0.2}}\n", plants=("p1",)
    )
    assert problems == []
    [rule] = [each for each in book.rules if each.rule_id == "F08"]
    assert (rule.limit("peer_share", "p1"), rule.limit("peer_share", "p2")) == (0.2, 0.1)


def test_every_fault_is_told_at_once_with_line_and_the_nearest_word(tmp_path: Path) -> None:
    _, problems = read(
        tmp_path,
        "rules:\n"
        "  - {id: F08, limits: {peer_shore: 0.2}}\n"
        "  - {id: F10, limits: {open_share: 7}}\n"
        "  - {id: F99}\n"
        "  - {id: F06, severty: S1}\n"
        "plants:\n"
        "  - {plant: p2, rule: F08, limits: {peer_share: 0.2}}\n",
        plants=("p1",),
    )
    assert [(each.line, each.key, each.code) for each in problems] == [
        (3, "F08.limits.peer_shore", "unknown_key"),
        (4, "F10.limits.open_share", "out_of_range"),
        (5, "id", "bad_choice"),
        (6, "severty", "unknown_key"),
        (8, "plant", "unknown_plant"),
    ]
    assert "peer_share" in problems[0].message
    assert problems[3].suggestion == "severity"


def test_an_unknown_key_fails_the_check_of_the_configuration(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("format: 1\nrules:\n  - {id: F08, limits: {peer_shore: 0.2}}\n", "utf-8")
    found = [each for each in check(tmp_path, texts=Texts("en")) if each.file.endswith(FILE)]
    assert [(each.key, each.suggestion) for each in found] == [("F08.limits.peer_shore", "peer_share")]
