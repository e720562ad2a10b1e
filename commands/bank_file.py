"""What is shown of payees before money goes out, and what the bank gets: one door for plans and funds."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from domain.roster import masked_account, masked_name
from revenue.payment import Batch, PaymentLine
from stores.roster_protocol import RosterStore


@dataclass(frozen=True, slots=True)
class PayeeToConfirm:
    """A payee and an account, masked, as the checker sees them."""

    payee_id: str
    account_id: str
    name: str
    bank: str
    account: str


@dataclass(frozen=True, slots=True)
class BankRow:
    """A line of the bank file with everything the bank needs. Not to be shown on a page."""

    number: int
    name: str
    id_number: str
    bank: str
    account: str
    fen: int
    note: str


@dataclass(frozen=True, slots=True)
class BankFile:
    """A batch with its rows, ready to be written."""

    batch: Batch
    village_id: str
    rows: tuple[BankRow, ...]


def masked_payees(rosters: RosterStore, chosen: Iterable[tuple[str, str]]) -> list[PayeeToConfirm]:
    """Return payees with their accounts (ids of both), masked. The caller audits the look."""
    pairs = list(chosen)
    people = rosters.people({payee for payee, _ in pairs})
    known = rosters.accounts_by_id({account for _, account in pairs})
    return [
        PayeeToConfirm(
            payee,
            account,
            masked_name(people[payee].name),
            known[account].bank,
            masked_account(known[account].number),
        )
        for payee, account in pairs
    ]


def bank_rows(rosters: RosterStore, lines: Sequence[PaymentLine]) -> tuple[BankRow, ...]:
    """Return the lines of a batch with names and accounts in full. The caller audits the export."""
    people = rosters.people({line.payee_id for line in lines})
    known = rosters.accounts_by_id({line.account_id for line in lines})
    return tuple(
        BankRow(
            line.number,
            people[line.payee_id].name,
            people[line.payee_id].id_number,
            known[line.account_id].bank,
            known[line.account_id].number,
            line.fen,
            line.entitlement_id,
        )
        for line in lines
    )
