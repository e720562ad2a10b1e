"""Whether what a device says can be true: each value by itself, and values held against each other.

For the first look at a device, before it is believed: a wrong scale, a mixed-up phase or a foreign table shows
in numbers that contradict each other. Pure.
"""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

_TOLERANCE = 0.12  # of the larger number: values of one look are seconds apart, and clouds move
_FLOOR_SHARE = 0.03  # of the rated power: below it neither current nor power factor is exact
_FLOOR_W = 300.0
_LEAST_EFFICIENCY = 0.80
_MOST_EFFICIENCY = 1.03
_OVER_RATED = 1.25
_PHASES = "abc"
_STRING = re.compile(r"dc_(string|mppt)_(\d\d)_(voltage_v|current_a|power_w)")


class Verdict(Enum):
    """What is thought of one value."""

    PLAUSIBLE = "plausible"
    ABSENT = "absent"
    OUT_OF_RANGE = "out_of_range"
    INCONSISTENT = "inconsistent"


@dataclass(frozen=True, slots=True)
class Contradiction:
    """A value that its siblings deny: by which rule, what they make it, and by which power of ten it is off.

    ``ten`` is 0 where no power of ten explains the difference.
    """

    name: str
    rule: str
    value: float
    expected: float
    ten: int = 0


@dataclass(frozen=True, slots=True)
class Known:
    """What the registry says of the device. Zero and empty: not known."""

    rated_power_w: float = 0.0
    serial_number: str = ""


Values = Mapping[str, float]


def contradictions(values: Values, known: Known | None = None) -> tuple[Contradiction, ...]:
    """Return every value that others deny, in no more than one rule each.

    Parameters
    ----------
    values : mapping of str to float
        Values of one look at one device, by quantity; absent and implausible ones left out.
    known : Known or None
        What is known of the device otherwise.
    """
    about = known or Known()
    found: dict[str, Contradiction] = {}
    for rule in (_power_of_phases, _power_of_strings, _efficiency, _line_voltages, _phase_powers):
        for one in rule(values, about):
            found.setdefault(one.name, one)
    for one in (*_rating(values, about), *_energies(values)):
        found.setdefault(one.name, one)
    return tuple(found.values())


def _floor_w(values: Values, known: Known) -> float:
    rated_w = known.rated_power_w or values.get("rated_active_power_w", 0.0)
    return max(_FLOOR_W, _FLOOR_SHARE * rated_w)


def _differs(name: str, rule: str, value: float, expected: float, floor: float) -> Iterator[Contradiction]:
    """Yield a contradiction when two numbers that should be equal are not."""
    one, other = abs(value), abs(expected)
    if abs(one - other) > max(floor, _TOLERANCE * max(one, other)):
        yield Contradiction(name, rule, value, expected, _ten(one, other))


def _ten(value: float, expected: float) -> int:
    """Return by which power of ten two numbers differ, 0 when that does not explain it."""
    if value <= 0 or expected <= 0:
        return 0
    power = math.log10(value) - math.log10(expected)  # their ratio may be too large for a number
    nearest = round(power)
    return nearest if nearest and abs(power - nearest) < 0.08 else 0


def _power_name(values: Values) -> str:
    return next((name for name in ("ac_active_power_w", "meter_active_power_w") if name in values), "")


def _apparent_va(values: Values) -> float | None:
    """Return the apparent power that voltages and currents make, None without them."""
    currents = [values.get(f"ac_phase_{phase}_current_a") for phase in _PHASES]
    phases = [values.get(f"ac_phase_{phase}_voltage_v") for phase in _PHASES]
    pairs = [(u, i) for u, i in zip(phases, currents, strict=True) if u is not None and i is not None]
    if len(pairs) == len(_PHASES):
        return sum(abs(u * i) for u, i in pairs)
    lines = [values.get(f"ac_line_{pair}_voltage_v") for pair in ("ab", "bc", "ca")]
    if None in lines or None in currents:
        return None
    mean_u = sum(u for u in lines if u is not None) / 3
    return math.sqrt(3) * mean_u * sum(abs(i) for i in currents if i is not None) / 3


def _power_of_phases(values: Values, known: Known) -> Iterator[Contradiction]:
    """P = U·I·√3·pf; without a power factor P is at most U·I·√3."""
    name, apparent_va = _power_name(values), _apparent_va(values)
    if not name or apparent_va is None:
        return
    floor_w, factor = _floor_w(values, known), values.get("power_factor")
    if factor is not None and 0.1 <= abs(factor) <= 1.0:
        yield from _differs(name, "power_of_phases", values[name], apparent_va * abs(factor), floor_w)
    elif abs(values[name]) > (1 + _TOLERANCE) * apparent_va + floor_w:
        yield Contradiction(
            name, "power_of_phases", values[name], apparent_va, _ten(abs(values[name]), apparent_va)
        )


@lru_cache(maxsize=1024)
def _inputs_named(names: tuple[str, ...]) -> tuple[str, tuple[tuple[str, str], ...]] | None:
    """Return strings or trackers, and the names of voltage and current of each; None where one lacks either.

    Remembered, because a fleet has few sets of names and each is held against its siblings at every look.
    """
    inputs: dict[str, dict[str, dict[str, str]]] = {"string": {}, "mppt": {}}
    for name in names:
        found = _STRING.fullmatch(name)
        if found:
            inputs[found[1]].setdefault(found[2], {})[found[3]] = name
    for kind, numbered in inputs.items():
        pairs = [
            (one["voltage_v"], one["current_a"])
            for one in numbered.values()
            if "voltage_v" in one and "current_a" in one
        ]
        if pairs and len(pairs) == len(numbered):
            return kind, tuple(pairs)
    return None


def _dc_inputs_w(values: Values) -> tuple[str, float] | None:
    """Return what the strings (or the trackers) take together, and which of the two they are."""
    named = _inputs_named(tuple(values))
    if named is None:
        return None
    kind, pairs = named
    return kind, sum(values[voltage] * values[current] for voltage, current in pairs)


def _power_of_strings(values: Values, known: Known) -> Iterator[Contradiction]:
    inputs = _dc_inputs_w(values)
    if inputs is None or "dc_power_w" not in values:
        return
    kind, sum_w = inputs
    yield from _differs(
        "dc_power_w", f"power_of_{kind}s", values["dc_power_w"], sum_w, _floor_w(values, known)
    )


def _efficiency(values: Values, known: Known) -> Iterator[Contradiction]:
    """What comes out is a little less than what goes in."""
    ac_w = values.get("ac_active_power_w")
    inputs = _dc_inputs_w(values)
    dc_w = values.get("dc_power_w", inputs[1] if inputs else None)
    if ac_w is None or dc_w is None:
        return
    floor_w = _floor_w(values, known)
    least_w, most_w = _LEAST_EFFICIENCY * dc_w - floor_w, _MOST_EFFICIENCY * dc_w + floor_w
    if max(ac_w, dc_w) > 5 * floor_w and not least_w <= ac_w <= most_w:
        yield Contradiction("ac_active_power_w", "efficiency", ac_w, dc_w, _ten(abs(ac_w), abs(dc_w)))


def _line_voltages(values: Values, _known: Known) -> Iterator[Contradiction]:
    for pair in ("ab", "bc", "ca"):
        name = f"ac_line_{pair}_voltage_v"
        ends = [values.get(f"ac_phase_{phase}_voltage_v") for phase in pair]
        if name in values and all(ends):
            expected = math.sqrt(3) * sum(u for u in ends if u) / 2
            yield from _differs(name, "line_voltage", values[name], expected, 5.0)


def _phase_powers(values: Values, known: Known) -> Iterator[Contradiction]:
    parts = [values.get(f"meter_phase_{phase}_active_power_w") for phase in _PHASES]
    total = values.get("meter_active_power_w")
    if total is not None and None not in parts:
        summed = sum(part for part in parts if part is not None)
        yield from _differs("meter_active_power_w", "phase_powers", total, summed, _floor_w(values, known))


def _rating(values: Values, known: Known) -> Iterator[Contradiction]:
    own_w, listed_w = values.get("rated_active_power_w"), known.rated_power_w
    if own_w and listed_w:
        yield from _differs("rated_active_power_w", "rating", own_w, listed_w, 0.0)
    rated_w = listed_w or own_w or 0.0
    for name in ("ac_active_power_w", "dc_power_w"):
        value = values.get(name, 0.0)
        if rated_w and abs(value) > 2 * _OVER_RATED * rated_w:
            yield Contradiction(name, "over_rating", value, rated_w, _ten(abs(value), rated_w))


def _energies(values: Values) -> Iterator[Contradiction]:
    """A part is no more than the whole."""
    for part, whole in (
        ("ac_energy_today_wh", "ac_energy_this_month_wh"),
        ("ac_energy_this_month_wh", "ac_energy_this_year_wh"),
        ("ac_energy_this_year_wh", "ac_energy_total_wh"),
        ("ac_energy_today_wh", "ac_energy_total_wh"),
    ):
        if part in values and whole in values and values[part] > 1.01 * values[whole] + 1000:
            yield Contradiction(part, "energy_part", values[part], values[whole])


def verdict_of(quality: str, *, contradicted: bool) -> Verdict:
    """Return the verdict on one value from how it was read (`inverters.readings.Reading.quality`)."""
    if contradicted:
        return Verdict.INCONSISTENT
    if quality in ("absent", "not_applicable"):
        return Verdict.ABSENT
    return Verdict.OUT_OF_RANGE if quality == "out_of_range" else Verdict.PLAUSIBLE


RULES: Sequence[str] = (
    "power_of_phases",
    "power_of_strings",
    "power_of_mppts",
    "efficiency",
    "line_voltage",
    "phase_powers",
    "rating",
    "over_rating",
    "energy_part",
    "serial",
)
