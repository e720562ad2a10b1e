"""Which family answers on a wire, from documented registers alone: a few reads, what each must hold, how sure it makes.

Pure: the caller reads `CLUES` one by one and hands each answer to `tell`; the first sure one ends it. Families
without an identity of their own (single sensors, some meters) are known by values that agree, and less surely.
"""

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from domain.measurement import BlockRead

SURE = 0.9
_TYPE_ACREL = 0x20D5
_SUNSPEC = b"SunS"
_SUNSPEC_INVERTER = frozenset({101, 102, 103, 111, 112, 113})
_SUNSPEC_WEATHER = frozenset(range(302, 309))


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why a device is thought to be of a family: a key of texts/ (``clue.*``) and the values in its words."""

    key: str
    values: Mapping[str, str] = field(default_factory=dict)


def because(key: str, **values: str) -> Evidence:
    """Return an evidence."""
    return Evidence(key, values)


@dataclass(frozen=True, slots=True)
class Recognised:
    """A family and why it is thought to be it. ``confidence`` is from 0 to 1."""

    profile: str
    confidence: float
    evidence: Evidence
    serial_number: str = ""
    model_name: str = ""


@dataclass(frozen=True, slots=True)
class Clue:
    """One read, and what it tells when it is answered.

    ``names_unit``: its first register must hold the unit that was asked. ``then`` are read only when it told
    something, and so is what ``leads`` names from the answer: they say more of the same device.
    """

    block: BlockRead
    judge: Callable[[bytes], Recognised | None]
    names_unit: bool = False
    then: "tuple[Clue, ...]" = ()
    leads: "Callable[[bytes], tuple[Clue, ...]]" = lambda _words: ()

    def further(self, words: bytes) -> "tuple[Clue, ...]":
        """Return what is worth reading after an answer that told something."""
        return (*self.then, *self.leads(words))

    def tell(self, words: bytes, unit: int) -> Recognised | None:
        """Return what an answer of ``unit`` tells."""
        if self.names_unit and _word(words, 0) != unit:
            return None
        return self.judge(words)


def text_in(words: bytes) -> str:
    """Return the text in some registers up to the first NUL; empty when it is none."""
    text = words.partition(b"\0")[0].decode("ascii", "replace").strip()
    return text if text.isprintable() and "\ufffd" not in text else ""


def _serial(words: bytes) -> str:
    text = text_in(words)
    plain = text.replace("-", "").replace("_", "")
    return text if len(text) >= 8 and plain.isalnum() and any(c.isdigit() for c in plain) else ""


def _word(words: bytes, number: int) -> int:
    return int.from_bytes(words[2 * number : 2 * number + 2])


def _grid(voltage_v: float, frequency_hz: float) -> bool:
    return 150.0 <= voltage_v <= 290.0 and 45.0 <= frequency_hz <= 55.0


def _huawei(words: bytes) -> Recognised | None:
    model, serial = text_in(words[:30]), _serial(words[30:50])
    if not model.startswith("SUN2000"):
        return None
    return Recognised("huawei_sun2000", 0.98, because("model", where="30000", model=model), serial, model)


def _sungrow(words: bytes) -> Recognised | None:
    serial, model = _serial(words[:20]), _word(words, 10)
    if not serial:
        return None
    known = model not in (0, 0xFFFF)
    serial_here = because("serial", where="4989 (4)")
    typed = because("serial_and_type", where="4989 (4)", second="4999", code=f"0x{model:04X}")
    confidence = 0.95 if known else SURE
    return Recognised("sungrow_sg", confidence, typed if known else serial_here, serial)


def _goodwe_running(words: bytes) -> Recognised | None:
    """Tell a GoodWe by its running data: a packed clock, and a grid; without either nobody."""
    _, month, day, hour, minute, second = words[:6]
    clock = 1 <= month <= 12 and 1 <= day <= 31 and hour < 24 and minute < 60 and second < 60
    volts, hertz = _word(words, 18) * 0.1, _word(words, 24) * 0.01
    grid = _grid(volts, hertz)
    if not clock and not grid:
        return None
    why = because("clock_and_grid", volts=f"{volts:.1f}", hertz=f"{hertz:.2f}")
    return Recognised("goodwe_mt", 0.8 if clock and grid else 0.4, why)


def _goodwe(words: bytes) -> Recognised | None:
    serial, model = _serial(words[:16]), text_in(words[16:26])
    if not serial:
        return None
    confidence = 0.95 if "GW" in model else 0.6
    why = because("serial_and_model", where="30004", second="30012", model=model)
    return Recognised("goodwe_mt", confidence, why, serial, model)


def _low_holding(words: bytes) -> Recognised | None:
    """Growatt holds its serial number from 23 on, Acrel's ADW300 voltages, currents and powers from 20 on."""
    serial = _serial(words[6:16])
    if serial:
        return Recognised("growatt_max", SURE, because("serial", where="23"), serial)
    volts = [_word(words, number) * 0.1 for number in range(3)]
    amps = [_word(words, number) * 0.01 for number in range(6, 9)]
    *phases_w, total_w = struct.unpack(">4i", words[20:36])
    apparent_va = sum(u * i for u, i in zip(volts, amps, strict=True))
    agree = (
        abs(sum(phases_w) - total_w) <= 3 + 0.02 * abs(total_w) and abs(total_w) <= 100 + 1.1 * apparent_va
    )
    if not agree or not all(30.0 <= u <= 290.0 for u in volts):
        return None
    why = because("phases_agree", volts=f"{volts[0]:.1f}")
    return Recognised("meter_acrel_adw300", 0.8, why)


def _huawei_block(words: bytes) -> Recognised | None:
    """32262 and on: strings and grid of a V2 inverter, voltages of two registers of a meter behind a SmartLogger."""
    volts, hertz = _word(words, 15) * 0.1, _word(words, 21) * 0.01
    strings = [_word(words, number) * 0.1 for number in range(0, 12, 2)]
    if _grid(volts, hertz) or (not hertz and any(100.0 <= u <= 1500.0 for u in strings)):
        return Recognised(
            "huawei_sun2000_v2",
            0.6,
            because("grid", where="32277, 32283", volts=f"{volts:.1f}", hertz=f"{hertz:.2f}"),
        )
    phases = [value * 0.01 for value in struct.unpack(">2I", words[:8])]
    if not all(30.0 <= u <= 3000.0 for u in phases):
        return None
    why = because("voltages", where="32262, 32264", first=f"{phases[0]:.2f}", second=f"{phases[1]:.2f}")
    return Recognised("meter_huawei_smartlogger", 0.7, why)


def _huawei_v2(words: bytes) -> Recognised | None:
    serial = _serial(words[4:24])
    if not serial:
        return None
    return Recognised("huawei_sun2000_v2", SURE, because("serial_no_model", where="32003"), serial)


def _smartlogger(words: bytes) -> Recognised | None:
    serial = _serial(words)
    return (
        Recognised("huawei_smartlogger", SURE, because("serial", where="40713"), serial) if serial else None
    )


def _sunspec(words: bytes) -> Recognised | None:
    if words != _SUNSPEC:
        return None
    return Recognised("sunspec", SURE, because("sunspec"))


def _sunspec_first(words: bytes) -> Recognised | None:
    if _word(words, 0) != 1:
        return None
    return Recognised("sunspec", SURE, because("sunspec_first"))


def _sunspec_second(words: bytes) -> "tuple[Clue, ...]":
    """Return the clue of the model behind the first one, which says how long it is."""
    return (Clue(BlockRead(3, 40004 + min(_word(words, 1), 100), 2), _sunspec_model),)


def _sunspec_model(words: bytes) -> Recognised | None:
    model = _word(words, 0)
    why = because("sunspec_model", model=str(model))
    if model in _SUNSPEC_INVERTER:
        return Recognised("sunspec", 0.98, why)
    return Recognised("weather_sunspec", 0.98, why) if model in _SUNSPEC_WEATHER else None


def _solis(words: bytes) -> Recognised | None:
    volts, hertz = _word(words, 0) * 0.1, _word(words, 9) * 0.01
    if not _grid(volts, hertz):
        return None
    return Recognised(
        "ginlong_solis",
        0.8,
        because("grid", where="3033, 3042 (4)", volts=f"{volts:.1f}", hertz=f"{hertz:.2f}"),
    )


def _acrel(words: bytes) -> Recognised | None:
    volts, hertz = _word(words, 0) * 0.1, _word(words, 22) * 0.01
    if not (45.0 <= hertz <= 55.0 and 30.0 <= volts <= 290.0):
        return None
    return Recognised(
        "meter_acrel_dtsd1352",
        0.7,
        because("grid", where="97, 119", volts=f"{volts:.1f}", hertz=f"{hertz:.2f}"),
    )


def _acrel_type(words: bytes) -> Recognised | None:
    if _word(words, 0) != _TYPE_ACREL:
        return None
    return Recognised(
        "meter_acrel_dtsd1352", 0.95, because("type_code", where="20480", code=f"0x{_TYPE_ACREL:04X}")
    )


def _floats(words: bytes) -> tuple[float, ...]:
    return struct.unpack(f">{len(words) // 4}f", words)


def _chint(words: bytes) -> Recognised | None:
    volts = _floats(words)[0] * 0.1
    if not 30.0 <= volts <= 290.0:
        return None
    why = because("chint", volts=f"{volts:.1f}")
    return Recognised("meter_chint_dtsu666", 0.6, why)


def _chint_energy(words: bytes) -> Recognised | None:
    energy_kwh = _floats(words)[0]
    if not 0.0 < energy_kwh < 1e8:
        return None
    why = because("chint_energy", energy=f"{energy_kwh:.1f}")
    return Recognised("meter_chint_dtsu666_b", 0.75, why)


def _huawei_weather(words: bytes) -> Recognised | None:
    wind, turned, module, ambient, light = struct.unpack(">5h", words)
    sound = 0 <= wind <= 600 and 0 <= turned <= 360 and 0 <= light <= 20_000
    if not any(words) or not sound or not all(-400 <= t <= 1000 for t in (module, ambient)):
        return None
    why = because(
        "weather", wind=f"{wind / 10:.1f}", ambient=f"{ambient / 10:.1f}", light=f"{light / 10:.0f}"
    )
    return Recognised("weather_huawei_smartlogger", 0.7, why)


def _huawei_meter(words: bytes) -> Recognised | None:
    found = _floats(words)
    if not _grid(found[0], found[7]):
        return None
    return Recognised(
        "meter_huawei_dtsu666h",
        0.7,
        because("grid", where="2110, 2124", volts=f"{found[0]:.1f}", hertz=f"{found[7]:.2f}"),
    )


def _jxct(words: bytes) -> Recognised | None:
    if not 1 <= _word(words, 0) <= 252:
        return None
    return Recognised("weather_jxct", 0.6, because("own_address"))


def _jxct_wind_speed(words: bytes) -> Recognised | None:
    if _word(words, 0) > 600:
        return None
    return Recognised("weather_jxct_wind_speed", 0.8, because("own_address_wind"))


def _jxct_temperature(words: bytes) -> Recognised | None:
    (degrees,) = struct.unpack(">h", words[2:4])
    if _word(words, 0) > 1000 or not -400 <= degrees <= 800:
        return None
    why = because("own_address_air", degrees=f"{degrees / 10:.1f}")
    return Recognised("weather_jxct_temperature", 0.8, why)


CLUES = (
    Clue(BlockRead(3, 30000, 25), _huawei),
    Clue(BlockRead(4, 4989, 11), _sungrow),
    Clue(BlockRead(3, 30100, 25), _goodwe_running, then=(Clue(BlockRead(3, 30004, 13), _goodwe),)),
    Clue(BlockRead(3, 20, 18), _low_holding),
    Clue(BlockRead(3, 32262, 22), _huawei_block, then=(Clue(BlockRead(3, 32001, 12), _huawei_v2),)),
    Clue(BlockRead(3, 40713, 10), _smartlogger),
    Clue(
        BlockRead(3, 40000, 2),
        _sunspec,
        then=(Clue(BlockRead(3, 40002, 2), _sunspec_first, leads=_sunspec_second),),
    ),
    Clue(BlockRead(4, 3033, 10), _solis),
    Clue(BlockRead(3, 97, 23), _acrel, then=(Clue(BlockRead(3, 20480, 1), _acrel_type),)),
    Clue(
        BlockRead(3, 256, 2),
        _jxct,
        names_unit=True,
        then=(
            Clue(BlockRead(3, 22, 1), _jxct_wind_speed),
            Clue(BlockRead(3, 0, 2), _jxct_temperature),
        ),
    ),
    Clue(BlockRead(3, 8198, 2), _chint, then=(Clue(BlockRead(3, 16414, 2), _chint_energy),)),
    Clue(BlockRead(3, 2110, 16), _huawei_meter),
    Clue(BlockRead(3, 40031, 5), _huawei_weather),
)
