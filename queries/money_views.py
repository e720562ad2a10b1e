"""View records of money: what a row of a page holds. Fen stay fen; missing stays None."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from domain.ledger import Balance, Voucher
from domain.plant import Plant
from revenue.accounts import is_debit_side
from revenue.arrears import Arrears, ArrearsRow
from revenue.receipt import Movement
from revenue.reconciliation import Difference, Numbers, differences, numbers_of, span
from revenue.statement import GridStatement
from revenue.tariff import BENCHMARK, SUBSIDY

MeteredKwh = Callable[[str, date, date], Decimal | None]


@dataclass(frozen=True, slots=True)
class Energies:
    """Our own energies of a plant over days [first, end), None where a day is missing. [kWh]"""

    metered_kwh: MeteredKwh
    inverter_kwh: MeteredKwh


@dataclass(slots=True)
class StatementView:
    """One plant's statement of a month."""

    plant_id: str
    plant: str
    period: str
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
    vat_fen: int | None = None  # whoever owes it; None while the month is not settled
    photo_identity: str = ""  # of the line that was typed from a photo
    received_on: date | None = None  # the newest day on which some of it came
    meter_off_kwh: Decimal | None = None  # the statement's energy minus our meter's, over its own days
    is_meter_off: bool = False  # by more than the limit of reconciliation

    @property
    def source_id(self) -> str:
        """What a trace calls this statement: plant, month and number."""
        return f"{self.plant_id}|{self.period}|{self.number}"


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
    is_before_books: bool = False  # from the opening state: one number, as it was written there


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


@dataclass(frozen=True, slots=True)
class Reconciled:
    """The numbers of a plant and month side by side, and every difference between them."""

    plant_id: str
    plant: str
    period: str
    numbers: Numbers
    differences: tuple[Difference, ...]

    @property
    def oldest_days(self) -> int:
        """Age of the oldest difference somebody has to clear; 0 without one."""
        return max((one.age_days for one in self.differences if not one.is_small), default=0)

    @property
    def is_clear(self) -> bool:
        """Whether nothing differs."""
        return not self.differences


def reconcile(
    plant: Plant,
    period: str,
    lines: Sequence[GridStatement],
    arrears: Arrears,
    energies: Energies,
    today: date,
    language: str = "zh",
) -> Reconciled:
    """Return the numbers of one plant and month side by side; our energy is that of the statement's own days."""
    first, end = span(period, lines)
    numbers = numbers_of(
        lines,
        energies.inverter_kwh(plant.plant_id, first, end),
        energies.metered_kwh(plant.plant_id, first, end),
        arrears.received.get((plant.plant_id, period, BENCHMARK), 0),
        arrears.received.get((plant.plant_id, period, SUBSIDY), 0),
    )
    found = tuple(differences(numbers, end, today))
    return Reconciled(plant.plant_id, plant.label(language), period, numbers, found)
