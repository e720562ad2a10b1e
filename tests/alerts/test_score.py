"""How alerts do against a known truth."""

import pytest

from alerts.catalog import KINDS
from alerts.score import NAMES, allowances, read_alerts, read_truth, score
from domain.errors import CommandError
from main.alert_rules import DELIVERED
from main.configuration import load_alert_rules

TRUTH = """kind,plant_id,device_id,part,start,end,lost_kwh
inverter_trip,p1,p1-inv-01,,2026-06-10T10:00:00+08:00,2026-06-10T12:00:00+08:00,50
inverter_trip,p1,p1-inv-02,,2026-06-10T10:00:00+08:00,2026-06-10T12:00:00+08:00,50
string_open,p2,p2-inv-01,string_03,2026-06-10T10:00:00+08:00,,
"""
ALERTS = """rule,plant_id,device_id,part,raised_at,resolved_at,severity,lost_kwh,lost_fen,cause
F08,p1,p1-inv-01,,2026-06-10T10:15:00+08:00,2026-06-10T12:15:00+08:00,S2,,,
F08,p1,p1-inv-03,,2026-06-10T10:15:00+08:00,2026-06-10T12:15:00+08:00,S2,,,
F44,p2,p2-inv-01,,2026-06-10T20:00:00+08:00,,S3,,,
"""


def test_recall_precision_delay_and_false_alarms_are_told_by_rule_and_by_kind() -> None:
    found = {each.rule: each for each in score(read_alerts(ALERTS), read_truth(TRUTH), days=10)}
    f08 = found["F08"]
    assert (f08.events, f08.found, f08.alerts, f08.right) == (2, 1, 2, 1)
    assert (f08.recall, f08.precision, f08.delay_h, f08.false_per_plant_day) == (0.5, 0.5, 0.25, 0.1)
    assert (found["F44"].precision, found["F44"].delay_h) == (1.0, 10.0)
    assert found["F10"].recall == 0.0
    assert found["string_open"].recall == 1.0
    assert found["inverter_trip"].recall == 0.5


def test_an_alert_of_another_plant_or_time_is_no_hit() -> None:
    late = ALERTS.replace("2026-06-10T10:15:00+08:00", "2026-06-11T10:15:00+08:00").replace("12:15", "23:15")
    late = late.replace("2026-06-10T23:15:00+08:00", "2026-06-11T12:15:00+08:00")
    assert {each.rule: each for each in score(read_alerts(late), read_truth(TRUTH))}["F08"].found == 0


def test_an_alert_of_another_string_is_no_hit_and_one_of_its_input_is() -> None:
    def found(part: str) -> int:
        told = ALERTS.replace("F44,p2,p2-inv-01,,", f"F11,p2,p2-inv-01,{part},")
        return {each.rule: each for each in score(read_alerts(told), read_truth(TRUTH))}["F11"].right

    assert [found(part) for part in ("string_03", "string_3", "string_04", "mppt_2", "")] == [1, 1, 0, 1, 1]


def test_an_alert_after_the_event_counts_only_as_far_as_the_hold_of_its_rule_explains() -> None:
    allowed = allowances(load_alert_rules(DELIVERED.parent).rules)
    assert allowed["F08"].total_seconds() == 20 * 60
    assert allowed["F23"].total_seconds() == 40 * 60
    assert allowed["F15"].total_seconds() == 16 * 3600

    def right(at: str) -> int:
        late = ALERTS.replace("12:15", "23:15").replace("2026-06-10T10:15:00+08:00", at)
        return {each.rule: each for each in score(read_alerts(late), read_truth(TRUTH), None, allowed)}[
            "F08"
        ].right

    assert [right(f"2026-06-10T{at}:00+08:00") for at in ("11:59", "12:15", "12:25")] == [1, 1, 0]


def test_an_event_that_cost_less_than_asked_for_is_not_missed_and_an_alert_about_it_is_right() -> None:
    small = TRUTH.replace(
        "10:00:00+08:00,2026-06-10T12:00:00+08:00,50", "10:00:00+08:00,2026-06-10T12:00:00+08:00,2"
    )
    found = {each.rule: each for each in score(read_alerts(ALERTS), read_truth(small), least_kwh=5.0)}
    assert (found["F08"].events, found["F08"].right) == (0, 1)
    assert "inverter_trip" not in found
    with pytest.raises(CommandError, match="no number"):
        read_truth(TRUTH.replace(",50", ",much"))


def test_files_that_cannot_be_read_say_what_is_missing() -> None:
    with pytest.raises(CommandError, match="plant_id"):
        read_truth("kind,device_id\n")
    with pytest.raises(CommandError, match="offset"):
        read_truth(TRUTH.replace("+08:00", ""))
    with pytest.raises(CommandError, match="no instant"):
        read_alerts(ALERTS.replace("2026-06-10T20:00:00+08:00", "soon"))


def test_every_kind_of_truth_is_named_by_rules_that_exist() -> None:
    assert {rule for rules in NAMES.values() for rule in rules} <= set(KINDS)
