"""Our own energy of a plant between two days, for holding a statement against it: daily KPIs, added up."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal

from domain.errors import StoreError
from domain.plant import Registry
from stores.protocol import MeasurementStore

_STEP = Decimal("0.01")


def metered_kwh(
    store: Callable[[], MeasurementStore | None], registry: Registry
) -> Callable[[str, date, date], Decimal | None]:
    """Return what gives the exported energy of a plant over days [first, end): None when a day is missing. [kWh]"""

    def between(plant_id: str, first: date, end: date) -> Decimal | None:
        if plant_id not in registry.plants_by_id or end <= first:
            return None
        samples = store()
        if samples is None:  # a verb that opened the records alone
            return None
        try:
            days = samples.daily([plant_id], first, end - timedelta(days=1))
        except StoreError:
            return None
        known = [one.exported_energy_kwh for one in days if one.exported_energy_kwh is not None]
        if len(known) < (end - first).days:
            return None
        return Decimal(str(sum(known))).quantize(_STEP)

    return between
