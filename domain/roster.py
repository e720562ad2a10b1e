"""Who may be paid in a village: persons, households, payee accounts. Names stay in the roster store, ids travel."""

from dataclasses import dataclass, field
from datetime import date
from enum import Enum


@dataclass(frozen=True, slots=True)
class Person:
    """A person. ``id_number`` and ``name`` are personal data: kept sealed, shown masked, every look audited."""

    person_id: str  # of ours, made from nothing: it says nothing about who it is
    name: str = field(repr=False)
    id_number: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Account:
    """Where a person's money goes. ``number`` is sensitive; ``document`` is the paper an account change rests on."""

    account_id: str
    person_id: str
    bank: str
    number: str = field(repr=False)
    valid_from: date
    document: str = ""
    made_by: str = ""
    checked_by: str = ""


class MemberState(Enum):
    """Why somebody stands on a roster or left it."""

    ACTIVE = "active"
    LEFT = "left"
    DIED = "died"


@dataclass(frozen=True, slots=True)
class Member:
    """A place on a village's roster. Weights are whole numbers.

    ``payee_id`` is whose account is paid: the person, the householder, an heir, or somebody of another village.
    """

    person_id: str
    household_id: str
    group: str = ""  # 村民小组
    points: int = 0
    power_w: int = 0
    payee_id: str = ""
    state: MemberState = MemberState.ACTIVE


@dataclass(frozen=True, slots=True)
class Roster:
    """The roster of a village from a day on; a change is a newer version."""

    roster_id: str
    village_id: str
    valid_from: date
    members: tuple[Member, ...]
    source_sha256: str = ""
    made_by: str = ""

    def member(self, person_id: str) -> Member | None:
        """Return a person's place, None without one."""
        return next((one for one in self.members if one.person_id == person_id), None)

    @property
    def active(self) -> tuple[Member, ...]:
        """Members who may get something new."""
        return tuple(one for one in self.members if one.state is MemberState.ACTIVE)


def masked_name(name: str) -> str:
    """Return a name that tells little: the first character, the last one from three on, stars between."""
    plain = "".join(name.split())
    if len(plain) <= 1:
        return "*" if plain else ""
    last = plain[-1] if len(plain) >= 3 else ""
    return plain[0] + "*" * (len(plain) - 1 - len(last)) + last


def masked_id(number: str) -> str:
    """Return an identity number's first three and last four characters."""
    return f"{number[:3]}{'*' * 11}{number[-4:]}" if len(number) >= 8 else "*" * len(number)


def masked_account(number: str) -> str:
    """Return an account's last four digits."""
    return f"****{number[-4:]}" if len(number) >= 8 else "****"
