"""Every rule is written down: what it needs, why its numbers, which traps it knows, and a story that can fail."""

import re
from pathlib import Path

import pytest

from alerts.catalog import KINDS
from tests.alerts.builders import RULES

ROOT = Path(__file__).parents[2]
ENTRY = re.compile(r"^\| (F\d\d) \| (.+?) \| (.+?) \| (.+?) \| `(test_\w+)` \|$", re.MULTILINE)
ENTRIES = {
    match[1]: match.groups()[1:]
    for match in ENTRY.finditer((ROOT / "docs" / "detection.md").read_text("utf-8"))
}
STORIES = {
    name: text
    for path in (ROOT / "tests").rglob("test_*.py")
    for text in [path.read_text("utf-8")]
    for name in re.findall(r"^def (test_\w+)", text, re.MULTILINE)
    if path != Path(__file__)
}
LISTED = sorted(name for name in KINDS if name.startswith("F"))


def test_the_list_goes_from_f01_to_f45_and_beyond_without_a_hole() -> None:
    assert [f"F{number:02}" for number in range(1, len(LISTED) + 1)] == LISTED
    assert len(LISTED) >= 45
    assert sorted(ENTRIES) == LISTED


@pytest.mark.parametrize("rule", LISTED)
def test_a_rule_says_what_it_needs_why_its_numbers_and_which_traps_and_has_a_story(rule: str) -> None:
    needs, why, traps, story = ENTRIES[rule]
    assert min(len(needs), len(traps)) >= 8
    assert why == RULES[rule].source
    assert rule in STORIES[story], f"{story} is about another rule"
