"""What every ledger promises: inherit `LedgerContract` and give a fixture ``store``."""

import threading
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from domain.errors import LedgerRefusedError
from domain.ledger import Closing, Entry, Posting, reversal
from domain.money_fact import MoneyFact
from stores.ledger_protocol import MoneyStore

NOW = datetime(2026, 7, 31, 2, 30, 0, 654321, tzinfo=UTC)
V1, V2 = "611002101201", "611002101202"


def receipt(key: str = "r1", fen: int = 100_00, **changes: object) -> Entry:
    made = Entry(
        key=key,
        village_id=V1,
        booked_on=date(2026, 7, 10),
        belongs_to=date(2026, 6, 1),
        summary="到账",
        postings=(Posting("10201", fen, lot_id=key), Posting("11201", -fen, plant_id="p1")),
        source_kind="receipt",
        source_id=key,
        made_by="li",
        checked_by="wang",
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def payment(key: str, lot: str, fen: int, **changes: Any) -> Entry:
    lines = (Posting("213", fen, person_id="n1"), Posting("10201", -fen, lot_id=lot))
    return receipt(key, postings=lines, summary="发放", source_kind="payment", **changes)


def undo(entry: Entry, key: str = "undo", **changes: object) -> Entry:
    day = changes.pop("booked_on", date(2026, 7, 20))
    made = reversal(entry, key=key, booked_on=day, summary="冲正", made_by="li", checked_by="wang")  # type: ignore[arg-type]
    return replace(made, **changes)  # type: ignore[arg-type]


def fact(identity: str = "s1", fen: int = 5, **changes: object) -> MoneyFact:
    made = MoneyFact(
        "statement", identity, {"fen": fen, "kwh": "12.50", "户": "中"}, "li", NOW, "p1", "", "2026-07"
    )
    return replace(made, **changes)  # type: ignore[arg-type]


class LedgerContract:
    """The promises of stores.ledger_protocol."""

    def test_an_entry_comes_back_as_it_was_posted_with_number_and_seal(self, store: MoneyStore) -> None:
        [voucher] = store.post([receipt()], NOW)
        assert (voucher.sequence, voucher.number, voucher.is_new) == (1, 1, True)
        assert voucher.entry == replace(receipt(), recorded_at=NOW)
        assert store.voucher("r1") == replace(voucher, is_new=False)
        assert store.vouchers() == [replace(voucher, is_new=False)]
        assert store.head() == (1, voucher.hash)

    def test_vouchers_are_numbered_by_village_and_month_without_gaps(self, store: MoneyStore) -> None:
        keys = [("a", V1, 7), ("b", V2, 7), ("c", V1, 7), ("d", V1, 8), ("e", V1, 7)]
        entries = [receipt(k, village_id=v, booked_on=date(2026, m, 3)) for k, v, m in keys]
        store.post(entries[:2], NOW)
        store.post(entries[2:], NOW)
        assert [v.number for v in store.vouchers()] == [1, 1, 2, 1, 3]
        assert [v.sequence for v in store.vouchers()] == [1, 2, 3, 4, 5]

    def test_the_same_key_with_the_same_content_changes_nothing(self, store: MoneyStore) -> None:
        [first] = store.post([receipt()], NOW)
        [again, twin] = store.post([receipt(made_by="zhao"), receipt()], NOW)
        assert again == twin == replace(first, is_new=False)
        assert len(store.vouchers()) == 1

    def test_the_same_key_with_other_content_is_refused_and_nothing_of_the_batch_stays(
        self, store: MoneyStore
    ) -> None:
        store.post([receipt()], NOW)
        with pytest.raises(LedgerRefusedError, match="other_content"):
            store.post([receipt("new"), receipt("r1", 99)], NOW)
        assert [v.entry.key for v in store.vouchers()] == ["r1"]
        assert sum(b.fen for b in store.balances()) == 0

    def test_a_key_used_twice_in_one_batch_with_other_content_is_refused(self, store: MoneyStore) -> None:
        with pytest.raises(LedgerRefusedError, match="other_content"):
            store.post([receipt("x", 1), receipt("x", 2)], NOW)
        assert store.vouchers() == []

    def test_money_names_the_receipt_it_came_with(self, store: MoneyStore) -> None:
        lines = (Posting("10201", 5), Posting("11201", -5))
        with pytest.raises(LedgerRefusedError, match="no_lot"):
            store.post([receipt(postings=lines)], NOW)

    def test_a_receipt_never_pays_more_than_it_brought(self, store: MoneyStore) -> None:
        store.post([receipt("r1", 100), receipt("r2", 50)], NOW)
        store.post([payment("p1", "r1", 60)], NOW)
        with pytest.raises(LedgerRefusedError, match="lot_overdrawn"):
            store.post([payment("p2", "r1", 41)], NOW)
        store.post([payment("p2", "r1", 40)], NOW)
        assert [(lot.lot_id, lot.received_fen, lot.left_fen) for lot in store.lots(V1)] == [
            ("r1", 100, 0),
            ("r2", 50, 50),
        ]

    def test_a_receipt_that_was_spent_cannot_be_reversed_before_the_payment(self, store: MoneyStore) -> None:
        store.post([receipt("r1", 100), payment("p1", "r1", 60)], NOW)
        with pytest.raises(LedgerRefusedError, match="lot_overdrawn"):
            store.post([undo(receipt("r1", 100))], NOW)
        store.post([undo(payment("p1", "r1", 60), "undo-p"), undo(receipt("r1", 100), "undo-r")], NOW)
        assert store.balances() == []

    def test_balances_are_by_account_plant_person_and_receipt(self, store: MoneyStore) -> None:
        store.post([receipt("r1", 100), payment("p1", "r1", 60, booked_on=date(2026, 8, 1))], NOW)
        found = {(b.account, b.plant_id, b.person_id, b.lot_id): b.fen for b in store.balances([V1])}
        assert found == {
            ("10201", "", "", "r1"): 40,
            ("11201", "p1", "", ""): -100,
            ("213", "", "n1", ""): 60,
        }
        july = {b.account: b.fen for b in store.balances([V1], through_period="2026-07")}
        assert july == {"10201": 100, "11201": -100}
        assert store.balances([V2]) == []

    def test_vouchers_are_found_by_village_period_and_account(self, store: MoneyStore) -> None:
        store.post([receipt("a"), receipt("b", village_id=V2), receipt("c", booked_on=date(2026, 9, 1))], NOW)
        store.post([payment("p", "a", 1)], NOW)
        assert [v.entry.key for v in store.vouchers([V1])] == ["a", "c", "p"]
        assert [v.entry.key for v in store.vouchers(None, "2026-08")] == ["c"]
        assert [v.entry.key for v in store.vouchers(account="21")] == ["p"]
        assert [v.entry.key for v in store.vouchers(after_sequence=2, count_max=1)] == ["c"]

    def test_a_reversal_leaves_the_mistake_in_sight_and_every_account_as_before(
        self, store: MoneyStore
    ) -> None:
        store.post([receipt()], NOW)
        store.post([undo(receipt())], NOW)
        assert store.balances() == []
        assert [v.entry.key for v in store.vouchers()] == ["r1", "undo"]
        assert store.reversed_keys(["r1", "undo"]) == {"r1": "undo"}
        assert store.posted_keys(["r1", "undo", "never"]) == {"r1", "undo"}

    def test_an_entry_is_reversed_once_and_only_by_its_exact_opposite(self, store: MoneyStore) -> None:
        store.post([receipt()], NOW)
        with pytest.raises(LedgerRefusedError, match="nothing_to_reverse"):
            store.post([undo(receipt("other"))], NOW)
        with pytest.raises(LedgerRefusedError, match="nothing_to_reverse"):
            store.post([undo(receipt(), village_id=V2)], NOW)
        with pytest.raises(LedgerRefusedError, match="not_the_opposite"):
            store.post([undo(receipt("r1", 3))], NOW)
        store.post([undo(receipt())], NOW)
        with pytest.raises(LedgerRefusedError, match="reversed_before"):
            store.post([undo(receipt(), "undo2")], NOW)

    def test_a_closed_period_takes_nothing_and_later_ones_do(self, store: MoneyStore) -> None:
        [voucher] = store.post([receipt()], NOW)
        closed = store.close_period(Closing(V1, "2026-07", "li", "wang", NOW, "已核对"))
        assert (closed.head_sequence, closed.head_hash) == (1, voucher.hash)
        assert store.closings([V1]) == [closed]
        for month in (6, 7):
            with pytest.raises(LedgerRefusedError, match="closed"):
                store.post([receipt("late", booked_on=date(2026, month, 30))], NOW)
        assert store.post([receipt()], NOW)[0].is_new is False  # the old answer, not an error
        store.post([receipt("aug", booked_on=date(2026, 8, 1)), receipt("v2", village_id=V2)], NOW)
        assert len(store.vouchers()) == 3

    def test_periods_are_closed_once_in_order_by_two_persons(self, store: MoneyStore) -> None:
        store.close_period(Closing(V1, "2026-07", "li", "wang", NOW))
        for period in ("2026-07", "2026-06"):
            with pytest.raises(LedgerRefusedError, match="closed"):
                store.close_period(Closing(V1, period, "li", "wang", NOW))
        for maker, checker in (("li", "li"), ("li", ""), ("", "wang")):
            with pytest.raises(LedgerRefusedError, match="same_person"):
                store.close_period(Closing(V1, "2026-08", maker, checker, NOW))

    def test_a_sound_ledger_is_found_sound(self, store: MoneyStore) -> None:
        store.add_facts([fact("a"), fact("b")])
        store.post([receipt("r1", 100), payment("p1", "r1", 60)], NOW)
        store.close_period(Closing(V1, "2026-07", "li", "wang", NOW))
        store.post([receipt("r2", booked_on=date(2026, 8, 2))], NOW)
        found = store.verify()
        assert (found.is_sound, found.broken) == (True, "")
        assert (found.vouchers, found.postings, found.closings, found.head_hash) == (3, 6, 1, store.head()[1])

    def test_an_earlier_chain_is_the_beginning_of_the_later_one(self, store: MoneyStore) -> None:
        store.post([receipt("a"), receipt("b")], NOW)
        before = store.vouchers()
        store.post([receipt("c")], NOW)
        assert store.vouchers()[:2] == before
        assert store.vouchers()[2].previous_hash == before[1].hash

    def test_posting_is_part_of_the_transaction_around_it(self, store: MoneyStore) -> None:
        def act() -> None:
            with store.transaction():
                store.post([receipt()], NOW)
                store.add_facts([fact()])
                raise KeyError("something went wrong")

        with pytest.raises(KeyError):
            act()
        assert (store.vouchers(), store.balances(), store.facts("statement")) == ([], [], [])

    def test_eight_callers_with_the_same_keys_leave_each_key_once(self, store: MoneyStore) -> None:
        errors: list[Exception] = []
        start = threading.Barrier(8)

        def work() -> None:
            start.wait()
            try:
                for number in range(6):
                    store.post([receipt(f"k{number}", number + 1)], NOW)
            except Exception as error:
                errors.append(error)

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert errors == []
        assert sorted(v.entry.key for v in store.vouchers()) == [f"k{n}" for n in range(6)]
        assert store.verify().is_sound

    def test_a_fact_is_kept_once_and_never_changed(self, store: MoneyStore) -> None:
        assert store.add_facts([fact(), fact(made_by="wang")]) == [True, False]
        assert store.add_facts([fact()]) == [False]
        with pytest.raises(LedgerRefusedError, match="other_fact"):
            store.add_facts([fact("s2"), fact("s1", 6)])
        assert store.facts("statement") == [fact()]

    def test_facts_are_found_by_kind_plant_village_period_and_identity(self, store: MoneyStore) -> None:
        store.add_facts([fact("a"), fact("b", plant_id="p2", period="2026-08"), fact("c", village_id=V1)])
        assert [f.identity for f in store.facts("statement", plant_ids=["p1"])] == ["a", "c"]
        assert [f.identity for f in store.facts("statement", first_period="2026-08")] == ["b"]
        assert [f.identity for f in store.facts("statement", village_ids=[V1])] == ["c"]
        assert [f.identity for f in store.facts("statement", identity="b")] == ["b"]
        assert store.facts("other") == []
