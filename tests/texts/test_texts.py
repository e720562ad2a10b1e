"""The words of both languages: same keys, same blanks, each in its own language, none missing, none unused."""

import re
from pathlib import Path
from typing import Any

import pytest

from texts.loader import Texts

ROOT = Path(__file__).parents[2]
ZH, EN = Texts("zh"), Texts("en")
ZH_KEYS, EN_KEYS = ZH.keys(), EN.keys()
BLANK = re.compile(r"\{(\w+)[^}]*\}")
HAN = re.compile(r"[\u4e00-\u9fff]")
OURS = ("pages.", "components.", "units.")


def test_both_languages_have_the_same_keys() -> None:
    assert set(ZH_KEYS) ^ set(EN_KEYS) == set()


@pytest.mark.parametrize("key", [key for key in ZH_KEYS if key.startswith(OURS)])
def test_a_text_has_the_same_blanks_in_both_languages(key: Any) -> None:
    assert set(BLANK.findall(ZH(key))) == set(BLANK.findall(EN(key)))


def test_english_texts_of_the_pages_hold_no_chinese() -> None:
    allowed = {"components.other_language"}
    assert [
        key for key in EN_KEYS if key.startswith(OURS) and key not in allowed and HAN.search(EN(key))
    ] == []


def test_chinese_texts_of_the_pages_are_chinese() -> None:
    names = re.compile(r"^[\s\W\d]*(English|MPPT|CSV)?[\s\W\d]*$")
    bare = [
        k
        for k in ZH_KEYS
        if k.startswith(OURS) and not HAN.search(ZH(k)) and not names.match(BLANK.sub("", ZH(k)))
    ]
    assert bare == []


def test_every_key_the_pages_name_exists() -> None:
    named = re.compile(r'"((?:pages|components|units)\.[a-z_.]+)"')
    used = {
        key
        for path in [*ROOT.glob("dashboard/**/*.py"), *ROOT.glob("queries/*.py")]
        for key in named.findall(path.read_text("utf-8"))
    }
    assert len(used) > 80
    whole = {key for key in used if key not in ZH}
    assert {key for key in whole if not any(known.startswith(f"{key}.") for known in ZH_KEYS)} == set()


def test_every_state_and_reason_has_its_words() -> None:
    from queries.curves import Span, Subject
    from queries.plants import PlantFilter
    from queries.states import DataState, OperationState, Reason

    keys = [f"components.data.{s.value}" for s in DataState]
    keys += [f"components.operation.{s.value}" for s in OperationState]
    keys += [f"components.{kind}.{r.value}" for kind in ("reason", "short") for r in Reason]
    keys += [
        f"components.missing.{r}"
        for r in ("late", "interrupted", "never", "manual", "file", "partial", "night")
    ]
    keys += [f"pages.plants.chip.{c.value}" for c in PlantFilter]
    keys += [f"pages.plant.subject.{s.value}" for s in Subject] + [
        f"pages.plant.span.d{s.value}" for s in Span
    ]
    assert [key for key in keys if key not in ZH] == []


def test_every_tile_has_a_definition() -> None:
    keys = re.compile(r'key="([a-z_]+)"')
    used = {
        key for path in ROOT.glob("dashboard/pages/*.py") for key in keys.findall(path.read_text("utf-8"))
    }
    assert used
    assert [key for key in used if f"pages.definition.{key}" not in ZH] == []
