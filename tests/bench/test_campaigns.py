"""Short runs of the campaigns: nothing acknowledged is lost, and the planted errors are noticed."""

import pytest

from bench.drain import measure
from bench.edge_kills import edge_kills
from bench.job_month import month
from bench.kills import KINDS, spool_kills
from bench.ledger_campaign import ledger_kills, tamperings
from bench.power_cut import cuts
from bench.week import week


@pytest.mark.needs("cc")
def test_no_power_cut_loses_an_acknowledged_row_or_its_slot() -> None:
    found = cuts(20, groups=30)
    assert found["states_with_unsynced_data"] > 0
    assert (found["states_that_lost_acknowledged_rows"], found["damaged_files"]) == (0, 0)


@pytest.mark.needs("cc")
@pytest.mark.parametrize("planted", ["normal", "early"])
def test_a_planted_error_is_noticed(planted: str) -> None:
    """synchronous=NORMAL, and an acknowledgement before the commit."""
    assert cuts(20, planted, groups=30)["acknowledged_rows_lost"] > 0


@pytest.mark.parametrize(("kind", "kills"), [("spool", 5), ("collector", 2), ("forwarder", 2)])
def test_no_kill_loses_an_acknowledged_row(kind: str, kills: int) -> None:
    found = KINDS[kind](kills)
    assert found["with_uncommitted"] == kills
    assert (found["acknowledged_lost"], found["damaged"]) == (0, 0)
    assert (found.get("rows_without_slot", 0), found.get("stored_twice", 0)) == (0, 0)


def test_a_row_acknowledged_before_its_commit_is_noticed_by_kills() -> None:
    assert any(spool_kills(20, "early", seed)["acknowledged_lost"] for seed in range(15))


@pytest.mark.alone
@pytest.mark.slow
@pytest.mark.needs("mosquitto")
def test_no_kill_of_village_broker_or_centre_loses_or_doubles_a_row() -> None:
    found = edge_kills(6, seed=3)
    assert found["rows_told"] > 0
    assert min(found[f"kills_{who}"] for who in ("village", "broker", "centre")) > 0
    names = ("rows_lost", "rows_doubled", "rows_nobody_read", "rows_left", "refused", "damaged")
    assert {name: found[name] for name in names} == dict.fromkeys(names, 0)


@pytest.mark.alone
@pytest.mark.slow
@pytest.mark.needs("mosquitto")
def test_a_village_that_believes_the_broker_is_noticed_by_kills() -> None:
    assert any(edge_kills(8, seed=seed, planted="early")["rows_lost"] for seed in range(4))


def test_our_account_of_samples_is_what_really_happened_slot_by_slot() -> None:
    found = week(2, 1)
    assert (found["slots_wrong"], found["answers_never_committed"], found["stored_twice"]) == (0, 0, 0), found
    assert float(found["reasons_used"]) >= 14
    for rare in ("saved", "maintenance", "implausible_time", "clock", "stale"):
        assert float(found[f"state_{rare}"]) > 0, rare
    assert float(found["dead_share_of_wire_time_percent"]) <= 10
    assert float(found["seen_again_after_most_s"]) <= 300


def test_a_row_that_vanishes_uncounted_is_noticed() -> None:
    assert float(week(2, 1, planted="drop")["slots_wrong"]) > 0


def test_no_kill_of_eight_callers_leaves_half_an_entry_or_a_key_twice() -> None:
    found = ledger_kills(3)
    assert found["acknowledged"] > 0
    assert (found["acknowledged_lost"], found["keys_twice"], found["ledgers_broken"]) == (0, 0, 0)


def test_a_change_by_raw_sql_is_found_and_its_row_named() -> None:
    found = tamperings(60, seed=3)
    assert (found["missed"], found["row_not_named"]) == (0, 0), found["examples"]


@pytest.mark.needs("influxd")
@pytest.mark.parametrize("store", ["influx", "duckdb"])
def test_a_store_that_comes_back_gets_everything_once_and_live_rows_first(store: str) -> None:
    found = measure(store, 0.1)
    assert found["drain_lost"] == 0
    assert found["drain_live_rows"] > 0
    assert found["drain_live_age_max_s"] <= 120
    assert found["drain_over_live_rate"] > 1


def test_every_period_of_a_job_has_one_right_result_through_stops_kills_and_clock_steps() -> None:
    found = month(3, seed=2)
    assert found["kills"] > 0
    assert found["periods_without_result"] == found["periods_with_two_rows"] == found["reports_undone"] == 0
    assert (found["results_before_their_time"], found["kpi_days_wrong"]) == (0, 0), found
