"""Did the repair bring the energy back: output against expectation, before the repair and since. Pure.

What is expected comes from neighbours that were well (a plant's other inverters, the town's other plants),
so cloud and season cancel out. Energy won back is what the part gave since the repair, beyond what it would
have given broken: ``actual - before_ratio x expected``, summed over the time since. The ratio is taken at the
same level of output where it was seen: an inverter at its limit loses less by a string than one below it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.case import Recovery

EXPECTED_KWH_MIN = 5.0  # less sun than this says nothing about a repair
RECOVERED_RATIO_MIN = 0.9
_LEVELS = 10
RISE_MIN = 0.03  # a string of a large unit weighs this little


@dataclass(frozen=True, slots=True)
class EnergySpan:
    """One stretch of time: what the part gave, and what its neighbours say it should have given. [kWh]"""

    actual_kwh: float | None
    expected_kwh: float | None
    level: float | None = None  # expected over rated power, 0..1: how bright it was

    @property
    def is_known(self) -> bool:
        """Whether both numbers are there."""
        return (
            self.actual_kwh is not None
            and self.expected_kwh is not None
            and math.isfinite(self.actual_kwh)
            and math.isfinite(self.expected_kwh)
        )


def ratio_of(spans: Sequence[EnergySpan]) -> float | None:
    """Return actual over expected of the known spans together, None where too little was expected."""
    known = [span for span in spans if span.is_known]
    expected_kwh = sum(span.expected_kwh or 0.0 for span in known)
    if expected_kwh < EXPECTED_KWH_MIN:
        return None
    return sum(span.actual_kwh or 0.0 for span in known) / expected_kwh


def _by_level(spans: Sequence[EnergySpan]) -> dict[int, list[EnergySpan]]:
    """Return the known spans by tenth of rated output; -1 where the level was not given."""
    found: dict[int, list[EnergySpan]] = {}
    for span in spans:
        if span.is_known:
            level = -1 if span.level is None else min(int(span.level * _LEVELS), _LEVELS - 1)
            found.setdefault(level, []).append(span)
    return found


def recovery(
    before: Sequence[EnergySpan],
    after: Sequence[EnergySpan],
    at: datetime,
    healthy: Sequence[EnergySpan] = (),
) -> Recovery:
    """Return what the meters say about a repair.

    Parameters
    ----------
    before : sequence
        Spans while the fault was there.
    after : sequence
        Spans since the repair.
    healthy : sequence
        Spans before the fault: what this part gives against its neighbours when it is well. Without them
        it counts as well at its neighbours' level.
    """
    ratio_before, ratio_after, ratio_well = ratio_of(before), ratio_of(after), ratio_of(healthy)
    if ratio_after is None:
        return Recovery(at, ratio_before, None, None, None, "too_little_sun")
    well = 1.0 if ratio_well is None else ratio_well
    if ratio_before is None:
        if ratio_after >= RECOVERED_RATIO_MIN * well:
            return Recovery(at, None, ratio_after, None, True, "before_unknown")
        return Recovery(at, None, ratio_after, None, False, "still_low")
    by_level = {level: ratio_of(spans) for level, spans in _by_level(before).items()}
    won_back_kwh = 0.0
    for level, spans in _by_level(after).items():
        broken = by_level.get(level)
        ratio = ratio_before if broken is None else broken
        won_back_kwh += sum((one.actual_kwh or 0.0) - ratio * (one.expected_kwh or 0.0) for one in spans)
    missing = max(well - ratio_before, 0.0)
    is_back = ratio_after >= RECOVERED_RATIO_MIN * well and ratio_after - ratio_before >= min(
        RISE_MIN, 0.5 * missing
    )
    reason = "" if is_back else "still_low"
    return Recovery(at, ratio_before, ratio_after, won_back_kwh, is_back, reason)
