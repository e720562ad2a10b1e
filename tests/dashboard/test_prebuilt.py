"""Answers that are the same for everybody are made once a picture, and never for who may not see them."""

from collections.abc import Iterator
from typing import Any

import pytest

from dashboard.pages import overview
from tests.dashboard.fixtures import World, build, login

OUTPUT = "overview-tiles.children"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = build(tmp_path_factory.mktemp("prebuilt"), days=0.2)
    yield made
    made.close()


class Browser:
    """A client that is logged in and posts the overview's timer."""

    def __init__(self, app: Any, user: str, language: str = "zh") -> None:
        self._client = app.test_client()
        self._token = login(self._client, user, language)
        callbacks = app.extensions["pvmon_guard"].callbacks
        self._output = next(name for name in callbacks if OUTPUT in name)

    def tick(self, count: int = 1, token: str | None = None) -> Any:
        parts = [one.rpartition(".") for one in self._output.strip(".").split("...")]
        return self._client.post(
            "/app/_dash-update-component",
            json={
                "output": self._output,
                "outputs": [{"id": name, "property": prop} for name, _, prop in parts],
                "inputs": [{"id": "overview-tick", "property": "n_intervals", "value": count}],
                "state": [],
                "changedPropIds": ["overview-tick.n_intervals"],
            },
            headers={"X-CSRFToken": self._token if token is None else token},
        )


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How often the tiles were made."""
    count: list[int] = []
    tiles = overview.tiles

    def counted(*args: Any) -> Any:
        count.append(1)
        return tiles(*args)

    monkeypatch.setattr(overview, "tiles", counted)
    return count


def test_two_people_with_the_same_rights_get_one_answer(world: World, made: list[int]) -> None:
    app = world.app()
    one, two = Browser(app, "om"), Browser(app, "om")
    made.clear()
    first, second = one.tick(1), two.tick(2)
    assert first.status_code == second.status_code == 200
    assert first.get_json() == second.get_json()
    assert len(made) == 1


def test_another_scope_and_another_language_get_their_own(world: World, made: list[int]) -> None:
    app = world.app()
    whole, narrow, english = Browser(app, "om"), Browser(app, "narrow"), Browser(app, "county", "en")
    made.clear()
    texts = [browser.tick().get_data(as_text=True) for browser in (whole, narrow, english)]
    assert len(set(texts)) == len(made) == 3


def test_a_newer_picture_makes_a_new_answer(world: World, made: list[int]) -> None:
    browser = Browser(world.app(), "om")
    browser.tick()
    made.clear()
    world.services.keeper.renew()
    browser.tick()
    assert len(made) == 1


def test_what_is_ready_is_kept_from_who_ended_and_who_has_no_csrf_token(world: World) -> None:
    app = world.app()
    browser, other = Browser(app, "auditor"), Browser(app, "auditor")
    assert browser.tick().status_code == 200
    assert other.tick(token="wrong").status_code == 400
    world.records.end_sessions_of("auditor")
    assert other.tick().status_code == 401
