"""View records of money: what a row of a page holds. Fen stay fen; missing stays None."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import Enum

from domain.ledger import Balance, Voucher
from domain.plant import Plant
from revenue.accounts import is_debit_side
from revenue.arrears import Arrears, ArrearsRow
from revenue.receipt import Movement
from revenue.statement import GridStatement, deviation_ratio
from revenue.tariff import BENCHMARK, SUBSIDY

_LOSS_MAX = Decimal("0.02")
_DAYS_OFF_MAX = Decimal("0.10")
_ROUNDING_FEN = 5


@dataclass(slots=True)
class StatementView:
    """One plant's statement of a month."""

    plant_id: str
    plant: str
    number: str
    kwh: Decimal | None
    is_settled: bool
    price: Decimal | None = None
    base_fen: int | None = None
    subsidy_fen: int | None = None
    received_fen: int = 0
    subsidy_received_fen: int = 0
    costs_fen: int | None = None
    net_fen: int | None = None
    photo_identity: str = ""  # of the line that was typed from a photo


@dataclass(frozen=True, slots=True)
class ArrearsView:
    """Arrears of a plant and year with the plant's name."""

    plant: str
    row: ArrearsRow


@dataclass(frozen=True, slots=True)
class ReceiptView:
    """A bank movement: whether it was matched, and what the villages in sight got of it."""

    movement_id: str
    movement: Movement
    entered_by: str
    is_matched: bool
    own_fen: int
    own_parts: int


@dataclass(frozen=True, slots=True)
class IncomeMonth:
    """One month of a village. Net belongs to the month of the energy, cash to the month it came. [fen]"""

    period: str
    net_fen: int | None
    cash_fen: int
    subsidy_cash_fen: int
    distributable_fen: int
    deficit_carried_fen: int


@dataclass(frozen=True, slots=True)
class JournalPage:
    """Vouchers with what belongs beside them: platform numbers, and which key reversed which."""

    vouchers: tuple[Voucher, ...]
    platform_numbers: Mapping[str, str]
    reversed_keys: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class TrialRow:
    """Balance of one account, on its own side. [fen]"""

    account: str
    debit_fen: int
    credit_fen: int


def trial_balance(balances: Sequence[Balance]) -> list[TrialRow]:
    """Return balances by account; a balance against an account's side stays there as a negative amount."""
    sums: dict[str, int] = {}
    for one in balances:
        sums[one.account] = sums.get(one.account, 0) + one.fen
    return [
        TrialRow(account, fen if is_debit_side(account) else 0, 0 if is_debit_side(account) else -fen)
        for account, fen in sorted(sums.items())
    ]


class Cause(Enum):
    """What a difference probably is."""

    NONE = "none"
    NO_STATEMENT = "no_statement"
    NO_TELEMETRY = "no_telemetry"
    LOSS = "loss"  # between inverters, meter and statement
    READING_DAY = "reading_day"
    ROUNDING = "rounding"
    NOT_THE_PRICE = "not_the_price"
    UNPAID = "unpaid"
    UNKNOWN = "unknown"


OWNERS: Mapping[Cause, str] = {
    Cause.NO_STATEMENT: "settlement",
    Cause.NO_TELEMETRY: "om",
    Cause.LOSS: "om",
    Cause.READING_DAY: "settlement",
    Cause.ROUNDING: "settlement",
    Cause.NOT_THE_PRICE: "settlement",
    Cause.UNPAID: "settlement",
    Cause.UNKNOWN: "county",
    Cause.NONE: "",
}


@dataclass(frozen=True, slots=True)
class Difference:
    """The four numbers of a plant and month, and what is between them. Energies in kWh, money in fen."""

    plant_id: str
    plant: str
    period: str
    metered_kwh: Decimal | None
    statement_kwh: Decimal | None
    statement_fen: int | None
    computed_fen: int | None
    bank_fen: int
    subsidy_open_fen: int
    energy_ratio: Decimal | None
    cause: Cause
    owner: str
    age_days: int


def reconcile(
    plant: Plant,
    period: str,
    lines: Sequence[GridStatement],
    arrears: Arrears,
    metered: Callable[[str, date, date], Decimal | None],
    today: date,
) -> Difference:
    """Return the numbers of one plant and month side by side.

    Our energy is computed for the statement's own reading days, else for the calendar month.
    """
    base = [line for line in lines if line.component != SUBSIDY]
    first, last = _span(period, base)
    kwh = next((line.kwh for line in base if line.kwh is not None), None)
    fen = sum(line.fen for line in base) if base else None
    computed = [line.computed_fen() for line in base]
    known = sum(c for c in computed if c is not None) if computed and None not in computed else None
    our_kwh = metered(plant.plant_id, first, last)
    bank = arrears.received.get((plant.plant_id, period, BENCHMARK), 0)
    subsidy = (plant.plant_id, period, SUBSIDY)
    ratio = deviation_ratio(kwh, our_kwh) if kwh is not None and our_kwh is not None else None
    cause = _cause(kwh, our_kwh, ratio, fen, known, bank, has_days=any(line.read_from for line in base))
    return Difference(
        plant.plant_id,
        plant.name,
        period,
        our_kwh,
        kwh,
        fen,
        known,
        bank,
        arrears.accrued.get(subsidy, 0) - arrears.received.get(subsidy, 0),
        ratio,
        cause,
        OWNERS[cause],
        max(0, (today - last).days),
    )


def _span(period: str, lines: Sequence[GridStatement]) -> tuple[date, date]:
    """Return first and last day of energy, the last one included in no day: [first, last)."""
    read = next((line for line in lines if line.read_from and line.read_to), None)
    if read is not None and read.read_from and read.read_to:
        return read.read_from, read.read_to
    year, month = int(period[:4]), int(period[5:7])
    return date(year, month, 1), date(year + month // 12, month % 12 + 1, 1)


def _cause(
    kwh: Decimal | None,
    our_kwh: Decimal | None,
    ratio: Decimal | None,
    fen: int | None,
    computed_fen: int | None,
    bank_fen: int,
    *,
    has_days: bool,
) -> Cause:
    if fen is None:
        return Cause.NO_STATEMENT
    if computed_fen is not None and computed_fen != fen:
        return Cause.ROUNDING if abs(computed_fen - fen) <= _ROUNDING_FEN else Cause.NOT_THE_PRICE
    if kwh is not None and our_kwh is None:
        return Cause.NO_TELEMETRY
    if ratio is not None and abs(ratio) > _LOSS_MAX:
        if abs(ratio) <= _DAYS_OFF_MAX:
            return Cause.LOSS if has_days else Cause.READING_DAY
        return Cause.UNKNOWN
    return Cause.UNPAID if bank_fen < fen else Cause.NONE
