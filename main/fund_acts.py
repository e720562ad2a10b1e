"""What `pvmon industry` does with the bank: a batch, its release, its file, the reply, and money traced both ways."""

import base64
from typing import Any

from access.principal import Principal
from commands.papers.bank import bank_csv, bank_xlsx
from dashboard.industry_services import IndustryServices
from domain.money import Money
from queries.fund_cases import Moved
from revenue.payment import PaymentState
from texts.loader import Texts

Answer = dict[str, Any]


def _said(texts: Texts, key: str, **values: object) -> str:
    return texts(f"industries.said.{key}", **values)


def batch(services: IndustryServices, who: Principal, words: Any, texts: Texts) -> Answer:
    """Make the next bank file of a claim or round."""
    made = services.payments.batch(who, words["id"])
    said = _said(
        texts,
        "batch",
        id=made.batch_id,
        count=len(made.lines),
        yuan=Money(made.total_fen),
        digest=made.digest[:12],
    )
    return {"id": made.batch_id, "lines": [said]}


def release(services: IndustryServices, who: Principal, words: Any, texts: Texts) -> Answer:
    """Book the payments of a batch."""
    made = services.payments.release(who, words["id"])
    return {"id": made.batch_id, "lines": [_said(texts, "booked", count=len(made.lines))]}


def bank_file(services: IndustryServices, who: Principal, words: Any, texts: Texts) -> Answer:
    """Write the file for the bank."""
    file = services.payments.bank_file(who, words["id"])
    fund = services.queries.fund_name(who, file.village_id, texts.language)
    as_csv = words.get("form") == "csv"
    content = bank_csv(file, fund, texts) if as_csv else bank_xlsx(file, fund, texts)
    return {
        "name": f"{file.batch.batch_id}.{'csv' if as_csv else 'xlsx'}",
        "file": base64.b64encode(content).decode(),
        "lines": [],
    }


def reply(services: IndustryServices, who: Principal, words: Any, texts: Texts) -> Answer:
    """Take the bank's reply."""
    made = services.payments.reply_file(who, words["id"], base64.b64decode(words["file"]))
    view = services.cases.case(who, made.plan_id)
    states = [one.state for batch in view.batches for one in batch.attempts]
    counts = {state.value: states.count(state) for state in PaymentState}
    return {**counts, "lines": [_said(texts, "replied", **counts)]}


def trace(services: IndustryServices, who: Principal, words: Any, texts: Texts) -> Answer:
    """Follow money both ways: from a claim or round to its contributions, or from a contribution to its payees."""
    name = words["id"]
    moved = services.cases.spent(who, name) if "|" in name else services.cases.case(who, name).moved
    rows = [
        {
            "contribution": one.contribution_id,
            "source": one.source_id,
            "payee": one.payee_id,
            "voucher": one.voucher,
            "fen": one.fen,
        }
        for one in moved
    ]
    return {"moved": rows, "lines": [_line(one, texts) for one in moved]}


def _line(one: Moved, texts: Texts) -> str:
    return _said(
        texts,
        "moved",
        contribution=one.contribution_id,
        source=one.source_id,
        payee=one.payee_id,
        voucher=one.voucher,
        yuan=Money(one.fen),
    )
