"""One fund on a plain page: money that came in and its second person, a claim with its photos, a round from a file.

What a person may not do is not shown, and each command checks its own permission again.
"""

from datetime import date
from decimal import Decimal
from typing import Any

from flask import Flask, Response, redirect, request
from flask_wtf.csrf import generate_csrf

from access.permissions import Permission
from access.principal import Principal
from commands.funds import ClaimOrder, Contribution
from commands.papers.sheets import Cells, workbook
from commands.tables import TableRefusedError
from dashboard import guard, plain
from dashboard.pages.base import Site
from dashboard.pages.industries.forms import file_answer, photos_of
from dashboard.pages.industries.parts import industries_of, named, percent, yuan
from domain.errors import AccessDeniedError, CommandError
from industries.base import OPERATOR, decimal_of
from industries.report import ReportRefusedError, refuse
from industries.rules import FundKind
from queries.industry_views import FundView
from texts.loader import Texts

ROUND_COLUMNS = ("payee", "village", "area", "document")
_DAY = '<input id="{id}" name="{name}" type="date" value="{{{{ today }}}}" required>'
_TEXT = '<input id="{id}" name="{name}" autocomplete="off" maxlength="{most}"{more} value="{{{{ typed.{name} }}}}">'


def _field(word: str, inside: str, form: str, name: str, **given: Any) -> str:
    label = f'<label for="{form}-{name}">{{{{ words("fund_forms.{word}") }}}}</label>\n'
    return label + inside.format(id=f"{form}-{name}", name=name, **given)


def _text(form: str, name: str, most: int = 80, more: str = " required") -> str:
    return _field(name, _TEXT, form, name, most=most, more=more)


_MONEY = ' required inputmode="decimal"'
_HEAD = """<form method="post" enctype="multipart/form-data" action="{{ action }}">
<input type="hidden" name="csrf_token" value="{{ csrf }}"><input type="hidden" name="act" value="ACT">"""
_CONTRIBUTE = "\n".join(
    (
        _HEAD.replace("ACT", "contribute"),
        _field("came_on", _DAY, "c", "on"),
        _text("c", "yuan", 20, _MONEY),
        _text("c", "payer"),
        _text("c", "reference", 60),
        '<button>{{ words("fund_forms.do.contribute") }}</button></form>',
    )
)
_CLAIM = "\n".join(
    (
        _HEAD.replace("ACT", "claim"),
        _text("l", "payee", 64, ' required list="payees"'),
        '<datalist id="payees">{% for id, name in options.payees %}<option value="{{ id }}">{{ name }}</option>{% endfor %}</datalist>',
        _text("l", "village", 20, ' required list="villages"'),
        '<datalist id="villages">{% for id, name in options.villages %}<option value="{{ id }}">{{ name }}</option>{% endfor %}</datalist>',
        _text("l", "shed", 64, ' list="sheds"'),
        '<datalist id="sheds">{% for id, name in options.sheds %}<option value="{{ id }}">{{ name }}</option>{% endfor %}</datalist>',
        _text("l", "cause", 120),
        _field("happened_on", _DAY, "l", "on"),
        _text("l", "loss", 20, _MONEY),
        _text("l", "asked", 20, _MONEY),
        '<label for="l-papers">{{ words("fund_forms.papers") }}</label>',
        '<input id="l-papers" name="papers" type="file" accept="image/jpeg,image/png,application/pdf" multiple required>',
        '<button class="primary">{{ words("fund_forms.do.claim") }}</button></form>',
    )
)
_ROUND = "\n".join(
    (
        _HEAD.replace("ACT", "round"),
        '<label for="r-file">{{ words("fund_forms.round_file") }}</label>',
        '<input id="r-file" name="file" type="file" accept=".xlsx,.csv" required>',
        '<button class="primary">{{ words("fund_forms.do.round") }}</button></form>',
        '<a class="button" href="{{ prefix }}papers/round-template">{{ words("registers.template") }}</a>',
    )
)
_PAGE = (
    """{% if said %}<p class="note" role="status"><b>{{ words("fund_forms.kept") }}</b></p>{% endif %}
{% for one in problems %}<p class="problem" role="alert">{{ one }}</p>{% endfor %}
{% for name, value in facts %}<p class="note">{{ name }} {{ value }}</p>{% endfor %}
{% if claims %}<h1 style="margin-top:2rem">{{ words("fund_forms.claim") }}</h1>
<p class="note">{{ words("fund_forms.claim_note", share=coverage, most=most) }}</p>@@CLAIM{% endif %}
{% if rounds %}<h1 style="margin-top:2rem">{{ words("fund_forms.round") }}</h1>@@ROUND{% endif %}
<h1 style="margin-top:2rem">{{ words("industries.page.cases") }}</h1>
{% for one in cases %}<p class="note"><a href="{{ prefix }}fund-case/{{ one.id }}">{{ one.id }}</a> {{ one.said }}</p>
{% else %}<p class="note">{{ words("industries.page.no_cases") }}</p>{% endfor %}
{% if wide %}<h1 style="margin-top:2rem">{{ words("fund_forms.contributions") }}</h1>
{% for one in contributions %}<p class="note">{{ one.said }}
<a href="{{ prefix }}fund-money?id={{ one.id|urlencode }}">{{ words("fund_forms.where") }}</a></p>
{% if one.confirm %}<form method="post" action="{{ action }}"><input type="hidden" name="csrf_token" value="{{ csrf }}">
<input type="hidden" name="act" value="confirm"><input type="hidden" name="id" value="{{ one.id }}">
<button>{{ words("fund_forms.do.confirm") }}</button></form>{% endif %}
{% else %}<p class="note">{{ words("industries.page.none") }}</p>{% endfor %}
{% if enters %}<h1 style="margin-top:2rem">{{ words("fund_forms.contribute") }}</h1>@@CONTRIBUTE{% endif %}{% endif %}
<a class="button" href="{{ prefix }}funds">{{ words("access.back") }}</a>""".replace("@@CLAIM", _CLAIM)
    .replace("@@ROUND", _ROUND)
    .replace("@@CONTRIBUTE", _CONTRIBUTE)
)
_TRACE = """<p class="note">{{ words("fund_forms.trace_of", id=contribution) }}</p>
{% for one in moved %}<p class="note"><a href="{{ prefix }}fund-case/{{ one.source }}">{{ one.source }}</a> {{ one.said }}</p>
{% else %}<p class="note">{{ words("fund_forms.unspent") }}</p>{% endfor %}
<a class="button" href="{{ prefix }}funds">{{ words("access.back") }}</a>"""


def register(server: Flask, site: Site) -> None:
    """Register the page of a fund, its acts, where a contribution went, and the empty sheet of a round."""
    pages, prefix = _Pages(site), site.prefix
    look = guard.page(Permission.VIEW_INCOME)
    act = guard.page(Permission.VIEW_INCOME, uploads=True)(pages.act)
    server.add_url_rule(f"{prefix}fund/<fund>", "fund", look(pages.show), methods=["GET"])
    server.add_url_rule(f"{prefix}fund/<fund>", "fund_act", act, methods=["POST"])
    server.add_url_rule(f"{prefix}fund-money", "fund_money", look(pages.spent), methods=["GET"])
    make = guard.page(Permission.MAKE_PLAN)(pages.template)
    server.add_url_rule(f"{prefix}papers/round-template", "round_template", make, methods=["GET"])


class _Pages:
    """The handlers."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def show(
        self, principal: Principal, fund: str, problems: tuple[str, ...] = (), status: int = 200
    ) -> Response:
        """Show the fund and what may be done with it."""
        texts, services = plain.words(), industries_of(self._site)
        view = self._view(principal, fund)
        terms, wide = view.standing.fund, principal.scope.everything
        guarantee = terms.kind is FundKind.GUARANTEE
        return plain.document(
            named(terms, texts),
            _PAGE,
            status,
            problems=problems,
            said="kept" in request.args,
            facts=_facts(view, texts),
            claims=guarantee and principal.may(Permission.ENTER_REPORT),
            rounds=not guarantee and principal.may(Permission.MAKE_PLAN),
            coverage=percent(terms.coverage),
            most=yuan(terms.claim_fen_max),
            options=self._options(principal, view, texts),
            cases=_cases(self._site, view, texts),
            wide=wide,
            enters=wide and principal.may(Permission.ENTER_MONEY),
            contributions=[
                {
                    "id": one.fact.identity,
                    "said": texts(
                        f"fund_forms.{'booked' if one.is_booked else 'noted'}",
                        on=one.fact.content["on"],
                        yuan=yuan(int(one.fact.content["fen"])),
                        payer=one.fact.content["payer"],
                        by=one.fact.made_by,
                    ),
                    "confirm": not one.is_booked
                    and principal.may(Permission.CHECK_MONEY)
                    and principal.user_id != one.fact.made_by,
                }
                for one in services.cases.contributions(principal, fund)
            ],
            typed=request.form,
            today=services.queries.today(principal).isoformat(),
            prefix=self._site.prefix,
            action=f"{self._site.prefix}fund/{fund}",
            csrf=generate_csrf(),
        )

    def _view(self, principal: Principal, fund: str) -> FundView:
        found = industries_of(self._site).queries.funds(principal)
        view = next((one for one in found if one.standing.fund.fund_id == fund), None)
        if view is None:
            raise AccessDeniedError(f"there is no fund {fund[:40]!r}")
        return view

    def _options(
        self, principal: Principal, view: FundView, texts: Texts
    ) -> dict[str, list[tuple[str, str]]]:
        queries, registry = industries_of(self._site).queries, self._site.services.sources.registry
        covered = view.standing.fund.industries
        return {
            "villages": [
                (one, registry.village_label(one, texts.language)) for one in queries.villages(principal)
            ],
            "sheds": [(one.base_id, one.name) for one in queries.bases(principal) if one.industry in covered],
            "payees": queries.register(principal, OPERATOR),
        }

    def act(self, principal: Principal, fund: str) -> Any:
        """Do the step a form names."""
        try:
            went = self._do(principal, fund, request.form.get("act", ""))
        except (ReportRefusedError, TableRefusedError) as error:
            texts = plain.words()
            faults = error.faults if isinstance(error, ReportRefusedError) else ()
            said = tuple(one.words(texts) for one in faults) or (error.words(texts),)
            return self.show(principal, fund, said, 422)
        return redirect(f"{self._site.prefix}{went}", code=303)

    def _do(self, principal: Principal, fund: str, act: str) -> str:
        """Return where to go on."""
        funds, given = industries_of(self._site).funds, request.form
        if act == "contribute":
            day, fen = typed_day(given.get("on", "")), typed_fen(given.get("yuan", ""))
            order = Contribution(fund, day, fen, given.get("payer", ""), given.get("reference", ""))
            funds.contribute(principal, order)
        elif act == "confirm":
            funds.confirm(principal, given.get("id", ""))
        elif act == "claim":
            made = funds.claim(principal, _claim(fund), photos_of("papers"))
            return f"fund-case/{made.claim_id}"
        elif act == "round":
            sent = request.files.get("file")
            return f"fund-case/{funds.make_round(principal, fund, b'' if sent is None else sent.read())}"
        else:
            raise CommandError(plain.words()("work.unknown_act"))
        return f"fund/{fund}?kept=1"

    def spent(self, principal: Principal) -> Response:
        """Show where a contribution went."""
        texts, contribution = plain.words(), request.args.get("id", "")
        moved = industries_of(self._site).cases.spent(principal, contribution)
        return plain.document(
            texts("fund_forms.where"),
            _TRACE,
            contribution=contribution,
            moved=[
                {
                    "source": one.source_id,
                    "said": texts(
                        "fund_forms.moved", payee=one.payee_id, yuan=yuan(one.fen), voucher=one.voucher
                    ),
                }
                for one in moved
            ],
            prefix=self._site.prefix,
        )

    def template(self, principal: Principal) -> Response:  # noqa: ARG002 (the guard's)
        """Download the empty sheet of a round."""
        texts = plain.words()
        heads = tuple(texts(f"industries.column.{name}") for name in ROUND_COLUMNS)
        return file_answer(workbook([Cells(texts("fund_forms.round"), heads, ())]), "round.xlsx")


def _claim(fund: str) -> ClaimOrder:
    given = request.form
    return ClaimOrder(
        fund,
        given.get("payee", ""),
        given.get("village", ""),
        given.get("shed", "").strip(),
        given.get("cause", ""),
        typed_day(given.get("on", "")),
        typed_fen(given.get("loss", "")),
        typed_fen(given.get("asked", "")),
    )


def typed_day(text: str) -> date:
    """Return a typed day; ReportRefusedError when it is none."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise refuse("no_day", text=text[:20]) from error


def typed_fen(text: str) -> int:
    """Return typed yuan as fen; ReportRefusedError when it is no amount or has parts of a fen."""
    value = decimal_of(text)
    if value is None or value * 100 != int(value * 100) or abs(value) >= Decimal(10) ** 11:
        raise refuse("no_number", text=text[:20])
    return int(value * 100)


def _facts(view: FundView, texts: Texts) -> list[tuple[str, str]]:
    one = view.standing
    shown = {
        "received": yuan(one.received_fen),
        "paid": yuan(one.paid_fen),
        "balance": yuan(one.balance_fen),
        "free": yuan(one.free_fen),
        "asked": yuan(one.asked_fen),
        "cap": yuan(one.fund.cap_fen),
        "coverage_ratio": percent(one.coverage_ratio),
    }
    return [(texts(f"industries.page.{name}"), value) for name, value in shown.items()]


def _cases(site: Site, view: FundView, texts: Texts) -> list[dict[str, str]]:
    registry, found = site.services.sources.registry, []
    for claim, decision in view.claims:
        words = (registry.village_label(claim.village_id, texts.language), str(claim.content["cause"]))
        found.append((claim, decision, " ".join((*words, yuan(int(claim.content["asked_fen"]))))))
    for made, decision in view.rounds:
        total = sum(int(line[3]) for line in made.content["lines"])
        payees = texts("industries.page.payees", count=len(made.content["lines"]))
        found.append((made, decision, f"{payees} {yuan(total)}"))
    return [
        {"id": fact.identity, "said": f"{said} · {decided(decision, texts)}"}
        for fact, decision, said in found
    ]


def decided(decision: Any, texts: Texts) -> str:
    """Return what was decided about a claim or round."""
    if decision is None:
        return texts("industries.page.undecided")
    fen = int(decision.content["fen"])
    if fen:
        return texts("industries.page.granted", amount=yuan(fen))
    return texts("industries.page.refused", reason=decision.content["reason"])
