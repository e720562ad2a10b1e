"""The comparison page: every mode in both languages, any address is answered, the address carries everything."""

import json
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.dashboard.fixtures import login
from tests.dashboard.test_pages import route


@pytest.fixture(scope="module")
def client(world: Any) -> Any:
    made = world.app().test_client()
    made.token = login(made)
    return made


def page(client: Any, **args: str) -> str:
    answer = route(client, client.token, f"/app/compare?{urlencode(args)}")
    assert answer.status_code == 200
    return json.dumps(answer.get_json(), ensure_ascii=False)


def test_it_begins_with_the_power_of_a_plant_today(client: Any, world: Any) -> None:
    first = page(client)
    assert f"{world.registry.plants[0].plant_id}:plant_power" in first.replace("%3A", ":")
    assert "2026-06-18" in first


def test_what_is_added_stands_in_the_address_and_can_be_dropped(client: Any, world: Any) -> None:
    plant = world.registry.plants[1]
    device = next(d for d in plant.devices if d.kind.value == "inverter").device_id
    shown = page(
        client,
        picks=f"{plant.plant_id}:plant_power",
        device=device,
        quantity="internal_temperature_c",
        plant=plant.plant_id,
    )
    both = urlencode({"picks": f"{plant.plant_id}:plant_power,{device}:internal_temperature_c"})
    assert both in shown
    assert shown.count('"去掉"') == 2


@pytest.mark.parametrize("mode", ["curves", "strings", "ranking", "units", "nonsense"])
def test_every_mode_answers(client: Any, mode: str) -> None:
    assert "trouble" not in page(client, mode=mode, before="1")


@pytest.mark.parametrize(
    "args",
    [
        {"picks": "x:y,:,a:plant_power," * 9},
        {"from": "0001-01-01", "to": "9999-12-31"},
        {"from": "yesterday", "to": ""},
        {"mode": "strings", "device": "<script>alert(1)</script>"},
        {"mode": "ranking", "from": "2016-06-20", "to": "2026-06-18"},
        {"plant": "nobody", "device": "nobody", "quantity": "grid_frequency_hz"},
    ],
)
def test_a_hostile_or_old_address_is_answered_plainly(client: Any, args: dict[str, str]) -> None:
    assert "trouble" not in page(client, **args)


def test_a_quantity_is_chosen_by_its_words_in_either_language() -> None:
    from dashboard.pages.compare import typed_quantity

    assert typed_quantity("全站功率") == "plant_power"
    assert typed_quantity("String 12 current") == "dc_string_12_current_a"
    assert typed_quantity("ac_phase_b_current_a") == "ac_phase_b_current_a", "an address kept from before"
