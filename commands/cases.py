"""Cases: register, assign, work, accept. Each step is one act, audited, and of two people only one is next."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import uuid4

from access.guard import guarded
from access.permissions import Permission
from access.principal import Principal
from cases.lifecycle import after, fold
from cases.refusal import CaseRefusedError
from cases.tags import TAG, tag_of
from commands.audit import Audited, command
from commands.case_rules import (
    NewCase,
    checked_text,
    from_alert,
    number_prefix,
    sees_case,
    values_of,
)
from commands.reading_rules import photo_of
from domain.alert import Alert
from domain.case import Case, CaseAct, CaseActKind
from domain.clock import Clock
from domain.errors import AccessDeniedError, RecordRejectedError
from domain.handling import PlannedStop, StopKind
from domain.maintenance import Maintenance
from domain.plant import Registry
from stores.work_protocol import WorkStore

K = CaseActKind
P = Permission


@guarded
class Cases(Audited):
    """What may be done with cases. ``seen`` is how many acts the page showed: an older page is refused."""

    def __init__(
        self,
        records: WorkStore,
        registry: Registry,
        maintenance: Maintenance,
        clock: Clock,
        field_clock: Clock | None = None,
    ) -> None:
        super().__init__(records, clock, field_clock)
        self._work = records
        self._registry = registry
        self._maintenance = maintenance

    @command(P.MANAGE_CASES, "case.register")
    def register(self, principal: Principal, new: NewCase) -> Case:
        """Register a case; it gets its number, its due date and whom to call.

        Raises
        ------
        CaseRefusedError
            Something is missing, unknown, retired or out of scope.
        """
        return self._register(principal, new, {})

    @command(P.MANAGE_CASES, "case.from_alert")
    def from_alert(self, principal: Principal, alert_id: str, assignee: str = "") -> Case:
        """Make an order from an alert in one act, and assign it when ``assignee`` is given.

        Raises
        ------
        CaseRefusedError
            There is no such alert in scope, or an order for it is open.
        """
        alert = self._alert(principal, alert_id)
        about = {"alert_ids": alert.alert_id, "rule": alert.rule, "since": alert.since.isoformat()}
        with self._records.transaction():  # of two at once the second sees the first one's order
            known = self._work.case_of_alert(alert_id)
            standing = fold(self._work.case_acts(known)) if known is not None else None
            if standing is not None and standing.is_open:
                raise CaseRefusedError("has_case", number=standing.number)
            case = self._register(principal, from_alert(alert, self._registry), about)
            if assignee.strip():
                case = self._act(principal, case, case.acts, K.ASSIGN, "", {"assignee": assignee.strip()})
        return case

    @command(P.MANAGE_CASES, "case.assign")
    def assign(
        self, principal: Principal, case_id: str, seen: int, assignee: str, due_at: datetime | None = None
    ) -> Case:
        """Give a case to somebody."""
        values = {"assignee": checked_text(assignee, 40)}
        if due_at is not None:
            values["due_at"] = due_at.isoformat()
        return self._act(principal, self._case(principal, case_id), seen, K.ASSIGN, "", values)

    @command(P.WORK_CASES, "case.arrive")
    def arrive(self, principal: Principal, case_id: str, seen: int) -> Case:
        """Say that one is at the plant."""
        return self._work_on(principal, case_id, seen, K.ARRIVE)

    @command(P.WORK_CASES, "case.leave")
    def leave(self, principal: Principal, case_id: str, seen: int) -> Case:
        """Say that one has left."""
        return self._work_on(principal, case_id, seen, K.LEAVE)

    @command(P.WORK_CASES, "case.note")
    def note(self, principal: Principal, case_id: str, seen: int, text: str) -> Case:
        """Write something down."""
        return self._work_on(principal, case_id, seen, K.NOTE, text)

    @command(P.WORK_CASES, "case.part")
    def part(self, principal: Principal, case_id: str, seen: int, name: str, number: str, count: str) -> Case:
        """Note a part that was used."""
        values = {"name": checked_text(name, 80), "number": checked_text(number, 40), "count": count.strip()}
        return self._work_on(principal, case_id, seen, K.PART, "", values)

    @command(P.WORK_CASES, "case.photo")
    def photo(self, principal: Principal, case_id: str, seen: int, content: bytes, stage: str) -> Case:
        """Add a picture, before or after.

        Raises
        ------
        ReadingRefusedError
            It is too large, or no JPEG or PNG.
        """
        sha256, content_type = photo_of(content)
        with self._records.transaction():
            self._records.add_photo(sha256, content_type, content)
            return self._work_on(principal, case_id, seen, K.PHOTO, "", {"sha256": sha256, "stage": stage})

    @command(P.WORK_CASES, "case.done")
    def done(self, principal: Principal, case_id: str, seen: int, text: str, cause: str = "") -> Case:
        """Say what was done and why it had happened; the meters are asked next."""
        return self._work_on(principal, case_id, seen, K.DONE, text, {"cause": cause} if cause else {})

    @command(P.MANAGE_CASES, "case.accept")
    def accept(self, principal: Principal, case_id: str, seen: int, text: str = "") -> Case:
        """Close a case; without a measured recovery only with the reason why it cannot be measured."""
        return self._act(principal, self._case(principal, case_id), seen, K.ACCEPT, text)

    @command(P.MANAGE_CASES, "case.return")
    def send_back(self, principal: Principal, case_id: str, seen: int, text: str) -> Case:
        """Send a case back to the field, with the reason."""
        return self._act(principal, self._case(principal, case_id), seen, K.RETURN, text)

    @command(P.MANAGE_CASES, "case.reopen")
    def reopen(self, principal: Principal, case_id: str, seen: int, text: str) -> Case:
        """Open a closed case again, with the reason."""
        return self._act(principal, self._case(principal, case_id), seen, K.REOPEN, text)

    @command(P.WORK_CASES, "case.tag")
    def tag(self, principal: Principal, case_id: str) -> PlannedStop:
        """Hang a maintenance tag where the case is about, for four hours: alerts there are notes meanwhile.

        Raises
        ------
        CaseRefusedError
            The case is not about a plant, is closed, or is somebody else's.
        """
        case = self._mine(principal, case_id)
        if not case.plant_id or not case.is_open:
            raise CaseRefusedError("no_tag", number=case.number)
        now = self._field_clock.now()
        stop = PlannedStop(
            uuid4().hex,
            StopKind.MAINTENANCE,
            now,
            now + TAG,
            f"{case.number} {case.subject}",
            principal.user_id,
            now,
            case.plant_id,
            case.device_id,
        )
        with self._carry_out(principal, "case.tag", case.number):
            self._work.add_stop(stop)
        return stop

    @command(P.WORK_CASES, "case.untag")
    def untag(self, principal: Principal, case_id: str) -> None:
        """Take the tag off that hangs where the case is about.

        Raises
        ------
        CaseRefusedError
            None hangs there, or the case is somebody else's.
        """
        case, now = self._mine(principal, case_id), self._field_clock.now()
        hanging = tag_of(case, self._work.stops(now, now + timedelta(seconds=1)), now)
        if hanging is None:
            raise CaseRefusedError("no_tag", number=case.number)
        with self._carry_out(principal, "case.untag", case.number):
            self._work.end_stop(hanging.stop_id, now, principal.user_id)

    def _mine(self, principal: Principal, case_id: str) -> Case:
        """Return a case somebody may work on: his own, nobody's, or any for who manages cases."""
        case = self._case(principal, case_id)
        mine = not case.assignee or principal.is_called(case.assignee)
        if not mine and not principal.may(Permission.MANAGE_CASES):
            raise CaseRefusedError("not_yours", number=case.number, assignee=case.assignee)
        return case

    def _register(self, principal: Principal, new: NewCase, about: Mapping[str, str]) -> Case:
        now = self._field_clock.now()
        values = values_of(new, principal, self._registry, self._maintenance, now) | dict(about)
        prefix = number_prefix(new.kind, now)
        with self._records.transaction():
            number = f"{prefix}{self._work.last_case_number(prefix) + 1:04d}"
            values["case_number"] = number
            act = CaseAct(uuid4().hex, 1, now, principal.user_id, K.REGISTER, new.subject.strip(), values)
            case = after(None, act)
            try:
                with self._carry_out(principal, "case.register", number):
                    self._work.add_case_act(act, case)
            except RecordRejectedError as error:  # another process took the number a moment ago
                raise CaseRefusedError("somebody_quicker", number=number) from error
        return case

    def _work_on(
        self,
        principal: Principal,
        case_id: str,
        seen: int,
        kind: CaseActKind,
        text: str = "",
        values: Mapping[str, str] | None = None,
    ) -> Case:
        """Take a step only the assignee, or who manages cases, may take."""
        return self._act(principal, self._mine(principal, case_id), seen, kind, text, values)

    def _act(
        self,
        principal: Principal,
        case: Case,
        seen: int,
        kind: CaseActKind,
        text: str = "",
        values: Mapping[str, str] | None = None,
    ) -> Case:
        now = self._field_clock.now()
        said = checked_text(text)
        act = CaseAct(case.case_id, seen + 1, now, principal.user_id, kind, said, dict(values or {}))
        changed = after(case, act)
        try:
            with self._carry_out(principal, f"case.{kind.value}", case.number):
                self._work.add_case_act(act, changed)
        except RecordRejectedError as error:
            raise CaseRefusedError("somebody_quicker", number=case.number) from error
        return changed

    def _case(self, principal: Principal, case_id: str) -> Case:
        acts = self._work.case_acts(str(case_id))
        if not acts:
            raise CaseRefusedError("no_such_case")
        case = fold(acts)
        in_scope = sees_case(principal, case.plant_id, case.town_id, case.village_id, self._registry)
        if not in_scope or not principal.sees_case_of(case.assignee):
            raise AccessDeniedError(f"case {case.number} is not within the scope of {principal.user_id}")
        return case

    def _alert(self, principal: Principal, alert_id: str) -> Alert:
        alert = self._work.alert(str(alert_id))
        named = {alert.plant_id, *alert.plant_ids} - {""} if alert is not None else set()
        plants = [self._registry.plants_by_id[one] for one in named if one in self._registry.plants_by_id]
        if alert is None or not any(principal.sees_plant(plant, self._registry) for plant in plants):
            raise CaseRefusedError("no_such_alert")
        return alert
