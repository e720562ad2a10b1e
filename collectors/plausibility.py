"""Wrong units: a value its siblings put at another power of ten, or far above the rating, is not believed.

A firmware that changed from kW to W, or a table of another model, gives numbers that are possible for some device
and wrong for this one. Only what a power of ten explains, or what no device of that rating can do, is marked:
clouds between two blocks must not cost a value.
"""

import logging
from collections.abc import Mapping
from dataclasses import replace

from domain.measurement import Batch, Quality
from domain.plant import Device, DeviceKind
from inverters.verdicts import Contradiction, Known, contradictions

log = logging.getLogger(__name__)

_JUDGED = frozenset({DeviceKind.INVERTER, DeviceKind.REVENUE_METER})
_RULES = frozenset({"over_rating", "power_of_phases", "power_of_strings", "power_of_mppts", "efficiency"})


class UnitWatch:
    """Holds the powers of each batch against its voltages and currents and the device's rating."""

    def __init__(self) -> None:
        self._doubtful: dict[str, Contradiction] = {}

    def judged(self, batch: Batch, device: Device) -> Batch:
        """Return ``batch`` with every value of a wrong unit marked."""
        if device.kind not in _JUDGED:
            return batch
        found = [one for one in contradictions(_good(batch), _known(device)) if _wrong_unit(one)]
        self._note(device.device_id, found[0] if found else None)
        if not found:
            return batch
        wrong = {one.name for one in found}
        qualities = list(batch.qualities or (Quality.GOOD,) * len(batch.values))
        for number, name in enumerate(batch.quantities):
            if name in wrong:
                qualities[number] = Quality.INCONSISTENT
        return replace(batch, qualities=tuple(qualities))

    def is_doubtful(self, device_id: str) -> bool:
        """Tell whether the newest batch of a device had a value of a wrong unit."""
        return device_id in self._doubtful

    def _note(self, device_id: str, one: Contradiction | None) -> None:
        if one is None:
            self._doubtful.pop(device_id, None)
            return
        if device_id not in self._doubtful:
            log.warning(
                "device %s: %s is %g, its siblings make it about %g; marked, not counted: check unit and profile",
                device_id,
                one.name,
                one.value,
                one.expected,
            )
        self._doubtful[device_id] = one


def _wrong_unit(one: Contradiction) -> bool:
    return one.rule in _RULES and (one.ten != 0 or one.rule == "over_rating")


def _known(device: Device) -> Known:
    rated_kw = device.rated_power_kw if device.kind is DeviceKind.INVERTER else 0.0
    return Known(max(rated_kw, device.dc_capacity_kw if rated_kw else 0.0) * 1000.0)


def _good(batch: Batch) -> Mapping[str, float]:
    """Return the values there are that nothing speaks against."""
    qualities = batch.qualities or (Quality.GOOD,) * len(batch.values)
    return {
        name: value
        for name, value, quality in zip(batch.quantities, batch.values, qualities, strict=True)
        if value is not None and quality is Quality.GOOD
    }
