"""Users of the program, their sessions, and the audit of what they did."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum


class Role(Enum):
    """What a person is here for (security: nobody holds both maker and checker of one act)."""

    OM = "om"  # 运维
    ACCOUNTANT = "accountant"  # 村会计, scope: villages
    COUNTY = "county"  # 区级管理, masked people
    AUDITOR = "auditor"  # reads all, changes nothing
    ADMIN = "admin"  # accounts and settings, no money
    KEEPER = "keeper"  # 电站管护员: types meter readings of own plants
    FIELD = "field"  # 外勤: own orders on a phone
    SETTLEMENT = "settlement"  # 结转机构: grid statements and receipts by plant
    TOWNSHIP = "township"  # 镇街: checks the villages' money, reports its industries
    MACHINE = "machine"  # 机器账号: reads through the data interface by token, never logs in

    @property
    def logs_in(self) -> bool:
        """Whether people with this role log in to the pages."""
        return self is not Role.MACHINE


@dataclass(frozen=True, slots=True)
class Scope:
    """What part of the district an account may see. Empty sets with ``everything`` False see nothing."""

    everything: bool = False
    town_ids: frozenset[str] = frozenset()
    village_ids: frozenset[str] = frozenset()
    plant_ids: frozenset[str] = frozenset()

    def joined(self, other: "Scope") -> "Scope":
        """Return what either of two may see."""
        return Scope(
            self.everything or other.everything,
            self.town_ids | other.town_ids,
            self.village_ids | other.village_ids,
            self.plant_ids | other.plant_ids,
        )


@dataclass(frozen=True, slots=True)
class User:
    """An account. ``password_hash`` is argon2id; never leaves the records store and the login."""

    user_id: str
    display_name: str
    roles: frozenset[Role]
    scope: Scope
    password_hash: str = field(repr=False)
    language: str = "zh"
    disabled: bool = False
    must_change_password: bool = False
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """A login of one browser. ``token_hash`` is SHA-256 of the cookie's random token.

    ``stage`` says what is still to do before it opens anything: ``code`` (the second factor), ``setup`` (make
    one), or nothing. ``factor_at`` is when the second factor was last given; money asks for it again.
    """

    token_hash: str = field(repr=False)
    user_id: str
    created_at: datetime
    seen_at: datetime
    csrf_secret: str = field(repr=False, default="")
    stage: str = ""
    factor_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Who did what, when, from where. Only added, never changed; holds no personal data and no secret."""

    at: datetime
    user_id: str
    action: str
    subject: str
    outcome: str  # "done", "refused", "failed"
    address: str = ""
    detail: Mapping[str, str] = field(default_factory=dict)
    field_time: datetime | None = None
