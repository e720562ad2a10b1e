"""Old months: as good as before after they moved to files, whatever happened while they moved."""

# ruff: noqa: PD011 (the values of a MeasurementFrame are a frame)

import shutil
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import StoreUnavailableError
from domain.measurement import Batch, Origin, Quality
from domain.timespan import Interval
from stores import duckdb_archive
from stores.duckdb import DuckDbStore
from stores.duckdb_archive import Archivist, scale_of
from stores.duckdb_catalog import Archive
from stores.protocol import MonthForm, WriteResult
from tests.stores.contract import StoreContract
from tests.stores.rows import COUNTER, DEVICES, NOON, POWER, QUANTITIES, ZONE, batch, clock

SPAN = Interval(datetime(2026, 6, 1, tzinfo=UTC), datetime(2026, 8, 1, tzinfo=UTC))
JULY = ("inverter", "2026-07")


def opened(folder: Path) -> DuckDbStore:
    return DuckDbStore(folder / "samples.duckdb", clock(), DEVICES)


def filled(folder: Path) -> DuckDbStore:
    store = opened(folder)
    rng = np.random.default_rng(3)
    for step in range(40):
        names = ("inv-1", "inv-2", "inv-3")
        power = np.round(rng.uniform(0, 5e4, 3) * 0.1, 1)
        store.write(
            [
                batch(step * 37, name, float(p), 1e6 + step * 10.0)
                for name, p in zip(names, power, strict=True)
            ]
        )
    odd = Batch("inv-4", NOON, QUANTITIES, (None, 1 / 3, -0.0), (Quality.GOOD, Quality.STALE, Quality.GOOD))
    store.write([odd])
    return store


def everything(
    store: DuckDbStore,
) -> tuple[pd.DataFrame, pd.DataFrame | None, pd.DataFrame, pd.DataFrame, list[Batch]]:
    frame = store.read(list(DEVICES), QUANTITIES, SPAN)
    return (
        frame.values,
        frame.qualities,
        store.daily_aggregates(list(DEVICES), COUNTER, SPAN, ZONE),
        store.power_curves({"p": list(DEVICES)}, POWER, SPAN, timedelta(hours=1)).round({"value": 6}),
        store.latest(list(DEVICES), SPAN.start),
    )


def same(before: tuple[object, ...], after: tuple[object, ...]) -> bool:
    return all(
        left.equals(right)
        if isinstance(left, pd.DataFrame) and isinstance(right, pd.DataFrame)
        else left == right
        for left, right in zip(before, after, strict=True)
    )


class TestArchivedStore(StoreContract):
    """The same promises when every month that can be is moved to files after each write."""

    def make_store(self, folder: Path) -> DuckDbStore:
        class Moving(DuckDbStore):
            def write(self, batches: Sequence[Batch]) -> WriteResult:
                result = super().write(batches)
                self._move()
                return result

            def write_table(
                self, quantities: Sequence[str], table: pd.DataFrame, origin: Origin
            ) -> WriteResult:
                result = super().write_table(quantities, table, origin)
                self._move()
                return result

            def _move(self) -> None:
                for month in self.months():
                    if month.form is MonthForm.LIVE:
                        self.archive_month(month.kind, month.month)

        return Moving(folder / "samples.duckdb", clock(), DEVICES)

    # Moving months is one thread's work (jobs/prune.py), so this promise is not asked of it here.
    test_two_writers_at_once_keep_every_row_once = None  # type: ignore[assignment]


def test_a_month_reads_the_same_after_it_moved(tmp_path: Path) -> None:
    store = filled(tmp_path)
    before = everything(store)
    moved = store.archive_month(*JULY)
    assert (moved.form, moved.rows) == (MonthForm.ARCHIVED, 121)
    assert same(before, everything(store))
    store.close()
    again = opened(tmp_path)
    assert same(before, everything(again))
    again.close()


def test_the_data_folder_may_be_moved(tmp_path: Path) -> None:
    store = filled(tmp_path / "here")
    before = everything(store)
    store.archive_month(*JULY)
    store.close()
    shutil.move(tmp_path / "here", tmp_path / "there")
    again = opened(tmp_path / "there")
    assert same(before, everything(again))
    again.close()


def test_late_rows_of_an_archived_month_are_kept_once_and_move_too(tmp_path: Path) -> None:
    store = filled(tmp_path)
    store.archive_month(*JULY)
    late = batch(1, "inv-1", 5.0)
    assert store.write([late, batch(0, "inv-1")]).duplicates == 1
    before = everything(store)
    assert len(before[0]) == 122
    store.archive_month(*JULY)
    assert [month.form for month in store.months()] == [MonthForm.ARCHIVED]
    assert same(before, everything(store))
    assert len(list((tmp_path / "archive").rglob("*.parquet"))) == len(
        {at.date() for at in before[0]["measured_at"]}
    )
    store.close()


def test_files_that_differ_from_the_rows_drop_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = filled(tmp_path)
    before = everything(store)
    whole = duckdb_archive._whole
    monkeypatch.setattr(duckdb_archive, "_whole", lambda name, scale: f"{whole(name, scale)} + 1")
    monkeypatch.setattr(duckdb_archive.Archivist, "_proved", lambda self, source, guesses: set(guesses))
    with pytest.raises(StoreUnavailableError, match="differ"):
        store.archive_month(*JULY)
    monkeypatch.undo()
    assert same(before, everything(store))
    assert store.archive_month(*JULY).rows == 121
    assert same(before, everything(store))
    store.close()


def test_rows_that_come_while_a_month_moves_stop_the_move(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = filled(tmp_path)
    verify = duckdb_archive.Archivist._verify

    def write_meanwhile(self: Archivist, source: str, made: Archive) -> None:
        verify(self, source, made)
        store.write([batch(2, "inv-5")])

    monkeypatch.setattr(duckdb_archive.Archivist, "_verify", write_meanwhile)
    with pytest.raises(StoreUnavailableError, match="rows arrived"):
        store.archive_month(*JULY)
    monkeypatch.undo()
    assert len(everything(store)[0]) == 122
    assert store.archive_month(*JULY).rows == 122
    store.close()


def test_files_left_by_a_crash_do_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = filled(tmp_path)
    before = everything(store)

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(duckdb_archive.Archivist, "exchange", crash)
    with pytest.raises(KeyboardInterrupt):
        store.archive_month(*JULY)
    monkeypatch.undo()
    assert list((tmp_path / "archive").rglob("*.parquet"))
    assert same(before, everything(store))
    store.close()
    again = opened(tmp_path)
    assert same(before, everything(again))
    again.archive_month(*JULY)
    assert same(before, everything(again))
    again.close()


def test_a_roll_up_keeps_means_of_gauges_and_the_last_of_counters(tmp_path: Path) -> None:
    store = opened(tmp_path)
    store.write([batch(minute, power=100.0 * minute, counter=1000.0 + minute) for minute in (0, 1, 4, 7)])
    store.write([batch(9, power=9e9, counter=1010.0, quality=Quality.OUT_OF_RANGE)])
    every = timedelta(minutes=5)
    before = store.read(["inv-1"], QUANTITIES, SPAN, every=every).values
    before[POWER] = before[POWER].round(3)
    store.archive_month(*JULY)
    rolled = store.roll_up_month(*JULY, every)
    assert (rolled.form, rolled.rows) == (MonthForm.ROLLED_UP, 2)
    assert store.read(["inv-1"], QUANTITIES, SPAN).values.equals(before)
    store.write([batch(30, power=1.0)])  # late, into a month that is rolled up
    assert store.archive_month(*JULY).form is MonthForm.ROLLED_UP
    assert len(store.read(["inv-1"], QUANTITIES, SPAN)) == 3
    store.close()


def test_a_month_that_is_not_there_is_said(tmp_path: Path) -> None:
    store = opened(tmp_path)
    with pytest.raises(StoreUnavailableError, match="no such month"):
        store.archive_month("inverter", "2020-01")
    store.close()


@given(st.lists(st.integers(-(10**9), 10**9), min_size=1, max_size=20), st.integers(-3, 4), st.booleans())
def test_a_scale_gives_back_every_register_value(raw: list[int], places: int, multiplied: bool) -> None:
    factor = 10.0**places
    whole_numbers = np.array(raw, dtype=np.float64)
    values = whole_numbers * float(f"1e{-places}") if multiplied else whole_numbers / factor
    found = scale_of(values)
    if found is None:
        return  # kept as it is
    sign, number = found[1]
    whole = np.rint(values / number if sign == "x" else values * number)
    back = whole * number if sign == "x" else whole / number
    assert np.array_equal(back, values)
    assert found[0] <= 4


def test_register_values_have_a_scale_and_others_have_none() -> None:
    assert scale_of(np.arange(1000, dtype=np.float64) * 0.1) == (1, ("x", 0.1))
    assert scale_of(np.arange(1000) / 100.0) == (2, ("/", 100.0))
    assert scale_of(np.array([2000.0, np.nan, 7000.0])) == (-3, ("x", 1000.0))
    assert scale_of(np.array([1 / 3])) is None
