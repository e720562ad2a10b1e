"""Accounts over a line of JSON: what the command line asks for, whether in this process or of a running one."""

from collections.abc import Callable, Mapping
from typing import Any

from access.principal import console_principal
from commands.accounts import AccountRow, Accounts, NewUser
from domain.account import Role, Scope
from domain.errors import CommandError

Order = Callable[[Mapping[str, Any]], Mapping[str, Any]]
LIST, ADD, RESET = "user.list", "user.add", "user.reset_password"


def account_orders(accounts: Accounts) -> Mapping[str, Order]:
    """Return the orders by name, each taking and giving plain JSON values; they act as the console."""
    who = console_principal()

    def listed(_payload: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"users": [_as_json(row) for row in accounts.users(who)]}

    def added(payload: Mapping[str, Any]) -> Mapping[str, Any]:
        new = _new_user(payload)
        return {"user": new.user_id, "password": accounts.add(who, new)}

    def reset(payload: Mapping[str, Any]) -> Mapping[str, Any]:
        user_id = str(payload.get("user", ""))
        return {"user": user_id, "password": accounts.reset_password(who, user_id)}

    return {LIST: listed, ADD: added, RESET: reset}


def _new_user(payload: Mapping[str, Any]) -> NewUser:
    return NewUser(
        str(payload.get("user", "")),
        str(payload.get("name") or payload.get("user", "")),
        frozenset(_role(value) for value in _texts(payload, "roles")),
        Scope(
            payload.get("everything") is True,
            frozenset(_texts(payload, "towns")),
            frozenset(_texts(payload, "villages")),
            frozenset(_texts(payload, "plants")),
        ),
        str(payload.get("language") or "zh"),
    )


def _texts(payload: Mapping[str, Any], key: str) -> list[str]:
    value = payload.get(key) or []
    if not isinstance(value, list):
        raise CommandError(f"{key} must be a list")
    return [str(each) for each in value]


def _role(value: str) -> Role:
    try:
        return Role(value)
    except ValueError as error:
        known = ", ".join(role.value for role in Role)
        raise CommandError(f"there is no role {value[:20]!r}; there are {known}") from error


def _as_json(row: AccountRow) -> dict[str, Any]:
    return {
        "user": row.user_id,
        "name": row.display_name,
        "roles": [role.value for role in row.roles],
        "everything": row.scope.everything,
        "towns": sorted(row.scope.town_ids),
        "villages": sorted(row.scope.village_ids),
        "plants": sorted(row.scope.plant_ids),
        "language": row.language,
        "disabled": row.disabled,
        "must_change_password": row.must_change_password,
        "created_at": row.created_at.isoformat() if row.created_at else None,
    }
