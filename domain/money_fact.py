"""MoneyFact: one thing people entered or imported about money; only added, identified by what it is about."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from domain.ledger import sha256_of


@dataclass(frozen=True, slots=True)
class FactMark:
    """That a fact is kept, without what it says: which one, by whom, when."""

    identity: str
    made_by: str
    made_at: datetime


@dataclass(frozen=True, slots=True)
class MoneyFact:
    """A statement line, a bank movement, a deduction, a decision on one of them, …

    Attributes
    ----------
    kind, identity : str
        What it is, and which one: the same identity with the same content is the same fact, with other
        content it is refused.
    content : mapping
        Text, whole numbers and lists of them; decimals as text. Never binary fractions.
    """

    kind: str
    identity: str
    content: Mapping[str, Any]
    made_by: str
    made_at: datetime
    plant_id: str = ""
    village_id: str = ""
    period: str = ""
    file_hash: str = field(default="", compare=False)

    def content_hash(self) -> str:
        """Return the hash of what it says: everything but who brought it, when and in which file."""
        return sha256_of(
            {
                "kind": self.kind,
                "identity": self.identity,
                "plant_id": self.plant_id,
                "village_id": self.village_id,
                "period": self.period,
                "content": dict(self.content),
            }
        )
