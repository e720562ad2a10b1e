"""What the engine is told besides the series: the registry, what codes mean, prices, planned work."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

from domain.plant import Plant
from domain.price import PriceOf, no_prices
from domain.timespan import Interval


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a maker's code stands for in common words.

    ``category`` such as grid, insulation, string, temperature, internal; ``rank`` 0 info to 3 critical;
    ``state`` running, standby, derated, fault, stopped or unknown, for a status.
    """

    category: str
    rank: int
    state: str = "unknown"
    label: str = ""
    name: str = ""


class CodeReader(Protocol):
    """Tells what a value of a status, fault code or alarm word means; several bits, several meanings."""

    def __call__(self, profile: str, quantity: str, value: int) -> Sequence[Meaning]:
        """Return every meaning, empty when the table does not know it."""
        ...


class Designs(Protocol):
    """Tells what a plant was designed to give."""

    def __call__(self, plant_id: str, month: date) -> float | None:
        """Return the design energy of the month that begins on a day, None without a design. [kWh]"""
        ...


def no_codes(profile: str, quantity: str, value: int) -> Sequence[Meaning]:  # noqa: ARG001
    """Know no code."""
    return ()


def no_designs(plant_id: str, month: date) -> float | None:  # noqa: ARG001
    """Know no design."""
    return None


def no_source(plant: Plant) -> str:  # noqa: ARG001
    """Know one source of data only."""
    return ""


@dataclass(frozen=True, slots=True)
class Stakes:
    """By how much money a severity moves one step. [fen a day]"""

    raise_above_fen: float = 20_000.0
    lower_below_fen: float = 200.0


@dataclass(frozen=True)
class Context:
    """Everything beside the series; each part may be left out, and rules then judge what they can.

    ``maintenance``: spans in which a plant or device (by id) is worked on; nothing of it is judged then.
    """

    plants: Mapping[str, Plant] = field(default_factory=dict)
    codes: CodeReader = no_codes
    prices: PriceOf = no_prices
    designs: Designs = no_designs
    source_of: Callable[[Plant], str] = no_source
    maintenance: Mapping[str, Sequence[Interval]] = field(default_factory=dict)
    stakes: Stakes = field(default_factory=Stakes)
