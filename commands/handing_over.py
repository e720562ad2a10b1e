"""Handing over: what one person had open goes to another, whose rights grow by it; history stays where it is."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from access.guard import guarded
from access.permissions import Permission, roles_clash
from access.principal import Principal
from cases.lifecycle import fold
from commands.audit import Audited, command
from commands.cases import Cases
from domain.account import Role, Scope, User
from domain.case import Case
from domain.clock import Clock
from domain.errors import CommandError
from stores.work_protocol import WorkStore


@dataclass(frozen=True, slots=True)
class HandedOver:
    """What was handed over. ``roles`` and ``scope`` are the giver's, which the taker has now too."""

    at: datetime
    giver: User
    taker: User
    roles: tuple[Role, ...]
    scope: Scope
    cases: tuple[Case, ...]
    sessions_ended: int
    closed: bool


@guarded
class HandingOver(Audited):
    """The act of handing over. ``clock`` is the real one."""

    _records: WorkStore

    def __init__(self, records: WorkStore, cases: Cases, clock: Clock, field_clock: Clock) -> None:
        super().__init__(records, clock, field_clock)
        self._records: WorkStore = records
        self._cases = cases

    @command(Permission.MANAGE_USERS, "user.hand_over")
    def hand_over(self, principal: Principal, giver_id: str, taker_id: str, *, stays: bool) -> HandedOver:
        """Give open cases, roles and scope of one account to another; the giver's sessions end.

        Unless he ``stays``, his account is closed. All of it happens, or nothing.

        Raises
        ------
        CommandError
            An account is missing, closed or a machine's, or the roles must not be in one hand.
        """
        giver, taker = self._person(giver_id), self._person(taker_id)
        if giver_id == taker_id or principal.user_id in {giver_id, taker_id}:
            raise CommandError("give two different accounts, and let a third person hand over")
        if taker.disabled:
            raise CommandError(f"account {taker_id} is closed; open it first")
        roles = giver.roles | taker.roles
        clash = roles_clash(roles)
        if clash is not None:
            raise CommandError(
                f"roles {clash[0].value} and {clash[1].value} must not be in one hand; choose somebody else"
            )
        open_cases = self._open_cases(giver)
        detail = {"to": taker_id, "cases": str(len(open_cases)), "closed": "no" if stays else "yes"}
        with self._carry_out(principal, "user.hand_over", giver_id, detail):
            handed = [self._cases.assign(principal, one.case_id, one.acts, taker_id) for one in open_cases]
            grown = replace(taker, roles=roles, scope=giver.scope.joined(taker.scope))
            self._records.replace_user(grown)
            self._records.replace_user(replace(giver, disabled=not stays))
            ended = self._records.end_sessions_of(giver_id)
            self._records.end_sessions_of(taker_id)  # his rights are others now
        kept = tuple(sorted(giver.roles, key=lambda role: role.value))
        return HandedOver(
            self._clock.now(), giver, grown, kept, giver.scope, tuple(handed), ended, closed=not stays
        )

    def _person(self, user_id: str) -> User:
        user = self._records.user(user_id)
        if user is None:
            raise CommandError(f"there is no account {str(user_id)[:40]!r}; `pvmon user list` shows them")
        if not all(role.logs_in for role in user.roles):
            raise CommandError(f"{user_id} is a machine account; give it other tokens instead")
        return user

    def _open_cases(self, giver: User) -> Sequence[Case]:
        names = {giver.user_id, giver.display_name}
        found = [fold(acts) for acts in self._records.cases_acts(open_only=True)]
        return sorted((one for one in found if one.assignee in names), key=lambda one: one.number)
