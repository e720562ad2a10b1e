"""How far bases are against their own capacity: which base makes the gap. None stays None."""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from domain.industry import Report
from industries.attainment import reached_by
from industries.base import Base
from industries.indicator import Indicator


def reached_of_bases(indicator: Indicator, month: int, reports: Iterable[Report]) -> dict[str, Decimal]:
    """Return what each base reached by the end of a month; ``reports`` are of the one year and the one indicator."""
    values: dict[str, dict[int, Decimal]] = {}
    for one in reports:
        if one.counts:
            values.setdefault(one.reporter_id, {})[one.month] = one.value
    found = {base: reached_by(indicator.kind, theirs, month) for base, theirs in values.items()}
    return {base: value for base, value in found.items() if value is not None}


def expected_of_base(indicator: Indicator, month: int, base: Base) -> Decimal | None:
    """Return what a base should have reached by its capacity and the path; None without either."""
    path: Mapping[int, Decimal] = indicator.path
    if base.capacity is None or month not in path:
        return None
    return base.capacity * path[month]
