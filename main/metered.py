"""Our own energies of a plant between two days, for holding a statement against them: daily KPIs, added up."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from decimal import Decimal

from domain.errors import StoreError
from domain.kpi import DailyKpi
from domain.plant import Registry
from queries.money_views import Energies
from stores.protocol import MeasurementStore

_STEP = Decimal("0.01")


def energies(store: Callable[[], MeasurementStore | None], registry: Registry) -> Energies:
    """Return what gives the energies by revenue meter and by inverter counters over days [first, end). [kWh]

    Both are None when a day is missing, the inverters' also when one of them could not be told.
    """

    def days(plant_id: str, first: date, end: date) -> Sequence[DailyKpi]:
        samples = store()
        if samples is None or plant_id not in registry.plants_by_id or end <= first:
            return ()  # a verb that opened the records alone has no samples
        try:
            return samples.daily([plant_id], first, end - timedelta(days=1))
        except StoreError:
            return ()

    def metered(plant_id: str, first: date, end: date) -> Decimal | None:
        return _sum([one.exported_energy_kwh for one in days(plant_id, first, end)], first, end)

    def inverters(plant_id: str, first: date, end: date) -> Decimal | None:
        whole = [one for one in days(plant_id, first, end) if one.devices_reporting >= one.devices_expected]
        return _sum([one.produced_energy_kwh for one in whole], first, end)

    return Energies(metered, inverters)


def _sum(values_kwh: Sequence[float | None], first: date, end: date) -> Decimal | None:
    known = [one for one in values_kwh if one is not None]
    if not known or len(known) < (end - first).days:
        return None
    return Decimal(str(sum(known))).quantize(_STEP)
