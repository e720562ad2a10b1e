"""What the page of one plant shows: state, power beside two yardsticks, devices, strings, papers."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from access.guard import guarded, require
from access.permissions import Permission
from access.principal import Principal
from domain.account import Scope
from domain.measurement import Batch
from domain.plant import Capacity, Connection, Device, DeviceKind, Plant, SettlementAccount, Town
from domain.records import MeterReading
from domain.timespan import Interval, day_of
from queries.day import BUCKETS, READING_LOOK_BACK, STEP
from queries.devices import DeviceNow
from queries.expected import LEAST_PEERS, clear_sky_power_kw, peer_band
from queries.ranking import Finding, finding, peer_median
from queries.snapshot import PlantNow, Snapshot, SnapshotKeeper
from queries.sources import Sources
from queries.states import DataState, Name, OperationState

Floats = NDArray[np.float64]
STRING = "dc_string_{:02d}_current_a"
INPUT = "dc_mppt_{:02d}_current_a"
INPUTS_MAX = 25
METER_POWER = "ac_active_power_w"
METER_ENERGY = "meter_energy_forward_wh"
_RUNS, _NOTHING = 0.02, 0.01  # of rated power: an inverter runs above the one, stands below the other
LEAST_STRING_A = 1.0  # below this median strings are not compared


@dataclass(frozen=True, slots=True)
class PowerToday:
    """Power of a plant today beside what could be expected. [kW] in buckets of ``step_s`` from ``start``.

    ``low_kw`` to ``high_kw``: the middle half of ``peers`` plants (of the same town where there are three,
    else of the district), scaled to this plant. ``clear_sky_kw``: what a cloudless sky would give.
    """

    start: datetime
    step_s: float
    power_kw: Floats
    yesterday_kw: Floats
    low_kw: Floats
    high_kw: Floats
    clear_sky_kw: Floats
    peers: int
    same_town: bool


@dataclass(frozen=True, slots=True)
class Owner:
    """A village's share of the plant in force today."""

    village_id: str
    label: Name
    share_kw: float
    share: float


@dataclass(frozen=True, slots=True)
class MeterNow:
    """The revenue meter as last read."""

    device: Device
    measured_at: datetime | None
    power_kw: float | None
    forward_kwh: float | None


@dataclass(frozen=True, slots=True)
class StringNow:
    """One string of an inverter. ``against_median`` is current over the inverter's median, minus one."""

    number: int
    current_a: float | None
    against_median: float | None


@dataclass(frozen=True, slots=True)
class StringsView:
    """The strings of one inverter at one instant; ``comparable`` False when there is too little light, the
    values are old, or the inverter stands: then ``standing`` is True, and light is not what is missing.

    ``measured`` is False when the make tells only the currents of its MPPT inputs: then these are shown.
    """

    device: DeviceNow
    measured_at: datetime | None
    median_a: float | None
    comparable: bool
    strings: tuple[StringNow, ...]
    measured: bool = True
    standing: bool = False

    @property
    def note(self) -> str:
        """What is to be said of them: a key of ``pages.plant.strings_summary``."""
        if self.comparable:
            return "comparable"
        if self.standing:
            return "standing"
        if not self.measured:
            return "inputs"
        return "dark" if self.device.data is DataState.FRESH else "old"


@dataclass(frozen=True, slots=True)
class PlantView:
    """Everything on the page of one plant."""

    taken_at: datetime
    now: PlantNow
    town: Town
    finding: Finding | None
    median: float | None
    power: PowerToday
    meter: MeterNow | None
    owners: tuple[Owner, ...]
    ownership_from: date | None
    ownership_source: str
    accounts: tuple[SettlementAccount, ...]
    capacities: tuple[Capacity, ...]
    readings: tuple[MeterReading, ...]
    failed_at: datetime | None


@guarded
class PlantPage:
    """Queries of the page of one plant."""

    def __init__(self, sources: Sources, keeper: SnapshotKeeper) -> None:
        self._sources = sources
        self._keeper = keeper

    @require(Permission.VIEW_PLANT)
    def view(self, principal: Principal, plant_id: str) -> PlantView:
        """Return everything about one plant.

        Raises
        ------
        AccessDeniedError
            There is no such plant in the scope of ``principal``.
        """
        registry = self._sources.registry
        plant = principal.plant(plant_id, registry)
        snapshot = self._keeper.get()
        now = snapshot.plant(plant_id)
        median = peer_median(snapshot.plants)
        act = plant.ownership_on(day_of(snapshot.taken_at))
        return PlantView(
            taken_at=snapshot.taken_at,
            now=now,
            town=registry.towns_by_id[plant.town_id],
            finding=finding(now, median),
            median=median,
            power=power_today(snapshot, plant),
            meter=self._meter(plant),
            owners=self._owners(plant, principal, snapshot.taken_at),
            ownership_from=None if act is None else act.valid_from,
            ownership_source="" if act is None else act.source,
            accounts=plant.accounts,
            capacities=plant.capacities,
            readings=self._readings(plant, snapshot.taken_at),
            failed_at=snapshot.failed_at,
        )

    @require(Permission.VIEW_PLANT)
    def strings(self, principal: Principal, plant_id: str, device_id: str | None) -> StringsView | None:
        """Return the strings of one inverter (without ``device_id`` of the plant's first); None without any."""
        principal.plant(plant_id, self._sources.registry)
        devices = self._keeper.get().plant(plant_id).devices
        chosen = next((d for d in devices if d.device.device_id == device_id), None)
        if chosen is None:
            chosen = devices[0] if devices else None
        if chosen is None:
            return None
        peers_run = any(one.data is DataState.FRESH and (one.normalised or 0.0) > _RUNS for one in devices)
        batch = self._sources.latest.get(chosen.device.device_id)
        return strings_of(chosen, batch, peers_run=peers_run)

    def _meter(self, plant: Plant) -> MeterNow | None:
        meters = plant.devices_of(DeviceKind.REVENUE_METER)
        if not meters:
            return None
        batch = self._sources.latest.get(meters[0].device_id)
        if batch is None:
            return MeterNow(meters[0], None, None, None)
        watts, energy_wh = batch.good(METER_POWER), batch.good(METER_ENERGY)
        return MeterNow(
            meters[0],
            batch.measured_at,
            None if watts is None else watts / 1e3,
            None if energy_wh is None else energy_wh / 1e3,
        )

    def _owners(self, plant: Plant, principal: Principal, at: datetime) -> tuple[Owner, ...]:
        act = plant.ownership_on(day_of(at))
        if act is None:
            return ()
        registry, total_kw = self._sources.registry, sum(act.shares_kw.values())
        owners = [
            Owner(
                village_id,
                Name(registry.village_label(village_id), registry.village_label(village_id, "en")),
                share_kw,
                share_kw / total_kw if total_kw else 0.0,
            )
            for village_id, share_kw in act.shares_kw.items()
        ]
        return tuple(sorted(owners, key=lambda o: (not _own(o, principal.scope), -o.share_kw)))

    def _readings(self, plant: Plant, at: datetime) -> tuple[MeterReading, ...]:
        if plant.connection is not Connection.MANUAL:
            return ()
        span = Interval(at - READING_LOOK_BACK, at + timedelta(days=1))
        return tuple(reversed(self._sources.records.readings(plant.plant_id, span)))[:24]


def _own(owner: Owner, scope: Scope) -> bool:
    return owner.village_id in scope.village_ids


def power_today(snapshot: Snapshot, plant: Plant) -> PowerToday:
    """Return today's power of ``plant`` beside its peers and the clear sky."""
    row = snapshot.rows[plant.plant_id]
    live = [
        index
        for index, other in enumerate(snapshot.plants)
        if index != row and other.plant.connection is Connection.LIVE
    ]
    near = [index for index in live if snapshot.plants[index].plant.town_id == plant.town_id]
    same_town = len(near) >= LEAST_PEERS
    peers = near if same_town else live
    low, high = peer_band(snapshot.day.today_kw[peers] / snapshot.ac_capacity_kw[peers, None])
    step_s = STEP.total_seconds()
    middle_s: Floats = snapshot.day.start.timestamp() + (np.arange(BUCKETS, dtype=np.float64) + 0.5) * step_s
    return PowerToday(
        snapshot.day.start,
        step_s,
        snapshot.day.today_kw[row],
        snapshot.day.yesterday_kw[row],
        low * plant.ac_capacity_kw,
        high * plant.ac_capacity_kw,
        clear_sky_power_kw(plant, middle_s),
        len(peers),
        same_town,
    )


def _stands(device: DeviceNow, *, peers_run: bool) -> bool:
    """Tell whether an inverter stands: it says so, or it gives nothing while others of its plant run."""
    if device.data is not DataState.FRESH:
        return False
    if device.operation in {OperationState.FAULT, OperationState.STOPPED}:
        return True
    return peers_run and device.normalised is not None and device.normalised < _NOTHING


def strings_of(device: DeviceNow, batch: Batch | None, *, peers_run: bool = False) -> StringsView:
    """Return the string currents of one inverter beside their median.

    A make that measures only its MPPT inputs shows those: inputs may carry different numbers of strings,
    so they are not compared.
    """
    if batch is None:
        nothing = tuple(StringNow(n, None, None) for n in range(1, device.device.string_count + 1))
        return StringsView(device, None, None, False, nothing)
    measured = any(STRING.format(n) in batch.quantities for n in range(1, device.device.string_count + 1))
    if measured:
        currents = {n: batch.good(STRING.format(n)) for n in range(1, device.device.string_count + 1)}
    else:
        currents = {
            n: batch.good(INPUT.format(n))
            for n in range(1, INPUTS_MAX)
            if INPUT.format(n) in batch.quantities
        }
    known = [current for current in currents.values() if current is not None]
    median = float(np.median(known)) if known else None
    comparable = measured and device.data is DataState.FRESH and (median or 0.0) >= LEAST_STRING_A
    strings = tuple(
        StringNow(
            number,
            current,
            current / median - 1.0 if comparable and median and current is not None else None,
        )
        for number, current in currents.items()
    )
    standing = not comparable and _stands(device, peers_run=peers_run)
    return StringsView(device, batch.measured_at, median, comparable, strings, measured, standing)
