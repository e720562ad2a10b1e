"""Acts of `pvmon payout` on payees and sheets: accounts by two persons, heirs, slip codes, corrections."""

from access.principal import Principal
from commands.plan_files import read_changes
from domain.timespan import day_of
from main.payout import PayoutDesk
from main.payout_acts import Answer, Words, content_of, state_of
from texts.loader import Texts


def members(desk: PayoutDesk, who: Principal, words: Words, texts: Texts) -> Answer:
    """List the roster of today, masked, with the ids other acts ask for."""
    found = desk.rosters.members(who, words["village"], day_of(desk.clock.now()))
    return {
        "members": [
            {
                "payee": one.member.person_id,
                "household": one.member.household_id,
                "state": one.member.state.value,
            }
            for one in found
        ],
        "lines": [
            f"{one.member.person_id}  {one.member.household_id}  {one.name}  {one.bank} {one.account}  "
            + texts(f"payout.member.{one.member.state.value}")
            for one in found
        ],
    }


def account(desk: PayoutDesk, who: Principal, words: Words, texts: Texts) -> Answer:
    """Note a new account of a payee with its document; a second person checks it."""
    given = (words["bank"], words["account"], content_of(words, "paper"))
    account_id = desk.rosters.change_account(who, words["village"], words["payee"], *given)
    return {"account": account_id, "lines": [texts("payees.said.noted", account=account_id)]}


def accounts(desk: PayoutDesk, who: Principal, words: Words, texts: Texts) -> Answer:  # noqa: ARG001
    """List account changes that wait for a second person."""
    found = desk.rosters.waiting_accounts(who, words["village"])
    return {
        "accounts": [one.account_id for one in found],
        "lines": [
            f"{one.account_id}  {one.household_id}  {one.name}  {one.bank} {one.account}  {one.since}  {one.made_by}"
            for one in found
        ],
    }


def check_account(desk: PayoutDesk, who: Principal, words: Words, texts: Texts) -> Answer:
    """Check an account change as the second person."""
    desk.rosters.check_account(who, words["village"], words["account"])
    return {"account": words["account"], "lines": [texts("payees.said.checked", account=words["account"])]}


def heir(desk: PayoutDesk, who: Principal, words: Words, texts: Texts) -> Answer:
    """Let an heir receive an entitlement, on a proof."""
    found = desk.payments.name_heir(who, words["line"], words["payee"], content_of(words, "paper"))
    return state_of(found, texts)


def lapse(desk: PayoutDesk, who: Principal, words: Words, texts: Texts) -> Answer:
    """Let what a dead person without an heir had earned go to the collective, on a proof."""
    found = desk.payments.lapse(who, words["line"], content_of(words, "paper"))
    return state_of(found, texts)


def end_code(desk: PayoutDesk, who: Principal, words: Words, texts: Texts) -> Answer:
    """End the slip codes of a household: one that left, or lost its slip."""
    count = desk.households.end(who, words["village"], words["household"])
    said = texts("payees.said.ended", household=words["household"], count=count)
    return {"household": words["household"], "ended": count, "lines": [said]}


def correct(desk: PayoutDesk, who: Principal, words: Words, texts: Texts) -> Answer:
    """Publish a correction of a notice."""
    changes = read_changes(content_of(words, "file"))
    made = desk.notices.correct(who, words["plan"], int(words["number"]), words["reason"], changes)
    said = texts("payout.said.notice", number=made.number, code=made.code, ends=made.ends)
    return {"number": made.number, "corrects": made.corrects, "code": made.code, "lines": [said]}


def post_notice(desk: PayoutDesk, who: Principal, words: Words, texts: Texts) -> Answer:
    """Keep a photo of a notice where it hangs."""
    number = int(words["number"])
    dossier = desk.notices.post(who, words["plan"], number, content_of(words, "paper"))
    count = sum(one.number == number for one in dossier.posted)
    return {
        "number": number,
        "photos": count,
        "lines": [texts("payees.said.posted", number=number, count=count)],
    }
