"""Recorded registers with the values their source states: does our reading agree?

A file holds ``vectors``; each names a device or a plain rule (``decode``), the registers or a whole frame, and
what is ``expected`` (value in the source's unit; null for "no value"). A vector that names a device we have a
profile for is decoded by that profile, and where it also states a rule, by that rule: both must agree.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from math import isclose
from types import MappingProxyType
from typing import Any

from domain.errors import MalformedAnswerError, PvmonError
from inverters.dlt645 import decode_identifier
from inverters.frames import bcd_number, dlt645_answer, dlt645_frames, gdw3761_frame, rtu_registers
from inverters.models import ModelAt, lay_out
from inverters.profile import DeviceProfile
from inverters.readings import Reading, explain
from inverters.words import SUNSPEC_ABSENT, decode_words

Profiles = Mapping[str, DeviceProfile]

# how many of our unit one of the source's unit is
_UNITS = MappingProxyType(
    {
        **dict.fromkeys(("kWh", "kW", "kvar", "kvarh", "kVA", "kOhm"), 1e3),
        **dict.fromkeys(("MWh", "MW", "MOhm"), 1e6),
        "mA": 1e-3,
        "min": 60.0,
        "h": 3600.0,
    }
)
_FAMILIES = MappingProxyType(
    {
        "huawei": (
            "huawei_sun2000",
            "huawei_sun2000_v2",
            "huawei_smartlogger",
            "huawei_smartlogger_inverter",
            "meter_huawei_smartlogger",
            "weather_huawei_smartlogger",
            "meter_huawei_dtsu666h",
        ),
        "sungrow": ("sungrow_sg",),
        "growatt": ("growatt_max",),
        "goodwe": ("goodwe_mt",),
        "ginlong_solis": ("ginlong_solis",),
        "jxct": (
            "weather_jxct",
            "weather_jxct_wind_speed",
            "weather_jxct_wind_direction",
            "weather_jxct_temperature",
        ),
        "sunspec": ("sunspec", "weather_sunspec"),
        "acrel": ("meter_acrel_dtsd1352", "meter_acrel_adw300"),
        "chint": ("meter_chint_dtsu666", "meter_chint_dtsu666_b"),
    }
)
# what a vector's device is called, and the families that it can only be then
_HINTS = (
    ("V2 MAP", ("huawei_sun2000_v2",)),
    ("DTSU666-H", ("meter_huawei_dtsu666h",)),
    ("SMARTLOGGER", tuple(name for name in _FAMILIES["huawei"] if "smartlogger" in name)),
    ("ADW300", ("meter_acrel_adw300",)),
    ("DTSD1352", ("meter_acrel_dtsd1352",)),
    ("ADL400", ("meter_acrel_dtsd1352",)),
)
_MODEL_AT = 40002  # where the first model of a family usually lies
_MODEL_BASE = "model ID register"  # addresses count from the model, wherever it lies
# a rule or list of labels is text of the source: compared without regard to case
_TOLERANCE = 1e-6


class _UnsupportedError(Exception):
    """The vector needs something this program does not have yet; says what."""


@dataclass(frozen=True, slots=True)
class VectorResult:
    """What became of one vector: ``pass``, ``fail`` or ``unsupported``, and why."""

    vector_id: str
    outcome: str
    reason: str = ""


def check_vectors(document: Mapping[str, Any], profiles: Profiles) -> tuple[VectorResult, ...]:
    """Return a result for each vector of a file.

    Raises
    ------
    MalformedAnswerError
        The document is no file of vectors.
    """
    vectors = document.get("vectors")
    if not isinstance(vectors, list) or not all(isinstance(vector, Mapping) for vector in vectors):
        raise MalformedAnswerError('no list of vectors; expected {"vectors": [...]}')
    return tuple(_check(number, vector, profiles) for number, vector in enumerate(vectors))


def _check(number: int, vector: Mapping[str, Any], profiles: Profiles) -> VectorResult:
    name = str(vector.get("id", f"#{number}"))
    kind = str(vector.get("kind", "registers"))
    check = _KINDS.get(kind)
    if check is None:
        return VectorResult(name, "unsupported", f"kind {kind!r} is not known")
    try:
        wrong = check(vector, profiles)
    except _UnsupportedError as reason:
        return VectorResult(name, "unsupported", str(reason))
    except (PvmonError, KeyError, ValueError, TypeError) as error:
        return VectorResult(name, "fail", f"{type(error).__name__}: {error}")
    return VectorResult(name, "fail" if wrong else "pass", "; ".join(wrong))


def _expected(vector: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    expected = vector["expected"]
    if not isinstance(expected, list) or not expected:
        raise ValueError("expected is empty")
    return expected


def _check_registers(vector: Mapping[str, Any], profiles: Profiles) -> list[str]:
    registers = [int(str(word), 0) for word in vector["registers"]]
    return _check_words(vector, registers, int(vector.get("function_code", 3)), profiles)


def _check_rtu(vector: Mapping[str, Any], profiles: Profiles) -> list[str]:
    function, registers = rtu_registers(bytes.fromhex(vector["frame_hex"]))
    return _check_words(vector, list(registers), function, profiles)


def _check_tcp(vector: Mapping[str, Any], profiles: Profiles) -> list[str]:
    frame = bytes.fromhex(vector["frame_hex"])
    function, content = frame[7], frame[9:]
    announced = int.from_bytes(frame[4:6]) == len(frame) - 6 and frame[8] == len(content)
    if frame[2:4] != b"\0\0" or function not in (3, 4) or not announced or len(content) % 2:
        raise MalformedAnswerError("Modbus TCP frame: protocol, function or length does not fit")
    registers = [int.from_bytes(content[at : at + 2]) for at in range(0, len(content), 2)]
    return _check_words(vector, registers, function, profiles)


def _check_words(
    vector: Mapping[str, Any], registers: list[int], function: int, profiles: Profiles
) -> list[str]:
    wrong: list[str] = []
    decided = False
    for expected in _expected(vector):
        readings = _readings(vector, expected, registers, function, profiles)
        rule = _by_rule(vector, expected, registers)
        if readings:
            decided = True
            wrong += _differences(expected, readings)
        if rule is not None:
            decided = True
            wrong += _rule_difference(expected, rule[0], readings)
    if not decided:
        raise _UnsupportedError(_why_not(vector, profiles))
    return wrong


def _why_not(vector: Mapping[str, Any], profiles: Profiles) -> str:
    families = _FAMILIES.get(str(vector.get("vendor")), ())
    if families and not any(family in profiles for family in families):
        return f"no profile for {vector.get('vendor')} yet"
    return "names neither a device point nor a rule"


def _readings(
    vector: Mapping[str, Any],
    expected: Mapping[str, Any],
    registers: list[int],
    function: int,
    profiles: Profiles,
) -> list[Reading]:
    """Return what our profiles read where the vector expects something."""
    field = expected.get("canonical_field")
    for profile in _profiles_of(vector, registers, profiles):
        base = vector.get("address")
        if base is None and (vector.get("decode") or {}).get("base") == _MODEL_BASE:
            base = _first_model(profile)
            address = base + int(expected["address"])
        elif base is None:  # the vector names the quantity, not the register
            point = profile.find(str(field))
            if point is None:
                continue
            base, address = point.address, point.address
        else:
            address = int(expected.get("address", base))
        found = [r for r in explain(profile, function, int(base), registers) if r.point.address == address]
        if found:
            return [r for r in found if r.quality != "not_applicable"] or found
    return []


def _profiles_of(vector: Mapping[str, Any], registers: list[int], profiles: Profiles) -> list[DeviceProfile]:
    """Return the profiles of the maker a vector names, or of the one model its device is said to be."""
    device = str(vector.get("device", "")).upper()
    names = next((families for word, families in _HINTS if word in device), ())
    names = names or _FAMILIES.get(str(vector.get("vendor")), ())
    found = [profiles[name] for name in names if name in profiles]
    model = re.search(r"MODEL (\d+)", device)
    if model is None:
        return found
    own = [one for one in found if one.models_table and int(model[1]) in one.models_table.models]
    at = (int(model[1]), _MODEL_AT, len(registers) - 2)
    return [
        replace(one, points=lay_out(one.models_table, (ModelAt(*at),))[0]) for one in own if one.models_table
    ]


def _first_model(profile: DeviceProfile) -> int:
    """Return where the model of a vector lies whose registers count from the model."""
    if profile.models_table is None:
        raise ValueError(f"{profile.name} is no family of models")
    return _MODEL_AT


def _differences(expected: Mapping[str, Any], readings: Sequence[Reading]) -> list[str]:
    """Return what differs between the source's statement and our readings of that register."""
    if "error" in expected:  # the source's library stopped here; ours must only not stop
        return []
    wanted, factor = expected["value"], _UNITS.get(str(expected.get("unit")), 1.0)
    if "0xFFFF marker into 0" in str(expected.get("note", "")):
        wanted = None  # the source says itself that this should be no value
    if any(_agrees(wanted, reading, factor) for reading in readings):
        return []
    got = ", ".join(f"{reading.point.name}={_shown(reading)}" for reading in readings)
    return [f"expected {wanted!r} {expected.get('unit', '')}, got {got}"]


def _shown(reading: Reading) -> str:
    labels = [code.name_en for code in reading.codes]
    plain = reading.text if reading.text is not None else reading.value
    return f"{plain!r} {labels}" if labels else repr(plain)


def _agrees(wanted: Any, reading: Reading, factor: float) -> bool:
    if wanted is None:
        return reading.value is None and reading.text is None
    if isinstance(wanted, bool):
        return False
    if isinstance(wanted, int | float):
        number = reading.value if reading.text is None else float(reading.text)
        return number is not None and isclose(number, wanted * factor, rel_tol=1e-9, abs_tol=_TOLERANCE)
    if isinstance(wanted, str):
        return _agrees_text(wanted, reading)
    return _agrees_bits(wanted, reading)


def _agrees_text(wanted: str, reading: Reading) -> bool:
    if reading.text == wanted:
        return True
    if any(_same(label, wanted) for code in reading.codes for label in (code.name_en, code.name_zh)):
        return True
    try:
        instant = datetime.fromisoformat(wanted).replace(tzinfo=UTC)
    except ValueError:
        return False
    return reading.value == instant.timestamp()


def _same(label: str, wanted: str) -> bool:
    """Compare labels: ours may add detail after a colon, the source's the number in brackets."""
    ours, theirs = label.casefold(), wanted.casefold()
    return ours == theirs or ours.partition(":")[0] == theirs.partition(" (0x")[0]


def _agrees_bits(wanted: Any, reading: Reading) -> bool:
    if reading.value is None:
        return False
    if isinstance(wanted, Mapping):
        return int(reading.value).bit_count() == wanted.get("active_bits") == len(reading.codes)
    if all(isinstance(item, str) for item in wanted):
        return sorted(code.name_en.casefold() for code in reading.codes) == sorted(
            item.casefold() for item in wanted
        )
    ours = sorted((code.bit or 0, int(code.alarm_id or 0)) for code in reading.codes)
    return ours == sorted((item["bit"], item["alarm_id"]) for item in wanted)


def _by_rule(
    vector: Mapping[str, Any], expected: Mapping[str, Any], registers: list[int]
) -> tuple[float | int | list[int] | None] | None:
    """Return what the vector's own rule gives, in the source's unit; None where it states none."""
    decode = vector.get("decode") or {}
    type_ = decode.get("type")
    if type_ is None or type_ == "string" or len(_expected(vector)) > 1:
        return None
    absent = decode.get("invalid")
    if vector.get("vendor") == "sunspec":
        absent = SUNSPEC_ABSENT.get(str(type_)) if expected["value"] is None else absent
    number = decode_words(
        registers,
        str(type_),
        word_order=str(decode.get("word_order", "big")),
        byte_order=str(decode.get("byte_order", "")),
        scale=float(decode.get("scale") or 1),
        absent=int(str(absent), 0) if absent is not None else None,
    )
    return (number,)


def _rule_difference(
    expected: Mapping[str, Any], number: float | list[int] | None, readings: Sequence[Reading]
) -> list[str]:
    wanted = expected["value"]
    if isinstance(number, list) or wanted is None:
        return [] if number == wanted else [f"the rule gives {number!r}, expected {wanted!r}"]
    if isinstance(wanted, int | float):
        digits = abs(wanted) < 1e6
        near = number is not None and isclose(
            number, wanted, rel_tol=1e-9 if digits else 0.0, abs_tol=5e-5 if isinstance(wanted, float) else 0
        )
        return [] if near else [f"the rule gives {number!r}, expected {wanted!r}"]
    # labels: the rule gives the code, our profile its meaning; both must have read the same number
    same = any(reading.value == number for reading in readings)
    return [] if same else [f"the rule gives {number!r}, the profile another number"]


def _check_dlt645(vector: Mapping[str, Any], _profiles: Profiles) -> list[str]:
    """Hold the answer of a meter against every value expected of it: by its identifier, and by plain BCD."""
    answer = dlt645_answer(bytes.fromhex(vector["frame_hex"]))
    wanted = _expected(vector)
    ours = decode_identifier(answer.identifier, answer.content)
    wrong = _meter_head(wanted[0], answer.identifier, answer.meter_address)
    decimals = (vector.get("decode") or {}).get("bcd_decimals")
    if not ours and decimals is None:
        raise _UnsupportedError(f"identifier {answer.identifier} is not known and no rule is given")
    if ours and len(ours) != len(wanted):
        wrong.append(f"identifier {answer.identifier} gives {len(ours)} values, expected {len(wanted)}")
    for value, expected in zip(ours, wanted, strict=False):
        told = expected["value"]
        factor = _UNITS.get(str(expected.get("unit")), 1.0)
        same = value.text == told if isinstance(told, str) else _near(value.value, told, factor)
        if not same:
            wrong.append(f"identifier {answer.identifier} gives {value.value or value.text}, expected {told}")
    if decimals is not None and len(wanted) == 1:
        signed = bool(vector["decode"].get("sign_in_top_bit", wanted[0]["value"] < 0))
        number = bcd_number(answer.content, int(decimals), signed=signed)
        if not _near(number, wanted[0]["value"], 1.0):
            wrong.append(f"value {number}, expected {wanted[0]['value']}")
    return wrong


def _check_dlt645_request(vector: Mapping[str, Any], _profiles: Profiles) -> list[str]:
    frame = bytes.fromhex(vector["frame_hex"]).lstrip(b"\xfe")
    found = dlt645_frames(frame)
    if len(found) != 1 or found[0] != frame or frame[8] & 0x80:
        raise MalformedAnswerError("DL/T 645 frame: no whole question")
    identifier = bytes((byte - 0x33) & 0xFF for byte in frame[10:14])[::-1].hex().upper()
    return _meter_head(_expected(vector)[0], identifier, frame[1:7][::-1].hex().upper())


def _meter_head(expected: Mapping[str, Any], identifier: str, meter: str) -> list[str]:
    ours = {"data_identifier": identifier, "meter_address": meter}
    return [
        f"{name} {value}, expected {expected[name]}"
        for name, value in ours.items()
        if name in expected and value != expected[name]
    ]


def _near(ours: float | None, wanted: float | None, factor: float) -> bool:
    if ours is None or wanted is None:
        return ours is wanted
    return isclose(ours, wanted * factor, rel_tol=1e-9, abs_tol=_TOLERANCE)


def _check_bcd(vector: Mapping[str, Any], _profiles: Profiles) -> list[str]:
    decode, wanted = vector["decode"], _expected(vector)[0]["value"]
    number = bcd_number(
        bytes.fromhex(vector["frame_hex"]),
        int(decode["bcd_decimals"]),
        signed=bool(decode.get("sign_in_top_bit")),
    )
    return [] if isclose(number, wanted, abs_tol=_TOLERANCE) else [f"value {number}, expected {wanted}"]


def _check_gdw3761(vector: Mapping[str, Any], _profiles: Profiles) -> list[str]:
    frame, expected = gdw3761_frame(bytes.fromhex(vector["frame_hex"])), _expected(vector)[0]
    ours = {
        "afn": frame.function,
        "user_length": frame.user_length,
        "control": f"0x{frame.control:02X}",
        "checksum": f"0x{frame.checksum:02X}",
    }
    return [
        f"{key} {ours.get(key)}, expected {value}"
        for key, value in expected.items()
        if ours.get(key) != value
    ]


_KINDS: Mapping[str, Callable[[Mapping[str, Any], Profiles], list[str]]] = MappingProxyType(
    {
        "registers": _check_registers,
        "rtu_response": _check_rtu,
        "tcp_response": _check_tcp,
        "dlt645_response": _check_dlt645,
        "dlt645_request": _check_dlt645_request,
        "bcd_bytes": _check_bcd,
        "qgdw3761_frame": _check_gdw3761,
    }
)
