"""One small district for the tests of this folder."""

from collections.abc import Iterator

import pytest

from tests.dashboard.fixtures import World, build, few_plants, sample_registry


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Five live plants (the fifth silent for two hours), one read by hand, one from files; 11:40 in June."""
    registry = few_plants(sample_registry())
    made = build(tmp_path_factory.mktemp("world"), registry, silent=[registry.plants[4].plant_id])
    yield made
    made.close()
