"""The recorded sets through `pvmon replay` and `pvmon rules score`: what docs/detection.md says of them.

`python -m bench.recorded_sets DATA [--plants N] [SET ...]` lays the files of a set out as samples with our own
columns, runs the two verbs on them as a user would, and prints what came of it beside the set's own truth.
"""

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time
from typing import Any

import numpy as np
import pandas as pd
import yaml

from alerts.score import allowances, read_alerts, read_truth, score
from main.__main__ import main as pvmon
from main.alert_rules import DELIVERED
from main.configuration import load_alert_rules

_CASES = ("healthy", "inverter_failure", "string_open_circuit", "bypass_diode_short", "clipping")
_FINDS = {
    "inverter_failure": ("F06", "F08"),
    "string_open_circuit": ("F44",),
    "bypass_diode_short": ("F45",),
}
_TOLD = ("S1", "S2", "S3")
_HELIOCITY = {
    "poa_w_m2": "irradiance_poa_w_m2",
    "temp_air": "ambient_temperature_c",
    "module_temp_c": "module_temperature_c",
}
_UNIT = {
    "i_dc": "dc_current_a",
    "v_dc": "dc_voltage_v",
    "p_dc": "dc_power_w",
    "p_ac": "ac_active_power_w",
}


def replayed(
    folder: Path, plants: Sequence[Mapping[str, Any]], samples: pd.DataFrame
) -> tuple[dict[str, pd.DataFrame], float]:
    """Run `pvmon replay`; return its tables and its CPU seconds."""
    (folder / "config" / "plants").mkdir(parents=True, exist_ok=True)
    for old in (folder / "config" / "plants").glob("*.yaml"):
        old.unlink()
    for plant in plants:
        (folder / "config" / "plants" / f"{plant['id']}.yaml").write_text(yaml.safe_dump(dict(plant)))
    samples.to_parquet(folder / "samples.parquet")
    begun = process_time()
    words = ["replay", "--config", str(folder / "config"), "--samples", str(folder / "samples.parquet")]
    if pvmon(["--json", *words, "--out", str(folder / "out")]):
        raise SystemExit("pvmon replay did not come through")
    taken = process_time() - begun
    found = {path.stem: pd.read_csv(path) for path in (folder / "out").glob("*.csv")}
    return found, taken


def heliocity(data: Path, folder: Path, most: int) -> Iterator[str]:
    """Yield what was found of every fault, when, and what it cost by the alert and by the ledger."""
    told = map(_named, pd.read_csv(data / "truth.csv").to_dict("records"))
    truth = {(str(row["plant"]), str(row["fault"])): row for row in told}
    for path in sorted(data.glob("plant*.csv.gz"))[:most]:
        name = path.name.removesuffix(".csv.gz")
        rows = pd.read_csv(path)
        for case in _CASES:
            tables, taken = replayed(folder, [_sophia(name)], _sophia_rows(rows, name, case))
            yield f"{name} {case}: {_of_case(tables, truth, name, case)}; {taken:.1f} CPU s"


def _sophia(name: str) -> dict[str, Any]:
    unit = {"id": f"{name}-inv", "kind": "inverter", "rated_power_kw": 30.0, "dc_capacity_kw": 36.0}
    place = {"latitude": 43.61, "longitude": 7.05, "tilt_deg": 5.0, "azimuth_deg": 180.0}
    return {"id": name, "time_zone": "Europe/Paris", **place, "devices": [{**unit, "string_count": 6}]}


def _sophia_rows(rows: pd.DataFrame, name: str, case: str) -> pd.DataFrame:
    weather = rows[["time", *_HELIOCITY]].rename(columns=_HELIOCITY)
    unit = rows[["time", *(f"{case}_{each}" for each in _UNIT)]]
    unit = unit.rename(columns={f"{case}_{each}": word for each, word in _UNIT.items()})
    both = [weather.assign(device_id=f"{name}-sky"), unit.assign(device_id=f"{name}-inv")]
    return pd.concat(both, ignore_index=True).assign(plant_id=name)


def _of_case(
    tables: Mapping[str, pd.DataFrame],
    truth: Mapping[tuple[str, str], Mapping[str, Any]],
    name: str,
    case: str,
) -> str:
    alerts = tables["alerts"]
    raised = pd.to_datetime(alerts["raised_at"], utc=True)
    told = alerts["severity"].isin(_TOLD)
    if case == "healthy":
        return f"{int(told.sum())} alerts of S1 to S3 {sorted(alerts['rule'][told])}"
    known = truth[name, case]
    first = pd.Timestamp(known["first_affected"])
    early = alerts[told & (raised < first)]
    words = f"{len(early)} of S1 to S3 before"
    if case in _FINDS:
        ours = alerts["rule"].isin(_FINDS[case]) & (raised >= first)
        if not ours.any():
            return f"{words}; not found"
        seen = raised[ours].min()
        days = (seen.tz_convert("Europe/Paris").date() - first.date()).days
        cost = float(alerts.loc[ours, "lost_kwh"].sum()) / float(known["true_lost_kwh"]) - 1.0
        words += f"; {_FINDS[case][0]} {days} days later; alerts {cost:+.1%}"
    losses = tables["losses"]
    after = pd.to_datetime(losses["date"]).dt.date >= first.date()
    by = losses[after].groupby("cause")["lost_kwh"].sum()
    shares = by / float(known["true_lost_kwh"])
    return f"{words}; ledger " + " ".join(f"{cause} {share:+.3f}" for cause, share in shares.items())


def india(data: Path, folder: Path, most: int) -> Iterator[str]:  # noqa: ARG001
    """Yield the score against the events, and every alert of S1 to S3 that is none of them."""
    made = pd.read_csv(data / "generation.csv.gz")
    sky = pd.read_csv(data / "weather.csv.gz")
    units = pd.DataFrame(
        {
            "time": made["time"],
            "device_id": made["inverter"],
            "ac_active_power_w": made["ac_power_kw"] * 1e3,
            "dc_power_w": made["dc_power_raw"] * 1e3,
            "ac_energy_total_wh": made["total_yield_kwh"] * 1e3,
        }
    )
    light = pd.DataFrame(
        {
            "time": sky["time"],
            "device_id": "SKY",
            "irradiance_poa_w_m2": sky["irradiation_kw_m2"] * 1e3,
            "ambient_temperature_c": sky["ambient_temp_c"],
            "module_temperature_c": sky["module_temp_c"],
        }
    )
    plant = {"id": "india", "time_zone": "Asia/Kolkata"}
    both = pd.concat([units, light], ignore_index=True).assign(plant_id="india")
    both["time"] = both["time"] + "+05:30"
    tables, taken = replayed(folder, [plant], both)
    yield f"{taken:.1f} CPU s"
    events = pd.read_csv(data / "events.csv")
    events = events[events["entity"] != "PLANT"]
    truth = pd.DataFrame(
        {
            "kind": events["event"],
            "plant_id": "india",
            "device_id": events["entity"],
            "part": "",
            "start": events["start"].str.replace(" ", "T") + "+05:30",
            "end": events["end"].str.replace(" ", "T") + "+05:30",
        }
    )
    text = (folder / "out" / "alerts.csv").read_text()
    allowed = allowances(load_alert_rules(DELIVERED.parent).rules, 900.0)
    for each in score(read_alerts(text), read_truth(truth.to_csv(index=False)), 34.0, allowed):
        yield f"{each.rule}: found {each.found}/{each.events}, right {each.right}/{each.alerts}, delay {each.delay_h}"
    own = tables["alerts"]
    for row in own[own["rule"] != "F08"].to_dict("records"):
        yield "{rule} {device_id} {severity} {raised_at} to {resolved_at}".format_map(_named(row))


def hurricane(data: Path, folder: Path, most: int) -> Iterator[str]:  # noqa: ARG001
    """Yield the alerts and the days about the outage and the silence."""
    rows = pd.read_csv(data / "site27_15min.csv.gz")
    at = pd.to_datetime(rows["Date"]).dt.tz_localize("America/New_York")
    table = pd.DataFrame(
        {
            "time": at.map(lambda each: each.isoformat()),
            "plant_id": "r27",
            "device_id": "r27-meter",
            "ac_active_power_w": rows["AC_POWER"] * 1e3,
            "ac_energy_total_wh": rows["energy_delivered"] * 1e3,
            "irradiance_poa_w_m2": rows["POAirradiance"],
        }
    )
    plant = {"id": "r27", "time_zone": "America/New_York"}
    tables, taken = replayed(folder, [plant], table)
    yield f"{taken:.1f} CPU s"
    for row in tables["alerts"].to_dict("records"):
        yield "{rule} {cause} {raised_at} to {resolved_at} lost {lost_kwh}".format_map(_named(row))
    for row in tables["losses"][tables["losses"]["lost_kwh"].abs() > 20].to_dict("records"):
        yield "{date} {cause} {lost_kwh} ({low} to {high})".format_map(_named(row))


def _named(row: Mapping[Any, Any]) -> dict[str, Any]:
    return {str(name): value for name, value in row.items()}


def clocks(data: Path, folder: Path, most: int) -> Iterator[str]:
    """Yield the mean error of the daily clock shift of every file."""
    places = pd.read_csv(data / "systems.csv").set_index("system_id")
    errors = []
    for row in map(_named, pd.read_csv(data / "files.csv").to_dict("records")[: max(most * 3, 1)]):
        off, days, taken = _clock(data, folder, row, _named(places.loc[row["system_id"]].to_dict()))
        errors.append(off)
        yield f"{row['file']}: {off:.2f} min over {days} days; {taken:.2f} CPU s with everything"
    yield f"mean of {len(errors)} files {np.mean(errors):.2f} min, worst {np.max(errors):.2f}"


def _clock(
    data: Path, folder: Path, row: Mapping[str, Any], place: Mapping[str, Any]
) -> tuple[float, int, float]:
    """Return the mean error of one file, the days it is the mean of, and CPU seconds. [min], count, [s]"""
    made = pd.read_csv(data / row["file"])
    facts = {name: float(place[name]) for name in ("latitude", "longitude")}
    facts |= {"tilt_deg": float(place["tilt"]), "azimuth_deg": float(place["azimuth"])}
    unit = 1e3 if made["value"].quantile(0.99) < 5.0 * float(place["dc_capacity"]) else 1.0
    table = pd.DataFrame({"time": made["time"], "ac_active_power_w": made["value"] * unit})
    plant = {"id": "clock", "time_zone": row["file_timezone"], **facts}
    tables, taken = replayed(folder, [plant], table.assign(plant_id="clock", device_id="unit"))
    truth = pd.read_csv(data / str(row["file"]).replace(".csv.gz", "__truth.csv.gz"))
    days = tables["daily"].dropna(subset=["clock_shift_min"]).groupby("date")["clock_shift_min"].first()
    both = truth.set_index(truth["date"].str[:10])["shift_minutes"].to_frame().join(days, how="inner")
    off = (both["shift_minutes"] - both["clock_shift_min"]).abs()
    return float(off.mean()), len(off), taken


def quality(data: Path, folder: Path, most: int) -> Iterator[str]:  # noqa: ARG001
    """Yield precision and recall of the flags on the labelled series, in daylight."""
    for name, column, flag in (
        ("ac_power_inv_7539", "label", "clipped"),
        ("ac_power_inv_2173_interpolated_data", "interpolated_data_mask", "interpolated"),
    ):
        rows = pd.read_csv(data / f"{name}.csv.gz")
        table = pd.DataFrame({"time": rows["timestamp"], "ac_active_power_w": rows["value_normalized"] * 1e5})
        table["time"] = table["time"].str.replace(" ", "T")
        tables, _ = replayed(
            folder, [{"id": "qa", "time_zone": "America/Denver"}], table.assign(plant_id="qa", device_id="u")
        )
        found = tables["quality"]
        said = found[(found["quantity"] == "ac_active_power_w") & found["flag"].str.contains(flag)]
        marked = pd.to_datetime(rows["timestamp"], utc=True).isin(pd.to_datetime(said["time"], utc=True))
        bright = rows["value_normalized"] > 0.01 * rows["value_normalized"].max()
        true, own = rows[column].astype(bool) & bright, marked & bright
        hits = float((true & own).sum())
        yield f"{flag}: precision {hits / own.sum():.3f}, recall {hits / true.sum():.3f}, of {int(true.sum())}"


SETS: Mapping[str, Callable[[Path, Path, int], Iterator[str]]] = {
    "heliocity_simfaults_a": heliocity,
    "india_plant1_22inv": india,
    "pvops_r27_hurricane": hurricane,
    "pvdaq_clockshift_a": clocks,
    "pvanalytics_qa_a": quality,
}


def main(words: Sequence[str] | None = None) -> int:
    """Run the sets and print what came of them."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.recorded_sets", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("sets", nargs="*", metavar="SET", help=f"default all: {', '.join(SETS)}")
    parser.add_argument("--plants", type=int, default=7)
    args = parser.parse_args(words)
    for name in args.sets or SETS:
        print(f"== {name}")
        with TemporaryDirectory() as folder:
            for line in SETS[name](args.data / name, Path(folder), args.plants):
                print(line, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
