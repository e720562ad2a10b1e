"""Objections to a notice as cases: registered, numbered and due like every case, answered with the plan's answer.

The plan is what counts: a case closed elsewhere does not answer the objection, so the plan stays blocked.
"""

from datetime import datetime

from cases.lifecycle import after, fold, may
from commands.case_rules import number_prefix
from domain.case import Case, CaseAct, CaseActKind, CaseKind
from domain.timespan import start_of_day
from revenue.approval import Objection
from stores.case_protocol import CaseStore

SUBJECT_CHARS_MAX = 120


def objection_case_id(plan_id: str, number: int) -> str:
    """Return the id of the case of an objection: found from the plan, and the plan from it."""
    return f"objection-{plan_id}-{number}"


def open_case(
    cases: CaseStore,
    plan_id: str,
    objection: Objection,
    place: dict[str, str],
    reporter: str,
    by: str,
    at: datetime,
) -> Case:
    """Register the case of an objection; inside the transaction of the command."""
    prefix = number_prefix(CaseKind.OBJECTION, at)
    values = {
        **place,
        "kind": CaseKind.OBJECTION.value,
        "case_number": f"{prefix}{cases.last_case_number(prefix) + 1:04d}",
        "reporter": reporter,
        "due_at": start_of_day(objection.due_on).isoformat(),
        "plan": plan_id,
    }
    subject = objection.text[:SUBJECT_CHARS_MAX]
    case_id = objection_case_id(plan_id, objection.number)
    act = CaseAct(case_id, 1, at, by, CaseActKind.REGISTER, subject, values)
    case = after(None, act)
    cases.add_case_act(act, case)
    return case


def answer_case(cases: CaseStore, plan_id: str, number: int, answer: str, by: str, at: datetime) -> None:
    """Answer and close the case of an objection; inside the transaction of the command."""
    acts = cases.case_acts(objection_case_id(plan_id, number))
    if not acts:  # registered before objections were cases
        return
    case = fold(acts)
    for kind in (CaseActKind.DONE, CaseActKind.ACCEPT):
        if may(case, kind):
            act = CaseAct(case.case_id, case.acts + 1, at, by, kind, answer)
            case = after(case, act)
            cases.add_case_act(act, case)
