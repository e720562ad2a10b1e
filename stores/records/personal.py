"""Drafts, views and deputies in the records database; what was typed is sealed, because it may name persons."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    delete,
    insert,
    or_,
    select,
    update,
)

from domain.personal import Deputy, Draft, SavedView
from stores.records.database import Database
from stores.records.schema import METADATA, Instant
from stores.records.sealing import Sealer

DRAFTS = Table(
    "drafts",
    METADATA,
    Column("user_id", String(64), primary_key=True),
    Column("place", String(240), primary_key=True),
    Column("form", Integer, primary_key=True),
    Column("page", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("saved_at", Instant, nullable=False),
)
SAVED_VIEWS = Table(
    "saved_views",
    METADATA,
    Column("user_id", String(64), primary_key=True),
    Column("page", String(64), primary_key=True),
    Column("name", String(64), primary_key=True),
    Column("query", Text, nullable=False),
    Column("saved_at", Instant, nullable=False),
)
DEPUTIES = Table(
    "deputies",
    METADATA,
    Column("deputy_id", String(32), primary_key=True),
    Column("giver_id", String(64), nullable=False),
    Column("taker_id", String(64), nullable=False),
    Column("since", Instant, nullable=False),
    Column("until", Instant, nullable=False),
    Column("reason", Text, nullable=False),
    Column("ended_at", Instant),
    Column("ended_by", String(64), nullable=False),
    Index("deputies_giver", "giver_id"),
    Index("deputies_taker", "taker_id"),
)


class SqlPersonalStore:
    """Implements stores.personal_protocol.PersonalStore on the database of a records store."""

    def __init__(self, database: Database, sealer: Sealer) -> None:
        self._database = database
        self._sealer = sealer

    # ------------------------------------------------------------------ drafts

    def put_draft(self, draft: Draft, drafts_max: int) -> None:
        """Keep a draft in place of its earlier state; of more than ``drafts_max`` the oldest go."""
        row = {
            "user_id": draft.user_id,
            "place": draft.place,
            "form": draft.form,
            "page": draft.page,
            "title": draft.title,
            "sealed": self._sealer.seal(json.dumps(draft.fields, ensure_ascii=False)),
            "saved_at": draft.saved_at,
        }
        table = DRAFTS.c
        with self._database.writing() as connection:
            connection.execute(delete(DRAFTS).where(*_is_draft(draft.user_id, draft.place, draft.form)))
            connection.execute(insert(DRAFTS).values(**row))
            newest = select(table.place, table.form).where(table.user_id == draft.user_id)
            older = connection.execute(newest.order_by(table.saved_at.desc()).offset(drafts_max)).all()
            for place, form in older:
                connection.execute(delete(DRAFTS).where(*_is_draft(draft.user_id, place, form)))

    def drafts(self, user_id: str, since: datetime) -> Sequence[Draft]:
        """Return the drafts of a person saved since, newest first."""
        mine = (DRAFTS.c.user_id == user_id) & (DRAFTS.c.saved_at >= since)
        with self._database.reading() as connection:
            rows = connection.execute(select(DRAFTS).where(mine).order_by(DRAFTS.c.saved_at.desc()))
            return [self._draft(row) for row in rows.mappings()]

    def draft(self, user_id: str, place: str, form: int) -> Draft | None:
        """Return one draft."""
        with self._database.reading() as connection:
            wanted = select(DRAFTS).where(*_is_draft(user_id, place, form))
            row = connection.execute(wanted).mappings().first()
        return None if row is None else self._draft(row)

    def drop_drafts(self, user_id: str, place: str, form: int | None = None) -> int:
        """Forget the drafts of an address, or one form of it; return how many there were."""
        return self._database.write(delete(DRAFTS).where(*_is_draft(user_id, place, form)))

    def prune_drafts(self, before: datetime) -> int:
        """Forget everybody's drafts saved before; return how many there were."""
        return self._database.write(delete(DRAFTS).where(DRAFTS.c.saved_at < before))

    def _draft(self, row: Any) -> Draft:
        typed = json.loads(self._sealer.open(row["sealed"]))
        fields = tuple((str(name), str(value)) for name, value in typed)
        where = row["user_id"], row["place"], row["form"], row["page"], row["title"]
        return Draft(*where, fields, row["saved_at"])

    # ------------------------------------------------------------------ views

    def put_view(self, view: SavedView, views_max: int) -> bool:
        """Keep a view in place of one of its name; False when there are ``views_max`` of other names."""
        with self._database.writing() as connection:
            connection.execute(delete(SAVED_VIEWS).where(*_is_view(view.user_id, view.page, view.name)))
            mine = SAVED_VIEWS.c.user_id == view.user_id
            kept = connection.execute(select(SAVED_VIEWS.c.name).where(mine, SAVED_VIEWS.c.page == view.page))
            if len(kept.all()) >= views_max:
                return False
            row = {name: getattr(view, name) for name in SAVED_VIEWS.c.keys()}  # noqa: SIM118 (no dict)
            connection.execute(insert(SAVED_VIEWS).values(**row))
        return True

    def views(self, user_id: str, page: str) -> Sequence[SavedView]:
        """Return the views of a page, by name."""
        mine = (SAVED_VIEWS.c.user_id == user_id) & (SAVED_VIEWS.c.page == page)
        with self._database.reading() as connection:
            rows = connection.execute(select(SAVED_VIEWS).where(mine).order_by(SAVED_VIEWS.c.name))
            return [SavedView(**row) for row in rows.mappings()]

    def drop_view(self, user_id: str, page: str, name: str) -> bool:
        """Forget a view; False when there is none."""
        return bool(self._database.write(delete(SAVED_VIEWS).where(*_is_view(user_id, page, name))))

    # ------------------------------------------------------------------ deputies

    def add_deputy(self, deputy: Deputy) -> None:
        """Keep who stands in for whom."""
        row = {name: getattr(deputy, name) for name in DEPUTIES.c.keys()}  # noqa: SIM118 (no dict)
        self._database.write(insert(DEPUTIES).values(**row))

    def deputy(self, deputy_id: str) -> Deputy | None:
        """Return one."""
        with self._database.reading() as connection:
            wanted = select(DEPUTIES).where(DEPUTIES.c.deputy_id == deputy_id)
            row = connection.execute(wanted).mappings().first()
        return None if row is None else Deputy(**row)

    def deputies(self, user_id: str, now: datetime) -> Sequence[Deputy]:
        """Return those that are not over and name a person on either side, by their end."""

        def read(connection: Connection) -> tuple[Deputy, ...]:
            named = or_(DEPUTIES.c.giver_id == user_id, DEPUTIES.c.taker_id == user_id)
            wanted = select(DEPUTIES).where(named, DEPUTIES.c.ended_at.is_(None)).order_by(DEPUTIES.c.until)
            return tuple(Deputy(**row) for row in connection.execute(wanted).mappings())

        return [one for one in self._database.remembered(("deputies", user_id), read) if now < one.until]

    def end_deputy(self, deputy_id: str, at: datetime, by: str) -> bool:
        """End one; False when there is none, or it was ended before."""
        live = (DEPUTIES.c.deputy_id == deputy_id) & DEPUTIES.c.ended_at.is_(None)
        return bool(self._database.write(update(DEPUTIES).where(live).values(ended_at=at, ended_by=by)))


def _is_draft(user_id: str, place: str, form: int | None) -> list[Any]:
    found = [DRAFTS.c.user_id == user_id, DRAFTS.c.place == place]
    return found if form is None else [*found, DRAFTS.c.form == form]


def _is_view(user_id: str, page: str, name: str) -> list[Any]:
    return [SAVED_VIEWS.c.user_id == user_id, SAVED_VIEWS.c.page == page, SAVED_VIEWS.c.name == name]
