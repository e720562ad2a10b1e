"""How long one round on a wire takes at least, from what is read on it (requests never overlap on a wire)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from main.registry.profiles import KnownProfile
from main.registry.records import Row

UNITS_MAX = 30
PERIOD_S = 60.0
METERED_PERIOD_S = 300.0


@dataclass(frozen=True, slots=True)
class WireLoad:
    """One round on a wire: its units, its requests, and the least time it takes. [s]"""

    units: int
    reads: int
    least_s: float


def period_s(plant: Row) -> float:
    """Return the poll period of a plant; one that is not written is longer where a link is paid for by the byte. [s]"""
    written = plant.get("poll_period_s")
    if written is not None:
        return float(written)
    metered = any(gateway.get("plan_mb") for gateway in plant.get("gateways") or ())
    return METERED_PERIOD_S if metered else PERIOD_S


def pauses_s(
    gateway: Row, devices: Iterable[Row], profiles: Mapping[str, KnownProfile]
) -> tuple[float, float]:
    """Return the delay after connecting and the pause between requests of a wire. [s], [s]

    The longest that any device on the wire asks for, or what is written at the gateway if that is longer.
    """
    found = [profiles[name] for device in devices if (name := device.get("profile") or "") in profiles]
    delay_s = max((one.connect_delay_s for one in found), default=0.0)
    pause_s = max((one.request_pause_s for one in found), default=0.0)
    return max(delay_s, gateway["connect_delay_s"]), max(pause_s, gateway["request_pause_s"])


def wire_load(gateway: Row, devices: Sequence[Row], profiles: Mapping[str, KnownProfile]) -> WireLoad:
    """Return the load of one wire: every request costs its answer and the wire's pause.

    A device with an unknown profile counts as one request.
    """
    _, pause_s = pauses_s(gateway, devices, profiles)
    reads = 0
    for device in devices:
        profile = profiles.get(device.get("profile") or "")
        reads += profile.reads(device.get("string_count") or 0) if profile is not None else 1
    return WireLoad(len(devices), reads, reads * (gateway["answer_s"] + pause_s))
