"""What a wire, a publisher and the service need of a virtual field: physics and recorded data both have it."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Protocol

from domain.clock import Clock
from domain.plant import Device, Registry
from inverters.profile import DeviceProfile
from simulator.faults import BusState


class VirtualField(Protocol):
    """Devices that answer as of the last `refresh`."""

    registry: Registry
    profiles: Mapping[str, DeviceProfile]
    clock: Clock

    def refresh(self, at: datetime) -> None:
        """Bring every register to field time ``at``."""
        ...

    @property
    def as_of(self) -> datetime:
        """Instant of the last `refresh`: what the values are true for."""
        ...

    def answers(self, device_id: str) -> bool:
        """Whether a device answers now."""
        ...

    def read(self, device_id: str, function: int, address: int, count: int) -> bytes | None:
        """Return registers as bytes; None when the device has not all of them."""
        ...

    def meter_values(self, device_id: str) -> Mapping[str, float]:
        """Return what a meter of DL/T 645 shows now, by quantity."""
        ...

    def bus(self, gateway_id: str) -> BusState:
        """Return how a wire behaves now."""
        ...

    def documents(self) -> Iterator[tuple[Device, dict[str, float]]]:
        """Yield publishing devices that are awake, with their values by quantity."""
        ...
