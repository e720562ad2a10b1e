"""A batch is columnar; doubt has a name; silence is not zero."""

from datetime import UTC, datetime

import pytest

from domain.measurement import Batch, Origin, Quality, Sample, WordBlock

NOON = datetime(2026, 7, 1, 4, 0, tzinfo=UTC)


def batch(*values: float | None, qualities: tuple[Quality, ...] | None = None) -> Batch:
    return Batch("p001-inv01", NOON, ("ac_active_power_w", "device_status"), values, qualities)


def test_a_value_is_found_by_its_name() -> None:
    assert batch(5000.0, 1.0).value("device_status") == 1.0


def test_a_quantity_the_device_does_not_have_is_none_not_zero() -> None:
    assert batch(5000.0, 1.0).value("dc_power_w") is None
    assert batch(5000.0, 1.0).good("dc_power_w") is None


def test_what_the_device_did_not_say_is_none() -> None:
    assert batch(None, 1.0).value("ac_active_power_w") is None


def test_a_doubtful_value_is_kept_but_is_not_good() -> None:
    doubtful = batch(9e9, 1.0, qualities=(Quality.OUT_OF_RANGE, Quality.GOOD))
    assert doubtful.value("ac_active_power_w") == 9e9
    assert doubtful.good("ac_active_power_w") is None
    assert doubtful.good("device_status") == 1.0


def test_without_qualities_everything_is_good() -> None:
    assert batch(5000.0, 1.0).good("ac_active_power_w") == 5000.0


def test_a_word_block_counts_registers_not_bytes() -> None:
    assert WordBlock(3, 32080, b"\x00\x01\x00\x02").count == 2


def test_a_batch_cannot_be_changed_and_its_texts_are_nobody_elses() -> None:
    one = batch(1.0, 1.0)
    with pytest.raises(AttributeError):
        one.device_id = "other"  # type: ignore[misc]
    with pytest.raises(TypeError):
        one.texts["serial_number"] = "x"  # type: ignore[index]


def test_a_sample_is_a_poll_unless_said_otherwise() -> None:
    assert Sample("d", NOON, NOON).origin is Origin.POLL


def test_stored_numbers_of_quality_and_origin_never_change() -> None:
    assert {q.name: int(q) for q in Quality} == {
        "GOOD": 0,
        "OUT_OF_RANGE": 1,
        "STALE": 2,
        "CLOCK": 3,
        "INCONSISTENT": 4,
    }
    assert {o.name: int(o) for o in Origin} == {
        "POLL": 0,
        "MQTT": 1,
        "FILE": 2,
        "MANUAL": 3,
        "DEMO_HISTORY": 4,
    }
