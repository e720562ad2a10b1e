"""Running a virtual field: sockets open, registers fresh, documents published, truth written."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from simulator.broker import BrokerAddress
from simulator.field import VirtualField
from simulator.fleet import Fleet
from simulator.listener import Listener
from simulator.meter_wire import meter_wires_of
from simulator.publish import Publisher
from simulator.truth import EnergyTruth, FaultTruth
from simulator.wire import wires_of

log = logging.getLogger(__name__)
_REFRESH_FIELD_S = 5.0  # registers of real inverters are a few seconds old as well
_REFRESH_REAL_S = 0.2  # however fast field time runs
Wires = Sequence[Listener]
_REFRESH_RECORDED_S = 0.005  # a table look-up costs next to nothing, and recordings are replayed fast


@dataclass(frozen=True, slots=True)
class Ready:
    """Said once, when every socket and line is open. ``ports`` and ``lines`` (paths) by gateway."""

    wires: int
    publishers: int
    devices: int
    ports: dict[str, int] = field(default_factory=dict)
    broker: BrokerAddress | None = None
    lines: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """What a run writes, and whom it tells.

    ``publish_to`` overrides the broker address of every MQTT gateway; ``on_ready`` is called once.
    """

    truth: Path | None = None
    energy_truth: Path | None = None
    energy_truth_every_s: float = 60.0
    publish_to: BrokerAddress | None = None
    on_ready: Callable[[Ready], None] | None = None


async def serve(fleet: VirtualField, stop: asyncio.Event, options: ServeOptions | None = None) -> None:
    """Serve a field until ``stop`` is set; everything opened here is closed again.

    Raises
    ------
    ConfigurationError
        A port cannot be had; the ones already opened are closed.
    NoConnectionError
        The MQTT broker does not answer.
    """
    options = options or ServeOptions()
    wires: Wires = (*wires_of(fleet, strict=True), *meter_wires_of(fleet))
    address = options.publish_to
    publisher = Publisher(fleet, *((address.host, address.port) if address else (None, None)))
    with contextlib.ExitStack() as stack:
        truths = _open_truths(fleet, options, stack)
        try:
            for wire in wires:
                await wire.open()
            if publisher.wanted:
                publisher.start()
            if options.on_ready is not None:
                options.on_ready(_ready(fleet, wires, publisher, address))
            await _run(fleet, wires, publisher, truths, stop)
        finally:
            publisher.stop()
            await asyncio.gather(*(wire.close() for wire in wires))


def _open_truths(
    fleet: VirtualField, options: ServeOptions, stack: contextlib.ExitStack
) -> Sequence[Callable[[], object]]:
    """Return what writes the truth, to be called after each refresh."""
    if not isinstance(fleet, Fleet):
        return ()
    writers: list[Callable[[], object]] = []
    if options.energy_truth is not None:
        energy = stack.enter_context(EnergyTruth(options.energy_truth, fleet, options.energy_truth_every_s))
        writers.append(lambda: energy.write_until(fleet.clock.now()))
    if options.truth is not None:
        faults = FaultTruth(options.truth, fleet)
        stack.callback(lambda: faults.write(fleet.clock.now()))
        faults.write(fleet.clock.now())
        seen = len(fleet.losses(fleet.clock.now()))
        writers.append(_on_change(fleet, faults, seen))
    return writers


def _on_change(fleet: Fleet, faults: FaultTruth, seen: int) -> Callable[[], None]:
    """Return a writer that writes when a fault begins or ends."""
    known = {"state": (seen, 0)}

    def write() -> None:
        now_s = fleet.clock.now().timestamp()
        begun = sum(fault.start_s <= now_s for fault in fleet.faults.faults)
        ended = sum(fault.end_s <= now_s for fault in fleet.faults.faults)
        if known["state"] != (begun, ended):
            known["state"] = (begun, ended)
            faults.write(fleet.clock.now())

    return write


def _ready(fleet: VirtualField, wires: Wires, publisher: Publisher, broker: BrokerAddress | None) -> Ready:
    return Ready(
        wires=len(wires),
        publishers=publisher.gateway_count,
        devices=sum(1 for device in fleet.registry.devices() if device.gateway_id is not None),
        ports={w.gateway.gateway_id: w.port for w in wires if not w.gateway.protocol.is_serial},
        lines={w.gateway.gateway_id: w.gateway.host for w in wires if w.gateway.protocol.is_serial},
        broker=broker,
    )


async def _run(
    fleet: VirtualField,
    wires: Wires,
    publisher: Publisher,
    writers: Sequence[Callable[[], object]],
    stop: asyncio.Event,
) -> None:
    """Refresh until told to stop."""
    least_s = _REFRESH_REAL_S if isinstance(fleet, Fleet) else _REFRESH_RECORDED_S
    while not stop.is_set():
        fleet.refresh(fleet.clock.now())
        for wire in wires:
            await wire.follow_faults()
        if publisher.wanted:
            publisher.publish_due()
        for write in writers:
            write()
        pause_s = max(least_s, fleet.clock.wait_s(_REFRESH_FIELD_S))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), pause_s)
