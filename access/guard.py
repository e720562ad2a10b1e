"""The guard of queries and commands: no public method without a permission, and no call without it.

    @guarded
    class Overview:
        @require(Permission.VIEW_OVERVIEW)
        def cards(self, principal: Principal, day: date) -> list[PlantCard]: ...

``require`` checks at every call and leaves the permission at ``__permission__``; ``guarded`` refuses the
class at import when a public method was forgotten.
"""

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from access.permissions import Permission
from access.principal import Principal
from domain.errors import AccessDeniedError

S = TypeVar("S")
R = TypeVar("R")
C = TypeVar("C", bound=type)
P = ParamSpec("P")
Method = Callable[Concatenate[S, Principal, P], R]
MARK = "__permission__"
FRESH_MARK = "__fresh__"  # the act asks the second factor again


def check(principal: object, permission: Permission) -> Principal:
    """Return ``principal`` when it may; nothing but a Principal ever may.

    Raises
    ------
    AccessDeniedError
        It may not.
    """
    if not isinstance(principal, Principal):
        raise AccessDeniedError(f"{permission.value}: nobody is logged in", "nobody", what=permission.value)
    if not principal.may(permission):
        message = f"{principal.user_id} has no permission {permission.value}"
        raise AccessDeniedError(message, "permission", who=principal.user_id, what=permission.value)
    return principal


class FactorStaleError(AccessDeniedError):
    """The act moves money, and the second factor was given too long ago."""

    def __init__(self) -> None:
        super().__init__("give a code of your second factor again")

    def words(self, texts: Callable[..., str]) -> str:
        """Return what to do, in the reader's language."""
        return texts("totp.again")


def check_fresh(principal: Principal) -> None:
    """Raise FactorStaleError when the second factor must be given again first."""
    if principal.factor_stale:
        raise FactorStaleError


def require(permission: Permission, *, fresh: bool = False) -> Callable[[Method[S, P, R]], Method[S, P, R]]:
    """Decorate a method whose first argument is the principal: it runs only with ``permission``.

    ``fresh``: and only when the second factor was given in the last minutes.
    """

    def decorate(method: Method[S, P, R]) -> Method[S, P, R]:
        @wraps(method)
        def permitted(self: S, principal: Principal, /, *args: P.args, **kwargs: P.kwargs) -> R:
            check(principal, permission)
            if fresh:
                check_fresh(principal)
            return method(self, principal, *args, **kwargs)

        setattr(permitted, MARK, permission)
        setattr(permitted, FRESH_MARK, fresh)
        return permitted

    return decorate


def open_to_anyone(method: Callable[P, R]) -> Callable[P, R]:
    """Mark a method that needs no principal, such as logging in; it must protect itself."""
    setattr(method, MARK, Permission.ANYONE)
    return method


def permission_of(function: object) -> Permission | None:
    """Return the permission a function states, None when it states none."""
    found = getattr(function, MARK, None)
    return found if isinstance(found, Permission) else None


def unguarded(cls: type) -> list[str]:
    """Return the public methods and properties of ``cls``, inherited ones included, without a permission."""
    bare = []
    for name in dir(cls):
        if name.startswith("_") and name != "__call__":
            continue
        member = inspect.getattr_static(cls, name)
        if _runs_code(member) and permission_of(_function_of(member)) is None:
            bare.append(name)
    return bare


def _runs_code(member: Any) -> bool:
    if isinstance(member, type(type.__call__)):  # the slot every class has
        return False
    return callable(member) or hasattr(type(member), "__get__")


def _function_of(member: Any) -> Any:
    if isinstance(member, staticmethod | classmethod):
        return member.__func__
    if isinstance(member, property):
        return member.fget
    return member


def guarded(cls: C) -> C:
    """Decorate a class of queries or commands: refuse it when a public method states no permission.

    Raises
    ------
    TypeError
        Names the methods.
    """
    bare = unguarded(cls)
    if bare:
        names = ", ".join(f"{cls.__qualname__}.{name}" for name in bare)
        raise TypeError(f"no permission stated by {names}: decorate with @require(Permission...)")
    return cls


def out_of_scope(principal: Principal, kind: str, identity: object) -> AccessDeniedError:
    """Return the answer about a thing that is not there or not in scope: one and the same, so nobody learns which."""
    what = str(identity)[:40]
    message = f"{kind} {what!r} is not within the scope of {principal.user_id}"
    return AccessDeniedError(message, kind, what=what, who=principal.user_id)
