"""What a store promises about counters per device and local day: equal to plain numpy on the same rows."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.measurement import Batch, Origin, Quality
from domain.timespan import Interval, local_day
from stores.protocol import MeasurementStore
from tests.stores.rows import COUNTER, MINUTE, NOON, ZONE, as_tuples, batch, hour, reference_aggregates, table


class DaysContract:
    """Part of StoreContract."""

    def make_store(self, folder: Path) -> MeasurementStore:
        raise NotImplementedError

    # what a counter did per day

    def test_a_day_begins_at_local_midnight(self, store: MeasurementStore) -> None:
        day = local_day(date(2026, 7, 1), ZONE)
        edges = (day.start - MINUTE, day.start, day.end - MINUTE, day.end)
        store.write([batch(start=at, counter=float(n)) for n, at in enumerate(edges)])
        whole = Interval(day.start - timedelta(days=1), day.end + timedelta(days=1))
        found = store.daily_aggregates(["inv-1"], COUNTER, whole, ZONE)
        assert found["day"].tolist() == [date(2026, 6, 30), date(2026, 7, 1), date(2026, 7, 2)]
        assert found["readings"].tolist() == [1, 2, 1]
        assert (found["first"][1], found["last"][1]) == (1.0, 2.0)

    def test_a_day_in_the_summer_of_1988_begins_an_hour_earlier(self, store: MeasurementStore) -> None:
        # the zone had daylight saving from 17 April to 11 September 1988
        for day, begins_h in ((date(1988, 4, 16), 16), (date(1988, 7, 1), 15), (date(1988, 9, 12), 16)):
            start = local_day(day, ZONE).start
            assert start.hour == begins_h
            store.write([batch(start=start - MINUTE), batch(start=start), batch(start=start + 20 * MINUTE)])
        summer = Interval(datetime(1988, 4, 1, tzinfo=UTC), datetime(1988, 10, 1, tzinfo=UTC))
        found = store.daily_aggregates(["inv-1"], COUNTER, summer, ZONE)
        assert found.set_index("day")["readings"].to_dict() == {
            date(1988, 4, 15): 1,
            date(1988, 4, 16): 2,
            date(1988, 6, 30): 1,
            date(1988, 7, 1): 2,
            date(1988, 9, 11): 1,
            date(1988, 9, 12): 2,
        }

    def test_no_rows_give_no_days(self, store: MeasurementStore) -> None:
        found = store.daily_aggregates(["inv-1", "nobody"], COUNTER, hour(), ZONE)
        assert len(found) == 0
        assert "steps_back" in found.columns

    def test_a_doubtful_counter_is_not_part_of_the_day(self, store: MeasurementStore) -> None:
        odd = Batch("inv-1", NOON + MINUTE, (COUNTER,), (9e9,), (Quality.OUT_OF_RANGE,))
        store.write([batch(0, counter=10.0), odd, batch(2, counter=12.0)])
        found = store.daily_aggregates(["inv-1"], COUNTER, hour(), ZONE)
        assert as_tuples(found)[0][1:5] == (10.0, 12.0, 10.0, 12.0)
        assert found["steps_back"].tolist() == [0]

    def test_a_small_step_back_inside_a_day_is_counted(self, store: MeasurementStore) -> None:
        # neither the first, the last, the lowest nor the highest value shows it
        for minute, counter in enumerate((10.0, 30.0, 20.0, 40.0)):
            store.write([batch(minute, counter=counter)])
        assert store.daily_aggregates(["inv-1"], COUNTER, hour(), ZONE)["steps_back"].tolist() == [1]

    def test_a_step_back_made_by_a_late_reading_is_counted(self, store: MeasurementStore) -> None:
        store.write([batch(0, counter=10.0)])
        store.write([batch(20, counter=20.0)])
        store.write([batch(10, counter=30.0)])
        assert store.daily_aggregates(["inv-1"], COUNTER, hour(), ZONE)["steps_back"].tolist() == [1]

    @given(
        values=st.lists(st.integers(0, 6), min_size=1, max_size=24),
        order=st.randoms(use_true_random=False),
        cut=st.integers(1, 5),
        as_table=st.booleans(),
    )
    @settings(
        max_examples=40,
        deadline=None,
        # every store inherits this test: the executors differ by design
        suppress_health_check=[HealthCheck.differing_executors, HealthCheck.too_slow],
    )
    def test_aggregates_equal_the_numpy_reference_in_whatever_order_rows_came(
        self,
        tmp_path_factory: pytest.TempPathFactory,
        values: list[int],
        order: Random,
        cut: int,
        as_table: bool,
    ) -> None:
        store = self.make_store(tmp_path_factory.mktemp("any-order"))
        rows = [(NOON + timedelta(hours=3 * place), float(value)) for place, value in enumerate(values)]
        shuffled = list(rows)
        order.shuffle(shuffled)
        for start in range(0, len(shuffled), cut):
            part = shuffled[start : start + cut]
            if as_table:
                store.write_table([COUNTER], table([("inv-1", at, value) for at, value in part]), Origin.FILE)
            else:
                store.write([Batch("inv-1", at, (COUNTER,), (value,)) for at, value in part])
        span = Interval(NOON - timedelta(days=1), NOON + timedelta(days=5))
        found = store.daily_aggregates(["inv-1"], COUNTER, span, ZONE)
        store.close()
        assert as_tuples(found) == reference_aggregates(rows, ZONE)
