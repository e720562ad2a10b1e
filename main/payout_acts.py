"""What `pvmon payout` can do: each act a function of the desk, a person and plain words, so that a running
instance can do it for the command line. Files travel as base64; answers are plain data with lines for people.
"""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from access.principal import Principal
from commands.documents import Document
from commands.plan_files import read_lines
from commands.plans import DraftOrder, StepOrder
from domain.money import Money
from main.acting import Option
from main.payout import PayoutDesk
from revenue.approval import CHECKER_STEPS, Body, Meeting, Outcome, Step
from revenue.attendance import Sheet
from revenue.dossier import Dossier
from revenue.refusal import refuse
from texts.loader import Texts

Words = Mapping[str, Any]
Answer = dict[str, Any]
Act = Callable[[PayoutDesk, Principal, Words, Texts], Answer]


@dataclass(frozen=True, slots=True)
class ActSpec:
    """One act. ``reads`` acts need no account."""

    name: str
    act: Act
    options: tuple[Option, ...]
    reads: bool = False


def content_of(words: Words, name: str) -> bytes:
    """Return a file that came with an act."""
    return base64.b64decode(words.get(name) or "")


def _given(document: Document) -> Answer:
    return {"name": document.name, "file": base64.b64encode(document.content).decode()}


def state_of(dossier: Dossier, texts: Texts) -> Answer:
    """Return where a plan stands."""
    plan, step = dossier.plan, dossier.approval.step
    said = texts(
        "payout.said.plan",
        plan=plan.plan_id,
        step=texts(f"payout.step.{step.value}"),
        available=Money(plan.available_fen),
        paid=Money(dossier.paid_fen),
        open=Money(dossier.open_fen),
    )
    return {"plan": plan.plan_id, "step": step.value, "lines": [said]}


def roster_import(desk: PayoutDesk, who: Principal, words: Words, texts: Texts) -> Answer:
    """Preview a roster, or keep it."""
    village, day, content = words["village"], date.fromisoformat(words["on"]), content_of(words, "file")
    preview = desk.rosters.preview(who, village, day, content)
    lines = [one.words(texts) for one in preview.problems]
    counts = {
        "rows": preview.rows,
        "households": preview.households,
        "joining": preview.joining,
        "leaving": preview.leaving,
        "accounts": preview.new_accounts,
    }
    lines.insert(0, texts("payout.said.preview", **counts))
    if not words.get("keep"):
        return {**counts, "problems": len(preview.problems), "lines": lines}
    roster = desk.rosters.import_file(who, village, day, str(words.get("file_name", "")), content)
    kept = texts("payout.said.roster", roster=roster.roster_id, count=len(roster.members))
    return {**counts, "roster": roster.roster_id, "lines": [*lines, kept]}


def plan_draft(desk: PayoutDesk, who: Principal, words: Words, texts: Texts) -> Answer:
    """Draft a plan from a file of lines."""
    order = DraftOrder(
        words["village"],
        date.fromisoformat(words["first"]),
        date.fromisoformat(words["last"]),
        read_lines(content_of(words, "file")),
        roster_on=date.fromisoformat(words["roster"]) if words.get("roster") else None,
    )
    return state_of(desk.plans.draft(who, order), texts)


def plan_list(desk: PayoutDesk, who: Principal, words: Words, texts: Texts) -> Answer:  # noqa: ARG001
    """List plans."""
    rows = desk.queries.plans(who)
    return {
        "plans": [{"plan": row.plan_id, "step": row.step.value, "open_fen": row.open.fen} for row in rows],
        "lines": [
            texts(
                "payout.said.plan",
                plan=row.plan_id,
                step=texts(f"payout.step.{row.step.value}"),
                available=row.available,
                paid=row.paid,
                open=row.open,
            )
            for row in rows
        ],
    }


def plan_show(desk: PayoutDesk, who: Principal, words: Words, texts: Texts) -> Answer:
    """Show a plan with what blocks its next step."""
    view = desk.queries.plan(who, words["plan"])
    answer = state_of(view.dossier, texts)
    for line in view.dossier.plan.lines:
        kind = texts(f"payout.class.{line.kind.value}")
        answer["lines"].append(f"  {line.line_id}  {kind}  {line.purpose}  {Money(line.fen)}")
    if view.next is not None:
        answer["lines"].append(texts("payout.said.next", step=texts(f"payout.step.{view.next.value}")))
    answer["lines"] += [f"  - {one.words(texts)}" for one in view.blockers]
    answer["blockers"] = [one.key for one in view.blockers]
    answer["entitlements"] = [one.entitlement.entitlement_id for one in view.standings]
    return answer


def plan_step(desk: PayoutDesk, who: Principal, words: Words, texts: Texts) -> Answer:
    """Take a step."""
    step = Step(words["step"])
    meeting = None
    if words.get("due"):
        called = date.fromisoformat(words["called"]) if words.get("called") else None
        body = Body(words.get("body") or Body.REPRESENTATIVES)
        due, present, votes = (int(words[name] or 0) for name in ("due", "present", "votes"))
        meeting = Meeting(due, present, votes, body, called)
    order = StepOrder(
        words["plan"],
        step,
        date.fromisoformat(words["on"]),
        meeting,
        content_of(words, "paper"),
        words.get("number") or "",
    )
    act = desk.plans.check if step in CHECKER_STEPS else desk.plans.step
    return state_of(act(who, order), texts)


def settled(desk: PayoutDesk, who: Principal, words: Words, texts: Texts) -> Answer:
    """Note a plan of which nobody is owed anything any more as paid."""
    return state_of(desk.plans.note_payment(who, words["plan"]), texts)


def plan_back(desk: PayoutDesk, who: Principal, words: Words, texts: Texts) -> Answer:
    """Send a plan back."""
    return state_of(desk.plans.back(who, words["plan"], Step(words["step"]), words["reason"]), texts)


def attendance(desk: PayoutDesk, who: Principal, words: Words, texts: Texts) -> Answer:
    """Enter a signed sheet."""
    month, signed = date.fromisoformat(words["first"]), date.fromisoformat(words["on"])
    sheet = Sheet(words["line"], month, {}, signed, "")
    content, photo = content_of(words, "file"), content_of(words, "paper")
    return state_of(desk.plans.attendance_file(who, words["plan"], sheet, content, photo), texts)


def objection(desk: PayoutDesk, who: Principal, words: Words, texts: Texts) -> Answer:
    """Register an objection."""
    dossier = desk.plans.object_to(who, words["plan"], words["text"], date.fromisoformat(words["on"]))
    one = dossier.objections[-1]
    said = texts("payout.said.objection", number=one.number, due=one.due_on)
    return {"number": one.number, "due": one.due_on.isoformat(), "lines": [said]}


def answer_objection(desk: PayoutDesk, who: Principal, words: Words, texts: Texts) -> Answer:
    """Answer an objection."""
    outcome = Outcome.UPHELD if words.get("upheld") else Outcome.DISMISSED
    return state_of(
        desk.plans.answer(who, words["plan"], int(words["number"]), outcome, words["text"]), texts
    )


def confirm(desk: PayoutDesk, who: Principal, words: Words, texts: Texts) -> Answer:
    """List payees to be confirmed, or confirm one: by its id, or by its household."""
    plan_id, waiting = words["plan"], desk.payments.to_confirm(who, words["plan"])
    homes = _homes(desk, who, plan_id)
    asked = words.get("payee") or ""
    if words.get("household"):
        asked = next((one.payee_id for one in waiting if homes.get(one.payee_id) == words["household"]), "-")
    if asked:
        account = next((one.account_id for one in waiting if one.payee_id == asked), "")
        return state_of(desk.payments.confirm(who, plan_id, asked, account), texts)
    return {
        "payees": [one.payee_id for one in waiting],
        "lines": [
            f"{one.payee_id}  {homes.get(one.payee_id, '')}  {one.name}  {one.bank}  {one.account}"
            for one in waiting
        ],
    }


def _homes(desk: PayoutDesk, who: Principal, plan_id: str) -> dict[str, str]:
    """Return the household of each payee of a plan's roster."""
    roster = desk.stores.rosters.roster(desk.plans.dossier(who, plan_id).plan.roster_id)
    members = roster.members if roster is not None else ()
    return {one.payee_id or one.person_id: one.household_id for one in reversed(members)}


def batch(desk: PayoutDesk, who: Principal, words: Words, texts: Texts) -> Answer:
    """Make a bank file."""
    plan_id, form = words["plan"], words.get("form") or "xlsx"
    if words.get("again"):
        batch_id = words["again"]
    else:
        batch_id = desk.payments.batch(who, plan_id).batches[-1].batch_id
    file = desk.payments.bank_file(who, plan_id, batch_id)
    document = desk.documents.bank_list(who, file, texts, form)
    said = texts("payout.said.batch", batch=batch_id, count=len(file.rows), total=Money(file.batch.total_fen))
    return {**_given(document), "batch": batch_id, "digest": file.batch.digest, "lines": [said]}


def reply(desk: PayoutDesk, who: Principal, words: Words, texts: Texts) -> Answer:
    """Take a bank's reply."""
    return state_of(desk.payments.reply_file(who, words["batch"], content_of(words, "file")), texts)


def works(desk: PayoutDesk, who: Principal, words: Words, texts: Texts) -> Answer:
    """Book the transfer to a builder."""
    return state_of(desk.payments.pay_works(who, words["plan"], words["line"]), texts)


def publish(desk: PayoutDesk, who: Principal, words: Words, texts: Texts) -> Answer:
    """Publish a decision or a result."""
    notice = desk.notices.publish(who, words["plan"], named=bool(words.get("named")))
    said = texts("payout.said.notice", number=notice.number, code=notice.code, ends=notice.ends)
    return {"number": notice.number, "code": notice.code, "lines": [said]}


def notice_print(desk: PayoutDesk, who: Principal, words: Words, texts: Texts) -> Answer:
    """Print a notice."""
    return _given(desk.documents.notice_sheet(who, words["plan"], int(words["number"]), texts))


def broadcast(desk: PayoutDesk, who: Principal, words: Words, texts: Texts) -> Answer:
    """Return the loudspeaker text."""
    return {"lines": [desk.documents.broadcast(who, words["plan"], int(words["number"]), texts)]}


def verify(desk: PayoutDesk, who: Principal, words: Words, texts: Texts) -> Answer:
    """Check a photographed sheet by its code, or every sheet of a plan, against the books."""
    if words.get("plan"):
        village = str(words["plan"]).partition("-")[0]
        kept = desk.notices.verify_all(who, village)
        found = [one for one in kept if one.notice.plan_id == words["plan"]]
        if not found:
            raise refuse("no_notice", code=str(words["plan"])[:40])
    else:
        found = desk.notices.verify(who, words.get("notice") or "")
    lines: list[str] = []
    for one in found:
        key = "sound" if one.is_sound else "not_sound"
        label = desk.registry.village_label(one.notice.village_id, texts.language)
        values = {"village": label, "number": one.notice.number, "code": one.notice.code}
        lines.append(texts(f"payout.said.{key}", **values))
        lines += [f"  {texts(f'payout.class.{t.kind.value}')}  {Money(t.fen)}" for t in one.notice.totals]
        lines += [f"  {account}: {published} / {booked}" for account, published, booked in one.differences]
    return {"sound": all(one.is_sound for one in found), "notices": len(found), "lines": lines}


def slips(desk: PayoutDesk, who: Principal, words: Words, texts: Texts) -> Answer:
    """Print household slips."""
    return _given(desk.documents.slips(who, [words["plan"]], texts))


def paper(desk: PayoutDesk, who: Principal, words: Words, texts: Texts) -> Answer:
    """Print the paper of a step."""
    return _given(desk.documents.step_paper(who, words["plan"], Step(words["step"]), texts))


def sheet_paper(desk: PayoutDesk, who: Principal, words: Words, texts: Texts) -> Answer:
    """Print a blank attendance sheet."""
    month = date.fromisoformat(words["first"])
    return _given(desk.documents.attendance_paper(who, words["plan"], words["line"], month, texts))


def report(desk: PayoutDesk, who: Principal, words: Words, texts: Texts) -> Answer:
    """Write the reports of a village, or of every village of a town."""
    span, form = (words["first"][:7], words["last"][:7]), words.get("form") or "xlsx"
    return _given(desk.documents.reports(who, _villages(desk, words), *span, texts, form))


def _villages(desk: PayoutDesk, words: Words) -> list[str]:
    """Return the village that is named, or every village of the town."""
    given = words["village"]
    found = [one.village_id for one in desk.registry.villages if given in {one.village_id, one.town_id}]
    return found or [given]


def bulk_print(desk: PayoutDesk, who: Principal, words: Words, texts: Texts) -> Answer:
    """Print one kind of paper for every village of a town at once."""
    villages, first, last = _villages(desk, words), words["first"][:7], words["last"][:7]
    return _given(desk.documents.bulk(who, words["what"], villages, first, last, texts))


def audit_package(desk: PayoutDesk, who: Principal, words: Words, texts: Texts) -> Answer:  # noqa: ARG001
    """Write the audit package of a village."""
    return _given(desk.documents.audit_package(who, words["village"]))
