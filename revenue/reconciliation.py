"""Five numbers of a plant and month side by side, and every difference between neighbours: why, whose, how old. Pure.

Inverters count what they made, the revenue meter what left, the statement what the grid company counted and
what it owes for it, the bank what came. Each step may differ for reasons of its own, so each difference has a
cause, an owner and an age of its own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from enum import Enum

from revenue.statement import GridStatement
from revenue.tariff import SUBSIDY

OWN_LOSS_MAX = Decimal("0.05")  # transformer, cable and own use between inverters and meter
LOSS_MAX = Decimal("0.02")  # between two meters at one place
DAYS_OFF_MAX = Decimal("0.10")
ROUNDING_FEN = 5
PAYS_WITHIN = timedelta(days=45)  # a payment is not late before this


class Step(Enum):
    """Between which two numbers."""

    INVERTERS = "inverters"  # inverter counters and revenue meter
    METER = "meter"  # revenue meter and statement energy
    PRICE = "price"  # statement energy times price and statement money
    BANK = "bank"  # statement money and bank money
    SUBSIDY = "subsidy"  # subsidy of the statement and subsidy that came


class Cause(Enum):
    """What a difference probably is."""

    NO_STATEMENT = "no_statement"
    NO_TELEMETRY = "no_telemetry"
    LOSS = "loss"
    READING_DAY = "reading_day"
    ROUNDING = "rounding"
    NOT_THE_PRICE = "not_the_price"
    UNPAID = "unpaid"
    PAID_IN_PART = "paid_in_part"
    OVERPAID = "overpaid"
    SUBSIDY_LATE = "subsidy_late"
    UNKNOWN = "unknown"


OWNERS: Mapping[Cause, str] = {
    Cause.NO_STATEMENT: "settlement",
    Cause.NO_TELEMETRY: "om",
    Cause.LOSS: "om",
    Cause.READING_DAY: "settlement",
    Cause.ROUNDING: "settlement",
    Cause.NOT_THE_PRICE: "settlement",
    Cause.UNPAID: "settlement",
    Cause.PAID_IN_PART: "settlement",
    Cause.OVERPAID: "settlement",
    Cause.SUBSIDY_LATE: "settlement",
    Cause.UNKNOWN: "county",
}


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference. ``kwh`` or ``fen`` says how much, None where a number is missing; later minus earlier."""

    step: Step
    cause: Cause
    age_days: int
    kwh: Decimal | None = None
    fen: int | None = None

    @property
    def owner(self) -> str:
        """Who has to clear it."""
        return OWNERS[self.cause]

    @property
    def is_small(self) -> bool:
        """Whether it only has to be told: a rounding of the grid company's."""
        return self.cause is Cause.ROUNDING


@dataclass(frozen=True, slots=True)
class Numbers:
    """The numbers of one plant and month; None is what nobody knows. Energies in kWh, money in fen."""

    inverter_kwh: Decimal | None
    metered_kwh: Decimal | None
    statement_kwh: Decimal | None
    statement_fen: int | None
    computed_fen: int | None
    bank_fen: int
    subsidy_fen: int
    subsidy_bank_fen: int
    has_reading_days: bool


def span(period: str, lines: Sequence[GridStatement]) -> tuple[date, date]:
    """Return the days of energy [first, end): the statement's own reading days, else the calendar month."""
    read = next((line for line in lines if line.read_from and line.read_to), None)
    if read is not None and read.read_from and read.read_to:
        return read.read_from, read.read_to
    year, month = int(period[:4]), int(period[5:7])
    return date(year, month, 1), date(year + month // 12, month % 12 + 1, 1)


def numbers_of(
    lines: Sequence[GridStatement],
    inverter_kwh: Decimal | None,
    metered_kwh: Decimal | None,
    bank_fen: int,
    subsidy_bank_fen: int,
) -> Numbers:
    """Return the numbers of a plant's month out of its statement lines in force and what is known beside them."""
    base = [line for line in lines if line.component != SUBSIDY]
    computed = [line.computed_fen() for line in base]
    return Numbers(
        inverter_kwh,
        metered_kwh,
        next((line.kwh for line in base if line.kwh is not None), None),
        sum(line.fen for line in base) if base else None,
        sum(c for c in computed if c is not None) if computed and None not in computed else None,
        bank_fen,
        sum(line.fen for line in lines if line.component == SUBSIDY),
        subsidy_bank_fen,
        any(line.read_from for line in base),
    )


def differences(numbers: Numbers, ends_on: date, today: date) -> list[Difference]:
    """Return every difference of a plant's month, in the order of the numbers.

    Parameters
    ----------
    numbers : Numbers
    ends_on : date
        First day after its energy; ages count from it.
    today : date
    """
    age = max(0, (today - ends_on).days)
    found = [*_inverters(numbers, age), *_meter(numbers, age), *_price(numbers, age)]
    return [*found, *_bank(numbers, age, ends_on + PAYS_WITHIN, today)]


def ratio(later: Decimal, earlier: Decimal) -> Decimal | None:
    """Return how far a number is from the one before it, None where that one is nothing."""
    if earlier <= 0:
        return None
    return ((later - earlier) / earlier).quantize(Decimal("0.0001"), ROUND_HALF_UP)


def _inverters(numbers: Numbers, age: int) -> list[Difference]:
    made, left = numbers.inverter_kwh, numbers.metered_kwh
    if made is None or left is None:
        return []  # a missing meter is told by the next step
    off = ratio(left, made)
    if off is not None and -OWN_LOSS_MAX <= off <= 0:
        return []
    if not left and not made:
        return []
    cause = Cause.LOSS if off is not None and -2 * OWN_LOSS_MAX <= off < 0 else Cause.UNKNOWN
    return [Difference(Step.INVERTERS, cause, age, kwh=left - made)]


def _meter(numbers: Numbers, age: int) -> list[Difference]:
    ours, theirs = numbers.metered_kwh, numbers.statement_kwh
    if numbers.statement_fen is None:
        return [Difference(Step.METER, Cause.NO_STATEMENT, age, kwh=None if ours is None else -ours)]
    if theirs is None:
        return []
    if ours is None:
        return [Difference(Step.METER, Cause.NO_TELEMETRY, age)]
    off = ratio(theirs, ours)
    if off is not None and abs(off) <= LOSS_MAX:
        return []
    if off is None and theirs == 0:
        return []
    cause = Cause.UNKNOWN
    if off is not None and abs(off) <= DAYS_OFF_MAX:
        cause = Cause.LOSS if numbers.has_reading_days else Cause.READING_DAY
    return [Difference(Step.METER, cause, age, kwh=theirs - ours)]


def _price(numbers: Numbers, age: int) -> list[Difference]:
    fen, computed = numbers.statement_fen, numbers.computed_fen
    if fen is None or computed is None or fen == computed:
        return []
    cause = Cause.ROUNDING if abs(computed - fen) <= ROUNDING_FEN else Cause.NOT_THE_PRICE
    return [Difference(Step.PRICE, cause, age, fen=fen - computed)]


def _bank(numbers: Numbers, age: int, due: date, today: date) -> list[Difference]:
    found = []
    fen, came = numbers.statement_fen, numbers.bank_fen
    if fen is not None and came > fen:
        found.append(Difference(Step.BANK, Cause.OVERPAID, age, fen=came - fen))
    elif fen is not None and came < fen:
        cause = Cause.PAID_IN_PART if came else Cause.UNPAID
        found.append(Difference(Step.BANK, cause, max(0, (today - due).days), fen=came - fen))
    if numbers.subsidy_bank_fen < numbers.subsidy_fen:
        late = numbers.subsidy_bank_fen - numbers.subsidy_fen
        found.append(Difference(Step.SUBSIDY, Cause.SUBSIDY_LATE, age, fen=late))
    return found
