"""The application as a whole: made twice, guarded everywhere, answered callbacks, headers."""

from typing import Any

import pytest

from access.guard import permission_of
from dashboard.factory import BUILD_HEADER, create_app, pages
from domain.errors import ConfigurationError
from tests.dashboard.fixtures import login


@pytest.fixture(scope="module")
def app(world: Any) -> Any:
    return world.app()


def callback(client: Any, token: str, output: str, inputs: Any, state: Any = (), changed: str = "x") -> Any:
    """Post to a callback as the browser does."""
    parts = [one.rpartition(".") for one in output.strip(".").split("...")]
    outputs = [{"id": name, "property": prop} for name, _, prop in parts]
    return client.post(
        "/app/_dash-update-component",
        json={
            "output": output,
            "outputs": outputs if output.startswith("..") else outputs[0],
            "inputs": [{"id": i, "property": p, "value": v} for i, p, v in inputs],
            "state": [{"id": i, "property": p, "value": v} for i, p, v in state],
            "changedPropIds": [changed],
        },
        headers={"X-CSRFToken": token},
    )


def test_the_first_request_of_all_is_answered(world: Any) -> None:
    assert world.app().test_client().get("/login").status_code == 200


def test_two_applications_in_one_process_both_have_their_callbacks(world: Any) -> None:
    first, second = world.app(), world.app()
    for app in (first, second):
        client = app.test_client()
        login(client)
        names = [one["output"] for one in client.get("/app/_dash-dependencies").get_json()]
        assert any("page.children" in name for name in names)
        assert any("overview-tiles.children" in name for name in names)


def test_every_callback_states_a_permission(app: Any) -> None:
    callbacks = app.extensions["pvmon_guard"].callbacks
    served = {name: spec for name, spec in callbacks.items() if "callback" in spec}
    assert len(served) >= 8
    assert not [name for name, spec in served.items() if permission_of(spec["callback"]) is None]


def test_every_page_states_a_permission_and_a_title(world: Any) -> None:
    from texts.loader import Texts

    for page in pages():
        assert page.permission is not None
        assert page.title in Texts("zh")
        assert page.title in Texts("en")


def test_a_short_key_is_refused(world: Any) -> None:
    from dataclasses import replace

    with pytest.raises(ConfigurationError):
        create_app(world.services, replace(world.settings, secret_key="short"))


def test_every_answer_says_its_build(app: Any) -> None:
    assert app.test_client().get("/login").headers[BUILD_HEADER] == "test-1"


def test_the_overview_refreshes_through_its_callback(app: Any) -> None:
    client = app.test_client()
    token = login(client)
    served = app.extensions["pvmon_guard"].callbacks
    output = next(name for name in served if "overview-tiles.children" in name)
    answer = callback(
        client, token, output, [("overview-tick", "n_intervals", 1)], changed="overview-tick.n_intervals"
    )
    assert answer.status_code == 200
    told = answer.get_json()["response"]
    assert told["overview-heat"]["figure"]["data"][0]["type"] == "heatmap"
    assert len(told["overview-tiles"]["children"]) == 6


def test_a_callback_that_names_a_foreign_plant_is_refused(app: Any, world: Any) -> None:
    client = app.test_client()
    token = login(client, "narrow")
    served = app.extensions["pvmon_guard"].callbacks
    foreign = {"plant": world.registry.plants[1].plant_id, "device": ""}
    output = next(name for name in served if "curves-chart.figure" in name)
    inputs = [
        ("curves-subject", "value", "plant"),
        ("curves-span", "value", "1"),
        ("curves-devices", "value", []),
    ]
    assert callback(client, token, output, inputs, [("plant-id", "data", foreign)]).status_code == 403
    own = {"plant": world.registry.plants[0].plant_id, "device": ""}
    assert callback(client, token, output, inputs, [("plant-id", "data", own)]).status_code == 200


@pytest.mark.parametrize("chosen", [None, {}, {"plant": 7}, {"plant": None}, []])
def test_a_callback_with_a_broken_store_is_refused_without_a_trace(app: Any, chosen: Any) -> None:
    client = app.test_client()
    token = login(client)
    served = app.extensions["pvmon_guard"].callbacks
    output = next(name for name in served if "plant-head.children" in name)
    inputs = [("plant-tab", "value", "summary"), ("plant-tick", "n_intervals", 1)]
    answer = callback(client, token, output, inputs, [("plant-id", "data", chosen)])
    assert answer.status_code in {403, 422}
    assert "Traceback" not in answer.get_data(as_text=True)


def test_unknown_choices_fall_back_to_something_drawn(app: Any, world: Any) -> None:
    client = app.test_client()
    token = login(client)
    served = app.extensions["pvmon_guard"].callbacks
    own = {"plant": world.registry.plants[0].plant_id, "device": ""}
    output = next(name for name in served if "curves-chart.figure" in name)
    inputs = [
        ("curves-subject", "value", "nonsense"),
        ("curves-span", "value", "900"),
        ("curves-devices", "value", ["x", 3]),
    ]
    assert callback(client, token, output, inputs, [("plant-id", "data", own)]).status_code == 200


def test_scripts_are_compressed_for_who_takes_it_and_pages_forbid_foreign_scripts(app: Any) -> None:
    client = app.test_client()
    login(client)
    page = client.get("/app/")
    assert "unsafe-eval" not in page.headers["Content-Security-Policy"]
    script = next(
        part.split('"')[0]
        for part in page.get_data(as_text=True).split('src="')
        if "plotly-cartesian" in part
    )
    plain = client.get(script)
    whole = plain.get_data()
    plain.close()
    packed = client.get(script, headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain.headers
    import gzip

    assert gzip.decompress(packed.get_data()) == whole
    assert len(packed.get_data()) < 0.4 * len(whole)
    packed.close()
