"""The maintenance tag a field man hangs from the order he works on: one tap, ends by itself. Pure."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from domain.case import Case
from domain.handling import PlannedStop

TAG = timedelta(hours=4)


def tag_of(case: Case, stops: Iterable[PlannedStop], now: datetime) -> PlannedStop | None:
    """Return the tag that hangs where a case is about: on its device, or on its whole plant."""
    for stop in stops:
        if case.plant_id and stop.is_tag_of(case.plant_id, case.device_id) and stop.holds(now):
            return stop
    return None
