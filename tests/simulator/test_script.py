"""Fault scripts: everything sound is understood, everything unsound is named with its line."""

from pathlib import Path

import pytest

from domain.errors import ConfigurationError
from simulator.faults import FOREVER, Fault, FaultKind
from simulator.script import read_script
from tests.simulator.builders import NOON, plant, registry

REGISTRY = registry(plant(0), plant(1), plant(2, feeder="F2"))
GOOD = """
format: 1
faults:
  - {kind: string_open, device: p00-inv-01, strings: [2, 3], start: +15m}
  - {id: trip, kind: inverter_trip, device: p00-inv-02, start: -2d, lasts: 3h}
  - {kind: derating, device: p00-inv-03, limit: 0.6}
  - {kind: soiling, plant: p01, loss: 0.08, ramp: 20d, start: -20d}
  - {kind: shading, device: p00-inv-01, loss: 0.5, from: '15:30', to: '18:00'}
  - {kind: snow, plant: p02, start: 2026-01-05T08:00:00+08:00, lasts: 6h}
  - {kind: curtailment, plant: p01, limit: 0.5, start: +1h, end: +2h}
  - {kind: grid_outage, plant: p00, start: +1h, lasts: 40m}
  - {kind: feeder_outage, feeder: F1, start: +3h, lasts: 30m}
  - {kind: dead_unit, device: p01-inv-02}
  - {kind: dead_gateway, gateway: p02-gw, start: +10m, lasts: 5m}
  - {kind: slow_bus, gateway: p01-gw, times: 20}
  - {kind: late_answers, gateway: p01-gw, share: 0.3, delay: 4s}
  - {kind: frozen_values, device: p01-inv-01, start: +5m}
  - {kind: counter_reset, device: p01-inv-03, left_kwh: 12}
  - {kind: wrong_clock, device: p01-inv-03, behind: 2h}
  - {kind: meter_drift, device: p01-meter, drift: 0.02}
"""


def read(text: str, folder: Path) -> tuple[Fault, ...]:
    path = folder / "faults.yaml"
    path.write_text(text, "utf-8")
    return read_script(path, REGISTRY, NOON)


def test_a_script_may_hold_every_kind(tmp_path: Path) -> None:
    faults = {fault.kind: fault for fault in read(GOOD, tmp_path)}
    assert set(faults) == set(FaultKind)
    start = NOON.timestamp()
    opened = faults[FaultKind.STRING_OPEN]
    assert (opened.start_s, opened.end_s, opened.strings) == (start + 900, FOREVER, (2, 3))
    trip = faults[FaultKind.INVERTER_TRIP]
    assert (trip.fault_id, trip.start_s, trip.end_s) == ("trip", start - 172_800, start - 172_800 + 10_800)
    assert faults[FaultKind.SHADING].from_h == 15.5
    assert faults[FaultKind.WRONG_CLOCK].amount == -7200
    assert faults[FaultKind.COUNTER_RESET].amount == 12_000
    feeder = faults[FaultKind.FEEDER_OUTAGE].device_ids
    assert "p00-meter" in feeder
    assert "p01-inv-01" in feeder
    assert not any(name.startswith("p02") for name in feeder)
    assert faults[FaultKind.SOILING].device_ids == ("p01-inv-01", "p01-inv-02", "p01-inv-03")
    assert faults[FaultKind.DEAD_GATEWAY].gateway_ids == ("p02-gw",)
    assert faults[FaultKind.SNOW].start.isoformat() == "2026-01-05T00:00:00+00:00"


def test_every_problem_is_named_at_once_with_its_line(tmp_path: Path) -> None:
    text = """format: 1
faults:
  - {kind: string_opn, device: p00-inv-01}
  - kind: string_open
    device: p00-inv-99
    strings: [1]
  - {kind: string_open, device: p00-inv-01, strings: [9]}
  - {kind: derating, device: p00-inv-01, limit: 6}
  - {kind: snow, plant: p02, start: yesterday}
  - {kind: snow, plant: p02, start: +2h, end: +1h}
  - {kind: dead_unit, device: p00-inv-01, colour: red}
  - {id: same, kind: dead_unit, device: p00-inv-01}
  - {id: same, kind: dead_unit, device: p00-inv-02}
  - {kind: meter_drift, device: p00-inv-01, drift: 0.02}
  - {kind: soiling, plant: p01, loss: 0.1, ramp: long}
"""
    with pytest.raises(ConfigurationError) as caught:
        read(text, tmp_path)
    message = str(caught.value)
    for line, words in (
        (3, "did you mean 'string_open'?"),
        (5, "p00-inv-99"),
        (7, "strings 1 to 8"),
        (8, "from 0 to 1"),
        (9, "yesterday"),
        (10, "ends before it starts"),
        (11, "colour"),
        (13, "names another fault"),
        (14, "p00-inv-01"),
        (15, "15m, 2h or 3d"),
    ):
        assert any(f"faults.yaml:{line}:" in row and words in row for row in message.splitlines()), (
            line,
            words,
        )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "expected keys and values"),
        ("faults: [", "not YAML"),
        ("format: 2\nfaults: []", "expected 1"),
        ("format: 1", "faults: is missing"),
    ],
)
def test_a_file_that_is_no_script_is_refused_plainly(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        read(text, tmp_path)


def test_a_missing_file_is_refused_plainly(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_script(tmp_path / "none.yaml", REGISTRY, NOON)
