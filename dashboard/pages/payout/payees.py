"""Payees and sheets, one act at a time: a new account, its check by a second person, an heir, an ended slip code, a correction.

Plain forms, which work on any phone; each act is refused with its reason and changes nothing then.
"""

from collections.abc import Callable
from typing import Any

from flask import Flask, Response, redirect, request
from flask_wtf.csrf import generate_csrf

from access.permissions import Permission
from access.principal import Principal
from dashboard import guard, plain
from dashboard.fresh_factor import FACTOR_FIELD, FACTOR_FORM, MoneyRefusal
from dashboard.pages.base import Site
from dashboard.pages.payout.parts import payout_of, village_label
from domain.money import Money
from revenue.dossier import Dossier
from revenue.notice import Change
from revenue.refusal import RefusedError

PHOTO_BYTES_MAX = 12 * 1024 * 1024
CHANGES = 4
_FORM = (
    """<p class="note">{{ subject }}</p>{% if about %}<p class="note">{{ about }}</p>{% endif %}
{% if problem %}<p class="problem" role="alert">{{ problem }}</p>{% endif %}
<form method="post" enctype="multipart/form-data" action="{{ action }}">
<input type="hidden" name="csrf_token" value="{{ csrf }}">
{% for one in fields %}<label for="{{ one.name }}">{{ one.label }}</label>
{% if one.choices %}<select id="{{ one.name }}" name="{{ one.name }}">{% for value, label in one.choices %}
<option value="{{ value }}">{{ label }}</option>{% endfor %}</select>
{% else %}<input id="{{ one.name }}" name="{{ one.name }}" maxlength="{{ one.size }}" autocomplete="off"
{% if one.needed %} required{% endif %}{% if one.digits %} inputmode="numeric"{% endif %} value="{{ one.value }}">{% endif %}{% endfor %}
{% if paper %}<label for="photo">{{ paper }}</label>
<input id="photo" name="photo" type="file" accept="image/jpeg,image/png,application/pdf" capture="environment" required>{% endif %}
{% if money %}"""
    + FACTOR_FIELD
    + """{% endif %}
<button class="primary">{{ button }}</button></form><a class="button" href="{{ home }}">{{ words("access.back") }}</a>"""
)
_SHOWN_S = 60
_PERSON = """<p class="note">{{ village }}</p><p role="status"><b>{{ name }}</b><br>{{ number }}</p>
<p class="note">{{ words("payees.page.person_gone", seconds=seconds) }}</p>
<a class="button" href="{{ home }}">{{ words("access.back") }}</a>"""
_ACCOUNTS = (
    """<p class="note">{{ village }}</p>
{% if problem %}<p class="problem" role="alert">{{ problem }}</p>{% endif %}
{% if checks and waiting %}"""
    + FACTOR_FORM
    + """{% endif %}
{% if not waiting %}<p class="note">{{ words("payees.page.none_waiting") }}</p>{% endif %}
{% for one in waiting %}<form method="post" action="{{ action }}"><input type="hidden" name="csrf_token" value="{{ csrf }}">
<input type="hidden" name="account" value="{{ one.account_id }}">
<p>{{ one.household_id }} {{ one.name }} · {{ one.bank }} {{ one.account }} · {{ one.since }} · {{ one.made_by }}</p>
{% if checks %}<button>{{ words("payees.page.check") }}</button>{% endif %}</form>{% endfor %}
<a class="button" href="{{ home }}">{{ words("access.back") }}</a>"""
)


def register(server: Flask, site: Site) -> None:
    """Register the forms and their acts."""
    pages = _Payees(site)
    people, change = Permission.VIEW_PEOPLE, Permission.CHANGE_PEOPLE
    check, make = Permission.CHECK_MONEY, Permission.MAKE_PLAN
    rules: tuple[tuple[str, str, Permission, Callable[..., Any], Callable[..., Any] | None], ...] = (
        ("payee-account/<village>/<person>", "payee_account", change, pages.account, pages.keep_account),
        ("payee-accounts/<village>", "payee_accounts", people, pages.accounts, None),
        ("person/<village>/<person>", "person", people, pages.person, pages.open_person),
        ("payee-heir/<path:entitlement>", "payee_heir", check, pages.heir, pages.name_heir),
        ("payee-lapse/<path:entitlement>", "payee_lapse", check, pages.lapse, pages.do_lapse),
        ("household-end/<village>/<household>", "household_end", change, pages.ending, pages.end),
        ("notice-post/<plan_id>/<int:number>", "notice_post", make, pages.posting, pages.post),
        ("notice-correct/<plan_id>/<int:number>", "notice_correct", make, pages.correction, pages.correct),
    )
    for path, name, permission, show, act in rules:
        address = f"{site.prefix}{path}"
        server.add_url_rule(address, name, guard.page(permission)(show), methods=["GET"])
        if act is not None:
            view = guard.page(permission, uploads=True, money=True)(act)
            server.add_url_rule(address, f"{name}_act", view, methods=["POST"])
    server.add_url_rule(
        f"{site.prefix}payee-accounts/<village>",
        "payee_accounts_act",
        guard.page(check)(pages.check),
        methods=["POST"],
    )


class _Payees:
    """The handlers."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def account(
        self, principal: Principal, village: str, person: str, problem: str = "", status: int = 200
    ) -> Response:
        """Show the form for a new account."""
        texts = plain.words()
        member = self._member(principal, village, person)
        return self._form(
            "account",
            (member, texts("payees.page.account_about")),
            [_field("bank", 60), _field("number", 30, digits=True)],
            ("payees.page.account_paper", f"payee-account/{village}/{person}", f"roster?village={village}"),
            problem,
            status,
        )

    def keep_account(self, principal: Principal, village: str, person: str) -> Any:
        """Note a new account; it waits for a second person."""
        given, rosters = request.form, payout_of(self._site).rosters
        try:
            document = _document()
            rosters.change_account(
                principal, village, person, given.get("bank", ""), given.get("number", ""), document
            )
        except (RefusedError, ValueError) as error:
            return self.account(principal, village, person, _said(error), 422)
        return self._to(f"payee-accounts/{village}")

    def person(
        self, principal: Principal, village: str, person: str, problem: str = "", status: int = 200
    ) -> Response:
        """Ask why one person is to be shown in the open."""
        member = self._member(principal, village, person)
        about = plain.words()("payees.page.person_about")
        place = ("", f"person/{village}/{person}", f"roster?village={village}")
        return self._form("person", (member, about), [_field("reason", 80)], place, problem, status)

    def open_person(self, principal: Principal, village: str, person: str) -> Any:
        """Show one person for a minute; the reason is kept in the audit."""
        texts, home = plain.words(), f"{self._site.prefix}roster?village={village}"
        try:
            rosters = payout_of(self._site).rosters
            found = rosters.unmask(principal, village, person, request.form.get("reason", ""))
        except MoneyRefusal as error:
            return self.person(principal, village, person, error.words(texts), 422)
        answer = plain.document(
            texts("payees.page.person"),
            _PERSON,
            village=village_label(self._site, village, texts),
            name=found.name,
            number=found.id_number,
            seconds=_SHOWN_S,
            home=home,
        )
        answer.headers["Refresh"] = f"{_SHOWN_S}; url={home}"
        answer.headers["Cache-Control"] = "no-store"
        return answer

    def accounts(self, principal: Principal, village: str, problem: str = "", status: int = 200) -> Response:
        """Show the account changes that wait for a second person."""
        texts = plain.words()
        return plain.document(
            texts("payees.page.accounts"),
            _ACCOUNTS,
            status,
            village=village_label(self._site, village, texts),
            waiting=payout_of(self._site).rosters.waiting_accounts(principal, village),
            checks=principal.may(Permission.CHECK_MONEY),
            problem=problem,
            action=f"{self._site.prefix}payee-accounts/{village}",
            factor_next=f"{self._site.prefix}payee-accounts/{village}",
            home=f"{self._site.prefix}roster?village={village}",
            csrf=generate_csrf(),
        )

    def check(self, principal: Principal, village: str) -> Any:
        """Check one account change."""
        try:
            rosters = payout_of(self._site).rosters
            rosters.check_account(principal, village, request.form.get("account", ""))
        except MoneyRefusal as error:
            return self.accounts(principal, village, error.words(plain.words()), 422)
        return self._to(f"payee-accounts/{village}")

    def heir(self, principal: Principal, entitlement: str, problem: str = "", status: int = 200) -> Response:
        """Show the form for an heir: somebody who stands on a roster of the village."""
        plan_id = entitlement.partition("/")[0]
        village = plan_id.partition("-")[0]
        dossier = payout_of(self._site).plans.dossier(principal, plan_id)
        members = payout_of(self._site).rosters.members(principal, village, dossier.plan.last_month)
        choices = [
            (one.member.person_id, f"{one.member.household_id} {one.name} {one.account}") for one in members
        ]
        return self._form(
            "heir",
            (self._owed(dossier, entitlement), plain.words()("payees.page.heir_about")),
            [_field("payee", choices=choices)],
            ("payees.page.heir_paper", f"payee-heir/{entitlement}", f"plans/{plan_id}"),
            problem,
            status,
        )

    def name_heir(self, principal: Principal, entitlement: str) -> Any:
        """Name an heir on a proof."""
        try:
            payments = payout_of(self._site).payments
            payments.name_heir(principal, entitlement, request.form.get("payee", ""), _document())
        except (*MoneyRefusal, ValueError) as error:
            return self.heir(principal, entitlement, _said(error), 422)
        return self._to(f"plans/{entitlement.partition('/')[0]}")

    def lapse(self, principal: Principal, entitlement: str, problem: str = "", status: int = 200) -> Response:
        """Ask for the proof that a dead person left no heir."""
        plan_id = entitlement.partition("/")[0]
        dossier = payout_of(self._site).plans.dossier(principal, plan_id)
        return self._form(
            "lapse",
            (self._owed(dossier, entitlement), plain.words()("payees.page.lapse_about")),
            [],
            ("payees.page.lapse_paper", f"payee-lapse/{entitlement}", f"plans/{plan_id}"),
            problem,
            status,
        )

    def do_lapse(self, principal: Principal, entitlement: str) -> Any:
        """Let the money go to the collective."""
        try:
            payout_of(self._site).payments.lapse(principal, entitlement, _document())
        except (*MoneyRefusal, ValueError) as error:
            return self.lapse(principal, entitlement, _said(error), 422)
        return self._to(f"plans/{entitlement.partition('/')[0]}")

    def _owed(self, dossier: Dossier, entitlement: str) -> str:
        """Return in words what is owed: village, household, what for, how much; the number of one nobody has."""
        stands = dossier.standings().get(entitlement)
        if stands is None:
            return entitlement
        one, plan = stands.entitlement, dossier.plan
        place = village_label(self._site, plan.village_id, plain.words())
        return f"{place} · {one.household_id} · {plan.line(one.line_id).purpose} · {Money(one.fen)}"

    def ending(self, principal: Principal, village: str, household: str) -> Response:
        """Ask whether the slip codes of a household are to end."""
        self._member(principal, village, "")  # a village outside the scope is refused here
        texts = plain.words()
        subject = f"{village_label(self._site, village, texts)} · {household}"
        place = ("", f"household-end/{village}/{household}", f"roster?village={village}")
        return self._form("end", (subject, texts("payees.page.end_about")), [], place)

    def end(self, principal: Principal, village: str, household: str) -> Any:
        """End the slip codes of a household."""
        households = payout_of(self._site).households
        if households is not None:
            households.end(principal, village, household)
        return self._to(f"roster?village={village}")

    def correction(
        self, principal: Principal, plan_id: str, number: int, problem: str = "", status: int = 200
    ) -> Response:
        """Show the form for a correction."""
        payout_of(self._site).plans.dossier(principal, plan_id)
        fields = [_field("reason", 300)]
        for place in range(1, CHANGES + 1):
            fields += [_field(f"{part}-{place}", 80, needed=place == 1) for part in ("label", "old", "new")]
        about = plain.words()("payees.page.correct_about", number=number)
        place_of = ("", f"notice-correct/{plan_id}/{number}", "notices")
        return self._form("correct", (plan_id, about), fields, place_of, problem, status)

    def posting(
        self, principal: Principal, plan_id: str, number: int, problem: str = "", status: int = 200
    ) -> Response:
        """Show the form for a photo of a notice on its board."""
        dossier = payout_of(self._site).plans.dossier(principal, plan_id)
        count = sum(one.number == number for one in dossier.posted)
        about = plain.words()("payees.page.post_about", number=number, count=count)
        place = ("payees.page.post_paper", f"notice-post/{plan_id}/{number}", "notices")
        return self._form("post", (plan_id, about), [], place, problem, status)

    def post(self, principal: Principal, plan_id: str, number: int) -> Any:
        """Keep the photo."""
        try:
            payout_of(self._site).notices.post(principal, plan_id, number, _document())
        except (RefusedError, ValueError) as error:
            return self.posting(principal, plan_id, number, _said(error), 422)
        return self._to("notices")

    def correct(self, principal: Principal, plan_id: str, number: int) -> Any:
        """Publish a correction."""
        given, changes = request.form, []
        for place in range(1, CHANGES + 1):
            parts = [given.get(f"{part}-{place}", "").strip()[:80] for part in ("label", "old", "new")]
            if all(parts):
                changes.append(Change(*parts))
        try:
            notices = payout_of(self._site).notices
            notices.correct(principal, plan_id, number, given.get("reason", ""), changes)
        except RefusedError as error:
            return self.correction(principal, plan_id, number, error.words(plain.words()), 422)
        return self._to("notices")

    def _member(self, principal: Principal, village: str, person: str) -> str:
        """Return a member as it may be shown."""
        rosters, clock = payout_of(self._site).rosters, self._site.services.sources.clock
        for one in rosters.members(principal, village, clock.now().date()):
            if one.member.person_id == person:
                return f"{one.member.household_id} {one.name} · {one.bank} {one.account}"
        return person[:40]

    def _to(self, path: str) -> Any:
        return redirect(f"{self._site.prefix}{path}", code=303)

    def _form(
        self,
        name: str,
        heading: tuple[str, str],
        fields: list[dict[str, Any]],
        place: tuple[str, str, str],
        problem: str = "",
        status: int = 200,
    ) -> Response:
        texts, prefix = plain.words(), self._site.prefix
        paper, action, home = place
        for one in fields:
            label, _, number = str(one["name"]).partition("-")
            one["label"] = f"{texts(f'payees.field.{label}')} {number}".strip()
            one["value"] = request.form.get(one["name"], "")
        return plain.document(
            texts(f"payees.page.{name}"),
            _FORM,
            status,
            subject=heading[0],
            about=heading[1],
            fields=fields,
            paper=texts(paper) if paper else "",
            money=name in {"heir", "person"},
            button=texts(f"payees.page.{name}"),
            problem=problem,
            action=f"{prefix}{action}",
            home=f"{prefix}{home}",
            csrf=generate_csrf(),
        )


def _field(
    name: str,
    size: int = 40,
    *,
    needed: bool = True,
    digits: bool = False,
    choices: list[tuple[str, str]] | None = None,
) -> dict[str, Any]:
    return {"name": name, "size": size, "needed": needed, "digits": digits, "choices": choices}


def _document() -> bytes:
    """Return the photo or file that was sent; ValueError when it is too large."""
    sent = request.files.get("photo")
    content = sent.read(PHOTO_BYTES_MAX + 1) if sent is not None else b""
    if len(content) > PHOTO_BYTES_MAX:
        raise ValueError("too large")
    return content


def _said(error: Exception) -> str:
    texts = plain.words()
    return error.words(texts) if isinstance(error, MoneyRefusal) else texts("payout.page.unreadable")
