"""Which batches a measurement store takes: the same rules, in the same words, for every store."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from math import inf

import pandas as pd

from domain.errors import RecordRejectedError
from domain.frame import DEVICE, INSTANT
from domain.measurement import Batch, Origin
from domain.quantity import is_known
from stores.protocol import WriteResult

AHEAD_MAX = timedelta(days=1)
_INFINITE = (inf, -inf)


@lru_cache(maxsize=1024)
def unknown_quantities(quantities: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names the vocabulary does not have, and those given twice."""
    twice = {name for name in quantities if quantities.count(name) > 1}
    return tuple(name for name in quantities if name in twice or not is_known(name))


def why_rejected(batch: Batch, latest_instant: datetime, is_device: Callable[[str], bool]) -> str | None:
    """Return why ``batch`` can never be kept, None when it can.

    ``latest_instant`` bounds ``measured_at`` from above: one reading from the year 2200 would stay "the
    newest" for ever.
    """
    if batch.measured_at.tzinfo is None:
        return f"{batch.device_id}: measured_at {batch.measured_at} has no time zone"
    if not is_device(batch.device_id):
        return f"{batch.device_id}: no such device in the registry"
    if len(batch.values) != len(batch.quantities) or (
        batch.qualities is not None and len(batch.qualities) != len(batch.values)
    ):
        return f"{batch.device_id}: quantities, values and qualities differ in length"
    unknown = unknown_quantities(batch.quantities)
    if unknown:
        return f"{batch.device_id}: unknown or repeated quantities {', '.join(unknown)}"
    if batch.measured_at > latest_instant:
        return f"{batch.device_id}: measured_at {batch.measured_at.isoformat()} lies in the future"
    return None


def has_infinity(values: Sequence[float | None]) -> bool:
    """Tell whether one of ``values`` is infinite: no register holds that, so something was misread."""
    return any(value in _INFINITE for value in values if value is not None)


def checked_table(quantities: Sequence[str], table: pd.DataFrame) -> None:
    """Refuse a table that is not what `MeasurementStore.write_table` promises to take.

    Raises
    ------
    RecordRejectedError
        A column is missing, of the wrong type, or not in the vocabulary.
    """
    missing = [name for name in (DEVICE, INSTANT, *quantities) if name not in table.columns]
    if missing:
        raise RecordRejectedError(f"table has no column {', '.join(missing)}")
    unknown = unknown_quantities(tuple(quantities))
    if unknown:
        raise RecordRejectedError(f"unknown or repeated quantities {', '.join(unknown)}")
    dtype = table[INSTANT].dtype
    if not isinstance(dtype, pd.DatetimeTZDtype) or str(dtype.tz) != "UTC":
        raise RecordRejectedError(f"{INSTANT} must be datetime64 in UTC, is {dtype}")
    if table[INSTANT].isna().any() or table[DEVICE].isna().any():
        raise RecordRejectedError(f"a row has no {DEVICE} or no {INSTANT}")


def in_turn(
    write: Callable[[Sequence[str], pd.DataFrame, Origin], WriteResult],
    tables: Sequence[tuple[Sequence[str], pd.DataFrame]],
    origin: Origin,
) -> WriteResult:
    """Write tables one after the other, for a store that gains nothing by more at once."""
    accepted, duplicates, offset = 0, 0, 0
    rejected: list[tuple[int, str]] = []
    for quantities, table in tables:
        one = write(quantities, table, origin)
        accepted, duplicates = accepted + one.accepted, duplicates + one.duplicates
        rejected += [(offset + position, reason) for position, reason in one.rejected]
        offset += len(table)
    return WriteResult(accepted, duplicates, tuple(rejected))
