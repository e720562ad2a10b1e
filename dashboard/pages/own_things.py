"""Drafts and views of a person: every plain form keeps what was typed on the server, so that no session's end loses it.

Our script (60-drafts.js) saves a form a moment after typing and offers it again; a form that was sent and taken has no
draft any more. Views are links under a name of one's own choice.
"""

from dataclasses import asdict
from typing import Any
from urllib.parse import parse_qsl, urlencode

from dash import dcc, html
from flask import Flask, Response, abort, g, jsonify, redirect, request
from flask_wtf.csrf import generate_csrf

from access.permissions import Permission
from access.principal import Principal
from commands.own_things import NAME_CHARS_MAX, FormState, OwnRefusedError, OwnThings
from dashboard import guard, plain
from dashboard.components.markup import aria
from dashboard.components.words import date_time
from dashboard.pages.base import Component, Site, Visit, add_pages
from domain.errors import StoreError

DRAFT_PATH = "draft"
VIEW_PATH = "view"
_TAKEN = frozenset({302, 303})
_PAGES = frozenset({"compare"})  # pages whose views can be kept


def register(server: Flask, site: Site) -> None:
    """Register what the script asks, the form of views, and what forgets a draft once its form is taken."""
    if site.services.personal is None:
        return
    pages, own = _Own(site), guard.page(Permission.CHANGE_OWN_ACCOUNT)
    rules = (
        (DRAFT_PATH, "draft", own(pages.draft), "GET"),
        (DRAFT_PATH, "draft_keep", own(pages.keep_draft), "POST"),
        (f"{DRAFT_PATH}/drop", "draft_drop", own(pages.drop_draft), "POST"),
        (f"{VIEW_PATH}/<page>", "view_keep", own(pages.keep_view), "POST"),
        (f"{VIEW_PATH}/<page>/drop", "view_drop", own(pages.drop_view), "POST"),
    )
    add_pages(server, site.prefix, rules)
    server.extensions[plain.DRAFTS] = f"{site.prefix}{DRAFT_PATH}"
    server.after_request(_forget_taken(pages.own))


def _forget_taken(own: OwnThings) -> Any:
    """Return what forgets a form's draft when the form was taken: the answer leads on, or says so by `plain.taken`."""

    def after(response: Response) -> Response:
        principal = g.get("principal")
        led_on = response.status_code in _TAKEN or g.get("form_taken", False)
        if request.method == "POST" and led_on and isinstance(principal, Principal):
            try:
                if principal.may(Permission.CHANGE_OWN_ACCOUNT):
                    own.drop_draft(principal, request.path)
            except StoreError:  # the form was taken; its draft is offered once more and goes by itself
                pass
        return response

    return after


class _Own:
    """The handlers."""

    def __init__(self, site: Site) -> None:
        assert site.services.personal is not None, "registered with them only"
        self._site = site
        self.own = site.services.personal.own

    # ------------------------------------------------------------------ drafts

    def draft(self, principal: Principal) -> Response:
        """Return what was typed into a form before."""
        found = self.own.draft(principal, request.args.get("place", ""), _number(request.args.get("form")))
        if found is None:
            return jsonify({})
        return jsonify({"fields": found.fields, "saved": date_time(found.saved_at)})

    def keep_draft(self, principal: Principal) -> Any:
        """Keep what stands in a form."""
        body = request.get_json(silent=True)
        state = _state(body)
        if state is None:
            abort(422)
        try:
            kept = self.own.keep_draft(principal, state)
        except OwnRefusedError as error:
            return {"refused": error.words(plain.words())}, 422
        return jsonify({"saved": date_time(kept.saved_at)})

    def drop_draft(self, principal: Principal) -> Response:
        """Forget what was typed."""
        body = request.get_json(silent=True)
        if not isinstance(body, dict) or not isinstance(body.get("place"), str):
            abort(422)
        self.own.drop_draft(principal, body["place"], _number(body.get("form")))
        return jsonify({})

    # ------------------------------------------------------------------ views

    def keep_view(self, principal: Principal, page: str) -> Any:
        """Keep a view under a name, and lead back to it."""
        query = _query(page)
        try:
            self.own.keep_view(principal, page, request.form.get("name", ""), query)
        except OwnRefusedError as error:
            return plain.error_answer(422, error.words(plain.words()))
        return redirect(f"{self._site.prefix}{page}?{query}", code=303)

    def drop_view(self, principal: Principal, page: str) -> Any:
        """Forget a view, and lead back to where it was asked."""
        query = _query(page)
        self.own.drop_view(principal, page, request.form.get("name", "")[:NAME_CHARS_MAX])
        return redirect(f"{self._site.prefix}{page}?{query}", code=303)


def _query(page: str) -> str:
    """Return the query of a view, written anew: it can lead nowhere but to its page."""
    if page not in _PAGES:
        abort(404)
    return urlencode(parse_qsl(request.form.get("query", ""))[:20])


def _number(given: Any) -> int:
    try:
        return max(-1, min(int(given), 1_000))
    except (TypeError, ValueError):
        return -1


def _state(body: Any) -> FormState | None:
    """Return what a script told of its form, None when it is no such thing."""
    if not isinstance(body, dict):
        return None
    texts = [body.get(name, "") for name in ("place", "page", "title")]
    fields = body.get("fields")
    if not all(isinstance(one, str) for one in texts) or not isinstance(fields, list):
        return None
    pairs = []
    for one in fields:
        if not isinstance(one, list) or len(one) != 2 or not all(isinstance(part, str) for part in one):
            return None
        pairs.append((one[0], one[1]))
    return FormState(texts[0], _number(body.get("form")), texts[1], texts[2], tuple(pairs))


def views_bar(visit: Visit, page: str, query: str) -> list[Component]:
    """Return the views of a page as links, each with a way to forget it, and the form that keeps this one."""
    personal, texts, prefix = visit.site.services.personal, visit.texts, visit.site.prefix
    if personal is None:
        return []
    kept = personal.own.views(visit.principal, page)

    def form(path: str, fields: list[Component]) -> Component:
        hidden = {"csrf_token": generate_csrf(), "query": query}
        inputs = [dcc.Input(type="hidden", name=name, value=value) for name, value in hidden.items()]
        action = f"{prefix}{VIEW_PATH}/{path}"
        return html.Form([*inputs, *fields], method="POST", action=action, className="toolbar")

    links: list[Component] = []
    for one in kept:
        words = texts("own.view_drop", name=one.name)
        drop = [
            dcc.Input(type="hidden", name="name", value=one.name),
            html.Button("×", type="submit", className="plain-link", title=words, **aria(label=words)),
        ]
        there = dcc.Link(one.name, href=f"{prefix}{page}?{one.query}", className="button")
        links.append(html.Span([there, form(f"{page}/drop", drop)], className="saved-view"))
    name = dcc.Input(type="text", name="name", maxLength=NAME_CHARS_MAX, size="16", autoComplete="off")
    keep = [
        html.Label([texts("own.view_name"), name]),
        html.Button(texts("own.view_keep"), type="submit", className="button"),
    ]
    head = html.Span(texts("own.views") if kept else texts("own.views_none"))
    return [
        html.Div([head, *links, html.Span(className="grow"), form(page, keep)], className="toolbar views")
    ]


def drafts_part(visit: Visit) -> list[dict[str, str]]:
    """Return this person's drafts as plain words: title, when, where to go on."""
    personal = visit.site.services.personal
    if personal is None:
        return []
    found = [asdict(one) for one in personal.own.drafts(visit.principal)]
    return [
        {"title": str(one["title"]), "saved": date_time(one["saved_at"]), "page": str(one["page"])}
        for one in found
    ]
