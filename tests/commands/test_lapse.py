"""What a dead member without an heir had earned goes to the collective; an heir found later is still paid."""

import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from commands.papers.statement import payment_line
from commands.papers.verifier import check_payments
from domain.errors import AccessDeniedError
from domain.ledger import Voucher
from revenue.approval import Step
from revenue.dossier import Dossier
from revenue.payment import Standing
from revenue.plan import Basis, PlanLine
from revenue.refusal import RefusedError
from revenue.rule import LineClass
from revenue.trace import trace_line
from stores.payout import village_figures
from tests.commands.payout_world import LAST, START, VILLAGES, World, number_of, roster_file
from texts.loader import Texts

VILLAGE = VILLAGES[0]
PROOF = "公证：无继承人".encode()
LINES = (PlanLine("1", LineClass.POSTS, "道路保洁", 900_000, Basis.DAY_RATE, 6_000),)


class Returned:
    """A released plan of two earners; the bank sent the second one's money back."""

    def __init__(self, world: World, *, sent: bool = True) -> None:
        self.world = world
        world.fund(VILLAGE)
        world.enrol(VILLAGE)
        dossier = world.release(VILLAGE, LINES)
        self.plan_id = dossier.plan.plan_id
        self.other, self.mine = sorted(dossier.entitlements, key=lambda one: one.household_id)
        self.line_id, self.fen = self.mine.entitlement_id, self.mine.fen
        if sent:
            world.answer(world.send(self.plan_id), frozenset({2}))

    @property
    def dossier(self) -> Dossier:
        """The plan as it stands."""
        return self.world.plans.dossier(self.world.accountant, self.plan_id)

    @property
    def stands(self) -> Standing:
        """How the returned entitlement stands."""
        return self.dossier.standings()[self.line_id]

    def bury(self, *people: int) -> None:
        """Keep a roster that says these persons died."""
        kept = roster_file(12).decode()
        for person in people or (2,):
            row = next(one for one in kept.splitlines() if number_of(person) in one)
            kept = kept.replace(row, row[:-2] + ",死亡,")
        self.world.rosters.import_file(
            self.world.accountant, VILLAGE, self.world.today, "名册.csv", kept.encode()
        )

    def lapse(self) -> Dossier:
        """Let the township decide."""
        return self.world.payments.lapse(self.world.township, self.line_id, PROOF)

    def settle(self) -> Dossier:
        """Let the accountant note the plan as paid."""
        return self.world.plans.note_payment(self.world.accountant, self.plan_id)

    def balance(self, account: str) -> int:
        """What the books hold on an account."""
        held = self.world.records.balances([VILLAGE])
        return sum(one.fen for one in held if one.account == account)

    def vouchers(self) -> list[Voucher]:
        """Every voucher of the village."""
        return list(self.world.records.vouchers([VILLAGE]))


@pytest.fixture
def one(tmp_path: Path) -> Iterator[Returned]:
    world = World(tmp_path)
    yield Returned(world)
    world.close()


def refused(act: Callable[[], object]) -> str:
    with pytest.raises(RefusedError) as told:
        act()
    return told.value.reasons[0].key


def test_the_money_becomes_income_of_the_collective_and_the_plan_is_paid(one: Returned) -> None:
    one.bury()
    cash = one.balance("10201")
    free = village_figures(one.world.stores, VILLAGE, LAST, one.world.today).distributable_fen
    after = one.lapse()
    assert (after.open_fen, after.lapsed_fen, after.lapsed) == (0, one.fen, {one.line_id: one.fen})
    assert (after.approval.step, after.is_settled) == (Step.PAID_IN_PART, True), "who checks enters no step"
    assert one.settle().approval.step is Step.PAID
    assert one.stands.state == "lapsed"
    assert one.balance("213") == 0, "nobody is owed it any more"
    assert one.balance("504") == -one.fen
    assert one.balance("10201") == cash, "no cash moved"
    figures = village_figures(one.world.stores, VILLAGE, LAST, one.world.today)
    assert figures.distributable_fen == free + one.fen, "the next plan may use it"
    entry = one.vouchers()[-1].entry
    assert (entry.belongs_to, entry.source_id) == (one.world.today, one.line_id)
    assert "无继承人" in entry.summary
    assert (entry.made_by, entry.checked_by) == ("accountant", "township")


def test_the_proof_is_kept_and_the_act_is_audited(one: Returned) -> None:
    one.bury()
    deed = one.lapse().acts[-1].deed
    assert one.world.records.photo(deed.document)[1] == PROOF  # type: ignore[union-attr,index]
    noted = [row for row in one.world.records.audit(START) if row.action == "payment.lapse"]
    assert [(row.user_id, row.subject) for row in noted] == [("township", one.line_id)]


def test_every_way_around_the_rules_is_refused_and_changes_nothing(one: Returned) -> None:
    world, before, count = one.world, one.dossier, len(one.vouchers())
    payments, township = world.payments, world.township
    assert refused(lambda: payments.lapse(township, one.line_id, PROOF)) == "lapse_alive"
    one.bury()
    assert refused(lambda: payments.lapse(township, one.line_id, b"")) == "lapse_document"
    assert refused(lambda: payments.lapse(township, f"{one.plan_id}/9/x", PROOF)) == "no_entitlement"
    paid = one.other.entitlement_id
    assert refused(lambda: payments.lapse(township, paid, PROOF)) == "heir_paid"
    with pytest.raises(AccessDeniedError):
        payments.lapse(world.accountant, one.line_id, PROOF)
    assert one.dossier == before
    assert len(one.vouchers()) == count
    one.lapse()
    assert refused(lambda: payments.lapse(township, one.line_id, PROOF)) == "heir_paid", "only once"


def test_who_made_the_plan_does_not_decide_on_its_dead(one: Returned) -> None:
    one.bury()
    both = one.world.township
    maker = type(both)("accountant", "accountant", both.roles, both.scope)
    assert refused(lambda: one.world.payments.lapse(maker, one.line_id, PROOF)) == "maker_checks"


def test_money_at_the_bank_waits_for_its_reply(one: Returned) -> None:
    one.bury()
    one.world.send(one.plan_id)
    assert refused(one.lapse) == "lapse_sent"


def test_an_heir_who_was_found_later_is_paid_and_the_collective_gives_it_back(one: Returned) -> None:
    one.bury()
    one.lapse()
    one.settle()
    heir = one.other.payee_id
    after = one.world.payments.name_heir(one.world.township, one.line_id, heir, b"found")
    assert (after.lapsed, after.open_fen, after.approval.step) == ({}, one.fen, Step.PAID_IN_PART)
    assert (one.balance("504"), one.balance("213")) == (0, -one.fen)
    batch = one.world.send(one.plan_id)
    assert [(line.payee_id, line.fen) for line in batch.lines] == [(heir, one.fen)]
    assert one.world.answer(batch, mark="2").approval.step is Step.PAID


def test_a_plan_in_which_nobody_was_paid_is_taken_up_again_for_an_heir(tmp_path: Path) -> None:
    world = World(tmp_path)
    one = Returned(world, sent=False)
    one.bury(1, 2)
    for line_id in one.dossier.standings():
        world.payments.lapse(world.township, line_id, PROOF)
    assert one.settle().approval.step is Step.PAID
    heir = world.stores.rosters.rosters(VILLAGE)[0].members[3].person_id
    after = world.payments.name_heir(world.township, one.line_id, heir, b"x")
    assert (after.approval.step, after.paid_fen, after.open_fen) == (Step.READY, 0, one.fen)
    assert refused(lambda: world.send(one.plan_id)) == "unconfirmed", "the heir's account is confirmed first"
    world.close()


def test_a_closed_plan_stays_as_it_is(one: Returned) -> None:
    one.bury()
    one.lapse()
    one.settle()
    result = one.world.notices.publish(one.world.accountant, one.plan_id)
    assert (result.open_fen, result.lapsed_fen) == (0, one.fen)
    one.world.check(one.plan_id, Step.CLOSED)
    heir = one.other.payee_id
    act = lambda: one.world.payments.name_heir(one.world.township, one.line_id, heir, b"x")  # noqa: E731
    assert refused(act) == "heir_closed"


def test_notice_slip_and_trace_say_where_the_money_went(one: Returned) -> None:
    one.bury()
    one.lapse()
    one.settle()
    one.world.notices.publish(one.world.accountant, one.plan_id)
    services, words = one.world.services(), Texts("zh")
    number = one.dossier.notices[-1].number
    sheet = services.documents.notice_page(one.world.accountant, one.plan_id, number, words)
    assert "无人继承" in str(sheet)
    assert "归村集体" in payment_line(one.stands, words)
    trace = trace_line(one.dossier, one.line_id, one.vouchers())
    assert [voucher.entry.source_kind for voucher in trace.lapsed] == ["lapsed"]
    other = trace_line(one.dossier, one.other.entitlement_id, one.vouchers())
    assert other.lapsed == ()


def test_the_verifier_of_the_audit_package_holds_the_sum_against_the_books(one: Returned) -> None:
    one.bury()
    one.lapse()
    packed = one.world.services().documents.audit_package(one.world.township, VILLAGE)
    files = unpacked(packed.content)
    assert list(check_payments(files)) == []
    text = files["entitlements.csv"].decode()
    assert re.search(rf"{re.escape(one.line_id)}.*,{one.fen}\r?$", text, re.MULTILINE)
    less = text.replace(f",{one.fen}\r\n", f",{one.fen - 1}\r\n")
    assert less != text
    told = list(check_payments(files | {"entitlements.csv": less.encode()}))
    assert [f"lapsed {one.fen - 1} fen, booked {one.fen} fen" in line for line in told] == [True]
    twice = files["payments.csv"].decode().replace("returned", "paid")
    told = list(check_payments(files | {"payments.csv": twice.encode()}))
    assert any("paid" in line and f"lapsed {one.fen}" in line for line in told)
    acts = [json.loads(line) for line in files["acts.jsonl"].decode().splitlines()]
    assert [act["of"]["document"] for act in acts if act["deed"] == "Lapsed"]


def unpacked(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {
            name.partition("/")[2] if name.count("/") > 1 else name: archive.read(name)
            for name in archive.namelist()
        }
