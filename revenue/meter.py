"""Energy between two readings of a register: ratios, roll-over and exchange. Decimal kWh, as printed."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from revenue.refusal import SumsError


@dataclass(frozen=True, slots=True)
class RegisterSpan:
    """One meter between two readings. ``modulus`` is where the register starts again (1000000 for six digits)."""

    start: Decimal
    end: Decimal
    multiplier: Decimal
    modulus: Decimal | None = None

    def difference(self) -> Decimal:
        """Return how far the register went on; a roll-over only where the modulus is known.

        Raises
        ------
        MoneyError
            The register went back and nobody said where it rolls over, or it lies outside the register.
        """
        if self.start < 0 or self.end < 0 or self.multiplier <= 0:
            raise SumsError("register", start=self.start, end=self.end, multiplier=self.multiplier)
        if self.modulus is not None and max(self.start, self.end) >= self.modulus:
            raise SumsError("register_beyond", start=self.start, end=self.end, modulus=self.modulus)
        if self.end >= self.start:
            return self.end - self.start
        if self.modulus is None:
            raise SumsError("register_back", start=self.start, end=self.end)
        return self.end + self.modulus - self.start

    def energy_kwh(self) -> Decimal:
        """Return the energy. [kWh]"""
        return self.difference() * self.multiplier


def energy_kwh(spans: Sequence[RegisterSpan]) -> Decimal:
    """Return the energy over one or more meters, one after the other (换表). [kWh]"""
    return sum((span.energy_kwh() for span in spans), Decimal(0))


def modulus_of(digits: int) -> Decimal:
    """Return where a register of ``digits`` whole digits rolls over."""
    if not 3 <= digits <= 10:
        raise SumsError("register_digits", digits=digits)
    return Decimal(10) ** digits
