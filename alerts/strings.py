"""Strings of a scene: their currents as rows, each beside the median of its inverter."""

import re
from functools import cached_property

import numpy as np

from alerts.judgement import Bools, Subject
from alerts.scene import Ints, Scene, median_of
from domain.series import Floats

_STRING = re.compile(r"dc_string_(\d\d)_current_a")


class Strings:
    """Connected strings of every unit of a scene.

    An input counts as connected when the registry counts it, or when it ever carried a current worth the
    name; an input that never did is not there.
    """

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        rows: list[Floats] = []
        units: list[int] = []
        numbers: list[int] = []
        for number, unit in enumerate(scene.units):
            for name in sorted(unit.values):
                match = _STRING.fullmatch(name)
                current = unit.good(name) if match else None
                if match and current is not None and self._is_there(int(match[1]), current, number):
                    rows.append(current)
                    units.append(number)
                    numbers.append(int(match[1]))
        self.current_a: Floats = np.stack(rows) if rows else np.empty((0, scene.length))
        self.unit_of: Ints = np.array(units, dtype=np.int64)
        self.number: Ints = np.array(numbers, dtype=np.int64)

    def _is_there(self, number: int, current: Floats, unit: int) -> bool:
        there = np.isfinite(current)
        if not there.any():
            return False
        if number <= self.scene.units[unit].device.string_count:
            return True
        return bool(np.quantile(current[there], 0.98) > 0.5)

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

    @cached_property
    def median_a(self) -> Floats:
        """Median current of the strings of each unit [units, instants]. [A]"""
        return median_of(self.by_unit(self.current_a))

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


def strings_of(scene: Scene) -> Strings:
    """Return the strings of a scene, gathered once."""
    if "strings" not in scene.memory:
        scene.memory["strings"] = Strings(scene)
    found: Strings = scene.memory["strings"]
    return found
