"""The keeper's page, through the real server: typed, refused with words, kept, photo shown."""

import io
from typing import Any

import pytest

from tests.dashboard.fixtures import login

JPEG = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 8


@pytest.fixture(scope="module")
def app(world: Any) -> Any:
    return world.app()


@pytest.fixture
def manual(world: Any) -> Any:
    return next(p for p in world.registry.plants if p.connection.value == "manual")


def form(client: Any, token: Any, path: Any, **typed: Any) -> Any:
    data = {"csrf_token": token, "display": "", "at": "2026-06-18T11:00", "note": "", **typed}
    return client.post(path, data=data, content_type="multipart/form-data")


def test_a_reading_with_a_photo_is_kept_and_shown(app: Any, world: Any, manual: Any) -> None:
    client = app.test_client()
    token = login(client, "keeper")
    path = f"/app/readings/{manual.plant_id}"
    page = client.get(path).get_data(as_text=True)
    assert "抄表录入" in page
    assert 'capture="environment"' in page
    assert page.count("<script") == page.count("60-drafts.js") == 1, "the form itself needs none"
    before = world.services.records if hasattr(world.services, "records") else world.records
    ratio = manual.accounts[-1].ct_ratio * manual.accounts[-1].pt_ratio
    shown = (4.2e9 - 3 * 2.4e6) / 1000 / ratio + 10 / ratio
    answer = form(client, token, path, display=f"{shown:.2f}", note="晴", photo=(io.BytesIO(JPEG), "m.jpg"))
    assert answer.status_code == 303, answer.get_data(as_text=True)
    after = client.get(path).get_data(as_text=True)
    assert f"{shown:,.2f} kWh" in after
    assert "晴" in after
    photo = after.split(f"{path}/photo/")[1].split('"')[0]
    picture = client.get(f"{path}/photo/{photo}")
    assert picture.mimetype == "image/jpeg"
    assert picture.get_data() == JPEG
    assert before.photo(photo) is not None


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"display": "abc"}, "abc"),
        ({"display": "1"}, "1"),
        ({"display": "104821", "at": "yesterday"}, "104821"),
        ({"display": "104821", "at": "2031-01-01T00:00"}, "104821"),
        ({"display": "nan"}, "nan"),
    ],
)
def test_what_cannot_be_true_is_refused_with_words_and_stays_in_the_form(
    app: Any, manual: Any, typed: Any, words: Any
) -> None:
    client = app.test_client()
    token = login(client, "keeper")
    answer = form(client, token, f"/app/readings/{manual.plant_id}", **typed)
    text = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert 'role="alert"' in text
    assert f'value="{words}"' in text


def test_without_the_permission_or_the_scope_there_is_no_form(app: Any, world: Any, manual: Any) -> None:
    client = app.test_client()
    login(client, "county")
    assert client.get(f"/app/readings/{manual.plant_id}").status_code == 403
    other = app.test_client()
    login(other, "narrow")
    assert other.get(f"/app/readings/{manual.plant_id}").status_code == 403
    assert app.test_client().get(f"/app/readings/{manual.plant_id}").status_code == 302


def test_a_form_without_its_token_is_refused(app: Any, manual: Any) -> None:
    client = app.test_client()
    login(client, "keeper")
    answer = client.post(
        f"/app/readings/{manual.plant_id}", data={"display": "104900", "at": "2026-06-18T11:00"}
    )
    assert answer.status_code == 400
