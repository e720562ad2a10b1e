"""Pages for everybody: public notices below ``/gs/`` and the household look-up below ``/h/``; no login, no script."""

from typing import Any

from flask import Flask, Response, abort, request

from commands.households import CodeRefusedError, HouseholdView
from dashboard import guard, plain
from dashboard.pages.base import Site
from dashboard.payout_services import PayoutServices
from domain.money import Money
from texts.loader import Texts

_RENDERED_MAX = 2_000

_FORM = """<style>body{font-size:20px}</style><p>{{ words("household.how") }}</p>
{% if problem %}<p class="problem" role="alert">{{ problem }}</p>{% endif %}
<form method="post" action="/h/"><input type="hidden" name="csrf_token" value="{{ csrf }}">
<label for="number">{{ words("household.number") }}</label>
<input id="number" name="number" inputmode="numeric" autocomplete="off" required maxlength="16">
<label for="tail">{{ words("household.tail") }}</label>
<input id="tail" name="tail" inputmode="numeric" autocomplete="off" required maxlength="6">
<button class="primary">{{ words("household.look") }}</button></form>
<a class="button" href="/gs/">{{ words("public.title") }}</a>"""
_VIEW = """<style>body{font-size:20px}header,main{max-width:34rem}.line{border-top:1px solid var(--line);padding:.6rem 0}
.sum{font-size:1.7rem;font-weight:700;margin:.2rem 0}.line b{float:right}</style>
<p>{{ place }} · {{ words("household.of", id=view.household_id) }} · {{ months }}</p>
<p class="sum">{{ words("household.total", yuan=total) }}</p><p>{{ words("household.paid", yuan=paid) }}</p>
{% for one in lines %}<div class="line"><b>{{ one.yuan }}</b>{{ one.name }} · {{ one.what }}<br>
<span class="note">{{ one.state }}</span></div>{% endfor %}
<h1 style="margin-top:1.5rem">{{ words("household.five") }}</h1>
{% for one in view.five %}<p>{{ one }}</p>{% endfor %}
<h1 style="margin-top:1.5rem">{{ words("household.held") }}</h1><p class="note">{{ words("household.held_about") }}</p>
<a class="button" href="/gs/{{ view.village_id }}/{{ period }}/">{{ words("household.notice") }}</a>"""


def register(server: Flask, site: Site) -> None:
    """Register the pages where this server has the books; everybody may open them."""
    payout = site.services.payout
    if payout is None:
        return
    pages = _Pages(site, payout)
    guard.guard_of(server).households_look = payout.households is not None and payout.households.is_on()
    server.add_url_rule("/gs/", "public_home", guard.open_page(pages.home, form=False), methods=["GET"])
    server.add_url_rule(
        "/gs/<village>/", "public_village", guard.open_page(pages.village, form=False), methods=["GET"]
    )
    server.add_url_rule(
        "/gs/<village>/<period>/", "public_period", guard.open_page(pages.period, form=False), methods=["GET"]
    )
    server.add_url_rule("/h/", "household_form", guard.open_page(pages.form), methods=["GET"])
    server.add_url_rule("/h/", "household_look", guard.open_page(pages.look), methods=["POST"])
    server.add_url_rule(
        "/h/<token>", "household_token", guard.open_page(pages.token, form=False), methods=["GET"]
    )


class _Pages:
    """The handlers."""

    def __init__(self, site: Site, payout: PayoutServices) -> None:
        self._site = site
        self._payout = payout
        self._rendered: dict[Any, tuple[HouseholdView, bytes]] = {}

    def home(self) -> Response:
        """Show which villages have notices."""
        return _html(self._notices().home(plain.words()))

    def village(self, village: str) -> Response:
        """Show a village's periods."""
        return _html(self._notices().village(village, plain.words()))

    def period(self, village: str, period: str) -> Response:
        """Show the notices of a village and period."""
        return _html(self._notices().period(village, period, plain.words()))

    def form(self, problem: str = "", status: int = 200) -> Response:
        """Show the form of ten digits; 404 while the look-up is off."""
        if self._payout.households is None or not self._payout.households.is_on():
            abort(404)
        title = plain.words()("household.title")
        return plain.document(title, _FORM, status, problem=problem, csrf=guard.csrf_value())

    def look(self) -> Response:
        """Show what ten digits and the tail of an account open."""
        if self._payout.households is None or not self._payout.households.is_on():
            abort(404)
        number, tail = request.form.get("number", ""), request.form.get("tail", "")
        try:
            view = self._payout.households.by_number(number, tail, guard.address_of_request(), plain.words())
        except CodeRefusedError as refusal:
            return self._refused(refusal)
        return self._show(view)

    def token(self, token: str) -> Response:
        """Show what the token of a slip opens."""
        if self._payout.households is None or not self._payout.households.is_on():
            abort(404)
        try:
            view = self._payout.households.by_token(token, guard.address_of_request(), plain.words())
        except CodeRefusedError as refusal:
            return self._refused(refusal)
        return self._show(view)

    def _notices(self) -> Any:
        if self._payout.public is None:
            abort(404)
        return self._payout.public

    def _refused(self, refusal: CodeRefusedError) -> Response:
        words = plain.words()
        if refusal.wait_s <= 0:
            return self.form(words("household.wrong"), 404)
        seconds = int(refusal.wait_s) + 1
        answer = self.form(words("household.wait", seconds=seconds), 429)
        answer.headers["Retry-After"] = str(seconds)
        return answer

    def _show(self, view: HouseholdView) -> Response:
        """Answer with the page of a view; rendered once as long as the view is the same."""
        words = plain.words()
        key = (view.plan_id, view.household_id, words.language)
        kept = self._rendered.get(key)
        if kept is None or kept[0] is not view or "lang" in request.args:
            answer = self._document(view, words)
            while len(self._rendered) >= _RENDERED_MAX:
                self._rendered.pop(next(iter(self._rendered), None), None)
            self._rendered[key] = (view, answer.get_data())
        else:
            answer = Response(kept[1], mimetype="text/html")
        answer.headers["Referrer-Policy"] = "no-referrer"  # the address is the key
        answer.headers["X-Robots-Tag"] = "noindex"
        return answer

    def _document(self, view: HouseholdView, words: Texts) -> Response:
        registry = self._site.services.sources.registry
        first, last = f"{view.first_month:%Y-%m}", f"{view.last_month:%Y-%m}"
        lines = [
            {
                "name": one.name,
                "what": f"{words(f'papers.class.{one.kind}')} {one.purpose}".strip(),
                "yuan": str(Money(one.fen)),
                "state": words(
                    f"household.state.{one.state}",
                    on=one.paid_on or "",
                    reason=one.reason,
                    account=one.account,
                ),
            }
            for one in view.lines
        ]
        return plain.document(
            words("household.own"),
            _VIEW,
            view=view,
            lines=lines,
            place=registry.village_label(view.village_id, words.language),
            months=first if first == last else f"{first} – {last}",
            period=first,
            total=str(Money(view.total_fen)),
            paid=str(Money(view.paid_fen)),
        )


def _html(page: str | None) -> Response:
    if page is None:
        abort(404)
    return Response(page, mimetype="text/html")
