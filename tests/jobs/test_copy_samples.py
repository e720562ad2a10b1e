"""Measurements go from one store into another and back; what is interrupted goes on; what differs is noticed."""

import json
import random
from collections.abc import Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest

from domain.errors import StoreUnavailableError
from domain.kpi import DailyKpi
from domain.measurement import Batch, Origin, Quality
from domain.timespan import Interval
from jobs.copy_samples import CopyDiffersError, Notes, Progress, copy_samples, sum_of
from main.__main__ import main
from stores.duckdb import DuckDbStore
from stores.influx import InfluxStore
from stores.memory import MemoryStore
from stores.protocol import WriteResult
from tests.main.registry_files import write
from tests.stores.influx_server import running
from tests.stores.rows import COUNTER, DEVICES, NOON, POWER, QUANTITIES, batch, clock

DAYS = Interval(NOON - timedelta(days=9), NOON + timedelta(days=9))


def _rows() -> list[Batch]:
    chance = random.Random(7)
    made = [
        batch(minute, device, chance.uniform(0, 9e4), 5000.0 + minute / 3, origin=chance.choice(list(Origin)))
        for device in DEVICES
        for minute in (0, 5, 400, 401.5, 3000, 9000)
    ]
    made += [batch(7, "inv-1", None, None), batch(8, "inv-1", -0.0, 0.0)]
    return [*made, batch(9, "inv-2", 3.5, quality=Quality(2)), batch(10, "inv-2", None, quality=Quality(3))]


def _filled(store: DuckDbStore) -> None:
    store.write(_rows())
    store.put_daily([DailyKpi("p1", NOON.date(), 1.5, None, None, 2.0, 0.5, 1, 2)])


def _everything(store: DuckDbStore | InfluxStore | MemoryStore) -> list[tuple[int, int]]:
    frames = [store.read(list(DEVICES), QUANTITIES, DAYS, origins=[origin]) for origin in Origin]
    return [(len(frame), sum_of(frame)) for frame in frames]


@pytest.mark.needs("influxd")
def test_there_and_back_again_every_row_value_quality_and_origin_is_the_same(tmp_path: Path) -> None:
    with running(tmp_path / "influx") as server:
        first = DuckDbStore(tmp_path / "a.duckdb", clock(), DEVICES)
        away = InfluxStore(server.url, "copy", DEVICES, clock=clock())
        back = DuckDbStore(tmp_path / "b" / "b.duckdb", clock(), DEVICES)
        with closing(first), closing(away), closing(back):
            _filled(first)
            made = copy_samples(first, away, DEVICES, ["p1"], Notes(tmp_path / "1.json"))
            assert made.rows == len(_rows()) == away.status().rows
            copy_samples(away, back, DEVICES, ["p1"], Notes(tmp_path / "2.json"))
            assert _everything(first) == _everything(away) == _everything(back)
            assert back.daily(["p1"], NOON.date(), NOON.date()) == first.daily(
                ["p1"], NOON.date(), NOON.date()
            )


class Fragile(MemoryStore):
    """Goes away after some writes."""

    left = 12

    def write_table(self, quantities: Sequence[str], table: pd.DataFrame, origin: Origin) -> WriteResult:
        if self.left == 0:
            raise StoreUnavailableError("away")
        self.left -= 1
        return super().write_table(quantities, table, origin)

    def quantities(self, device_ids: object) -> tuple[str, ...]:
        return QUANTITIES


def test_what_was_interrupted_goes_on_and_nothing_is_copied_twice(tmp_path: Path) -> None:
    target = Fragile(clock(), DEVICES)
    with closing(DuckDbStore(tmp_path / "a.duckdb", clock(), DEVICES)) as source:
        _filled(source)
        with pytest.raises(StoreUnavailableError):
            copy_samples(source, target, DEVICES, [], Notes(tmp_path / "notes.json"))
        done = Notes(tmp_path / "notes.json").done
        assert done
        target.left = 1000
        said: list[Progress] = []
        made = copy_samples(source, target, DEVICES, [], Notes(tmp_path / "notes.json"), said.append)
        assert (
            1000 - target.left
            < sum(1 for found in Notes(tmp_path / "notes.json").done.values() if found[0]) * 9
        )
        assert (made.rows, said[-1].done) == (len(_rows()), said[-1].pieces)
        assert _everything(source) == _everything(target)


class Careless(Fragile):
    """Loses a value now and then."""

    left = 10_000

    def write_table(self, quantities: Sequence[str], table: pd.DataFrame, origin: Origin) -> WriteResult:
        spoiled = table.copy()
        spoiled.loc[0, POWER] = 12.0
        return super().write_table(quantities, spoiled, origin)


def test_a_target_that_keeps_something_else_is_noticed(tmp_path: Path) -> None:
    with closing(DuckDbStore(tmp_path / "a.duckdb", clock(), DEVICES)) as source:
        _filled(source)
        with pytest.raises(CopyDiffersError, match="other values"):
            copy_samples(source, Careless(clock(), DEVICES), DEVICES, [], Notes(tmp_path / "n"))
        strange = Fragile(clock(), DEVICES)
        strange.left = 1000
        strange.write([batch(2, "inv-1")])
        with pytest.raises(CopyDiffersError, match="came back"):
            copy_samples(source, strange, DEVICES, [], Notes(tmp_path / "m"))


def test_an_empty_store_is_copied_at_once(tmp_path: Path) -> None:
    with closing(DuckDbStore(tmp_path / "a.duckdb", clock(), DEVICES)) as source:
        made = copy_samples(source, Fragile(clock(), DEVICES), DEVICES, [], Notes(tmp_path / "n"))
    assert made == Progress(0, 0, 0)


@pytest.mark.needs("influxd")
def test_what_left_the_registry_is_copied_all_the_same(tmp_path: Path) -> None:
    """A device taken out of service years ago has rows, a plant that was sold has days of energy."""
    today = {"inv-1": DEVICES["inv-1"]}
    old = DailyKpi("sold", NOON.date() - timedelta(days=900), 1.5, None, None, 2.0, 0.5, 1, 2)
    with running(tmp_path / "influx") as server:
        with closing(DuckDbStore(tmp_path / "a.duckdb", clock(), DEVICES)) as first:
            _filled(first)
            first.put_daily([old])
        source = DuckDbStore(tmp_path / "a.duckdb", clock(), today)
        away = InfluxStore(server.url, "left", today, clock=clock())
        back = DuckDbStore(tmp_path / "b.duckdb", clock(), today)
        with closing(source), closing(away), closing(back):
            for one, other in ((source, away), (away, back)):
                made = copy_samples(one, other, today, ["p1"], Notes(tmp_path / "n.json"))
                Notes(tmp_path / "n.json").forget()
                assert made.rows == len(_rows()) == other.status().rows
                assert other.daily(["sold"], old.day, old.day) == [old]
            assert _everything(source) == _everything(back)


def test_days_of_energy_are_copied_where_no_row_is_left(tmp_path: Path) -> None:
    kept = DailyKpi("p1", NOON.date(), 1.5, None, None, 2.0, 0.5, 1, 2)
    source, target = Fragile(clock(), DEVICES), Fragile(clock(), DEVICES)
    source.put_daily([kept])
    assert copy_samples(source, target, DEVICES, [], Notes(tmp_path / "n")) == Progress(0, 0, 0)
    assert target.daily(["p1"], kept.day, kept.day) == [kept]


@pytest.mark.needs("influxd")
def test_the_verbs_make_a_bucket_and_copy_into_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    config, data = write(tmp_path / "config"), tmp_path / "data"
    (tmp_path / "token").write_text("9f2c47d1be6038a5c4170d2e")
    words = ["--config", str(config), "--data", str(data), "--json", "store"]
    from main.build import device_kinds
    from main.configuration import load_registry

    kinds = device_kinds(load_registry(config, None))
    with closing(DuckDbStore(data / "samples/samples.duckdb", clock(), kinds)) as store:
        store.write([batch(minute, "alpha-inv-1") for minute in range(20)])
    with running(tmp_path / "influx") as server:
        for name, value in (
            ("STORE", "influx"),
            ("INFLUX_URL", server.url),
            ("INFLUX_TOKEN_FILE", str(tmp_path / "token")),
        ):
            monkeypatch.setenv(f"PVMON_{name}", value)
        assert main([*words, "init", "--retention-days", "30"]) == 1
        assert "400" in capsys.readouterr().out
        monkeypatch.setenv("PVMON_INFLUX_BUCKET", "short")
        assert main([*words, "init", "--retention-days", "500"]) == 0
        assert json.loads(capsys.readouterr().out)["retention_days"] == 500
        monkeypatch.setenv("PVMON_INFLUX_BUCKET", "long")
        assert main([*words, "init"]) == 0
        assert json.loads(capsys.readouterr().out)["retention_days"] == 0
        assert main([*words, "copy", "--from", "duckdb:", "--to", f"influx:{server.url}/long"]) == 0
        assert json.loads(capsys.readouterr().out) == {"rows": 20, "source_rows": 20, "target_rows": 20}
        assert main([*words, "copy", "--from", "tape:x", "--to", "influx:"]) == 1
    assert COUNTER in QUANTITIES
    assert list((data / "run").glob("*")) == []
