"""The promises of stores.protocol.MeasurementStore, as a suite every store inherits."""

# ruff: noqa: PD011 (the values of a MeasurementFrame are a frame)

import threading
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from domain.errors import RecordRejectedError, StoreUnavailableError
from domain.kpi import DailyKpi
from domain.measurement import Batch, Origin, Quality
from domain.plant import DeviceKind
from domain.timespan import Interval
from stores.protocol import Held, ListingStore, MeasurementStore
from tests.stores.contract_days import DaysContract
from tests.stores.rows import COUNTER, DEVICES, MINUTE, NOON, POWER, QUANTITIES, batch, hour, table


class StoreContract(DaysContract):
    """Inherit, and give ``make_store``."""

    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[MeasurementStore]:
        store = self.make_store(tmp_path)
        yield store
        store.close()

    # what goes in comes out

    def test_what_was_written_is_read(self, store: MeasurementStore) -> None:
        assert store.write([batch(0), batch(1, "inv-2", 7.5)]).accepted == 2
        frame = store.read(["inv-2", "inv-1"], QUANTITIES, hour())
        assert frame.values["device_id"].tolist() == ["inv-1", "inv-2"]
        assert frame.values["measured_at"].tolist() == [pd.Timestamp(NOON), pd.Timestamp(NOON + MINUTE)]
        assert frame.values[POWER].tolist() == [1000.0, 7.5]
        assert frame.qualities is None

    def test_the_end_of_an_interval_is_not_part_of_it(self, store: MeasurementStore) -> None:
        store.write([batch(0), batch(60)])
        assert len(store.read(["inv-1"], [POWER], hour())) == 1

    def test_rows_are_sorted_by_device_and_instant_whatever_the_order_of_writing(
        self, store: MeasurementStore
    ) -> None:
        store.write([batch(5, "inv-3"), batch(3, "inv-1")])
        store.write([batch(1, "inv-3"), batch(4, "inv-2"), batch(2, "inv-1")])
        values = store.read(list(DEVICES), [POWER], hour()).values
        assert values["device_id"].tolist() == ["inv-1", "inv-1", "inv-2", "inv-3", "inv-3"]
        assert values["measured_at"].dt.minute.tolist() == [2, 3, 4, 1, 5]

    def test_an_instant_keeps_its_microseconds(self, store: MeasurementStore) -> None:
        at = NOON + timedelta(microseconds=123_457)
        store.write([batch(start=at)])
        assert store.read(["inv-1"], [POWER], hour()).values["measured_at"][0] == pd.Timestamp(at)

    def test_a_missing_value_stays_missing_and_never_becomes_zero(self, store: MeasurementStore) -> None:
        store.write([batch(power=None)])
        frame = store.read(["inv-1"], [POWER, COUNTER], hour())
        assert np.isnan(frame.values[POWER][0])
        assert frame.values[COUNTER][0] == 5000.0

    def test_a_quantity_nobody_ever_wrote_is_missing(self, store: MeasurementStore) -> None:
        store.write([batch()])
        assert np.isnan(store.read(["inv-1"], ["dc_power_w"], hour()).values["dc_power_w"][0])

    def test_a_quantity_that_is_no_word_of_ours_is_a_mistake_of_the_caller(
        self, store: MeasurementStore
    ) -> None:
        with pytest.raises(KeyError):
            store.read(["inv-1"], ["power"], hour())

    def test_reading_nothing_gives_an_empty_frame_with_its_columns(self, store: MeasurementStore) -> None:
        for ids in ([], ["inv-1"], ["nobody"]):
            frame = store.read(ids, [POWER], hour())
            assert len(frame) == 0
            assert frame.quantities == (POWER,)

    def test_devices_of_different_kinds_are_read_together(self, store: MeasurementStore) -> None:
        meter = Batch("meter-1", NOON, ("meter_energy_forward_wh",), (9.0,))
        store.write([batch(), meter])
        frame = store.read(["inv-1", "meter-1"], [COUNTER, "meter_energy_forward_wh"], hour())
        assert frame.values[COUNTER].tolist()[0] == 5000.0
        assert np.isnan(frame.values[COUNTER][1])
        assert frame.values["meter_energy_forward_wh"][1] == 9.0

    def test_it_tells_of_whom_it_ever_kept_something(self, store: ListingStore) -> None:
        assert store.held() == Held({}, frozenset())
        assert store.quantities(["inv-2"]) == ()
        meter = Batch("meter-1", NOON, ("meter_energy_forward_wh",), (9.0,))
        store.write([batch(0, "inv-2"), meter])
        store.put_daily([DailyKpi("p1", NOON.date(), 1.5, None, None, 2.0, 0.5, 1, 2)])
        store.register({"inv-3": DeviceKind.INVERTER})
        held = store.held()
        assert held.plant_ids == {"p1"}
        assert held.devices == {"inv-2": DeviceKind.INVERTER, "meter-1": DeviceKind.REVENUE_METER}

    def test_a_new_quantity_joins_devices_that_had_rows(self, store: MeasurementStore) -> None:
        store.write([batch(0)])
        store.write([Batch("inv-1", NOON + MINUTE, (POWER, "dc_power_w"), (1.0, 2.0))])
        values = store.read(["inv-1"], [POWER, "dc_power_w"], hour()).values
        assert np.isnan(values["dc_power_w"][0])
        assert values["dc_power_w"][1] == 2.0

    # once

    def test_twice_is_once(self, store: MeasurementStore) -> None:
        store.write([batch(0), batch(1)])
        again = store.write([batch(1), batch(2)])
        assert (again.accepted, again.duplicates) == (1, 1)
        assert len(store.read(["inv-1"], [POWER], hour())) == 3

    def test_the_first_copy_stays_when_another_value_comes_with_the_same_key(
        self, store: MeasurementStore
    ) -> None:
        store.write([batch(0, power=1.0)])
        assert store.write([batch(0, power=2.0)]).duplicates == 1
        assert store.read(["inv-1"], [POWER], hour()).values[POWER].tolist() == [1.0]

    def test_two_copies_in_one_write_are_one(self, store: MeasurementStore) -> None:
        result = store.write([batch(0, power=1.0), batch(1), batch(0, power=2.0)])
        assert (result.accepted, result.duplicates) == (2, 1)
        assert store.read(["inv-1"], [POWER], hour(1)).values[POWER].tolist() == [1.0]

    def test_a_late_reading_between_two_others_is_kept_once(self, store: MeasurementStore) -> None:
        store.write([batch(0), batch(10)])
        assert store.write([batch(5), batch(10)]).duplicates == 1
        assert store.write([batch(5)]).duplicates == 1
        assert len(store.read(["inv-1"], [POWER], hour())) == 3

    def test_a_write_of_nothing_is_nothing(self, store: MeasurementStore) -> None:
        assert store.write([]).accepted == 0

    # what is refused

    def test_a_bad_batch_is_named_and_the_others_are_kept(self, store: MeasurementStore) -> None:
        bad = [
            batch(0, "stranger"),
            Batch("inv-1", NOON, ("no_such_quantity",), (1.0,)),
            Batch("inv-1", NOON.replace(tzinfo=None), QUANTITIES, (1.0, 1.0, 1.0)),
            Batch("inv-1", NOON, QUANTITIES, (1.0, 1.0)),
            batch(0, power=float("inf")),
            batch(0, start=NOON + timedelta(days=40)),
            Batch("inv-1", NOON, (POWER, POWER), (1.0, 2.0)),
        ]
        result = store.write([*bad, batch(3)])
        assert result.accepted == 1
        assert [position for position, _ in result.rejected] == list(range(len(bad)))
        assert "stranger" in result.rejected[0][1]
        assert "no_such_quantity" in result.rejected[1][1]
        assert len(store.read(list(DEVICES), [POWER], hour())) == 1

    # quality

    def test_qualities_stand_beside_values(self, store: MeasurementStore) -> None:
        store.write([batch(0), batch(1, power=9e9, quality=Quality.OUT_OF_RANGE)])
        frame = store.read(["inv-1"], [POWER, COUNTER], hour())
        assert frame.values[POWER].tolist() == [1000.0, 9e9]
        assert frame.qualities is not None
        assert frame.qualities[POWER].tolist() == [0, int(Quality.OUT_OF_RANGE)]
        assert frame.qualities[COUNTER].tolist() == [0, 0]
        assert np.isnan(frame.good()[POWER][1])

    def test_a_doubtful_value_is_not_counted(self, store: MeasurementStore) -> None:
        store.write([batch(0, power=100.0), batch(1, power=900.0, quality=Quality.STALE)])
        curve = store.power_curves({"p": ["inv-1"]}, POWER, hour(), timedelta(minutes=15))
        assert curve["value"].tolist() == [100.0]
        bucket = store.read(["inv-1"], [POWER], hour(), every=timedelta(minutes=15))
        assert bucket.values[POWER].tolist() == [100.0]

    # buckets

    def test_buckets_average_gauges_and_take_the_last_of_counters_and_states(
        self, store: MeasurementStore
    ) -> None:
        store.write([batch(minute, power=100.0 * minute, counter=1000.0 + minute) for minute in (1, 2, 6)])
        frame = store.read(["inv-1"], QUANTITIES, hour(), every=timedelta(minutes=5))
        assert frame.values["measured_at"].dt.minute.tolist() == [0, 5]
        assert frame.values[POWER].tolist() == [150.0, 600.0]
        assert frame.values[COUNTER].tolist() == [1002.0, 1006.0]

    def test_a_bucket_is_aligned_to_the_epoch_not_to_the_interval(self, store: MeasurementStore) -> None:
        store.write([batch(4), batch(6)])
        inside = Interval(NOON + 3 * MINUTE, NOON + 8 * MINUTE)
        frame = store.read(["inv-1"], [POWER], inside, every=timedelta(minutes=5))
        assert frame.values["measured_at"].dt.minute.tolist() == [0, 5]

    # origin

    def test_origins_can_be_told_apart(self, store: MeasurementStore) -> None:
        store.write([batch(0), batch(1, origin=Origin.DEMO_HISTORY)])
        polled = store.read(["inv-1"], [POWER], hour(), origins=[Origin.POLL, Origin.MQTT])
        assert polled.values["measured_at"].dt.minute.tolist() == [0]
        assert len(store.read(["inv-1"], [POWER], hour(), origins=[])) == 0

    # newest

    def test_the_newest_batch_comes_back_as_it_was_written(self, store: MeasurementStore) -> None:
        newest = batch(7, power=None, quality=Quality.CLOCK)
        store.write([batch(0), newest, batch(3, "inv-2")])
        found = store.latest(["inv-2", "inv-1", "inv-3"], NOON)
        assert found == [batch(3, "inv-2"), newest]

    def test_what_is_too_old_is_not_the_newest(self, store: MeasurementStore) -> None:
        store.write([batch(0), batch(30, "inv-2")])
        assert [b.device_id for b in store.latest(["inv-1", "inv-2"], NOON + MINUTE)] == ["inv-2"]

    def test_the_newest_may_be_weeks_old(self, store: MeasurementStore) -> None:
        old = batch(0, start=NOON - timedelta(days=45))
        store.write([old, batch(0, "inv-2")])
        assert store.latest(["inv-1"], NOON - timedelta(days=60)) == [old]

    # curves

    def test_a_curve_sums_the_devices_means(self, store: MeasurementStore) -> None:
        store.write(
            [
                batch(0, "inv-1", 100.0),
                batch(1, "inv-1", 300.0),
                batch(1, "inv-2", 50.0),
                batch(20, "inv-1", 7.0),
            ]
        )
        groups = {"b": ["inv-2"], "a": ["inv-1", "inv-2", "nobody"], "empty": ["inv-5"]}
        curve = store.power_curves(groups, POWER, hour(), timedelta(minutes=15))
        rows = [
            (group, instant.minute, value, devices)
            for group, instant, value, devices in curve[["group", "instant", "value", "devices"]].itertuples(
                index=False
            )
        ]
        assert rows == [("a", 0, 250.0, 2), ("a", 15, 7.0, 1), ("b", 0, 50.0, 1)]
        assert str(curve["instant"].dtype) == "datetime64[ns, UTC]"

    def test_a_curve_of_nobody_is_empty_but_has_its_columns(self, store: MeasurementStore) -> None:
        curve = store.power_curves({"a": []}, POWER, hour(), timedelta(minutes=15))
        assert list(curve.columns) == ["group", "instant", "value", "devices"]
        assert len(curve) == 0

    # tables

    def test_a_table_is_kept_like_batches(self, store: MeasurementStore) -> None:
        rows = table(
            [("inv-2", NOON + MINUTE, 2.0), ("inv-1", NOON, 1.0), ("inv-1", NOON + MINUTE, float("nan"))]
        )
        assert store.write_table([COUNTER], rows, Origin.FILE).accepted == 3
        assert store.write_table([COUNTER], rows, Origin.FILE).duplicates == 3
        frame = store.read(["inv-1", "inv-2"], [COUNTER], hour(), origins=[Origin.FILE])
        assert frame.values[COUNTER].tolist()[0] == 1.0
        assert np.isnan(frame.values[COUNTER][1])
        assert frame.values[COUNTER].tolist()[2] == 2.0

    def test_a_table_with_a_categorical_device_column_is_taken(self, store: MeasurementStore) -> None:
        rows = table([("inv-1", NOON, 1.0), ("inv-2", NOON, 2.0)]).astype({"device_id": "category"})
        assert store.write_table([COUNTER], rows, Origin.FILE).accepted == 2

    def test_bad_rows_of_a_table_are_named_by_position(self, store: MeasurementStore) -> None:
        rows = table(
            [("stranger", NOON, 1.0), ("inv-1", NOON, 1.0), ("inv-1", NOON + 99 * timedelta(days=1), 1.0)]
        )
        result = store.write_table([COUNTER], rows, Origin.FILE)
        assert result.accepted == 1
        assert [position for position, _ in result.rejected] == [0, 2]

    def test_tables_kept_together_are_kept_like_each_of_them(self, store: MeasurementStore) -> None:
        counted = table([("inv-1", NOON + MINUTE, 2.0), ("inv-1", NOON, 1.0), ("stranger", NOON, 1.0)])
        drawn = table([("inv-2", NOON, 5.0), ("inv-2", NOON + 99 * timedelta(days=1), 1.0)])
        drawn = drawn.rename(columns={COUNTER: POWER})
        tables = [([COUNTER], counted), ([POWER], drawn)]
        result = store.write_tables(tables, Origin.FILE)
        assert (result.accepted, result.duplicates) == (3, 0)
        assert [position for position, _ in result.rejected] == [2, 4], "positions count through all tables"
        assert store.write_tables(tables, Origin.FILE).duplicates == 3
        frame = store.read(["inv-1", "inv-2"], [COUNTER, POWER], hour())
        assert frame.values[COUNTER].tolist()[:2] == [1.0, 2.0]
        assert frame.values[POWER].tolist()[2] == 5.0
        said = {batch.device_id: batch.quantities for batch in store.latest(["inv-1", "inv-2"], NOON)}
        assert said == {"inv-1": (COUNTER,), "inv-2": (POWER,)}, "nobody said what another table has"

    def test_a_table_without_its_columns_is_refused_whole(self, store: MeasurementStore) -> None:
        rows = table([("inv-1", NOON, 1.0)])
        with pytest.raises(RecordRejectedError):
            store.write_table([POWER], rows, Origin.FILE)
        with pytest.raises(RecordRejectedError):
            store.write_table(
                [COUNTER], rows.assign(measured_at=rows["measured_at"].dt.tz_localize(None)), Origin.FILE
            )

    # days to compute again

    def test_days_with_new_data_are_taken_once_oldest_first(self, store: MeasurementStore) -> None:
        store.write([batch(0, "inv-2"), batch(0), batch(start=NOON - timedelta(days=40))])
        assert store.take_dirty_days() == [
            ("inv-1", date(2026, 5, 22)),
            ("inv-1", date(2026, 7, 1)),
            ("inv-2", date(2026, 7, 1)),
        ]
        assert store.take_dirty_days() == []

    def test_a_day_that_gets_data_after_it_was_taken_is_due_again(self, store: MeasurementStore) -> None:
        store.write([batch(0)])
        store.take_dirty_days()
        store.write([batch(1)])
        assert store.take_dirty_days() == [("inv-1", date(2026, 7, 1))]

    def test_days_put_back_are_taken_again(self, store: MeasurementStore) -> None:
        store.write([batch(0), batch(0, "inv-2")])
        taken = store.take_dirty_days(1)
        assert len(taken) == 1
        store.mark_dirty(taken)
        assert store.take_dirty_days() == [("inv-1", date(2026, 7, 1)), ("inv-2", date(2026, 7, 1))]

    # daily KPIs

    def test_daily_kpis_replace_those_of_the_same_plant_and_day(self, store: MeasurementStore) -> None:
        def kpi(plant_id: str, day: int, produced: float | None) -> DailyKpi:
            return DailyKpi(plant_id, date(2026, 7, day), produced, None, None, 2.5, None, 3, 4)

        store.put_daily([kpi("p2", 1, 5.0), kpi("p1", 2, None), kpi("p1", 1, 1.0)])
        store.put_daily([kpi("p1", 1, 9.0)])
        found = store.daily(["p1", "p2"], date(2026, 7, 1), date(2026, 7, 2))
        assert found == [kpi("p1", 1, 9.0), kpi("p1", 2, None), kpi("p2", 1, 5.0)]
        assert store.daily(["p1"], date(2026, 7, 2), date(2026, 7, 9)) == [kpi("p1", 2, None)]
        assert store.daily([], date(2026, 7, 1), date(2026, 7, 2)) == []

    # together

    def test_readers_never_see_half_a_write_and_nothing_is_lost(self, store: MeasurementStore) -> None:
        sweeps, devices = 25, ["inv-1", "inv-2", "inv-3"]
        failures: list[BaseException] = []
        done = threading.Event()

        def look() -> None:
            try:
                while not done.is_set():
                    frame = store.read(devices, [POWER], hour())
                    assert len(frame) % len(devices) == 0
                    store.latest(devices, NOON)
            except BaseException as error:
                failures.append(error)

        readers = [threading.Thread(target=look) for _ in range(2)]
        for reader in readers:
            reader.start()
        for minute in range(sweeps):
            store.write([batch(minute, name) for name in devices])
        done.set()
        for reader in readers:
            reader.join()
        assert failures == []
        assert len(store.read(devices, [POWER], hour())) == sweeps * len(devices)

    def test_two_writers_at_once_keep_every_row_once(self, store: MeasurementStore) -> None:
        accepted: list[int] = []

        def send() -> None:
            accepted.extend(store.write([batch(minute)]).accepted for minute in range(15))

        writers = [threading.Thread(target=send) for _ in range(2)]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
        assert sum(accepted) == 15
        assert len(store.read(["inv-1"], [POWER], hour())) == 15

    # status and end

    def test_the_status_tells_rows_and_ends(self, store: MeasurementStore) -> None:
        assert store.status().newest is None
        store.write([batch(0), batch(9, "inv-2")])
        status = store.status()
        assert (status.rows, status.oldest, status.newest) == (2, NOON, NOON + 9 * MINUTE)

    def test_a_closed_store_says_so(self, store: MeasurementStore) -> None:
        store.close()
        store.close()
        with pytest.raises(StoreUnavailableError):
            store.write([batch(0)])
        with pytest.raises(StoreUnavailableError):
            store.read(["inv-1"], [POWER], hour())
