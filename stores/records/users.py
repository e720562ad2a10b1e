"""Accounts and sessions in the records store."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from domain.account import Role, Scope, Session, User
from domain.errors import RecordRejectedError
from stores.records.database import Database
from stores.records.schema import SESSIONS, USERS


class Users:
    """Implements stores.protocol.UserStore."""

    _database: Database

    def add_user(self, user: User) -> None:
        """Keep a new account; RecordRejectedError when the id is taken."""
        try:
            self._database.write(insert(USERS).values(**_user_row(user)))
        except RecordRejectedError as error:
            raise RecordRejectedError(f"there is an account {user.user_id!r} already") from error

    def user(self, user_id: str) -> User | None:
        """Return an account."""

        def read(connection: Connection) -> User | None:
            row = connection.execute(select(USERS).where(USERS.c.user_id == user_id)).mappings().first()
            return _user(row) if row is not None else None

        return self._database.remembered(("user", user_id), read)

    def users(self) -> list[User]:
        """Return every account, by id."""
        with self._database.reading() as connection:
            rows = connection.execute(select(USERS).order_by(USERS.c.user_id)).mappings().all()
        return [_user(row) for row in rows]

    def replace_user(self, user: User) -> None:
        """Change an account; RecordRejectedError when there is none."""
        changed = self._database.write(
            update(USERS).where(USERS.c.user_id == user.user_id).values(**_user_row(user))
        )
        if not changed:
            raise RecordRejectedError(f"there is no account {user.user_id!r}")


class Sessions:
    """Implements stores.protocol.SessionStore."""

    _database: Database

    def open_session(self, session: Session, keep_newest: int) -> None:
        """Keep a new session and end the oldest ones of the same user beyond ``keep_newest``."""
        mine = SESSIONS.c.user_id == session.user_id
        with self._database.writing() as connection:
            connection.execute(
                insert(SESSIONS).values(
                    token_hash=session.token_hash,
                    user_id=session.user_id,
                    created_at=session.created_at,
                    seen_at=session.seen_at,
                    csrf_secret=session.csrf_secret,
                    stage=session.stage,
                    factor_at=session.factor_at,
                )
            )
            newest_first = (
                SESSIONS.c.created_at.desc(),
                (SESSIONS.c.token_hash == session.token_hash).desc(),
            )
            hashes = connection.execute(select(SESSIONS.c.token_hash).where(mine).order_by(*newest_first))
            surplus = hashes.scalars().all()[keep_newest:]
            connection.execute(delete(SESSIONS).where(SESSIONS.c.token_hash.in_(surplus)))

    def session(self, token_hash: str) -> Session | None:
        """Return a session."""

        def read(connection: Connection) -> Session | None:
            found = connection.execute(select(SESSIONS).where(SESSIONS.c.token_hash == token_hash))
            row = found.mappings().first()
            return Session(**row) if row is not None else None

        return self._database.remembered(("session", token_hash), read)

    def touch_session(self, token_hash: str, seen_at: datetime) -> None:
        """Note that it was used."""
        self._database.write(
            update(SESSIONS).where(SESSIONS.c.token_hash == token_hash).values(seen_at=seen_at)
        )

    def note_factor(self, token_hash: str, at: datetime) -> None:
        """Note that the second factor was given again."""
        self._database.write(update(SESSIONS).where(SESSIONS.c.token_hash == token_hash).values(factor_at=at))

    def end_session(self, token_hash: str) -> None:
        """End one session."""
        self._database.write(delete(SESSIONS).where(SESSIONS.c.token_hash == token_hash))

    def end_sessions_of(self, user_id: str) -> int:
        """End every session of a user; return how many."""
        return self._database.write(delete(SESSIONS).where(SESSIONS.c.user_id == user_id))


def _user_row(user: User) -> dict[str, Any]:
    return {
        "user_id": user.user_id,
        "display_name": user.display_name,
        "roles": sorted(role.value for role in user.roles),
        "scope": {
            "everything": user.scope.everything,
            "town_ids": sorted(user.scope.town_ids),
            "village_ids": sorted(user.scope.village_ids),
            "plant_ids": sorted(user.scope.plant_ids),
        },
        "password_hash": user.password_hash,
        "language": user.language,
        "disabled": user.disabled,
        "must_change_password": user.must_change_password,
        "created_at": user.created_at,
    }


def _user(row: Any) -> User:
    scope = row["scope"]
    return User(
        row["user_id"],
        row["display_name"],
        frozenset(Role(value) for value in row["roles"]),
        Scope(
            scope["everything"],
            frozenset(scope["town_ids"]),
            frozenset(scope["village_ids"]),
            frozenset(scope["plant_ids"]),
        ),
        row["password_hash"],
        row["language"],
        row["disabled"],
        row["must_change_password"],
        row["created_at"],
    )
