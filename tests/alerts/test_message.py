"""Messages and pages name a part of a device in words."""

import pytest

from alerts.message import part_name
from texts.loader import Texts


@pytest.mark.parametrize(
    ("part", "zh", "en"),
    [
        ("string_07", "组串 7", "string 7"),
        ("mppt_3", "MPPT 3", "MPPT 3"),
        ("string_", "string_", "string_"),
        ("2026-06", "2026-06", "2026-06"),
        ("string_a", "string_a", "string_a"),
        ("", "", ""),
    ],
)
def test_strings_and_trackers_are_named_by_their_number_and_anything_else_as_it_is(
    part: str, zh: str, en: str
) -> None:
    assert (part_name(part, Texts("zh")), part_name(part, Texts("en"))) == (zh, en)
