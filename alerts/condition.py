"""What a condition is: a pure function from a scene and thresholds to a judgement, and what it needs to know."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from alerts.judgement import Judgement
from alerts.scene import Scene

Limits = Mapping[str, float]
Condition = Callable[[Scene, Limits], Judgement]
Bounds = Mapping[str, tuple[float, float]]


class Level(IntEnum):
    """Where in the tree of causes a rule stands: the smaller, the nearer to the root."""

    SOURCE = 0
    AREA = 1
    LINK = 2
    GRID = 3
    PLANT = 4
    METER = 5
    BUS = 6
    INVERTER = 7
    MPPT = 8
    STRING = 9
    NOTE = 10  # data, sensors and the system: explains nothing and is explained by little


@dataclass(frozen=True)
class Kind:
    """A rule as code knows it: how it is judged, what it is called in the ledger, what it explains.

    Attributes
    ----------
    condition : Condition or None
        None: it is judged over alerts and plants, not over a scene (`alerts.area`, `alerts.quality`).
    bounds : mapping
        Every threshold by name with the least and greatest value that makes sense.
    needs : tuple of str
        Quantities without which it says UNKNOWN; for people.
    explains : frozenset of str
        Rules whose alerts, of the same plant, bus or device and while this one is open, are its children.
    danger : bool
        Safety: its severity is not moved by money.
    intervals : int
        Least number of samples that must agree, whatever the times say: silence of one is a lost packet.
    daily : bool
        It judges whole days and needs weeks of them; otherwise the last two hours are enough.
    weeks : bool
        It judges instants, but what it compares may lie further apart than a live window: the evening's look over
        weeks finds what no live step could see.
    slow : bool
        It creeps in: where it began says what it has cost, and it explains nothing that was told before it was.
    """

    rule_id: str
    cause: str
    level: Level
    condition: Condition | None
    bounds: Bounds = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    explains: frozenset[str] = frozenset()
    danger: bool = False
    intervals: int = 0
    daily: bool = False
    weeks: bool = False
    slow: bool = False
