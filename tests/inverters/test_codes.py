"""Codes: every row is sound, every make speaks the same states, the most severe thing is said."""

import csv
from pathlib import Path

import pytest

from domain.measurement import Batch
from domain.quantity import Kind, is_known, quantity
from inverters.codes import (
    COLUMNS,
    FOLDER,
    SEVERITIES,
    DeviceState,
    active_codes,
    code_table,
    device_state,
    parse_key,
)
from inverters.point import IDENTITY_TEXTS
from tests.inverters.support import NOON, shipped, widest

TABLES = sorted(path for path in FOLDER.glob("*.csv") if path.stem != "common")
KINDS = {"status", "state_bit", "derating", "alarm_bit", "fault_code", "value"}


def batch(**values: float | None) -> Batch:
    return Batch("dev-1", NOON, tuple(values), tuple(values.values()))


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.stem)
def test_every_row_of_a_table_is_sound(path: Path) -> None:
    profile = shipped()[path.stem]
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        assert tuple(reader.fieldnames or ()) == COLUMNS
        for row in reader:
            name, values, _ = parse_key(row["key"])
            assert row["kind"] in KINDS, row
            assert row["severity"] in SEVERITIES, row
            assert row["name_en"], row
            assert row["name_zh"], row
            assert values
            assert bool(row["advice_en"]) == bool(row["advice_zh"]), row
            assert is_known(name) or name in IDENTITY_TEXTS, row
            assert not is_known(name) or quantity(name).kind is Kind.STATE, row
            if profile.points:
                assert widest(profile).find(name) is not None, row
            if row["kind"] in ("status", "state_bit"):
                assert row["category"] in {state.value for state in DeviceState}, row


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.stem)
def test_no_code_stands_twice_alone(path: Path) -> None:
    with path.open(encoding="utf-8", newline="") as file:
        single = [row["key"] for row in csv.DictReader(file) if len(parse_key(row["key"])[1]) == 1]
    assert len(single) == len(set(single))


def test_every_profile_that_claims_fault_codes_has_a_table() -> None:
    for profile in shipped().values():
        has_faults = any(code.kind in ("fault_code", "alarm_bit", "status") for code in _rows(profile.name))
        assert profile.quality.fault_codes <= has_faults, profile.name


def _rows(name: str) -> list:  # type: ignore[type-arg]
    table = code_table(name)
    return [*table.values.values(), *(code for codes in table.bits.values() for code in codes)]


@pytest.mark.parametrize(
    ("profile", "status", "state"),
    [
        ("huawei_sun2000", 0x0200, DeviceState.RUNNING),
        ("huawei_sun2000", 0x0201, DeviceState.DERATED),
        ("huawei_sun2000", 0x0300, DeviceState.FAULT),
        ("huawei_sun2000", 0xA000, DeviceState.STANDBY),
        ("huawei_sun2000_v2", 0x0301, DeviceState.STOPPED),
        ("sungrow_sg", 0x0000, DeviceState.RUNNING),
        ("sungrow_sg", 0x5500, DeviceState.FAULT),
        ("sungrow_sg", 0x1400, DeviceState.STANDBY),
        ("growatt_max", 0, DeviceState.STANDBY),
        ("growatt_max", 1, DeviceState.RUNNING),
        ("goodwe_mt", 2, DeviceState.FAULT),
        ("ginlong_solis", 3, DeviceState.RUNNING),
        ("ginlong_solis", 0x1010, DeviceState.FAULT),
        ("pvmon_json", 2, DeviceState.DERATED),
        ("huawei_sun2000", 0x7777, DeviceState.UNKNOWN),
    ],
)
def test_every_make_speaks_the_same_states(profile: str, status: int, state: DeviceState) -> None:
    assert device_state(profile, batch(device_status=float(status))).state is state


def test_the_most_severe_fault_is_named_with_advice() -> None:
    reading = device_state(
        "huawei_sun2000",
        batch(device_status=0x0300, alarm_word_01=0x0100, alarm_word_02=0x0004, fault_code=2033),
    )
    assert (reading.state, reading.code, reading.severity) == (DeviceState.FAULT, "2062", "critical")
    assert "绝缘" in reading.name_zh
    assert reading.advice_zh
    assert reading.advice_en


def test_a_fault_told_twice_is_one_fault() -> None:
    found = active_codes("huawei_sun2000", batch(alarm_word_02=0x0004, fault_code=2062))
    assert [code.alarm_id for code in found] == ["2062"]


def test_sixteen_set_bits_are_sixteen_alarms() -> None:
    assert len(active_codes("huawei_sun2000", batch(alarm_word_01=0xFFFF))) == 16


def test_bits_without_a_meaning_mean_nothing() -> None:
    assert code_table("huawei_sun2000").active("device_state_word_01", 0x7C00) == ()


def test_a_bit_may_say_something_when_it_is_not_set() -> None:
    names = [code.name_en for code in code_table("huawei_sun2000").active("device_state_word_02", 0)]
    assert names == ["Locked", "PV disconnected", "No DSP data collection"]


def test_state_bits_serve_where_the_status_is_silent() -> None:
    reading = device_state(
        "sungrow_sg", batch(device_status=None, device_state_word_01=float(1 << 17 | 1 << 18))
    )
    assert reading.state is DeviceState.FAULT
    assert reading.name_zh


def test_a_limited_inverter_is_derated_though_its_status_says_normal() -> None:
    assert device_state("growatt_max", batch(device_status=1, derating_mode=7)).state is DeviceState.DERATED
    assert device_state("growatt_max", batch(device_status=1, derating_mode=0)).state is DeviceState.RUNNING


def test_a_running_device_with_an_alarm_says_so_and_still_runs() -> None:
    reading = device_state("huawei_sun2000", batch(device_status=0x0200, alarm_word_03=0x0040))
    assert (reading.state, reading.code) == (DeviceState.RUNNING, "2015")


def test_no_data_and_an_unknown_code_are_told_apart() -> None:
    assert device_state("huawei_sun2000", batch(ac_active_power_w=5.0)).name_zh == "无数据"
    reading = device_state("huawei_sun2000", batch(device_status=0x7777))
    assert (reading.name_en, reading.code) == ("Unknown code", "0x7777")
    assert device_state("weather_jxct", batch(irradiance_poa_w_m2=5.0)).state is DeviceState.UNKNOWN


def test_a_row_for_one_code_wins_over_a_row_for_several() -> None:
    assert parse_key("fault_code=7;20-22") == ("fault_code", (7, 20, 21, 22), None)
    assert parse_key("alarm_word_01.3") == ("alarm_word_01", (1,), 3)
    assert parse_key("device_state_word_02.0=0") == ("device_state_word_02", (0,), 0)
    code = code_table("sungrow_sg").code("fault_code", 474)
    assert code is not None
    assert code.label == "474"
