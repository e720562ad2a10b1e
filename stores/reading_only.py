"""A measurement store that can be read and never written: what a practice copy sees of the real one."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import NoReturn

import pandas as pd

from domain.errors import RecordRejectedError
from domain.frame import MeasurementFrame
from domain.kpi import DailyKpi
from domain.measurement import Batch, Origin
from domain.plant import DeviceKind
from domain.timespan import Interval
from stores.protocol import MeasurementStore, StoreStatus


class ReadingOnly:
    """Implements stores.protocol.MeasurementStore over another one; everything that writes is refused."""

    def __init__(self, store: MeasurementStore) -> None:
        self._store = store

    def register(self, devices: Mapping[str, DeviceKind]) -> None:
        """Take nothing: the real store follows the registry by itself."""

    def write(self, batches: Sequence[Batch]) -> NoReturn:  # noqa: ARG002 (the promise's)
        """Refuse."""
        _refuse()

    def write_table(self, quantities: Sequence[str], table: pd.DataFrame, origin: Origin) -> NoReturn:  # noqa: ARG002
        """Refuse."""
        _refuse()

    def write_tables(
        self,
        tables: Sequence[tuple[Sequence[str], pd.DataFrame]],  # noqa: ARG002
        origin: Origin,  # noqa: ARG002
    ) -> NoReturn:
        """Refuse."""
        _refuse()

    def put_daily(self, kpis: Sequence[DailyKpi]) -> NoReturn:  # noqa: ARG002
        """Refuse."""
        _refuse()

    def take_dirty_days(self, count_max: int = 1000) -> NoReturn:  # noqa: ARG002
        """Refuse: days taken here would be missed there."""
        _refuse()

    def mark_dirty(self, days: Sequence[tuple[str, date]]) -> NoReturn:  # noqa: ARG002
        """Refuse."""
        _refuse()

    def read(
        self,
        device_ids: Sequence[str],
        quantities: Sequence[str],
        interval: Interval,
        *,
        every: timedelta | None = None,
        origins: Sequence[Origin] | None = None,
    ) -> MeasurementFrame:
        """Return rows of the other store."""
        return self._store.read(device_ids, quantities, interval, every=every, origins=origins)

    def latest(self, device_ids: Sequence[str], not_before: datetime) -> list[Batch]:
        """Return the newest batches of the other store."""
        return self._store.latest(device_ids, not_before)

    def power_curves(
        self, groups: Mapping[str, Sequence[str]], quantity: str, interval: Interval, every: timedelta
    ) -> pd.DataFrame:
        """Return summed power out of the other store."""
        return self._store.power_curves(groups, quantity, interval, every)

    def daily_aggregates(
        self, device_ids: Sequence[str], quantity: str, interval: Interval, zone: str
    ) -> pd.DataFrame:
        """Return what counters did, out of the other store."""
        return self._store.daily_aggregates(device_ids, quantity, interval, zone)

    def daily(self, plant_ids: Sequence[str], first: date, last: date) -> list[DailyKpi]:
        """Return daily KPIs of the other store."""
        return self._store.daily(plant_ids, first, last)

    def status(self) -> StoreStatus:
        """Return age and size of the other store."""
        return self._store.status()

    def close(self) -> None:
        """Leave the other store open: it is not ours."""


def _refuse() -> NoReturn:
    raise RecordRejectedError("a practice copy writes no measurements")
