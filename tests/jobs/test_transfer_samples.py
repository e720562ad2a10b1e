"""Samples out and in again: the same rows, twice is once, and nothing of a file with a fault."""

# ruff: noqa: PD011 (the values of a MeasurementFrame are a frame)

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from domain.clock import ManualClock
from domain.errors import CommandError
from domain.measurement import Batch, Origin, Quality
from domain.timespan import Interval
from jobs.sample_mapping import meaning_of
from jobs.transfer_samples import (
    chosen_devices,
    export_samples,
    import_samples,
    perform_export,
    perform_import,
)
from main.verbs.samples import instant
from stores.duckdb import DuckDbStore
from tests.jobs.test_compute_kpis import KINDS, REGISTRY

NOON = datetime(2026, 7, 1, 4, tzinfo=UTC)
CLOCK = ManualClock(NOON + timedelta(days=30))
SPAN = Interval(NOON - timedelta(days=2), NOON + timedelta(days=2))
NAMES = ("ac_active_power_w", "ac_energy_total_wh")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[DuckDbStore]:
    store = DuckDbStore(tmp_path / "one" / "s.duckdb", CLOCK, KINDS)
    yield store
    store.close()


@pytest.fixture
def other(tmp_path: Path) -> Iterator[DuckDbStore]:
    store = DuckDbStore(tmp_path / "two" / "s.duckdb", CLOCK, KINDS)
    yield store
    store.close()


def fill(store: DuckDbStore) -> None:
    for minute in range(0, 3000, 100):
        at = NOON - timedelta(days=1) + timedelta(minutes=minute, microseconds=123_457)
        values = (0.1 * minute, 1e6 + minute / 3)
        store.write([Batch(name, at, NAMES, values) for name in ("p1-inv-1", "p2-inv-1")])
    doubtful = (Quality.STALE, Quality.GOOD)
    store.write([Batch("p1-inv-2", NOON, NAMES, (5.0, None), doubtful)])
    store.write([Batch("p1-meter", NOON, ("meter_energy_forward_wh",), (77.0,))])


def rows(store: DuckDbStore) -> tuple[pd.DataFrame, pd.DataFrame | None]:
    frame = store.read(list(KINDS), [*NAMES, "meter_energy_forward_wh"], SPAN)
    return frame.values, frame.qualities


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_an_export_comes_back_as_the_same_rows_and_twice_is_once(
    store: DuckDbStore, other: DuckDbStore, tmp_path: Path, form: str
) -> None:
    fill(store)
    done = export_samples(store, list(KINDS), SPAN, tmp_path / f"out.{form}", form)
    assert (done.rows, done.devices) == (62, 4)
    first = import_samples(other, REGISTRY, CLOCK, tmp_path / f"out.{form}")
    assert (first.accepted, first.duplicates, first.problem_count) == (62, 0, 0)
    for left, right in zip(rows(store), rows(other), strict=True):
        assert left is not None
        assert right is not None
        assert left.equals(right)
    again = import_samples(other, REGISTRY, CLOCK, tmp_path / f"out.{form}")
    assert (again.accepted, again.duplicates) == (0, 62)
    assert len(other.read(list(KINDS), NAMES, SPAN, origins=[Origin.FILE])) == 62


def test_a_plant_and_a_stretch_of_time_can_be_chosen(store: DuckDbStore, tmp_path: Path) -> None:
    fill(store)
    devices = chosen_devices(REGISTRY, ["p1"], [])
    done = export_samples(
        store, devices, Interval(NOON, NOON + timedelta(hours=1)), tmp_path / "o.csv", "csv", NAMES[:1]
    )
    table = pd.read_csv(tmp_path / "o.csv")
    assert set(table["device_id"]) <= set(devices)
    assert list(table.columns) == ["device_id", "measured_at", "quality", NAMES[0]]
    assert done.rows == len(table)


def test_a_plant_that_does_not_exist_is_named() -> None:
    with pytest.raises(CommandError, match="p9"):
        chosen_devices(REGISTRY, ["p9"], ["p1-inv-1"])


def test_a_dry_run_keeps_nothing(store: DuckDbStore, other: DuckDbStore, tmp_path: Path) -> None:
    fill(store)
    export_samples(store, list(KINDS), SPAN, tmp_path / "o.csv")
    seen = import_samples(other, REGISTRY, CLOCK, tmp_path / "o.csv", dry_run=True)
    assert (seen.rows, seen.accepted, seen.dry_run) == (62, 0, True)
    assert other.status().rows == 0


def test_every_bad_cell_is_named_by_row_and_column_and_nothing_is_kept(
    store: DuckDbStore, tmp_path: Path
) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(
        "device_id,measured_at,ac_active_power_w\n"
        "p1-inv-1,2026-07-01T04:00:00+00:00,1\n"
        "p1-inv-1,2026-07-01T04:05:00+00:00,much\n"
        "stranger,2026-07-01T04:10:00+00:00,2\n"
        "p1-inv-1,yesterday,3\n"
        "p1-inv-1,2027-07-01T04:10:00+00:00,4\n"
        "p1-inv-1,2026-07-01T04:15:00+00:00,inf\n"
    )
    found = import_samples(store, REGISTRY, CLOCK, path)
    assert found.accepted == 0
    assert [(problem.row, problem.column) for problem in found.problems] == [
        (3, "ac_active_power_w"),
        (4, "device_id"),
        (5, "measured_at"),
        (6, "measured_at"),
        (7, "ac_active_power_w"),
    ]
    assert "much" in str(found.problems[0])
    assert store.status().rows == 0


def test_a_value_outside_its_range_is_kept_and_marked(store: DuckDbStore, tmp_path: Path) -> None:
    path = tmp_path / "o.csv"
    path.write_text("device_id,measured_at,grid_frequency_hz\np1-inv-1,2026-07-01T04:00:00+00:00,6553.5\n")
    assert import_samples(store, REGISTRY, CLOCK, path).out_of_range == 1
    qualities = store.read(["p1-inv-1"], ["grid_frequency_hz"], SPAN).qualities
    assert qualities is not None
    assert qualities["grid_frequency_hz"].tolist() == [int(Quality.OUT_OF_RANGE)]


CLOUD = {
    "device": {"column": "设备", "values": {"1号逆变器": "p1-inv-1"}},
    "time": {"column": "时间", "format": "%Y/%m/%d %H:%M", "zone": "Asia/Shanghai", "shift_s": -300},
    "encoding": "gb18030",
    "delimiter": ";",
    "skip_rows": 1,
    "columns": {
        "功率(kW)": {"quantity": "ac_active_power_w", "factor": 1000, "absent": ["停机"]},
        "累计(kWh)": {"quantity": "ac_energy_total_wh", "factor": 1000},
    },
}


def test_a_makers_cloud_export_comes_in_through_a_mapping(store: DuckDbStore, tmp_path: Path) -> None:
    path = tmp_path / "cloud.csv"
    text = "电站日报\n设备;时间;功率(kW);累计(kWh);备注\n1号逆变器;2026/07/01 12:05;12.5;1000.2;x\n1号逆变器;2026/07/01 12:10;停机;--;\n"
    path.write_bytes(text.encode("gb18030"))
    assert import_samples(store, REGISTRY, CLOCK, path, CLOUD).accepted == 2
    values = store.read(["p1-inv-1"], NAMES, SPAN).values
    assert values["measured_at"].tolist()[0] == pd.Timestamp(NOON)  # labelled by the end, in local time
    assert values[NAMES[0]].tolist()[0] == 12_500.0
    assert values[NAMES[1]].tolist()[0] == pytest.approx(1_000_200.0)
    assert values[list(NAMES)].iloc[1].isna().all()


def test_an_hour_that_is_there_twice_is_no_instant(store: DuckDbStore, tmp_path: Path) -> None:
    path = tmp_path / "old.csv"
    path.write_text("设备;时间;功率(kW);累计(kWh)\n1号逆变器;1988/09/11 01:30;1;1\n")
    found = import_samples(store, REGISTRY, CLOCK, path, {**CLOUD, "encoding": "utf-8", "skip_rows": 0})
    assert [(problem.row, problem.column) for problem in found.problems] == [(2, "时间")]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"columns": {"x": {"quantity": "power"}}}, "power"),
        ({"columns": {"x": {"factor": 2}}}, "needs quantity"),
        ({"device": {"column": "a", "id": "b"}}, "either"),
        ({"time": {"format": "%Y"}}, "time needs column"),
        ({"colums": {}}, "colums"),
        ({"columns": {"x": {"quantity": "dc_power_w", "factor": "many"}}}, "numbers"),
    ],
)
def test_a_mapping_that_is_not_sound_is_refused_with_its_place(change: dict[str, object], said: str) -> None:
    with pytest.raises(CommandError, match=said):
        meaning_of({**CLOUD, **change})


def test_a_foreign_file_without_a_mapping_is_told_to_bring_one(store: DuckDbStore, tmp_path: Path) -> None:
    path = tmp_path / "cloud.csv"
    path.write_text("设备,时间\n1,2\n")
    with pytest.raises(CommandError, match="--mapping"):
        import_samples(store, REGISTRY, CLOCK, path)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00broken", b"PAR1 not really"])
def test_a_file_that_cannot_be_read_is_said(store: DuckDbStore, tmp_path: Path, content: bytes) -> None:
    for name in ("o.csv", "o.parquet"):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(CommandError):
            import_samples(store, REGISTRY, CLOCK, tmp_path / name)
    with pytest.raises(CommandError, match="no such file"):
        import_samples(store, REGISTRY, CLOCK, tmp_path / "nothing.csv")


def test_orders_speak_plain_json(store: DuckDbStore, other: DuckDbStore, tmp_path: Path) -> None:
    import json

    fill(store)
    order = {
        "plants": ["p1"],
        "devices": [],
        "start": SPAN.start.isoformat(),
        "end": SPAN.end.isoformat(),
        "format": "csv",
        "out": str(tmp_path / "o.csv"),
    }
    assert json.loads(json.dumps(perform_export(store, REGISTRY, order)))["rows"] == 32
    back = json.loads(json.dumps(perform_import(other, REGISTRY, CLOCK, {"file": str(tmp_path / "o.csv")})))
    assert (back["accepted"], back["problem_count"]) == (32, 0)


def test_a_day_is_a_local_day_and_as_an_end_it_is_included() -> None:
    assert instant("2026-07-01", end=False) == datetime(2026, 6, 30, 16, tzinfo=UTC)
    assert instant("2026-07-01", end=True) == datetime(2026, 7, 1, 16, tzinfo=UTC)
    assert instant("2026-07-01T08:00+08:00", end=True) == datetime(2026, 7, 1, tzinfo=UTC)
    for wrong in ("2026-07-32", "2026-07-01T08:00", "today"):
        with pytest.raises(CommandError):
            instant(wrong, end=False)
