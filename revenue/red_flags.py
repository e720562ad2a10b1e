"""Red flags from auditors' findings about money in: listed, never blocking; each is closed by a person with a reason.

Those about payees are in `revenue.payee_flags`. Pure.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import Enum

from domain.ledger import Lot, Voucher

WAITS_MAX = timedelta(days=180)
QUICK_MAX = timedelta(minutes=5)
PAIR_MIN = 12
CLOSED = "flag_closed"


class FlagKind(Enum):
    """What was noticed."""

    MONEY_WAITS = "money_waits"  # cash that nobody planned for
    ENERGY_WITHOUT_STATEMENT = "energy_without_statement"
    STATEMENT_WITHOUT_TELEMETRY = "statement_without_telemetry"
    SAME_PAIR = "same_pair"  # always the same maker and checker
    QUICK_STEPS = "quick_steps"  # entered and checked within minutes
    SAME_PHOTO = "same_photo"
    SHARED_CARD = "shared_card"  # several persons, one account
    SEVERAL_VILLAGES = "several_villages"
    SEVERAL_POSTS = "several_posts"
    ON_THE_LIST = "on_the_list"  # officials and their relatives
    PAID_AFTER_LEAVING = "paid_after_leaving"


@dataclass(frozen=True, slots=True)
class Flag:
    """One thing noticed. ``identity`` stays the same while it stands, so that it is closed once."""

    kind: FlagKind
    subject: str
    detail: str = ""

    @property
    def identity(self) -> str:
        """Which one."""
        return f"{self.kind.value}|{self.subject}"


def money_waits(lots: Iterable[Lot], today: date, waits_max: timedelta = WAITS_MAX) -> list[Flag]:
    """Return receipts of which money lies on the account for longer than ``waits_max``."""
    return [
        Flag(FlagKind.MONEY_WAITS, f"{lot.village_id} {lot.lot_id}", f"{lot.left_fen}")
        for lot in lots
        if lot.left_fen > 0 and today - lot.received_on > waits_max
    ]


def same_pairs(vouchers: Iterable[Voucher], pair_min: int = PAIR_MIN) -> list[Flag]:
    """Return villages whose checked vouchers all come from one and the same pair of persons."""
    pairs: dict[str, Counter[tuple[str, str]]] = {}
    for voucher in vouchers:
        entry = voucher.entry
        if entry.checked_by:
            pairs.setdefault(entry.village_id, Counter())[entry.made_by, entry.checked_by] += 1
    return [
        Flag(FlagKind.SAME_PAIR, f"{village} {maker} {checker}", str(counts[maker, checker]))
        for village, counts in sorted(pairs.items())
        for maker, checker in counts
        if len(counts) == 1 and counts[maker, checker] >= pair_min
    ]


def quick_steps(
    entered_at: Mapping[str, datetime], checked_at: Mapping[str, datetime], quick_max: timedelta = QUICK_MAX
) -> list[Flag]:
    """Return what was checked within minutes of being entered: somebody hardly looked."""
    return [
        Flag(FlagKind.QUICK_STEPS, key, str(int((at - entered_at[key]).total_seconds())))
        for key, at in sorted(checked_at.items())
        if key in entered_at and timedelta(0) <= at - entered_at[key] < quick_max
    ]


def without_statement(metered_plants: Iterable[str], stated_plants: Iterable[str], period: str) -> list[Flag]:
    """Return plants that fed in, by our meter, in a month nobody brought a statement for; and the other way round."""
    metered, stated = set(metered_plants), set(stated_plants)
    return [
        *(Flag(FlagKind.ENERGY_WITHOUT_STATEMENT, f"{plant} {period}") for plant in sorted(metered - stated)),
        *(
            Flag(FlagKind.STATEMENT_WITHOUT_TELEMETRY, f"{plant} {period}")
            for plant in sorted(stated - metered)
        ),
    ]


def same_photos(photos: Iterable[tuple[str, str]]) -> list[Flag]:
    """Return pictures used for more than one thing; given (thing, SHA-256 of its picture)."""
    users: dict[str, list[str]] = {}
    for thing, photo in photos:
        if photo:
            users.setdefault(photo, []).append(thing)
    return [
        Flag(FlagKind.SAME_PHOTO, photo[:12], ", ".join(sorted(things)))
        for photo, things in sorted(users.items())
        if len(things) > 1
    ]
