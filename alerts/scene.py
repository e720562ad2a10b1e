"""Scene: plants of one grid stacked into arrays, so that a condition is a few numpy lines for all of them.

Unit arrays are [units, instants] (inverters of all plants, plant by plant), plant arrays [plants, instants].
A replay is a scene of one plant and many instants; a live step is all plants and few instants.
"""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from alerts.context import Context
from alerts.judgement import Bools, Subject
from alerts.rule import Daylight
from domain.plant import DeviceKind
from domain.series import BAD, DeviceSeries, Flag, Floats, Instants, PlantSeries

POWER = "ac_active_power_w"
_AWAKE_DEG, _RUNS_DEG = 5.0, 10.0
_CLEAR_RUNS_W_M2, _RUNS_W_M2, _BRIGHT_W_M2, _STEADY_W_M2 = 100.0, 50.0, 200.0, 400.0
_RUNS_SHARE, _BRIGHT_SHARE, _STEADY_SHARE = 0.03, 0.15, 0.30
_STEADY_CHANGE, _STEADY_SPAN_S = 0.20, 600.0
_PEERS_LEAST = 3
_ALIKE = 0.25
_DARK_SHARE = 0.005
_DAY_S, _HABIT_S, _HABIT_LEAST = 86_400, 1800, 3
Ints = npt.NDArray[np.int64]
_T = TypeVar("_T", bound=np.generic)


class Scene:
    """Plants on one grid.

    Parameters
    ----------
    plants : PlantSeries of the same instants and step.
    context : Context
        What is known besides.
    """

    def __init__(self, plants: Sequence[PlantSeries], context: Context) -> None:
        self.plants = tuple(plants)
        self.context = context
        self.instants: Instants = self.plants[0].instants
        self.step_s = self.plants[0].step_s
        self.units = self._of(DeviceKind.INVERTER)
        self.meters = self._of(DeviceKind.REVENUE_METER)
        self.memory: dict[str, Any] = {}  # what several conditions work out once
        self._matrices: dict[tuple[str, str], Floats | None] = {}

    def _of(self, kind: DeviceKind) -> tuple[DeviceSeries, ...]:
        return tuple(
            each for plant in self.plants for each in plant.devices.values() if each.device.kind is kind
        )

    @property
    def length(self) -> int:
        """Number of instants."""
        return len(self.instants)

    @cached_property
    def subjects(self) -> tuple[Subject, ...]:
        """A subject per unit."""
        return tuple(Subject(each.device.plant_id, each.device.device_id) for each in self.units)

    @cached_property
    def plant_subjects(self) -> tuple[Subject, ...]:
        """A subject per plant."""
        return tuple(Subject(plant.plant_id) for plant in self.plants)

    @cached_property
    def plant_of(self) -> Ints:
        """Number of each unit's plant."""
        number = {plant.plant_id: n for n, plant in enumerate(self.plants)}
        return np.array([number[each.device.plant_id] for each in self.units], dtype=np.int64)

    @cached_property
    def _slots(self) -> Ints:
        """Units of each plant [plants, most units], -1 where there is none."""
        members = [np.flatnonzero(self.plant_of == n) for n in range(len(self.plants))]
        slots = np.full((len(members), max((len(each) for each in members), default=0)), -1)
        for number, each in enumerate(members):
            slots[number, : len(each)] = each
        return slots

    # ------------------------------------------------------------------ quantities

    @cached_property
    def names(self) -> frozenset[str]:
        """Names of every quantity that any unit ever sent."""
        return frozenset().union(*(each.values for each in self.units))

    def quantity(self, name: str) -> Floats:
        """Return good values of a quantity by unit, NaN where there is none."""
        found = self.maybe(name)
        return np.full((len(self.units), self.length), np.nan) if found is None else found

    def maybe(self, name: str) -> Floats | None:
        """Return good values of a quantity by unit, None when no unit ever sent it."""
        return self._matrix(name, "good", self.units, lambda each: each.good(name))

    def raw(self, name: str) -> Floats | None:
        """Return a quantity by unit as it was sent, doubt or not, None when no unit ever sent it."""
        return self._matrix(name, "raw", self.units, lambda each: each.values.get(name))

    def in_any_unit(self, name: str) -> Floats | None:
        """Return a quantity by unit, good but for what its unit may be, None when no unit ever sent it."""
        return self._matrix(name, "unit", self.units, lambda each: _but_for_its_unit(each, name))

    def meter(self, name: str) -> Floats | None:
        """Return good values of a quantity by meter, None when no meter ever sent it."""
        return self._matrix(name, "meter", self.meters, lambda each: each.good(name))

    def _matrix(
        self,
        name: str,
        form: str,
        devices: Sequence[DeviceSeries],
        of: Callable[[DeviceSeries], Floats | None],
    ) -> Floats | None:
        key = (form, name)
        if key not in self._matrices:
            found = [of(each) for each in devices]
            if all(each is None for each in found):
                self._matrices[key] = None
            else:
                empty = np.full(self.length, np.nan)
                self._matrices[key] = np.stack([empty if each is None else each for each in found])
        return self._matrices[key]

    @cached_property
    def power_w(self) -> Floats:
        """AC power of each unit. [W]"""
        return self.quantity(POWER)

    @cached_property
    def rated_w(self) -> Floats:
        """AC rating of each unit [units, 1]. [W]

        Where none is registered, the greatest power its alike peers usually show: a weak unit must not be the
        measure of itself.
        """
        registered = np.array([each.device.rated_power_kw * 1000.0 for each in self.units])
        if registered.size and (registered <= 0).any():
            seen = quantile(self.power_w, 0.999)
            peers = self.to_units(self.median(seen[:, None]))[:, 0]
            alike = np.abs(seen / peers - 1.0) < _ALIKE
            registered = np.where(registered > 0, registered, np.where(alike, peers, seen))
        return np.where(registered > 0, registered, np.nan)[:, None]

    @cached_property
    def dc_capacity_w(self) -> Floats:
        """DC capacity of each unit [units, 1], its rating where none is registered. [W]"""
        registered = np.array([each.device.dc_capacity_kw * 1000.0 for each in self.units])
        return np.where(registered > 0, registered, self.rated_w[:, 0])[:, None]

    @cached_property
    def specific(self) -> Floats:
        """Power over DC capacity of each unit."""
        return self.power_w / self.dc_capacity_w

    @cached_property
    def share(self) -> Floats:
        """Power over rating of each unit."""
        return self.power_w / self.rated_w

    @cached_property
    def ceiling(self) -> Floats:
        """The greatest share of its rating each unit reaches but for moments [units, 1]."""
        return quantile(self.share, 0.999)[:, None]

    @cached_property
    def known_ceiling(self) -> Floats:
        """The same, or what its model says it could reach, whichever is more [units, 1]."""
        return np.fmax(self.ceiling, quantile(self.modelled_w / self.rated_w, 0.999)[:, None])

    @cached_property
    def modelled_w(self) -> Floats:
        """Power a unit should deliver by its model of light, NaN where it has none. [W]"""
        found = self._matrix("expected", "expected", self.units, lambda each: each.expected_power_w)
        return np.full_like(self.power_w, np.nan) if found is None else found

    @cached_property
    def by_peers_w(self) -> Floats:
        """Power a unit would deliver if it did as the median of its peers, NaN for too few of them. [W]"""
        peers = self.to_units(self.median_specific) * self.dc_capacity_w
        return np.where(self.to_units(self.reporting) >= _PEERS_LEAST, peers, np.nan)

    @cached_property
    def expected_w(self) -> Floats:
        """Power an undisturbed unit would deliver: by its peers, else by its model. [W]"""
        dark = ~(self.by_peers_w > _DARK_SHARE * self.rated_w)
        model = np.where(np.isfinite(self.modelled_w), self.modelled_w, self.by_peers_w)
        return np.where(dark, model, self.by_peers_w)

    # ------------------------------------------------------------------ plants and peers

    def to_units(self, by_plant: npt.NDArray[_T]) -> npt.NDArray[_T]:
        """Spread a plant array over its units."""
        return by_plant[self.plant_of]

    def by_plant(self, by_unit: Floats) -> Floats:
        """Return unit values gathered by plant [plants, most units, instants], NaN where there is none."""
        padded = np.concatenate([by_unit, np.full((1, *by_unit.shape[1:]), np.nan)])
        return padded[self._slots]

    def median(self, by_unit: Floats) -> Floats:
        """Return the median of each plant's units that have a value, NaN where none has."""
        return median_of(self.by_plant(by_unit))

    @cached_property
    def reporting(self) -> Ints:
        """How many units of each plant have a power."""
        return self.reporting_of(self.power_w)

    def reporting_of(self, by_unit: Floats) -> Ints:
        """Return how many units of each plant have a value [plants, instants]."""
        return np.asarray(np.isfinite(self.by_plant(by_unit)).sum(axis=1), dtype=np.int64)

    @cached_property
    def median_specific(self) -> Floats:
        """Median power over DC capacity of each plant's units."""
        return self.median(self.specific)

    @cached_property
    def median_share(self) -> Floats:
        """Median power over rating of each plant's units."""
        return self.median(self.share)

    @cached_property
    def plant_power_w(self) -> Floats:
        """Power of each plant: the sum of its units where all that ever spoke speak. [W]"""
        gathered = self.by_plant(self.power_w)
        known = np.isfinite(gathered)
        spoke = known.any(axis=2, keepdims=True)
        complete = (known | ~spoke).all(axis=1) & known.any(axis=1)
        return np.where(complete, np.nansum(gathered, axis=1), np.nan)

    @cached_property
    def plant_expected_w(self) -> Floats:
        """Power each plant should deliver by the models, NaN where that of a unit is not known. [W]"""
        return self.by_plant_sum(self.modelled_w)

    def by_plant_sum(self, by_unit: Floats) -> Floats:
        """Return sums over each plant's units, NaN where one of them is not known or there is no unit."""
        found = np.full((len(self.plants), by_unit.shape[1]), np.nan)
        for number in range(len(self.plants)):
            rows = by_unit[self.plant_of == number]
            if len(rows):
                found[number] = rows.sum(axis=0)
        return found

    @cached_property
    def plant_rated_w(self) -> Floats:
        """AC rating of each plant [plants, 1]. [W]"""
        return self.by_plant_sum(self.rated_w)

    # ------------------------------------------------------------------ light

    def _light(self, of: Callable[[PlantSeries], Floats | None]) -> Floats:
        empty = np.full(self.length, np.nan)
        found = [of(plant) for plant in self.plants]
        return np.stack([empty if each is None else each for each in found])

    @cached_property
    def elevation_deg(self) -> Floats:
        """Elevation of the sun at each plant. [degrees]"""
        return self._light(lambda plant: plant.sun_elevation_deg)

    @cached_property
    def clear_sky_w_m2(self) -> Floats:
        """Clear-sky irradiance in the plane of each plant. [W/m2]"""
        return self._light(lambda plant: plant.clear_sky_poa_w_m2)

    @cached_property
    def irradiance_w_m2(self) -> Floats:
        """Irradiance in the plane of each plant, NaN where nobody measures it. [W/m2]"""
        return self._light(lambda plant: plant.irradiance_poa_w_m2)

    def daylight(self, level: Daylight) -> Bools:
        """Return which instants count for a level [plants, instants]."""
        return self._daylight[level]

    @cached_property
    def _daylight(self) -> dict[Daylight, Bools]:
        with np.errstate(invalid="ignore"):
            placed = np.isfinite(self.elevation_deg)
            power = self.median_share
            light = self.irradiance_w_m2
            awake = np.where(placed, self.elevation_deg > _AWAKE_DEG, (light > 20) | (power > 0.005))
            awake = self._by_habit(awake, placed, np.isfinite(light) | np.isfinite(power))
            high = np.where(
                placed, (self.elevation_deg > _RUNS_DEG) & ~(self.clear_sky_w_m2 <= _CLEAR_RUNS_W_M2), awake
            )
            healthy = self.by_plant(self.share) > _RUNS_SHARE
            runs = high & ((light > _RUNS_W_M2) | healthy.any(axis=1) | np.isnan(light))
            bright = np.where(np.isfinite(light), light > _BRIGHT_W_M2, power > _BRIGHT_SHARE) & awake
            strong = np.where(np.isfinite(light), light > _STEADY_W_M2, power > _STEADY_SHARE) & awake
            steady = strong & self._steady(np.where(np.isfinite(light), light, power))
        always = np.ones_like(awake, dtype=np.bool_)
        return {
            Daylight.D0: always,
            Daylight.D1: awake.astype(np.bool_),
            Daylight.D2: runs,
            Daylight.D3: bright | (runs & (power > _BRIGHT_SHARE)),
            Daylight.D4: steady,
        }

    def _by_habit(self, awake: Bools, placed: Bools, told: Bools) -> Bools:
        """Return where it is day; a plant without a place that says nothing: as on its other days at that hour."""
        found = awake.copy()
        slot = self.instants.astype("datetime64[s]").astype(np.int64) // _HABIT_S % (_DAY_S // _HABIT_S)
        for row in np.flatnonzero(~placed.any(axis=1) & ~told.all(axis=1)):
            known = np.bincount(slot[told[row]], minlength=_DAY_S // _HABIT_S)
            bright = np.bincount(slot[told[row] & awake[row]], minlength=_DAY_S // _HABIT_S)
            usual = (known >= _HABIT_LEAST) & (bright > known / 2)
            found[row] = np.where(told[row], awake[row], usual[slot])
        return found

    def _steady(self, light: Floats) -> Bools:
        """Return where light has changed by less than a fifth in ten minutes; coarser data: since before."""
        back = max(1, round(_STEADY_SPAN_S / self.step_s))
        if self.step_s > _STEADY_SPAN_S * 1.5:
            return np.ones_like(light, dtype=np.bool_)  # a mean over the interval is steady already
        before = np.full_like(light, np.nan)
        before[:, back:] = light[:, :-back] if light.shape[1] > back else light[:, :0]
        with np.errstate(invalid="ignore"):
            return ~(np.abs(light - before) >= _STEADY_CHANGE * np.maximum(light, before))


def _but_for_its_unit(each: DeviceSeries, name: str) -> Floats | None:
    values, flags = each.values.get(name), each.flags.get(name)
    if values is None or flags is None:
        return values
    unit = np.uint16(Flag.UNIT.value)
    return np.where(((flags & np.uint16(BAD.value)) != 0) & ((flags & unit) == 0), np.nan, values)


def median_of(gathered: Floats) -> Floats:
    """Return the median over axis 1 of values that are there; much quicker than nanmedian for many groups."""
    if gathered.shape[1] == 0:
        return np.full((gathered.shape[0], *gathered.shape[2:]), np.nan)
    ordered = np.sort(gathered, axis=1)  # NaN last
    count = np.isfinite(ordered).sum(axis=1)
    low = np.maximum((count - 1) // 2, 0)
    high = np.maximum(count // 2, 0)
    first = np.take_along_axis(ordered, low[:, None], axis=1)[:, 0]
    second = np.take_along_axis(ordered, np.minimum(high, ordered.shape[1] - 1)[:, None], axis=1)[:, 0]
    return np.where(count > 0, (first + second) / 2.0, np.nan)


def quantile(values: Floats, share: float) -> Floats:
    """Return a quantile (nearest from below) of each row's values that are there, NaN for an empty row."""
    if values.shape[-1] == 0:
        return np.full(len(values), np.nan)
    length = values.shape[-1]
    count = np.isfinite(values).sum(axis=-1)
    at = np.clip(np.round(share * (count - 1)).astype(np.int64), 0, length - 1)
    few = min(length, int((1.0 - share) * length) + 2)  # so many of the greatest are enough to find it
    top = np.partition(np.where(np.isfinite(values), values, -np.inf), length - few, axis=-1)[
        :, length - few :
    ]
    from_top = np.clip(few - count + at, 0, few - 1)
    found = np.take_along_axis(np.sort(top, axis=-1), from_top[:, None], axis=-1)[:, 0]
    return np.where(count > 0, found, np.nan)
