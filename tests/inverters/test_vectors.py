"""Recorded vectors: all of the reference file agree, a wrong one is found, a strange one is told."""

from pathlib import Path
from typing import Any

import pytest

from domain.errors import MalformedAnswerError
from inverters.vectors import VectorResult, check_vectors
from tests.inverters.support import read_json, shipped


@pytest.mark.needs("reference:devices/test_vectors.json")
def test_every_recorded_vector_agrees_or_says_why_not(reference: Path) -> None:
    results = check_vectors(read_json(reference / "devices" / "test_vectors.json"), shipped())
    assert len(results) == 97
    assert {r.vector_id: r.reason for r in results if r.outcome == "fail"} == {}
    assert {r.vector_id: r.reason for r in results if r.outcome == "unsupported"} == {}


@pytest.mark.needs("reference:devices/test_vectors.json")
def test_a_changed_expectation_is_found_in_every_numeric_vector(reference: Path) -> None:
    document = read_json(reference / "devices" / "test_vectors.json")
    for vector in document["vectors"]:
        for expected in vector["expected"]:
            if isinstance(expected.get("value"), int | float) and "0xFFFF marker" not in str(
                expected.get("note")
            ):
                expected["value"] += 1 + abs(expected["value"]) / 100
                break
        else:
            vector["id"] = ""
    results = check_vectors(document, shipped())
    assert {r.vector_id for r in results if r.vector_id and r.outcome == "pass"} == set()


def _one(**vector: Any) -> VectorResult:
    return check_vectors({"vectors": [{"id": "v", "kind": "registers", **vector}]}, shipped())[0]


def _huawei(value: Any, *registers: int, address: int = 32080, **more: Any) -> VectorResult:
    expected = [{"address": address, "value": value, **more}]
    return _one(
        vendor="huawei", function_code=3, address=address, registers=list(registers), expected=expected
    )


def test_a_device_vector_is_read_by_its_profile() -> None:
    assert _huawei(51.2, 0, 51200, unit="kW").outcome == "pass"
    assert _huawei(51.3, 0, 51200, unit="kW").outcome == "fail"
    assert _huawei(None, 0x7FFF, 0xFFFF).outcome == "pass"
    assert _huawei(0, 0x7FFF, 0xFFFF).outcome == "fail"
    assert _huawei(None, 0, 0).outcome == "fail"


def test_labels_are_compared_with_the_code_table() -> None:
    assert _huawei("On-grid", 0x0200, address=32089).outcome == "pass"
    assert _huawei("On-grid", 0x0300, address=32089).outcome == "fail"


def test_profile_and_rule_must_agree() -> None:
    expected = [{"address": 32080, "value": 5}]
    given: dict[str, Any] = {"vendor": "huawei", "address": 32080, "registers": [0, 5], "expected": expected}
    assert _one(**given, decode={"type": "i32"}).outcome == "pass"
    assert _one(**given, decode={"type": "i32", "word_order": "little"}).outcome == "fail"


@pytest.mark.parametrize(
    ("story", "vector", "outcome"),
    [
        ("unknown kind", {"kind": "smoke"}, "unsupported"),
        (
            "neither device nor rule",
            {"vendor": "nobody", "registers": [1], "expected": [{"value": 1}]},
            "unsupported",
        ),
        ("no expectation", {"vendor": "nobody", "registers": [1], "expected": []}, "fail"),
        ("no registers", {"vendor": "huawei", "address": 32080, "expected": [{"value": 1}]}, "fail"),
        ("strange register", {"registers": ["0xZZ"], "expected": [{"value": 1}]}, "fail"),
        ("strange type", {"registers": [1], "decode": {"type": "u17"}, "expected": [{"value": 1}]}, "fail"),
        ("bad frame", {"kind": "rtu_response", "frame_hex": "0102", "expected": [{"value": 1}]}, "fail"),
    ],
)
def test_a_strange_vector_is_told_and_never_stops_the_others(
    story: str, vector: dict[str, Any], outcome: str
) -> None:
    result = _one(**vector)
    assert result.outcome == outcome, story
    assert result.reason


@pytest.mark.parametrize("document", [{}, {"vectors": 5}, {"vectors": [5]}])
def test_a_document_without_vectors_is_refused(document: dict[str, Any]) -> None:
    with pytest.raises(MalformedAnswerError):
        check_vectors(document, shipped())
