"""People, payee accounts and rosters in the records database, sealed."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import func, insert, select, update

from domain.errors import RecordRejectedError
from domain.roster import Account, Member, MemberState, Person, Roster
from stores.records.database import Database
from stores.records.roster_schema import ACCOUNTS, PEOPLE, ROSTERS
from stores.records.sealing import Sealer

_CHUNK = 500


class SqlRosterStore:
    """Implements stores.roster_protocol.RosterStore on the database of a records store."""

    def __init__(self, database: Database, sealer: Sealer) -> None:
        self._database = database
        self._sealer = sealer

    def transaction(self) -> AbstractContextManager[Any]:
        """Open one transaction, the same as the records'."""
        return self._database.writing()

    # ------------------------------------------------------------------ people

    def identified(self, id_numbers: Collection[str]) -> dict[str, str]:
        """Return which identity numbers are known, each with its person's id."""
        codes = {self._sealer.match(number): number for number in id_numbers}
        found: dict[str, str] = {}
        with self._database.reading() as connection:
            for part in _chunks(codes):
                wanted = select(PEOPLE.c.id_match, PEOPLE.c.person_id).where(PEOPLE.c.id_match.in_(part))
                found |= {codes[row[0]]: row[1] for row in connection.execute(wanted)}
        return found

    def add_people(self, people: Sequence[Person]) -> None:
        """Keep new people; RecordRejectedError when an identity number is known already."""
        rows = [sealed_person(self._sealer, one.person_id, one.name, one.id_number) for one in people]
        if rows:
            try:
                self._database.write(insert(PEOPLE), rows)
            except RecordRejectedError as error:
                raise RecordRejectedError("a person with this identity number is known already") from error

    def rename(self, person_id: str, name: str) -> None:
        """Correct the name of a person (the identity number never changes)."""
        known = self.people([person_id]).get(person_id)
        if known is None:
            raise RecordRejectedError(f"there is no person {person_id}")
        sealed = sealed_person(self._sealer, person_id, name, known.id_number)["sealed"]
        self._database.write(update(PEOPLE).where(PEOPLE.c.person_id == person_id).values(sealed=sealed))

    def people(self, person_ids: Collection[str]) -> dict[str, Person]:
        """Return people by id, opened; who asks has been permitted and audited."""
        found: dict[str, Person] = {}
        with self._database.reading() as connection:
            for part in _chunks(person_ids):
                rows = connection.execute(select(PEOPLE).where(PEOPLE.c.person_id.in_(part))).mappings()
                for row in rows:
                    name, number = json.loads(self._sealer.open(row["sealed"]))
                    found[row["person_id"]] = Person(row["person_id"], name, number)
        return found

    # ------------------------------------------------------------------ rosters

    def add_roster(self, roster: Roster, at: datetime) -> None:
        """Keep a roster version; RecordRejectedError when the village has one of that day."""
        row = {
            "roster_id": roster.roster_id,
            "village_id": roster.village_id,
            "valid_from": roster.valid_from.isoformat(),
            "members": [_member_row(one) for one in roster.members],
            "source_sha256": roster.source_sha256,
            "made_by": roster.made_by,
            "made_at": at,
        }
        try:
            self._database.write(insert(ROSTERS).values(**row))
        except RecordRejectedError as error:
            raise RecordRejectedError(
                f"village {roster.village_id} has a roster of {roster.valid_from} already"
            ) from error

    def roster(self, roster_id: str) -> Roster | None:
        """Return a version."""
        with self._database.reading() as connection:
            wanted = select(ROSTERS).where(ROSTERS.c.roster_id == roster_id)
            row = connection.execute(wanted).mappings().first()
        return None if row is None else _roster(row)

    def rosters(self, village_id: str) -> list[Roster]:
        """Return every version of a village, oldest first."""
        wanted = select(ROSTERS).where(ROSTERS.c.village_id == village_id).order_by(ROSTERS.c.valid_from)
        with self._database.reading() as connection:
            return [_roster(row) for row in connection.execute(wanted).mappings()]

    def roster_on(self, village_id: str, day: date) -> Roster | None:
        """Return the version in force on a day, None before the first."""
        return next((one for one in reversed(self.rosters(village_id)) if one.valid_from <= day), None)

    # ------------------------------------------------------------------ accounts

    def add_account(self, account: Account, at: datetime) -> None:
        """Keep an account of a person; the newest checked one is paid to.

        Newest is the one entered last: a clock that stands or steps back does not bring an old card back.
        """
        before = select(func.max(ACCOUNTS.c.made_at)).where(ACCOUNTS.c.person_id == account.person_id)
        with self._database.reading() as connection:
            last = connection.execute(before).scalar()
        if last is not None:
            at = max(at, last + timedelta(microseconds=1))
        self._database.write(
            insert(ACCOUNTS).values(
                account_id=account.account_id,
                person_id=account.person_id,
                bank=account.bank,
                sealed=self._sealer.seal(account.number),
                valid_from=account.valid_from.isoformat(),
                document=account.document,
                made_by=account.made_by,
                checked_by=account.checked_by,
                made_at=at,
            )
        )

    def accounts(self, person_ids: Collection[str]) -> dict[str, Account]:
        """Return the newest checked account of each person who has one."""
        found = self._accounts(ACCOUNTS.c.person_id, person_ids)
        return {one.person_id: one for one in found if one.checked_by}  # oldest first: the newest stays

    def account_ids(self, person_ids: Collection[str]) -> dict[str, str]:
        """Return the id of that account of each person who has one; nothing is opened."""
        found: dict[str, str] = {}
        columns = (ACCOUNTS.c.person_id, ACCOUNTS.c.account_id)
        with self._database.reading() as connection:
            for part in _chunks(person_ids):
                wanted = select(*columns).where(ACCOUNTS.c.person_id.in_(part), ACCOUNTS.c.checked_by != "")
                rows = connection.execute(wanted.order_by(ACCOUNTS.c.made_at, ACCOUNTS.c.account_id))
                found |= {row[0]: row[1] for row in rows}  # oldest first: the newest stays
        return found

    def accounts_by_id(self, account_ids: Collection[str]) -> Mapping[str, Account]:
        """Return accounts by their id, older ones too."""
        return {one.account_id: one for one in self._accounts(ACCOUNTS.c.account_id, account_ids)}

    def waiting_accounts(self, person_ids: Collection[str]) -> list[Account]:
        """Return account changes that no second person has checked, oldest first."""
        return [one for one in self._accounts(ACCOUNTS.c.person_id, person_ids) if not one.checked_by]

    def check_account(self, account_id: str, checked_by: str) -> None:
        """Note who checked an account change; RecordRejectedError when nothing waits."""
        waiting = (ACCOUNTS.c.account_id == account_id) & (ACCOUNTS.c.checked_by == "")
        if not self._database.write(update(ACCOUNTS).where(waiting).values(checked_by=checked_by)):
            raise RecordRejectedError(f"account {account_id}: nothing waits to be checked")

    def _accounts(self, column: Any, values: Collection[str]) -> list[Account]:
        found: list[Account] = []
        with self._database.reading() as connection:
            for part in _chunks(values):
                wanted = select(ACCOUNTS).where(column.in_(part))
                rows = connection.execute(wanted.order_by(ACCOUNTS.c.made_at, ACCOUNTS.c.account_id))
                found.extend(self._account(row) for row in rows.mappings())
        return found

    def _account(self, row: Mapping[Any, Any]) -> Account:
        return Account(
            row["account_id"],
            row["person_id"],
            row["bank"],
            self._sealer.open(row["sealed"]),
            date.fromisoformat(row["valid_from"]),
            row["document"],
            row["made_by"],
            row["checked_by"],
        )


def sealed_person(sealer: Sealer, person_id: str, name: str, id_number: str) -> dict[str, Any]:
    """Return a person as a row of the table, sealed."""
    sealed = sealer.seal(json.dumps([name, id_number], ensure_ascii=False))
    return {"person_id": person_id, "id_match": sealer.match(id_number), "sealed": sealed}


def _member_row(one: Member) -> list[Any]:
    return [
        one.person_id,
        one.household_id,
        one.group,
        one.points,
        one.power_w,
        one.payee_id,
        one.state.value,
    ]


def _member(fields: Sequence[Any]) -> Member:
    person, household, group, points, power_w, payee, state = fields
    return Member(person, household, group, points, power_w, payee, MemberState(state))


def _roster(row: Mapping[Any, Any]) -> Roster:
    members = tuple(_member(fields) for fields in row["members"])
    valid_from = date.fromisoformat(row["valid_from"])
    return Roster(
        row["roster_id"], row["village_id"], valid_from, members, row["source_sha256"], row["made_by"]
    )


def _chunks(values: Collection[str]) -> Iterator[list[str]]:
    ordered = sorted(values)
    for start in range(0, len(ordered), _CHUNK):
        yield ordered[start : start + _CHUNK]
