"""Plain forms that bring money's papers in: a file with its preview, a statement or slip typed beside its photo.

Everything works without a script; with one, the preview comes without leaving the page, the photo is shown
while typing, and the arithmetic is checked while typing. The server checks all of it again.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

from flask import Flask, Response, jsonify, request
from flask_wtf.csrf import generate_csrf

from access.permissions import Permission
from access.principal import Principal
from commands.money_base import MoneyRefusedError
from commands.money_in import FilePreview, PaperKind
from commands.money_words import problem_words
from commands.tables import FILE_BYTES_MAX, TableRefusedError
from commands.typed_papers import TypedPapers
from dashboard import guard, plain
from dashboard.pages.base import Site
from dashboard.pages.money.entry_pages import FILE_PAGE, TYPED_PAGE
from dashboard.pages.money.parts import desk_of, yuan
from domain.errors import AccessDeniedError, CommandError
from domain.timespan import day_of
from texts.loader import Texts

PROBLEMS_MAX = 100
_PHOTO_READ_MAX = 6 * 1024 * 1024
_STATEMENT = (
    *("account", "period", "number", "kwh", "price", "amount", "subsidy_price", "subsidy_amount"),
    *("from", "to", "start", "end", "multiplier", "corrects"),
)
_SLIP = ("bank_account", "reference", "on", "amount", "payer", "summary")
_EXCHANGE = ("account", "on", "old_end", "new_start", "new_multiplier", "document")
_ACCOUNT = ("account", "plant", "document")
_NEEDED = frozenset({"account", "period", "bank_account", "reference", "on", "old_end", "new_start"})
_DAYS = frozenset({"on", "from", "to"})
_WORDS = frozenset({"account", "plant", "number", "corrects", "reference", "payer", "summary", "document"})


@dataclass(frozen=True, slots=True)
class Form:
    """One kind of paper that may be typed: its fields, its photo, and what takes it."""

    name: str
    fields: tuple[str, ...]
    has_photo: bool


FORMS = {
    "statement": Form("statement", _STATEMENT, has_photo=True),
    "slip": Form("slip", _SLIP, has_photo=True),
    "account": Form("account", _ACCOUNT, has_photo=False),
    "exchange": Form("exchange", _EXCHANGE, has_photo=False),
}


@dataclass(frozen=True, slots=True)
class Said:
    """What is told after a form was sent."""

    text: str = ""
    problems: tuple[str, ...] = ()
    is_kept: bool = False

    @property
    def status(self) -> int:
        """The HTTP status of the answer."""
        return 422 if self.problems else 200


def register(server: Flask, site: Site) -> None:
    """Register the forms; the guard lets only who may enter money come this far."""
    pages, prefix = _Entry(site), site.prefix
    look, put = guard.page(Permission.ENTER_MONEY), guard.page(Permission.ENTER_MONEY, uploads=True)
    seen = guard.page(Permission.VIEW_INCOME)
    server.add_url_rule(f"{prefix}money-import/<kind>", "money_import", look(pages.file), methods=["GET"])
    server.add_url_rule(
        f"{prefix}money-import/<kind>", "money_import_take", put(pages.take_file), methods=["POST"]
    )
    server.add_url_rule(f"{prefix}money-type/<kind>", "money_type", look(pages.typed), methods=["GET"])
    server.add_url_rule(
        f"{prefix}money-type/<kind>", "money_type_take", put(pages.take_typed), methods=["POST"]
    )
    server.add_url_rule(
        f"{prefix}money-progress/<ticket>", "money_progress", look(pages.progress), methods=["GET"]
    )
    server.add_url_rule(f"{prefix}money-photo/<kind>", "money_photo", seen(pages.photo), methods=["GET"])


class _Entry:
    """The handlers."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def file(self, principal: Principal, kind: str) -> Response:  # noqa: ARG002 (the guard has checked)
        """Show the form for a file."""
        return self._file_page(_paper(kind), Said())

    def take_file(self, principal: Principal, kind: str) -> Response:
        """Preview a file, or keep it; one row that cannot be taken keeps all of it out."""
        paper, texts = _paper(kind), plain.words()
        sent = request.files.get("file")
        content = sent.read(FILE_BYTES_MAX + 1) if sent is not None else b""
        name = (sent.filename if sent is not None else "") or ""
        if not content:
            return self._file_page(paper, Said(problems=(texts("entry.no_file"),)))
        return self._file_page(
            paper, _told(texts, lambda: self._import(principal, paper, name, content), kept=_wants_keeping())
        )

    def _import(self, principal: Principal, paper: PaperKind, name: str, content: bytes) -> FilePreview:
        money_in = desk_of(self._site).money_in
        on, document = self._given_day(), request.form.get("document", "").strip()
        tell = partial(desk_of(self._site).board.tell, request.form.get("ticket", ""))
        preview = money_in.preview(principal, paper, content, on, document, tell)
        if preview.problems or not _wants_keeping():
            return preview
        if paper is PaperKind.STATEMENTS:
            return money_in.import_statements(principal, name, content, None, tell)
        if paper is PaperKind.RECEIPTS:
            return money_in.import_movements(principal, name, content)
        if paper is PaperKind.DEDUCTIONS:
            return money_in.import_deductions(principal, name, content)
        return money_in.import_openings(principal, name, content, on, document)

    def progress(self, principal: Principal, ticket: str) -> Response:  # noqa: ARG002 (the guard has checked)
        """Tell how far an import is, in words; nothing before it began."""
        told = desk_of(self._site).board.of(ticket)
        words = plain.words()
        said = (
            ""
            if told is None
            else words(f"revenue.cli.progress_{told.stage}", done=told.done, total=told.total)
        )
        return jsonify(said=said)

    def typed(self, principal: Principal, kind: str) -> Response:  # noqa: ARG002 (the guard has checked)
        """Show the form for typing a paper."""
        return self._typed_page(_form(kind), Said(), {})

    def take_typed(self, principal: Principal, kind: str) -> Response:
        """Check what was typed, or keep it."""
        form, texts = _form(kind), plain.words()
        cells = {name: request.form.get(name, "").strip()[:200] for name in form.fields}
        sent = request.files.get("photo")
        photo = sent.read(_PHOTO_READ_MAX) if sent is not None else b""
        said = _told(texts, lambda: self._enter(principal, form, cells, photo), kept=_wants_keeping())
        if said.is_kept:
            plain.taken()
        return self._typed_page(form, said, {} if said.is_kept else cells)

    def _enter(self, principal: Principal, form: Form, cells: dict[str, str], photo: bytes) -> FilePreview:
        papers: TypedPapers = desk_of(self._site).papers
        if form.name == "exchange":
            act = papers.type_exchange if _wants_keeping() else papers.preview_exchange
            wrong = act(principal, cells)
            return FilePreview("", int(not wrong), 0, 0, tuple(wrong))
        if form.name == "account":
            return self._map_account(principal, cells)
        if form.name == "slip":
            if _wants_keeping():
                return papers.type_movement(principal, cells, photo)
            return papers.preview_movement(principal, cells)
        if _wants_keeping():
            return papers.type_statement(principal, cells, photo)
        return papers.preview_statement(principal, cells)

    def _map_account(self, principal: Principal, cells: dict[str, str]) -> FilePreview:
        """Say whose settlement account (户号) an unknown one is; files that name it are then taken."""
        money_in = desk_of(self._site).money_in
        act = money_in.map_account if _wants_keeping() else money_in.preview_account
        act(principal, cells["account"], cells["plant"], cells["document"])
        return FilePreview("", 1, 0, 0, ())

    def photo(self, principal: Principal, kind: str) -> Response:
        """Show the photo a row was typed from."""
        identity = request.args.get("id", "")[:300]
        content_type, content = desk_of(self._site).papers.photo(principal, kind, identity)
        return Response(content, mimetype=content_type)

    def _given_day(self) -> date:
        text = request.form.get("on", "")
        try:
            return date.fromisoformat(text) if text else self._today()
        except ValueError:
            raise CommandError(plain.words()("payout.page.unreadable")) from None

    def _today(self) -> date:
        return day_of(self._site.services.sources.clock.now())

    def _file_page(self, paper: PaperKind, said: Said) -> Response:
        texts, prefix = plain.words(), self._site.prefix
        return plain.document(
            texts(f"entry.file.{paper.value}.title"),
            FILE_PAGE,
            said.status,
            about=texts(f"entry.file.{paper.value}.about"),
            dated=paper is PaperKind.OPENINGS,
            action=f"{prefix}money-import/{paper.value}",
            today=self._today().isoformat(),
            ticket=secrets.token_hex(16),
            progress=f"{prefix}money-progress/",
            **self._shared(said),
        )

    def _typed_page(self, form: Form, said: Said, cells: dict[str, str]) -> Response:
        texts, prefix = plain.words(), self._site.prefix
        fields = [
            {
                "name": name,
                "label": texts(f"statement.column.{name}"),
                "needed": name in _NEEDED,
                "kind": "date" if name in _DAYS else "text",
                "mode": "text" if name in _WORDS else "decimal",
            }
            for name in form.fields
        ]
        return plain.document(
            texts(f"entry.type.{form.name}.title"),
            TYPED_PAGE,
            said.status,
            about=texts(f"entry.type.{form.name}.about"),
            action=f"{prefix}money-type/{form.name}",
            fields=fields,
            typed=cells,
            has_photo=form.has_photo,
            **self._shared(said),
        )

    def _shared(self, said: Said) -> dict[str, Any]:
        prefix = self._site.prefix
        texts = plain.words()
        links = [
            *((f"{prefix}money-import/{k.value}", texts(f"entry.file.{k.value}.title")) for k in PaperKind),
            *((f"{prefix}money-type/{name}", texts(f"entry.type.{name}.title")) for name in FORMS),
        ]
        return {
            "said": said,
            "links": links,
            "csrf": generate_csrf(),
            "home": f"{prefix}income",
            "script": f"{prefix}assets/40-entry.js",
        }


def _wants_keeping() -> bool:
    return bool(request.form.get("keep"))


def _paper(kind: str) -> PaperKind:
    try:
        return PaperKind(kind)
    except ValueError:
        raise CommandError(plain.words()("payout.page.unreadable")) from None


def _form(kind: str) -> Form:
    found = FORMS.get(kind)
    if found is None:
        raise CommandError(plain.words()("payout.page.unreadable"))
    return found


def _told(texts: Texts, act: Callable[[], FilePreview], *, kept: bool) -> Said:
    """Return what an act did, or why it did nothing, in words."""
    try:
        preview = act()
    except (MoneyRefusedError, TableRefusedError) as error:
        return Said(problems=(error.words(texts),))
    except AccessDeniedError:
        return Said(problems=(texts("entry.out_of_scope"),))
    if preview.problems:
        shown = tuple(problem_words(preview.problems[:PROBLEMS_MAX], texts))
        return Said(texts("entry.nothing_kept", count=len(preview.problems)), shown)
    key = "entry.kept" if kept else "entry.would"
    return Said(texts(key, new=preview.new, known=preview.known, yuan=yuan(preview.fen)), (), kept)
