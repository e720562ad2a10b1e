"""What tests share: tools that may be missing, data that may be absent."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.stores.postgres_server import PostgresServer

ROOT = Path(__file__).parent.parent
DATA = Path(os.environ.get("PVMON_TEST_DATA", ROOT.parent / "shared" / "data"))
REFERENCE = DATA.parent / "reference"
REQUIRE_ALL = os.environ.get("PVMON_REQUIRE") == "all"


def _program(*names: str) -> Callable[[], bool]:
    return lambda: any(
        shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin") is not None for name in names
    )


def _cjk_font() -> bool:
    listing = subprocess.run(["fc-list", ":lang=zh"], capture_output=True, text=True, check=False)
    return bool(listing.stdout.strip())


def _postgres() -> bool:
    from tests.stores.postgres_server import binaries

    return binaries() is not None


TOOLS: dict[str, tuple[Callable[[], bool], str]] = {
    "mosquitto": (_program("mosquitto"), "sudo apt-get install mosquitto"),
    "chromium": (_program("chromium", "chromium-browser", "google-chrome"), "sudo apt-get install chromium"),
    "influxd": (_program("influxd"), "sudo apt-get install influxdb"),
    "mbpoll": (_program("mbpoll"), "sudo apt-get install mbpoll"),
    "cc": (_program("cc"), "sudo apt-get install gcc libc6-dev"),
    "libmodbus": (
        lambda: Path("/usr/include/modbus/modbus.h").exists(),
        "sudo apt-get install libmodbus-dev",
    ),
    "postgres": (_postgres, "sudo apt-get install postgresql"),
    "victoria": (_program("victoria-metrics"), "sudo apt-get install victoria-metrics"),
    "cjk_font": (_cjk_font, "sudo apt-get install fontconfig fonts-noto-cjk"),
}


def missing(need: str) -> str | None:
    """Return how to get what ``need`` names, or None when it is there."""
    kind, _, name = need.partition(":")
    if kind == "data":
        if (DATA / name).is_dir():
            return None
        return f"set PVMON_TEST_DATA to the folder that holds {name} (looked in {DATA})"
    if kind == "reference":
        return None if (REFERENCE / name).exists() else f"{name} is not beside {DATA}"
    there, cure = TOOLS[need]
    try:
        return None if there() else cure
    except OSError:
        return cure


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that have slow tests, so that no worker is left alone with one at the end."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test whose tool is missing; fail it where everything is required."""
    for marker in item.iter_markers("needs"):
        for need in marker.args:
            cure = missing(need)
            if cure is None:
                continue
            if REQUIRE_ALL:
                pytest.fail(f"{need} is required here: {cure}", pytrace=False)
            pytest.skip(f"{need} is missing: {cure}")


@pytest.fixture(scope="session")
def test_data() -> Path:
    """Folder of the recorded data sets (only for tests marked needs)."""
    return DATA


@pytest.fixture(scope="session")
def reference() -> Path:
    """Folder of the reference tables (only for tests marked needs)."""
    return REFERENCE


@pytest.fixture(scope="session")
def postgres() -> "Iterator[PostgresServer]":
    """A PostgreSQL of the tests (only for tests marked needs)."""
    from tests.stores.postgres_server import running

    with running() as server:
        yield server


@pytest.fixture
def postgres_url(postgres: "PostgresServer") -> str:
    """Address of an empty database (only for tests marked needs)."""
    return postgres.database()
