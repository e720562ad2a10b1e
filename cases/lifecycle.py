"""The life of a case as one pure function over its acts.

    REGISTERED ─assign→ ASSIGNED ─arrive→ HANDLING ─done→ AWAITING ─measure (recovered) / accept→ CLOSED
        │                  │ ↑ assign        ↑  ↑                │                                  │
        └──────done────────┴─┴──→ AWAITING   │  └─return, measure (not recovered)                   │
                                             └────────────────reopen───────────────────────────────┘

A repair closes by itself when the meters say the energy is back; when they say it is not, the case goes back
to HANDLING and says so. A person may accept only what was measured, or must say why it cannot be measured.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from cases.refusal import CaseRefusedError
from domain.alert import Severity
from domain.case import (
    Case,
    CaseAct,
    CaseActKind,
    CaseKind,
    CasePhoto,
    CaseState,
    Cause,
    Recovery,
    SparePart,
)

Step = Callable[[Case, CaseAct], Case]
_BEFORE_DONE = frozenset({CaseState.REGISTERED, CaseState.ASSIGNED, CaseState.HANDLING})
_OPEN = _BEFORE_DONE | {CaseState.AWAITING}
ALLOWED: Mapping[CaseActKind, frozenset[CaseState]] = {
    CaseActKind.ASSIGN: _BEFORE_DONE,
    CaseActKind.ARRIVE: frozenset({CaseState.ASSIGNED, CaseState.HANDLING}),
    CaseActKind.LEAVE: frozenset({CaseState.HANDLING, CaseState.AWAITING}),
    CaseActKind.NOTE: frozenset(CaseState),
    CaseActKind.PART: frozenset({CaseState.HANDLING, CaseState.AWAITING}),
    CaseActKind.PHOTO: _OPEN,
    CaseActKind.DONE: _BEFORE_DONE,
    CaseActKind.MEASURE: frozenset({CaseState.AWAITING}),
    CaseActKind.ACCEPT: frozenset({CaseState.AWAITING}),
    CaseActKind.RETURN: frozenset({CaseState.AWAITING}),
    CaseActKind.REOPEN: frozenset({CaseState.CLOSED}),
    CaseActKind.ESCALATE: _OPEN,
}


def after(case: Case | None, act: CaseAct) -> Case:
    """Return the case after one more act.

    Raises
    ------
    CaseRefusedError
        The act does not fit where the case stands, or lacks what it needs; nothing changed.
    """
    if case is None:
        return _registered(act)
    if act.kind is CaseActKind.REGISTER:
        raise CaseRefusedError("registered_before", number=case.number)
    if act.number != case.acts + 1:
        raise CaseRefusedError("somebody_quicker", number=case.number)
    if case.state not in ALLOWED[act.kind]:
        raise CaseRefusedError("not_now", number=case.number, state=case.state.value, act=act.kind.value)
    changed = _STEPS[act.kind](case, act)
    return replace(changed, acts=act.number, updated_at=max(act.at, case.updated_at))


def fold(acts: Iterable[CaseAct]) -> Case:
    """Return the case its acts make."""
    case: Case | None = None
    for act in acts:
        case = after(case, act)
    if case is None:
        raise CaseRefusedError("no_such_case")
    return case


def may(case: Case, kind: CaseActKind) -> bool:
    """Tell whether an act fits where the case stands."""
    return kind is not CaseActKind.REGISTER and case.state in ALLOWED[kind]


def _registered(act: CaseAct) -> Case:
    if act.kind is not CaseActKind.REGISTER or act.number != 1:
        raise CaseRefusedError("no_such_case")
    given = act.values
    subject = act.text.strip()
    if not subject:
        raise CaseRefusedError("no_subject")
    severity = given.get("severity", "")
    return Case(
        act.case_id,
        given["case_number"],
        CaseKind(given["kind"]),
        CaseState.REGISTERED,
        subject,
        act.at,
        act.by,
        1,
        act.at,
        plant_id=given.get("plant_id", ""),
        device_id=given.get("device_id", ""),
        part=given.get("part", ""),
        village_id=given.get("village_id", ""),
        town_id=given.get("town_id", ""),
        rule=given.get("rule", ""),
        reporter=given.get("reporter", ""),
        reporter_phone=given.get("reporter_phone", ""),
        contractor=given.get("contractor", ""),
        alert_ids=tuple(filter(None, given.get("alert_ids", "").split(","))),
        severity=Severity[severity] if severity else None,
        due_at=_instant(given, "due_at"),
        since=_instant(given, "since"),
        checklist=tuple(filter(None, given.get("checklist", "").split("\n"))),
    )


def _instant(values: Mapping[str, str], name: str) -> datetime | None:
    text = values.get(name, "")
    return datetime.fromisoformat(text) if text else None


def _number(values: Mapping[str, str], name: str) -> float | None:
    text = values.get(name, "")
    return float(text) if text else None


def _assigned(case: Case, act: CaseAct) -> Case:
    assignee = act.values.get("assignee", "").strip()
    if not assignee:
        raise CaseRefusedError("no_assignee")
    due_at = _instant(act.values, "due_at") or case.due_at
    contractor = act.values.get("contractor", case.contractor)
    return replace(
        case,
        state=CaseState.ASSIGNED,
        assignee=assignee,
        due_at=due_at,
        contractor=contractor,
        arrived_at=None,
    )


def _arrived(case: Case, act: CaseAct) -> Case:
    return replace(case, state=CaseState.HANDLING, arrived_at=case.arrived_at or act.at)


def _left(case: Case, act: CaseAct) -> Case:
    return replace(case, left_at=act.at)


def _noted(case: Case, act: CaseAct) -> Case:
    if not act.text.strip():
        raise CaseRefusedError("no_text")
    return case


def _part_used(case: Case, act: CaseAct) -> Case:
    name, count = act.values.get("name", "").strip(), act.values.get("count", "1")
    if not name or not count.isdecimal() or not 1 <= int(count) <= 9999:
        raise CaseRefusedError("part")
    return replace(case, parts=(*case.parts, SparePart(name, act.values.get("number", ""), int(count))))


def _pictured(case: Case, act: CaseAct) -> Case:
    stage = act.values.get("stage", "before")
    if stage not in {"before", "after"}:
        raise CaseRefusedError("stage")
    return replace(case, photos=(*case.photos, CasePhoto(act.values["sha256"], stage, act.at)))


def _done(case: Case, act: CaseAct) -> Case:
    if not act.text.strip():
        raise CaseRefusedError("no_action")
    cause: Cause | None = None
    if case.kind is CaseKind.ORDER:
        given = act.values.get("cause", "")
        if given not in {one.value for one in Cause}:
            raise CaseRefusedError("no_cause")
        cause = Cause(given)
    answer = act.text if case.kind in {CaseKind.REPORT, CaseKind.OBJECTION} else case.answer
    return replace(
        case,
        state=CaseState.AWAITING,
        done_at=act.at,
        cause=cause,
        action=act.text,
        answer=answer,
        recovery=None,
    )


def _measured(case: Case, act: CaseAct) -> Case:
    given = act.values
    said = given.get("recovered", "")
    recovery = Recovery(
        act.at,
        _number(given, "before_ratio"),
        _number(given, "after_ratio"),
        _number(given, "won_back_kwh"),
        None if not said else said == "true",
        given.get("reason", ""),
    )
    if recovery.recovered:
        return replace(case, state=CaseState.CLOSED, recovery=recovery, closed_at=act.at)
    if recovery.recovered is False:
        return replace(case, state=CaseState.HANDLING, recovery=recovery)
    return replace(case, recovery=recovery)


def _accepted(case: Case, act: CaseAct) -> Case:
    measured = case.recovery is not None and case.recovery.recovered is not None
    if case.kind is CaseKind.ORDER and not measured and not act.text.strip():
        raise CaseRefusedError("not_measured")
    return replace(case, state=CaseState.CLOSED, closed_at=act.at)


def _returned(case: Case, act: CaseAct) -> Case:
    if not act.text.strip():
        raise CaseRefusedError("no_reason")
    return replace(case, state=CaseState.HANDLING, done_at=None)


def _reopened(case: Case, act: CaseAct) -> Case:
    if not act.text.strip():
        raise CaseRefusedError("no_reason")
    state = CaseState.HANDLING if case.assignee else CaseState.REGISTERED
    due_at = _instant(act.values, "due_at") or case.due_at
    return replace(
        case,
        state=state,
        closed_at=None,
        done_at=None,
        reopened=case.reopened + 1,
        due_at=due_at,
        escalated_to="",
        escalated_at=None,
    )


def _escalated(case: Case, act: CaseAct) -> Case:
    to = act.values.get("to", "").strip()
    if not to:
        raise CaseRefusedError("nobody_responsible")
    return replace(case, escalated_to=to, escalated_at=act.at)


_STEPS: Mapping[CaseActKind, Step] = {
    CaseActKind.ASSIGN: _assigned,
    CaseActKind.ARRIVE: _arrived,
    CaseActKind.LEAVE: _left,
    CaseActKind.NOTE: _noted,
    CaseActKind.PART: _part_used,
    CaseActKind.PHOTO: _pictured,
    CaseActKind.DONE: _done,
    CaseActKind.MEASURE: _measured,
    CaseActKind.ACCEPT: _accepted,
    CaseActKind.RETURN: _returned,
    CaseActKind.REOPEN: _reopened,
    CaseActKind.ESCALATE: _escalated,
}
