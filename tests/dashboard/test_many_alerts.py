"""A thousand open alerts: the pages stay small, show the most urgent, and lose none."""

from collections.abc import Iterator
from typing import Any

import pytest

from bench.many_alerts import alerts
from tests.dashboard.fixtures import NOON, World, build, few_plants, sample_registry
from tests.dashboard.test_work import page_text

COUNT = 1000


@pytest.fixture(scope="module")
def flooded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = build(tmp_path_factory.mktemp("flooded"), few_plants(sample_registry()), days=0.1)
    made.records.put_alerts(alerts(made, COUNT), NOON)
    yield made
    made.close()


@pytest.mark.parametrize("name", ["queue", "alerts"])
def test_the_most_urgent_are_shown_and_the_rest_is_counted(flooded: World, name: str) -> None:
    said = page_text(flooded, name)
    assert said.count("queue/many-") == 150
    assert "另有 850 项" in said
    assert f"{name}?all=1" in said
    assert "S3 下次到站" not in said


@pytest.mark.parametrize("name", ["queue", "alerts"])
def test_who_asks_for_all_gets_all(flooded: World, name: str) -> None:
    said = page_text(flooded, name, all="1")
    assert all(f"queue/many-{n:04d}'" in said for n in range(COUNT))


def test_many_alerts_are_asked_for_at_once(flooded: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A question to the records for each alert is what made a page slow."""
    asked: list[int] = []
    database = type(flooded.records.database)
    reading = database.reading

    def counted(self: Any) -> Any:
        asked.append(1)
        return reading(self)

    monkeypatch.setattr(database, "reading", counted)
    page_text(flooded, "queue")
    assert len(asked) < 40
