"""Accounts: add, change, disable, reset a password; change one's own password and language."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from access.guard import guarded
from access.passwords import chars_min, password_problem
from access.permissions import Permission, roles_clash
from access.principal import Principal
from access.throttle import Throttle
from commands.audit import Audited, command
from commands.passwords import Passwords
from domain.account import Role, Scope, User
from domain.clock import Clock
from domain.errors import AccessDeniedError, CommandError
from domain.plant import Registry
from stores.protocol import RecordStore

LANGUAGES = ("zh", "en")
USER_ID = re.compile(r"[a-z0-9][a-z0-9._-]{1,31}")
NAME_CHARS_MAX = 40
_RESERVED = frozenset({"console", "system"})


@dataclass(frozen=True, slots=True)
class NewUser:
    """An account to add."""

    user_id: str
    display_name: str
    roles: frozenset[Role]
    scope: Scope
    language: str = "zh"


@dataclass(frozen=True, slots=True)
class AccountRow:
    """An account as others may see it: without its password."""

    user_id: str
    display_name: str
    roles: tuple[Role, ...]
    scope: Scope
    language: str
    disabled: bool
    must_change_password: bool
    created_at: datetime | None


@guarded
class Accounts(Audited):
    """What may be done with accounts. ``registry``, when given, is what scopes are checked against."""

    def __init__(
        self,
        records: RecordStore,
        passwords: Passwords,
        clock: Clock,
        registry: Registry | None = None,
        field_clock: Clock | None = None,
    ) -> None:
        super().__init__(records, clock, field_clock)
        self._passwords = passwords
        self._registry = registry
        self._wrong = Throttle()

    @command(Permission.MANAGE_USERS, "user.list")
    def users(self, principal: Principal) -> list[AccountRow]:
        """Return every account, by id."""
        _check_whole(principal)
        return [_row(user) for user in self._records.users()]

    @command(Permission.MANAGE_USERS, "user.add")
    def add(self, principal: Principal, new: NewUser, *, must_change: bool = True) -> str:
        """Add an account; return its one-time password, which is kept nowhere (empty for a machine: it has none).

        Raises
        ------
        CommandError
            The name is taken or unfit, a role clashes with another, or the scope names what does not exist.
        """
        _check_whole(principal)
        self._check_new(new)
        password = self._passwords.random()
        logs_in = all(role.logs_in for role in new.roles)
        user = User(
            new.user_id,
            new.display_name.strip(),
            new.roles,
            new.scope,
            self._passwords.hash(password),
            new.language,
            must_change_password=must_change and logs_in,
            created_at=self._clock.now(),
        )
        detail = {"roles": _names(new.roles), "scope": _scope_text(new.scope)}
        with self._carry_out(principal, "user.add", new.user_id, detail):
            if self._records.user(new.user_id) is not None:
                raise CommandError(f"there is an account {new.user_id} already; choose another name")
            self._records.add_user(user)
        return password if logs_in else ""

    @command(Permission.MANAGE_USERS, "user.change_rights")
    def change_rights(self, principal: Principal, user_id: str, roles: frozenset[Role], scope: Scope) -> None:
        """Give an account other roles and another scope; its sessions end. Nobody changes his own."""
        _check_whole(principal)
        user = self._other(principal, user_id)
        _check_roles(roles)
        self._check_scope(scope)
        detail = {
            "roles": _names(roles),
            "scope": _scope_text(scope),
            "roles_before": _names(user.roles),
            "scope_before": _scope_text(user.scope),
        }
        with self._carry_out(principal, "user.change_rights", user_id, detail):
            self._records.replace_user(replace(user, roles=roles, scope=scope))
            self._records.end_sessions_of(user_id)

    @command(Permission.MANAGE_USERS, "user.reset_password")
    def reset_password(self, principal: Principal, user_id: str) -> str:
        """Give an account a one-time password and return it; its sessions end."""
        _check_whole(principal)
        user = self._known(user_id)
        password = self._passwords.random()
        renewed = replace(user, password_hash=self._passwords.hash(password), must_change_password=True)
        with self._carry_out(principal, "user.reset_password", user_id):
            self._records.replace_user(renewed)
            self._records.end_sessions_of(user_id)
        return password

    @command(Permission.MANAGE_USERS, "user.disable")
    def disable(self, principal: Principal, user_id: str) -> None:
        """Close an account; its sessions end. Nobody closes his own."""
        _check_whole(principal)
        user = self._other(principal, user_id)
        with self._carry_out(principal, "user.disable", user_id):
            self._records.replace_user(replace(user, disabled=True))
            self._records.end_sessions_of(user_id)

    @command(Permission.MANAGE_USERS, "user.enable")
    def enable(self, principal: Principal, user_id: str) -> None:
        """Open a closed account again."""
        _check_whole(principal)
        user = self._other(principal, user_id)
        with self._carry_out(principal, "user.enable", user_id):
            self._records.replace_user(replace(user, disabled=False))

    @command(Permission.CHANGE_OWN_ACCOUNT, "password.change")
    def change_own_password(self, principal: Principal, current: str, new: str) -> None:
        """Change one's own password; every session of the account ends, this one too.

        Raises
        ------
        PasswordRefusedError
            The current one is wrong, or the new one is not good enough (``problem`` says why).
        """
        user = self._known(principal.user_id)
        self._check_current(user, current)
        problem = "same" if new == current else password_problem(new, user.roles, _own_names(user))
        if problem is not None:
            raise PasswordRefusedError(problem, chars_min(user.roles))
        renewed = replace(user, password_hash=self._passwords.hash(new), must_change_password=False)
        with self._carry_out(principal, "password.change", principal.user_id):
            self._records.replace_user(renewed)
            self._records.end_sessions_of(principal.user_id)

    @command(Permission.CHANGE_OWN_ACCOUNT, "language.change")
    def change_own_language(self, principal: Principal, language: str) -> None:
        """Change the language of one's own pages."""
        if language not in LANGUAGES:
            raise CommandError(f"no texts in {str(language)[:20]!r}; there are {', '.join(LANGUAGES)}")
        with self._carry_out(principal, "language.change", principal.user_id, {"language": language}):
            self._records.replace_user(replace(self._known(principal.user_id), language=language))

    def _check_current(self, user: User, current: str) -> None:
        """Refuse a wrong current password; who guesses at an open browser is slowed down like at the login."""
        now_s = self._clock.monotonic()
        if self._wrong.wait_s(user.user_id, now_s) > 0:
            raise PasswordRefusedError("wait", 0)
        if not self._passwords.verify(user.password_hash, current):
            self._wrong.wrong(user.user_id, now_s)
            raise PasswordRefusedError("wrong", 0)
        self._wrong.right(user.user_id)

    def _known(self, user_id: str) -> User:
        user = self._records.user(user_id)
        if user is None:
            raise CommandError(f"there is no account {str(user_id)[:40]!r}; `pvmon user list` shows them")
        return user

    def _other(self, principal: Principal, user_id: str) -> User:
        if user_id == principal.user_id:
            raise CommandError("nobody changes the rights of his own account; ask another administrator")
        return self._known(user_id)

    def _check_new(self, new: NewUser) -> None:
        if not USER_ID.fullmatch(new.user_id) or new.user_id in _RESERVED:
            raise CommandError(
                f"account name {new.user_id[:40]!r}: 2 to 32 of a-z 0-9 . _ - , beginning with a letter or digit"
            )
        if not 0 < len(new.display_name.strip()) <= NAME_CHARS_MAX or not new.display_name.isprintable():
            raise CommandError(f"display name: 1 to {NAME_CHARS_MAX} printable characters")
        if new.language not in LANGUAGES:
            raise CommandError(f"no texts in {new.language[:20]!r}; there are {', '.join(LANGUAGES)}")
        _check_roles(new.roles)
        self._check_scope(new.scope)

    def _check_scope(self, scope: Scope) -> None:
        if self._registry is None:
            return
        known: Iterable[tuple[str, frozenset[str], Iterable[str]]] = (
            ("town", scope.town_ids, self._registry.towns_by_id),
            ("village", scope.village_ids, self._registry.villages_by_id),
            ("plant", scope.plant_ids, self._registry.plants_by_id),
        )
        for kind, wanted, existing in known:
            strangers = wanted - set(existing)
            if strangers:
                raise CommandError(f"the registry has no {kind} {', '.join(sorted(strangers))}")


class PasswordRefusedError(CommandError):
    """A change of password was refused.

    ``problem`` is wrong, wait, same, short, long, common or control; ``chars_min`` what the account needs.
    """

    def __init__(self, problem: str, chars_min: int) -> None:
        super().__init__(f"the password was refused: {problem}")
        self.problem = problem
        self.chars_min = chars_min


def _check_whole(principal: Principal) -> None:
    """Refuse everybody's accounts to who is responsible for a part of the district: he could give what he has not."""
    if not principal.scope.everything:
        raise AccessDeniedError(
            f"{principal.user_id} manages a part of the district, and accounts are the whole's"
        )


def _check_roles(roles: frozenset[Role]) -> None:
    if not roles:
        raise CommandError(f"an account needs a role: {_names(frozenset(Role))}")
    clash = roles_clash(roles)
    if clash is not None:
        first, second = clash
        raise CommandError(
            f"roles {first.value} and {second.value} must not be in one hand; make two accounts for two people"
        )


def _own_names(user: User) -> tuple[str, ...]:
    return (user.user_id, user.display_name)


def _names(roles: Iterable[Role]) -> str:
    return ", ".join(sorted(role.value for role in roles))


def _scope_text(scope: Scope) -> str:
    if scope.everything:
        return "everything"
    return ", ".join(sorted(scope.town_ids | scope.village_ids | scope.plant_ids)) or "nothing"


def _row(user: User) -> AccountRow:
    return AccountRow(
        user.user_id,
        user.display_name,
        tuple(sorted(user.roles, key=lambda role: role.value)),
        user.scope,
        user.language,
        user.disabled,
        user.must_change_password,
        user.created_at,
    )
