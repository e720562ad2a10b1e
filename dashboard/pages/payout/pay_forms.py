"""The plain page of a plan's payment: accounts to confirm one by one, the bank file, the replies."""

from collections.abc import Callable
from typing import Any

from flask import Flask, Response, redirect, request
from flask_wtf.csrf import generate_csrf

from access.permissions import Permission
from access.principal import Principal
from dashboard import guard, plain
from dashboard.fresh_factor import FACTOR_FORM, MoneyRefusal
from dashboard.pages.base import Site
from dashboard.pages.payout.parts import payout_of, village_label, yuan
from revenue.dossier import Dossier
from revenue.payment import Batch, PaymentState

_PAGE = (
    """<p class="note">{{ village }} · {{ plan }}</p>
{% if problem %}<p class="problem" role="alert">{{ problem }}</p>{% endif %}
{% if checks or makes %}"""
    + FACTOR_FORM
    + """{% endif %}
{% if checks %}<h1>{{ words("payout.page.to_confirm") }}</h1>
{% if not payees %}<p class="note">{{ words("payout.page.none_to_confirm") }}</p>{% endif %}
{% for one in payees %}<form method="post" action="{{ action }}/confirm">
<input type="hidden" name="csrf_token" value="{{ csrf }}"><input type="hidden" name="payee" value="{{ one.payee_id }}">
<input type="hidden" name="account" value="{{ one.account_id }}">
<p>{{ one.name }} · {{ one.bank }} · {{ one.account }}</p>
<button>{{ words("payout.page.confirm") }}</button></form>{% endfor %}{% endif %}
{% for one in batches %}<p class="note">{{ words("plandesk.batch", name=one.name, count=one.count, total=one.total, paid=one.paid, back=one.back | length) }}</p>
{% for line in one.back %}<p class="problem">{{ words("plandesk.returned", **line) }}</p>{% endfor %}
{% if makes %}<a class="button" href="{{ prefix }}papers/bank/{{ plan }}/{{ one.name }}">{{ words("payout.page.bank_file") }}</a>
{% endif %}{% if enters %}<a class="button" href="{{ prefix }}bank-reply/{{ one.name }}">{{ words("payout.page.reply") }}</a>
{% endif %}{% endfor %}
{% if makes and not settled %}<form method="post" action="{{ action }}/batch"><input type="hidden" name="csrf_token" value="{{ csrf }}">
<button class="primary">{{ words("payout.page.make_batch") }}</button></form>{% endif %}
{% if settled and makes %}<form method="post" action="{{ action }}/settled"><input type="hidden" name="csrf_token" value="{{ csrf }}">
<p class="note">{{ words("payout.page.settled_about") }}</p><button class="primary">{{ words("payout.page.settled") }}</button></form>{% endif %}
{% if works %}<h1>{{ words("plandesk.works") }}</h1>{% for one in works %}
<p>{{ one.purpose }} · {{ one.payee }} · {{ one.amount }}{% if one.paid %} · {{ words("plandesk.work_paid") }}{% endif %}</p>
{% if checks and not one.paid %}<form method="post" action="{{ action }}/works"><input type="hidden" name="csrf_token" value="{{ csrf }}">
<input type="hidden" name="line" value="{{ one.line }}"><button>{{ words("plandesk.pay_work") }}</button></form>{% endif %}
{% endfor %}{% endif %}
<a class="button" href="{{ prefix }}plans/{{ plan }}">{{ words("access.back") }}</a>"""
)


def register(server: Flask, site: Site) -> None:
    """Register the page, its two acts, and the download of a bank file."""
    pages, prefix = _PayPages(site), site.prefix
    look, make = guard.page(Permission.VIEW_INCOME), guard.page(Permission.MAKE_PLAN)
    check, people = guard.page(Permission.CHECK_MONEY), guard.page(Permission.VIEW_PEOPLE)
    server.add_url_rule(f"{prefix}plan-pay/<plan_id>", "plan_pay", look(pages.show), methods=["GET"])
    server.add_url_rule(
        f"{prefix}plan-pay/<plan_id>/confirm", "plan_confirm", check(pages.confirm), methods=["POST"]
    )
    server.add_url_rule(
        f"{prefix}plan-pay/<plan_id>/works", "plan_works", check(pages.works), methods=["POST"]
    )
    server.add_url_rule(
        f"{prefix}plan-pay/<plan_id>/batch", "plan_batch", make(pages.batch), methods=["POST"]
    )
    server.add_url_rule(
        f"{prefix}plan-pay/<plan_id>/settled", "plan_settled", make(pages.settled), methods=["POST"]
    )
    server.add_url_rule(
        f"{prefix}papers/bank/<plan_id>/<batch_id>", "paper_bank", people(pages.bank_file), methods=["GET"]
    )


class _PayPages:
    """The handlers."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def show(self, principal: Principal, plan_id: str, problem: str = "", status: int = 200) -> Response:
        """Show what is to be confirmed, sent and answered."""
        payout, texts = payout_of(self._site), plain.words()
        dossier = payout.plans.dossier(principal, plan_id)
        checks = principal.may(Permission.CHECK_MONEY)
        return plain.document(
            texts("payout.page.payment_of_plan"),
            _PAGE,
            status,
            village=village_label(self._site, dossier.plan.village_id, texts),
            plan=plan_id,
            checks=checks,
            payees=payout.payments.to_confirm(principal, plan_id) if checks else [],
            batches=[_batch(one, dossier) for one in dossier.batches],
            makes=principal.may(Permission.MAKE_PLAN),
            settled=dossier.is_settled,
            works=[
                {
                    "line": one.line_id,
                    "purpose": one.purpose,
                    "payee": one.payee,
                    "amount": yuan(one.fen),
                    "paid": one.paid,
                }
                for one in payout.payments.works(principal, plan_id)
            ],
            enters=principal.may(Permission.ENTER_MONEY),
            problem=problem,
            prefix=self._site.prefix,
            action=f"{self._site.prefix}plan-pay/{plan_id}",
            factor_next=f"{self._site.prefix}plan-pay/{plan_id}",
            csrf=generate_csrf(),
        )

    def confirm(self, principal: Principal, plan_id: str) -> Any:
        """Confirm one account."""
        given, payments = request.form, payout_of(self._site).payments
        payee, account = given.get("payee", ""), given.get("account", "")
        return self._after(principal, plan_id, lambda: payments.confirm(principal, plan_id, payee, account))

    def works(self, principal: Principal, plan_id: str) -> Any:
        """Book the transfer to a builder."""
        payments, line = payout_of(self._site).payments, request.form.get("line", "")
        return self._after(principal, plan_id, lambda: payments.pay_works(principal, plan_id, line))

    def settled(self, principal: Principal, plan_id: str) -> Any:
        """Note a plan of which nobody is owed anything any more as paid."""
        plans = payout_of(self._site).plans
        return self._after(principal, plan_id, lambda: plans.note_payment(principal, plan_id), "plans")

    def batch(self, principal: Principal, plan_id: str) -> Any:
        """Make the next bank file."""
        payments = payout_of(self._site).payments
        return self._after(principal, plan_id, lambda: payments.batch(principal, plan_id))

    def _after(
        self, principal: Principal, plan_id: str, act: Callable[[], object], then: str = "plan-pay"
    ) -> Any:
        """Do an act and show the page ``then`` of the plan; what is refused is said on this one."""
        try:
            act()
        except MoneyRefusal as error:
            return self.show(principal, plan_id, error.words(plain.words()), 422)
        return redirect(f"{self._site.prefix}{then}/{plan_id}", code=303)

    def bank_file(self, principal: Principal, plan_id: str, batch_id: str) -> Response:
        """Download a bank file, XLSX or CSV."""
        payout, texts = payout_of(self._site), plain.words()
        file = payout.payments.bank_file(principal, plan_id, batch_id)
        form = "csv" if request.args.get("form") == "csv" else "xlsx"
        document = payout.documents.bank_list(principal, file, texts, form)
        answer = Response(document.content, mimetype=document.content_type)
        answer.headers["Content-Disposition"] = f'attachment; filename="{document.name}"'
        return answer


def _batch(batch: Batch, dossier: Dossier) -> dict[str, Any]:
    """Return a bank file with how its lines ended: how many arrived, which came back and why."""
    homes = {one.entitlement_id: one.household_id for one in dossier.entitlements}
    mine = [one for one in dossier.attempts if one.batch_id == batch.batch_id]
    return {
        "name": batch.batch_id,
        "count": len(batch.lines),
        "total": yuan(batch.total_fen),
        "paid": sum(one.state is PaymentState.PAID for one in mine),
        "back": [
            {
                "number": one.line.number,
                "household": homes.get(one.line.entitlement_id, ""),
                "amount": yuan(one.line.fen),
                "reason": one.reason,
            }
            for one in mine
            if one.state is PaymentState.RETURNED
        ],
    }
