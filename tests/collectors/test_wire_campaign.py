"""A short share of the wire campaign: five kinds of gateway, five faults, no wrong value taken."""

import asyncio

import pytest

import bench.wire_campaign as campaign
import collectors.modbus
from collectors.doubt import AnswerMemory

pytestmark = pytest.mark.alone


def test_no_wrong_value_is_taken_and_what_was_left_intact_is_read() -> None:
    totals = asyncio.run(campaign.campaign(1_500, seed=20260701, wires=10, timeout_s=0.3))
    assert sum(tally.reads for tally in totals.values()) == 1_500
    for kind, tally in totals.items():
        assert tally.wrong == 0, kind
        assert sum(tally.faults[name] for name in campaign.BROKEN) > 3, kind
        assert tally.intact_good >= 0.9 * tally.intact, kind  # a loaded machine is late by itself


def test_the_campaign_finds_wrong_values_where_doubt_is_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    class Trusting(AnswerMemory):
        def is_doubtful(self, *_: object) -> bool:
            return False

    monkeypatch.setattr(collectors.modbus, "AnswerMemory", Trusting)
    work = campaign.campaign(600, seed=3, wires=12, share=0.4, timeout_s=0.1, kinds=["tcp_rewriting"])
    totals = asyncio.run(work)
    assert totals["tcp_rewriting"].wrong > 0
    assert len(totals["tcp_rewriting"].accounts) == totals["tcp_rewriting"].wrong, (
        "each with what went before"
    )
