"""The first minute: plants are known, nothing was ever received; every page says so and none breaks."""

import json
from pathlib import Path
from typing import Any

import pytest

from commands.accounts import Accounts
from dashboard.factory import create_app
from tests.dashboard.fixtures import World, bare, few_plants, login, sample_registry
from tests.dashboard.test_pages import paths, route


@pytest.fixture
def empty(tmp_path: Path) -> Any:
    made = bare(tmp_path, few_plants(sample_registry()))
    yield made
    made.close()


def test_every_page_opens_before_the_first_sample(empty: World) -> None:
    assert isinstance(empty.services.accounts, Accounts)
    client = create_app(empty.services, empty.settings).test_client()
    token = login(client)
    for path in paths(empty):
        answer = route(client, token, path)
        assert answer.status_code == 200, path
        text = json.dumps(answer.get_json(), ensure_ascii=False)
        assert "trouble" not in text, path
        assert "NaN" not in text, path
    overview = json.dumps(route(client, token, "/app/").get_json(), ensure_ascii=False)
    assert "从未接入" in overview
    assert "0/5 座上报" in overview
    assert "今天还没有功率数据" in overview
