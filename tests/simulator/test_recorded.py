"""Recorded data come out exactly, at their own time, and nothing is made up in between."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from domain.clock import ManualClock
from domain.errors import ConfigurationError
from domain.measurement import Sample, WordBlock
from inverters.decode import Decoder
from inverters.plan import plan
from simulator.recorded import RecordedField, read_recording, recorded_registry
from simulator.service import Ready, ServeOptions, serve
from tests.simulator.builders import Client, profiles

SMALL = """time,inverter,dc_power_raw,ac_power_kw,daily_yield_kwh,total_yield_kwh
2020-05-15 10:00:00,INV01,1000.0,98.0,10.0,5000.0
2020-05-15 10:00:00,INV02,1100.0,107.8,11.0,6000.0
2020-05-15 10:15:00,INV01,1020.0,100.0,35.0,5025.0
2020-05-15 10:30:00,INV01,1040.0,101.25,60.0,5050.0
2020-05-15 10:30:00,INV02,1140.0,111.5,66.0,6055.0
2020-05-15 11:45:00,INV01,900.0,88.0,150.0,5140.0
"""
TEN = datetime(2020, 5, 15, 4, 30, tzinfo=UTC)  # 10:00 in India


def field(folder: Path, at: datetime) -> tuple[RecordedField, ManualClock]:
    clock = ManualClock(at)
    return RecordedField(folder, recorded_registry(folder, 0), profiles(), clock), clock


def values(one: RecordedField, device_id: str) -> dict[str, float | None]:
    profile = profiles()["huawei_sun2000"]
    blocks = plan(profile)
    words = tuple(
        WordBlock(b.function, b.address, one.read(device_id, b.function, b.address, b.count) or b"")
        for b in blocks
    )
    batch = Decoder(profile, blocks).decode(Sample(device_id, TEN, TEN, words))
    return dict(zip(batch.quantities, batch.values, strict=True))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "generation.csv").write_text(SMALL, "utf-8")
    return tmp_path


def test_a_value_holds_until_the_next_stamp(folder: Path) -> None:
    one, clock = field(folder, TEN + timedelta(minutes=14, seconds=59))
    assert values(one, "recorded-inv01")["ac_active_power_w"] == 98_000
    clock.advance(1)
    one.refresh(clock.now())
    assert values(one, "recorded-inv01")["ac_active_power_w"] == 100_000
    assert values(one, "recorded-inv01")["ac_energy_total_wh"] == 5_025_000


def test_one_missing_stamp_keeps_the_last_value_and_more_are_silence(folder: Path) -> None:
    one, clock = field(folder, TEN + timedelta(minutes=20))
    assert one.answers("recorded-inv02")
    assert values(one, "recorded-inv02")["ac_energy_total_wh"] == 6_000_000
    clock.advance(45 * 60)  # 11:05: the last stamp is 10:30
    one.refresh(clock.now())
    assert not one.answers("recorded-inv01")
    clock.advance(42 * 60)
    one.refresh(clock.now())
    assert one.answers("recorded-inv01")
    assert not one.answers("recorded-inv02")


@pytest.mark.parametrize("minutes", [-1, 121])
def test_outside_the_recorded_span_nobody_answers(folder: Path, minutes: int) -> None:
    one, _ = field(folder, TEN + timedelta(minutes=minutes))
    assert not one.answers("recorded-inv01")
    assert not one.answers("recorded-inv02")


def test_a_wrong_unit_in_the_file_stays_wrong(folder: Path) -> None:
    one, _ = field(folder, TEN)
    assert values(one, "recorded-inv01")["dc_power_w"] == 1_000_000


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "no generation.csv"),
        ("time,inverter\n", "expected columns"),
        (SMALL + SMALL[84:], "one row a unit"),
    ],
)
def test_a_folder_that_cannot_be_served_is_refused_plainly(
    tmp_path: Path, content: str | None, words: str
) -> None:
    if content is not None:
        (tmp_path / "generation.csv").write_text(content, "utf-8")
    with pytest.raises(ConfigurationError, match=words):
        read_recording(tmp_path)


@pytest.mark.needs("data:india_plant1_22inv")
def test_every_stamp_of_the_indian_plant_comes_out_as_recorded(test_data: Path) -> None:
    folder = test_data / "india_plant1_22inv"
    table = pd.read_csv(folder / "generation.csv.gz", parse_dates=["time"])
    one, _ = field(folder, TEN)
    assert len(one.registry.plants[0].devices) == 22
    sample = table.iloc[:: len(table) // 300]
    columns = [
        sample[name] for name in ("time", "inverter", "ac_power_kw", "total_yield_kwh", "daily_yield_kwh")
    ]
    for stamp, inverter, power_kw, total_kwh, daily_kwh in zip(*columns, strict=True):
        at = pd.Timestamp(stamp).tz_localize("Asia/Kolkata").tz_convert("UTC").to_pydatetime()
        one.refresh(at + timedelta(seconds=300))
        device_id = f"recorded-{inverter.lower()}"
        assert one.answers(device_id)
        found = values(one, device_id)
        assert found["ac_active_power_w"] == pytest.approx(power_kw * 1000, abs=0.5001)
        assert found["ac_energy_total_wh"] == pytest.approx(total_kwh * 1000, abs=5.001)
        assert found["ac_energy_today_wh"] == pytest.approx(daily_kwh * 1000, abs=5.001)


@pytest.mark.needs("data:india_plant1_22inv")
def test_the_indian_plant_answers_on_a_socket(test_data: Path) -> None:
    folder = test_data / "india_plant1_22inv"
    one, _ = field(folder, TEN + timedelta(days=3, hours=2))

    async def scenario() -> np.ndarray:
        stop, ready = asyncio.Event(), asyncio.get_running_loop().create_future()
        task = asyncio.create_task(serve(one, stop, ServeOptions(on_ready=ready.set_result)))
        told: Ready = await ready
        client = await Client.connect(told.ports["recorded-gw"])
        answers = [await client.ask(unit, 3, 32080, 2) for unit in range(1, 23)]
        client.close()
        stop.set()
        await task
        return np.array([int.from_bytes(answer[2:], "big", signed=True) for answer in answers])

    watts = asyncio.run(scenario())
    tables, _ = one.recording.at(one.clock.now().timestamp())
    assert watts == pytest.approx(tables["ac_active_power_w"], abs=0.5001)
