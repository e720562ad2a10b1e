"""The past of a demonstration: made in a process forked from the fleet's, loaded as it comes, ended when told."""

import time
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest

from domain.timespan import Interval
from main.demo.past import RECENT, PastLoader, make, make_beside
from stores.duckdb import DuckDbStore
from tests.simulator.builders import NOON, fleet, plant

DAYS = 4
pytestmark = pytest.mark.filterwarnings(
    "ignore:.*fork:DeprecationWarning"
)  # the child touches no thread's lock


class Told:
    """What a loader said, in order."""

    def __init__(self, store: DuckDbStore, folder: Path, *, making: bool = True) -> None:
        self.recent: list[int] = []
        self.done: list[tuple[int, str]] = []
        self.loader = PastLoader(
            store,
            folder,
            NOON - RECENT,
            lambda: making,
            self.recent.append,
            lambda rows, problem: self.done.append((rows, problem)),
        )

    def to_the_end(self) -> tuple[int, str]:
        """Load until there is nothing more."""
        self.loader.start()
        assert self.loader.wait(30.0)
        return self.done[0]


@pytest.fixture
def store(tmp_path: Path) -> DuckDbStore:
    one, clock = fleet(plant(0))
    return DuckDbStore(
        tmp_path / "samples.duckdb", clock, {d.device_id: d.kind for d in one.registry.devices()}
    )


def test_the_past_made_beside_the_fleet_is_in_the_store_and_the_newest_days_are_told_first(
    store: DuckDbStore, tmp_path: Path
) -> None:
    one, _ = fleet(plant(0, inverters=2))
    out = tmp_path / "past"
    out.mkdir()
    make_beside(one, DAYS, out, "样例")
    told = Told(store, out)
    rows, problem = told.to_the_end()
    assert problem == ""
    assert 0 < told.recent[0] < rows
    device = one.field.inverters.devices[0].device_id
    kept = store.read([device], ["ac_active_power_w"], Interval(NOON - timedelta(days=DAYS), NOON))
    assert len(kept) > DAYS * 60
    assert not list(out.glob("*.day")), "what is kept is removed"


def test_a_maker_that_gives_up_says_why(store: DuckDbStore, tmp_path: Path) -> None:
    one, _ = fleet(plant(0))
    (tmp_path / "past" / "00000.part").mkdir(parents=True)  # in the way of the first day
    make_beside(one, 1, tmp_path / "past", "样例")
    rows, problem = Told(store, tmp_path / "past").to_the_end()
    assert rows == 0
    assert "FileExistsError" in problem


def test_a_fleet_that_ended_before_its_past_was_made_is_said(store: DuckDbStore, tmp_path: Path) -> None:
    rows, problem = Told(store, tmp_path / "past", making=False).to_the_end()
    assert rows == 0
    assert "ended before" in problem


def test_a_maker_that_is_told_to_stop_writes_no_more(store: DuckDbStore, tmp_path: Path) -> None:
    one, _ = fleet(plant(0))
    told = Told(store, tmp_path)
    told.loader.start()
    told.loader.stop()
    make(one, DAYS, tmp_path, "样例")
    assert not list(tmp_path.glob("*.day"))
    assert told.done == [], "an end that was wanted is no failure"


def test_a_table_that_cannot_be_kept_ends_the_loading_with_the_reason(
    store: DuckDbStore, tmp_path: Path
) -> None:
    (tmp_path / "00000.day").mkdir()
    pd.DataFrame({"device_id": ["unknown"], "nothing": [1.0]}).to_feather(
        tmp_path / "00000.day" / "0.feather"
    )
    begun = time.monotonic()
    _, problem = Told(store, tmp_path).to_the_end()
    assert problem
    assert time.monotonic() - begun < 20
