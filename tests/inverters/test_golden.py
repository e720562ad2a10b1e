"""Every golden case: registers (or a document) as a device would send them, and what they mean."""

from pathlib import Path
from typing import Any

import pytest

from domain.measurement import Batch, BlockRead, Quality, WordBlock
from inverters.codes import device_state
from inverters.decode import Decoder
from inverters.dlt645 import meter_batch
from inverters.frames import dlt645_answer
from inverters.profile import resolve
from tests.inverters.support import GOLDEN, NOON, read_json, reading_of, sample, shipped, values_of

CASES = sorted(path.parent for path in GOLDEN.glob("*/*/words.json"))


def _decoded(case: Path, words: dict[str, Any]) -> Batch:
    profile = shipped()[case.parent.name]
    if "models" in words:
        profile = resolve(profile, [tuple(model) for model in words["models"]])
    if profile.mapping is not None:
        return reading_of(case).batch
    if "document" in words:
        return Decoder(profile).decode_document(sample(document=words["document"]))
    if "frames" in words:
        answers = [dlt645_answer(bytes.fromhex(frame)) for frame in words["frames"]]
        return meter_batch("d", NOON, NOON, answers, ct_ratio=words["ct_ratio"])
    blocks = [
        WordBlock(entry["function"], entry["address"], bytes.fromhex(entry["words"]))
        for entry in words["blocks"]
    ]
    reads = [BlockRead(block.function, block.address, block.count) for block in blocks]
    decoder = Decoder(
        profile,
        reads,
        string_count=words.get("string_count"),
        ct_ratio=words.get("ct_ratio", 1.0),
        pt_ratio=words.get("pt_ratio", 1.0),
    )
    return decoder.decode(sample(*blocks))


@pytest.mark.parametrize("case", [case for case in CASES if shipped()[case.parent.name].mapping], ids=str)
def test_a_mapped_document_tells_when_it_was_measured_and_whether_long_ago(case: Path) -> None:
    expected, reading = read_json(case / "expected.json"), reading_of(case)
    assert reading.batch.measured_at.isoformat() == expected["at"]
    assert reading.history is expected.get("history", False)
    assert reading.timed is expected.get("timed", True)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}-{case.name}")
def test_a_golden_case_reads_as_written_down(case: Path) -> None:
    words, expected = read_json(case / "words.json"), read_json(case / "expected.json")
    batch = _decoded(case, words)
    assert values_of(batch) == pytest.approx(expected["values"], rel=1e-9, abs=1e-9)
    assert batch.texts == expected["texts"]
    doubtful = [
        name
        for name, quality in zip(batch.quantities, batch.qualities or (), strict=False)
        if quality is not Quality.GOOD
    ]
    assert doubtful == expected.get("doubtful", [])
    if "state" in expected:
        assert device_state(case.parent.name, batch).state.value == expected["state"]


@pytest.mark.parametrize("name", sorted(shipped()))
def test_every_profile_has_a_golden_case(name: str) -> None:
    assert any(case.parent.name == name for case in CASES), f"add a case under {GOLDEN / name}"


def test_every_golden_case_belongs_to_a_profile() -> None:
    assert {case.parent.name for case in CASES} <= set(shipped())
