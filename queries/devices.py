"""One device as it is now: its state in its maker's words, its power, and how old that is."""

from dataclasses import dataclass
from datetime import datetime

from domain.measurement import Batch
from domain.plant import Connection, Device
from inverters.codes import DeviceState, StateReading, device_state
from queries.states import DataState, Name, OperationState, data_state

POWER = "ac_active_power_w"
TEMPERATURE = "internal_temperature_c"
NO_NAME = Name("", "")

_OPERATION = {
    DeviceState.RUNNING: OperationState.GENERATING,
    DeviceState.STANDBY: OperationState.STANDBY,
    DeviceState.DERATED: OperationState.DERATED,
    DeviceState.FAULT: OperationState.FAULT,
    DeviceState.STOPPED: OperationState.STOPPED,
    DeviceState.UNKNOWN: OperationState.UNKNOWN,
}


@dataclass(frozen=True, slots=True)
class DeviceNow:
    """A device at the moment of a snapshot.

    ``power_kw`` is the last value; it counts as now only while ``data`` is fresh. ``normalised`` is power
    over rated power.
    """

    device: Device
    data: DataState
    operation: OperationState
    measured_at: datetime | None = None
    power_kw: float | None = None
    normalised: float | None = None
    temperature_c: float | None = None
    condition: Name = NO_NAME
    code: str = ""
    advice: Name = NO_NAME

    @property
    def current_kw(self) -> float | None:
        """Power now, None when the last value is not of now. [kW]"""
        return self.power_kw if self.data is DataState.FRESH else None


def _condition(reading: StateReading) -> tuple[Name, str, Name]:
    name = Name(reading.name_zh, reading.name_en)
    advice = Name(reading.advice_zh, reading.advice_en)
    return name, reading.code, advice


class Conditions:
    """Reads a device's state out of its newest batch once, however often it is looked at."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[Batch, StateReading]] = {}

    def of(self, device: Device, batch: Batch) -> StateReading:
        """Return the state ``batch`` tells; the same batch is not read again."""
        known = self._known.get(device.device_id)
        if known is None or known[0] is not batch:
            known = (batch, device_state(device.profile, batch))
            self._known[device.device_id] = known
        return known[1]


def device_now(
    device: Device,
    batch: Batch | None,
    now: datetime,
    period_s: float,
    *,
    daylight: bool,
    conditions: Conditions | None = None,
) -> DeviceNow:
    """Return ``device`` as its newest ``batch`` tells at ``now``."""
    newest = None if batch is None else batch.measured_at
    data = data_state(Connection.LIVE, newest, now, period_s, daylight=daylight)
    if batch is None:
        return DeviceNow(device, data, OperationState.UNKNOWN)
    watts = batch.good(POWER)
    power_kw = None if watts is None else watts / 1000.0
    reading = (conditions or Conditions()).of(device, batch)
    operation = _OPERATION[reading.state] if data is DataState.FRESH else OperationState.UNKNOWN
    if (
        data is DataState.FRESH
        and reading.state is DeviceState.UNKNOWN
        and power_kw is not None
        and power_kw > 0
    ):
        operation = OperationState.GENERATING
    if operation is OperationState.STANDBY and not daylight:
        operation = OperationState.NIGHT
    condition, code, advice = _condition(reading)
    normalised = power_kw / device.rated_power_kw if power_kw is not None and device.rated_power_kw else None
    return DeviceNow(
        device,
        data,
        operation,
        newest,
        power_kw,
        normalised,
        batch.good(TEMPERATURE),
        condition,
        code,
        advice,
    )
