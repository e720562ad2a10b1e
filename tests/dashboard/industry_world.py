"""A small district with an invented season of the other industries behind it, for tests of pages."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dashboard.factory import create_app
from dashboard.industry_services import IndustryServices
from domain.account import Role, Scope, User
from main.demo.industries import SeasonMade, make_season
from main.industries import load_industries
from main.industry_desk import industry_services
from main.settings import load_settings
from tests.dashboard.fixtures import PASSWORD, ROOT, World, bare, few_plants, sample_registry

NOW = datetime(2026, 11, 27, 2, 30, tzinfo=UTC)


@dataclass(frozen=True)
class Season:
    """The world, what was made in it, and the services of industries."""

    world: World
    made: SeasonMade
    services: IndustryServices

    def app(self) -> Any:
        """Return the application."""
        return create_app(replace(self.world.services, industries=self.services), self.world.settings)


def open_season(folder: Path) -> Season:
    """Return the district; its user ``town`` sees the town of the fallen household alone."""
    registry = few_plants(sample_registry())
    world = bare(folder, registry, NOW)
    settings = load_settings({}, config_dir=ROOT / "config", data_dir=folder)
    rules = load_industries(ROOT / "config", None)
    made = make_season(
        lambda clock: industry_services(settings, world.records, registry, clock), registry, rules, NOW
    )
    assert made is not None
    hashed = world.passwords.hash(PASSWORD)
    scope = Scope(town_ids=frozenset({registry.villages[2].town_id}))
    world.records.add_user(User("town", "town", frozenset({Role.TOWNSHIP}), scope, hashed))
    return Season(world, made, industry_services(settings, world.records, registry, world.clock))
