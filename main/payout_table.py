"""The acts of `pvmon payout` with their options: one table for the command line and the control socket."""

from collections.abc import Mapping
from typing import Any

from commands.authenticate import Authenticate
from domain.errors import CommandError
from main import payee_acts as payees
from main import payout_acts as acts
from main import payout_tracing as tracing
from main.acting import Option, acting
from main.payout import PayoutDesk
from main.payout_acts import ActSpec
from revenue.refusal import RefusedError
from texts.loader import Texts

_PLAN, _ON, _FILE = Option("plan"), Option("on", "day"), Option("file", "file")
_MONTHS = (Option("first", "month"), Option("last", "month"))
_OUT = Option("out", "out", required=False)

ACTS: tuple[ActSpec, ...] = (
    ActSpec(
        "roster", acts.roster_import, (Option("village"), _ON, _FILE, Option("keep", "flag", required=False))
    ),
    ActSpec(
        "draft",
        acts.plan_draft,
        (Option("village"), *_MONTHS, _FILE, Option("roster", "day", required=False)),
    ),
    ActSpec("plans", acts.plan_list, (), reads=True),
    ActSpec("show", acts.plan_show, (_PLAN,), reads=True),
    ActSpec(
        "step",
        acts.plan_step,
        (
            _PLAN,
            Option("step"),
            _ON,
            Option("due", "whole", required=False),
            Option("present", "whole", required=False),
            Option("votes", "whole", required=False),
            Option("body", required=False),
            Option("called", "day", required=False),
            Option("paper", "file", required=False),
            Option("number", required=False),
        ),
    ),
    ActSpec("back", acts.plan_back, (_PLAN, Option("step"), Option("reason"))),
    ActSpec(
        "attendance",
        acts.attendance,
        (_PLAN, Option("line"), Option("first", "month"), _ON, _FILE, Option("paper", "file")),
    ),
    ActSpec("object", acts.objection, (_PLAN, Option("text"), _ON)),
    ActSpec(
        "answer",
        acts.answer_objection,
        (_PLAN, Option("number", "whole"), Option("text"), Option("upheld", "flag", required=False)),
    ),
    ActSpec("publish", acts.publish, (_PLAN, Option("named", "flag", required=False))),
    ActSpec(
        "confirm",
        acts.confirm,
        (_PLAN, Option("payee", required=False), Option("household", required=False)),
    ),
    ActSpec(
        "batch", acts.batch, (_PLAN, Option("form", required=False), Option("again", required=False), _OUT)
    ),
    ActSpec("reply", acts.reply, (Option("batch"), _FILE)),
    ActSpec("settled", acts.settled, (_PLAN,)),
    ActSpec("works", acts.works, (_PLAN, Option("line"))),
    ActSpec("notice", acts.notice_print, (_PLAN, Option("number", "whole"), _OUT)),
    ActSpec("broadcast", acts.broadcast, (_PLAN, Option("number", "whole")), reads=True),
    ActSpec("slips", acts.slips, (_PLAN, _OUT)),
    ActSpec("paper", acts.paper, (_PLAN, Option("step"), _OUT), reads=True),
    ActSpec("sheet", acts.sheet_paper, (_PLAN, Option("line"), Option("first", "month"), _OUT)),
    ActSpec(
        "report", acts.report, (Option("village"), *_MONTHS, Option("form", required=False), _OUT), reads=True
    ),
    ActSpec("print", acts.bulk_print, (Option("village"), *_MONTHS, Option("what"), _OUT)),
    ActSpec("package", acts.audit_package, (Option("village"), _OUT), reads=True),
    ActSpec(
        "verify",
        acts.verify,
        (Option("notice", required=False), Option("plan", required=False)),
        reads=True,
    ),
    ActSpec(
        "trace",
        tracing.trace,
        tuple(Option(name, required=False) for name in ("line", "source", "plan", "household")),
        reads=True,
    ),
    ActSpec("watch", tracing.watch, (*_MONTHS, Option("households", "flag", required=False)), reads=True),
)
_PAYEE, _PROOF = Option("payee"), Option("paper", "file")
ACTS += (
    ActSpec("members", payees.members, (Option("village"),)),
    ActSpec(
        "account", payees.account, (Option("village"), _PAYEE, Option("bank"), Option("account"), _PROOF)
    ),
    ActSpec("accounts", payees.accounts, (Option("village"),)),
    ActSpec("check-account", payees.check_account, (Option("village"), Option("account"))),
    ActSpec("heir", payees.heir, (Option("line"), _PAYEE, _PROOF)),
    ActSpec("lapse", payees.lapse, (Option("line"), _PROOF)),
    ActSpec("end-code", payees.end_code, (Option("village"), Option("household"))),
    ActSpec("post", payees.post_notice, (_PLAN, Option("number", "whole"), Option("paper", "file"))),
    ActSpec("correct", payees.correct, (_PLAN, Option("number", "whole"), Option("reason"), _FILE)),
)
BY_NAME: Mapping[str, ActSpec] = {spec.name: spec for spec in ACTS}


def carry_out(desk: PayoutDesk, authenticate: Authenticate, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Carry out one act; every act that changes or shows people is somebody's, named with ``user`` and a password.

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
            return spec.act(desk, who, payload.get("words") or {}, texts)
    except RefusedError as error:
        raise CommandError(error.words(texts)) from error
