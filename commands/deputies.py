"""Standing in for somebody: for some days a colleague of the same work sees and does what waits for him.

Places are lent, roles never are: the deputy holds no role the giver has not, and acts under his own name. What he
was lent cannot be lent on, and ends by itself, when either ends it, or when roles no longer fit (ADR 0065).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import uuid4

from access.guard import guarded, require
from access.permissions import Permission
from access.principal import Principal
from commands.audit import Audited, command
from domain.account import Role, Scope, User
from domain.clock import Clock
from domain.errors import WordedError
from domain.personal import Deputy
from domain.timespan import day_of, start_of_day
from stores.personal_protocol import PersonalStore
from stores.protocol import RecordStore

DAYS_MAX = 60
REASON_CHARS_MAX = 120
_NEVER = frozenset({Role.ADMIN, Role.MACHINE})  # accounts and settings are handed over, not lent


class DeputyRefusedError(WordedError):
    """Nobody can stand in this way."""

    area = "deputy.refused"


@dataclass(frozen=True, slots=True)
class Standing:
    """One standing in, seen by one of the two: ``giver`` and ``taker`` are their names."""

    deputy: Deputy
    giver: str
    taker: str
    is_giver: bool
    in_force: bool


@dataclass(frozen=True, slots=True)
class Lent:
    """What a person has on top of his own while he stands in: places, and the names things are given to."""

    scope: Scope
    names: frozenset[str]


@guarded
class Deputies(Audited):
    """Who stands in for whom. ``clock`` is the real one."""

    def __init__(
        self, records: RecordStore, store: PersonalStore, clock: Clock, field_clock: Clock | None = None
    ) -> None:
        super().__init__(records, clock, field_clock)
        self._store = store

    @require(Permission.CHANGE_OWN_ACCOUNT)
    def candidates(self, principal: Principal) -> list[tuple[str, str]]:
        """Return who may stand in for this person: id and name, by name."""
        giver = self._records.user(principal.user_id)
        if giver is None:
            return []
        found = [one for one in self._records.users() if may_stand_in(one, giver)]
        return sorted(((one.user_id, one.display_name) for one in found), key=lambda one: one[1])

    @require(Permission.CHANGE_OWN_ACCOUNT)
    def days(self, principal: Principal) -> tuple[date, date]:  # noqa: ARG002 (the guard's)
        """Return the first and the last day until which somebody may stand in."""
        today = day_of(self._clock.now())
        return today, today + timedelta(days=DAYS_MAX)

    @command(Permission.CHANGE_OWN_ACCOUNT, "deputy.appoint")
    def appoint(self, principal: Principal, taker_id: str, last_day: date, reason: str) -> Deputy:
        """Let a colleague stand in from now to the end of ``last_day``.

        Raises
        ------
        DeputyRefusedError
            He may not, he does already, the day is past or too far, or no reason is given.
        """
        now, (first, last) = self._clock.now(), self.days(principal)
        giver, taker = self._records.user(principal.user_id), self._records.user(taker_id)
        if giver is None or taker is None or not may_stand_in(taker, giver):
            raise DeputyRefusedError("not_he")
        if not first <= last_day <= last:
            raise DeputyRefusedError("day", count=DAYS_MAX)
        why = " ".join(reason.split())[:REASON_CHARS_MAX]
        if not why:
            raise DeputyRefusedError("reason")
        if any(one.giver_id == giver.user_id for one in self._store.deputies(giver.user_id, now)):
            raise DeputyRefusedError("one_already")
        until = start_of_day(last_day + timedelta(days=1))
        made = Deputy(uuid4().hex, giver.user_id, taker.user_id, now, until, why)
        detail = {"to": taker.user_id, "until": until.isoformat(), "reason": why}
        with self._carry_out(principal, "deputy.appoint", giver.user_id, detail):
            self._store.add_deputy(made)
        return made

    @command(Permission.CHANGE_OWN_ACCOUNT, "deputy.end")
    def end(self, principal: Principal, deputy_id: str) -> None:
        """End it now: either of the two may, and who manages accounts.

        Raises
        ------
        DeputyRefusedError
            There is none such of his, or it ended before.
        """
        found = self._store.deputy(deputy_id)
        his = found is not None and principal.user_id in {found.giver_id, found.taker_id}
        if found is None or not (his or principal.may(Permission.MANAGE_USERS)):
            raise DeputyRefusedError("none")
        detail = {"from": found.giver_id, "to": found.taker_id}
        with self._carry_out(principal, "deputy.end", found.giver_id, detail):
            if not self._store.end_deputy(deputy_id, self._clock.now(), principal.user_id):
                raise DeputyRefusedError("none")

    @require(Permission.CHANGE_OWN_ACCOUNT)
    def standing(self, principal: Principal) -> Sequence[Standing]:
        """Return what this person gave and took that is not over."""
        now, found = self._clock.now(), []
        for one in self._store.deputies(principal.user_id, now):
            giver, taker = self._records.user(one.giver_id), self._records.user(one.taker_id)
            if giver is not None and taker is not None:
                fits = may_stand_in(taker, giver)
                mine = one.giver_id == principal.user_id
                found.append(Standing(one, giver.display_name, taker.display_name, mine, fits))
        return found


def may_stand_in(taker: User, giver: User) -> bool:
    """Tell whether one may stand in for another: a colleague with no role the other has not."""
    is_open = not taker.disabled and not giver.disabled and taker.user_id != giver.user_id
    return is_open and bool(taker.roles) and taker.roles <= giver.roles and not taker.roles & _NEVER


def lent_to(user: User, records: RecordStore, store: PersonalStore, clock: Clock) -> Lent | None:
    """Return what a person was lent and still has; only what the givers' accounts themselves may see."""
    now = clock.now()
    scope, names = Scope(), set[str]()
    for one in store.deputies(user.user_id, now):
        giver = records.user(one.giver_id) if one.taker_id == user.user_id and one.stands(now) else None
        if giver is not None and may_stand_in(user, giver):
            scope = scope.joined(giver.scope)
            names |= {giver.user_id, giver.display_name}
    return Lent(scope, frozenset(names)) if names else None
