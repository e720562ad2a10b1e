"""Decoding: silence is not zero, doubt has a name, half a value is nothing."""

import math
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.measurement import BlockRead, Origin, Quality, Sample
from domain.quantity import quantity
from inverters.decode import Decoder
from inverters.layout import divisor_of, scaled
from inverters.plan import plan
from inverters.profile import DeviceProfile, load_profiles
from tests.inverters.support import (
    NOON,
    block,
    made_up,
    register_profiles,
    sample,
    shipped,
    values_of,
    write_profile,
)


def _profile(folder: Path, points: str, head: str = "") -> DeviceProfile:
    write_profile(folder, made_up(points, head))
    return load_profiles(folder)["made_up"]


@pytest.fixture
def huawei() -> Decoder:
    profile = shipped()["huawei_sun2000"]
    return Decoder(profile, [BlockRead(3, 32064, 56)])


def test_zero_is_a_value(huawei: Decoder) -> None:
    assert huawei.decode(sample(block(32064, *[0] * 56))).value("ac_active_power_w") == 0.0


def test_an_absent_pattern_is_silence_not_zero(huawei: Decoder) -> None:
    words = [0xFFFF] * 56
    words[16:18] = [0x7FFF, 0xFFFF]
    batch = huawei.decode(sample(block(32064, *words)))
    assert batch.value("ac_active_power_w") is None
    assert batch.value("ac_energy_total_wh") is None
    assert batch.value("ac_reactive_power_var") == -1.0  # 0xFFFFFFFF of a signed type is a number


def test_a_missing_block_leaves_its_values_out() -> None:
    profile = shipped()["huawei_sun2000"]
    decoder = Decoder(profile, [BlockRead(3, 32016, 2), BlockRead(3, 32080, 2)])
    batch = decoder.decode(sample(block(32080, 0, 500)))
    assert batch.quantities == decoder.quantities
    assert values_of(batch) == {"ac_active_power_w": 500.0}


def test_a_high_word_without_its_low_word_is_nothing(huawei: Decoder) -> None:
    cut = block(32064, *[0] * 16, 0x0001)  # ends inside the active power
    batch = huawei.decode(sample(cut))
    assert batch.quantities == huawei.quantities
    assert batch.value("dc_power_w") == 0.0
    assert batch.value("ac_active_power_w") is None


def test_a_block_split_after_a_refusal_reads_the_same(huawei: Decoder) -> None:
    words = list(range(56))
    whole = huawei.decode(sample(block(32064, *words)))
    halves = huawei.decode(sample(block(32064, *words[:16]), block(32080, *words[16:])))
    assert halves.quantities == whole.quantities
    assert values_of(halves) == values_of(whole)
    assert halves.qualities == whole.qualities


def test_an_impossible_value_is_kept_and_doubted(huawei: Decoder) -> None:
    words = [0] * 56
    words[21] = 6553
    batch = huawei.decode(sample(block(32064, *words)))
    assert batch.value("grid_frequency_hz") == 65.53
    assert batch.good("grid_frequency_hz") is None
    assert batch.good("ac_active_power_w") == 0.0
    assert batch.qualities is not None
    assert batch.qualities.count(Quality.OUT_OF_RANGE) == 1


def test_an_inverter_without_a_grid_says_no_frequency_and_that_is_in_no_doubt(huawei: Decoder) -> None:
    batch = huawei.decode(sample(block(32064, *[0] * 56)))
    assert batch.good("grid_frequency_hz") == 0.0
    assert batch.qualities is None


def test_a_garbage_power_of_five_megawatts_on_one_phase_is_doubted() -> None:
    decoder = Decoder(shipped()["sungrow_sg"], [BlockRead(4, 5084, 6)], everything=True)
    batch = decoder.decode(sample(block(5084, 0xFFFF, 0xFFFF, 0xFFFF, 0x4D, 0, 0xFFFF, function=4)))
    assert batch.value("meter_phase_b_active_power_w") == 5111807
    assert batch.good("meter_phase_b_active_power_w") is None
    assert batch.good("meter_phase_c_active_power_w") == -65536


def test_a_batch_carries_who_when_and_how() -> None:
    decoder = Decoder(shipped()["weather_jxct"], [BlockRead(3, 0, 1)])
    given = Sample("ws-1", NOON, NOON, (block(0, 900),), None, Origin.FILE)
    batch = decoder.decode(given)
    assert (batch.device_id, batch.measured_at, batch.received_at, batch.origin) == (
        "ws-1",
        NOON,
        NOON,
        Origin.FILE,
    )
    assert batch.qualities is None


def test_equal_decoders_share_their_quantities() -> None:
    profile = shipped()["sungrow_sg"]
    blocks = plan(profile, string_count=8)
    assert (
        Decoder(profile, blocks, string_count=8).quantities
        is Decoder(profile, blocks, string_count=8).quantities
    )


@pytest.mark.parametrize(
    ("story", "output_type", "phase", "line"),
    [
        ("four wires", 1, 230.0, None),
        ("three wires", 2, None, 230.0),
        ("not told: the printed first meaning", 0xFFFF, 230.0, None),
    ],
)
def test_three_registers_mean_phase_or_line_by_output_type(
    story: str, output_type: int, phase: float | None, line: float | None
) -> None:
    decoder = Decoder(shipped()["sungrow_sg"], [BlockRead(4, 5001, 20)])
    words = [output_type, *[0] * 16, 2300, 2300, 2300]
    batch = decoder.decode(sample(block(5001, *words, function=4)))
    assert (batch.value("ac_phase_a_voltage_v"), batch.value("ac_line_ab_voltage_v")) == (phase, line), story


@pytest.mark.parametrize(
    ("status", "code"), [(0x5500, 39.0), (0x9100, 39.0), (0x0000, None), (0x8100, None), (0xFFFF, None)]
)
def test_a_fault_code_counts_only_in_a_fault_state(status: int, code: float | None) -> None:
    decoder = Decoder(shipped()["sungrow_sg"], [BlockRead(4, 5037, 8)])
    batch = decoder.decode(sample(block(5037, status, 0, 0, 0, 0, 0, 0, 39, function=4)))
    assert batch.value("fault_code") == code


COARSE, FINE = BlockRead(4, 5003, 2), BlockRead(4, 5143, 2)


@pytest.mark.parametrize(
    ("story", "planned", "fine_words", "energy_wh"),
    [
        ("the better copy wins", (COARSE, FINE), (12345, 0), 1_234_500.0),
        ("a model without the better copy", (COARSE, FINE), (0xFFFF, 0xFFFF), 1_234_000.0),
        ("the better copy is never asked for", (COARSE,), None, 1_234_000.0),
        ("one lost answer must not step the counter back", (COARSE, FINE), None, None),
    ],
)
def test_the_coarse_energy_serves_only_devices_without_the_fine_one(
    story: str, planned: tuple[BlockRead, ...], fine_words: tuple[int, int] | None, energy_wh: float | None
) -> None:
    decoder = Decoder(shipped()["sungrow_sg"], planned)
    blocks = [block(5003, 1234, 0, function=4)]
    if fine_words is not None:
        blocks.append(block(5143, *fine_words, function=4))
    batch = decoder.decode(sample(*blocks))
    assert batch.value("ac_energy_total_wh") == energy_wh, story
    assert batch.quantities.count("ac_energy_total_wh") == 1


def test_a_meter_multiplies_by_its_ratios() -> None:
    profile = shipped()["meter_acrel_dtsd1352"]
    decoder = Decoder(profile, [BlockRead(3, 20, 2), BlockRead(3, 97, 4)], ct_ratio=60, pt_ratio=10)
    batch = decoder.decode(sample(block(20, 0, 100), block(97, 2301, 0, 0, 500)))
    assert batch.value("meter_energy_reverse_wh") == 100 * 10 * 600
    assert batch.value("ac_phase_a_voltage_v") == 2301.0
    assert batch.value("ac_phase_a_current_a") == pytest.approx(300.0)


def test_masks_and_offsets_apply() -> None:
    decoder = Decoder(shipped()["growatt_max"], [BlockRead(4, 0, 1), BlockRead(4, 100, 1)])
    batch = decoder.decode(sample(block(0, 0x0501, function=4), block(100, 20000, function=4)))
    assert batch.value("device_status") == 1
    assert batch.value("power_factor") == pytest.approx(1.0)


def test_identity_texts_come_as_texts() -> None:
    decoder = Decoder(shipped()["huawei_sun2000"], [BlockRead(3, 30015, 10), BlockRead(3, 30070, 5)])
    number = [int.from_bytes(b"SAMPLE0001"[i : i + 2]) for i in range(0, 10, 2)]
    batch = decoder.decode(sample(block(30015, *number, 0, 0, 0, 0, 0), block(30070, 348, 8, 4, 0, 40000)))
    assert batch.texts == {"serial_number": "SAMPLE0001", "model_id": "348"}
    assert values_of(batch) == {"dc_string_count": 8.0, "mppt_count": 4.0, "rated_active_power_w": 40000.0}


def test_texts_and_clocks_of_a_missing_block_are_missing() -> None:
    profile = shipped()["growatt_max"]
    batch = Decoder(profile, plan(profile, what="identity")).decode(sample())
    assert batch.texts == {}
    assert values_of(batch) == {}
    assert "device_time_epoch_s" in batch.quantities


@given(st.integers(0, 0xFFFFFFFF), st.integers(0, 0xFFFFFFFF))
def test_word_order_is_the_order_of_registers(low_first: int, high_first: int) -> None:
    sungrow = Decoder(shipped()["sungrow_sg"], [BlockRead(4, 5030, 2)])
    words = (low_first & 0xFFFF, low_first >> 16)
    got = sungrow.decode(sample(block(5030, *words, function=4))).value("ac_active_power_w")
    assert got == (None if low_first == 0xFFFFFFFF else float(low_first))
    growatt = Decoder(shipped()["growatt_max"], [BlockRead(4, 35, 2)])
    words = (high_first >> 16, high_first & 0xFFFF)
    assert growatt.decode(sample(block(35, *words, function=4))).value("ac_active_power_w") == high_first / 10


@given(st.integers(0, 0xFFFF))
def test_every_word_of_a_signed_tenth_is_read_exactly(word: int) -> None:
    decoder = Decoder(shipped()["sungrow_sg"], [BlockRead(4, 5145, 1)])
    batch = decoder.decode(sample(block(5145, word, function=4)))
    value = batch.value("pv_negative_to_ground_voltage_v")
    number = word - 0x10000 if word >= 0x8000 else word
    assert value == (None if word == 0x7FFF else number / 10)
    doubted = value is not None and not -2000 <= value <= 2000
    assert (batch.qualities is not None) == doubted


@given(st.floats(width=32))
def test_a_float_that_is_no_number_is_absent(value: float) -> None:
    decoder = Decoder(shipped()["meter_huawei_dtsu666h"], [BlockRead(3, 2126, 2)])
    words = struct.unpack(">2H", struct.pack(">f", value))
    batch = decoder.decode(sample(block(2126, *words)))
    assert batch.value("ac_active_power_w") == (value if math.isfinite(value) else None)


@pytest.mark.parametrize("profile", register_profiles(), ids=lambda profile: profile.name)
@given(data=st.data())
def test_any_words_decode_without_an_error_and_doubt_what_is_impossible(
    profile: DeviceProfile, data: st.DataObject
) -> None:
    strings = data.draw(st.sampled_from([None, 2, 18, 32]))
    for what in ("live", "identity"):
        reads = plan(profile, string_count=strings, what=what)
        filler = st.one_of(st.just(b"\x00"), st.just(b"\xff"), st.binary(min_size=1, max_size=16))
        blocks = []
        for read in reads:
            if data.draw(st.booleans()):
                pattern = data.draw(filler)
                words = (pattern * (read.count * 2))[: read.count * 2]
                numbers = [int.from_bytes(words[i : i + 2]) for i in range(0, len(words), 2)]
                blocks.append(block(read.address, *numbers, function=read.function))
        decoder = Decoder(profile, reads, string_count=strings)
        batch = decoder.decode(sample(*blocks))
        assert len(batch.values) == len(batch.quantities) == len(set(batch.quantities))
        for index, (name, value) in enumerate(zip(batch.quantities, batch.values, strict=True)):
            quality = Quality.GOOD if batch.qualities is None else batch.qualities[index]
            possible = value is None or quantity(name).can_be(value)
            assert (quality is Quality.GOOD) == possible, (name, value)


def test_points_of_several_orders_share_a_block(tmp_path: Path) -> None:
    profile = _profile(
        tmp_path,
        "{name: ac_active_power_w, at: 0, type: u32}\n"
        "{name: dc_power_w, at: 2, type: u32, word_order: little}\n"
        "{name: power_factor, at: 4, type: i16, scale: 0.001}\n"
        "{name: meter_energy_forward_wh, at: 5, type: u64}\n"
        "{name: meter_energy_reverse_wh, at: 9, type: i64, word_order: little}\n",
    )
    words = [1, 2, 3, 4, 999, 0, 0, 1, 0, 5, 0, 1, 0]
    assert values_of(Decoder(profile, [BlockRead(3, 0, 13)]).decode(sample(block(0, *words)))) == {
        "ac_active_power_w": 65538.0,
        "dc_power_w": 4 * 65536 + 3.0,
        "power_factor": 0.999,
        "meter_energy_forward_wh": 65536.0,
        "meter_energy_reverse_wh": 2**32 + 5.0,
    }


@pytest.mark.parametrize(
    ("factor", "divisor"), [(1, 1.0), (0.1, 10.0), (0.001, 1000.0), (10, None), (0.3, None)]
)
def test_scales_below_one_become_divisors(factor: float, divisor: float | None) -> None:
    assert divisor_of(factor) == divisor


@given(st.integers(-(2**31), 2**32), st.sampled_from([0.1, 0.01, 0.001, 0.0001]))
def test_scaling_brings_no_binary_noise(raw: int, factor: float) -> None:
    digits = {0.1: 1, 0.01: 2, 0.001: 3, 0.0001: 4}[factor]
    assert scaled(raw, factor) == float(f"{raw}e-{digits}")
