"""One small district for the tests of this folder."""

import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser.walk import paid_world, whole_app
from tests.commands.payout_world import World as Paid
from tests.dashboard.fixtures import Served, World, build, few_plants, sample_registry

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Five live plants (the fifth silent for two hours), one read by hand, one from files; 11:40 in June."""
    registry = few_plants(sample_registry())
    made = build(tmp_path_factory.mktemp("world"), registry, silent=[registry.plants[4].plant_id])
    yield made
    made.close()


@pytest.fixture(scope="module")
def base(world: World) -> Iterator[str]:
    """The pages of that district on a port of this machine."""
    served = Served(world.app())
    yield served.url
    served.stop()


@pytest.fixture(scope="session")
def paid(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Paid]:
    """Three villages with a quarter's money paid out."""
    made = paid_world(tmp_path_factory.mktemp("paid"))
    yield made
    made.close()


@pytest.fixture(scope="session")
def whole(world: World, paid: Paid) -> Iterator[str]:
    """Every page of the application: that district and these villages behind one address."""
    served = Served(whole_app(world, paid))
    yield served.url
    served.stop()
