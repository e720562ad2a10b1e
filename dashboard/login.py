"""Landing, login, logout and change of password: plain pages that work without JavaScript."""

from typing import Any
from urllib.parse import quote, urlsplit

from flask import Flask, Response, current_app, g, redirect, request, session
from flask_wtf.csrf import generate_csrf

from access.passwords import chars_min
from access.permissions import Permission
from access.principal import Principal
from commands.accounts import PasswordRefusedError
from commands.authenticate import ABSOLUTE, LoginRefusedError
from dashboard import plain
from dashboard.guard import SECOND_FACTOR, Guard, address_of_request, current_principal, guard_of, page

_LANDING = """<p>{{ words("access.landing.about") }}</p>
{% if name %}<p class="note">{{ words("access.landing.hello", name=name) }}</p>
<a class="button primary" href="{{ home }}">{{ words("access.landing.enter") }}</a>
<a class="button" href="/password">{{ words("access.password.title") }}</a>
<form method="post" action="/logout"><input type="hidden" name="csrf_token" value="{{ csrf }}">
<button>{{ words("access.logout") }}</button></form>
{% else %}<a class="button primary" href="/login">{{ words("access.login.title") }}</a>{% endif %}
{% if notices %}<a class="button" href="/gs/">{{ words("public.title") }}</a>{% endif %}
{% if contacts %}<a class="button" href="/gs/contacts/">{{ words("work.month.contacts") }}</a>{% endif %}
{% if households %}<a class="button" href="/h/">{{ words("household.title") }}</a>{% endif %}"""

_LOGIN = """{% if problem %}<p class="problem" role="alert">{{ problem }}</p>{% endif %}
<form method="post" action="/login?{{ kept }}">
<input type="hidden" name="csrf_token" value="{{ csrf }}">
<label for="user">{{ words("access.login.user") }}</label>
<input id="user" name="user" autocomplete="username" autocapitalize="none" spellcheck="false" maxlength="64"
 value="{{ user }}" required {{ "" if user else "autofocus" }}>
<label for="password">{{ words("access.login.password") }}</label>
<input id="password" name="password" type="password" autocomplete="current-password" maxlength="128" required
 {{ "autofocus" if user else "" }}>
<button class="primary">{{ words("access.login.enter") }}</button>
</form>
<p class="note">{{ words("access.login.forgotten") }}</p>"""

_CHANGE_FORM = """{% if problem %}<p class="problem" role="alert">{{ problem }}</p>{% endif %}
{% if forced %}<p>{{ words("access.password.forced") }}</p>{% endif %}
<form method="post" action="/password">
<input type="hidden" name="csrf_token" value="{{ csrf }}">
<input type="hidden" name="user" autocomplete="username" value="{{ user }}">
<label for="current">{{ words("access.password.current") }}</label>
<input id="current" name="current" type="password" autocomplete="current-password" maxlength="128" required autofocus>
<label for="new">{{ words("access.password.new") }}</label>
<input id="new" name="new" type="password" autocomplete="new-password" maxlength="128" required
 aria-describedby="rule">
<p class="note" id="rule">{{ words("access.password.rule", count=chars_min) }}</p>
<label for="again">{{ words("access.password.again") }}</label>
<input id="again" name="again" type="password" autocomplete="new-password" maxlength="128" required>
<button class="primary">{{ words("access.password.change") }}</button>
</form>
{% if not forced %}<a class="button" href="{{ home }}">{{ words("access.back") }}</a>{% endif %}
<form method="post" action="/logout"><input type="hidden" name="csrf_token" value="{{ csrf }}">
<button>{{ words("access.logout") }}</button></form>"""


def install(server: Flask) -> None:
    """Register ``/``, ``/login``, ``/logout`` and ``/password``; `guard.install` comes first."""
    pages = _Pages(guard_of(server))
    server.add_url_rule("/", "landing", pages.landing)
    server.add_url_rule("/login", "login", pages.login, methods=["GET", "POST"])
    server.add_url_rule("/logout", "logout", pages.logout, methods=["POST"])
    password = page(Permission.CHANGE_OWN_ACCOUNT)(pages.password)
    server.add_url_rule("/password", "password", password, methods=["GET", "POST"])


def own_path(wanted: str, home: str) -> str:
    """Return ``wanted`` when it is a path of this server, else ``home`` (no open redirect)."""
    parts = urlsplit(wanted)
    plain_text = wanted.isprintable() and "\\" not in wanted
    if (
        not plain_text
        or parts.scheme
        or parts.netloc
        or not wanted.startswith("/")
        or wanted.startswith("//")
    ):
        return home
    return home if parts.path in {"/", "/login", "/logout"} else wanted


def give_session(response: Response, guard: Guard, token: str) -> None:
    """Put a session's token into the browser."""
    response.set_cookie(
        guard.cookie,
        token,
        max_age=int(ABSOLUTE.total_seconds()),
        httponly=True,
        samesite="Lax",
        secure=guard.https,
        path="/",
    )


class _Pages:
    """The four pages."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    def landing(self) -> Response:
        """Show what there is."""
        principal = g.get("principal")
        return plain.document(
            plain.words()("access.landing.title"),
            _LANDING,
            name=principal.display_name if principal else "",
            notices="public_home" in current_app.view_functions,
            contacts="public_contacts" in current_app.view_functions,
            households=self._guard.households_look,
            home=self._guard.start,
            csrf=generate_csrf(),
        )

    def login(self) -> Any:
        """Show the form, or try a name and password."""
        wanted = own_path(request.args.get("next", ""), self._guard.start)
        if request.method == "GET":
            return redirect(wanted) if g.get("principal") else self._login_form(wanted)
        user, password = request.form.get("user", ""), request.form.get("password", "")
        try:
            opened = self._guard.services.authenticate.login(
                user, password, address_of_request(), request.cookies.get(self._guard.cookie, "")
            )
        except LoginRefusedError as refusal:
            return self._refused(refusal, wanted, user)
        session.clear()  # a new CSRF secret with the new session
        must_change = opened.principal.must_change_password
        there = "/password" if must_change else wanted
        if opened.principal.stage:
            there = f"{SECOND_FACTOR}?next={quote(wanted, safe='/')}"
        response: Response = redirect(there, code=303)  # type: ignore[assignment]
        give_session(response, self._guard, opened.token)
        return response

    def logout(self) -> Any:
        """End the session and clear what the browser keeps."""
        self._guard.services.authenticate.logout(
            request.cookies.get(self._guard.cookie, ""), address_of_request()
        )
        return self._goodbye("/")

    def password(self, principal: Principal) -> Any:
        """Show the form, or change the password; every session of the account ends."""
        if request.method == "GET":
            return self._password_form("")
        words = plain.words()
        new = request.form.get("new", "")
        if new != request.form.get("again", ""):
            return self._password_form(words("access.password.differ"))
        try:
            self._guard.services.accounts.change_own_password(principal, request.form.get("current", ""), new)
        except PasswordRefusedError as refusal:
            key = f"access.password.problem.{refusal.problem}"
            return self._password_form(words(key, count=refusal.chars_min))
        return self._goodbye("/login")

    def _goodbye(self, location: str) -> Response:
        session.clear()
        response: Response = redirect(location, code=303)  # type: ignore[assignment]
        response.delete_cookie(self._guard.cookie, path="/", secure=self._guard.https, httponly=True)
        response.headers["Clear-Site-Data"] = '"cache", "storage"'
        return response

    def _login_form(self, wanted: str, problem: str = "", user: str = "", status: int = 200) -> Response:
        kept = f"next={quote(wanted, safe='/')}&" if wanted != self._guard.start else ""
        return plain.document(
            plain.words()("access.login.title"),
            _LOGIN,
            status,
            kept,
            problem=problem,
            user=user[:64],
            csrf=generate_csrf(),
        )

    def _refused(self, refusal: LoginRefusedError, wanted: str, user: str) -> Response:
        words = plain.words()
        if refusal.wait_s <= 0:
            return self._login_form(wanted, words("access.login.wrong"), user, 401)
        seconds = int(refusal.wait_s) + 1
        response = self._login_form(wanted, words("access.login.wait", seconds=seconds), user, 429)
        response.headers["Retry-After"] = str(seconds)
        return response

    def _password_form(self, problem: str) -> Response:
        principal = current_principal()
        return plain.document(
            plain.words()("access.password.title"),
            _CHANGE_FORM,
            422 if problem else 200,
            problem=problem,
            forced=principal.must_change_password,
            user=principal.user_id,
            chars_min=chars_min(principal.roles),
            home=self._guard.prefix,
            csrf=generate_csrf(),
        )
