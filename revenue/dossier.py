"""The dossier of a plan (卷宗): every act on it in order, and what they add up to. Acts are only added.

`folded` replays the acts; the same acts always give the same dossier, whenever they arrived.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from domain.errors import MoneyError
from revenue.approval import Approval, Objection, Outcome, Step, SteppedBack, StepTaken
from revenue.attendance import Sheet, newest_sheets
from revenue.distribution import Distribution, Entitlement
from revenue.notice import Notice
from revenue.payment import Attempt, Batch, PaymentState, ReplyLine, Standing, answered, standings
from revenue.plan import Plan
from revenue.record import built, plain


@dataclass(frozen=True, slots=True)
class Drafted:
    """A version of the plan was written."""

    plan: Plan


@dataclass(frozen=True, slots=True)
class Objected:
    """Somebody objected to the notice."""

    objection: Objection


@dataclass(frozen=True, slots=True)
class Answered:
    """An objection was answered."""

    number: int
    on: date
    outcome: Outcome
    text: str


@dataclass(frozen=True, slots=True)
class SheetKept:
    """A signed attendance sheet was entered."""

    sheet: Sheet


@dataclass(frozen=True, slots=True)
class Distributed:
    """The net was split: from here on people are owed something."""

    distribution: Distribution


@dataclass(frozen=True, slots=True)
class Confirmed:
    """The checker looked at a payee whose account is new or changed, one by one."""

    payee_id: str
    account_id: str


@dataclass(frozen=True, slots=True)
class Batched:
    """A bank file was made."""

    batch: Batch


@dataclass(frozen=True, slots=True)
class Replied:
    """The bank's reply to a batch. ``digest`` is the hash of its file."""

    batch_id: str
    digest: str
    lines: tuple[ReplyLine, ...]


@dataclass(frozen=True, slots=True)
class HeirNamed:
    """What a dead person earned goes to somebody else, on a proof, checked by a second person."""

    entitlement_id: str
    payee_id: str
    document: str
    checked_by: str


@dataclass(frozen=True, slots=True)
class Lapsed:
    """What a dead person without an heir had earned goes to the collective, on a proof, checked by a second one."""

    entitlement_id: str
    fen: int
    document: str
    checked_by: str


@dataclass(frozen=True, slots=True)
class NoticeKept:
    """A notice was made."""

    notice: Notice


@dataclass(frozen=True, slots=True)
class NoticePosted:
    """A notice was photographed where it hangs. ``photo`` is the picture's hash."""

    number: int
    on: date
    photo: str


Deed = (
    Drafted
    | StepTaken
    | SteppedBack
    | Objected
    | Answered
    | SheetKept
    | Distributed
    | Confirmed
    | Batched
    | Replied
    | HeirNamed
    | Lapsed
    | NoticeKept
    | NoticePosted
)
_KINDS: Mapping[str, type] = {
    kind.__name__: kind
    for kind in (
        Drafted,
        StepTaken,
        SteppedBack,
        Objected,
        Answered,
        SheetKept,
        Distributed,
        Confirmed,
        Batched,
        Replied,
        HeirNamed,
        Lapsed,
        NoticeKept,
        NoticePosted,
    )
}


@dataclass(frozen=True, slots=True)
class Act:
    """One deed, with who and when. ``sequence`` counts the acts of one plan from 1."""

    plan_id: str
    village_id: str
    sequence: int
    deed: Deed
    by: str
    at: datetime

    def content(self) -> dict[str, Any]:
        """Return what was done as plain data."""
        return {"deed": type(self.deed).__name__, "of": plain(self.deed)}


def deed_of(content: Mapping[str, Any]) -> Deed:
    """Return what was done from its plain data."""
    kind = _KINDS.get(str(content["deed"]))
    if kind is None:
        raise MoneyError(f"an act {content['deed']!r} was written by a newer program; update this one")
    found: Deed = built(kind, content["of"])
    return found


@dataclass(frozen=True, slots=True)
class Dossier:
    """A plan and everything that was done with it."""

    plan: Plan
    approval: Approval
    sequence: int
    sheets: tuple[Sheet, ...] = ()
    objections: tuple[Objection, ...] = ()
    distribution: Distribution | None = None
    attempts: tuple[Attempt, ...] = ()
    batches: tuple[Batch, ...] = ()
    replies: tuple[Replied, ...] = ()
    confirmed: Mapping[str, str] = field(default_factory=dict)  # payee to account
    heirs: Mapping[str, str] = field(default_factory=dict)  # entitlement to payee
    lapsed: Mapping[str, int] = field(default_factory=dict)  # entitlement to fen
    notices: tuple[Notice, ...] = ()
    posted: tuple[NoticePosted, ...] = ()
    acts: tuple[Act, ...] = ()

    @property
    def entitlements(self) -> tuple[Entitlement, ...]:
        """What persons are owed."""
        return self.distribution.entitlements if self.distribution else ()

    def standings(self) -> dict[str, Standing]:
        """Return how each entitlement stands."""
        return standings(self.entitlements, self.attempts, self.lapsed)

    @property
    def paid_fen(self) -> int:
        """What arrived with persons."""
        return sum(one.line.fen for one in self.attempts if one.state is PaymentState.PAID)

    @property
    def open_fen(self) -> int:
        """What persons are owed and have not got."""
        return sum(one.fen for one in self.entitlements) - self.paid_fen - self.lapsed_fen

    @property
    def lapsed_fen(self) -> int:
        """What went to the collective because its owner died without an heir."""
        return sum(self.lapsed.values())

    @property
    def is_settled(self) -> bool:
        """Whether the plan is released, nobody is owed anything, and its payment is not yet noted as done."""
        return self.approval.step in {Step.READY, Step.PAID_IN_PART} and self.open_fen == 0

    def batch(self, batch_id: str) -> Batch | None:
        """Return a batch by its id."""
        return next((one for one in self.batches if one.batch_id == batch_id), None)


def folded(acts: Iterable[Act]) -> Dossier | None:
    """Return the dossier of the acts of one plan; None without any.

    Raises
    ------
    MoneyError
        An act is missing, or the first one is no plan.
    """
    found: Dossier | None = None
    for act in sorted(acts, key=lambda one: one.sequence):
        found = after(found, act)
    return found


def after(dossier: Dossier | None, act: Act) -> Dossier:
    """Return the dossier after one more act."""
    if dossier is None:
        if not isinstance(act.deed, Drafted) or act.sequence != 1:
            raise MoneyError(f"plan {act.plan_id}: its first act is missing")
        return Dossier(act.deed.plan, Approval(act.by), 1, acts=(act,))
    if act.sequence != dossier.sequence + 1:
        raise MoneyError(f"plan {act.plan_id}: act {dossier.sequence + 1} is missing")
    return replace(_after(dossier, act), sequence=act.sequence, acts=(*dossier.acts, act))


def _after(dossier: Dossier, act: Act) -> Dossier:
    match act.deed:
        case Drafted(plan):
            return replace(dossier, plan=plan, approval=replace(dossier.approval, maker=act.by))
        case StepTaken():
            approval = dossier.approval
            stepped = replace(
                approval, steps=(*approval.steps, act.deed), step=act.deed.step, since=act.deed.on
            )
            return replace(dossier, approval=stepped)
        case SteppedBack():
            approval = dossier.approval
            stepped = replace(
                approval, steps=(*approval.steps, act.deed), step=act.deed.to, since=act.deed.on
            )
            return replace(dossier, approval=stepped)
        case SheetKept(sheet):
            return replace(dossier, sheets=tuple(newest_sheets([*dossier.sheets, sheet])))
        case NoticeKept() | NoticePosted():
            return _noticed(dossier, act.deed)
        case Objected() | Answered():
            return replace(dossier, objections=_objections(dossier, act.deed))
        case Distributed(distribution):
            return replace(dossier, distribution=distribution)
        case _:
            return _after_payment(dossier, act)


def _noticed(dossier: Dossier, deed: NoticeKept | NoticePosted) -> Dossier:
    if isinstance(deed, NoticeKept):
        return replace(dossier, notices=(*dossier.notices, deed.notice))
    return replace(dossier, posted=(*dossier.posted, deed))


def _objections(dossier: Dossier, deed: Objected | Answered) -> tuple[Objection, ...]:
    if isinstance(deed, Objected):
        return (*dossier.objections, deed.objection)
    return tuple(
        replace(one, outcome=deed.outcome, answer=deed.text, answered_on=deed.on)
        if one.number == deed.number
        else one
        for one in dossier.objections
    )


def _after_payment(dossier: Dossier, act: Act) -> Dossier:
    match act.deed:
        case Confirmed(payee_id, account_id):
            return replace(dossier, confirmed={**dossier.confirmed, payee_id: account_id})
        case Batched(batch):
            sent = tuple(Attempt(batch.batch_id, line) for line in batch.lines)
            return replace(dossier, batches=(*dossier.batches, batch), attempts=(*dossier.attempts, *sent))
        case Replied(batch_id, _, lines):
            sent_before = dossier.batch(batch_id)
            if sent_before is None:
                raise MoneyError(f"plan {act.plan_id}: a reply to a batch it has not")
            attempts = tuple(answered(sent_before, lines, dossier.attempts))
            return replace(dossier, attempts=attempts, replies=(*dossier.replies, act.deed))
        case HeirNamed(entitlement_id, payee_id):
            kept = {key: fen for key, fen in dossier.lapsed.items() if key != entitlement_id}
            return replace(dossier, heirs={**dossier.heirs, entitlement_id: payee_id}, lapsed=kept)
        case Lapsed(entitlement_id, fen):
            return replace(dossier, lapsed={**dossier.lapsed, entitlement_id: fen})
    raise MoneyError(f"plan {act.plan_id}: an act nobody knows: {type(act.deed).__name__}")
