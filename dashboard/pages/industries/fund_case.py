"""One claim or round on a plain page: what was granted, the batches, what the bank said; each next step as a form."""

from typing import Any
from urllib.parse import quote

from flask import Flask, Response, redirect, request
from flask_wtf.csrf import generate_csrf

from access.permissions import Permission
from access.principal import Principal
from commands.industry_base import PAPER_KINDS
from commands.papers.bank import bank_csv, bank_xlsx
from commands.tables import TableRefusedError
from dashboard import guard, plain
from dashboard.fresh_factor import FACTOR_FORM, MoneyRefusal
from dashboard.pages.base import Site
from dashboard.pages.industries.fund_forms import typed_day, typed_fen
from dashboard.pages.industries.parts import industries_of, yuan
from domain.errors import CommandError
from domain.money_fact import MoneyFact
from industries.base import OPERATOR
from industries.report import ReportRefusedError
from queries.fund_cases import FundCase, Moved
from texts.loader import Texts

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_PAGE = (
    """{% if problem %}<p class="problem" role="alert">{{ problem }}</p>{% endif %}
{% if moves %}"""
    + FACTOR_FORM
    + """{% endif %}
{% for name, value in facts %}<p class="note">{{ name }} {{ value }}</p>{% endfor %}
{% for one in papers %}<a class="button" href="{{ prefix }}papers/fund-evidence/{{ case }}/{{ one }}">{{ words("fund_cases.paper", number=loop.index) }}</a>{% endfor %}
{% if publishes %}<form method="post" enctype="multipart/form-data" action="{{ action }}">
<input type="hidden" name="csrf_token" value="{{ csrf }}"><input type="hidden" name="act" value="publish">
<label for="p-on">{{ words("fund_cases.fact.published") }}</label><input id="p-on" name="on" type="date" value="{{ today }}" required>
<label for="p-paper">{{ words("fund_cases.notice_photo") }}</label>
<input id="p-paper" name="paper" type="file" accept="image/jpeg,image/png,application/pdf" required>
<button class="primary">{{ words("fund_cases.do.publish") }}</button></form>{% endif %}
{% if decide %}<form method="post" action="{{ action }}"><input type="hidden" name="csrf_token" value="{{ csrf }}">
<input type="hidden" name="act" value="{{ decide }}">
{% if decide == "decide" %}<label for="yuan">{{ words("fund_cases.grant_yuan") }}</label>
<input id="yuan" name="yuan" inputmode="decimal" autocomplete="off" value="{{ asked }}">
<label for="reason">{{ words("fund_cases.reason") }}</label><input id="reason" name="reason" maxlength="200">{% endif %}
<button class="primary">{{ words("fund_cases.do." ~ decide) }}</button></form>{% endif %}
{% if owed %}<p class="note"><b>{{ words("fund_cases.owed", yuan=owed) }}</b></p>{% endif %}
{% if makes and owed %}<form method="post" action="{{ action }}"><input type="hidden" name="csrf_token" value="{{ csrf }}">
<input type="hidden" name="act" value="batch"><button class="primary">{{ words("fund_cases.do.batch") }}</button></form>{% endif %}
{% if makes and owed %}<form method="post" action="{{ action }}"><input type="hidden" name="csrf_token" value="{{ csrf }}">
<input type="hidden" name="act" value="pay"><p class="note">{{ words("fund_cases.pay_note") }}</p>
<label for="b-on">{{ words("fund_cases.paid_on") }}</label><input id="b-on" name="on" type="date" value="{{ today }}" required>
<label for="b-ref">{{ words("fund_forms.reference") }}</label><input id="b-ref" name="reference" maxlength="60" required autocomplete="off">
<button>{{ words("fund_cases.do.pay") }}</button></form>{% endif %}
{% for one in waiting %}<p class="note">{{ one }}</p>{% endfor %}
{% if books %}<form method="post" action="{{ action }}"><input type="hidden" name="csrf_token" value="{{ csrf }}">
<input type="hidden" name="act" value="book"><button class="primary">{{ words("fund_cases.do.book") }}</button></form>{% endif %}
{% for one in batches %}<h1 style="margin-top:2rem">{{ one.name }}</h1>
<p class="note">{{ one.said }}</p>
{% for line in one.masked %}<p class="note">{{ line }}</p>{% endfor %}
{% for line in one.lines %}<p class="note">{{ line }}</p>{% endfor %}
{% if one.release %}<form method="post" action="{{ action }}"><input type="hidden" name="csrf_token" value="{{ csrf }}">
<input type="hidden" name="act" value="release"><input type="hidden" name="batch" value="{{ one.name }}">
<button class="primary">{{ words("fund_cases.do.release") }}</button></form>{% endif %}
{% if one.file %}<a class="button" href="{{ prefix }}papers/fund-bank/{{ one.name }}">{{ words("fund_cases.bank_file") }}</a>{% endif %}
{% if one.answer %}<form method="post" enctype="multipart/form-data" action="{{ action }}">
<input type="hidden" name="csrf_token" value="{{ csrf }}"><input type="hidden" name="act" value="reply">
<input type="hidden" name="batch" value="{{ one.name }}"><label for="reply-{{ one.name }}">{{ words("fund_cases.reply") }}</label>
<input id="reply-{{ one.name }}" name="file" type="file" accept=".xlsx,.csv" required>
<button>{{ words("fund_cases.do.reply") }}</button></form>{% endif %}{% endfor %}
{% if moved %}<h1 style="margin-top:2rem">{{ words("fund_cases.trace") }}</h1>
{% for one in moved %}<p class="note">{{ one }}</p>{% endfor %}{% endif %}
<a class="button" href="{{ prefix }}funds">{{ words("access.back") }}</a>"""
)


def register(server: Flask, site: Site) -> None:
    """Register the page, its acts and the download of a bank file."""
    pages, path = _Pages(site), f"{site.prefix}fund-case/<source>"
    look = guard.page(Permission.VIEW_INCOME)(pages.show)
    server.add_url_rule(path, "fund_case", look, methods=["GET"])
    act = guard.page(Permission.VIEW_INCOME, uploads=True)(pages.act)
    server.add_url_rule(path, "fund_case_act", act, methods=["POST"])
    paper = guard.page(Permission.VIEW_INCOME)(pages.paper)
    path = f"{site.prefix}papers/fund-evidence/<source>/<sha256>"
    server.add_url_rule(path, "fund_evidence", paper, methods=["GET"])
    file = guard.page(Permission.VIEW_PEOPLE)(pages.bank_file)
    server.add_url_rule(f"{site.prefix}papers/fund-bank/<batch>", "paper_fund_bank", file, methods=["GET"])


class _Pages:
    """The handlers; each command checks its own permission."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def show(self, principal: Principal, source: str, problem: str = "", status: int = 200) -> Response:
        """Show one claim or round."""
        texts, view = plain.words(), industries_of(self._site).cases.case(principal, source)
        owed = sum(fen for fen in view.open_fen.values() if fen > 0)
        wide = principal.may(Permission.CHECK_MONEY) and principal.scope.everything
        undecided = wide and view.decision is None
        hangs = view.is_round and view.published is None and principal.may(Permission.MAKE_PLAN)
        title, names = self._names(principal, view, texts)
        return plain.document(
            f"{title} {source}".strip(),
            _PAGE,
            status,
            problem=problem,
            case=source,
            papers=view.papers,
            publishes=hangs,
            today=industries_of(self._site).queries.today(principal).isoformat(),
            waiting=[_waiting(one, names, texts) for one in view.waiting],
            books=wide and any(one.made_by != principal.user_id for one in view.waiting),
            facts=_facts(view, names, texts),
            decide=("approve" if view.is_round else "decide") if undecided else "",
            asked="" if view.is_round else f"{int(view.fact.content['asked_fen']) / 100:.2f}",
            owed=yuan(owed) if owed else "",
            makes=principal.may(Permission.ENTER_MONEY),
            moves=wide or principal.may(Permission.VIEW_PEOPLE),
            batches=self._batches(principal, view, texts, wide=wide),
            moved=[_moved(one, names, texts) for one in view.moved],
            prefix=self._site.prefix,
            action=f"{self._site.prefix}fund-case/{source}",
            factor_next=quote(f"{self._site.prefix}fund-case/{source}"),
            csrf=generate_csrf(),
        )

    def _names(self, principal: Principal, view: FundCase, texts: Texts) -> tuple[str, dict[str, str]]:
        """Return the names of the fund and of the operators; who keeps money only sees numbers."""
        queries = industries_of(self._site).queries
        if not principal.may(Permission.VIEW_INDUSTRIES):
            return "", {}
        fund = queries.fund_name(principal, str(view.fact.content["fund"]), texts.language)
        return fund, dict(queries.register(principal, OPERATOR))

    def _batches(
        self, principal: Principal, view: FundCase, texts: Texts, *, wide: bool
    ) -> list[dict[str, Any]]:
        payments, found = industries_of(self._site).payments, []
        for one in view.batches:
            release = wide and not one.is_released and principal.user_id != one.batch.made_by
            masked = payments.to_release(principal, one.batch.batch_id) if release else []
            sent = any(each.state.value == "sent" for each in one.attempts)
            found.append(
                {
                    "name": one.batch.batch_id,
                    "said": texts(
                        "fund_cases.batch", count=len(one.batch.lines), yuan=yuan(one.batch.total_fen)
                    ),
                    "masked": [f"{each.name} · {each.bank} · {each.account}" for each in masked],
                    "lines": [
                        texts(
                            f"fund_cases.line.{each.state.value}",
                            number=each.line.number,
                            yuan=yuan(each.line.fen),
                            attempt=each.line.attempt,
                            reason=each.reason,
                        )
                        for each in one.attempts
                        if one.is_released
                    ],
                    "release": release,
                    "file": one.is_released and principal.may(Permission.VIEW_PEOPLE),
                    "answer": one.is_released and sent and principal.may(Permission.ENTER_MONEY),
                }
            )
        return found

    def act(self, principal: Principal, source: str) -> Any:
        """Do the step a form names."""
        try:
            self._do(principal, source, request.form.get("act", ""))
        except (ReportRefusedError, TableRefusedError, *MoneyRefusal) as error:
            return self.show(principal, source, error.words(plain.words()), 422)
        return redirect(f"{self._site.prefix}fund-case/{source}", code=303)

    def _do(self, principal: Principal, source: str, act: str) -> None:
        services, given = industries_of(self._site), request.form
        name = given.get("batch", "")
        if act == "batch":
            services.payments.batch(principal, source)
        elif act == "release":
            services.payments.release(principal, name)
        elif act == "reply":
            sent = request.files.get("file")
            services.payments.reply_file(principal, name, sent.read() if sent is not None else b"")
        elif act == "publish":
            sent = request.files.get("paper")
            content = sent.read() if sent is not None else b""
            services.funds.publish_round(principal, source, typed_day(given.get("on", "")), content)
        elif act == "pay":
            day = typed_day(given.get("on", ""))
            services.funds.pay(principal, source, day, given.get("reference", ""))
        elif act == "book":
            services.funds.book_payments(principal, source)
        elif act == "approve":
            services.funds.approve_round(principal, source)
        elif act == "decide":
            text = given.get("yuan", "").strip()
            fen = typed_fen(text) if text else 0
            services.funds.decide(principal, source, fen, given.get("reason", ""))
        else:
            raise CommandError(plain.words()("work.unknown_act"))

    def paper(self, principal: Principal, source: str, sha256: str) -> Response:
        """Show a piece of evidence."""
        kind, content = industries_of(self._site).cases.evidence(principal, source, sha256)
        answer = Response(content, mimetype=kind)
        if kind not in PAPER_KINDS.values():
            answer.headers["Content-Disposition"] = "attachment"
        return answer

    def bank_file(self, principal: Principal, batch: str) -> Response:
        """Download a bank file, XLSX or CSV."""
        services, texts = industries_of(self._site), plain.words()
        file = services.payments.bank_file(principal, batch)
        fund = services.queries.fund_name(principal, file.village_id, texts.language)
        form = "csv" if request.args.get("form") == "csv" else "xlsx"
        content = bank_csv(file, fund, texts) if form == "csv" else bank_xlsx(file, fund, texts)
        answer = Response(content, mimetype="text/csv" if form == "csv" else _XLSX)
        answer.headers["Content-Disposition"] = f'attachment; filename="{batch}.{form}"'
        return answer


def _payee(identity: str, names: dict[str, str]) -> str:
    """Return a payee's name with its number; a household is its number."""
    return f"{names[identity]}（{identity}）" if identity in names else identity


def _moved(one: Moved, names: dict[str, str], texts: Texts) -> str:
    """Return where a part of a payment came from: day and reference of the contribution, payee, amount, voucher."""
    return texts(
        "fund_cases.moved",
        contribution=one.contribution_id.partition("|")[2].replace("|", " "),
        payee=_payee(one.payee_id, names),
        voucher=one.voucher,
        yuan=yuan(one.fen),
    )


def _facts(view: FundCase, names: dict[str, str], texts: Texts) -> list[tuple[str, str]]:
    content, found = view.fact.content, []
    if view.is_round:
        total = sum(int(line[3]) for line in content["lines"])
        found += [("payees", str(len(content["lines"]))), ("asked", yuan(total))]
        found += [("published", str(view.published.content["on"]) if view.published else "—")]
    else:
        found += [("cause", str(content["cause"])), ("payee", _payee(str(content["payee"]), names))]
        found += [("happened", str(content["on"])), ("loss", yuan(int(content["loss_fen"])))]
        found += [("asked", yuan(int(content["asked_fen"]))), ("evidence", str(len(content["evidence"])))]
    if view.decision is not None:
        found += [("granted", yuan(int(view.decision.content["fen"])))]
        found += [("by", view.decision.made_by), ("reason", str(view.decision.content["reason"]) or "—")]
    return [(texts(f"fund_cases.fact.{name}"), value) for name, value in found]


def _waiting(one: MoneyFact, names: dict[str, str], texts: Texts) -> str:
    content = one.content
    return texts(
        "fund_cases.waits",
        payee=_payee(str(content["payee"]), names),
        yuan=yuan(int(content["fen"])),
        on=content["on"],
        by=one.made_by,
    )
