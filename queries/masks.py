"""What of a plant's day was not believed, or was held by a limit: each mark with its reason, device and hours."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np

from access.guard import guarded, require
from access.permissions import Permission
from access.principal import Principal
from domain.errors import AccessDeniedError
from domain.plant import Device, Plant
from domain.series import Floats, PlantSeries
from domain.timespan import Interval, local_day
from kpis.build_series import build_series
from kpis.data_quality import flag_names, rows_of, with_flags
from queries.sources import Sources

STEP = timedelta(minutes=5)
HELD = "held"  # by a limit below the rating that holds this unit alone: no clipping, whatever it is
_DOUBT = ("clipped", "curtailed", HELD)  # true values: a limit held them
_AT_RATING = 0.9  # of rated power: a plateau below it is not the inverter's own ceiling


@dataclass(frozen=True, slots=True)
class Mark:
    """One reason against values of a quantity of a device on a day. ``last`` is the last value marked."""

    device: Device
    quantity: str
    reason: str
    count: int
    told: int
    first: datetime
    last: datetime

    @property
    def believed(self) -> bool:
        """Whether the values are true all the same."""
        return self.reason in _DOUBT


@dataclass(frozen=True, slots=True)
class Masks:
    """The marks of a plant's day, those of most values first; ``told`` is how many values it sent."""

    plant: Plant
    day: date
    marks: tuple[Mark, ...] = ()
    told: int = 0


@guarded
class MasksQuery:
    """Marks of days of plants in a reader's scope; computed when asked for, from what is stored."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources

    @require(Permission.VIEW_PLANT)
    def view(self, principal: Principal, plant_id: str, day: date) -> Masks:
        """Return the marks of a day; AccessDeniedError outside the scope."""
        registry = self._sources.registry
        plant = registry.plants_by_id.get(plant_id)
        if plant is None or not principal.sees_plant(plant, registry):
            raise AccessDeniedError(f"no plant {plant_id[:40]!r} within the scope of {principal.user_id}")
        series = self._series(plant, local_day(day, plant.time_zone))
        if series is None:
            return Masks(plant, day)
        flagged, _ = with_flags(series)
        values = sum(
            int((~np.isnan(told)).sum()) for each in flagged.devices.values() for told in each.values.values()
        )
        marks = sorted(_marks(flagged), key=lambda one: (-one.count, one.device.device_id, one.quantity))
        return Masks(plant, day, tuple(marks), values)

    def _series(self, plant: Plant, span: Interval) -> PlantSeries | None:
        store = self._sources.store
        ids = [device.device_id for device in plant.devices]
        known = getattr(store, "quantities", None)  # `stores.protocol.ListingStore`
        names = list(known(ids)) if ids and known is not None else []
        if not names:
            return None
        rows = store.read(ids, names, span, every=STEP).good()
        if rows.empty:
            return None
        told = [name for name in names if name in rows]
        rows = rows.assign(device_id=rows["device_id"].astype(str)).sort_values(["device_id", "measured_at"])
        return build_series(plant, rows[["device_id", "measured_at", *told]], STEP.total_seconds())


def _marks(series: PlantSeries) -> Sequence[Mark]:
    at = series.instants.astype("datetime64[s]").astype(np.int64)
    found: list[Mark] = []
    for name, (places, numbers, quantities) in rows_of(series).items():
        device = series.devices[name]
        for number in np.unique(numbers).tolist():
            quantity = quantities[number]
            own = places[numbers == number]
            bits = device.flags[quantity][own]
            told = int((~np.isnan(device.values[quantity])).sum())
            for reason in {word for value in np.unique(bits).tolist() for word in flag_names(value)} - {
                "missing"
            }:
                where = own[[reason in flag_names(value) for value in bits.tolist()]]
                if reason == "clipped" and _below_rating(device.device, device.values[quantity][where]):
                    told_as = HELD
                else:
                    told_as = reason
                ends = [datetime.fromtimestamp(int(at[place]), tz=UTC) for place in (where[0], where[-1])]
                found.append(Mark(device.device, quantity, told_as, len(where), told, ends[0], ends[1]))
    return found


def _below_rating(device: Device, held_w: Floats) -> bool:
    """Tell whether a limit holds power well below the rating: derating or an order, not the inverter's size."""
    return (
        device.rated_power_kw > 0 and float(np.median(held_w)) < _AT_RATING * device.rated_power_kw * 1000.0
    )
