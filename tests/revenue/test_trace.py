"""A household line leads to its receipts, statements and vouchers and back, to the fen."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from domain.ledger import Posting, is_cash
from revenue.payment import PaymentLine, PaymentState
from revenue.trace import lots_by_line, origins_of, payees_of_lot, receipts_by_lot, trace_line
from tests.commands.payout_world import VILLAGES, World

VILLAGE = VILLAGES[0]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Three receipts of 5,400.00 each; one line comes back once and is paid again."""
    made = World(tmp_path_factory.mktemp("trace"))
    made.fund(VILLAGE)
    made.fund(VILLAGE, year=2025)  # money of other months, which pays first
    made.enrol(VILLAGE, 6)
    plan_id = made.release(VILLAGE).plan.plan_id
    made.answer(made.send(plan_id), frozenset({2}))
    made.answer(made.send(plan_id))
    yield made
    made.close()


def test_every_attempt_names_its_receipts_and_they_add_up_to_the_line(world: World) -> None:
    (dossier,) = world.stores.dossiers.of_villages([VILLAGE])
    vouchers = world.records.vouchers([VILLAGE])
    tried = []
    for one in dossier.entitlements:
        found = trace_line(dossier, one.entitlement_id, vouchers)
        assert found.entitlement_id == one.entitlement_id
        assert found.owed_voucher is not None
        assert found.owed_voucher.entry.key == f"entitlement:{one.entitlement_id.rpartition('/')[0]}"
        tried.append(len(found.attempts))
        for attempt, parts in found.attempts:
            assert attempt.line.entitlement_id == one.entitlement_id
            assert sum(part.fen for part in parts) == attempt.line.fen
            for part in parts:
                assert part.voucher is not None
                assert any(
                    is_cash(p.account) and p.lot_id == part.lot_id and p.fen > 0
                    for p in part.voucher.entry.postings
                )
        assert found.attempts[-1][0].state is PaymentState.PAID
    assert sorted(tried) == [1] * (len(tried) - 1) + [2]


def test_receipts_are_used_oldest_first_and_none_beyond_what_it_brought(world: World) -> None:
    (dossier,) = world.stores.dossiers.of_villages([VILLAGE])
    vouchers = world.records.vouchers([VILLAGE])
    by_key = {one.entry.key: one for one in vouchers}
    used: dict[str, int] = {}
    for batch in dossier.batches:
        parts = lots_by_line(by_key[f"payment:{batch.batch_id}"], batch)
        assert sorted(parts) == [line.number for line in batch.lines]
        for pieces in parts.values():
            for lot, fen in pieces:
                assert fen > 0
                used[lot] = used.get(lot, 0) + fen
    assert set(used) == {f"lot:{VILLAGE}:2025-07"}, "the oldest receipt is enough for all of it"
    came = receipts_by_lot(vouchers)
    assert set(used) <= set(came)
    assert len(came) == 6


def test_a_receipt_is_used_up_line_by_line_before_the_next_one_pays(world: World) -> None:
    (dossier,) = world.stores.dossiers.of_villages([VILLAGE])
    voucher = world.records.vouchers([VILLAGE])[0]
    lines = tuple(PaymentLine(n, f"e{n}", "p", "a", fen, 1) for n, fen in enumerate((40, 50, 30), 1))
    cash = (Posting("213", 120), Posting("10201", -100, lot_id="old"), Posting("10201", -20, lot_id="new"))
    paid = replace(voucher, entry=replace(voucher.entry, postings=cash))
    assert lots_by_line(paid, replace(dossier.batches[0], lines=lines)) == {
        1: [("old", 40)],
        2: [("old", 50)],
        3: [("old", 10), ("new", 20)],
    }


def test_only_income_of_the_plan_s_months_is_its_origin(world: World) -> None:
    (dossier,) = world.stores.dossiers.of_villages([VILLAGE])
    origins = origins_of(dossier, world.records.vouchers([VILLAGE]))
    assert [(one.month, one.plant_id, one.fen) for one in origins] == [
        ("2026-07", "p", 600_000),
        ("2026-08", "p", 600_000),
        ("2026-09", "p", 600_000),
    ]
    assert all(one.source_id == f"{VILLAGE}:{one.month}" for one in origins)


def test_a_receipt_leads_to_everybody_it_paid_and_to_nobody_whose_money_came_back(world: World) -> None:
    dossiers = world.stores.dossiers.of_villages([VILLAGE])
    vouchers = {one.entry.key: one for one in world.records.vouchers([VILLAGE])}
    parts = payees_of_lot(f"lot:{VILLAGE}:2025-07", dossiers, vouchers)
    got: dict[str, int] = {}
    for part in parts:
        assert part.plan_id == dossiers[0].plan.plan_id
        got[part.entitlement_id] = got.get(part.entitlement_id, 0) + part.fen
    assert got == {one.entitlement_id: one.fen for one in dossiers[0].entitlements}
    assert payees_of_lot(f"lot:{VILLAGE}:2026-09", dossiers, vouchers) == []
    assert payees_of_lot("lot", dossiers, {}) == [], "a batch whose voucher is not there says nothing"
