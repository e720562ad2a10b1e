"""EnergyPrice: what a kilowatt-hour earns, in the two parts that are paid at different times."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Protocol

_ONE = Decimal(1)


@dataclass(frozen=True, slots=True)
class LostMoney:
    """What energy cost, in whole fen, by part."""

    benchmark_fen: int
    subsidy_fen: int

    @property
    def total_fen(self) -> int:
        """Both parts."""
        return self.benchmark_fen + self.subsidy_fen

    def __add__(self, other: "LostMoney") -> "LostMoney":
        return LostMoney(self.benchmark_fen + other.benchmark_fen, self.subsidy_fen + other.subsidy_fen)


@dataclass(frozen=True, slots=True)
class EnergyPrice:
    """The price of a plant on a day. The benchmark part comes with the grid's month, the subsidy years later. [fen/kWh]"""

    benchmark_fen: Decimal
    subsidy_fen: Decimal = Decimal(0)

    def of(self, energy_kwh: float) -> LostMoney:
        """Return what energy is worth, each part rounded half up to the fen."""
        energy = Decimal(repr(float(energy_kwh)))
        parts = (energy * self.benchmark_fen, energy * self.subsidy_fen)
        return LostMoney(*(int(part.quantize(_ONE, ROUND_HALF_UP)) for part in parts))


class PriceOf(Protocol):
    """Tells the price of a plant on a day."""

    def __call__(self, plant_id: str, day: date) -> EnergyPrice | None:
        """Return the price by the day of the energy, None when nobody has told it."""
        ...


def no_prices(plant_id: str, day: date) -> EnergyPrice | None:  # noqa: ARG001
    """Know no price."""
    return None


def worth(energy_kwh: Mapping[date, float], plant_id: str, price_of: PriceOf) -> LostMoney | None:
    """Return what a plant's energy is worth by the price of each day; None when a day has none."""
    total = LostMoney(0, 0)
    by_price: dict[EnergyPrice, float] = {}
    for day, kwh in energy_kwh.items():
        price = price_of(plant_id, day)
        if price is None:
            return None
        by_price[price] = by_price.get(price, 0.0) + kwh
    for price, kwh in by_price.items():
        total += price.of(kwh)
    return total
