"""What a store promises that can make its old months smaller; asked of the ones that need no files for it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

import numpy as np

from domain.measurement import Quality
from domain.timespan import Interval
from stores.protocol import MeasurementStore, MonthForm, RetainingStore
from tests.stores.rows import COUNTER, MINUTE, POWER, QUANTITIES, STATE, ZONE, batch

OLD = datetime(2022, 5, 31, 23, 50, tzinfo=UTC)  # ten minutes before the month ends
SPAN = Interval(OLD - timedelta(days=40), OLD + timedelta(days=40))
FIVE = timedelta(minutes=5)


class _Store(MeasurementStore, RetainingStore, Protocol):
    """Both."""


class MonthsContract:
    """Part of a store's suite."""

    def make_store(self, folder: Path) -> _Store:
        raise NotImplementedError

    def test_a_month_that_is_rolled_up_has_a_row_a_period_and_reads_the_same_in_periods(
        self, store: _Store
    ) -> None:
        for name in ("inv-1", "inv-2"):
            store.write([batch(step, name, 100.0 + step, 1000.0 + step, start=OLD) for step in range(20)])
        before = store.read(["inv-1", "inv-2"], QUANTITIES, SPAN, every=FIVE).values
        energy = store.daily_aggregates(["inv-1"], COUNTER, SPAN, ZONE)
        assert [(each.month, each.form, each.rows) for each in store.months()] == [
            ("2022-05", MonthForm.LIVE, 20),
            ("2022-06", MonthForm.LIVE, 20),
        ]
        rolled = store.roll_up_month("inverter", "2022-05", FIVE)
        assert (rolled.form, rolled.rows) == (MonthForm.ROLLED_UP, 4)
        assert [(each.month, each.form, each.rows) for each in store.months()] == [
            ("2022-05", MonthForm.ROLLED_UP, 4),
            ("2022-06", MonthForm.LIVE, 20),
        ]
        assert store.read(["inv-1", "inv-2"], QUANTITIES, SPAN, every=FIVE).values.equals(before)
        rows = store.read(["inv-1"], QUANTITIES, SPAN).values
        assert rows["measured_at"].dt.minute.tolist() == [50, 55, *range(10)]
        assert rows[POWER].tolist()[:3] == [102.0, 107.0, 110.0]
        assert rows[COUNTER].tolist()[:3] == [1004.0, 1009.0, 1010.0], (
            "a counter keeps the last of its period"
        )
        again = store.daily_aggregates(["inv-1"], COUNTER, SPAN, ZONE)
        assert again["last"].tolist() == energy["last"].tolist()
        assert store.status().rows == 24

    def test_only_good_values_are_rolled_up_and_a_row_without_any_stays_a_row(self, store: _Store) -> None:
        store.write([batch(0, power=9.0, quality=Quality.STALE, start=OLD), batch(1, power=5.0, start=OLD)])
        store.write([batch(5, power=None, counter=None, start=OLD)])
        store.roll_up_month("inverter", "2022-05", FIVE)
        rows = store.read(["inv-1"], QUANTITIES, SPAN).values
        assert rows[POWER].tolist()[0] == 5.0
        assert np.isnan(rows[POWER][1])
        assert np.isnan(rows[COUNTER][1])
        assert rows[STATE].tolist() == [1.0, 1.0]

    def test_rolling_up_again_takes_in_what_came_late_and_loses_nothing(self, store: _Store) -> None:
        store.write([batch(step, start=OLD) for step in range(10)])
        store.roll_up_month("inverter", "2022-05", FIVE)
        assert store.write([batch(0, start=OLD)]).duplicates == 1, "it is there, as a period"
        late = batch(-60, counter=7.0, start=OLD)
        assert store.write([late]).accepted == 1
        assert len(store.read(["inv-1"], [COUNTER], SPAN)) == 3
        assert store.roll_up_month("inverter", "2022-05", FIVE).rows == 3
        assert store.roll_up_month("inverter", "2022-05", FIVE).rows == 3
        assert store.read(["inv-1"], [COUNTER], SPAN).values[COUNTER].tolist() == [7.0, 5000.0, 5000.0]

    def test_a_month_written_but_not_deleted_yet_is_read_once(self, store: _Store) -> None:
        store.write([batch(step, power=float(step), start=OLD) for step in range(10)])
        store.roll_up_month("inverter", "2022-05", FIVE)
        store.write([batch(3, power=40.0, start=OLD)])  # as it came, beside the period it belongs to
        curve = store.power_curves({"p": ["inv-1"]}, POWER, SPAN, FIVE)
        assert curve["value"].tolist() == [2.0, 7.0]
        assert curve["instant"].tolist() == [OLD, OLD + 5 * MINUTE]
