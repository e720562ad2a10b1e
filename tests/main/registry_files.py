"""A small sound configuration on disk for tests, and the change of one line of it."""

from functools import lru_cache
from pathlib import Path

import pytest

from inverters.profile import load_profiles

DISTRICT = """\
name: 样例区
name_en: Sample
division_code: "611002"
box: {south: 33.5, north: 34.3, west: 109.4, east: 110.4}
towns:
  - {id: "611002100", name: 甲镇, name_en: Jia, latitude: 33.8, longitude: 109.9}
  - {id: "611002101", name: 乙镇, name_en: Yi, latitude: 33.9, longitude: 109.8}
"""
VILLAGES = """\
villages:
  - {id: "611002100201", name: 东沟村, name_en: Donggou, town: "611002100"}
  - {id: "611002100202", name: 西沟村, name_en: Xigou, town: "611002100"}
  - {id: "611002101201", name: 东沟村, name_en: Donggou, town: "611002101"}
  - {id: "611002101202", name: 新村, name_en: Xin, town: "611002101", valid_from: 2020-01-01}
events:
  - {date: 2020-01-01, change: renamed, from: ["611002101201"], to: ["611002101202"], source: act 1}
"""
PLANT = """\
id: alpha
name: 甲镇电站
name_en: Jia plant
town: "611002100"
latitude: 33.81
longitude: 109.91
altitude_m: 700
connection: live
grid_date: 2017-06-30
tilt_deg: 30
azimuth_deg: 180
capacities:
  - {valid_from: 2017-06-30, ac_capacity_kw: 100, dc_capacity_kw: 110}
gateways:
  - {id: alpha-gw, protocol: modbus_tcp, host: 127.0.0.1, port: 15021}
devices:
  - {id: alpha-inv-1, kind: inverter, name: 一号, profile: huawei_sun2000, gateway: alpha-gw, unit: 1, rated_power_kw: 50}
  - {id: alpha-inv-2, kind: inverter, name: 二号, profile: huawei_sun2000, gateway: alpha-gw, unit: 2, rated_power_kw: 50}
  - {id: alpha-meter, kind: revenue_meter, name: 关口表, profile: meter_acrel_dtsd1352, gateway: alpha-gw, unit: 101, ct_ratio: 40}
accounts:
  - {account_number: "9900000000001", meter_number: "990000000001", valid_from: 2017-06-30, ct_ratio: 40, pt_ratio: 1, reading_day: 1, device: alpha-meter}
"""
OTHER = """\
id: beta
name: 乙镇电站
name_en: Yi plant
town: "611002101"
latitude: 33.91
longitude: 109.81
altitude_m: 800
connection: manual
grid_date: 2018-06-30
tilt_deg: 30
azimuth_deg: 180
capacities:
  - {valid_from: 2018-06-30, ac_capacity_kw: 60, dc_capacity_kw: 66}
devices:
  - {id: beta-meter, kind: revenue_meter, name: 关口表}
"""
SHARES = """\
plant: alpha
acts:
  - valid_from: 2018-06-01
    source: act of 2018
    shares_kw: {"611002100201": 60, "611002100202": 30, "611002101201": 10}
"""
FILES = {
    "district.yaml": DISTRICT,
    "villages.yaml": VILLAGES,
    "plants/alpha.yaml": PLANT,
    "plants/beta.yaml": OTHER,
    "ownership/alpha.yaml": SHARES,
}


def write(folder: Path, files: dict[str, str] | None = None) -> Path:
    """Write a configuration; the sound one by default."""
    for name, text in (FILES if files is None else files).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    return folder


def change(folder: Path, name: str, old: str, new: str) -> int:
    """Replace the first ``old`` in a file by ``new``; return the line where it stood."""
    path = folder / name
    text = path.read_text("utf-8")
    assert old in text, f"{old!r} is not in {name}"
    path.write_text(text.replace(old, new, 1), "utf-8")
    return text[: text.index(old)].count("\n") + 1


_loaded = lru_cache(maxsize=1)(load_profiles)


def read_profiles_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let many small tests share one reading of the delivered device profiles."""
    monkeypatch.setattr("main.registry.profiles.load_profiles", _loaded)
