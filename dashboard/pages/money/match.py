"""A receipt matched by a list: a late subsidy with both rosters seen first, or what one movement pays, row by row.

What was previewed is what is confirmed: the box that confirms it carries the mark of file and fields, and any
other file or field asks for a new preview.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from flask import Flask, Response, request
from flask_wtf.csrf import generate_csrf

from access.permissions import Permission
from access.principal import Principal
from commands.money_base import MoneyRefusedError
from commands.money_files import sheet_rows
from commands.money_words import problem_words, read_text
from commands.receipts import OpenMovement
from commands.tables import FILE_BYTES_MAX, TableRefusedError
from dashboard import guard, plain
from dashboard.components.words import MISSING
from dashboard.pages.base import Site
from dashboard.pages.money.match_page import MATCH_PAGE
from dashboard.pages.money.parts import checks_of, desk_of, yuan
from domain.errors import AccessDeniedError, CommandError, MoneyError
from domain.timespan import day_of
from queries.money_checks import RosterLook, VillageSubsidy
from revenue import money_rows, sheet
from revenue.receipt import Item
from revenue.refusal import words_of
from revenue.statement_rows import RowProblem
from texts.loader import Texts

KINDS = ("subsidy", "items")
_PROBLEMS_MAX = 100
_FIELDS = ("movement", "first", "last", "roster_on")


@dataclass(frozen=True)
class Told:
    """What is told after the form was sent. ``seen`` is the mark of what was previewed, empty when nothing can be done."""

    text: str = ""
    problems: tuple[str, ...] = ()
    heads: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    seen: str = ""
    is_kept: bool = False
    given: Mapping[str, str] = field(default_factory=dict)

    @property
    def status(self) -> int:
        """The HTTP status of the answer."""
        return 422 if self.problems else 200


def register(server: Flask, site: Site) -> None:
    """Register the form; the guard lets only who checks money come this far."""
    pages, path = _Match(site), f"{site.prefix}money-match/<kind>"
    look = guard.page(Permission.CHECK_MONEY)
    put = guard.page(Permission.CHECK_MONEY, uploads=True)
    server.add_url_rule(path, "money_match", look(pages.show), methods=["GET"])
    server.add_url_rule(path, "money_match_take", put(pages.take), methods=["POST"])


class _Match:
    """The handlers."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def show(self, principal: Principal, kind: str) -> Response:
        """Show the form."""
        return self._page(principal, _kind(kind), Told())

    def take(self, principal: Principal, kind: str) -> Response:
        """Preview a list, or confirm what was previewed."""
        kind, texts = _kind(kind), plain.words()
        given = {name: request.form.get(name, "").strip()[:200] for name in _FIELDS}
        sent = request.files.get("file")
        content = sent.read(FILE_BYTES_MAX + 1) if sent is not None else b""
        if not content:
            return self._page(principal, kind, Told(problems=(texts("entry.no_file"),), given=given))
        try:
            told = self._told(principal, kind, given, content, texts)
        except (MoneyRefusedError, TableRefusedError, AccessDeniedError) as error:
            told = Told(problems=(error.words(texts),), given=given)
        except MoneyError as error:
            told = Told(problems=(words_of(error, texts),), given=given)
        return self._page(principal, kind, told)

    def _told(
        self, principal: Principal, kind: str, given: Mapping[str, str], content: bytes, texts: Texts
    ) -> Told:
        mark = hashlib.sha256(repr((kind, sorted(given.items()))).encode() + content).hexdigest()[:24]
        confirms = bool(request.form.get("keep"))
        if confirms and request.form.get("seen") != mark:
            return Told(problems=(texts("matching.look_first"),), given=given)
        rows, still = sheet_rows(content), "" if confirms else mark
        if kind == "subsidy":
            parts, problems = money_rows.subsidies(rows)
            return _bad(problems, given, texts) or self._subsidy(principal, parts, given, still, texts)
        items, problems = money_rows.items(rows)
        return _bad(problems, given, texts) or self._items(principal, items, given, still, texts)

    def _subsidy(
        self,
        principal: Principal,
        parts: Mapping[str, int],
        given: Mapping[str, str],
        mark: str,
        texts: Texts,
    ) -> Told:
        first, last = (read_text(texts(f"matching.{n}"), sheet.period, given[n]) for n in ("first", "last"))
        day = read_text(texts("matching.roster_on"), sheet.day, given["roster_on"])
        if not mark:
            receipts = desk_of(self._site).receipts
            done = receipts.confirm_subsidy(principal, given["movement"], parts, first, last)
            return _done(len(done.items), len({cash.village_id for cash in done.cash}), texts)
        rows = checks_of(self._site).subsidy_preview(principal, parts, last, day)
        heads = ("village", "amount", "then", "now", "joined", "left")
        return Told(
            self._sums(principal, given["movement"], sum(parts.values()), texts),
            (),
            tuple(texts(f"matching.{name}") for name in heads),
            tuple(self._village_row(one, texts) for one in rows),
            mark,
            given=given,
        )

    def _items(
        self, principal: Principal, items: list[Item], given: Mapping[str, str], mark: str, texts: Texts
    ) -> Told:
        if not mark:
            done = desk_of(self._site).receipts.confirm(principal, given["movement"], items)
            return _done(len(done.items), len({cash.village_id for cash in done.cash}), texts)
        known = self._site.services.sources.registry
        rows = tuple(
            (
                principal.plant(one.plant_id, known).label(texts.language),
                one.period,
                texts(f"matching.part.{one.component}"),
                yuan(one.fen),
            )
            for one in items
        )
        heads = tuple(texts(f"matching.{name}") for name in ("plant", "month", "component", "amount"))
        said = self._sums(principal, given["movement"], sum(one.fen for one in items), texts)
        return Told(said, (), heads, rows, mark, given=given)

    def _sums(self, principal: Principal, movement_id: str, listed_fen: int, texts: Texts) -> str:
        """Return the list beside the movement in words; a list that is not the movement is refused."""
        for one in self._waiting(principal):
            if one.movement.identity == movement_id:
                if one.movement.fen != listed_fen:
                    raise MoneyRefusedError("not_the_movement", fen=one.movement.fen, items_fen=listed_fen)
                return texts("matching.would", yuan=yuan(listed_fen))
        raise MoneyRefusedError("not_found", what=movement_id[:80])

    def _waiting(self, principal: Principal) -> list[OpenMovement]:
        return desk_of(self._site).receipts.waiting(principal)

    def _village_row(self, one: VillageSubsidy, texts: Texts) -> tuple[str, ...]:
        registry = self._site.services.sources.registry
        named = one.village_id in registry.villages_by_id
        return (
            registry.village_label(one.village_id, texts.language) if named else one.village_id,
            yuan(one.fen),
            _roster(one.then, texts),
            _roster(one.now, texts),
            str(one.joined),
            str(one.left),
        )

    def _page(self, principal: Principal, kind: str, told: Told) -> Response:
        texts, prefix = plain.words(), self._site.prefix
        today = day_of(self._site.services.sources.clock.now())
        try:
            waiting = self._waiting(principal)
        except MoneyRefusedError as error:
            waiting, told = [], Told(problems=(error.words(texts),))
        return plain.document(
            texts(f"matching.{kind}.title"),
            MATCH_PAGE,
            told.status,
            about=texts(f"matching.{kind}.about"),
            columns=texts(f"matching.{kind}.columns"),
            dated=kind == "subsidy",
            action=f"{prefix}money-match/{kind}",
            links=[(f"{prefix}money-match/{one}", texts(f"matching.{one}.title")) for one in KINDS],
            movements=[_choice(one) for one in waiting],
            said=told,
            given={"roster_on": today.isoformat(), **_last_year(today), **told.given},
            csrf=generate_csrf(),
            home=f"{prefix}income",
            script=f"{prefix}assets/40-entry.js",
        )


def _kind(kind: str) -> str:
    if kind not in KINDS:
        raise CommandError(plain.words()("payout.page.unreadable"))
    return kind


def _last_year(today: date) -> dict[str, str]:
    return {"first": f"{today.year - 1}-01", "last": f"{today.year - 1}-12"}


def _choice(one: OpenMovement) -> tuple[str, str]:
    movement = one.movement
    return movement.identity, " · ".join(
        part
        for part in (movement.on.isoformat(), movement.payer, yuan(movement.fen), movement.summary)
        if part
    )


def _roster(look: RosterLook, texts: Texts) -> str:
    if look.valid_from is None:
        return MISSING
    return texts("matching.roster", since=look.valid_from.isoformat(), count=len(look.persons))


def _bad(problems: Sequence[RowProblem], given: Mapping[str, str], texts: Texts) -> Told | None:
    if not problems:
        return None
    said = tuple(problem_words(problems[:_PROBLEMS_MAX], texts))
    return Told(texts("entry.nothing_kept", count=len(problems)), said, given=given)


def _done(items: int, villages: int, texts: Texts) -> Told:
    return Told(texts("matching.done", items=items, villages=villages), is_kept=True)
