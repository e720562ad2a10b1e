"""Recorded samples: what is wrong with a file is named and counted, and the rest is read."""

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from domain.errors import CommandError
from jobs.replay_samples import Samples, read_samples

ZONES = {"yecun-01": "Asia/Shanghai"}
HEAD = "time,plant_id,device_id,ac_active_power_w\n"


def _read(path: Path, text: str, mapping: dict[str, object] | None = None) -> Samples:
    path.write_text(text, "utf-8")
    return read_samples([path], ZONES, mapping)


def _counts(samples: Samples) -> dict[str, int]:
    return {problem.code: problem.count for problem in samples.problems}


def test_instants_keep_their_offset_and_become_utc(tmp_path: Path) -> None:
    samples = _read(tmp_path / "a.csv", HEAD + "2026-07-01T08:00:00+08:00,yecun-01,inv-01,100\n")
    assert samples.table["measured_at"].iloc[0] == pd.Timestamp("2026-07-01T00:00Z")
    assert samples.problems == ()


def test_an_instant_without_a_zone_is_taken_in_the_plants_zone_and_counted(tmp_path: Path) -> None:
    samples = _read(tmp_path / "a.csv", HEAD + "2026-07-01 08:00:00,yecun-01,inv-01,100\n")
    assert samples.table["measured_at"].iloc[0] == pd.Timestamp("2026-07-01T00:00Z")
    assert _counts(samples) == {"naive_time": 1}


def test_of_two_rows_of_one_instant_the_last_stays_and_disorder_is_counted(tmp_path: Path) -> None:
    rows = [
        "08:10:00+08:00,yecun-01,inv-01,3",
        "08:00:00+08:00,yecun-01,inv-01,1",
        "08:00:00+08:00,yecun-01,inv-01,2",
    ]
    samples = _read(tmp_path / "a.csv", HEAD + "".join(f"2026-07-01T{row}\n" for row in rows))
    assert samples.table["ac_active_power_w"].tolist() == [2.0, 3.0]
    assert _counts(samples) == {"unordered": 1, "duplicate": 1}


def test_bad_cells_and_strange_columns_are_counted_and_the_rest_survives(tmp_path: Path) -> None:
    head = HEAD.strip() + ",colour\n"
    rows = "never,yecun-01,inv-01,1,red\n2026-07-01T08:00Z,yecun-01,,2,red\n2026-07-01T08:00Z,yecun-01,inv-01,--,red\n"
    samples = _read(tmp_path / "a.csv", head + rows + "2026-07-01T08:05Z,yecun-01,inv-01,4,red\n")
    assert _counts(samples) == {"unknown_column": 1, "no_instant": 1, "no_device": 1, "no_number": 1}
    assert samples.table["ac_active_power_w"].tolist()[1] == 4.0
    assert np.isnan(samples.table["ac_active_power_w"].iloc[0])


def test_compressed_files_and_parquet_say_the_same(tmp_path: Path) -> None:
    text = HEAD + "2026-07-01T08:00:00+08:00,yecun-01,inv-01,100\n"
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(text.encode()))
    plain = _read(tmp_path / "a.csv", text)
    frame = pd.read_csv(tmp_path / "a.csv")
    frame["time"] = pd.to_datetime(frame["time"], utc=True)
    frame.to_parquet(tmp_path / "a.parquet")
    for name in ("a.csv.gz", "a.parquet"):
        pd.testing.assert_frame_equal(read_samples([tmp_path / name], ZONES).table, plain.table)


def test_a_foreign_file_with_a_column_per_inverter_enters_by_its_mapping(tmp_path: Path) -> None:
    mapping = {
        "plant": {"id": "yecun-01"},
        "time": {"column": "when", "format": "%d/%m/%Y %H:%M", "zone": "Asia/Shanghai", "shift_s": -600},
        "columns": {
            "Inv1": {"quantity": "ac_active_power_w", "factor": 1000, "device": "inv-01"},
            "Inv2": {"quantity": "ac_active_power_w", "factor": 1000, "device": "inv-02"},
        },
    }
    samples = _read(tmp_path / "a.csv", "when,Inv1,Inv2\n01/07/2026 08:10,1.5,2.5\n", mapping)
    table = samples.table
    assert table["device_id"].tolist() == ["inv-01", "inv-02"]
    assert table["ac_active_power_w"].tolist() == [1500.0, 2500.0]
    assert set(table["measured_at"]) == {pd.Timestamp("2026-07-01T00:00Z")}


def test_a_file_that_is_no_table_of_samples_says_what_is_needed(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="device_id"):
        _read(tmp_path / "a.csv", "when,what\n1,2\n")
    with pytest.raises(CommandError, match="no such file"):
        read_samples([tmp_path / "none.csv"], ZONES)
