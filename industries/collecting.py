"""What the villages of a town reported for a month, together; and who is missing. Compared with the town, never forced."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from domain.industry import Report
from industries.indicator import Indicator, IndicatorKind


@dataclass(frozen=True, slots=True)
class VillageSum:
    """One indicator over the villages of a town, in its base unit; a price is their mean. ``count`` reported it."""

    indicator: Indicator
    value: Decimal
    count: int


@dataclass(frozen=True, slots=True)
class Collected:
    """The villages of a town for a month; ``missing`` are those that reported nothing, in the registry's order."""

    villages: tuple[str, ...]
    missing: tuple[str, ...]
    sums: Mapping[str, VillageSum]

    @property
    def there(self) -> int:
        """How many villages reported something."""
        return len(self.villages) - len(self.missing)


def collected(
    villages: Sequence[str], reports: Iterable[Report], indicators: Iterable[Indicator]
) -> Collected:
    """Return what the villages said; reports of other villages and those sent back do not count."""
    home = set(villages)
    counted = [one for one in reports if one.reporter_id in home and one.counts]
    sums = {}
    for indicator in indicators:
        values = [one.value for one in counted if one.indicator_id == indicator.indicator_id]
        if values:
            total = sum(values, Decimal(0))
            mean = total / len(values) if indicator.kind is IndicatorKind.PRICE else total
            sums[indicator.indicator_id] = VillageSum(indicator, mean, len(values))
    there = {one.reporter_id for one in counted}
    return Collected(tuple(villages), tuple(one for one in villages if one not in there), sums)
