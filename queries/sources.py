"""What the queries read from: promises only, never an implementation."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from domain.clock import Clock
from domain.plant import Registry
from domain.price import PriceOf, no_prices
from stores.alert_protocol import AlertStore
from stores.day_protocol import DayStore
from stores.protocol import LatestValues, MeasurementStore, RecordStore


def _no_health() -> Mapping[str, Any]:
    return {}


def _no_figures() -> Mapping[str, str]:
    return {}


def _nothing() -> Sequence[str]:
    return ()


@dataclass(frozen=True, slots=True)
class Sources:
    """Everything a view is made of.

    ``clock`` is field time. ``health`` gives the collector's view of each device by id (empty where the
    collector is another process); ``figures`` gives further named figures for the data page, such as the
    spool's length. ``price_of`` tells what a kilowatt-hour was worth. ``faults`` names parts of this process that do not tick, ``unready`` why it should not be
    given work.
    """

    registry: Registry
    store: MeasurementStore
    latest: LatestValues
    records: RecordStore
    clock: Clock
    health: Callable[[], Mapping[str, Any]] = field(default=_no_health)
    figures: Callable[[], Mapping[str, str]] = field(default=_no_figures)
    faults: Callable[[], Sequence[str]] = field(default=_nothing)
    unready: Callable[[], Sequence[str]] = field(default=_nothing)
    alerts: AlertStore | None = None
    days: DayStore | None = None
    price_of: PriceOf = field(default=no_prices)
