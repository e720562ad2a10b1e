"""The desk's bell: an open page asks what called the desk; our script beeps and flashes, unless it is muted."""

from datetime import datetime
from typing import Any

from dash import html
from flask import Flask, Response, jsonify, request

from access.permissions import Permission
from access.principal import Principal
from dashboard import guard
from dashboard.components.markup import aria, data
from dashboard.pages.base import Component, Site
from texts.loader import Texts

SCRIPT = "assets/50-desk.js"


def register(server: Flask, site: Site) -> None:
    """Register what the script asks."""

    def news(principal: Principal) -> Response:
        work = site.services.work
        if work is None:
            return jsonify({"at": "", "calls": []})
        found = work.desk.news(principal, _since())
        calls = [
            {
                "id": one.notification_id,
                "severity": one.severity.name,
                "title": one.title,
                "alert": one.alert_ids[0] if len(one.alert_ids) == 1 else "",
            }
            for one in found.calls
        ]
        return jsonify({"at": found.at.isoformat(), "calls": calls})

    server.add_url_rule(
        f"{site.prefix}desk", "desk", guard.page(Permission.VIEW_ALERTS)(news), methods=["GET"]
    )


def _since() -> datetime | None:
    try:
        at = datetime.fromisoformat(request.args.get("since", ""))
    except ValueError:
        return None
    return at if at.tzinfo is not None else None


def bell(site: Site, principal: Principal, texts: Texts) -> list[Component]:
    """Return the mute switch and the place where a call flashes; nothing for who sees no alerts."""
    if not principal.may(Permission.VIEW_ALERTS) or site.services.work is None:
        return []
    words: dict[str, Any] = {name: texts(f"desk.{name}") for name in ("loud", "mute", "blocked", "many")}
    return [
        html.Button(
            texts("desk.loud"),
            id="bell",
            type="button",
            className="plain-link desktop-only",
            title=texts("desk.help"),
            **data(address=f"{site.prefix}desk", queue=f"{site.prefix}queue", **words),
            **aria(pressed="false"),
        ),
    ]


def calls(texts: Texts) -> Component:
    """Return the bar in which a call stands until somebody has seen it."""
    return html.Div(
        [
            html.Span("", id="call-mark", className="call-mark"),
            html.A("", href="#", id="call-words"),
            html.Button(texts("desk.seen"), id="call-seen", type="button"),
        ],
        id="call",
        className="call",
        hidden=True,
        role="alert",
    )
