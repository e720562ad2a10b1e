"""What a root costs: with what it explains, and the same energy never twice."""

from alerts.root_cost import with_explained
from domain.alert import Alert, Severity
from tests.alerts.makers import alert


def costing(name: str, fen: int | None, parent: str | None = None, **evidence: str) -> Alert:
    return alert(name, Severity.S3, at_risk_fen=fen, parent_id=parent, evidence=evidence)


def test_a_low_insulation_costs_what_the_inverter_it_stops_costs() -> None:
    stop = costing("f08", 9_000, "f18", at_risk_benchmark_fen="6000", at_risk_subsidy_fen="3000")
    told = with_explained([costing("f18", 0, at_risk_benchmark_fen="0", ohm="52000"), stop])
    assert told["f18"].at_risk_fen == 9_000
    assert told["f18"].evidence == {
        "ohm": "52000",
        "at_risk_benchmark_fen": "6000",
        "at_risk_subsidy_fen": "3000",
    }
    assert told["f08"] == stop


def test_a_plant_priced_whole_does_not_count_its_inverters_again() -> None:
    units = [costing(f"unit-{n}", 4_000, "plant") for n in range(2)]
    assert with_explained([costing("plant", 9_000), *units])["plant"].at_risk_fen == 9_000


def test_what_is_explained_over_two_steps_counts_at_the_root_and_order_does_not_matter() -> None:
    rows = [costing("root", None), costing("middle", 0, "root"), costing("leaf", 700, "middle")]
    for given in (rows, rows[::-1]):
        assert {name: one.at_risk_fen for name, one in with_explained(given).items()} == {
            "root": 700,
            "middle": 700,
            "leaf": 700,
        }


def test_nothing_known_stays_unknown_and_a_parent_not_given_is_no_root() -> None:
    told = with_explained([costing("root", None), costing("child", None, "root"), costing("lost", 5, "gone")])
    assert told["root"].at_risk_fen is None
    assert set(told) == {"root", "child", "lost"}


def test_two_that_explain_each_other_are_counted_and_do_not_hang() -> None:
    told = with_explained([costing("a", 1, "b"), costing("b", 2, "a")])
    assert {name: one.at_risk_fen for name, one in told.items()} == {"a": 2, "b": 2}
