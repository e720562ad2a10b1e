"""Practising: a copy of one's own villages' books, in which a month's work can be done without touching the real ones.

Who practises sits in two seats, the accountant's and an invented checker's, because acts that need two persons need
two there as well. Beginning, beginning anew and ending are noted in the real audit; what is done inside is noted inside.
"""

from dataclasses import replace
from datetime import datetime
from typing import Protocol

from access.guard import guarded, open_to_anyone, require
from access.permissions import Permission
from access.principal import Principal, principal_of
from commands.audit import Audited, command
from commands.authenticate import Authenticate
from commands.passwords import Passwords
from domain.account import Role, User
from domain.clock import Clock
from domain.errors import WordedError
from stores.protocol import RecordStore

P = Permission
CHECKER = "practice-checker"
ALLOWED = frozenset(  # what can be practised; no reading, industry, alert, account or setting
    {
        P.ANYONE,
        P.CHANGE_OWN_ACCOUNT,
        P.VIEW_OVERVIEW,
        P.VIEW_PLANT,
        P.VIEW_INCOME,
        P.ENTER_MONEY,
        P.CHECK_MONEY,
        P.MAKE_PLAN,
        P.VIEW_PEOPLE,
        P.CHANGE_PEOPLE,
    }
)


class PracticeRefusedError(WordedError):
    """There is nothing to practise on, or no copy."""

    area = "practice.refused"


class PracticeCopies(Protocol):
    """Where copies lie."""

    def made_at(self, user_id: str) -> datetime | None:
        """Return when a person's copy was made, None where there is none."""
        ...

    def make(self, principal: Principal) -> int:
        """Make a person's copy, in place of an earlier one; return how many villages it has."""
        ...

    def drop(self, user_id: str) -> bool:
        """Delete a person's copy; tell whether there was one."""
        ...


@guarded
class Practice(Audited):
    """Making and deleting one's own copy. ``clock`` is the real one."""

    def __init__(
        self, records: RecordStore, copies: PracticeCopies, clock: Clock, field_clock: Clock | None = None
    ) -> None:
        super().__init__(records, clock, field_clock)
        self._copies = copies

    @require(P.MAKE_PLAN)
    def made_at(self, principal: Principal) -> datetime | None:
        """Return when one's own copy was made."""
        return self._copies.made_at(principal.user_id)

    @command(P.MAKE_PLAN, "practice.begin")
    def begin(self, principal: Principal) -> None:
        """Make one's own copy, in place of an earlier one.

        Raises
        ------
        PracticeRefusedError
            No village is in scope.
        """
        count = self._copies.make(principal)
        self._note(principal, "practice.begin", principal.user_id, "done", {"villages": str(count)})

    @command(P.MAKE_PLAN, "practice.end")
    def end(self, principal: Principal) -> None:
        """Delete one's own copy with everything done in it."""
        if not self._copies.drop(principal.user_id):
            raise PracticeRefusedError("none")
        self._note(principal, "practice.end", principal.user_id, "done")


def may_practise(principal: Principal | None) -> bool:
    """Tell whether somebody, wholly logged in, may practise."""
    return principal is not None and principal.may(P.MAKE_PLAN)


def seats_of(principal: Principal, checker_name: str) -> tuple[User, User]:
    """Return the two accounts of a copy; nobody can log in as either."""
    own = User(
        principal.user_id,
        principal.display_name,
        frozenset({Role.ACCOUNTANT}),
        principal.scope,
        "!",
        principal.language,
    )
    checker = replace(own, user_id=CHECKER, display_name=checker_name, roles=frozenset({Role.TOWNSHIP}))
    return own, checker


@guarded
class PracticeSeats(Authenticate):
    """Who asks inside a copy: the owner of the real session, in the seat he chose; a real session alone opens it.

    Nothing here is real, so no code of a second factor is asked again.
    """

    def __init__(
        self, records: RecordStore, real: Authenticate, owner: str, passwords: Passwords, clock: Clock
    ) -> None:
        super().__init__(records, passwords, clock)
        self._real = real
        self._owner = owner
        self._seat = owner

    @open_to_anyone
    def principal(self, token: str, address: str, *, active: bool = True) -> Principal | None:
        """Return the owner in his seat; None for anybody else."""
        found = self._real.principal(token, address, active=active)
        if found is None or found.user_id != self._owner or not may_practise(found):
            return None
        user = self._records.user(self._seat)
        return None if user is None else replace(principal_of(user, address), only=ALLOWED)

    @open_to_anyone
    def used(self, token: str) -> None:
        """Note that the real session was used."""
        self._real.used(token)

    @require(P.VIEW_OVERVIEW)
    def sit(self, principal: Principal, seat: str) -> None:  # noqa: ARG002 (the guard's)
        """Take the other seat: the accountant's, or the checker's."""
        self._seat = CHECKER if seat == CHECKER else self._owner
