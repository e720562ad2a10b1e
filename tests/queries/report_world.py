"""Two kept days of the first two plants: what reports are made of."""

from datetime import date

from domain.day_figures import DayFigures, DayLoss
from queries.reports import Reports
from tests.dashboard.fixtures import World

DAY = date(2026, 6, 17)  # yesterday of the district's noon


def keep_days(world: World) -> None:
    """Keep yesterday of two plants: one well, one that lost to a string."""
    one, two = world.registry.plants[:2]
    world.records.put_days(
        one.plant_id, [DAY], [DayFigures(one.plant_id, "", DAY, 1000.0, 1010.0, 10.0, 0.8, 1.0, 1.0)], []
    )
    lost = DayLoss(two.plant_id, "d1", DAY, "string", 200.0, 150.0, 260.0, "string", 7_090, 0)
    figures = [DayFigures(two.plant_id, "", DAY, 800.0, 1000.0, 200.0, 0.64, 0.5, 0.9)]
    world.records.put_days(two.plant_id, [DAY], figures, [lost])


def reports(world: World) -> Reports:
    """Return the reports of the district."""
    work = world.services.work
    assert work is not None
    money = world.services.money_queries
    return Reports(world.registry, world.clock, world.records, work.views, money)
