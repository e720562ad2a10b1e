"""DL/T 645-2007: identifiers, BCD, signs, ratios, and what is corrupt."""

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import MalformedAnswerError
from domain.measurement import Quality
from domain.quantity import is_known, quantity
from inverters.dlt645 import IDENTITY_IDENTIFIERS, LIVE_IDENTIFIERS, decode_identifier, meter_batch
from inverters.frames import Dlt645Answer
from inverters.point import IDENTITY_TEXTS
from tests.inverters.support import NOON, values_of


def _one(identifier: str, digits: str, **ratios: float) -> tuple[str, float | None]:
    """Decode ``digits`` as they are printed (highest first)."""
    (value,) = decode_identifier(identifier, bytes.fromhex(digits)[::-1], **ratios)
    return value.name, value.value


@pytest.mark.parametrize(
    ("identifier", "digits", "expected"),
    [
        ("00010000", "00123456", ("meter_energy_forward_wh", 1_234_560.0)),
        ("00020000", "99999999", ("meter_energy_reverse_wh", 999_999_990.0)),
        ("00000000", "80000126", ("meter_energy_total_wh", -1260.0)),
        ("00010100", "00000100", ("meter_energy_forward_sharp_wh", 1000.0)),
        ("00020400", "00000100", ("meter_energy_reverse_valley_wh", 1000.0)),
        ("00050000", "00000100", ("meter_reactive_energy_q1_varh", 1000.0)),
        ("02010200", "2301", ("ac_phase_b_voltage_v", 230.1)),
        ("02020100", "805000", ("ac_phase_a_current_a", -5.0)),
        ("02030000", "812345", ("ac_active_power_w", -1234.5)),
        ("02030000", "012345", ("ac_active_power_w", 1234.5)),
        ("02050000", "812345", ("ac_apparent_power_va", 81_234.5)),
        ("02060000", "8998", ("power_factor", -0.998)),
        ("02800002", "5001", ("grid_frequency_hz", 50.01)),
        ("04000503", "0010", ("device_state_word_03", 16.0)),
    ],
)
def test_a_value_is_read_by_the_rule_of_its_identifier(
    identifier: str, digits: str, expected: tuple[str, float]
) -> None:
    name, value = _one(identifier, digits)
    assert name == expected[0]
    assert value == pytest.approx(expected[1], rel=1e-12)


def test_secondary_values_are_multiplied_by_their_ratios() -> None:
    assert _one("02020100", "001000", ct_ratio=60)[1] == pytest.approx(60)
    assert _one("02010100", "1000", pt_ratio=100)[1] == pytest.approx(10_000)
    assert _one("00010000", "00000100", ct_ratio=60, pt_ratio=100)[1] == pytest.approx(6_000_000)
    assert _one("02060000", "0998", ct_ratio=60, pt_ratio=100)[1] == pytest.approx(0.998)


@pytest.mark.parametrize("digits", ["0000000A", "A0000000", "FFFFFFFF"])
def test_a_digit_above_nine_is_corrupt_and_never_a_value(digits: str) -> None:
    (value,) = decode_identifier("00010000", bytes.fromhex(digits)[::-1])
    assert (value.value, bool(value.doubt)) == (None, True)


def test_blocks_give_each_value_its_name() -> None:
    voltages = decode_identifier("0201FF00", bytes.fromhex("0123 0223 FFFF".replace(" ", "")))
    assert [(v.name, v.value) for v in voltages] == [
        ("ac_phase_a_voltage_v", 230.1),
        ("ac_phase_b_voltage_v", 230.2),
        ("ac_phase_c_voltage_v", None),
    ]
    energies = decode_identifier("0001FF00", b"\x00\x01\x00\x00" * 5)
    assert [v.name for v in energies] == ["meter_energy_forward_wh"] + [
        f"meter_energy_forward_{tariff}_wh" for tariff in ("sharp", "peak", "flat", "valley")
    ]
    assert [v.unverified for v in energies] == [False, True, True, True, True]


def test_energy_of_a_settlement_day_is_never_taken_for_the_present() -> None:
    (value,) = decode_identifier("00010001", b"\x00\x01\x00\x00")
    assert (value.name, value.settlement, value.value) == ("", 1, 1000.0)
    assert meter_batch("m", NOON, NOON, [Dlt645Answer("1", 0x91, "00010001", b"\0\1\0\0")]).quantities == ()


@pytest.mark.parametrize(
    ("identifier", "size"),
    [("00010000", 3), ("02010100", 3), ("0201FF00", 4), ("02800002", 1), ("0001FF00", 5)],
)
def test_content_of_another_length_is_refused(identifier: str, size: int) -> None:
    with pytest.raises(MalformedAnswerError):
        decode_identifier(identifier, bytes(size))


def test_what_nobody_knows_is_nothing() -> None:
    assert decode_identifier("FF000000", b"\x01") == ()
    assert decode_identifier("02100100", b"\x01") == ()


def test_clock_and_number_are_texts() -> None:
    assert decode_identifier("04000101", bytes.fromhex("03010726"))[0].text == "2026-07-01"
    assert decode_identifier("04000102", bytes.fromhex("593012"))[0].text == "12:30:59"
    (number,) = decode_identifier("04000402", bytes.fromhex("610100000000"))
    assert (number.name, number.text) == ("serial_number", "000000000161")


def test_answers_of_a_meter_become_one_batch() -> None:
    answers = [
        Dlt645Answer("161", 0x91, "00010000", bytes.fromhex("26000000")),
        Dlt645Answer("161", 0x91, "0201FF00", bytes.fromhex("012399990123")),
        Dlt645Answer("161", 0x91, "04000402", bytes.fromhex("610100000000")),
    ]
    batch = meter_batch("meter-1", NOON, NOON, answers, pt_ratio=1000)
    assert values_of(batch)["meter_energy_forward_wh"] == 260_000
    assert batch.texts == {"serial_number": "000000000161"}
    assert batch.qualities is not None
    assert batch.qualities[batch.quantities.index("ac_phase_b_voltage_v")] is Quality.OUT_OF_RANGE
    assert batch.qualities[batch.quantities.index("meter_energy_forward_wh")] is Quality.GOOD


def test_what_is_asked_for_is_understood() -> None:
    sizes = {"0201FF00": 6, "0202FF00": 9, "02030000": 3, "02040000": 3, "02060000": 2}
    for identifier in LIVE_IDENTIFIERS:
        values = decode_identifier(identifier, bytes(sizes.get(identifier, 4)))
        assert values
        assert all(quantity(value.name) for value in values)
    assert decode_identifier(IDENTITY_IDENTIFIERS[0], bytes(6))[0].name in IDENTITY_TEXTS


@given(st.integers(0, 0xFFFFFFFF), st.binary(max_size=24))
def test_no_content_of_any_identifier_crashes(number: int, content: bytes) -> None:
    try:
        values = decode_identifier(f"{number:08X}", content)
    except MalformedAnswerError:
        return
    assert all(value.value is None or abs(value.value) < 1e12 for value in values)


@pytest.mark.needs("reference:devices/dlt645_2007_identifiers.csv")
def test_every_identifier_of_the_reference_is_understood(reference: Path) -> None:
    with (reference / "devices" / "dlt645_2007_identifiers.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) > 50
    for row in rows:
        size = 8 if "*" in row["data_bytes"] else int(row["data_bytes"])
        values = decode_identifier(row["data_identifier"], bytes(size))
        assert values, row
        if is_known(row["canonical_field"]):
            assert [value.name for value in values] == [row["canonical_field"]]
