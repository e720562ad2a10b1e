"""Fault scripts: YAML in, `Fault`s out, strictly: every problem of the file at once, with its line.

The file is ``format: 1`` and a list ``faults``; README.md beside this module shows every kind.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

from domain.errors import ConfigurationError
from domain.plant import Device, DeviceKind, Registry
from inverters.reader import Problems, Section, nearest, read_section
from simulator.faults import FOREVER, Fault, FaultKind

FORMAT: Final = 1
K = FaultKind
_SPAN = re.compile(r"^(\d+(?:\.\d+)?)(s|m|h|d)$")
_SECONDS: Final[Mapping[str, float]] = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_INVERTERS_OF_PLANT = frozenset({K.SOILING, K.SHADING, K.SNOW, K.CURTAILMENT, K.DERATING})
_WHOLE_PLANT = frozenset({K.GRID_OUTAGE})
_WIRES = frozenset({K.DEAD_GATEWAY, K.SLOW_BUS, K.LATE_ANSWERS})
_METERS = frozenset({K.METER_DRIFT})
_INVERTER_ONLY = frozenset({K.STRING_OPEN, K.INVERTER_TRIP})
# key, standard value (None: must be given), least, greatest
_AMOUNTS: Final[Mapping[FaultKind, tuple[str, float | None, float, float]]] = {
    K.DERATING: ("limit", None, 0.0, 1.0),
    K.CURTAILMENT: ("limit", None, 0.0, 1.0),
    K.SOILING: ("loss", None, 0.0, 1.0),
    K.SHADING: ("loss", None, 0.0, 1.0),
    K.SNOW: ("loss", 0.95, 0.0, 1.0),
    K.SLOW_BUS: ("times", 10.0, 1.0, 1000.0),
    K.LATE_ANSWERS: ("share", 0.2, 0.0, 1.0),
    K.METER_DRIFT: ("drift", None, -0.5, 0.5),
    K.COUNTER_RESET: ("left_kwh", 0.0, 0.0, 1e9),
}


def read_script(path: Path, registry: Registry, field_start: datetime) -> tuple[Fault, ...]:
    """Return the faults of a script; instants like ``+15m`` and ``-2d`` count from ``field_start``.

    Raises
    ------
    ConfigurationError
        The file is unsound; the message lists every problem with file, line, key and what to write instead.
    """
    problems = Problems()
    section = read_section(path, problems)
    faults: list[Fault] = []
    if section is not None:
        if section.integer("format") != FORMAT:
            section.complain("format", f"expected {FORMAT}")
        reader = _Reader(registry, field_start.timestamp())
        for number, entry in enumerate(section.sections("faults", lambda n: f"faults[{n}]"), 1):
            fault = reader.fault(entry, number)
            entry.finish()
            if fault is not None:
                faults.append(fault)
        section.finish()
    if problems.found:
        lines = "\n  ".join(str(problem) for problem in problems.found)
        raise ConfigurationError(f"{len(problems.found)} problem(s) in the fault script:\n  {lines}")
    return tuple(faults)


class _Reader:
    def __init__(self, registry: Registry, start_s: float) -> None:
        self._registry = registry
        self._start_s = start_s
        self._gateways = {gateway.gateway_id: gateway for gateway in registry.gateways()}
        self._feeders = {plant.feeder for plant in registry.plants if plant.feeder}
        self._seen: set[str] = set()

    def fault(self, entry: Section, number: int) -> Fault | None:
        kind = FaultKind(entry.choice("kind", tuple(kind.value for kind in FaultKind)))
        fault_id = entry.text("id", f"{kind.value}-{number}")
        if fault_id in self._seen:
            entry.complain("id", f"{fault_id!r} names another fault already")
        self._seen.add(fault_id)
        start_s, end_s = self._span(entry)
        subject, devices, gateways = self._subject(entry, kind)
        fault = Fault(
            fault_id=fault_id,
            kind=kind,
            subject=subject,
            start_s=start_s,
            end_s=end_s,
            device_ids=devices,
            gateway_ids=gateways,
            strings=self._strings(entry, kind, devices),
            amount=self._amount(entry, kind),
            delay_s=_span_s(entry, "delay", 5.0) if kind is K.LATE_ANSWERS else 0.0,
            ramp_s=_span_s(entry, "ramp", 0.0) if kind is K.SOILING else 0.0,
            from_h=_hour(entry, "from", 0.0) if kind is K.SHADING else 0.0,
            to_h=_hour(entry, "to", 24.0) if kind is K.SHADING else 24.0,
        )
        return fault if subject else None

    def _span(self, entry: Section) -> tuple[float, float]:
        start_s = self._instant(entry, "start", self._start_s)
        if "end" in entry and "lasts" in entry:
            entry.complain("lasts", "stands beside end; give one of them")
        if "end" in entry:
            end_s = self._instant(entry, "end", FOREVER)
        else:
            lasts_s = _span_s(entry, "lasts", FOREVER) if "lasts" in entry else FOREVER
            end_s = start_s + lasts_s
        if end_s <= start_s:
            entry.complain("end" if "end" in entry else "lasts", "the fault ends before it starts")
        return start_s, end_s

    def _instant(self, entry: Section, key: str, standard: float) -> float:
        wanted = "an instant with zone like 2026-07-01T10:00:00+08:00, or +15m, -2d from the start of the run"
        if key not in entry:
            return standard
        given = entry.take(key, (str, datetime), None, wanted=wanted)
        text = given.isoformat() if isinstance(given, datetime) else str(given or "")
        sign = text[:1]
        if sign in {"+", "-"} and (span := _SPAN.match(text[1:])):
            seconds = float(span[1]) * _SECONDS[span[2]]
            return self._start_s + (seconds if sign == "+" else -seconds)
        try:
            instant = datetime.fromisoformat(text)
        except ValueError:
            instant = None
        if instant is None or instant.tzinfo is None:
            if text:
                entry.complain(key, f"is {text!r}; expected {wanted}")
            return standard
        return instant.timestamp()

    def _subject(self, entry: Section, kind: FaultKind) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
        """Return what a person calls it, the devices and the gateways."""
        if kind in _WIRES:
            name = self._named(entry, "gateway", tuple(self._gateways))
            devices = tuple(d.device_id for d in self._registry.devices() if d.gateway_id == name)
            return name, devices, (name,) if name else ()
        if kind is K.FEEDER_OUTAGE:
            name = self._named(entry, "feeder", tuple(sorted(self._feeders)))
            return name, self._devices(name, feeder=True), ()
        if kind in _WHOLE_PLANT or (kind in _INVERTERS_OF_PLANT and "plant" in entry):
            name = self._named(entry, "plant", tuple(self._registry.plants_by_id))
            return name, self._devices(name, inverters_only=kind in _INVERTERS_OF_PLANT), ()
        valid = [device.device_id for device in self._registry.devices() if _suits(device, kind)]
        name = self._named(entry, "device", tuple(valid))
        return name, (name,) if name else (), ()

    @staticmethod
    def _named(entry: Section, key: str, valid: tuple[str, ...]) -> str:
        name = entry.text(key)
        if name and name not in valid:
            entry.complain(key, f"{name!r} is none this fault can happen to{nearest(name, valid)}")
            return ""
        return name

    def _devices(self, name: str, *, feeder: bool = False, inverters_only: bool = False) -> tuple[str, ...]:
        return tuple(
            device.device_id
            for plant in self._registry.plants
            if name and name == (plant.feeder if feeder else plant.plant_id)
            for device in plant.devices
            if not inverters_only or device.kind is DeviceKind.INVERTER
        )

    def _strings(self, entry: Section, kind: FaultKind, devices: tuple[str, ...]) -> tuple[int, ...]:
        if kind is not K.STRING_OPEN:
            return ()
        strings = entry.integers("strings")
        have = self._registry.devices_by_id[devices[0]].string_count if devices else 99
        if not strings:
            entry.complain("strings", "is missing; expected numbers of strings, like [3] or [3, 4]")
        elif wrong := [number for number in strings if not 1 <= number <= have]:
            entry.complain("strings", f"{wrong}: the inverter has strings 1 to {have}")
            return ()
        return strings

    @staticmethod
    def _amount(entry: Section, kind: FaultKind) -> float:
        if kind is K.WRONG_CLOCK:
            return _span_s(entry, "ahead", None) if "ahead" in entry else -_span_s(entry, "behind", None)
        if kind not in _AMOUNTS:
            return 0.0
        key, standard, least, greatest = _AMOUNTS[kind]
        value = entry.number(key, standard)
        if not least <= value <= greatest:
            entry.complain(key, f"is {value:g}; expected a number from {least:g} to {greatest:g}")
        return value * 1000.0 if kind is K.COUNTER_RESET else value


def _suits(device: Device, kind: FaultKind) -> bool:
    if kind in _METERS:
        return device.kind is DeviceKind.REVENUE_METER
    if kind in _INVERTER_ONLY or kind in _INVERTERS_OF_PLANT:
        return device.kind is DeviceKind.INVERTER
    if kind is K.COUNTER_RESET:
        return device.kind in {DeviceKind.INVERTER, DeviceKind.REVENUE_METER}
    return True


def _span_s(entry: Section, key: str, standard: float | None) -> float:
    """Return a span like ``90s``, ``15m``, ``2h``, ``3d``. [s]"""
    text = entry.text(key, None if standard is None else f"{standard:g}s")
    span = _SPAN.match(text)
    if span is None:
        if text:
            entry.complain(key, f"is {text!r}; expected a span like 90s, 15m, 2h or 3d")
        return standard or 0.0
    return float(span[1]) * _SECONDS[span[2]]


def _hour(entry: Section, key: str, standard: float) -> float:
    """Return an hour of the day from ``16:30``."""
    if key not in entry:
        return standard
    text = entry.text(key)
    hours, _, minutes = text.partition(":")
    if not (hours.isdigit() and minutes.isdigit() and int(hours) <= 24 and int(minutes) < 60):
        entry.complain(key, f"is {text!r}; expected an hour of the day like '16:30'")
        return standard
    return int(hours) + int(minutes) / 60.0
