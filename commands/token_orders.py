"""Tokens over a line of JSON: what the command line asks for, in this process or of a running one."""

from collections.abc import Callable, Mapping
from typing import Any

from access.principal import console_principal
from commands.tokens import Tokens
from domain.errors import CommandError
from domain.token import ApiToken

Order = Callable[[Mapping[str, Any]], Mapping[str, Any]]
ADD, LIST, REVOKE = "token.add", "token.list", "token.revoke"


def token_orders(tokens: Tokens) -> Mapping[str, Order]:
    """Return the orders by name, each taking and giving plain JSON values; they act as the console."""
    who = console_principal()

    def added(payload: Mapping[str, Any]) -> Mapping[str, Any]:
        areas = payload.get("areas")
        if not isinstance(areas, list) or not isinstance(payload.get("days"), int):
            raise CommandError("areas must be a list and days a whole number")
        user_id, label = str(payload.get("user", "")), str(payload.get("label", ""))
        token, text = tokens.add(who, user_id, label, frozenset(map(str, areas)), payload["days"])
        return {**_as_json(token), "token": text}

    def listed(payload: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"tokens": [_as_json(each) for each in tokens.tokens(who, payload.get("user") or None)]}

    def revoked(payload: Mapping[str, Any]) -> Mapping[str, Any]:
        tokens.revoke(who, str(payload.get("id", "")))
        return {"id": payload["id"]}

    return {ADD: added, LIST: listed, REVOKE: revoked}


def _as_json(token: ApiToken) -> dict[str, Any]:
    return {
        "id": token.token_id,
        "user": token.user_id,
        "label": token.label,
        "areas": sorted(token.areas),
        "created_at": token.created_at.isoformat(),
        "expires_at": token.expires_at.isoformat(),
        "revoked_at": token.revoked_at.isoformat() if token.revoked_at else None,
        "used_at": token.used_at.isoformat() if token.used_at else None,
    }
