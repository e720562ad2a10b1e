"""Every register the reference tables have is in a profile, or on the short list below with the reason why not."""

import csv
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import yaml

from inverters.codes import FOLDER as CODES
from inverters.dlt645 import IDENTIFIERS, decode_identifier
from inverters.point import WORDS, Type
from inverters.profile import FOLDER
from inverters.readings import explain
from tests.inverters.support import shipped

LOGGER = (
    "huawei_smartlogger",
    "huawei_smartlogger_inverter",
    "meter_huawei_smartlogger",
    "weather_huawei_smartlogger",
    "weather_huawei_smartlogger_remap",
)
JXCT = ("weather_jxct", "weather_jxct_temperature", "weather_jxct_wind_direction", "weather_jxct_wind_speed")
TABLES: Mapping[str, tuple[str, ...]] = {
    "huawei_sun2000": ("huawei_sun2000",),
    "huawei_sun2000_v2": ("huawei_sun2000_v2",),
    "huawei_smartlogger": LOGGER,
    "sungrow_sg": ("sungrow_sg",),
    "growatt_max": ("growatt_max",),
    "goodwe_mt": ("goodwe_mt",),
    "ginlong_solis": ("ginlong_solis",),
    "meter_acrel_dtsd1352_adl400": ("meter_acrel_dtsd1352",),
    "meter_acrel_adw300": ("meter_acrel_adw300",),
    "meter_chint_dtsu666": ("meter_chint_dtsu666", "meter_chint_dtsu666_b"),
    "meter_huawei_dtsu666h": ("meter_huawei_dtsu666h",),
    "weather_jxct_rs485": JXCT,
}
# What is left out, by reason: names of canonical fields, a final * standing for any ending.
LEFT_OUT: Mapping[str, tuple[str, ...]] = {
    "same as another point of the table, coarser, wider or of another span of time": (
        "max_active_power_real_w", "max_apparent_power_real_va", "ac_active_power_fast_w", "dc_voltage_max_v", "dc_voltage_min_v",
        "pv_negative_to_ground_voltage_*", "ac_energy_this_hour_wh", "ac_energy_last_hour_wh", "energy_*_epoch_s",
        "device_time_epoch_s_rw", "device_time_rw_1", "device_time_epoch_s@40000", "device_time_year", "device_time_month",
        "device_time_day", "device_time_hour", "device_time_minute", "device_time_second", "plant_dc_current_a@40500",
        "plant_pv_active_power_w", "plant_pv_reactive_power_var", "plant_rated_pv_power_w", "plant_rated_connected_power_w",
        "irradiation_today_j_m2", "meter_energy_reserved_wh", "meter_energy_forward_32_wh", "meter_reactive_energy_forward_32_varh",
        "active_power_limit_fine_percent", "active_power_percent", "active_power_percent_max",
        "string_prompt_word", "meter_energy_export_wide_wh", "meter_energy_import_wide_wh",
    ),
    "read-back of a setting or of dispatch, nothing a device measures": (
        "plant_reactive_power_set_var", "plant_power_factor_set", "plant_reactive_max_var", "plant_reactive_min_var",
        "active_power_control_mode", "reactive_power_control_mode", "active_power_schedule_*", "reactive_schedule_*",
        "power_factor_set", "reactive_power_mode", "active_power_limit_w@5038", "start_delay_s", "working_mode",
        "power_factor_adjusted", "timezone_offset_*", "dst_*",
    ),
    "no layout or meaning of it is printed": (
        "output_mode", "fault_all_code", "pv_warning_word", "dsp_warning_word", "dsp_fault_word", "device_time_word_*",
        "device_state_word_1@145", "custom_*", "string_current_available", "dc_input_count_code", "plant_pv_energy_total_wh",
    ),
    "specification of another province": ("plant_status_qinghai", "plant_status_xinjiang", "plant_status_ningxia"),
    "a meter or load of the device: revenue is read from the meter itself, and asking for a meter that is off may cost the link": (
        "meter_phase_*_voltage_v", "meter_phase_*_current_a", "meter_power_factor", "meter_frequency_hz", "meter_energy_export_*",
        "meter_energy_import_*", "meter_reactive_energy_varh", "meter_type", "meter_line_*_voltage_v", "load_active_power_w", "epm_*",
        "plant_energy_import_*",
    ),
    "version of a part, sales data or carbon arithmetic": (
        "product_sales_area", "monitor_*", "cpld_version", "afci_version", "pid_version", "protocol_number", "mppt_phase_code",
        "plant_co2_*", "co2_*",
    ),
    "parts a village plant has not, or contacts nobody wired": (
        "pid_pv*", "pid_bus_voltage_v", "svg_status", "dc_injection_phase_*", "di_word", "irradiation_2_*", "ac_reactive_energy_total_varh",
    ),
    "how the device is addressed or found, which the registry knows": (
        "bus_*", "device_list_change_number", "device_port_number", "device_bus_address", "device_search_status", "heartbeat",
    ),
}  # fmt: skip
MODEL_LEFT_OUT: Mapping[str, tuple[str, ...]] = {
    "frame of the model map, walked when models are looked for": ("sunspec_*", "pad", "options", "bus_address"),
    "counts or names of inputs; events are read for each of them": (
        "evt", "tmsper", "dc_mppt_nn_input_*", "dc_mppt_nn_timestamp_s",
    ),
    "not for a yield: place, wetness, electricity of the air, other light": (
        "irradiance_other_w_m2", "gps_*", "location_text", "altitude_m", "precipitation_type", "electric_field", "*_wetness*",
    ),
    "unit of model 306 is unverified": ("ref_cell_*",),
}  # fmt: skip
METER_LEFT_OUT = re.compile(
    r"0000(0[1-4]|FF)00|000[12]0[1-4]00|000[34]0000"  # by tariff: the block has them all; combined reactive has no name
    r"|0001000[1-9A-C]|02..0[1-3]00|02050000"  # settled days; single phases, which the block has
    r"|0400010[12]|04000401"  # its clock is set by the grid company; its address is how it is asked
)


def rows(reference: Path, table: str) -> Iterator[dict[str, str]]:
    with (reference / "devices" / f"{table}.csv").open(encoding="utf-8") as file:
        yield from csv.DictReader(file)


def excused(name: str, address: str, reasons: Mapping[str, tuple[str, ...]]) -> bool:
    patterns = (pattern for names in reasons.values() for pattern in names)
    told = [re.escape(p).replace(r"\*", ".*") for p in patterns]
    return any(re.fullmatch(one, name) or re.fullmatch(one, f"{name}@{address}") for one in told)


@pytest.mark.needs("reference:devices/README.md")
@pytest.mark.parametrize("table", TABLES)
def test_every_register_of_a_table_is_read_or_left_out_for_a_reason(reference: Path, table: str) -> None:
    read = {
        (point.function, address)
        for name in TABLES[table]
        for point in shipped()[name].points
        for address in range(point.address, point.end)
    }
    missing = [
        f"{row['address']} {row['canonical_field']}"
        for row in rows(reference, table)
        if (int(row["function_code"]), int(row["address"])) not in read
        and not excused(row["canonical_field"], row["address"], LEFT_OUT)
    ]
    assert missing == []


@pytest.mark.needs("reference:devices/README.md")
def test_no_reason_stands_there_for_nothing(reference: Path) -> None:
    known = {(row["canonical_field"], row["address"]) for table in TABLES for row in rows(reference, table)}
    idle = [
        pattern
        for names in LEFT_OUT.values()
        for pattern in names
        if not any(excused(name, address, {"": (pattern,)}) for name, address in known)
    ]
    assert idle == []


def _model_points(profile: str) -> set[tuple[int, int]]:
    document = yaml.safe_load((FOLDER / f"{profile}.yaml").read_text("utf-8"))
    found: set[tuple[int, int]] = set()
    for point in (*document["points"], *document.get("scale_factors", ())):
        models = point["models"] if isinstance(point["models"], list) else [point["models"]]
        words = point.get("words") or (
            WORDS[Type(point["type"])] if point.get("type", "string") != "string" else 1
        )
        for model in models:
            found |= {(model, point["at"] + number) for number in range(words)}
    return found


@pytest.mark.needs("reference:devices/README.md")
@pytest.mark.parametrize(
    ("table", "profile"), [("sunspec", "sunspec"), ("sunspec_weather", "weather_sunspec")]
)
def test_every_point_of_a_sunspec_model_is_read_or_left_out_for_a_reason(
    reference: Path, table: str, profile: str
) -> None:
    read, missing = _model_points(profile), []
    for row in rows(reference, table):
        place = re.match(r"M(\d+)\+(\d+)", row["doc_address"])
        if place is None:
            continue  # where the mark may lie
        there = (int(place[1]), int(place[2])) in read
        if not there and not excused(row["canonical_field"], row["address"], MODEL_LEFT_OUT):
            missing.append(f"{row['doc_address']} {row['canonical_field']}")
    assert missing == []


@pytest.mark.needs("reference:devices/README.md")
def test_every_identifier_of_a_meter_is_asked_or_left_out_and_all_of_them_can_be_read(
    reference: Path,
) -> None:
    table = list(rows(reference, "dlt645_2007_identifiers"))
    keys = [row["data_identifier"] for row in table]
    missing = [key for key in keys if key not in IDENTIFIERS and not METER_LEFT_OUT.fullmatch(key)]
    assert missing == []
    for row in table:
        size = row["data_bytes"]
        content = bytes(int(size) if size.isdecimal() else 20)
        assert decode_identifier(row["data_identifier"], content), row["data_identifier"]


@pytest.mark.needs("reference:devices/README.md")
@pytest.mark.parametrize(
    "family", ["huawei_sun2000", "sungrow_sg", "growatt_max", "goodwe_mt", "ginlong_solis", "sunspec"]
)
def test_every_code_of_a_maker_has_words_in_both_languages(reference: Path, family: str) -> None:
    with (CODES / f"{family}.csv").open(encoding="utf-8") as file:
        ours = list(csv.DictReader(file))
    theirs = list(rows(reference, f"{family}_codes"))
    assert all(row["name_zh"] and row["name_en"] for row in ours)
    assert len(ours) >= 0.95 * len(theirs), "codes of the table are missing"


SIZES = {"u16": 1, "i16": 1, "u32": 2, "i32": 2, "u64": 4, "i64": 4, "enum16": 1, "bitfield16": 1}
OTHER_KIND = {("weather_huawei_smartlogger_remap", 51007)}  # the row is of an inverter in the same place


def _absent_words(row: dict[str, str]) -> Iterator[list[int]]:
    """Yield each pattern of a row that means nothing, as words in the row's order."""
    for pattern in row["invalid_value"].split(";"):
        if pattern.strip() and row["type"] in SIZES:
            whole = int(pattern, 16)
            words = [whole >> 16 * number & 0xFFFF for number in range(SIZES[row["type"]])]
            yield words if row["word_order"] == "little" else words[::-1]


@pytest.mark.needs("reference:devices/README.md")
def test_what_a_maker_sends_for_nothing_is_nothing_in_every_register_that_has_such_a_pattern(
    reference: Path,
) -> None:
    told, tried = [], 0
    for table, names in TABLES.items():
        for row in rows(reference, table):
            address, function = int(row["address"]), int(row["function_code"])
            for words in _absent_words(row):
                for name in names:
                    for reading in explain(shipped()[name], function, address, words):
                        point = reading.point
                        same = (point.address, point.end) == (address, address + len(words))
                        if same and point.condition is None and (name, address) not in OTHER_KIND:
                            tried += 1
                            told += [(name, point.name, words)] if reading.value is not None else []
    assert told == []
    assert tried > 400


@pytest.mark.needs("reference:devices/README.md")
def test_half_of_a_wide_value_is_nothing_in_every_register(reference: Path) -> None:
    told, tried = [], 0
    for table, names in TABLES.items():
        for row in rows(reference, table):
            size = SIZES.get(row["type"], 1)
            for name in names if size > 1 else ():
                address, function = int(row["address"]), int(row["function_code"])
                for start, words in ((address, [1] * (size - 1)), (address + 1, [1] * (size - 1))):
                    for reading in explain(shipped()[name], function, start, words):
                        if reading.point.address == address and reading.point.end == address + size:
                            told.append((name, reading.point.name))
                tried += 1
    assert told == []
    assert tried > 100
