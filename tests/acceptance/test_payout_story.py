"""Three villages from net income to the closing of a plan, as docs/revenue_out.md tells it."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from domain.ledger import Closing
from revenue import accounts
from revenue.approval import Outcome, Step
from revenue.notice import Change, NoticeKind
from revenue.payment import PaymentState
from revenue.refusal import RefusedError
from tests.commands.payout_world import VILLAGES, World, reply_of


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    for place, village in enumerate(VILLAGES):
        made.fund(village)
        made.enrol(village, 12, first=1 + 100 * place)
    yield made
    made.close()


def balance(world: World, village: str, account: str) -> int:
    return sum(one.fen for one in world.records.balances([village]) if one.account.startswith(account))


def test_three_villages_walk_the_whole_way(world: World) -> None:
    for village in VILLAGES:
        plan_id = world.draft(village).plan.plan_id
        world.meet(plan_id)
        notice = world.notices.publish(world.accountant, plan_id, named=True)
        assert notice.total_fen == notice.available_fen == 1_620_000
        world.plans.object_to(world.accountant, plan_id, "我家应有三个积分", world.today)
        with pytest.raises(RefusedError, match="7 days left"):
            world.check(plan_id, Step.TOWNSHIP_REVIEWED)
        world.clock.advance(8 * 86_400)
        with pytest.raises(RefusedError, match="objection 1 has no answer"):
            world.check(plan_id, Step.TOWNSHIP_REVIEWED)
        world.plans.answer(world.accountant, plan_id, 1, Outcome.DISMISSED, "核对名册后已说明")
        world.check(plan_id, Step.TOWNSHIP_REVIEWED)
        world.check(plan_id, Step.FILED)
        with pytest.raises(RefusedError, match="no pay before work"):
            world.check(plan_id, Step.READY)
        world.attend(world.plans.dossier(world.accountant, plan_id))
        with pytest.raises(RefusedError, match="have not been checked one by one"):
            world.check(plan_id, Step.READY)
        assert world.confirm_all(plan_id) == 12
        ready = world.check(plan_id, Step.READY)
        assert ready.distribution is not None
        assert ready.distribution.total_fen == ready.plan.available_fen
        batch = world.send(plan_id)
        assert world.answer(batch, frozenset({3})).approval.step is Step.PAID_IN_PART
        again = world.send(plan_id)
        assert [line.attempt for line in again.lines] == [2]
        assert world.answer(again).approval.step is Step.PAID
        for _ in range(2):  # asked twice, paid once
            world.payments.pay_works(world.township, plan_id, "3")
        result = world.notices.publish(world.accountant, plan_id, named=True)
        assert (result.kind, result.open_fen) == (NoticeKind.RESULT, 0)
        assert world.check(plan_id, Step.CLOSED).approval.step is Step.CLOSED
        (checked,) = world.notices.verify(world.county, result.code)
        assert checked.is_sound
        spent = sum(total.fen for total in result.totals[:-1])
        assert balance(world, village, "514") == spent
        assert balance(world, village, accounts.CASH_AT_BANK) == 1_620_000 - spent
        assert balance(world, village, accounts.LABOUR_PAYABLE) == 0
        assert balance(world, village, accounts.PAYABLE) == 0
    assert world.records.verify().is_sound


def test_a_correction_says_old_new_and_why_and_the_first_sheet_stays(world: World) -> None:
    plan_id = world.release(VILLAGES[0]).plan.plan_id
    change = Change("道路保洁", "20 天", "30 天")
    corrected = world.notices.correct(world.accountant, plan_id, 1, "天数抄错", [change])
    kinds = [one.kind for one in world.notices.notices(world.accountant, VILLAGES[0])]
    assert kinds == [NoticeKind.CORRECTION, NoticeKind.DECISION]
    assert (corrected.corrects, corrected.changes) == (1, (change,))
    with pytest.raises(RefusedError, match="no such notice"):
        world.notices.correct(world.accountant, plan_id, 9, "x", [change])


def test_a_sheet_with_another_code_is_not_ours(world: World) -> None:
    world.release(VILLAGES[0])
    with pytest.raises(RefusedError, match="no notice 0000"):
        world.notices.verify(world.county, "0000-0000-0000-0001")


def test_nothing_goes_out_twice_and_a_foreign_reply_changes_nothing(world: World) -> None:
    first, second = (world.release(village).plan.plan_id for village in VILLAGES[:2])
    batch, other = world.send(first), world.send(second)
    with pytest.raises(RefusedError, match="nothing to pay"):
        world.send(first)
    lines = [replace(one, number=one.number + 50) for one in reply_of(other, world.today)]
    with pytest.raises(RefusedError, match="replies to another batch"):
        world.payments.reply(world.accountant, batch.batch_id, b"x", lines)
    states = {one.state for one in world.plans.dossier(world.accountant, first).attempts}
    assert states == {PaymentState.SENT}
    world.answer(batch)
    with pytest.raises(RefusedError, match="taken before"):
        world.answer(batch)
    assert world.records.verify().is_sound


def test_nothing_is_paid_after_a_close_and_nothing_is_half_done(world: World) -> None:
    """Neither in a closed month of the books, nor on a plan that is closed."""
    plan_id = world.release(VILLAGES[0]).plan.plan_id
    period = f"{world.today:%Y-%m}"
    before = (world.plans.dossier(world.accountant, plan_id).sequence, world.records.head())
    world.records.close_period(
        Closing(VILLAGES[0], period, "accountant", "township", world.clock.now(), "已核对")
    )
    with pytest.raises(RefusedError, match="the books refuse it"):
        world.send(plan_id)
    dossier = world.plans.dossier(world.accountant, plan_id)
    assert (dossier.sequence, world.records.head()) == before
    assert dossier.batches == ()
    world.clock.advance(31 * 86_400)
    world.answer(world.send(plan_id))
    world.payments.pay_works(world.township, plan_id, "3")
    world.notices.publish(world.accountant, plan_id)
    assert world.check(plan_id, Step.CLOSED).approval.step is Step.CLOSED
    with pytest.raises(RefusedError, match="nothing can be paid yet"):
        world.send(plan_id)
    assert world.records.verify().is_sound
