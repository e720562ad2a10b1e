"""`pvmon replay`: files in, tables out, on as little as a list of devices."""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from main.__main__ import main
from main.cli import Exit


def _samples(path: Path, days: int = 3) -> None:
    at = pd.date_range("2026-06-01", periods=96 * days, freq="15min", tz="Asia/Shanghai")
    shape = np.clip(np.cos((np.arange(len(at)) / 4.0 % 24.0 - 12.7) / 13.0 * np.pi), 0.0, None)
    tables = []
    for number in range(1, 5):
        power = 45_000.0 * shape * (1 + 0.01 * np.sin(np.arange(len(at)) + number))
        if number == 3:
            power[96 + 40 : 96 + 60] = 0.0
        tables.append(
            pd.DataFrame(
                {"time": [t.isoformat() for t in at], "plant_id": "here", "device_id": f"inv{number}",
                 "ac_active_power_w": power}
            )
        )  # fmt: skip
    pd.concat(tables).to_csv(path, index=False)


def _config(folder: Path) -> Path:
    (folder / "plants").mkdir(parents=True)
    (folder / "plants" / "here.yaml").write_text(
        "id: here\ndevices:\n  - {id: inv1}\n  - {id: inv2}\n", "utf-8"
    )
    return folder


def _replayed(folder: Path, samples: str, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """Return what the verb says of samples of a plant of which only names are known; its files are in ``out``."""
    words = ["--json", "replay", "--config", str(_config(folder / "c")), "--samples", str(folder / samples)]
    assert main([*words, "--out", str(folder / "out")]) == Exit.OK
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_a_plant_of_which_only_names_are_known_gets_what_its_data_allow(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _samples(tmp_path / "s.csv.gz")
    answer = _replayed(tmp_path, "s.csv.gz", capsys)
    assert (answer["plants"], answer["devices"]) == (1, 4)
    with (tmp_path / "out" / "daily.csv").open(encoding="utf-8") as file:
        daily = {(row["date"], row["device_id"]): row for row in csv.DictReader(file)}
    stopped = daily["2026-06-02", "inv3"]
    assert float(stopped["lost_kwh"]) == pytest.approx(
        float(stopped["expected_kwh"]) - float(stopped["energy_kwh"])
    )
    assert float(stopped["lost_kwh"]) > 100.0
    assert stopped["performance_ratio"] == ""  # no irradiance, no capacity: not known, and not nought
    parts = [float(daily["2026-06-01", f"inv{number}"]["energy_kwh"]) for number in range(1, 5)]
    assert float(daily["2026-06-01", ""]["energy_kwh"]) == pytest.approx(sum(parts), rel=1e-5)
    losses = pd.read_csv(tmp_path / "out" / "losses.csv")
    outage = losses[(losses["cause"] == "outage") & (losses["device_id"] == "inv3")]
    assert outage["date"].tolist() == ["2026-06-02"]
    alerts = pd.read_csv(tmp_path / "out" / "alerts.csv")
    assert "F08" in set(alerts.loc[alerts["device_id"] == "inv3", "rule"])
    assert alerts["lost_fen"].isna().all()  # nobody told a price


def test_what_was_lost_is_priced_by_the_tariff_of_its_day(tmp_path: Path) -> None:
    _samples(tmp_path / "s.csv")
    config = _config(tmp_path / "c")
    row = '  - {{plants: [all], component: {}, valid_from: 2017-01-01, yuan_per_kwh: "{}"}}\n'
    prices = row.format("benchmark", "0.3545") + row.format("subsidy", "0.4955")
    (config / "tariffs.yaml").write_text(f"prices:\n{prices}", "utf-8")
    words = ["replay", "--config", str(config), "--samples", str(tmp_path / "s.csv")]
    assert main([*words, "--out", str(tmp_path / "out")]) == Exit.OK
    alerts = pd.read_csv(tmp_path / "out" / "alerts.csv")
    [stopped] = alerts[(alerts["rule"] == "F08") & (alerts["device_id"] == "inv3")].to_dict("records")
    assert stopped["lost_fen"] == pytest.approx(stopped["lost_kwh"] * 85.0, abs=2)
    losses = pd.read_csv(tmp_path / "out" / "losses.csv")
    [outage] = losses[(losses["cause"] == "outage") & (losses["device_id"] == "inv3")].to_dict("records")
    assert outage["benchmark_fen"] == pytest.approx(outage["lost_kwh"] * 35.45, abs=1)
    assert outage["subsidy_fen"] == pytest.approx(outage["lost_kwh"] * 49.55, abs=1)


def test_a_misspelt_key_of_a_plant_file_is_named_with_its_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = _config(tmp_path / "c")
    (config / "plants" / "here.yaml").write_text("id: here\nlattitude: 33\n", "utf-8")
    _samples(tmp_path / "s.csv", days=1)
    words = [
        "replay",
        "--config",
        str(config),
        "--samples",
        str(tmp_path / "s.csv"),
        "--out",
        str(tmp_path / "o"),
    ]
    assert main(words) == Exit.PROBLEM
    assert "here.yaml:2" in capsys.readouterr().err


def test_a_plant_nobody_described_is_replayed_and_said_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _samples(tmp_path / "s.csv", days=2)
    words = ["--lang", "en", "replay", "--config", str(tmp_path), "--samples", str(tmp_path / "s.csv")]
    assert main([*words, "--out", str(tmp_path / "o")]) == Exit.OK
    assert "nothing describes plant here" in capsys.readouterr().out


def _dirty(path: Path) -> None:
    """Write four days of four inverters with everything a logger gets wrong."""
    at = pd.date_range("2026-06-01", periods=96 * 4, freq="15min", tz="Asia/Shanghai")
    shape = np.clip(np.cos((np.arange(len(at)) / 4.0 % 24.0 - 12.7) / 13.0 * np.pi), 0.0, None)
    tables = []
    for number in range(1, 5):
        power = 45_000.0 * shape * (1 + 0.01 * np.sin(np.arange(len(at)) + number))
        counter = 4e8 + np.cumsum(power) / 4.0
        if number == 1:
            power[shape == 0] = -90_000.0  # power that flows in by night, twice the rating
        if number == 2:
            counter[96 * 2 :] -= 3e8  # a counter that was exchanged
        table = pd.DataFrame(
            {"time": [t.isoformat() for t in at], "plant_id": "here", "device_id": f"inv{number}",
             "ac_active_power_w": power, "dc_power_w": power * (10.3 if number == 3 else 1.03),
             "ac_energy_total_wh": counter}
        )  # fmt: skip
        if number == 4:
            table = table.drop(index=range(96 + 40, 96 + 60))  # a gap by day
            table["time"] = [t.tz_localize(None).isoformat() for t in at[table.index]]  # and no zone
        tables.append(table)
    whole = pd.concat([*tables, tables[0].iloc[:50]])  # fifty rows twice
    whole.iloc[::-1].to_csv(path, index=False)  # and all of it backwards


def test_everything_a_logger_gets_wrong_is_named_counted_and_survived_and_nothing_unseen_is_an_alert(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _dirty(tmp_path / "s.csv")
    answer = _replayed(tmp_path, "s.csv", capsys)
    counted = {problem["code"]: problem["count"] for problem in answer["problems"]}
    assert sorted(counted) == ["duplicate", "naive_time", "unordered"]
    assert (counted["duplicate"], counted["naive_time"]) == (50, 96 * 4 - 20)
    assert ["inv3", "dc_power_w", "unit"] in [finding[:3] for finding in answer["findings"]]
    quality = pd.read_csv(tmp_path / "out" / "quality.csv")
    flagged = {(row["device_id"], row["quantity"]): row["flag"] for row in quality.to_dict("records")}
    assert "out_of_range" in flagged["inv1", "ac_active_power_w"]
    assert "counter_reset" in set(quality.loc[quality["device_id"] == "inv2", "flag"])
    daily = pd.read_csv(tmp_path / "out" / "daily.csv")
    assert (daily["energy_kwh"].dropna() >= 0).all()
    gap = daily[(daily["device_id"] == "inv4") & (daily["date"] == "2026-06-02")].iloc[0]
    assert gap["completeness"] < 1.0
    alerts = pd.read_csv(tmp_path / "out" / "alerts.csv")
    assert {"F37", "F38"} <= set(alerts["rule"])
    assert not set(alerts.loc[alerts["device_id"] == "inv4", "rule"]) - {
        "F03"
    }  # it said nothing: no more is known
