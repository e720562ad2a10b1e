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
    A negative total (a correction) is the mirror image: split without its sign, then negated.

    Raises
    ------
    MoneyError
        A weight is negative or no whole number, or no weight is positive.
    """
    weight_sum = _checked_sum(weights)
    sign = -1 if total.fen < 0 else 1
    shares = {key: divmod(abs(total.fen) * weight, weight_sum) for key, weight in weights.items()}
    left_over = abs(total.fen) - sum(whole for whole, _ in shares.values())
    by_remainder = sorted(shares, key=lambda key: (-shares[key][1], key))
    lucky = set(by_remainder[:left_over])
    return {key: Money(sign * (whole + (key in lucky))) for key, (whole, _) in shares.items()}


def split_running(
    total: Money, weights: Mapping[str, int], before: Mapping[str, Money] | None = None
) -> dict[str, Money]:
    """Split ``total`` so that, with what the same people got ``before``, the running total is split fairly.

    Splitting every month by itself lets the same person win the odd fen for years; this way nobody is ever
    a fen away from the exact share of everything so far. Where the running total would ask for a negative
    share (only with tiny totals), the plain split of this total is used.

    Parameters
    ----------
    total : Money
        What is split now.
    weights : mapping
        Whole numbers. Start anew (no ``before``) whenever a person or a weight changes.
    before : mapping, optional
        What each got since the weights hold.

    Raises
    ------
    MoneyError
        As `split`; or ``before`` names somebody without a place in ``weights``.
    """
    got = before or {}
    strangers = sorted(set(got) - set(weights))
    if strangers:
        raise MoneyError(f"running total: {', '.join(strangers)} have no weight now; start a new one")
    so_far = sum(money.fen for money in got.values())
    target = split(Money(so_far + total.fen), weights)
    shares = {key: Money(target[key].fen - (got[key].fen if key in got else 0)) for key in weights}
    if any(share.fen * total.fen < 0 or (total.fen == 0 and share.fen) for share in shares.values()):
        return split(total, weights)
    return shares


def _checked_sum(weights: Mapping[str, int]) -> int:
    odd = [key for key, weight in weights.items() if type(weight) is not int]
    if odd:
        raise MoneyError(f"weights are whole numbers: {', '.join(sorted(odd))}")
    negative = [key for key, weight in weights.items() if weight < 0]
    if negative:
        raise MoneyError(f"weights must not be negative: {', '.join(sorted(negative))}")
    weight_sum = sum(weights.values())
    if weight_sum == 0:
        raise MoneyError("nobody has a weight: there is no one to split between")
    return weight_sum
