"""Faults of the field: what each kind does to power, to strings, to the bus and to what a device says.

A fault has a span of field time and subjects. Everything here is a function of the instant, so a fault in
the past of the demonstration's history and one that begins tomorrow are the same thing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from simulator.layout import Field
from simulator.noise import Floats
from simulator.power import Effects

FOREVER = float("inf")
_SNOW_HOLDS = 0.6  # share of the span before it begins to slide off


class FaultKind(Enum):
    """Every kind of fault; the value is the word used in scripts."""

    STRING_OPEN = "string_open"
    INVERTER_TRIP = "inverter_trip"
    DERATING = "derating"
    SOILING = "soiling"
    SHADING = "shading"
    SNOW = "snow"
    CURTAILMENT = "curtailment"
    GRID_OUTAGE = "grid_outage"
    FEEDER_OUTAGE = "feeder_outage"
    DEAD_UNIT = "dead_unit"
    DEAD_GATEWAY = "dead_gateway"
    SLOW_BUS = "slow_bus"
    LATE_ANSWERS = "late_answers"
    FROZEN_VALUES = "frozen_values"
    COUNTER_RESET = "counter_reset"
    WRONG_CLOCK = "wrong_clock"
    METER_DRIFT = "meter_drift"


K = FaultKind
_STOPS = frozenset({K.INVERTER_TRIP, K.GRID_OUTAGE, K.FEEDER_OUTAGE})
_LIMITS = frozenset({K.DERATING, K.CURTAILMENT})
_WEAKENS = frozenset({K.STRING_OPEN, K.SOILING, K.SHADING, K.SNOW})
POWER_KINDS = _STOPS | _LIMITS | _WEAKENS
_NO_GRID = frozenset({K.GRID_OUTAGE, K.FEEDER_OUTAGE})


@dataclass(frozen=True)
class Fault:
    """One fault.

    Attributes
    ----------
    subject : what a person calls it: a device, gateway, plant or feeder.
    start_s, end_s : span, [start, end), seconds since 1970; `FOREVER` when nobody repairs it.
    device_ids : devices it concerns. gateway_ids : wires it concerns.
    strings : numbers of open strings, from 1.
    amount : share lost (soiling, shading, snow), share allowed (derating, curtailment), drift (meter),
        times slower (slow bus), share of answers that come late, seconds off (clock), Wh left (reset).
    delay_s : how late late answers come. [s]
    ramp_s : how long soiling takes to build up. [s]
    from_h, to_h : hours of the local day a shadow lies there.
    """

    fault_id: str
    kind: FaultKind
    subject: str
    start_s: float
    end_s: float = FOREVER
    device_ids: tuple[str, ...] = ()
    gateway_ids: tuple[str, ...] = ()
    strings: tuple[int, ...] = ()
    amount: float = 0.0
    delay_s: float = 5.0
    ramp_s: float = 0.0
    from_h: float = 0.0
    to_h: float = 24.0

    def active(self, epoch_s: float) -> bool:
        """Whether it is there at an instant."""
        return self.start_s <= epoch_s < self.end_s

    @property
    def start(self) -> datetime:
        """First instant, UTC."""
        return datetime.fromtimestamp(self.start_s, UTC)

    @property
    def end(self) -> datetime | None:
        """First instant after it, UTC; None when nobody repairs it."""
        return None if self.end_s == FOREVER else datetime.fromtimestamp(self.end_s, UTC)


@dataclass(frozen=True, slots=True)
class BusState:
    """How a wire behaves: dead, how many times slower, what share of answers comes how late."""

    dead: bool = False
    slower: float = 1.0
    late_share: float = 0.0
    late_s: float = 0.0


@dataclass(frozen=True)
class FaultSet:
    """All faults of a run over one field.

    Parameters
    ----------
    faults : what goes wrong, and when.
    field_ : where.
    zone_shift_s : local time minus UTC, for shadows that follow the day. [s]
    """

    faults: tuple[Fault, ...]
    field_: Field
    zone_shift_s: float = 8 * 3600.0
    _columns: dict[str, NDArray[np.int64]] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        index = self.field_.inverters.index
        for fault in self.faults:
            units = [index[name] for name in fault.device_ids if name in index]
            self._columns[fault.fault_id] = np.array(units, dtype=np.int64)

    def without(self, fault: Fault) -> "FaultSet":
        """Return the same field with one fault repaired."""
        return replace(self, faults=tuple(f for f in self.faults if f is not fault), _columns={})

    def units(self, fault: Fault) -> NDArray[np.int64]:
        """Return the numbers of the inverters a fault concerns."""
        return self._columns[fault.fault_id]

    def between(self, kinds: frozenset[FaultKind], first_s: float, last_s: float) -> Iterator[Fault]:
        """Yield faults of ``kinds`` that touch [first, last]."""
        return (f for f in self.faults if f.kind in kinds and f.start_s <= last_s and f.end_s > first_s)

    def at(self, epoch_s: float, *kinds: FaultKind) -> Iterator[Fault]:
        """Yield faults of ``kinds`` that are there at an instant."""
        return (f for f in self.faults if f.kind in kinds and f.active(epoch_s))

    def effects(self, epoch_s: Floats) -> Effects:
        """Return what is wrong with power at ``epoch_s`` (ascending)."""
        shape = (len(epoch_s), len(self.field_.inverters))
        dc: Floats | None = None
        limit: Floats | None = None
        running: Floats | None = None
        for fault in self.between(POWER_KINDS, float(epoch_s[0]), float(epoch_s[-1])):
            there = (epoch_s >= fault.start_s) & (epoch_s < fault.end_s)
            cells = np.ix_(np.flatnonzero(there), self.units(fault))
            if fault.kind in _STOPS:
                running = np.ones(shape) if running is None else running
                running[cells] = 0.0
            elif fault.kind in _LIMITS:
                limit = np.ones(shape) if limit is None else limit
                limit[cells] = np.minimum(limit[cells], fault.amount)
            else:
                dc = np.ones(shape) if dc is None else dc
                dc[cells] *= 1.0 - self._loss(fault, epoch_s[there])
        return Effects(dc, limit, running)

    def _loss(self, fault: Fault, epoch_s: Floats) -> Floats:
        """Return the share of module power lost, broadcastable to [instants, the fault's units]."""
        if fault.kind is K.STRING_OPEN:
            columns = [number - 1 for number in fault.strings]
            return np.asarray(
                self.field_.inverters.weights[self.units(fault)][:, columns].sum(axis=1)[None, :]
            )
        share = np.full(len(epoch_s), fault.amount)
        if fault.kind is K.SOILING and fault.ramp_s > 0:
            share *= np.clip((epoch_s - fault.start_s) / fault.ramp_s, 0.0, 1.0)
        elif fault.kind is K.SNOW and fault.end_s < FOREVER:
            progress = (epoch_s - fault.start_s) / (fault.end_s - fault.start_s)
            share *= np.clip((1.0 - progress) / (1.0 - _SNOW_HOLDS), 0.0, 1.0)
        elif fault.kind is K.SHADING:
            hour = (epoch_s + self.zone_shift_s) % 86_400.0 / 3600.0
            share *= (hour >= fault.from_h) & (hour < fault.to_h)
        return share[:, None]

    def open_strings(self, epoch_s: Floats) -> Floats | None:
        """Return 1 for a closed and 0 for an open string, [instants, units, strings]; None: all closed."""
        found = list(self.between(frozenset({K.STRING_OPEN}), float(epoch_s[0]), float(epoch_s[-1])))
        if not found:
            return None
        closed = np.ones((len(epoch_s), *self.field_.inverters.weights.shape))
        for fault in found:
            there = np.flatnonzero((epoch_s >= fault.start_s) & (epoch_s < fault.end_s))
            strings = np.array([number - 1 for number in fault.strings])
            closed[np.ix_(there, self.units(fault), strings)] = 0.0
        return closed

    def mask(self, epoch_s: Floats, kinds: frozenset[FaultKind]) -> NDArray[np.bool_]:
        """Return where a fault of ``kinds`` is there, [instants, units]."""
        found = np.zeros((len(epoch_s), len(self.field_.inverters)), dtype=np.bool_)
        for fault in self.between(kinds, float(epoch_s[0]), float(epoch_s[-1])):
            there = np.flatnonzero((epoch_s >= fault.start_s) & (epoch_s < fault.end_s))
            found[np.ix_(there, self.units(fault))] = True
        return found

    def no_grid(self, epoch_s: Floats) -> NDArray[np.bool_]:
        """Return where the grid is gone, [instants, units]."""
        return self.mask(epoch_s, _NO_GRID)

    def dark_plants(self, epoch_s: float) -> frozenset[str]:
        """Return the plants whose grid is gone at an instant."""
        devices = self.field_.registry.devices_by_id
        off = (name for fault in self.at(epoch_s, *_NO_GRID) for name in fault.device_ids)
        return frozenset(devices[name].plant_id for name in off)

    def concerned(self, epoch_s: float, *kinds: FaultKind) -> frozenset[str]:
        """Return the devices concerned by faults of ``kinds`` at an instant."""
        return frozenset(name for fault in self.at(epoch_s, *kinds) for name in fault.device_ids)

    def bus(self, gateway_id: str, epoch_s: float) -> BusState:
        """Return how a wire behaves at an instant."""
        state = BusState()
        for fault in self.at(epoch_s, K.DEAD_GATEWAY, K.SLOW_BUS, K.LATE_ANSWERS):
            if gateway_id not in fault.gateway_ids:
                continue
            if fault.kind is K.DEAD_GATEWAY:
                state = replace(state, dead=True)
            elif fault.kind is K.SLOW_BUS:
                state = replace(state, slower=state.slower * fault.amount)
            else:
                state = replace(state, late_share=fault.amount, late_s=fault.delay_s)
        return state


def healthy(field_: Field, faults: Sequence[Fault] = ()) -> FaultSet:
    """Return a field where only ``faults`` (none) go wrong."""
    return FaultSet(tuple(faults), field_)
