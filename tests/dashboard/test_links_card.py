"""The card of data plans: masked numbers, states in words, nothing where nobody has a SIM."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from dashboard.components.links import links_card
from domain.link import LinkState, LinkUse
from queries.links import LinkRow
from tests.collectors.plants import modbus_plant
from texts.loader import LANGUAGES, Texts

AT = datetime(2026, 6, 20, 4, 0, tzinfo=UTC)


def row(
    *, days: int | None = 90, runs_out: bool = False, stretch: int = 1, plan_mb: float = 500.0
) -> LinkRow:
    plant = modbus_plant(1, 15020)
    gateway = replace(plant.gateways[0], sim="89860000000000001234", plan_mb=plan_mb)
    use = LinkUse(date(2026, 6, 1), 1_000_000, 20_000_000, 9_000_000)
    return LinkRow(
        plant,
        gateway,
        LinkState("plant-1-gw", use, round(plan_mb * 1e6), 6e8, AT if runs_out else None, stretch),
        days,
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_state_has_its_words_and_no_number_is_shown_whole(language: str) -> None:
    texts = Texts(language)
    rows = [
        row(),
        row(days=-1),
        row(days=12),
        row(runs_out=True, stretch=2),
        row(plan_mb=0.0),
        replace(row(), state=None),
    ]
    shown = str(links_card(rows, texts))
    for key in ("ended", "ends_soon", "lasts", "unmetered", "note"):
        assert texts(f"links.{key}") in shown
    assert texts("links.slowed", stretch=2) in shown
    assert "···1234" in shown
    assert "8986000" not in shown
    assert "30.0 / 500 MB" in shown


def test_without_a_sim_there_is_no_card() -> None:
    assert links_card([], Texts("en")) == []
