"""Audit of commands: who, what, when, from where, and how it ended; nothing happens that cannot be noted.

    @command(Permission.MANAGE_USERS, "user.add")
    def add(self, principal, order):
        ...checks; raise CommandError to refuse...
        with self._carry_out(principal, "user.add", order.user_id):
            ...changes...

Inside ``_carry_out`` the changes and the entry "done" are one transaction: when the entry cannot be kept,
the changes are not kept either. ``command`` notes refusals and failures before the error is raised further.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from access.guard import FRESH_MARK, MARK, check, check_fresh
from access.permissions import Permission
from access.principal import Principal
from domain.account import AuditEntry
from domain.clock import Clock
from domain.errors import AccessDeniedError, CommandError, StoreError
from stores.protocol import RecordStore

log = logging.getLogger(__name__)
_DETAIL_CHARS_MAX = 200

P = ParamSpec("P")
R = TypeVar("R")
C = TypeVar("C", bound="Audited")


class Audited:
    """Base of commands: the records store, the real clock, and the audit.

    ``field_clock`` is noted beside the real time, because a demonstration's field time differs from it.
    """

    def __init__(self, records: RecordStore, clock: Clock, field_clock: Clock | None = None) -> None:
        self._records = records
        self._clock = clock
        self._field_clock = field_clock or clock

    @contextmanager
    def _carry_out(
        self, principal: Principal, action: str, subject: str, detail: Mapping[str, str] | None = None
    ) -> Iterator[None]:
        """Open one transaction for the changes made inside and the entry "done"."""
        with self._records.transaction():
            yield
            self._note(principal, action, subject, "done", detail)

    def _note(
        self,
        principal: object,
        action: str,
        subject: str,
        outcome: str,
        detail: Mapping[str, str] | None = None,
    ) -> None:
        """Keep one entry."""
        known = principal if isinstance(principal, Principal) else None
        told = dict(detail or {})
        if known and known.stands_for:
            told["stands_for"] = ", ".join(sorted(known.stands_for))[:_DETAIL_CHARS_MAX]
        entry = AuditEntry(
            at=self._clock.now(),
            user_id=known.user_id if known else "",
            action=action,
            subject=subject,
            outcome=outcome,
            address=known.address if known else "",
            detail=told,
            field_time=self._field_clock.now(),
        )
        self._records.add_audit(entry)

    def _note_ending(self, principal: object, action: str, error: Exception) -> None:
        """Keep how an act ended badly; when even that fails the act did not happen anyway, and the log says so."""
        refused = isinstance(error, AccessDeniedError | CommandError)
        detail = {"reason": str(error)[:_DETAIL_CHARS_MAX] if refused else type(error).__name__}
        try:
            self._note(principal, action, "", "refused" if refused else "failed", detail)
        except StoreError:
            log.exception("the audit of %s could not be kept", action)


Method = Callable[Concatenate[C, Principal, P], R]


def command(
    permission: Permission, action: str, *, fresh: bool = False
) -> Callable[[Method[C, P, R]], Method[C, P, R]]:
    """Decorate a command: permission at every call, refusals and failures audited as ``action``.

    ``fresh``: the act moves money or opens a person, so the second factor must be minutes old.
    """

    def decorate(method: Method[C, P, R]) -> Method[C, P, R]:
        @wraps(method)
        def audited(self: C, principal: Principal, /, *args: P.args, **kwargs: P.kwargs) -> R:
            try:
                check(principal, permission)
                if fresh:
                    check_fresh(principal)
                return method(self, principal, *args, **kwargs)
            except Exception as error:
                self._note_ending(principal, action, error)
                raise

        setattr(audited, MARK, permission)
        setattr(audited, FRESH_MARK, fresh)
        return audited

    return decorate
