"""What happens to cases by itself: overdue ones go to a named person, planned inspections are registered."""

import hashlib
from datetime import datetime, timedelta

from alerts.message import local_minute
from cases.deadlines import due_at, escalations
from cases.inspections import visits
from cases.lifecycle import after, fold
from domain.alert import Severity
from domain.case import Case, CaseAct, CaseActKind, CaseKind
from domain.errors import RecordRejectedError
from domain.maintenance import Contact, Maintenance
from domain.notification import Event, Notification, Notifying
from domain.plant import Registry
from domain.timespan import day_of
from stores.work_protocol import WorkStore
from texts.loader import Texts

SYSTEM = "system"
_EXPIRE = timedelta(hours=48)
_TOLD_ROLES = frozenset({"lead", "county"})


def escalate(
    store: WorkStore, maintenance: Maintenance, notifying: Notifying, now: datetime, *, real_people: bool
) -> int:
    """Put overdue cases before the responsible person of their town, once; return how many."""
    cases = [fold(acts) for acts in store.cases_acts(open_only=True)]
    count = 0
    for late in escalations(cases, now, maintenance):
        if late.to is None:
            continue
        act = CaseAct(
            late.case.case_id,
            late.case.acts + 1,
            now,
            SYSTEM,
            CaseActKind.ESCALATE,
            "",
            {"to": f"{late.to.name} {late.to.title}".strip()},
        )
        try:
            with store.transaction():
                store.add_case_act(act, after(late.case, act))
                if real_people:
                    store.queue([], _messages(late.case, late.to, notifying, now))
        except RecordRejectedError:
            continue  # somebody acted on it just now: the next round looks again
        count += 1
    return count


def _messages(case: Case, to: Contact, notifying: Notifying, now: datetime) -> list[Notification]:
    found = []
    for receiver in notifying.receivers:
        if receiver.role not in _TOLD_ROLES:
            continue
        texts = Texts(receiver.language)
        words = {"number": case.number, "subject": case.subject}
        due = case.due_at or now
        body = texts(
            "notify.overdue_body",
            **words,
            due=local_minute(due),
            state=texts(f"cases.state.{case.state.value}"),
            assignee=case.assignee or "—",
            name=to.name,
        )
        for target_id in receiver.target_ids:
            mark = f"{case.case_id}|{case.reopened}|{receiver.receiver_id}|{target_id}"
            found.append(
                Notification(
                    hashlib.sha256(mark.encode()).hexdigest()[:32],
                    target_id,
                    receiver.receiver_id,
                    Event.OVERDUE,
                    case.severity or Severity.S3,
                    texts("notify.overdue_title", **words),
                    body,
                    now,
                    now + _EXPIRE,
                )
            )
    return found


def register_inspections(
    store: WorkStore, registry: Registry, maintenance: Maintenance, now: datetime
) -> int:
    """Register the inspections due within a week, each once; return how many."""
    today = day_of(now)
    count = 0
    for visit in visits(maintenance.inspections, registry.plants, today, today + timedelta(days=7)):
        case_id = hashlib.sha256(visit.visit_id.encode()).hexdigest()[:32]
        if store.case_acts(case_id):
            continue
        plant = registry.plants_by_id[visit.plant_id]
        contractor = maintenance.contractor_of(plant, today)
        prefix = f"XJ-{today.year}-"
        with store.transaction():
            values = {
                "kind": CaseKind.INSPECTION.value,
                "case_number": f"{prefix}{store.last_case_number(prefix) + 1:04d}",
                "plant_id": plant.plant_id,
                "town_id": plant.town_id,
                "contractor": contractor.contact.name if contractor else "",
                "checklist": "\n".join(visit.plan.checklist),
                "due_at": due_at(CaseKind.INSPECTION, None, now, maintenance).isoformat(),
            }
            act = CaseAct(case_id, 1, now, SYSTEM, CaseActKind.REGISTER, visit.plan.name, values)
            store.add_case_act(act, after(None, act))
        count += 1
    return count
