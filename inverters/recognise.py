"""Which family answers on a wire, from documented registers alone: a few reads, what each must hold, how sure it makes.

Pure: the caller reads `CLUES` one by one and hands each answer to `tell`; the first sure one ends it. Families
without an identity of their own (single sensors, some meters) are known by values that agree, and less surely.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass

from domain.measurement import BlockRead

SURE = 0.9
_TYPE_ACREL = 0x20D5
_SUNSPEC = b"SunS"
_SUNSPEC_INVERTER = frozenset({101, 102, 103, 111, 112, 113})
_SUNSPEC_WEATHER = frozenset(range(302, 309))


@dataclass(frozen=True, slots=True)
class Recognised:
    """A family and why it is thought to be it. ``confidence`` is from 0 to 1."""

    profile: str
    confidence: float
    evidence: str
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
    return Recognised("huawei_sun2000", 0.98, f"30000 holds the model {model!r}", serial, model)


def _sungrow(words: bytes) -> Recognised | None:
    serial, model = _serial(words[:20]), _word(words, 10)
    if not serial:
        return None
    known = model not in (0, 0xFFFF)
    more = f", 4999 the type code 0x{model:04X}" if known else ""
    confidence = 0.95 if known else SURE
    return Recognised("sungrow_sg", confidence, f"input 4989 holds a serial number{more}", serial)


def _goodwe_running(words: bytes) -> Recognised | None:
    """Tell a GoodWe by its running data: a packed clock, and a grid; without either nobody."""
    _, month, day, hour, minute, second = words[:6]
    clock = 1 <= month <= 12 and 1 <= day <= 31 and hour < 24 and minute < 60 and second < 60
    volts, hertz = _word(words, 18) * 0.1, _word(words, 24) * 0.01
    grid = _grid(volts, hertz)
    if not clock and not grid:
        return None
    why = f"30100 holds a clock of packed bytes, 30118 and 30124 {volts:.1f} V, {hertz:.2f} Hz"
    return Recognised("goodwe_mt", 0.8 if clock and grid else 0.4, why)


def _goodwe(words: bytes) -> Recognised | None:
    serial, model = _serial(words[:16]), text_in(words[16:26])
    if not serial:
        return None
    confidence = 0.95 if "GW" in model else 0.6
    return Recognised("goodwe_mt", confidence, f"30004 holds a serial number, 30012 {model!r}", serial, model)


def _low_holding(words: bytes) -> Recognised | None:
    """Growatt holds its serial number from 23 on, Acrel's ADW300 voltages, currents and powers from 20 on."""
    serial = _serial(words[6:16])
    if serial:
        return Recognised("growatt_max", SURE, "holding 23 holds a serial number", serial)
    volts = [_word(words, number) * 0.1 for number in range(3)]
    amps = [_word(words, number) * 0.01 for number in range(6, 9)]
    *phases_w, total_w = struct.unpack(">4i", words[20:36])
    apparent_va = sum(u * i for u, i in zip(volts, amps, strict=True))
    agree = (
        abs(sum(phases_w) - total_w) <= 3 + 0.02 * abs(total_w) and abs(total_w) <= 100 + 1.1 * apparent_va
    )
    if not agree or not all(30.0 <= u <= 290.0 for u in volts):
        return None
    why = (
        f"20 to 22 are voltages of {volts[0]:.1f} V, and the powers of the phases from 30 on make that at 36"
    )
    return Recognised("meter_acrel_adw300", 0.8, why)


def _huawei_block(words: bytes) -> Recognised | None:
    """32262 and on: strings and grid of a V2 inverter, voltages of two registers of a meter behind a SmartLogger."""
    volts, hertz = _word(words, 15) * 0.1, _word(words, 21) * 0.01
    strings = [_word(words, number) * 0.1 for number in range(0, 12, 2)]
    if _grid(volts, hertz) or (not hertz and any(100.0 <= u <= 1500.0 for u in strings)):
        return Recognised("huawei_sun2000_v2", 0.6, f"32277 and 32283 are {volts:.1f} V, {hertz:.2f} Hz")
    phases = [value * 0.01 for value in struct.unpack(">2I", words[:8])]
    if not all(30.0 <= u <= 3000.0 for u in phases):
        return None
    why = f"32262 and 32264 are voltages of {phases[0]:.2f} and {phases[1]:.2f} V"
    return Recognised("meter_huawei_smartlogger", 0.7, why)


def _huawei_v2(words: bytes) -> Recognised | None:
    serial = _serial(words[4:24])
    if not serial:
        return None
    return Recognised("huawei_sun2000_v2", SURE, "32003 holds a serial number, 30000 no model", serial)


def _smartlogger(words: bytes) -> Recognised | None:
    serial = _serial(words)
    return Recognised("huawei_smartlogger", SURE, "40713 holds a serial number", serial) if serial else None


def _sunspec(words: bytes) -> Recognised | None:
    if words != _SUNSPEC:
        return None
    return Recognised("sunspec", SURE, "40000 holds the mark SunS")


def _sunspec_first(words: bytes) -> Recognised | None:
    if _word(words, 0) != 1:
        return None
    return Recognised("sunspec", SURE, "40000 holds the mark SunS, and model 1 is behind it")


def _sunspec_second(words: bytes) -> "tuple[Clue, ...]":
    """Return the clue of the model behind the first one, which says how long it is."""
    return (Clue(BlockRead(3, 40004 + min(_word(words, 1), 100), 2), _sunspec_model),)


def _sunspec_model(words: bytes) -> Recognised | None:
    model = _word(words, 0)
    why = f"40000 holds the mark SunS, and model {model} is behind model 1"
    if model in _SUNSPEC_INVERTER:
        return Recognised("sunspec", 0.98, why)
    return Recognised("weather_sunspec", 0.98, why) if model in _SUNSPEC_WEATHER else None


def _solis(words: bytes) -> Recognised | None:
    volts, hertz = _word(words, 0) * 0.1, _word(words, 9) * 0.01
    if not _grid(volts, hertz):
        return None
    return Recognised(
        "ginlong_solis", 0.8, f"input 3033 and 3042 are a grid of {volts:.1f} V, {hertz:.2f} Hz"
    )


def _acrel(words: bytes) -> Recognised | None:
    volts, hertz = _word(words, 0) * 0.1, _word(words, 22) * 0.01
    if not (45.0 <= hertz <= 55.0 and 30.0 <= volts <= 290.0):
        return None
    return Recognised("meter_acrel_dtsd1352", 0.7, f"97 and 119 are a grid of {volts:.1f} V, {hertz:.2f} Hz")


def _acrel_type(words: bytes) -> Recognised | None:
    if _word(words, 0) != _TYPE_ACREL:
        return None
    return Recognised("meter_acrel_dtsd1352", 0.95, f"20480 holds the type code 0x{_TYPE_ACREL:04X}")


def _floats(words: bytes) -> tuple[float, ...]:
    return struct.unpack(f">{len(words) // 4}f", words)


def _chint(words: bytes) -> Recognised | None:
    volts = _floats(words)[0] * 0.1
    if not 30.0 <= volts <= 290.0:
        return None
    why = f"8198 is a voltage of {volts:.1f} V; which of the two firmwares it is, the energies must tell"
    return Recognised("meter_chint_dtsu666", 0.6, why)


def _chint_energy(words: bytes) -> Recognised | None:
    energy_kwh = _floats(words)[0]
    if not 0.0 < energy_kwh < 1e8:
        return None
    why = f"8198 is a voltage, and 16414 an energy of {energy_kwh:.1f} kWh: the firmware with energies at 0x401E"
    return Recognised("meter_chint_dtsu666_b", 0.75, why)


def _huawei_weather(words: bytes) -> Recognised | None:
    wind, turned, module, ambient, light = struct.unpack(">5h", words)
    sound = 0 <= wind <= 600 and 0 <= turned <= 360 and 0 <= light <= 20_000
    if not any(words) or not sound or not all(-400 <= t <= 1000 for t in (module, ambient)):
        return None
    why = f"40031 to 40035 are a wind of {wind / 10:.1f} m/s, {ambient / 10:.1f} C and {light / 10:.0f} W/m2"
    return Recognised("weather_huawei_smartlogger", 0.7, why)


def _huawei_meter(words: bytes) -> Recognised | None:
    found = _floats(words)
    if not _grid(found[0], found[7]):
        return None
    return Recognised(
        "meter_huawei_dtsu666h", 0.7, f"2110 and 2124 are a grid of {found[0]:.1f} V, {found[7]:.2f} Hz"
    )


def _jxct(words: bytes) -> Recognised | None:
    if not 1 <= _word(words, 0) <= 252:
        return None
    return Recognised(
        "weather_jxct", 0.6, "256 holds the sensor's own address; which sensor it is, its plate must tell"
    )


def _jxct_wind_speed(words: bytes) -> Recognised | None:
    if _word(words, 0) > 600:
        return None
    return Recognised("weather_jxct_wind_speed", 0.8, "256 holds the sensor's own address, 22 a wind speed")


def _jxct_temperature(words: bytes) -> Recognised | None:
    (degrees,) = struct.unpack(">h", words[2:4])
    if _word(words, 0) > 1000 or not -400 <= degrees <= 800:
        return None
    why = f"256 holds the sensor's own address, 0 and 1 a humidity and {degrees / 10:.1f} C"
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
