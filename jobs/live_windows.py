"""The newest hours of every live plant, each on the grid on which its devices are asked.

A sample stands for its own interval. On a finer grid most instants of a plant that is asked every five minutes say
nothing: what must hold for a quarter of an hour would take an hour and more, and a fifth of the loss would be counted.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

from domain.plant import Plant, Registry
from domain.series import PlantSeries
from domain.timespan import floor_to
from jobs.alert_series import Window, lights_of
from stores.protocol import MeasurementStore

STEPS_S = (60.0, 300.0, 900.0, 3600.0)
_SPAN_S, _LENGTH_MIN = 7200.0, 24
LENGTHS: Mapping[float, int] = MappingProxyType(
    {step_s: max(round(_SPAN_S / step_s), _LENGTH_MIN) for step_s in STEPS_S}
)


def step_of(plant: Plant) -> float:
    """Return the grid a plant is judged on: the shortest that holds a sample in every point. [s]"""
    return next((step_s for step_s in STEPS_S if plant.poll_period_s <= step_s), STEPS_S[-1])


class LiveWindows:
    """The windows of all plants; what has no new instant since it was read last is not told again."""

    def __init__(self, store: MeasurementStore, registry: Registry) -> None:
        self._store = store
        self._registry = registry
        self._windows: dict[float, Window] = {}
        self._read: dict[float, datetime] = {}

    def read_until(self, until: datetime) -> list[PlantSeries]:
        """Return the plants that have new instants before ``until``, each over the window that ends with them."""
        found: list[PlantSeries] = []
        for step_s in STEPS_S:
            own = [plant.plant_id for plant in self._registry.plants if step_of(plant) == step_s]
            end = floor_to(until, step_s)
            if own and self._read.get(step_s) != end:
                found += self._moved(step_s, own, end)
                self._read[step_s] = end
        return found

    def _moved(self, step_s: float, plant_ids: Sequence[str], end: datetime) -> list[PlantSeries]:
        length = LENGTHS[step_s]
        window = self._windows.get(step_s)
        if window is None:
            window = Window(self._store, self._registry, step_s, length, doubts=True)
            self._windows[step_s] = window
        window.plant_ids = frozenset(plant_ids)  # the registry changes while it runs
        if step_s > STEPS_S[0]:  # most sensors are asked every minute
            window.lights = lights_of(self._store, self._registry, step_s, length, end)
        return window.read_until(end)
