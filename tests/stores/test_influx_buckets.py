"""Buckets: the same whether the engine makes them or we do, and long questions are asked in pieces."""

# ruff: noqa: PD011 (a frame keeps its table in `values`)

import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from random import Random
from typing import Any
from uuid import uuid4

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.measurement import Batch, Quality
from domain.plant import DeviceKind
from domain.timespan import Interval
from stores.influx import InfluxStore
from stores.influx_buckets import bucketed
from stores.influx_names import KINDS
from stores.influx_read import Reader
from tests.stores.influx_server import InfluxServer, running
from tests.stores.rows import COUNTER, DEVICES, NOON, POWER, QUANTITIES, STATE, batch, clock

FIVE = timedelta(minutes=5)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InfluxServer]:
    with running(tmp_path_factory.mktemp("influxdb")) as server:
        yield server


@pytest.fixture
def store(server: InfluxServer) -> Iterator[InfluxStore]:
    with closing(InfluxStore(server.url, f"test-{uuid4().hex}", DEVICES, clock=clock())) as store:
        yield store


def rows(seed: int) -> list[Batch]:
    """Rows at odd moments, some values missing, some in doubt, some devices silent for long."""
    chance = Random(seed)

    def value() -> float | None:
        return None if chance.random() < 0.2 else chance.uniform(0, 9e4)

    made = []
    for name in ("inv-1", "inv-2", "inv-3"):
        for minute in sorted({round(chance.uniform(-200, 200), 2) for _ in range(chance.randint(1, 120))}):
            doubt = (Quality.OUT_OF_RANGE, Quality.GOOD, Quality.GOOD) if chance.random() < 0.2 else None
            at = NOON + timedelta(minutes=minute)
            made.append(
                Batch(name, at, QUANTITIES, (value(), value(), float(chance.randint(0, 9))), doubt, at)
            )
    return made


@pytest.mark.needs("influxd")
@pytest.mark.parametrize("seed", range(6))
def test_buckets_made_here_are_those_the_engine_makes(
    store: InfluxStore, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    store.write(rows(seed))
    span = Interval(NOON - timedelta(minutes=183), NOON + timedelta(minutes=171))
    frames = []
    for most in (0.0, 1e9):
        monkeypatch.setattr("stores.influx_read.ROWS_MAX", most)
        frames.append(
            [
                store.read(["inv-1", "inv-3", "inv-2"], [*QUANTITIES, "dc_power_w"], span, every=every).values
                for every in (FIVE, timedelta(minutes=15), timedelta(hours=1))
            ]
        )
    for ours, engines in zip(frames[1], frames[0], strict=True):
        pd.testing.assert_frame_equal(ours, engines, rtol=1e-12)
        assert len(ours) > 10
    groups = {"a": ["inv-1", "inv-2"], "b": ["inv-3"]}
    curves = []
    for most in (0.0, 1e9):
        monkeypatch.setattr("stores.influx_read.ROWS_MAX", most)
        curves.append(store.power_curves(groups, POWER, span, FIVE))
    pd.testing.assert_frame_equal(curves[1], curves[0], rtol=1e-12)


@pytest.mark.needs("influxd")
def test_the_engine_is_asked_where_a_bucket_has_many_rows_and_not_where_it_has_few(
    store: InfluxStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.write([batch(minute / 6, power=float(minute)) for minute in range(360)])
    asked = noting(store, monkeypatch)
    span = Interval(NOON, NOON + timedelta(hours=1))
    store.read(["inv-1"], [POWER], span, every=FIVE)
    assert any("mean(" in text for text in asked)
    asked.clear()
    store.read(["inv-1"], [POWER], span, every=timedelta(seconds=10))
    assert not any("mean(" in text for text in asked)


@pytest.mark.needs("influxd")
@pytest.mark.parametrize("every", [None, FIVE])
def test_a_long_answer_is_asked_for_in_pieces_and_reads_the_same(
    store: InfluxStore, monkeypatch: pytest.MonkeyPatch, every: timedelta | None
) -> None:
    """One question for everything would wait longer than the client does."""
    store.write([batch(minute, name, 100.0 + minute) for name in ("inv-1", "inv-2") for minute in range(90)])
    span = Interval(NOON - timedelta(minutes=2), NOON + timedelta(minutes=88))
    whole = store.read(["inv-1", "inv-2"], QUANTITIES, span, every=every)
    asked = noting(store, monkeypatch)
    monkeypatch.setattr("stores.influx_read._CELLS_MAX", 60)
    pieces = store.read(["inv-1", "inv-2"], QUANTITIES, span, every=every)
    assert len([text for text in asked if text.startswith("SELECT")]) >= 4
    pd.testing.assert_frame_equal(pieces.values, whole.values)
    assert (len(whole), whole.values[POWER].iloc[-1]) == ((176, 187.0) if every is None else (36, 186.0))


def noting(store: InfluxStore, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note what the server is asked from now on."""
    asked: list[str] = []
    real = store._client.query

    def query(text: str) -> Any:
        asked.append(text)
        return real(text)

    monkeypatch.setattr(store._client, "query", query)
    return asked


CELLS = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 50), st.none() | st.integers(-9, 9)), max_size=60
)


@given(rows=CELLS, every=st.integers(1, 20))
def test_a_bucket_has_the_mean_or_the_last_of_what_is_there(
    rows: list[tuple[int, int, int | None]], every: int
) -> None:
    rows = list({(key, at): (key, at, value) for key, at, value in rows}.values())
    told = np.array([np.nan if value is None else float(value) for *_, value in rows])
    key, at = (np.array([row[place] for row in rows], dtype=np.int64) for place in (0, 1))
    keys, starts, made = bucketed(key, at, {POWER: told, COUNTER: told, STATE: told}, every)
    plain: dict[tuple[int, int], list[float]] = {}
    for number, instant, value in sorted(rows, key=lambda row: row[:2]):
        here = plain.setdefault((number, instant // every * every), [])
        if value is not None:
            here.append(float(value))
    assert list(zip(keys.tolist(), starts.tolist(), strict=True)) == sorted(plain)
    for place, bucket in enumerate(sorted(plain)):
        said = plain[bucket]
        if not said:
            assert np.isnan([made[name][place] for name in (POWER, COUNTER, STATE)]).all()
            continue
        assert made[POWER][place] == pytest.approx(sum(said) / len(said))
        assert made[COUNTER][place] == made[STATE][place] == said[-1]


def test_many_devices_are_picked_by_the_server_only_while_they_are_a_part_of_their_kind() -> None:
    kinds = {f"i-{number}": DeviceKind.INVERTER for number in range(1000)} | {"m": DeviceKind.REVENUE_METER}
    reader = Reader(lambda _: [], lambda: kinds)

    def asked(count: int) -> tuple[bool, int]:
        [source] = reader.sources([f"i-{number}" for number in range(count)])
        return bool(source.where), source.read

    assert asked(200) == (True, 200)
    assert asked(600) == (True, 600)
    assert asked(601) == (False, 1000)
    assert [source.read for source in reader.sources(["m", "i-1"])] == [1, 1]
    assert {source.kind for source in reader.sources(["gone"])} == set(KINDS)


@pytest.mark.needs("influxd")
def test_between_the_pieces_of_a_long_answer_others_may_write(
    store: InfluxStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.write([batch(minute) for minute in range(90)])
    monkeypatch.setattr("stores.influx_read._CELLS_MAX", 60)
    writer = threading.Thread(target=store.write, args=([batch(200)],))
    written: list[bool] = []
    real = store._client.query

    def query(text: str) -> Any:
        if text.startswith("SELECT") and threading.current_thread() is threading.main_thread():
            if writer.ident is None:
                writer.start()
            else:
                writer.join(5.0)
                written.append(not writer.is_alive())
        return real(text)

    monkeypatch.setattr(store._client, "query", query)
    store.read(["inv-1"], QUANTITIES, Interval(NOON, NOON + timedelta(minutes=90)))
    assert written, "there was one piece only"
    assert all(written), "the writer waited for the whole of the answer"
