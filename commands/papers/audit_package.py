"""The audit package: plans, acts, papers, vouchers, notices, a list of hashes, and a verifier in plain Python."""

import hashlib
import io
import json
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from commands.papers.sheets import Cells, csv_file
from domain.ledger import Voucher, canonical, lines_of, microseconds
from domain.money_fact import MoneyFact
from revenue.deduction import KIND as DEDUCTION
from revenue.dossier import Dossier
from revenue.notice import Notice
from revenue.receipt import MOVEMENT, REMITTANCE
from revenue.statement import KIND as STATEMENT
from stores.ledger_protocol import MoneyFactStore

_VERIFIER = Path(__file__).with_name("verifier.py")
_FIXED = (2020, 1, 1, 0, 0, 0)  # the same content makes the same file

DICTIONARY = """# Data dictionary

All amounts are whole fen (100 fen = 1 yuan). Text is UTF-8. `python3 verifier.py .` checks everything.

| file | one row is |
|---|---|
| vouchers.csv | an entry of the village: sequence in the whole ledger, number in village and month, source, two persons |
| postings.csv | a line of an entry: debit positive, credit negative; `lot_id` is the receipt the money came with |
| chain.jsonl | a voucher of the ledger in sequence; `hash` is SHA-256 of its fields and the hash before it, as JSON with sorted keys. Vouchers of other villages stand with their hashes only |
| acts.jsonl | an act on a plan in order: what was done, by whom, when |
| entitlements.csv | what a person is owed: `weight / weight_sum` of `total`, and what the running total carried; `lapsed`: fen that went to the collective, its owner being dead without an heir |
| payments.csv | an attempt to pay: batch, line, amount, state, reason of a return |
| notices.csv | a published sheet: code, chain head, totals by class |
| originals.jsonl | a line of a grid statement, a deduction or a receipt behind these books: what it says, who brought it, when; `file_hash` is the SHA-256 of the file or photo it came in |
| papers/ | signed papers, photos and proofs, named by their SHA-256; `acts.jsonl` and `originals.jsonl` name them |
| SHA256SUMS | the hash of every other file |
"""


def package(
    dossiers: Sequence[Dossier],
    own: Iterable[Voucher],
    chain: Iterable[Voucher],
    papers: Mapping[str, bytes],
    originals: Sequence[MoneyFact] = (),
) -> bytes:
    """Return the package as ZIP; no name of a person and no number of a card is in it."""
    vouchers = list(own)
    mine = {voucher.sequence for voucher in vouchers}
    files = {
        "README.md": DICTIONARY.encode(),
        "verifier.py": _VERIFIER.read_bytes(),
        "vouchers.csv": csv_file(_vouchers(vouchers)),
        "postings.csv": csv_file(_postings(vouchers)),
        "chain.jsonl": "".join(f"{_link(one, full=one.sequence in mine)}\n" for one in chain).encode(),
        "acts.jsonl": "".join(f"{line}\n" for one in dossiers for line in _acts(one)).encode(),
        "originals.jsonl": "".join(f"{_original(one)}\n" for one in originals).encode(),
        "entitlements.csv": csv_file(_entitlements(dossiers)),
        "payments.csv": csv_file(_payments(dossiers)),
        "notices.csv": csv_file(_notices([n for one in dossiers for n in one.notices])),
        **{f"papers/{code}": content for code, content in sorted(papers.items())},
    }
    sums = "".join(f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in sorted(files))
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in sorted({**files, "SHA256SUMS": sums.encode()}.items()):
            archive.writestr(zipfile.ZipInfo(name, _FIXED), content, zipfile.ZIP_DEFLATED)
    return target.getvalue()


def originals_of(ledger: MoneyFactStore, own: Iterable[Voucher]) -> list[MoneyFact]:
    """Return the lines of statements, deductions and receipts behind the vouchers of a village."""
    plants = {posting.plant_id for one in own for posting in one.entry.postings if posting.plant_id}
    sources = {one.entry.source_id for one in own if one.entry.source_kind == "receipt"}
    found = [fact for kind in (STATEMENT, DEDUCTION) for fact in ledger.facts(kind, plant_ids=plants)]
    remittances = [fact for one in sorted(sources) for fact in ledger.facts(REMITTANCE, identity=one)]
    movements = sorted({str(one.content["movement"]) for one in remittances})
    return [
        *found,
        *remittances,
        *(fact for one in movements for fact in ledger.facts(MOVEMENT, identity=one)),
    ]


def sealed_fields(voucher: Voucher) -> dict[str, Any]:
    """Return what the seal of a voucher covers."""
    entry = voucher.entry
    assert entry.recorded_at is not None
    return {
        "sequence": voucher.sequence,
        "village_id": entry.village_id,
        "period": entry.period,
        "voucher_number": voucher.number,
        "entry_key": entry.key,
        "booked_on": entry.booked_on.isoformat(),
        "belongs_to": entry.belongs_to.isoformat(),
        "summary": entry.summary,
        "source_kind": entry.source_kind,
        "source_id": entry.source_id,
        "reverses": entry.reverses,
        "made_by": entry.made_by,
        "checked_by": entry.checked_by,
        "recorded_at": microseconds(entry.recorded_at),
        "content_hash": voucher.content_hash,
        "postings": lines_of(entry.postings),
    }


def _link(voucher: Voucher, *, full: bool) -> str:
    link: dict[str, Any] = {"hash": voucher.hash, "previous_hash": voucher.previous_hash}
    if full:
        link["fields"] = sealed_fields(voucher)
    return canonical(link)


def _acts(dossier: Dossier) -> Iterable[str]:
    for act in dossier.acts:
        yield canonical(
            {
                "plan_id": act.plan_id,
                "sequence": act.sequence,
                "by": act.by,
                "at": act.at.isoformat(),
                **act.content(),
            }
        )


def _original(fact: MoneyFact) -> str:
    return canonical(
        {
            "kind": fact.kind,
            "identity": fact.identity,
            "plant_id": fact.plant_id,
            "village_id": fact.village_id,
            "period": fact.period,
            "content": dict(fact.content),
            "made_by": fact.made_by,
            "made_at": fact.made_at.isoformat(),
            "file_hash": fact.file_hash,
        }
    )


def _vouchers(vouchers: Sequence[Voucher]) -> Cells:
    heads = ("sequence", "period", "number", "booked_on", "belongs_to", "summary", "source_kind", "source_id")
    rows = tuple(
        (
            one.sequence,
            one.period,
            one.number,
            one.entry.booked_on.isoformat(),
            one.entry.belongs_to.isoformat(),
            one.entry.summary,
            one.entry.source_kind,
            one.entry.source_id,
            one.entry.made_by,
            one.entry.checked_by,
            one.entry.reverses,
        )
        for one in vouchers
    )
    return Cells("vouchers", (*heads, "made_by", "checked_by", "reverses"), rows)


def _postings(vouchers: Sequence[Voucher]) -> Cells:
    rows = tuple(
        (one.sequence, place, p.account, p.fen, p.person_id, p.plant_id, p.lot_id)
        for one in vouchers
        for place, p in enumerate(one.entry.postings, 1)
    )
    return Cells("postings", ("sequence", "line", "account", "fen", "person_id", "plant_id", "lot_id"), rows)


def _entitlements(dossiers: Sequence[Dossier]) -> Cells:
    heads = (
        "entitlement_id",
        "person_id",
        "household_id",
        "payee_id",
        "fen",
        "weight",
        "weight_sum",
        "total",
    )
    rows = tuple(
        (
            one.entitlement_id,
            one.person_id,
            one.household_id,
            dossier.heirs.get(one.entitlement_id, one.payee_id),
            one.fen,
            one.weight,
            one.weight_sum,
            one.total_fen,
            one.before_total_fen,
            one.before_fen,
            dossier.lapsed.get(one.entitlement_id, 0),
        )
        for dossier in dossiers
        for one in dossier.entitlements
    )
    return Cells("entitlements", (*heads, "before_total", "before", "lapsed"), rows)


def _payments(dossiers: Sequence[Dossier]) -> Cells:
    heads = ("batch_id", "line", "entitlement_id", "fen", "attempt", "state", "on", "reason")
    rows = tuple(
        (
            one.batch_id,
            one.line.number,
            one.line.entitlement_id,
            one.line.fen,
            one.line.attempt,
            one.state.value,
            one.on.isoformat() if one.on else "",
            one.reason,
        )
        for dossier in dossiers
        for one in dossier.attempts
    )
    return Cells("payments", heads, rows)


def _notices(notices: Sequence[Notice]) -> Cells:
    heads = ("plan_id", "kind", "number", "code", "head", "sequence", "starts", "ends", "totals")
    rows = tuple(
        (
            one.plan_id,
            one.kind.value,
            one.number,
            one.code,
            one.head,
            one.sequence,
            one.starts.isoformat(),
            one.ends.isoformat(),
            json.dumps({total.kind.value: total.fen for total in one.totals}),
        )
        for one in notices
    )
    return Cells("notices", heads, rows)
