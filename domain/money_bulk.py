"""`domain.money.split` for a whole district at once: many totals, each among its own people, in numpy int64.

The same rule to the fen (a test holds them together); what does not fit into 63 bits is done by `split`.
"""

import numpy as np
import numpy.typing as npt

from domain.errors import MoneyError
from domain.money import Money, split

Whole = npt.NDArray[np.int64]
_LIMIT = 2**62


def split_many(totals_fen: Whole, groups: Whole, weights: Whole) -> Whole:
    """Return each row's share of its group's total. [fen]

    Parameters
    ----------
    totals_fen : int64 array
        One total a group.
    groups : int64 array
        The group of each row, ascending; within a group rows stand in the order of their keys, because
        ties go to the earlier row.
    weights : int64 array
        Whole-number weight of each row.

    Raises
    ------
    MoneyError
        A weight is negative, groups are out of order, or a group with a total has no positive weight.
    """
    if len(groups) != len(weights) or (len(groups) and (groups[0] < 0 or np.any(np.diff(groups) < 0))):
        raise MoneyError("split_many: rows must be sorted by group, one weight each")
    if np.any(weights < 0):
        raise MoneyError("split_many: weights must not be negative")
    starts = np.searchsorted(groups, np.arange(len(totals_fen) + 1))
    sums = np.diff(np.concatenate(([0], np.cumsum(weights)))[starts])
    if np.any((sums == 0) & (totals_fen != 0)):
        raise MoneyError("split_many: a total has nobody with a weight")
    largest = int(np.abs(totals_fen).max(initial=0)) * int(weights.max(initial=0))
    if largest >= _LIMIT:
        return _one_by_one(totals_fen, starts, weights)
    sign = np.where(totals_fen < 0, -1, 1)
    products = np.abs(totals_fen)[groups] * weights
    divisors = np.maximum(sums, 1)[groups]
    whole = products // divisors
    remainders = products - whole * divisors
    floors = np.diff(np.concatenate(([0], np.cumsum(whole)))[starts])
    left_over = np.abs(totals_fen) - floors
    whole += _is_lucky(remainders, groups, starts, left_over)
    return np.asarray(whole * sign[groups], np.int64)


def _is_lucky(remainders: Whole, groups: Whole, starts: Whole, left_over: Whole) -> Whole:
    """Tell who gets one of the fen left over: the largest remainders of the group, earlier rows first."""
    order = _by_group_and_remainder(remainders, groups)
    place = np.arange(len(groups)) - starts[groups]
    lucky = np.zeros(len(groups), np.int64)
    lucky[order] = place < left_over[groups]
    return lucky


def _by_group_and_remainder(remainders: Whole, groups: Whole) -> Whole:
    """Return the rows by group, largest remainder first, earlier rows first.

    Group, remainder and row packed into one number sort three times as fast as by three keys.
    """
    rows = len(groups)
    height = int(remainders.max(initial=0)) + 1
    row_bits = max(rows - 1, 1).bit_length()
    if (int(groups[-1]) + 1 if rows else 1) * height >= _LIMIT >> row_bits:
        return np.lexsort((-remainders, groups))
    packed = ((groups * height + (height - 1 - remainders)) << row_bits) | np.arange(rows)
    packed.sort()
    return np.asarray(packed & ((1 << row_bits) - 1), np.int64)


def _one_by_one(totals_fen: Whole, starts: Whole, weights: Whole) -> Whole:
    shares = np.zeros(len(weights), np.int64)
    for group, total in enumerate(totals_fen.tolist()):
        first, last = int(starts[group]), int(starts[group + 1])
        if total:
            named = {f"{row:012d}": int(weights[row]) for row in range(first, last)}
            shares[first:last] = [share.fen for share in split(Money(total), named).values()]
    return shares
