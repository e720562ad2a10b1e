"""Money is whole fen, and is split in one place."""

from collections.abc import Mapping
from dataclasses import dataclass

from domain.errors import MoneyError


@dataclass(frozen=True, slots=True, order=True)
class Money:
    """An amount in fen (1 yuan = 100 fen)."""

    fen: int

    def __post_init__(self) -> None:
        if type(self.fen) is not int:  # a bool or numpy number would pass isinstance
            raise MoneyError(f"money is whole fen, got {self.fen!r}")

    def __add__(self, other: "Money") -> "Money":
        return Money(self.fen + other.fen)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.fen - other.fen)

    def __str__(self) -> str:
        sign = "-" if self.fen < 0 else ""
        yuan, fen = divmod(abs(self.fen), 100)
        return f"{sign}{yuan:,}.{fen:02d}"


def split(total: Money, weights: Mapping[str, int]) -> dict[str, Money]:
    """Split ``total`` in proportion to whole-number ``weights`` so that not one fen is lost or made.

    Largest-remainder rule: everyone gets the whole fen of the exact share, the fen left over go one each
    to the largest remainders; ties go to the smaller key, so the same input always pays the same people.

    Raises
    ------
    MoneyError
        The total or a weight is negative, or no weight is positive.
    """
    if total.fen < 0:
        raise MoneyError(f"cannot split a negative amount: {total.fen} fen; reverse the entry instead")
    negative = [key for key, weight in weights.items() if weight < 0]
    if negative:
        raise MoneyError(f"weights must not be negative: {', '.join(sorted(negative))}")
    weight_sum = sum(weights.values())
    if weight_sum == 0:
        raise MoneyError("nobody has a weight: there is no one to split between")
    shares = {key: divmod(total.fen * weight, weight_sum) for key, weight in weights.items()}
    left_over = total.fen - sum(whole for whole, _ in shares.values())
    by_remainder = sorted(shares, key=lambda key: (-shares[key][1], key))
    lucky = set(by_remainder[:left_over])
    return {key: Money(whole + (key in lucky)) for key, (whole, _) in shares.items()}
