"""MoneyDesk: the commands on money in, together, and as orders of the command line over a line of JSON."""

import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import Any

from access.principal import Principal
from commands.authenticate import Authenticate
from commands.books import Books
from commands.check_acts import CHECK_ACTS
from commands.closing import Closings
from commands.console import logged_in
from commands.money_acts import ACTS
from commands.money_base import MoneyRefusedError
from commands.money_checks import MoneyChecks
from commands.money_in import FilePreview, MoneyIn
from commands.progress import ProgressBoard
from commands.receipts import Receipts
from commands.tables import TableRefusedError
from commands.typed_papers import TypedPapers
from commands.year_close import YearClose
from domain.clock import Clock
from domain.errors import CommandError, MoneyError
from domain.plant import Registry
from revenue.refusal import broken_words, words_of
from revenue.tariff import Tariffs
from stores.ledger_protocol import MoneyRecords
from texts.loader import Texts

Order = Callable[[Mapping[str, Any]], Mapping[str, Any]]


@dataclass(frozen=True)
class MoneyDesk:
    """Every command on money in."""

    money_in: MoneyIn
    books: Books
    receipts: Receipts
    closings: Closings
    records: MoneyRecords
    papers: TypedPapers
    years: YearClose
    checks: MoneyChecks
    board: ProgressBoard = field(default_factory=ProgressBoard)

    @classmethod
    def over(
        cls, records: MoneyRecords, registry: Registry, tariffs: Tariffs, clock: Clock, field_clock: Clock
    ) -> "MoneyDesk":
        """Return the commands over one store; ``clock`` is real time, ``field_clock`` dates vouchers."""
        given = (records, registry, tariffs, clock, field_clock)
        return cls(
            MoneyIn(*given),
            Books(*given),
            Receipts(*given),
            Closings(*given),
            records,
            TypedPapers(*given),
            YearClose(*given),
            MoneyChecks(*given),
        )


def money_orders(desk: MoneyDesk, authenticate: Authenticate) -> dict[str, Order]:
    """Return the orders by name. Each act is done as a person of the program, who gives the password."""
    makers = {
        "import_statements": _import_statements,
        "import_receipts": _import_receipts,
        "import_deductions": _import_deductions,
        "import_openings": _import_openings,
        "approve_opening": _approve_opening,
        "settle": _settle,
        "receipts": _waiting,
        "confirm": _confirm,
        "ask_close": _ask_close,
        "close": _close,
        **ACTS,
        **CHECK_ACTS,
    }

    def order(act: Callable[[MoneyDesk, Principal, Mapping[str, Any]], Mapping[str, Any]]) -> Order:
        def carried_out(payload: Mapping[str, Any]) -> Mapping[str, Any]:
            texts = Texts(str(payload.get("lang") or "zh"))
            try:
                with logged_in(authenticate, payload) as principal:
                    return act(desk, principal, payload)
            except (MoneyRefusedError, TableRefusedError) as error:
                raise CommandError(error.words(texts)) from error
            except MoneyError as error:
                raise CommandError(words_of(error, texts)) from error

        return carried_out

    found = {f"revenue.{name}": order(act) for name, act in makers.items()}
    found["revenue.verify"] = lambda payload: _verify(desk, payload)
    found["revenue.progress"] = lambda payload: _progress(desk, payload)
    return found


def _content(payload: Mapping[str, Any]) -> bytes:
    try:
        return base64.b64decode(str(payload.get("content", "")), validate=True)
    except binascii.Error as error:
        raise MoneyRefusedError("unreadable", what="FILE", text="") from error


def _day(payload: Mapping[str, Any]) -> date:
    try:
        return date.fromisoformat(str(payload.get("on", "")))
    except ValueError as error:
        raise MoneyRefusedError("unreadable", what="--on", text=str(payload.get("on"))[:40]) from error


def _as_json(preview: FilePreview, texts: Texts) -> dict[str, Any]:
    return {
        "new": preview.new,
        "known": preview.known,
        "fen": preview.fen,
        "problems": [
            {
                "row": one.row,
                "column": texts(f"statement.column.{one.column}"),
                "reason": one.reason,
                "message": texts(f"statement.problem.{one.reason}", **one.values),
            }
            for one in preview.problems
        ],
    }


def _import_statements(desk: MoneyDesk, who: Principal, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    content, name = _content(payload), str(payload.get("name", ""))
    columns = {
        str(key): [str(word) for word in words] for key, words in (payload.get("columns") or {}).items()
    }
    tell = partial(desk.board.tell, str(payload.get("ticket") or ""))
    preview = desk.money_in.preview_statements(who, content, columns or None, tell)
    if not preview.problems and payload.get("dry_run") is not True:
        preview = desk.money_in.import_statements(who, name, content, columns or None, tell)
    return _as_json(preview, Texts(who.language))


def _progress(desk: MoneyDesk, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return how far an import is: only who made its ticket up can ask."""
    told = desk.board.of(str(payload.get("ticket") or ""))
    return {} if told is None else {"stage": told.stage, "done": told.done, "total": told.total}


def _import_receipts(desk: MoneyDesk, who: Principal, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    preview = desk.money_in.import_movements(who, str(payload.get("name", "")), _content(payload))
    return _as_json(preview, Texts(who.language))


def _import_deductions(desk: MoneyDesk, who: Principal, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    preview = desk.money_in.import_deductions(who, str(payload.get("name", "")), _content(payload))
    return _as_json(preview, Texts(who.language))


def _import_openings(desk: MoneyDesk, who: Principal, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    on = _day(payload)
    preview = desk.money_in.import_openings(
        who, str(payload.get("name", "")), _content(payload), on, str(payload.get("document", ""))
    )
    return _as_json(preview, Texts(who.language))


def _approve_opening(desk: MoneyDesk, who: Principal, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    [voucher] = desk.books.approve_openings(who, [str(payload.get("village", ""))])
    return {"village": voucher.entry.village_id, "number": voucher.number, "period": voucher.period}


def _settle(desk: MoneyDesk, who: Principal, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    on = _day(payload) if payload.get("on") else None
    outcome = desk.books.settle_month(who, str(payload.get("period", "")), booked_on=on)
    return {
        "settled": len(outcome.settled),
        "unchanged": outcome.unchanged,
        "vouchers": outcome.vouchers,
        "net_fen": sum(one.net_fen for one in outcome.settled),
        "problems": [{"plant": plant, "message": message} for plant, message in outcome.problems],
    }


def _waiting(desk: MoneyDesk, who: Principal, _payload: Mapping[str, Any]) -> Mapping[str, Any]:
    return {
        "waiting": [
            {
                "movement": one.movement.identity,
                "on": one.movement.on.isoformat(),
                "fen": one.movement.fen,
                "payer": one.movement.payer,
                "items": len(one.proposal.items) if one.proposal else 0,
                "certain": bool(one.proposal and one.proposal.certain),
            }
            for one in desk.receipts.waiting(who)
        ]
    }


def _confirm(desk: MoneyDesk, who: Principal, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    one = desk.receipts.confirm(who, str(payload.get("movement", "")))
    return {
        "movement": one.movement_id,
        "items": len(one.items),
        "villages": len({c.village_id for c in one.cash}),
    }


def _ask_close(desk: MoneyDesk, who: Principal, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    village, period = str(payload.get("village", "")), str(payload.get("period", ""))
    desk.closings.ask_close(who, village, period, str(payload.get("note", "")))
    return {"village": village, "period": period}


def _close(desk: MoneyDesk, who: Principal, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    closing = desk.closings.close(who, str(payload.get("village", "")), str(payload.get("period", "")))
    return {"village": closing.village_id, "period": closing.period, "head": closing.head_hash[:8]}


def _verify(desk: MoneyDesk, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    found = desk.records.verify()
    said = Texts(str(payload.get("lang") or "zh"))
    return {
        "sound": found.is_sound,
        "broken": broken_words(found.finding, said) if found.finding else "",
        "vouchers": found.vouchers,
        "postings": found.postings,
        "closings": found.closings,
        "head": found.head_hash,
    }
