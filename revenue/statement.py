"""GridStatement: what the grid company printed (结算单), line by line; identity, content, and what must hold in it.

A line is one price component of one plant and period. Its identity is plant, period, statement number and
component: the same again is no news, the same with other content is refused and wants a correction statement.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from domain.errors import MoneyError
from domain.money_fact import MoneyFact
from revenue.meter import RegisterSpan, energy_kwh, modulus_of
from revenue.tariff import fen_of

KIND = "statement"
_STEP_KWH = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class MeterExchange:
    """A revenue meter replaced (换表): the last reading of the old one, the first of the new one."""

    plant_id: str
    on: date
    old_end: Decimal
    new_start: Decimal
    new_multiplier: Decimal


@dataclass(frozen=True, slots=True)
class GridStatement:
    """One line of a statement. ``kwh`` is None for a remittance that states no energy (late subsidies).

    ``read_from`` and ``read_to`` are the reading days; energy is theirs, whatever the month is called.
    ``corrects`` names the number of the statement this one replaces.
    """

    plant_id: str
    account_number: str
    period: str
    number: str
    component: str
    kwh: Decimal | None
    fen: int
    yuan_per_kwh: Decimal | None = None
    read_from: date | None = None
    read_to: date | None = None
    start_reading: Decimal | None = None
    end_reading: Decimal | None = None
    multiplier: Decimal | None = None
    corrects: str = ""

    @property
    def identity(self) -> str:
        """What makes it this line and no other."""
        return f"{self.plant_id}|{self.period}|{self.number}|{self.component}"

    @property
    def first_of_month(self) -> date:
        """First day of the month it belongs to."""
        return date(int(self.period[:4]), int(self.period[5:]), 1)

    def computed_fen(self) -> int | None:
        """Return kWh times price, None where either is missing. The printed amount is booked, not this. [fen]"""
        if self.kwh is None or self.yuan_per_kwh is None:
            return None
        return fen_of(self.kwh, self.yuan_per_kwh)

    def content(self) -> dict[str, Any]:
        """Return what it says as text and whole numbers."""
        return {
            "account": self.account_number,
            "number": self.number,
            "component": self.component,
            "kwh": _text(self.kwh),
            "fen": self.fen,
            "price": _text(self.yuan_per_kwh),
            "from": self.read_from.isoformat() if self.read_from else "",
            "to": self.read_to.isoformat() if self.read_to else "",
            "start": _text(self.start_reading),
            "end": _text(self.end_reading),
            "multiplier": _text(self.multiplier),
            "corrects": self.corrects,
        }

    def fact(self, made_by: str, made_at: datetime, file_hash: str = "") -> MoneyFact:
        """Return it as a fact to keep."""
        return MoneyFact(
            KIND, self.identity, self.content(), made_by, made_at, self.plant_id, "", self.period, file_hash
        )


def statement_of(fact: MoneyFact) -> GridStatement:
    """Return the line a fact holds."""
    kept = fact.content
    return GridStatement(
        plant_id=fact.plant_id,
        account_number=kept["account"],
        period=fact.period,
        number=kept["number"],
        component=kept["component"],
        kwh=_decimal(kept["kwh"]),
        fen=int(kept["fen"]),
        yuan_per_kwh=_decimal(kept["price"]),
        read_from=_date(kept["from"]),
        read_to=_date(kept["to"]),
        start_reading=_decimal(kept["start"]),
        end_reading=_decimal(kept["end"]),
        multiplier=_decimal(kept["multiplier"]),
        corrects=kept["corrects"],
    )


def _text(value: Decimal | None) -> str:
    return "" if value is None else format(value.normalize(), "f")


def _decimal(text: str) -> Decimal | None:
    return Decimal(text) if text else None


def _date(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def faults(
    line: GridStatement, exchanges: Sequence[MeterExchange] = ()
) -> list[tuple[str, Mapping[str, Any]]]:
    """Return what cannot be true in one line, as reasons with values for their words; empty when sound."""
    found: list[tuple[str, Mapping[str, Any]]] = []
    if line.kwh is not None and line.kwh < 0:
        found.append(("negative_energy", {"kwh": line.kwh}))
    if line.read_from and line.read_to and line.read_to <= line.read_from:
        found.append(("days_out_of_order", {"first": line.read_from, "last": line.read_to}))
    computed = line.computed_fen()
    if computed is not None and computed * line.fen < 0:
        found.append(("wrong_sign", {"fen": line.fen, "computed": computed}))
    elif computed is not None and abs(computed - line.fen) > max(100, abs(computed) // 100):
        found.append(("not_the_product", {"fen": line.fen, "computed": computed}))
    elif computed is None and line.fen < 0 and not line.corrects:
        found.append(("wrong_sign", {"fen": line.fen, "computed": ""}))
    return found + _reading_faults(line, exchanges)


def _reading_faults(
    line: GridStatement, exchanges: Sequence[MeterExchange]
) -> list[tuple[str, Mapping[str, Any]]]:
    if None in (line.start_reading, line.end_reading, line.multiplier, line.kwh):
        return []
    try:
        kwh = readings_kwh(line, exchanges)
    except MoneyError:
        told = {"start": line.start_reading, "end": line.end_reading, "multiplier": line.multiplier}
        return [("readings_impossible", told)]
    assert line.kwh is not None
    if abs(kwh - line.kwh) > _STEP_KWH:
        return [("readings_differ", {"kwh": line.kwh, "readings_kwh": kwh})]
    return []


def readings_kwh(line: GridStatement, exchanges: Sequence[MeterExchange] = ()) -> Decimal:
    """Return end minus start reading times multiplier, over an exchange of the meter in between. [kWh]

    A register that went back without an exchange rolled over where its digits end; the energy must then fit.
    """
    start, end, multiplier = line.start_reading, line.end_reading, line.multiplier
    assert start is not None
    assert end is not None
    assert multiplier is not None
    within = [
        one
        for one in exchanges
        if line.read_from is not None
        and line.read_to is not None
        and line.read_from <= one.on <= line.read_to
    ]
    if within:
        spans, ratio = [], multiplier
        for one in sorted(within, key=lambda each: each.on):
            spans.append(RegisterSpan(start, one.old_end, ratio))
            start, ratio = one.new_start, one.new_multiplier
        return energy_kwh([*spans, RegisterSpan(start, end, ratio)])
    modulus = modulus_of(len(str(int(start)))) if end < start and start >= 100 else None
    return RegisterSpan(start, end, multiplier, modulus).energy_kwh()
