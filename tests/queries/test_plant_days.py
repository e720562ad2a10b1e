"""A plant by days: sums where every part is known, ratios of sums, and what cannot be known stays so."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from access.principal import Principal
from domain.account import Role, Scope
from domain.clock import ManualClock
from domain.day_figures import DayFigures, DayLoss
from domain.errors import AccessDeniedError
from domain.kpi import DailyKpi
from domain.plant import Design, Registry
from queries.plant_days import PlantDaysQuery
from stores.records.store import SqlRecordStore
from tests.alerts.builders import local, plant

PLANT = plant(5, "p1")
REGISTRY = Registry("商州区", (), (), (PLANT,))
READER = Principal("om", "运维", frozenset({Role.OM}), Scope(everything=True))
D9, D10 = date(2026, 6, 9), date(2026, 6, 10)


@pytest.fixture
def records(tmp_path: Path) -> Iterator[SqlRecordStore]:
    store = SqlRecordStore.at(tmp_path / "records.sqlite")
    yield store
    store.close()


class Sold:
    """A sample store that knows days of energy alone."""

    def __init__(self, *days: DailyKpi) -> None:
        self._days = days

    def daily(self, plant_ids: list[str], first: date, last: date) -> list[DailyKpi]:
        return [one for one in self._days if one.plant_id in plant_ids and first <= one.day <= last]


def query(records: SqlRecordStore | None, *sold: DailyKpi, registry: Registry = REGISTRY) -> PlantDaysQuery:
    sources = SimpleNamespace(
        registry=registry, days=records, store=Sold(*sold), clock=ManualClock(local("11 09:00"))
    )
    return PlantDaysQuery(cast("Any", sources))


def test_a_plant_stands_against_its_design_and_the_year_before_by_what_it_sold(
    records: SqlRecordStore,
) -> None:
    def day(at: date, sold: float | None, produced: float | None) -> DailyKpi:
        return DailyKpi("p1", at, produced, sold, None, None, 1.0, 5, 5)

    kept(records, figures(D10, "", 480.0))
    own = replace(PLANT, designs=(Design(date(2026, 1, 1), (15_000.0,) * 12, 0.0, "可研"),))
    known = (day(D9, 450.0, 470.0), day(D10, None, 500.0), day(date(2025, 6, 9), 400.0, None))
    view = query(records, *known, registry=replace(REGISTRY, plants=(own,))).view(READER, "p1")
    assert view.baseline.days == 2
    assert view.baseline.attainment_month == pytest.approx(950 / 1000)
    assert view.baseline.year_on_year is None, "one of two days has no year before"
    assert query(records, *known).view(READER, "p1").baseline.attainment_month is None


def figures(day: date, device_id: str, energy: float | None, expected: float | None = 500.0) -> DayFigures:
    lost = None if energy is None or expected is None else expected - energy
    return DayFigures("p1", device_id, day, energy, expected, lost, 0.8, 0.98, 1.0)


def kept(records: SqlRecordStore, *rows: DayFigures, losses: tuple[DayLoss, ...] = ()) -> None:
    records.put_days("p1", [D9, D10], rows, losses)


def loss(day: date, cause: str, kwh: float, fen: int | None = 100) -> DayLoss:
    return DayLoss("p1", "p1-inv-01", day, cause, kwh, kwh - 1, kwh + 1, "peers", fen, fen)


def test_the_parts_of_a_day_and_of_the_month_add_up_to_what_is_missing(records: SqlRecordStore) -> None:
    rows = (figures(D9, "", 450.0), figures(D10, "", 480.0))
    losses = (loss(D9, "outage", 50.0), loss(D10, "string", 12.0), loss(D10, "unexplained", 8.0))
    kept(records, *rows, losses=losses)
    view = query(records).view(READER, "p1")
    assert view.day is not None
    assert view.month is not None
    assert (view.day.expected_kwh, view.day.produced_kwh) == (500.0, 480.0)
    assert [(each.cause, each.lost_kwh) for each in view.day.losses] == [
        ("string", 12.0),
        ("unexplained", 8.0),
    ]
    assert (view.month.expected_kwh, view.month.produced_kwh) == (1000.0, 930.0)
    assert sum(each.lost_kwh for each in view.month.losses) == pytest.approx(1000.0 - 930.0)
    assert view.month.losses[0].fen == 200


def test_a_day_without_expectation_is_in_no_sum_and_a_loss_without_tariff_has_no_price(
    records: SqlRecordStore,
) -> None:
    rows = (figures(D9, "", 450.0, None), figures(D10, "", 480.0))
    kept(records, *rows, losses=(loss(D9, "outage", 50.0), loss(D10, "string", 20.0, None)))
    view = query(records).view(READER, "p1")
    assert view.month is not None
    assert view.month.expected_kwh == 500.0
    assert [(each.cause, each.fen) for each in view.month.losses] == [("string", None)]


def test_inverters_are_ranked_by_specific_yield_over_the_median_the_weakest_first(
    records: SqlRecordStore,
) -> None:
    names = [device.device_id for device in PLANT.devices if "inv" in device.device_id]
    rows = [figures(D10, "", 480.0)]
    rows += [figures(D10, name, 100.0 if n != 1 else 90.0) for n, name in enumerate(names)]
    kept(records, *rows)
    ranking = query(records).view(READER, "p1").ranking
    assert ranking[0].device.device_id == names[1]
    assert ranking[0].ratio == pytest.approx(0.9)
    assert ranking[-1].ratio == pytest.approx(1.0)


def test_too_few_peers_have_no_ratio_and_a_unit_without_energy_has_no_yield(records: SqlRecordStore) -> None:
    names = [device.device_id for device in PLANT.devices if "inv" in device.device_id]
    kept(
        records,
        figures(D10, "", 200.0),
        *(figures(D10, name, 100.0) for name in names[:2]),
        figures(D10, names[2], None),
    )
    ranking = query(records).view(READER, "p1").ranking
    assert [each.ratio for each in ranking] == [None, None, None]
    assert ranking[-1].yield_h is None


def test_nothing_computed_yet_is_nothing_and_a_foreign_plant_is_refused(records: SqlRecordStore) -> None:
    assert query(records).view(READER, "p1").days == ()
    assert query(None).view(READER, "p1").month is None
    stranger = replace(READER, scope=Scope(plant_ids=frozenset({"p9"})))
    with pytest.raises(AccessDeniedError):
        query(records).view(stranger, "p1")


def test_any_day_has_the_losses_of_its_own_and_a_day_nobody_knows_has_none(records: SqlRecordStore) -> None:
    rows = (figures(D9, "", 450.0), figures(D10, "", 480.0))
    kept(records, *rows, losses=(loss(D9, "outage", 50.0), loss(D10, "string", 20.0)))
    view = query(records).view(READER, "p1", D9)
    assert view.day is not None
    assert (view.shown, view.day.produced_kwh) == (D9, 450.0)
    assert [each.cause for each in view.day.losses] == ["outage"]
    assert view.month is not None
    assert view.month.expected_kwh == 1000.0, "the month holds every day of it"
    unknown = query(records).view(READER, "p1", date(2026, 6, 3))
    assert (unknown.shown, unknown.day) == (date(2026, 6, 3), None)
    assert unknown.month is not None
    assert query(records).view(READER, "p1", date(2027, 1, 1)).shown == D10, "no day to come"


def test_a_day_of_months_ago_is_shown_with_its_month_and_ranking_stays_of_now(
    records: SqlRecordStore,
) -> None:
    old = date(2026, 2, 14)
    names = [device.device_id for device in PLANT.devices if "inv" in device.device_id]
    records.put_days("p1", [old], [figures(old, "", 300.0)], [loss(old, "snow", 200.0)])
    kept(records, figures(D10, "", 480.0), *(figures(D10, name, 100.0) for name in names))
    view = query(records).view(READER, "p1", old)
    assert [each.day for each in view.days] == [old]
    assert view.day is not None
    assert [each.cause for each in view.day.losses] == ["snow"]
    assert len(view.ranking) == len(names)
    assert view.last is not None
    assert view.last.day == D10
    empty = query(records).view(READER, "p1", date(2026, 4, 2))
    assert (empty.days, empty.shown) == ((), date(2026, 4, 2))
