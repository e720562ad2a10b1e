"""The first start: while nobody has an account, one page makes the administrator; language first, plants afterwards."""

from typing import Any

from flask import Flask, Response, abort, redirect, request
from flask_wtf.csrf import generate_csrf

from commands.setting_up import FirstStart, SetupRefusedError
from dashboard import guard, plain
from dashboard.pages.base import Site
from dashboard.pages.setup_pages import FIRST
from domain.errors import CommandError

PATH = "/first"


def register(server: Flask, site: Site) -> None:
    """Register the page, and lead to it from the front while there is no account."""
    setup = site.services.setup
    if setup is None or setup.first is None:
        return
    pages = _Pages(setup.first, f"/login?next={site.prefix}setup")
    server.add_url_rule(PATH, "first", guard.open_page(pages.form), methods=["GET"])
    server.add_url_rule(PATH, "first_begin", guard.open_page(pages.begin), methods=["POST"])
    server.before_request(pages.lead)


class _Pages:
    """The handlers; gone for good once there is an account."""

    def __init__(self, first: FirstStart, then: str) -> None:
        self._first = first
        self._then = then
        self._over = False

    def lead(self) -> Any:
        """Lead from the front and the login to the first account, as long as there is none."""
        if self._over or request.method != "GET" or request.path not in {"/", "/login"}:
            return None
        self._over = not self._first.is_open()
        return None if self._over else redirect(PATH)

    def form(self, problem: str = "") -> Response:
        """Show the form; there is none once somebody has an account."""
        if not self._first.is_open():
            abort(404)
        typed = {name: request.form.get(name, "")[:64] for name in ("word", "user", "name")}
        status, title = 422 if problem else 200, plain.words()("setup.first.title")
        return plain.document(title, FIRST, status, problem=problem, typed=typed, csrf=generate_csrf())

    def begin(self) -> Any:
        """Make the account, and lead on to its login."""
        texts, given = plain.words(), request.form
        if given.get("password", "") != given.get("again", ""):
            return self.form(texts("access.password.differ"))
        new = {name: given.get(name, "") for name in ("user", "name", "password")}
        try:
            self._first.begin(
                given.get("word", ""), new | {"language": texts.language}, guard.address_of_request()
            )
        except SetupRefusedError as error:
            if error.key == "setup.first.done":
                abort(404)
            return self.form(error.words(texts))
        except CommandError as error:
            return self.form(str(error))
        return redirect(self._then, code=303)
