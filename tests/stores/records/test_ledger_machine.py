"""A ledger under any order of acts: post, again, pay, reverse, close, restart; a plain model says what must hold."""

import tempfile
from dataclasses import replace
from datetime import date
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from domain.errors import LedgerRefusedError
from domain.ledger import Closing, Entry, reversal
from stores.records.store import SqlRecordStore
from tests.stores.records.ledger_contract import NOW, V1, V2, payment, receipt

VILLAGES = st.sampled_from([V1, V2])
MONTHS = st.integers(1, 6)


class Books(RuleBasedStateMachine):
    @initialize()
    def open(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "records.sqlite"
        self.store = SqlRecordStore.at(self.path)
        self.entries: dict[str, Entry] = {}
        self.order: list[str] = []
        self.undone: set[str] = set()
        self.closed: dict[str, int] = {}
        self.hashes: list[str] = []

    def _post(self, entry: Entry) -> bool:
        try:
            self.store.post([entry], NOW)
        except LedgerRefusedError:
            return False
        if entry.key not in self.entries:
            self.entries[entry.key] = entry
            self.order.append(entry.key)
        return True

    def _is_closed(self, entry: Entry) -> bool:
        return entry.booked_on.month <= self.closed.get(entry.village_id, 0)

    def _left(self, village: str, lot: str) -> int:
        return sum(
            p.fen
            for e in self.entries.values()
            if e.village_id == village
            for p in e.postings
            if p.lot_id == lot and p.account == "10201"
        )

    @rule(village=VILLAGES, month=MONTHS, number=st.integers(0, 8), fen=st.integers(1, 1000))
    def bring_money(self, village: str, month: int, number: int, fen: int) -> None:
        entry = receipt(f"r{number}", fen, village_id=village, booked_on=date(2026, month, 9))
        known = self.entries.get(entry.key)
        done = self._post(entry)
        if known is not None:
            assert done == (known.content_hash() == entry.content_hash())
        else:
            assert done == (not self._is_closed(entry))

    @precondition(lambda self: self.order)
    @rule(data=st.data(), fen=st.integers(1, 1200), month=MONTHS)
    def pay(self, data: st.DataObject, fen: int, month: int) -> None:
        lots = [e for e in self.entries.values() if e.source_kind == "receipt"]
        lot = data.draw(st.sampled_from(lots))
        key = f"p{len(self.order)}"
        entry = payment(key, lot.key, fen, village_id=lot.village_id, booked_on=date(2026, month, 20))
        enough = self._left(lot.village_id, lot.key) >= fen
        assert self._post(entry) == (enough and not self._is_closed(entry))

    @precondition(lambda self: self.order)
    @rule(data=st.data(), month=MONTHS)
    def reverse(self, data: st.DataObject, month: int) -> None:
        original = self.entries[data.draw(st.sampled_from(self.order))]
        if original.reverses:
            return
        undo = reversal(
            original,
            key=f"u{len(self.order)}",
            booked_on=date(2026, month, 28),
            summary="冲正",
            made_by="li",
            checked_by="wang",
        )
        cash = sum(p.fen for p in undo.postings if p.account == "10201")
        lot = next(p.lot_id for p in undo.postings if p.lot_id)
        allowed = (
            original.key not in self.undone
            and not self._is_closed(undo)
            and self._left(original.village_id, lot) + cash >= 0
        )
        assert self._post(undo) == allowed
        if allowed:
            self.undone.add(original.key)

    @rule(village=VILLAGES, month=MONTHS, same=st.booleans())
    def close(self, village: str, month: int, *, same: bool) -> None:
        closing = Closing(village, f"2026-{month:02d}", "li", "li" if same else "wang", NOW)
        allowed = not same and month > self.closed.get(village, 0)
        try:
            self.store.close_period(closing)
        except LedgerRefusedError:
            assert not allowed
        else:
            assert allowed
            self.closed[village] = month

    @precondition(lambda self: self.order)
    @rule(data=st.data())
    def again(self, data: st.DataObject) -> None:
        entry = self.entries[data.draw(st.sampled_from(self.order))]
        [voucher] = self.store.post([replace(entry, made_by="zhao")], NOW)
        assert not voucher.is_new

    @rule()
    def restart(self) -> None:
        self.store.close()
        self.store = SqlRecordStore.at(self.path)

    @invariant()
    def the_books_are_those_of_the_model(self) -> None:
        if not hasattr(self, "store"):
            return
        vouchers = self.store.vouchers()
        assert [v.entry.key for v in vouchers] == self.order
        assert [v.hash for v in vouchers[: len(self.hashes)]] == self.hashes
        self.hashes = [v.hash for v in vouchers]
        sums: dict[tuple[str, str, str, str, str], int] = {}
        for entry in self.entries.values():
            for p in entry.postings:
                key = (entry.village_id, p.account, p.plant_id, p.person_id, p.lot_id)
                sums[key] = sums.get(key, 0) + p.fen
        found = {
            (b.village_id, b.account, b.plant_id, b.person_id, b.lot_id): b.fen for b in self.store.balances()
        }
        assert found == {key: fen for key, fen in sums.items() if fen}
        assert sum(found.values()) == 0
        for village in (V1, V2):
            for lot in self.store.lots(village):
                assert 0 <= lot.left_fen <= lot.received_fen
        assert self.store.verify().broken == ""

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.close()
            self.folder.cleanup()


Books.TestCase.settings = settings(
    max_examples=12, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
TestBooks = Books.TestCase


def test_the_machine_checks_something() -> None:
    assert {"bring_money", "pay", "reverse", "close", "again", "restart"} <= set(dir(Books))
