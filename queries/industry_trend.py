"""The months of an indicator as the towns reported them together."""

from collections.abc import Iterable
from decimal import Decimal

from domain.industry import Report
from industries.indicator import Indicator
from queries.industry_views import TrendPoint


def trend(indicator: Indicator, first: str, last: str, reports: Iterable[Report]) -> list[TrendPoint]:
    """Return every month from first to last; a month nobody reported is None, a price is averaged."""
    by_month: dict[str, list[Decimal]] = {}
    for one in reports:
        if one.counts:
            by_month.setdefault(one.period, []).append(one.value)
    found, period = [], first
    while period <= last:
        values = by_month.get(period)
        total = None if not values else sum(values, Decimal(0))
        if total is not None and values and indicator.kind.value == "price":
            total /= len(values)
        found.append(TrendPoint(period, total))
        year, month = int(period[:4]), int(period[5:])
        period = f"{year + month // 12:04d}-{month % 12 + 1:02d}"
    return found
