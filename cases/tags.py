"""The maintenance tag a field man hangs from the order he works on: one tap, ends by itself. Pure."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from domain.case import Case
from domain.handling import PlannedStop, StopKind

TAG = timedelta(hours=4)


def tag_of(case: Case, stops: Iterable[PlannedStop], now: datetime) -> PlannedStop | None:
    """Return the tag that hangs where a case is about: on its device, or on its whole plant."""
    for stop in stops:
        here = stop.kind is StopKind.MAINTENANCE and stop.plant_id == case.plant_id
        if case.plant_id and here and stop.device_id in {"", case.device_id} and stop.holds(now):
            return stop
    return None
