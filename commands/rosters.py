"""Rosters: import with preview, accounts changed by two persons, one look at one person with a reason."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import uuid4

from access.guard import guarded, require
from access.permissions import Permission
from access.principal import Principal
from commands.audit import command
from commands.payout import PayoutCommands
from commands.roster_rules import RosterRow, read_roster
from domain.errors import RecordRejectedError
from domain.records import ImportedFile
from domain.roster import Account, Member, Person, Roster, masked_account, masked_id, masked_name
from revenue.refusal import Refusal, RefusedError, refuse

IMPORT_KIND = "roster"


@dataclass(frozen=True, slots=True)
class RosterPreview:
    """What an import would do; nothing is kept while there are problems."""

    sha256: str
    rows: int
    households: int
    joining: int
    leaving: int
    new_accounts: int
    problems: tuple[Refusal, ...]


@dataclass(frozen=True, slots=True)
class MaskedMember:
    """A member as pages show it."""

    member: Member
    name: str
    id_number: str
    account: str
    bank: str


@dataclass(frozen=True, slots=True)
class WaitingAccount:
    """An account change a second person has to check, masked. ``document`` is the hash of the paper it rests on."""

    account_id: str
    person_id: str
    household_id: str
    name: str
    bank: str
    account: str
    since: date
    made_by: str
    document: str


@guarded
class Rosters(PayoutCommands):
    """What may be done with rosters."""

    @require(Permission.CHANGE_PEOPLE)
    def preview(
        self, principal: Principal, village_id: str, valid_from: date, content: bytes
    ) -> RosterPreview:
        """Return what a file would bring and every problem of every row."""
        self._village(principal, village_id)
        return self._examined(village_id, valid_from, content)[0]

    @command(Permission.CHANGE_PEOPLE, "roster.import")
    def import_file(
        self, principal: Principal, village_id: str, valid_from: date, name: str, content: bytes
    ) -> Roster:
        """Keep a roster version from a file, or nothing.

        Raises
        ------
        RefusedError
            Every problem of every row.
        """
        self._village(principal, village_id)
        with self._records.transaction():
            preview, rows, payees = self._examined(village_id, valid_from, content)
            if preview.problems:
                raise RefusedError(preview.problems)
            roster = Roster(
                f"{village_id}-{valid_from:%Y%m%d}",
                village_id,
                valid_from,
                self._members(principal, rows, payees, valid_from, preview.sha256),
                preview.sha256,
                principal.user_id,
            )
            imported = ImportedFile(
                preview.sha256, IMPORT_KIND, name[:120], principal.user_id, self._clock.now(), len(rows)
            )
            detail = {"village": village_id, "rows": str(len(rows)), "sha256": preview.sha256[:12]}
            with self._carry_out(principal, "roster.import", roster.roster_id, detail):
                self._records.add_import(imported)
                self._stores.rosters.add_roster(roster, self._clock.now())
        return roster

    def _examined(
        self, village_id: str, valid_from: date, content: bytes
    ) -> tuple[RosterPreview, list[RosterRow], dict[str, str]]:
        rows, problems = read_roster(content)
        rosters = self._stores.rosters
        known = rosters.identified({n for row in rows for n in (row.id_number, row.payee_id_number) if n})
        here = {row.id_number for row in rows}
        for row in rows:
            payee = row.payee_id_number
            if payee and payee not in here and payee not in known:
                problems.append(Refusal("roster_payee", {}, row.row))
        if any(one.valid_from == valid_from for one in rosters.rosters(village_id)):
            problems.append(Refusal("roster_same_day", {"day": valid_from}))
        before = rosters.roster_on(village_id, valid_from)
        old = {one.person_id for one in before.active} if before else set()
        new = {known.get(row.id_number, row.id_number) for row in rows if row.is_active}
        accounts = rosters.accounts(known.values())
        changed = sum(
            bool(row.account) and _number(accounts.get(known.get(row.id_number, ""))) != row.account
            for row in rows
        )
        preview = RosterPreview(
            hashlib.sha256(content).hexdigest(),
            len(rows),
            len({row.household_id for row in rows}),
            len(new - old),
            len(old - new),
            changed,
            tuple(sorted(problems, key=lambda one: one.row)),
        )
        return preview, rows, known

    def _members(
        self,
        principal: Principal,
        rows: Sequence[RosterRow],
        known: Mapping[str, str],
        day: date,
        document: str,
    ) -> tuple[Member, ...]:
        """Keep people and accounts; return the members.

        A known person's changed account waits for a second person, like one of `change_account`; the roster file
        is the document it rests on.
        """
        rosters = self._stores.rosters
        ids = {row.id_number: known.get(row.id_number) or uuid4().hex for row in rows} | dict(known)
        rosters.add_people(
            [
                Person(ids[row.id_number], row.name, row.id_number)
                for row in rows
                if row.id_number not in known
            ]
        )
        there = rosters.people([ids[row.id_number] for row in rows if row.id_number in known])
        for row in rows:
            person = there.get(ids[row.id_number])
            if person is not None and person.name != row.name:
                rosters.rename(person.person_id, row.name)
        accounts = rosters.accounts(ids.values())
        for row in rows:
            person_id = ids[row.id_number]
            if not row.account or _number(accounts.get(person_id)) == row.account:
                continue
            checked = (
                "" if person_id in accounts else "roster"
            )  # the first one is confirmed before it is paid
            account = Account(
                uuid4().hex, person_id, row.bank, row.account, day, document, principal.user_id, checked
            )
            rosters.add_account(account, self._clock.now())
        return tuple(
            Member(
                ids[row.id_number],
                row.household_id,
                row.group,
                row.points,
                row.power_w,
                ids[row.payee_id_number] if row.payee_id_number else "",
                row.state,
            )
            for row in rows
        )

    @require(Permission.VIEW_PEOPLE)
    def members(self, principal: Principal, village_id: str, day: date) -> list[MaskedMember]:
        """Return the roster of a day, masked; every look is audited."""
        self._village(principal, village_id)
        roster = self._stores.rosters.roster_on(village_id, day)
        members = roster.members if roster else ()
        ids = [one.person_id for one in members]
        people, accounts = self._stores.rosters.people(ids), self._stores.rosters.accounts(ids)
        self._note(principal, "people.look", village_id, "done", {"count": str(len(ids)), "masked": "yes"})
        return [
            MaskedMember(
                one,
                masked_name(people[one.person_id].name),
                masked_id(people[one.person_id].id_number),
                masked_account(_number(accounts.get(one.person_id))) if one.person_id in accounts else "",
                accounts[one.person_id].bank if one.person_id in accounts else "",
            )
            for one in members
        ]

    @command(Permission.VIEW_PEOPLE, "people.unmask", fresh=True)
    def unmask(self, principal: Principal, village_id: str, person_id: str, reason: str) -> Person:
        """Return one person in the open: one at a time, for a reason that is kept."""
        self._village(principal, village_id)
        listed = any(roster.member(person_id) for roster in self._stores.rosters.rosters(village_id))
        person = self._stores.rosters.people([person_id]).get(person_id) if listed else None
        if person is None:
            raise refuse("account_none")
        if not reason.strip():
            raise refuse("look_reason")
        with self._carry_out(principal, "people.unmask", person_id, {"reason": reason.strip()[:80]}):
            return person

    @command(Permission.CHANGE_PEOPLE, "account.change")
    def change_account(
        self, principal: Principal, village_id: str, person_id: str, bank: str, number: str, document: bytes
    ) -> str:
        """Note a new account of a person with its document; it is paid to only after a second person looked."""
        self._village(principal, village_id)
        if person_id not in self._stores.rosters.people([person_id]):
            raise refuse("account_none")
        if not document:
            raise refuse("account_document")
        plain = "".join(number.split())
        if not (plain.isascii() and plain.isdigit() and 12 <= len(plain) <= 24):
            raise refuse("roster_account", text=masked_account(plain))
        code = hashlib.sha256(document).hexdigest()
        account = Account(uuid4().hex, person_id, bank.strip(), plain, self._today, code, principal.user_id)
        with self._carry_out(principal, "account.change", person_id, {"document": code[:12]}):
            self._records.add_photo(code, "application/octet-stream", document)
            self._stores.rosters.add_account(account, self._clock.now())
        return account.account_id

    @require(Permission.VIEW_PEOPLE)
    def waiting_accounts(self, principal: Principal, village_id: str) -> list[WaitingAccount]:
        """Return the account changes of a village that no second person has checked, oldest first; audited."""
        self._village(principal, village_id)
        homes = {
            one.person_id: one.household_id
            for roster in self._stores.rosters.rosters(village_id)
            for one in roster.members
        }
        found = self._stores.rosters.waiting_accounts(list(homes))
        people = self._stores.rosters.people({one.person_id for one in found})
        detail = {"count": str(len(found)), "masked": "yes"}
        self._note(principal, "people.look", village_id, "done", detail)
        return [
            WaitingAccount(
                one.account_id,
                one.person_id,
                homes[one.person_id],
                masked_name(people[one.person_id].name),
                one.bank,
                masked_account(one.number),
                one.valid_from,
                one.made_by,
                one.document,
            )
            for one in found
        ]

    @command(Permission.CHECK_MONEY, "account.check", fresh=True)
    def check_account(self, principal: Principal, village_id: str, account_id: str) -> None:
        """Check an account change; who made it cannot."""
        self._village(principal, village_id)
        account = self._stores.rosters.accounts_by_id([account_id]).get(account_id)
        if account is None:
            raise refuse("account_none")
        if account.made_by == principal.user_id:
            raise refuse("account_same_person")
        try:
            with self._carry_out(principal, "account.check", account.person_id):
                self._stores.rosters.check_account(account_id, principal.user_id)
        except RecordRejectedError as error:
            raise refuse("account_none") from error


def _number(account: Account | None) -> str:
    return account.number if account is not None else ""
