"""What `pvmon industry` can do: each act a function of the services, a person and plain words, so that a running
instance can do it for the command line. Files travel as base64; answers are plain data with lines for people.
"""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from access.principal import Principal
from commands.authenticate import Authenticate
from commands.funds import ClaimOrder, Contribution
from commands.industry_reports import ReportOrder
from commands.tables import TableRefusedError
from dashboard.industry_services import IndustryServices
from domain.errors import CommandError
from domain.industry import ReporterKind, ReportMark
from domain.money import Money
from industries.base import BASE, CONTRACT, OPERATOR
from industries.report import ReportRefusedError
from main import fund_acts
from main.acting import Option, acting
from revenue.refusal import RefusedError
from texts.loader import Texts

Words = Mapping[str, Any]
Answer = dict[str, Any]
Act = Callable[[IndustryServices, Principal, Words, Texts], Answer]


@dataclass(frozen=True, slots=True)
class IndustryAct:
    """One act. ``reads`` acts need no account."""

    name: str
    act: Act
    options: tuple[Option, ...]
    reads: bool = False


def _content(words: Words, name: str = "file") -> bytes:
    return base64.b64decode(words.get(name) or "")


def _fen(words: Words, name: str) -> int:
    try:
        fen = Decimal(str(words[name])) * 100
    except InvalidOperation as error:
        raise CommandError(f"--{name} {words[name]}: give yuan, such as 1200.50") from error
    if fen != fen.to_integral_value():
        raise CommandError(f"--{name} {words[name]}: yuan have two decimals at most")
    return int(fen)


def _said(texts: Texts, key: str, **values: object) -> str:
    return texts(f"industries.said.{key}", **values)


def attainment(services: IndustryServices, who: Principal, words: Words, texts: Texts) -> Answer:
    """Show every indicator against its path."""
    period = services.queries.period(who, words.get("period") or "")
    rows, lines = [], []
    for one in services.queries.attainments(who, period):
        name = one.indicator.name_en if texts.language == "en" else one.indicator.name
        shown = {
            key: None if value is None else f"{one.indicator.shown(value):f}"
            for key, value in (
                ("reached", one.reached),
                ("expected", one.expected),
                ("target", one.target),
                ("forecast", one.forecast),
            )
        }
        rows.append({"indicator": one.indicator.indicator_id, "standing": one.standing.value, **shown})
        said = {key: "—" if value is None else value for key, value in shown.items()}
        standing = texts(f"industries.standing.{one.standing.value}")
        lines.append(_said(texts, "attainment", name=name, standing=standing, **said))
    return {"period": period, "indicators": rows, "lines": lines}


def missing(services: IndustryServices, who: Principal, words: Words, texts: Texts) -> Answer:
    """List the towns whose reports are not all there, or the villages of a town that reported nothing."""
    period = services.queries.period(who, words.get("period") or "")
    if words.get("town"):
        said = services.villages.town(who, words["town"], period)
        lines = [_said(texts, "village_missing", village=one) for one in said.missing]
        answer = {"period": period, "villages": len(said.villages), "missing": list(said.missing)}
        return {**answer, "lines": lines or [_said(texts, "complete", period=period)]}
    view = services.queries.overview(who, period)
    towns = [one for one in view.towns if one.missing]
    lines = [_said(texts, "missing", town=one.town_id, there=one.there, due=one.due) for one in towns]
    return {
        "period": period,
        "due_on": view.due_on.isoformat(),
        "missing": [{"town": one.town_id, "there": one.there, "due": one.due} for one in towns],
        "lines": lines or [_said(texts, "complete", period=period)],
    }


def template(services: IndustryServices, who: Principal, words: Words, texts: Texts) -> Answer:
    """Write the workbook to fill."""
    period = services.queries.period(who, words.get("period") or "")
    content = services.papers.template(who, period, texts)
    return {"name": f"report-{period}.xlsx", "file": base64.b64encode(content).decode(), "lines": []}


def report(services: IndustryServices, who: Principal, words: Words, texts: Texts) -> Answer:
    """Submit one number."""
    mark = ReportMark(words["mark"]) if words.get("mark") in {"zero", "same"} else ReportMark.ENTERED
    order = ReportOrder(
        words["indicator"],
        words["reporter"],
        words["period"],
        words.get("amount") or "0",
        words.get("unit") or "",
        mark,
        ReporterKind.BASE if words.get("base") else ReporterKind.TOWN,
        words.get("reason") or "",
    )
    [kept] = services.reports.submit(who, [order], confirmed=bool(words.get("confirmed")))
    said = _said(texts, "kept", count=1)
    return {"version": kept.version, "value": f"{kept.value:f}", "entered": kept.entered, "lines": [said]}


def import_reports(services: IndustryServices, who: Principal, words: Words, texts: Texts) -> Answer:
    """Preview a workbook of reports, or keep it."""
    content, name = _content(words), str(words.get("file_name", ""))
    preview = services.reports.preview(who, content)
    lines = [_said(texts, "previewed", rows=preview.rows, empty=preview.empty, faults=len(preview.faults))]
    lines += [one.words(texts) for one in preview.faults]
    answer: Answer = {
        "rows": preview.rows,
        "empty": preview.empty,
        "refused": len(preview.refused),
        "asked": len(preview.asked),
        "lines": lines,
        "sound": not preview.refused,
    }
    if not words.get("keep"):
        return answer
    kept = services.reports.import_file(who, name, content, confirmed=bool(words.get("confirmed")))
    return {**answer, "kept": len(kept), "lines": [*lines, _said(texts, "kept", count=len(kept))]}


def check(services: IndustryServices, who: Principal, words: Words, texts: Texts) -> Answer:
    """Check a town's month."""
    count = services.reports.check(who, words["period"], [words["town"]])
    return {"checked": count, "lines": [_said(texts, "checked", count=count)]}


def send_back(services: IndustryServices, who: Principal, words: Words, texts: Texts) -> Answer:
    """Send a report back."""
    given = (words["period"], words["town"], words["indicator"], words["reason"])
    count = services.reports.send_back(who, *given)
    return {"returned": count, "lines": [_said(texts, "returned", count=count)]}


def register(services: IndustryServices, who: Principal, words: Words, texts: Texts) -> Answer:
    """Import a register: operators, bases, contracts, or incomes of households."""
    kind = words["kind"]
    if kind == "income":
        count = services.registers.import_income(who, _content(words))
        return {"new": count, "lines": [_said(texts, "kept", count=count)]}
    if kind not in {OPERATOR, BASE, CONTRACT}:
        options = f"{OPERATOR}, {BASE}, {CONTRACT}, income"
        raise CommandError(texts("industries.fault.bad_kind", text=kind[:20], options=options))
    done = services.registers.import_register(who, kind, _content(words))
    counts = {"new": done.new, "changed": done.changed, "same": done.same}
    return {**counts, "lines": [_said(texts, "registered", **counts)]}


def funds(services: IndustryServices, who: Principal, words: Words, texts: Texts) -> Answer:  # noqa: ARG001
    """Show the funds."""
    rows, lines = [], []
    for view in services.queries.funds(who):
        one = view.standing
        name = one.fund.name_en if texts.language == "en" else one.fund.name
        figures = {
            "received_fen": one.received_fen,
            "awarded_fen": one.awarded_fen,
            "paid_fen": one.paid_fen,
            "balance_fen": one.balance_fen,
            "free_fen": one.free_fen,
        }
        rows.append({"fund": one.fund.fund_id, **figures})
        shown = {key.removesuffix("_fen"): Money(value) for key, value in figures.items()}
        lines.append(_said(texts, "fund", name=name, **shown))
        lines += [f"  {claim.identity}" for claim, decision in view.claims if decision is None]
        lines += [f"  {made.identity}" for made, decision in view.rounds if decision is None]
    return {"funds": rows, "lines": lines}


def contribute(services: IndustryServices, who: Principal, words: Words, texts: Texts) -> Answer:
    """Note a contribution."""
    day = date.fromisoformat(words["on"])
    given = Contribution(words["fund"], day, _fen(words, "yuan"), words["payer"], words["reference"])
    identity = services.funds.contribute(who, given)
    return {"id": identity, "lines": [_said(texts, "noted", id=identity)]}


def confirm(services: IndustryServices, who: Principal, words: Words, texts: Texts) -> Answer:
    """Book a contribution."""
    voucher = services.funds.confirm(who, words["id"])
    return {"voucher": voucher.sequence, "lines": [_said(texts, "booked", count=1)]}


def claim(services: IndustryServices, who: Principal, words: Words, texts: Texts) -> Answer:
    """Register a claim."""
    order = ClaimOrder(
        words["fund"],
        words["payee"],
        words["village"],
        words.get("shed") or "",
        words["cause"],
        date.fromisoformat(words["on"]),
        _fen(words, "loss"),
        _fen(words, "yuan"),
    )
    made = services.funds.claim(who, order, [_content(words, "paper")])
    return {"id": made.claim_id, "lines": [_said(texts, "noted", id=made.claim_id)]}


def decide(services: IndustryServices, who: Principal, words: Words, texts: Texts) -> Answer:
    """Decide a claim."""
    services.funds.decide(who, words["id"], _fen(words, "yuan"), words.get("reason") or "")
    return {"id": words["id"], "lines": [_said(texts, "decided", id=words["id"])]}


def make_round(services: IndustryServices, who: Principal, words: Words, texts: Texts) -> Answer:
    """Work out a round of subsidies."""
    round_id = services.funds.make_round(who, words["fund"], _content(words))
    return {"id": round_id, "lines": [_said(texts, "noted", id=round_id)]}


def publish(services: IndustryServices, who: Principal, words: Words, texts: Texts) -> Answer:
    """Note that a round hangs out."""
    services.funds.publish_round(who, words["id"], date.fromisoformat(words["on"]), _content(words, "paper"))
    return {"id": words["id"], "lines": [_said(texts, "noted", id=words["id"])]}


def approve(services: IndustryServices, who: Principal, words: Words, texts: Texts) -> Answer:
    """Grant a round."""
    services.funds.approve_round(who, words["id"])
    return {"id": words["id"], "lines": [_said(texts, "decided", id=words["id"])]}


def pay(services: IndustryServices, who: Principal, words: Words, texts: Texts) -> Answer:
    """Note payments."""
    day = date.fromisoformat(words["on"])
    count = services.funds.pay(who, words["id"], day, words["reference"])
    return {"payments": count, "lines": [_said(texts, "kept", count=count)]}


def book(services: IndustryServices, who: Principal, words: Words, texts: Texts) -> Answer:
    """Book payments."""
    count = len(services.funds.book_payments(who, words["id"]))
    return {"vouchers": count, "lines": [_said(texts, "booked", count=count)]}


def ask(services: IndustryServices, who: Principal, words: Words, texts: Texts) -> Answer:  # noqa: ARG001
    """Ask the towns about households that fell."""
    count = services.stability.ask(who)
    return {"asked": count, "lines": [_said(texts, "asked", count=count)]}


_PERIOD = Option("period", required=False)
_FLAG_KEEP = Option("keep", "flag", required=False)
_CONFIRMED = Option("confirmed", "flag", required=False)
_FILE, _ID, _ON, _FUND = Option("file", "file"), Option("id"), Option("on", "day"), Option("fund")
ACTS: tuple[IndustryAct, ...] = (
    IndustryAct("attainment", attainment, (_PERIOD,), reads=True),
    IndustryAct("missing", missing, (_PERIOD, Option("town", required=False)), reads=True),
    IndustryAct("template", template, (_PERIOD, Option("out", "out", required=False))),
    IndustryAct(
        "report",
        report,
        (
            *(Option(name) for name in ("indicator", "reporter", "period")),
            *(Option(name, required=False) for name in ("amount", "unit", "mark", "reason")),
            Option("base", "flag", required=False),
            _CONFIRMED,
        ),
    ),
    IndustryAct("import", import_reports, (_FILE, _FLAG_KEEP, _CONFIRMED)),
    IndustryAct("check", check, (Option("town"), Option("period"))),
    IndustryAct("return", send_back, tuple(Option(n) for n in ("town", "period", "indicator", "reason"))),
    IndustryAct("register", register, (Option("kind"), _FILE)),
    IndustryAct("funds", funds, (), reads=True),
    IndustryAct("contribute", contribute, (_FUND, _ON, *(Option(n) for n in ("yuan", "payer", "reference")))),
    IndustryAct("confirm", confirm, (_ID,)),
    IndustryAct(
        "claim",
        claim,
        (
            *(_FUND, _ON),
            *(Option(name) for name in ("payee", "village", "cause", "loss", "yuan")),
            Option("shed", required=False),
            Option("paper", "file"),
        ),
    ),
    IndustryAct("decide", decide, (_ID, Option("yuan"), Option("reason", required=False))),
    IndustryAct("round", make_round, (_FUND, _FILE)),
    IndustryAct("publish", publish, (_ID, _ON, Option("paper", "file"))),
    IndustryAct("approve", approve, (_ID,)),
    IndustryAct("pay", pay, (_ID, _ON, Option("reference"))),
    IndustryAct("book", book, (_ID,)),
    IndustryAct("batch", fund_acts.batch, (_ID,)),
    IndustryAct("release", fund_acts.release, (_ID,)),
    IndustryAct(
        "bank_file",
        fund_acts.bank_file,
        (_ID, Option("form", required=False), Option("out", "out", required=False)),
    ),
    IndustryAct("reply", fund_acts.reply, (_ID, _FILE)),
    IndustryAct("trace", fund_acts.trace, (_ID,), reads=True),
    IndustryAct("ask", ask, ()),
)
BY_NAME: Mapping[str, IndustryAct] = {spec.name: spec for spec in ACTS}


def carry_out(
    services: IndustryServices, authenticate: Authenticate, payload: Mapping[str, Any]
) -> Mapping[str, Any]:
    """Carry out one act; every act that changes something is somebody's, named with ``user`` and a password.

    Raises
    ------
    AccessDeniedError
        Name or password is wrong, or the account is not permitted.
    CommandError
        What is refused, in the language asked for.
    """
    spec = BY_NAME[str(payload["act"])]
    texts = Texts(str(payload.get("language") or "zh"))
    try:
        with acting(authenticate, payload, texts, reads=spec.reads) as who:
            return spec.act(services, who, payload.get("words") or {}, texts)
    except (ReportRefusedError, TableRefusedError, RefusedError) as error:
        raise CommandError(error.words(texts)) from error
