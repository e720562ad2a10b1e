"""A machine plays the village: it plans, pays, gets money back, corrects and closes in any order; the books stay sound."""

import shutil
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from domain.ledger import is_cash
from revenue import accounts
from revenue.approval import ORDER, Step
from revenue.bookkeeping import Voucherhead, settlement_entry
from revenue.dossier import Dossier, folded
from revenue.notice import Change
from revenue.payment import PaymentState
from revenue.refusal import RefusedError
from revenue.trace import lots_by_line
from stores.payout import village_figures
from tests.commands.payout_world import VILLAGES, World, plan_lines

VILLAGE = VILLAGES[0]
DECIDED = (Step.PROPOSED, Step.DISCUSSED, Step.REVIEWED, Step.DECIDED)


class Village(RuleBasedStateMachine):
    """One village and one plan. What is refused changes nothing; what is done keeps every promise."""

    @initialize(gross_fen=st.integers(400_000, 900_000), aid_fen=st.integers(1, 200_000), ahead=st.booleans())
    def begin(self, gross_fen: int, aid_fen: int, ahead: bool) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.world = World(self.folder)
        self.world.fund(VILLAGE, gross_fen)
        self.world.enrol(VILLAGE, 4)
        lines = plan_lines(aid_fen, 10_000)[1:]
        self.plan_id = self.world.draft(VILLAGE, lines).plan.plan_id
        self.snapshots: list[str] = []
        self.marks = 0
        if ahead:  # half of the machines begin where money moves
            self.meet()
            self.review(8)
            self.release(confirm=True)
            assert self.dossier.approval.step is Step.READY

    def teardown(self) -> None:
        if hasattr(self, "world"):
            self.world.close()
            shutil.rmtree(self.folder)

    @property
    def dossier(self) -> Dossier:
        found = self.world.stores.dossiers.of_plan(self.plan_id)
        assert found is not None
        return found

    def at(self, *steps: Step) -> bool:
        return hasattr(self, "world") and self.dossier.approval.step in steps

    def at_least(self, step: Step) -> bool:
        return hasattr(self, "world") and ORDER.index(self.dossier.approval.step) >= ORDER.index(step)

    @precondition(lambda self: self.at(Step.DRAFTED))
    @rule()
    def meet(self) -> None:
        self.world.meet(self.plan_id)
        self.world.notices.publish(self.world.accountant, self.plan_id)

    @precondition(lambda self: self.at(Step.PUBLISHED))
    @rule(days=st.integers(0, 9))
    def review(self, days: int) -> None:
        published = self.dossier.approval.since
        self.world.clock.advance(days * 86_400)
        assert published is not None
        try:
            self.world.check(self.plan_id, Step.TOWNSHIP_REVIEWED)
        except RefusedError:
            assert (self.world.today - published).days < 7
        else:
            assert (self.world.today - published).days >= 7
            self.world.check(self.plan_id, Step.FILED)

    @precondition(lambda self: self.at(Step.FILED))
    @rule(confirm=st.booleans())
    def release(self, confirm: bool) -> None:
        if confirm:
            self.world.confirm_all(self.plan_id)
        try:
            self.world.check(self.plan_id, Step.READY)
        except RefusedError:
            assert not confirm or self.dossier.distribution is not None

    @precondition(lambda self: self.at_least(Step.READY))
    @rule(returned=st.sets(st.integers(1, 4)), twice=st.booleans())
    def pay(self, returned: set[int], twice: bool) -> None:
        was_open = self.dossier.open_fen
        try:
            batch = self.world.send(self.plan_id)
        except RefusedError:
            assert was_open == 0 or not self.at(Step.READY, Step.PAID_IN_PART)
            return
        self.marks += 1
        back = frozenset(returned & {line.number for line in batch.lines})
        self.world.answer(batch, back, str(self.marks))
        if twice:
            try:
                self.world.answer(batch, back, str(self.marks))
            except RefusedError:
                return
            raise AssertionError("the same reply was taken twice")

    @precondition(lambda self: self.at_least(Step.PUBLISHED))
    @rule()
    def correct(self) -> None:
        paid = self.dossier.paid_fen
        self.world.notices.correct(self.world.accountant, self.plan_id, 1, "抄错", [Change("a", "1", "2")])
        assert self.dossier.paid_fen == paid, "a correction never touches what was paid"

    @precondition(lambda self: self.at_least(Step.READY))
    @rule(fen=st.integers(1, 30_000))
    def lower(self, fen: int) -> None:
        """The grid company lowers a month that was distributed (D08): later money is less, nothing paid changes."""
        before, paid = self.dossier, self.dossier.paid_fen
        free = self.distributable_fen()
        self.marks += 1
        key = f"{VILLAGE}:lower:{self.marks}"
        month = before.plan.first_month
        head = Voucherhead(
            f"statement:{key}", VILLAGE, self.world.today, month, "更正", "statement", key, "settlement"
        )
        entry = settlement_entry(head, "p", gross_fen=-fen, vat_fen=0, costs_fen={})
        assert entry is not None
        self.world.records.post([entry], self.world.clock.now())
        after = self.dossier
        assert (after, after.paid_fen) == (before, paid), "no plan and no payment of the past changes"
        assert self.distributable_fen() == max(0, free - fen)

    def distributable_fen(self) -> int:
        """What the books say may be distributed of the plan's months."""
        plan = self.dossier.plan
        found = village_figures(self.world.stores, VILLAGE, plan.first_month, plan.last_month)
        return found.distributable_fen

    @precondition(lambda self: self.at(Step.PAID))
    @rule()
    def close(self) -> None:
        self.world.payments.pay_works(self.world.township, self.plan_id, "3")
        result = self.world.notices.publish(self.world.accountant, self.plan_id)
        assert result.open_fen == 0
        self.world.check(self.plan_id, Step.CLOSED)

    @rule(step=st.sampled_from(ORDER[1:]))
    def skip(self, step: Step) -> None:
        """Whatever is asked for out of turn is refused and changes nothing."""
        now = self.dossier.approval.step
        if ORDER.index(step) == ORDER.index(now) + 1:
            return
        before = self.dossier.sequence
        try:
            self.world.check(self.plan_id, step)
        except RefusedError:
            assert self.dossier.sequence == before
        else:
            raise AssertionError(f"{step} was taken at {now}")

    @invariant()
    def nothing_is_lost_or_made(self) -> None:
        if not hasattr(self, "world"):
            return
        dossier = self.dossier
        for stands in dossier.standings().values():
            assert stands.paid_fen + stands.sent_fen + stands.open_fen == stands.entitlement.fen
            assert stands.paid_fen <= stands.entitlement.fen
        if dossier.distribution is not None:
            assert dossier.distribution.total_fen == dossier.plan.available_fen
        held: dict[str, int] = {}
        for one in self.world.records.balances([VILLAGE]):
            held[one.account] = held.get(one.account, 0) + one.fen
        assert sum(held.values()) == 0
        received = sum(lot.received_fen for lot in self.world.records.lots(VILLAGE))
        assert held.get(accounts.CASH_AT_BANK, 0) <= received
        out = sum(a.line.fen for a in dossier.attempts if a.state is not PaymentState.RETURNED)
        works = dossier.distribution.works_fen.get("3", 0) if dossier.distribution else 0
        owed_works = -held.get(accounts.PAYABLE, 0)
        income = sum(
            max(0, p.fen)
            for v in self.world.records.vouchers([VILLAGE])
            for p in v.entry.postings
            if v.entry.source_kind == "receipt"
        )
        assert held[accounts.CASH_AT_BANK] == income - out - (works - owed_works)

    @invariant()
    def every_fen_names_its_receipt(self) -> None:
        if not hasattr(self, "world"):
            return
        lots = self.world.records.lots(VILLAGE)
        assert all(0 <= lot.left_fen <= lot.received_fen for lot in lots)
        cash = sum(one.fen for one in self.world.records.balances([VILLAGE]) if is_cash(one.account))
        assert sum(lot.left_fen for lot in lots) == cash
        for batch in self.dossier.batches:
            sent = self.world.records.voucher(f"payment:{batch.batch_id}")
            assert sent is not None
            parts = lots_by_line(sent, batch)
            assert {number: sum(fen for _, fen in part) for number, part in parts.items()} == {
                line.number: line.fen for line in batch.lines
            }

    @invariant()
    def the_past_is_never_changed(self) -> None:
        if not hasattr(self, "world"):
            return
        hashes = [voucher.hash for voucher in self.world.records.vouchers()]
        assert hashes[: len(self.snapshots)] == self.snapshots
        self.snapshots = hashes
        acts = self.dossier.acts
        assert folded(reversed(acts)) == self.dossier


Village.TestCase.settings = settings(
    max_examples=5, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck)
)
TestVillage = Village.TestCase
