"""Acts on alerts over a real store: of many at once one wins, what lacks something is refused, all is audited."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from threading import Barrier

import pytest

from access.principal import Principal
from alerts.handling import HandlingRefusedError
from cases.lifecycle import fold
from cases.refusal import CaseRefusedError
from commands.alert_handling import AlertHandling, NewStop
from commands.case_rules import NewCase
from commands.cases import Cases
from domain.account import Role, Scope
from domain.alert import Severity
from domain.case import CaseKind, CaseState
from domain.errors import AccessDeniedError
from domain.handling import StopKind
from domain.maintenance import Maintenance
from domain.plant import Registry
from tests.alerts.makers import alert
from tests.commands.builders import START, Office, office

CROWD = 8


def person(name: str, role: Role = Role.OM, scope: Scope | None = None) -> Principal:
    return Principal(name, f"{name}（虚构）", frozenset({role}), scope or Scope(everything=True))


@pytest.fixture
def there(tmp_path: Path) -> Iterator[Office]:
    with office(tmp_path) as made:
        made.records.put_alerts([alert("x1", Severity.S2, plant_id="a", device_id="a-i1")], START)
        yield made


def handling(of: Office) -> AlertHandling:
    return AlertHandling(of.records, of.district, of.clock, of.field_clock)


def cases(of: Office, registry: Registry | None = None) -> Cases:
    return Cases(of.records, registry or of.district, Maintenance(), of.clock, of.field_clock)


def at_once(count: int, act: object) -> list[object]:
    """Let so many do the same at the same moment; return what each got."""
    gate = Barrier(count)

    def one(number: int) -> object:
        gate.wait(10)
        try:
            return act(number)  # type: ignore[operator]
        except (HandlingRefusedError, CaseRefusedError) as error:
            return error

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


def test_of_many_who_acknowledge_at_once_exactly_one_does_and_the_others_are_told(there: Office) -> None:
    told = at_once(CROWD, lambda n: handling(there).acknowledge(person(f"p{n}"), "x1", 0))
    winners = [each for each in told if not isinstance(each, Exception)]
    assert len(winners) == 1
    [act] = there.records.alert_acts(["x1"])["x1"]
    for error in (each for each in told if isinstance(each, HandlingRefusedError)):
        assert error.key in {"handling.problem.acknowledged", "handling.problem.somebody_quicker"}
    assert act.by == winners[0].acknowledged_by  # type: ignore[attr-defined]
    outcomes = [entry.outcome for entry in there.entries() if entry.action == "alert.acknowledge"]
    assert outcomes.count("done") == 1


def test_of_many_orders_for_one_alert_at_once_one_is_made(there: Office) -> None:
    told = at_once(CROWD, lambda n: cases(there).from_alert(person(f"p{n}"), "x1"))
    assert sum(not isinstance(each, Exception) for each in told) == 1
    assert len(list(there.records.cases_acts(open_only=True))) == 1


def test_of_many_who_finish_an_order_at_once_one_is_next(there: Office) -> None:
    made = cases(there).from_alert(person("desk"), "x1", "p0")
    told = at_once(CROWD, lambda n: cases(there).note(person(f"p{n}"), made.case_id, made.acts, f"n{n}"))
    assert sum(not isinstance(each, Exception) for each in told) == 1
    assert fold(there.records.case_acts(made.case_id)).acts == made.acts + 1


@pytest.mark.parametrize("act", ["silence", "shelve"])
def test_a_quiet_without_end_is_refused_and_people_are_told_as_before(there: Office, act: str) -> None:
    with pytest.raises(HandlingRefusedError) as refused:
        getattr(handling(there), act)(person("desk"), "x1", 0, None, "等备件")
    assert refused.value.key == "handling.problem.no_end"
    assert there.records.alert_acts(["x1"]).get("x1", []) == []


def test_an_order_for_a_retired_device_is_refused_with_the_day_it_left(there: Office) -> None:
    plant = there.district.plants_by_id["a"]
    gone = date(2026, 6, 1)
    devices = tuple(
        replace(one, in_service_to=gone) if one.device_id == "a-i1" else one for one in plant.devices
    )
    others = tuple(one for one in there.district.plants if one.plant_id != "a")
    district = replace(there.district, plants=(replace(plant, devices=devices), *others))
    new = NewCase(CaseKind.ORDER, "换风扇", "a", "a-i1")
    with pytest.raises(CaseRefusedError) as refused:
        cases(there, district).register(person("desk"), new)
    assert refused.value.values["day"] == "2026-06-01"
    with pytest.raises(CaseRefusedError):
        cases(there, district).from_alert(person("desk"), "x1")
    assert list(there.records.cases_acts(open_only=True)) == []
    kept = cases(there, district).register(person("desk"), replace(new, device_id="a-i2"))
    assert kept.state is CaseState.REGISTERED


def test_a_tag_by_the_field_man_ends_by_itself_and_only_on_his_own_order(there: Office) -> None:
    made = cases(there).from_alert(person("desk"), "x1", "zhao")
    with pytest.raises(AccessDeniedError):
        cases(there).tag(person("qian", Role.FIELD), made.case_id)
    stop = cases(there).tag(person("zhao", Role.FIELD), made.case_id)
    assert (stop.plant_id, stop.device_id, stop.end - stop.start) == ("a", "a-i1", timedelta(hours=4))
    assert stop.reason.startswith(made.number)
    assert ("case.tag", made.number, "done") in there.audited()
    there.field_clock.advance(5 * 3600)
    with pytest.raises(CaseRefusedError):
        cases(there).untag(person("zhao", Role.FIELD), made.case_id)


def test_no_tag_hangs_on_a_case_about_a_village_or_one_that_is_closed(there: Office) -> None:
    village = there.district.villages[0].village_id
    new = NewCase(CaseKind.REPORT, "分红", village_id=village, reporter="匿名")
    report = cases(there).register(person("desk"), new)
    with pytest.raises(CaseRefusedError):
        cases(there).tag(person("desk"), report.case_id)
    order = cases(there).from_alert(person("desk"), "x1", "desk")
    done = cases(there).done(person("desk"), order.case_id, order.acts, "误报", "no_fault")
    cases(there).accept(person("desk"), order.case_id, done.acts, "没有电量可复核")
    with pytest.raises(CaseRefusedError):
        cases(there).tag(person("desk"), order.case_id)


def test_a_stop_needs_a_reason_an_end_in_the_future_and_a_place_of_ours(there: Office) -> None:
    good = NewStop(StopKind.MAINTENANCE, START, START + timedelta(hours=2), "清洗", "a")
    for key, bad in {
        "no_reason": replace(good, reason=" "),
        "end_past": replace(good, end=START),
        "no_place": replace(good, plant_id="elsewhere"),
        "unknown_feeder": replace(good, kind=StopKind.OUTAGE, feeder="某线"),
    }.items():
        with pytest.raises(HandlingRefusedError) as refused:
            handling(there).add_stop(person("desk"), bad)
        assert refused.value.key == f"handling.problem.{key}"
    with pytest.raises(HandlingRefusedError):
        handling(there).add_stop(person("desk"), replace(good, device_id="b-i1"))
    assert there.records.stops(START, START + timedelta(days=1)) == []
    kept = handling(there).add_stop(person("desk"), replace(good, device_id="a-i2"))
    assert there.records.stops(START, START + timedelta(days=1)) == [kept]
    handling(there).end_stop(person("desk"), kept.stop_id)
    with pytest.raises(HandlingRefusedError):
        handling(there).end_stop(person("desk"), kept.stop_id)
