"""What a roster store promises: people apart from money, their names and numbers sealed, matched by identity number only."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import date, datetime
from typing import Protocol

from domain.roster import Account, Person, Roster


class RosterStore(Protocol):
    """People, payee accounts and rosters. Thread safe; rosters and accounts are only added."""

    def transaction(self) -> AbstractContextManager[None]:
        """Open one transaction: everything this thread keeps inside is kept together, or not at all."""
        ...

    def identified(self, id_numbers: Collection[str]) -> dict[str, str]:
        """Return which identity numbers are known, each with its person's id."""
        ...

    def add_people(self, people: Sequence[Person]) -> None:
        """Keep new people; RecordRejectedError when an identity number is known already."""
        ...

    def rename(self, person_id: str, name: str) -> None:
        """Correct the name of a person (the identity number never changes)."""
        ...

    def people(self, person_ids: Collection[str]) -> dict[str, Person]:
        """Return people by id, opened; who asks has been permitted and audited."""
        ...

    def add_roster(self, roster: Roster, at: datetime) -> None:
        """Keep a roster version; RecordRejectedError when the village has one of that day."""
        ...

    def roster(self, roster_id: str) -> Roster | None:
        """Return a version."""
        ...

    def rosters(self, village_id: str) -> list[Roster]:
        """Return every version of a village, oldest first."""
        ...

    def roster_on(self, village_id: str, day: date) -> Roster | None:
        """Return the version in force on a day, None before the first."""
        ...

    def add_account(self, account: Account, at: datetime) -> None:
        """Keep an account of a person; the newest checked one is paid to."""
        ...

    def accounts(self, person_ids: Collection[str]) -> dict[str, Account]:
        """Return the newest checked account of each person who has one."""
        ...

    def account_ids(self, person_ids: Collection[str]) -> dict[str, str]:
        """Return the id of that account of each person who has one; nothing is opened."""
        ...

    def accounts_by_id(self, account_ids: Collection[str]) -> Mapping[str, Account]:
        """Return accounts by their id, older ones too: a payment names the one it went to."""
        ...

    def waiting_accounts(self, person_ids: Collection[str]) -> list[Account]:
        """Return account changes that no second person has checked, oldest first."""
        ...

    def check_account(self, account_id: str, checked_by: str) -> None:
        """Note who checked an account change."""
        ...
