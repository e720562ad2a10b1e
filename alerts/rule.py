"""AlertRule: what a rule is made of. Thresholds and times come from configuration, never from code."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from domain.alert import Severity


class Daylight(IntEnum):
    """Which instants count for a rule; from the sun's place, never from a device's clock."""

    D0 = 0  # always: safety, theft, the system itself
    D1 = 1  # the sun is up: devices should speak
    D2 = 2  # bright enough that an inverter should run
    D3 = 3  # bright: performance can be judged
    D4 = 4  # bright and steady: strings can be compared


@dataclass(frozen=True, slots=True)
class Timing:
    """How long a condition must hold and be clear again, in instants that count. [s]

    A sample covers its own interval: a quarter of an hour of trouble is one sample of quarter-hour data.
    ``reopen_s``: trouble that comes back this soon after the end is the same alert again (clock time).
    """

    on_s: float = 0.0
    off_s: float = 0.0
    reopen_s: float = 0.0


@dataclass(frozen=True, slots=True)
class AlertRule:
    """One rule as configured.

    Attributes
    ----------
    limits : mapping
        Thresholds by name, with their unit in the name where they have one.
    raise_after_s, raise_to :
        An alert older than this (in instants that count) is of this severity; ``raise_to`` None: never.
    source : str
        Where the numbers come from.
    by_plant : mapping
        Limits of single plants that differ.
    """

    rule_id: str
    severity: Severity
    daylight: Daylight
    timing: Timing
    limits: Mapping[str, float] = field(default_factory=dict)
    raise_after_s: float = 0.0
    raise_to: Severity | None = None
    source: str = ""
    enabled: bool = True
    by_plant: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    def limit(self, name: str, plant_id: str = "") -> float:
        """Return a threshold, that of the plant where it has its own."""
        own = self.by_plant.get(plant_id, {})
        return own[name] if name in own else self.limits[name]
