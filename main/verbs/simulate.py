"""`pvmon simulate`: the virtual field on real sockets, until Ctrl-C or SIGTERM."""

import argparse
import asyncio
import json
import signal
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from domain.clock import FieldClock
from domain.errors import CommandError, ConfigurationError
from domain.plant import Registry, WireProtocol
from inverters.profile import load_profiles
from main.cli import Context, Exit
from main.configuration import load_registry
from main.ports import with_ports
from simulator.broker import BrokerAddress, broker
from simulator.field import VirtualField
from simulator.fleet import Fleet
from simulator.recorded import RecordedField, recorded_registry
from simulator.script import read_script
from simulator.service import Ready, ServeOptions, serve
from texts.loader import Texts

_RECORDED_PORT = 15_020
_BROKER = "127.0.0.1:1883"


class _Simulate:
    """The verb."""

    name = "simulate"

    def arguments(self, parser: argparse.ArgumentParser, texts: Texts) -> None:
        """Declare the options."""

        def words(option: str) -> str:
            return texts(f"simulate.options.{option}")

        parser.add_argument("--seed", type=int, default=1, metavar="N", help=words("seed"))
        parser.add_argument("--speed", type=float, default=None, metavar="X", help=words("speed"))
        parser.add_argument("--start", type=datetime.fromisoformat, metavar="INSTANT", help=words("start"))
        parser.add_argument("--clock", metavar="TEXT", help=words("clock"))
        parser.add_argument("--faults", type=Path, metavar="FILE", help=words("faults"))
        parser.add_argument("--truth", type=Path, metavar="FILE", help=words("truth"))
        parser.add_argument("--energy-truth", type=Path, metavar="FILE", help=words("energy_truth"))
        parser.add_argument("--recorded", type=Path, metavar="DIR", help=words("recorded"))
        parser.add_argument("--ports-from", type=Path, metavar="FILE", help=words("ports_from"))
        parser.add_argument("--past", type=Path, metavar="DIR", help=words("past"))
        parser.add_argument("--past-days", type=int, default=30, metavar="N", help=words("past_days"))
        parser.add_argument(
            "--broker", default="auto", metavar="auto[:PORT]|none|HOST:PORT", help=words("broker")
        )

    def run(self, args: argparse.Namespace, context: Context) -> int:
        """Serve until told to stop."""
        clock = _clock(args)
        field = _recorded(args, clock) if args.recorded is not None else _fleet(args, context, clock)
        if isinstance(field, Fleet) and args.past is not None:
            _make_past(field, args, context)
        asyncio.run(_serve(field, args, context))
        return Exit.OK


def _make_past(fleet: Fleet, args: argparse.Namespace, context: Context) -> None:
    from main.demo.past import make_beside  # only here: most runs have no past

    try:
        args.past.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CommandError(
            f"--past {args.past}: {error.strerror}; name a folder that can be written"
        ) from error
    make_beside(fleet, args.past_days, args.past, context.texts("demo.manual_note"))


def _clock(args: argparse.Namespace) -> FieldClock:
    if args.clock is not None:
        if args.speed is not None or args.start is not None:
            raise CommandError("--clock holds start and speed already; leave out --speed and --start")
        return FieldClock.parse(args.clock)
    if args.speed is not None and args.speed <= 0:
        raise CommandError(f"--speed {args.speed:g}: expected a number above 0")
    if args.start is not None and args.start.tzinfo is None:
        raise CommandError(f"--start {args.start.isoformat()}: needs a zone, like 2026-07-01T10:30:00+08:00")
    return FieldClock.starting(args.start, args.speed or 1.0)


def _recorded(args: argparse.Namespace, clock: FieldClock) -> VirtualField:
    if any(each is not None for each in (args.faults, args.truth, args.energy_truth, args.past)):
        raise CommandError(
            "--recorded serves data as it was recorded; leave out --faults, --truth, --energy-truth and --past"
        )
    registry = _moved(recorded_registry(args.recorded, _RECORDED_PORT), args.ports_from)
    return RecordedField(args.recorded, registry, load_profiles(), clock)


def _fleet(args: argparse.Namespace, context: Context, clock: FieldClock) -> VirtualField:
    registry = _moved(load_registry(context.config, context.data / "config"), args.ports_from)
    if args.broker == "none":
        registry = _without_mqtt(registry)
    faults = read_script(args.faults, registry, clock.now()) if args.faults is not None else ()
    return Fleet(registry, load_profiles(), clock, args.seed, faults)


def _moved(registry: Registry, ports_from: Path | None) -> Registry:
    """Return the registry with gateways on the ports of a JSON file {gateway: port}, all on loopback."""
    if ports_from is None:
        return registry
    try:
        ports = json.loads(ports_from.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            f"{ports_from}: cannot be read as JSON of gateway and port ({error})"
        ) from error
    known = {gateway.gateway_id for gateway in registry.gateways()}
    good = isinstance(ports, dict) and all(isinstance(p, int) and 0 <= p <= 65_535 for p in ports.values())
    if not good or not set(ports) <= known:
        raise ConfigurationError(
            f"{ports_from}: expected {{gateway id: port}} with gateways of this registry"
        )
    return with_ports(registry, ports)


def _without_mqtt(registry: Registry) -> Registry:
    plants = tuple(
        replace(plant, gateways=tuple(g for g in plant.gateways if g.protocol is not WireProtocol.MQTT))
        for plant in registry.plants
    )
    return replace(registry, plants=plants)


async def _serve(field: VirtualField, args: argparse.Namespace, context: Context) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with AsyncExitStack() as stack:
        address = await _broker(field.registry, args.broker, stack)
        options = ServeOptions(
            truth=args.truth,
            energy_truth=args.energy_truth,
            publish_to=address,
            on_ready=lambda ready: _say_ready(ready, field, context),
        )
        await serve(field, stop, options)
    if not context.json:
        context.say("simulate.stopped")


async def _broker(registry: Registry, wish: str, stack: AsyncExitStack) -> BrokerAddress | None:
    """Return where to publish: the address given; with auto the usual port or the one behind ``auto:``.

    Where auto finds no broker, one is started.
    """
    if all(gateway.protocol is not WireProtocol.MQTT for gateway in registry.gateways()):
        return None
    ours = wish.partition(":")[0] == "auto"
    given = f"127.0.0.1:{wish.partition(':')[2]}" if ours and wish != "auto" else wish
    host, _, port = (_BROKER if wish == "auto" else given).rpartition(":")
    if not host or not port.isdigit():
        raise CommandError(f"--broker {wish!r}: expected auto, auto:PORT, none or HOST:PORT")
    try:
        _, writer = await asyncio.open_connection(host, int(port))
    except OSError:
        if not ours:
            raise
        return await stack.enter_async_context(broker(int(port)))
    writer.close()
    return BrokerAddress(host, int(port), "MQTT")


def _say_ready(ready: Ready, field: VirtualField, context: Context) -> None:
    if context.json:
        broker_at = f"{ready.broker.host}:{ready.broker.port}" if ready.broker else None
        print(
            json.dumps(
                {
                    "ready": True,
                    "wires": ready.wires,
                    "publishers": ready.publishers,
                    "devices": ready.devices,
                    "ports": ready.ports,
                    "lines": ready.lines,
                    "broker": broker_at,
                    "clock": str(field.clock),
                    "field_time": field.clock.now().isoformat(),
                }
            ),
            flush=True,
        )
        return
    for gateway_id, port in ready.ports.items():
        context.say("simulate.wire", gateway=gateway_id, port=port)
    for gateway_id, path in ready.lines.items():
        context.say("simulate.line", gateway=gateway_id, path=path)
    if ready.broker is not None:
        context.say("simulate.broker", name=ready.broker.name, host=ready.broker.host, port=ready.broker.port)
    context.say(
        "simulate.clock", field_time=field.clock.now().isoformat(timespec="seconds"), clock=field.clock
    )
    context.say("simulate.ready", wires=ready.wires, publishers=ready.publishers, devices=ready.devices)


VERB = _Simulate()
