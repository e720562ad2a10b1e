"""Strings of a scene: their currents as rows, each beside the median of its inverter."""

import re
from functools import cached_property

import numpy as np

from alerts.judgement import Bools, Subject
from alerts.rule import Daylight
from alerts.scene import Ints, Scene, median_of
from domain.series import Floats

_STRING = re.compile(r"dc_string_\d\d_current_a")
_WORTH_A = 0.5


class Strings:
    """Connected strings of every unit of a scene.

    An input counts as connected when the registry counts it, or when it ever carried a current worth the
    name; an input that never did is not there.
    """

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        rows: list[Floats] = [np.empty((0, scene.length))]
        units: list[Ints] = [np.empty(0, dtype=np.int64)]
        numbers: list[Ints] = [np.empty(0, dtype=np.int64)]
        counted = np.array([unit.device.string_count for unit in scene.units])
        for name in sorted(filter(_STRING.fullmatch, scene.names)):
            current, number = scene.quantity(name), int(name[len("dc_string_") :][:2])
            there = np.flatnonzero(np.isfinite(current).any(axis=1))
            chosen = [row for row in there.tolist() if number <= counted[row] or _carries(current[row])]
            rows.append(current[chosen])
            units.append(np.array(chosen, dtype=np.int64))
            numbers.append(np.full(len(chosen), number, dtype=np.int64))
        unit_of, number_of = np.concatenate(units), np.concatenate(numbers)
        order = np.lexsort((number_of, unit_of))
        self.current_a: Floats = np.concatenate(rows)[order]
        self.unit_of: Ints = unit_of[order]
        self.number: Ints = number_of[order]

    def __len__(self) -> int:
        return len(self.unit_of)

    @cached_property
    def plant_of(self) -> Ints:
        """Number of each string's plant."""
        return self.scene.plant_of[self.unit_of]

    @cached_property
    def subjects(self) -> tuple[Subject, ...]:
        """A subject per string."""
        return tuple(
            Subject(owner.plant_id, owner.device_id, f"string_{number:02d}")
            for owner, number in (
                (self.scene.subjects[unit], number)
                for unit, number in zip(self.unit_of, self.number, strict=True)
            )
        )

    @cached_property
    def _slots(self) -> Ints:
        units = len(self.scene.units)
        members = [np.flatnonzero(self.unit_of == unit) for unit in range(units)]
        slots = np.full((units, max((len(each) for each in members), default=0)), -1)
        for unit, each in enumerate(members):
            slots[unit, : len(each)] = each
        return slots

    def by_unit(self, values: Floats) -> Floats:
        """Return string values gathered by unit [units, most strings, instants]."""
        return np.concatenate([values, np.full((1, *values.shape[1:]), np.nan)])[self._slots]

    def any_of_unit(self, true: Bools) -> Bools:
        """Return where something is true of any string of a unit [units, instants]."""
        found = np.zeros((len(self.scene.units), true.shape[1]), dtype=np.bool_)
        for row, unit in enumerate(self.unit_of.tolist()):
            found[unit] |= true[row]
        return found

    @cached_property
    def bright(self) -> Ints:
        """Instants at which it is bright at some plant: by night nobody compares strings."""
        return np.flatnonzero(
            (self.scene.daylight(Daylight.D3) | self.scene.daylight(Daylight.D4)).any(axis=0)
        )

    @cached_property
    def median_a(self) -> Floats:
        """Median current of the strings of each unit [units, instants], NaN in the dark. [A]"""
        found = np.full((len(self.scene.units), self.scene.length), np.nan)
        found[:, self.bright] = median_of(self.by_unit(self.current_a[:, self.bright]))
        return found

    @cached_property
    def count(self) -> Ints:
        """Number of strings of each unit."""
        return np.asarray((self._slots >= 0).sum(axis=1))

    @cached_property
    def ratio(self) -> Floats:
        """Current of each string over the median of its unit."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return self.current_a / self.median_a[self.unit_of]

    def eligible(self, by_plant: Bools) -> Bools:
        """Spread a plant array over the strings."""
        return by_plant[self.plant_of]


def _carries(current_a: Floats) -> bool:
    """Tell whether an input that the registry does not count ever carried a current worth the name."""
    return bool(np.quantile(current_a[np.isfinite(current_a)], 0.98) > _WORTH_A)


def strings_of(scene: Scene) -> Strings:
    """Return the strings of a scene, gathered once."""
    if "strings" not in scene.memory:
        scene.memory["strings"] = Strings(scene)
    found: Strings = scene.memory["strings"]
    return found
