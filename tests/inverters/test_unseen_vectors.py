"""Vectors that are in no file: made of every row of the reference tables, and written by hand; the rule must hold, not the row."""

import csv
import struct
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from inverters.vectors import VectorResult, check_vectors
from tests.inverters.support import shipped

TABLES = {
    "huawei_sun2000": ("huawei", "SUN2000 (V3 map)"),
    "huawei_sun2000_v2": ("huawei", "SUN2000-40KTL (V2 map)"),
    "huawei_smartlogger": ("huawei", "SmartLogger3000"),
    "sungrow_sg": ("sungrow", "SG string inverter"),
    "growatt_max": ("growatt", "MAX"),
    "goodwe_mt": ("goodwe", "MT"),
    "ginlong_solis": ("ginlong_solis", "S5"),
    "meter_acrel_adw300": ("acrel", "ADW300"),
    "meter_acrel_dtsd1352_adl400": ("acrel", "DTSD1352"),
    "meter_chint_dtsu666": ("chint", "DTSU666"),
    "meter_huawei_dtsu666h": ("huawei", "DTSU666-H"),
}
# rows that say something else than what is read: told here, each with its reason
OTHERWISE = {
    ("huawei_smartlogger", "remap_fault_major"): "alarm and cause are read as two numbers",
    ("huawei_smartlogger", "remap_fault_minor"): "alarm and cause are read as two numbers",
    ("huawei_smartlogger", "remap_warning"): "alarm and cause are read as two numbers",
    ("huawei_smartlogger", "remap_irradiance_w_m2"): "the place of an inverter, with an EMI in it",
    ("huawei_smartlogger", "remap_irradiance_2_w_m2"): "the place of an inverter, with an EMI in it",
    ("huawei_smartlogger", "remap_irradiation_today_j_m2"): "the place of an inverter, with an EMI in it",
    ("huawei_smartlogger", "remap_irradiation_2_today_j_m2"): "the place of an inverter, with an EMI in it",
    ("huawei_smartlogger", "remap_irradiation_today_wh_m2"): "the place of an inverter, with an EMI in it",
    ("huawei_smartlogger", "remap_irradiation_2_today_wh_m2"): "the place of an inverter, with an EMI in it",
    ("sungrow_sg", "fault_code"): "stale unless the work state, which is not read here, says fault",
    ("growatt_max", "power_factor_offset_raw"): "read as a power factor, its offset taken off",
}
FLOAT = 230.5
RAW = {"u16": 1234, "i16": -1234, "u32": 0x0001_E240, "i32": -123_456, "u64": 1 << 33, "i64": -(1 << 33)}
SIZE = {"u16": 1, "i16": 1, "u32": 2, "i32": 2, "u64": 4, "i64": 4}


def words_of(raw: float, type_: str, order: str) -> list[str]:
    if type_ == "f32":
        (raw,), type_ = struct.unpack(">I", struct.pack(">f", raw)), "u32"
    size = SIZE[type_]
    words = [(int(raw) >> 16 * n) & 0xFFFF for n in range(size)]
    return [f"0x{word:04X}" for word in (words if order == "little" else words[::-1])]


def of_table(path: Path, vendor: str, device: str) -> Iterator[dict[str, Any]]:
    """Yield a vector for each row that is a number with a scale."""
    for number, row in enumerate(csv.DictReader(path.read_text("utf-8").splitlines())):
        if row["type"] not in {*RAW, "f32"} or not row["address"].isdigit() or not row["canonical_field"]:
            continue
        scale = float(row["scale"] or 1)
        if (path.stem, row["canonical_field"]) in OTHERWISE:
            continue
        raw = RAW.get(row["type"], FLOAT)
        address, order = int(row["address"]), row["word_order"] or "big"
        yield {
            "id": f"{path.stem}:{row['canonical_field']}@{row['address']}#{number}",
            "kind": "registers",
            "vendor": vendor,
            "device": device,
            "function_code": int(row["function_code"] or 3),
            "address": address,
            "registers": words_of(raw, row["type"], order),
            "decode": {"type": row["type"], "word_order": order, "scale": scale},
            "expected": [{"address": address, "value": raw * scale, "unit": ""}],
        }


@pytest.mark.needs("reference:devices/test_vectors.json")
@pytest.mark.parametrize("table", TABLES)
def test_a_number_in_every_register_of_a_table_reads_as_the_table_says(reference: Path, table: str) -> None:
    vectors = list(of_table(reference / "devices" / f"{table}.csv", *TABLES[table]))
    results = check_vectors({"vectors": vectors}, shipped())
    wrong = {r.vector_id: r.reason for r in results if r.outcome != "pass"}
    assert wrong == {}
    assert len(vectors) >= 10, Counter(r.outcome for r in results)


def result_of(**vector: Any) -> VectorResult:
    return check_vectors({"vectors": [{"id": "v", **vector}]}, shipped())[0]


METER = {"meter_address": "000000000161"}
BY_HAND: dict[str, dict[str, Any]] = {
    "a 16-bit state of SunSpec that is not there": {
        "kind": "registers", "vendor": "sunspec", "device": "type rules", "registers": ["0xFFFF"],
        "decode": {"type": "enum16"}, "expected": [{"value": None}],
    },
    "a 64-bit counter of SunSpec": {
        "kind": "registers", "vendor": "sunspec", "device": "type rules",
        "registers": ["0x0000", "0x0001", "0x0000", "0x0002"],
        "decode": {"type": "acc64", "word_order": "big"}, "expected": [{"value": 0x1_0000_0002}],
    },
    "model 103 with its scale factor, wherever it lies": {
        "kind": "registers", "vendor": "sunspec", "device": "model 103", "function_code": 3,
        "registers": ["0x0067", "0x0032"] + ["0x0000"] * 12 + ["0x04D2", "0x0001"] + ["0x0000"] * 36,
        "decode": {"base": "model ID register"},
        "expected": [{"address": 14, "value": 12340, "unit": "W"}],
    },
    "a weather station of model 302": {
        "kind": "registers", "vendor": "sunspec", "device": "model 302", "function_code": 3,
        "registers": ["0x012E", "0x0005", "0x0320", "0xFFFF", "0xFFFF", "0xFFFF", "0xFFFF"],
        "decode": {"base": "model ID register"},
        "expected": [{"address": 2, "value": 800, "unit": "W/m2"}],
    },
    "a string current of the older Huawei map, a tenth of an ampere": {
        "kind": "registers", "vendor": "huawei", "device": "SUN2000-40KTL (V2 map)", "function_code": 3,
        "address": 32263, "registers": ["0x0051"], "expected": [{"address": 32263, "value": 8.1, "unit": "A"}],
    },
    "a Modbus TCP answer": {
        "kind": "tcp_response", "vendor": "sungrow", "device": "SG", "address": 4999,
        "frame_hex": "00 07 00 00 00 05 01 04 02 01 32",
        "expected": [{"address": 4999, "value": "SG60KU-M (0x0132)"}],
    },
    "a meter that draws power": {
        "kind": "dlt645_response", "decode": {"bcd_decimals": 4},
        "frame_hex": "68 61 01 00 00 00 00 68 91 07 33 33 36 35 89 67 B5 87 16",
        "expected": [{"data_identifier": "02030000", **METER, "value": -2.3456, "unit": "kW"}],
    },
    "three voltages in one answer": {
        "kind": "dlt645_response",
        "frame_hex": "68 61 01 00 00 00 00 68 91 0A 33 32 34 35 33 56 34 56 35 56 5B 16",
        "expected": [
            {"data_identifier": "0201FF00", **METER, "value": 230.0, "unit": "V"},
            {"value": 230.1, "unit": "V"}, {"value": 230.2, "unit": "V"},
        ],
    },
    "a question to a meter": {
        "kind": "dlt645_request", "frame_hex": "FE FE FE FE 68 61 01 00 00 00 00 68 11 04 33 33 34 33 14 16",
        "expected": [{"data_identifier": "00010000", **METER}],
    },
}  # fmt: skip


def _sealed(vector: dict[str, Any]) -> dict[str, Any]:
    """Return a vector whose meter frame has the checksum its bytes make."""
    if "dlt645" not in vector["kind"]:
        return vector
    frame = bytes.fromhex(vector["frame_hex"])
    body = frame.lstrip(b"\xfe")
    return {**vector, "frame_hex": (body[:-2] + bytes((sum(body[:-2]) & 0xFF, 0x16))).hex()}


@pytest.mark.parametrize("story", BY_HAND)
def test_a_vector_of_a_known_kind_that_is_in_no_file_passes(story: str) -> None:
    result = result_of(**_sealed(BY_HAND[story]))
    assert result.outcome == "pass", result.reason


@pytest.mark.parametrize("story", [story for story, v in BY_HAND.items() if v["expected"][-1].get("value")])
def test_and_fails_when_it_expects_something_else(story: str) -> None:
    vector = _sealed(BY_HAND[story])
    *others, last = vector["expected"]
    value = last["value"]
    changed = {**last, "value": f"not {value}" if isinstance(value, str) else value * 1.001 + 1}
    assert result_of(**{**vector, "expected": [*others, changed]}).outcome == "fail"


@pytest.mark.parametrize(
    "frame",
    [
        "00 07 00 00 00 06 01 04 02 01 32",
        "00 07 00 01 00 05 01 04 02 01 32",
        "00 07 00 00 00 05 01 84 02 01 32",
    ],
)
def test_a_tcp_frame_that_does_not_hold_is_never_decoded(frame: str) -> None:
    wrong = {**BY_HAND["a Modbus TCP answer"], "frame_hex": frame}
    assert result_of(**wrong).outcome == "fail"
