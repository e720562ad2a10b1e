"""The whole field at some instants: power, state and energy of every unit, and what each plant's sky does."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.energy import Sums
from simulator.faults import FaultKind, FaultSet
from simulator.layout import Field
from simulator.noise import Floats, uniform, wander
from simulator.power import Power, PowerModel, of_plants
from simulator.sky import Conditions, Sky
from simulator.states import UnitState

States = NDArray[np.int64]
_START_SHARE = 0.004  # a unit starts when its modules give this share of its rated power


@dataclass(frozen=True)
class Snapshot:
    """The field at some instants; arrays are [instants, units] unless said otherwise.

    ``sky`` is [instants, plants]. ``energy_wh`` are lifetime counters, ``today_wh`` what was made on the
    local day, ``sums`` what was made in calendar spans (known of the present only).
    """

    epoch_s: Floats
    sky: Conditions
    power: Power
    states: States
    no_grid: NDArray[np.bool_]
    open_strings: Floats | None
    energy_wh: Floats
    today_wh: Floats
    frequency_hz: Floats
    sums: Sums | None = None

    @property
    def instants(self) -> int:
        """How many instants it covers."""
        return len(self.epoch_s)


class Observer:
    """Makes snapshots."""

    def __init__(self, field: Field, sky: Sky, model: PowerModel, faults: FaultSet, seed: int) -> None:
        self.field = field
        self.sky = sky
        self.model = model
        self.faults = faults
        self.seed = seed

    def look(
        self, epoch_s: Floats, energy_wh: Floats, today_wh: Floats, sums: Sums | None = None
    ) -> Snapshot:
        """Return the field at ``epoch_s``, whose counters the caller knows."""
        sky = self.sky.conditions(epoch_s)
        effects = self.faults.effects(epoch_s)
        power = self.model.power(epoch_s, sky, effects)
        return Snapshot(
            epoch_s,
            sky,
            power,
            self._states(epoch_s, power),
            self.faults.no_grid(epoch_s),
            self.faults.open_strings(epoch_s),
            energy_wh,
            today_wh,
            self.sky.frequency_hz(epoch_s),
            sums,
        )

    def _states(self, epoch_s: Floats, power: Power) -> States:
        units = self.field.inverters
        states = np.where(power.ac_w > _START_SHARE * units.rated_w, UnitState.RUNNING, UnitState.STANDBY)
        effects = self.faults.effects(epoch_s)
        if effects.ac_limit is not None:
            held = (states == UnitState.RUNNING) & (power.ac_w >= 0.999 * effects.ac_limit * units.rated_w)
            for kind, state in (
                (FaultKind.DERATING, UnitState.DERATED),
                (FaultKind.CURTAILMENT, UnitState.CURTAILED),
            ):
                states[held & self.faults.mask(epoch_s, frozenset({kind}))] = state
        if effects.running is not None:
            states[self.faults.mask(epoch_s, frozenset({FaultKind.INVERTER_TRIP}))] = UnitState.FAULT
            states[self.faults.no_grid(epoch_s)] = UnitState.NO_GRID
        return states.astype(np.int64)

    def plant_power_w(self, snapshot: Snapshot) -> Floats:
        """Return AC power of each plant's inverters, [instants, plants]. [W]"""
        return of_plants(snapshot.power.ac_w, self.field.inverters.plant, len(self.field.plants))

    def grid_voltage_v(self, epoch_s: Floats, columns: NDArray[np.int64], load: Floats) -> list[Floats]:
        """Return the three phase voltages at units that stand in plants ``columns``. [V]

        Weak village feeders rise with what is fed in, within the +7 % of 220 V that a supply may; each phase sits
        a little apart.
        """
        key = columns
        slow = wander(self.seed + 40, key, epoch_s[:, None] / 1_800.0) - 0.5
        level = 222.0 + 5.0 * slow + 7.5 * load
        return [level * (1.0 + 0.012 * (uniform(self.seed + 41 + phase, key) - 0.5)) for phase in range(3)]
