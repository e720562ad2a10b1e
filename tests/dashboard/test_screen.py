"""The wall screen: by login or token, slides in turn, numbers of the overview, no script and nobody's name."""

import re
from dataclasses import replace
from typing import Any

import pytest

from dashboard.factory import create_app
from dashboard.pages.screen import SLIDES
from dashboard.services import queries_over
from domain.account import Role
from tests.dashboard.fixtures import login
from tests.dashboard.test_todo import who

KEY = "screen-token-of-the-tests-0123456789"


@pytest.fixture(scope="module")
def app(world: Any) -> Any:
    return create_app(world.services, replace(world.settings, screen_token=KEY))


def test_without_login_or_token_it_leads_to_the_login(world: Any, app: Any) -> None:
    for path in ("/screen/", "/screen/?key=", "/screen/?key=wrong"):
        assert app.test_client().get(path).location == "/login?next=/screen/"
    assert world.app().test_client().get("/screen/?key=").location == "/login?next=/screen/"


def test_the_slides_follow_each_other_with_the_token_kept(app: Any) -> None:
    client, path, seen = app.test_client(), f"/screen/?key={KEY}", []
    for _ in range(len(SLIDES)):
        page = client.get(path).get_data(as_text=True)
        assert "<script" not in page
        follow = re.search(r'content="15;url=([^"]+)"', page)
        assert follow is not None
        path = follow[1].replace("&amp;", "&")
        seen.append(re.search(r"slide=(\w+)", path)[1])  # type: ignore[index]
    assert set(seen) == set(SLIDES) - {"industries"}, "no reports are kept here: that slide is left out"
    assert KEY in path


def test_it_says_what_the_overview_says(world: Any, app: Any) -> None:
    client = app.test_client()
    login(client, "om")
    view = queries_over(world.services.sources).overview.view(who(Role.OM))
    page = client.get("/screen/?slide=map").get_data(as_text=True)
    assert f"{view.reporting}/{view.live}" in page
    assert view.power_kw is not None
    assert f"{view.power_kw / 1e3:.2f}" in page
    assert page.count("<circle") == len(world.registry.plants)
    assert "到账" not in page  # the engineer sees no money


def test_who_sees_money_sees_the_years_sum_and_no_name(app: Any) -> None:
    page = app.test_client().get(f"/screen/?key={KEY}&slide=rank").get_data(as_text=True)
    assert "今年到账" in page
    assert "万元" in page


def test_an_odd_slide_is_the_first_one(app: Any) -> None:
    page = app.test_client().get(f"/screen/?key={KEY}&slide=%3Cb%3E").get_data(as_text=True)
    assert "今日功率" in page
