"""The page of the second factor: give a code, or set an app up; plain, works without JavaScript."""

import base64
from typing import Any
from urllib.parse import quote

from flask import Flask, Response, redirect, request, session
from flask_wtf.csrf import generate_csrf

from access.permissions import Permission
from access.principal import Principal
from commands.papers.qr_code import qr_svg
from commands.second_factor import CodeRefusedError
from dashboard import plain
from dashboard.fresh_factor import refused_words
from dashboard.guard import SECOND_FACTOR, Guard, address_of_request, guard_of, page
from dashboard.login import give_session, own_path

_FORM = """{% if problem %}<p class="problem" role="alert">{{ problem }}</p>{% endif %}
{% if image %}<p>{{ words("totp.setup") }}</p>
<p><img src="data:image/svg+xml;base64,{{ image }}" alt="{{ words('totp.image') }}" width="220" height="220"></p>
<p class="note">{{ words("totp.by_hand") }} <code>{{ secret }}</code></p>
{% else %}{% if factor_stale %}<p>{{ words("totp.again") }}</p>{% endif %}<p>{{ words("totp.give") }}</p>{% endif %}
<form method="post" action="/second-factor?next={{ there }}">
<input type="hidden" name="csrf_token" value="{{ csrf }}">
<label for="code">{{ words("totp.code") }}</label>
<input id="code" name="code" autocomplete="one-time-code" autocapitalize="none" spellcheck="false"
 {% if image %}inputmode="numeric"{% endif %} maxlength="20" required autofocus>
<button class="primary">{{ words("totp.go_on") }}</button>
</form>
{% if not image %}<p class="note">{{ words("totp.lost") }}</p>{% endif %}
<form method="post" action="/logout"><input type="hidden" name="csrf_token" value="{{ csrf }}">
<button>{{ words("access.logout") }}</button></form>"""

_PAPERS = """<p>{{ words("totp.papers") }}</p>
<ol class="papers">{% for code in codes %}<li><code>{{ code }}</code></li>{% endfor %}</ol>
<p class="note">{{ words("totp.papers_once", user=user) }}</p>
<a class="button primary" href="{{ there }}">{{ words("totp.printed") }}</a>"""


def install(server: Flask) -> None:
    """Register ``/second-factor``; `login.install` comes first."""
    pages = _Pages(guard_of(server))
    view = page(Permission.ANYONE)(pages.page)
    server.add_url_rule(SECOND_FACTOR, "second_factor", view, methods=["GET", "POST"])


class _Pages:
    """The page."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    def page(self, principal: Principal) -> Any:
        """Show the form, or take a code."""
        there = own_path(request.args.get("next", ""), self._guard.prefix)
        if not principal.stage and not principal.factor_stale:
            return redirect(there if request.args.get("next") else self._guard.prefix)
        if request.method == "GET":
            return self._form(principal, there)
        try:
            return self._take(principal, there, request.form.get("code", ""))
        except CodeRefusedError as refusal:
            return self._refused(principal, there, refusal)

    def _take(self, principal: Principal, there: str, code: str) -> Response:
        authenticate, token = self._guard.services.authenticate, self._token()
        if not principal.stage:
            authenticate.renew_factor(token, code, address_of_request())
            return redirect(there, code=303)  # type: ignore[return-value]
        if principal.stage == "setup":
            opened, codes = authenticate.set_up(token, code, address_of_request())
            response = plain.document(
                plain.words()("totp.papers_title"),
                _PAPERS,
                codes=codes,
                user=principal.user_id,
                there=self._next(opened.principal, there),
            )
        else:
            opened = authenticate.second_factor(token, code, address_of_request())
            response = redirect(self._next(opened.principal, there), code=303)  # type: ignore[assignment]
        session.clear()  # a new CSRF secret with the new session
        give_session(response, self._guard, opened.token)
        return response

    def _next(self, principal: Principal, there: str) -> str:
        return "/password" if principal.must_change_password else there

    def _form(self, principal: Principal, there: str, problem: str = "", status: int = 200) -> Response:
        image = secret = ""
        if principal.stage == "setup":
            address = self._guard.services.authenticate.app_address(self._token())
            image = base64.b64encode(qr_svg(address).encode()).decode()
            secret = address.partition("secret=")[2].partition("&")[0]
        return plain.document(
            plain.words()("totp.title"),
            _FORM,
            status,
            f"next={quote(there, safe='/')}&",
            problem=problem,
            image=image,
            secret=secret,
            there=there,
            csrf=generate_csrf(),
        )

    def _refused(self, principal: Principal, there: str, refusal: CodeRefusedError) -> Response:
        said = refused_words(refusal)
        if refusal.wait_s <= 0:
            return self._form(principal, there, said, 401)
        response = self._form(principal, there, said, 429)
        response.headers["Retry-After"] = str(int(refusal.wait_s) + 1)
        return response

    def _token(self) -> str:
        return request.cookies.get(self._guard.cookie, "")
