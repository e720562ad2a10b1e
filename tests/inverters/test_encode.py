"""The virtual fleet's registers: decode(encode(x)) is x within half a step, NaN is silence where there is one."""

from collections.abc import Mapping
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from domain.errors import ProfileError
from domain.measurement import Batch
from domain.quantity import quantity
from inverters.decode import Decoder
from inverters.encode import RegisterImage
from inverters.plan import plan
from inverters.point import RANGE, Point, Type
from inverters.profile import DeviceProfile
from tests.inverters.support import read_image, register_profiles, shipped, usual, values_of

Floats = NDArray[np.float64]
UNITS = 3


def _range(point: Point) -> tuple[float, float]:
    """Return what both the quantity and the registers can be."""
    known = quantity(point.name)
    low, high = max(known.low, -1e15), min(known.high, 1e15)
    if point.type in RANGE:
        bottom, top = RANGE[point.type]
        ends = sorted((bottom * point.scale + point.offset, top * point.scale + point.offset))
        low, high = max(low, ends[0]), min(high, ends[1] - 2 * abs(point.scale))
    if point.mask:
        high = min(high, point.mask)
    if point.type is Type.CLOCK6:
        return 946_684_800.0, 4_000_000_000.0
    if point.type is Type.CLOCK3:
        return 946_684_800.0, 4_000_000_000.0
    return low, high


def _near(point: Point, got: float | None, given: float) -> bool:
    if got is None:
        return False
    step = 1.0 if point.type in (Type.CLOCK6, Type.CLOCK3) else abs(point.scale)
    if point.type is Type.F32:
        return abs(got - given) <= max(abs(given) * 1e-6, 1e-9)
    return abs(got - given) <= step / 2 * (1 + 1e-9) + abs(given) * 1e-12


def _made_up(points: Mapping[str, Point], seed: int) -> dict[str, Floats]:
    """Return values of about half the quantities, anywhere between what is possible."""
    rng = np.random.default_rng(seed)
    values = {}
    for name, point in points.items():
        if rng.random() < 0.5:
            low, high = _range(point)
            share = np.where(rng.random(UNITS) < 0.2, rng.integers(0, 2, UNITS), rng.random(UNITS))
            values[name] = np.floor(low + share * (high - low))
    return values


@pytest.mark.parametrize("profile", register_profiles(), ids=lambda profile: profile.name)
@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 2**32), strings=st.sampled_from([None, 1, 12, 32]))
def test_what_is_encoded_is_decoded_within_half_a_step(
    profile: DeviceProfile, seed: int, strings: int | None
) -> None:
    image = RegisterImage(profile, string_count=strings)
    kept = [p for p in profile.points_for(strings) if not p.is_text and not p.fallback]
    points = {p.name: usual(profile, p) for p in kept}
    values = _made_up(points, seed)
    matrix = image.encode(values)
    for what in ("live", "identity"):
        reads = plan(profile, string_count=strings, what=what)
        decoder = Decoder(profile, reads, string_count=strings)
        for unit in range(len(matrix)):
            batch = decoder.decode(read_image(image, matrix[unit], reads))
            for name in batch.quantities:
                _hold(points[name], batch, values, unit)


def _hold(point: Point, batch: Batch, values: Mapping[str, Floats], unit: int) -> None:
    got = batch.value(point.name)
    if point.condition is not None and not point.condition.holds(batch.value(point.condition.name)):
        assert got is None
    elif point.name in values:
        given_value = float(values[point.name][unit])
        if round((given_value - point.offset) / point.scale) not in point.absent:
            assert _near(point, got, given_value), (point.name, got, given_value)
    elif point.absent:
        assert got is None, point.name


@pytest.mark.parametrize("profile", register_profiles(), ids=lambda profile: profile.name)
def test_not_a_number_becomes_the_absent_pattern_or_zero(profile: DeviceProfile) -> None:
    image = RegisterImage(profile)
    matrix = image.encode({name: np.full(2, np.nan) for name in image.quantities})
    reads = plan(profile)
    batch = Decoder(profile, reads).decode(read_image(image, matrix[1], reads))
    for point in profile.points_for():
        if point.name in batch.quantities and point.class_ == "live" and not point.fallback:
            if point.absent:
                assert batch.value(point.name) is None, point.name
            elif point.condition is None and not point.offset:
                assert batch.value(point.name) == 0.0, point.name


def test_every_planned_read_has_its_place_and_nothing_else_has() -> None:
    for profile in register_profiles():
        for strings in (None, 4, 20):
            image = RegisterImage(profile, string_count=strings)
            for what in ("live", "identity"):
                for read in plan(profile, string_count=strings, what=what):
                    place = image.slice(read.function, read.address, read.count)
                    assert place is not None
                    assert place.stop - place.start == read.count * 2
            assert image.slice(3, 60_000, 1) is None
            assert image.slice(4, 60_000, 1) is None
            assert image.slice(3, 0, 0) is None


def test_a_read_reaching_past_the_registers_is_illegal() -> None:
    image = RegisterImage(shipped()["weather_jxct"])
    assert image.slice(3, 0, 1) == slice(0, 2)
    assert image.slice(3, 0, 2) is None
    assert image.slice(4, 0, 1) is None


def test_registers_only_larger_models_have_do_not_exist_on_smaller_ones() -> None:
    profile = shipped()["growatt_max"]
    assert RegisterImage(profile, string_count=16).slice(4, 955, 2) is None
    assert RegisterImage(profile, string_count=17).slice(4, 955, 2) is not None


def test_values_beyond_the_registers_are_clipped_and_never_look_absent() -> None:
    profile = shipped()["huawei_sun2000"]
    image = RegisterImage(profile)
    matrix = image.encode(
        {"grid_frequency_hz": [1e9], "internal_temperature_c": [1e9], "dc_power_w": [-1e15]}
    )
    reads = plan(profile)
    batch = Decoder(profile, reads).decode(read_image(image, matrix[0], reads))
    assert batch.value("grid_frequency_hz") == 655.34
    assert batch.value("internal_temperature_c") == 3276.6
    assert batch.value("dc_power_w") == -(2.0**31)


def test_two_meanings_of_one_register_follow_each_units_state() -> None:
    profile = shipped()["sungrow_sg"]
    image = RegisterImage(profile)
    matrix = image.encode(
        {
            "output_type": [1, 2, np.nan],
            "ac_phase_a_voltage_v": [230.0, 231.0, 232.0],
            "ac_line_ab_voltage_v": [400.0, 401.0, 402.0],
        }
    )
    reads = plan(profile)
    decoder = Decoder(profile, reads)
    found = [values_of(decoder.decode(read_image(image, row, reads))) for row in matrix]
    assert [one.get("ac_phase_a_voltage_v") for one in found] == [230.0, None, 232.0]
    assert [one.get("ac_line_ab_voltage_v") for one in found] == [None, 401.0, None]


def test_ratios_may_differ_from_meter_to_meter() -> None:
    profile = shipped()["meter_acrel_dtsd1352"]
    ratios = np.array([60.0, 1.0])
    image = RegisterImage(profile, ct_ratio=ratios)
    matrix = image.encode({"meter_energy_reverse_wh": [600_000.0, 10_000.0]})
    reads = plan(profile)
    for row, ratio, energy in zip(matrix, ratios, (600_000.0, 10_000.0), strict=True):
        decoder = Decoder(profile, reads, ct_ratio=float(ratio))
        assert decoder.decode(read_image(image, row, reads)).value("meter_energy_reverse_wh") == energy


def test_texts_are_set_once_and_stay() -> None:
    profile = shipped()["huawei_sun2000"]
    image = RegisterImage(profile)
    image.encode_texts({"serial_number": ["SAMPLE-A", "SAMPLE-B"], "model_id": ["348", "349"]})
    matrix = image.encode({"rated_active_power_w": [40_000, 50_000]})
    again = image.encode({"ac_active_power_w": [1.0, 2.0]}, out=matrix)
    assert again is matrix
    reads = plan(profile, what="identity")
    decoder = Decoder(profile, reads)
    batch = decoder.decode(read_image(image, matrix[1], reads))
    assert batch.texts == {"serial_number": "SAMPLE-B", "model_id": "349"}
    assert batch.value("rated_active_power_w") == 50_000


def test_swapped_serial_numbers_come_back() -> None:
    profile = shipped()["ginlong_solis"]
    image = RegisterImage(profile)
    image.encode_texts({"serial_number": ["1801060221070123"]})
    reads = plan(profile, what="identity")
    batch = Decoder(profile, reads).decode(read_image(image, image.encode({})[0], reads))
    assert batch.texts["serial_number"] == "1801060221070123"


def test_clocks_are_the_devices_local_time() -> None:
    local = datetime(2026, 7, 1, 12, 34, 56, tzinfo=UTC).timestamp()
    for name in ("growatt_max", "goodwe_mt", "sungrow_sg", "huawei_sun2000"):
        profile = shipped()[name]
        image = RegisterImage(profile)
        matrix = image.encode({"device_time_epoch_s": [local, np.nan]})
        reads = plan(profile, what="identity")
        decoder = Decoder(profile, reads)
        times = [decoder.decode(read_image(image, row, reads)).value("device_time_epoch_s") for row in matrix]
        assert times == [local, None], name


def test_a_fleet_is_one_matrix() -> None:
    image = RegisterImage(shipped()["huawei_sun2000"], string_count=18)
    matrix = image.encode({"ac_active_power_w": np.linspace(0, 50_000, 1250), "grid_frequency_hz": 50.0})
    assert matrix.shape == (1250, image.width)
    assert matrix.dtype == np.uint8


def test_a_profile_without_registers_has_no_image() -> None:
    with pytest.raises(ProfileError, match="no registers"):
        RegisterImage(shipped()["pvmon_json"])
