"""The calendar of planned inspections: every plant once a turn, spread over its month, the same twice."""

from datetime import date

from cases.inspections import visits
from domain.maintenance import InspectionPlan
from tests.access.people import registry

PLANTS = registry().plants
PLAN = InspectionPlan("half-year", "半年巡检", date(2026, 3, 1), 6, ("紧固接线端子", "清理通风口"))


def test_every_plant_is_due_once_a_turn_and_not_all_on_one_day() -> None:
    found = visits([PLAN], PLANTS, date(2026, 3, 1), date(2027, 2, 28))
    assert [visit.plant_id for visit in found] == ["a", "b", "c"] * 2
    assert len({visit.on for visit in found}) == 6
    assert {visit.on.month for visit in found} == {3, 9}


def test_a_part_of_the_calendar_is_the_same_as_the_whole() -> None:
    whole = visits([PLAN], PLANTS, date(2026, 1, 1), date(2028, 1, 1))
    part = visits([PLAN], PLANTS, date(2026, 9, 1), date(2026, 9, 30))
    assert part == [visit for visit in whole if visit.on.month == 9 and visit.on.year == 2026]
    assert len({visit.visit_id for visit in whole}) == len(whole)


def test_no_plant_is_inspected_before_it_was_there() -> None:
    early = InspectionPlan("p", "巡检", date(2019, 6, 1), 12, ("看",))
    found = visits([early], PLANTS, date(2019, 1, 1), date(2020, 12, 31))
    assert [visit.on.year for visit in found] == []  # all plants came on 30 June 2020, after their June day
    assert len(visits([early], PLANTS, date(2021, 1, 1), date(2021, 12, 31))) == 3
