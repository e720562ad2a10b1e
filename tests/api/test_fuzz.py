"""A short run of the web campaign: the description holds, and no post to a callback breaks anything."""

import pytest

from bench.fuzz_web import fuzz_api, fuzz_callbacks
from tests.api.faces import Face
from tests.dashboard.fixtures import login


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_every_question_answers_as_described_and_nothing_without_a_token(face: Face) -> None:
    told = fuzz_api(face.app, face.tokens["all"], examples=6)
    assert told["asked"] > 100, told
    assert told["200"] >= 15, told
    assert told["400"] >= 5, told
    assert not [status for status in told if status.startswith("5")]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_thousand_hostile_posts_to_callbacks_break_nothing(face: Face) -> None:
    client = face.app.test_client()
    found = fuzz_callbacks(face.app, client, login(client, "om"), 1_000)
    assert sum(found.values()) == 1_000
    assert found.get(200, 0) + found.get(204, 0) > 20, found
    assert found.get(422, 0) > 100, found
