"""What keeps the codes of household slips promises: a code is known by its keyed hash only, and ends when it must."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Protocol


class CodeKind(Enum):
    """How a code reaches us."""

    QR = "qr"  # random bits in the QR code of the slip: opens by itself
    NUMBER = "number"  # ten digits on the slip: opens together with the tail of the account


@dataclass(frozen=True, slots=True)
class HouseholdCode:
    """A code as it is issued; ``code`` itself is never kept."""

    kind: CodeKind
    code: str = field(repr=False)
    village_id: str
    household_id: str
    plan_id: str


@dataclass(frozen=True, slots=True)
class KnownCode:
    """What a code opens."""

    village_id: str
    household_id: str
    plan_id: str
    issued_at: datetime


class HouseholdCodeStore(Protocol):
    """Codes of slips. Thread safe."""

    def issue_codes(self, codes: Sequence[HouseholdCode], by: str, at: datetime) -> None:
        """Keep codes; those of the same households for other plans end."""
        ...

    def code(self, kind: CodeKind, code: str) -> KnownCode | None:
        """Return what a code opens; None for an unknown one and for one that ended."""
        ...

    def end_codes(self, village_id: str, household_id: str, at: datetime) -> int:
        """End every code of a household; return how many there were."""
        ...
