"""The page of one's own practice copy: what it is, and one button each to begin, go in, begin anew and end."""

from typing import Any

from flask import Flask, Response, redirect
from flask_wtf.csrf import generate_csrf

from access.permissions import Permission
from access.principal import Principal
from commands.practice import Practice, PracticeRefusedError
from dashboard import guard, plain
from dashboard.components.words import date_time
from dashboard.pages.base import Site, add_pages

PATH = "practice"
INSIDE = "/practice/todo"
_PAGE = """{% if problem %}<p class="problem" role="alert">{{ problem }}</p>{% endif %}
<p>{{ words("practice.what") }}</p><p class="note">{{ words("practice.limits") }}</p>
{% if made %}<p><b>{{ words("practice.made", at=made) }}</b></p>
<a class="button primary" href="{{ inside }}">{{ words("practice.enter") }}</a>
<form method="post" action="{{ action }}"><input type="hidden" name="csrf_token" value="{{ csrf }}">
<button>{{ words("practice.anew") }}</button></form>
<form method="post" action="{{ action }}/end"><input type="hidden" name="csrf_token" value="{{ csrf }}">
<button>{{ words("practice.end") }}</button></form>
{% else %}<form method="post" action="{{ action }}"><input type="hidden" name="csrf_token" value="{{ csrf }}">
<button class="primary">{{ words("practice.begin") }}</button></form>{% endif %}
<a class="button" href="{{ home }}">{{ words("access.back") }}</a>"""


def register(server: Flask, site: Site) -> None:
    """Register the page where this process can make copies."""
    if site.services.practice is None:
        return
    pages, allowed = _Pages(site, site.services.practice), guard.page(Permission.MAKE_PLAN)
    rules = (
        ("", "practice", allowed(pages.show), "GET"),
        ("", "practice_begin", allowed(pages.begin), "POST"),
        ("/end", "practice_end", allowed(pages.end), "POST"),
    )
    add_pages(server, f"{site.prefix}{PATH}", rules)


class _Pages:
    """The handlers."""

    def __init__(self, site: Site, practice: Practice) -> None:
        self._site = site
        self._practice = practice

    def show(self, principal: Principal, problem: str = "") -> Response:
        """Show whether there is a copy, and what can be done."""
        texts, made = plain.words(), self._practice.made_at(principal)
        return plain.document(
            texts("practice.title"),
            _PAGE,
            422 if problem else 200,
            problem=problem,
            made=date_time(made) if made is not None else "",
            inside=INSIDE,
            action=f"{self._site.prefix}{PATH}",
            home=f"{self._site.prefix}todo",
            csrf=generate_csrf(),
        )

    def begin(self, principal: Principal) -> Any:
        """Make a copy, in place of an earlier one, and lead into it."""
        try:
            self._practice.begin(principal)
        except PracticeRefusedError as error:
            return self.show(principal, error.words(plain.words()))
        return redirect(INSIDE, code=303)

    def end(self, principal: Principal) -> Any:
        """Delete the copy."""
        try:
            self._practice.end(principal)
        except PracticeRefusedError as error:
            return self.show(principal, error.words(plain.words()))
        return redirect(f"{self._site.prefix}{PATH}", code=303)
