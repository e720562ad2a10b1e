"""The virtual fleet: the physics of every plant behind the registers of its devices, at any field time."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from domain.clock import Clock
from domain.plant import Device, DeviceKind, Registry
from domain.timespan import Interval
from inverters.profile import DeviceProfile
from simulator.counters import Counters
from simulator.energy import EnergyBook, LossMeter
from simulator.faults import BusState, Fault, FaultKind, FaultSet
from simulator.groups import JSON_DECIMALS, Group, group
from simulator.history import Table, days_of
from simulator.images import GroupImage
from simulator.inverter_values import InverterValues
from simulator.layout import lay_out
from simulator.noise import Floats
from simulator.plant_values import Grid, PlantValues
from simulator.power import PowerModel, of_plants
from simulator.sky import Sky
from simulator.snapshot import Observer, Snapshot

K = FaultKind
_ZONE_SHIFT_S = 8 * 3600.0


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a device's registers are."""

    image: GroupImage
    row: int


class Fleet:
    """Every live device of a registry, moved by physics and faults.

    Parameters
    ----------
    registry, profiles : what stands in the field, and what its registers mean.
    clock : field time.
    seed : the same seed gives the same sky, the same units and the same counters.
    faults : what goes wrong.
    """

    def __init__(
        self,
        registry: Registry,
        profiles: Mapping[str, DeviceProfile],
        clock: Clock,
        seed: int = 1,
        faults: Sequence[Fault] = (),
    ) -> None:
        self.registry = registry
        self.profiles = profiles
        self.clock = clock
        self.seed = seed
        self.start = clock.now()
        self.field = lay_out(registry, seed)
        self.sky = Sky(self.field.plants, seed)
        self.faults = FaultSet(tuple(faults), self.field, _ZONE_SHIFT_S)
        self.model = PowerModel(self.field, self.sky, seed)
        self.observer = Observer(self.field, self.sky, self.model, self.faults, seed)
        self.book = EnergyBook(self.field, self.sky, self.model, self.faults, self.start.timestamp())
        self.grid = Grid(self.field, seed)
        self.groups = group(self.field, profiles)
        self._images = [GroupImage(g) for g in self.groups if g.profile.points]
        self._places = {
            device.device_id: _Place(image, row)
            for image in self._images
            for row, device in enumerate(image.group.devices)
        }
        self.counters = Counters(self.faults, self.grid, seed, self.energy_at)
        self._losses = {
            fault.fault_id: LossMeter(self.sky, self.model, self.faults, fault)
            for fault in self.faults.faults
        }
        self._snapshot: Snapshot | None = None
        self._silent: frozenset[str] = frozenset()
        self._frozen_documents: dict[str, dict[str, float]] = {}
        self._meter_values: dict[str, dict[str, float]] = {}
        self.refresh(self.start)

    # ------------------------------------------------------------------ now

    @property
    def snapshot(self) -> Snapshot:
        """The field as of the last `refresh`."""
        assert self._snapshot is not None
        return self._snapshot

    @property
    def as_of(self) -> datetime:
        """Instant of the last `refresh`."""
        return datetime.fromtimestamp(float(self.snapshot.epoch_s[0]), UTC)

    def refresh(self, at: datetime) -> None:
        """Bring every register to field time ``at``; time must not run backwards over a day."""
        epoch_s = at.timestamp()
        self.counters.mark(epoch_s)
        energy = self.book.at(epoch_s)
        today = energy - self.book.day_start_wh
        shot = self.observer.look(
            np.array([epoch_s]), energy[None, :], today[None, :], self.book.sums(energy)
        )
        self._snapshot = shot
        frozen = self.faults.concerned(epoch_s, K.FROZEN_VALUES)
        self._silent = self._silent_devices(shot, epoch_s)
        for image in self._images:
            devices = image.group.devices
            held = [row for row, device in enumerate(devices) if device.device_id in frozen]
            image.update(self._values(image.group, shot, image.group.all_quantities), held)
        for one in self.groups:
            if one.profile.dlt645:
                self._refresh_meters(one, shot, frozen)

    def _refresh_meters(self, one: Group, shot: Snapshot, frozen: frozenset[str]) -> None:
        values = self._values(one, shot, one.all_quantities)
        for row, device in enumerate(one.devices):
            if device.device_id not in frozen or device.device_id not in self._meter_values:
                self._meter_values[device.device_id] = {n: float(c[row]) for n, c in values.items()}

    def _silent_devices(self, shot: Snapshot, epoch_s: float) -> frozenset[str]:
        awake = shot.sky.awake[0][self.field.inverters.plant]
        asleep = {d.device_id for d, up in zip(self.field.inverters.devices, awake, strict=True) if not up}
        return frozenset(asleep) | self.faults.concerned(epoch_s, K.DEAD_UNIT)

    def energy_at(self, epoch_s: float) -> Floats:
        """Return the lifetime counters at an instant of this month or any time before now, [units]. [Wh]"""
        current = self.book.current_day
        day = self.sky.solar_day(epoch_s)
        if day >= current:
            return self.book.at(epoch_s)
        total = self.book.day_start_wh.copy()
        made = self.book.today
        for earlier in range(current - 1, day - 1, -1):
            made = self.book.day(earlier)
            total -= made.total_wh
        return np.asarray(total + made.at(np.array([epoch_s]))[0])

    def _values(self, one: Group, shot: Snapshot, names: Sequence[str]) -> dict[str, Floats]:
        """Return current values of a group, [devices], counters cut to what the registers can show."""
        table = self.table(one, shot, names)
        values = {name: column[0].copy() for name, column in table.items()}
        self.counters.reset(one, values, float(shot.epoch_s[0]))
        self.counters.day_counters(one, values, float(shot.epoch_s[0]), _ZONE_SHIFT_S)
        if "device_time_epoch_s" in names:
            values["device_time_epoch_s"] = self.counters.clocks(
                one, float(shot.epoch_s[0]), _ZONE_SHIFT_S, self.book.month_start_s
            )
        return values

    def table(self, one: Group, shot: Snapshot, names: Sequence[str]) -> dict[str, Floats]:
        """Return what the devices of a group say at the instants of ``shot``, each [instants, devices]."""
        source: InverterValues | PlantValues
        if one.kind is DeviceKind.INVERTER:
            source = InverterValues(
                self.observer, shot, one.columns, one.profile.name, one.string_count, one.inputs
            )
        else:
            shifts = self.counters.meter_shifts(float(shot.epoch_s[-1]))
            source = PlantValues(
                self.observer, shot, one.devices, one.columns, self.grid, self.sky.noon_shift_s, shifts
            )
        found: dict[str, Floats] = {}
        for name in names:
            values = source.get(name)
            if values is not None:
                step = one.resolutions.get(name)
                found[name] = values if step is None else np.floor(values / step + 1e-9) * step
        return found

    def profile_of(self, device_id: str) -> str:
        """Return the profile name of a device."""
        return self.registry.devices_by_id[device_id].profile

    def answers(self, device_id: str) -> bool:
        """Whether a device answers: it sleeps at night, and a dead one is silent."""
        return device_id not in self._silent

    def read(self, device_id: str, function: int, address: int, count: int) -> bytes | None:
        """Return registers of a device as they are now; None when it has not all of them."""
        place = self._places.get(device_id)
        return None if place is None else place.image.read(place.row, function, address, count)

    def meter_values(self, device_id: str) -> Mapping[str, float]:
        """Return what a meter of DL/T 645 shows now, by quantity."""
        return self._meter_values.get(device_id, {})

    def bus(self, gateway_id: str) -> BusState:
        """Return how a wire behaves now."""
        return self.faults.bus(gateway_id, self.clock.now().timestamp())

    def documents(self) -> Iterator[tuple[Device, dict[str, float]]]:
        """Yield each publishing device that is awake, with its current values by quantity."""
        frozen = self.faults.concerned(float(self.snapshot.epoch_s[0]), K.FROZEN_VALUES)
        for one in self.groups:
            if not one.profile.json_document:
                continue
            values = self._values(one, self.snapshot, one.all_quantities)
            for row, device in enumerate(one.devices):
                if not self.answers(device.device_id):
                    continue
                document = {name: _plain(name, column[row]) for name, column in values.items()}
                if device.device_id in frozen:
                    document = self._frozen_documents.setdefault(device.device_id, document)
                else:
                    self._frozen_documents.pop(device.device_id, None)
                yield device, document

    # ------------------------------------------------------------------ truth

    def losses(self, at: datetime) -> list[tuple[Fault, float]]:
        """Return what every fault that has begun has cost up to ``at``. [Wh]"""
        epoch_s = at.timestamp()
        return [
            (fault, self._losses[fault.fault_id].advance(epoch_s))
            for fault in self.faults.faults
            if fault.start_s <= epoch_s
        ]

    def true_energy(self, epoch_s: float) -> tuple[tuple[Device, ...], Floats]:
        """Return exact lifetime energy of every live inverter and revenue meter, uncut. [Wh]"""
        energy = self.book.at(epoch_s)
        plants = of_plants(energy[None, :], self.field.inverters.plant, len(self.field.plants))[0]
        plants = plants * (1.0 - self.grid.loss)
        found = [
            (device, float((energy if one.kind is DeviceKind.INVERTER else plants)[column]))
            for one in self.groups
            if one.kind in {DeviceKind.INVERTER, DeviceKind.REVENUE_METER}
            for device, column in zip(one.devices, one.columns, strict=True)
        ]
        return tuple(device for device, _ in found), np.array([value for _, value in found])

    # ---------------------------------------------------------------- history

    def history(self, interval: Interval, every: timedelta = timedelta(minutes=5)) -> Iterator[Table]:
        """Yield past rows of every live device, newest day first, one table a profile; see `days_of`."""
        for tables in days_of(self, interval, every):
            yield from tables

    def history_by_day(
        self, interval: Interval, every: timedelta = timedelta(minutes=5)
    ) -> Iterator[list[Table]]:
        """Yield the same, a list of tables a day."""
        return days_of(self, interval, every)


def _plain(name: str, value: float) -> float:
    return float(value) if name.endswith("_wh") else round(float(value), JSON_DECIMALS)
