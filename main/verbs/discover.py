"""`pvmon discover`: who is on the configured wires that the registry does not know; a subnet only on request."""

import argparse
import json
import logging
from collections.abc import Iterator
from typing import Any

from domain.clock import SystemClock
from domain.errors import CommandError, NoConnectionError
from domain.plant import Gateway, Registry, WireProtocol
from inverters.profile import load_profiles
from main.cli import Context, Exit
from main.configuration import load_registry
from main.field.asking import gateway_at, hosts_of, open_hosts, registered_at, sweep, units_of
from main.field.desk import who
from main.field.listening import unknown_topics
from texts.loader import Texts

log = logging.getLogger(__name__)


class _Discover:
    """The verb."""

    name = "discover"

    def arguments(self, parser: argparse.ArgumentParser, texts: Texts) -> None:
        """Declare arguments and options."""
        parser.add_argument("plant", nargs="?", metavar="PLANT", help=texts("finding.discover.option.plant"))
        parser.add_argument(
            "--units", default="1-10", metavar="LIST", help=texts("finding.discover.option.units")
        )
        parser.add_argument("--subnet", metavar="A.B.C.0/24", help=texts("finding.discover.option.subnet"))
        parser.add_argument(
            "--port", type=int, default=502, metavar="N", help=texts("finding.discover.option.port")
        )
        parser.add_argument("--rtu", action="store_true", help=texts("probe.options.rtu"))
        parser.add_argument(
            "--i-am-allowed", action="store_true", help=texts("finding.discover.option.allowed")
        )
        parser.add_argument(
            "--listen", type=float, default=15.0, metavar="S", help=texts("finding.discover.option.listen")
        )

    def run(self, args: argparse.Namespace, context: Context) -> int:
        """Warn, look, tell; exit 1 when it stopped at a sign of trouble."""
        units = units_of(args.units, context)
        registry = load_registry(context.config, context.data / "config", texts=context.texts)
        if args.subnet is not None and not args.i_am_allowed:
            raise CommandError(context.texts("finding.discover.not_allowed"))
        wires = (
            _subnet(args, registry, context) if args.subnet else _configured(args.plant, registry, context)
        )
        context.warn("finding.warning")
        context.warn("finding.discover.slow")
        log.warning("discover by %s: %s", who(), args.subnet or args.plant or "configured gateways")
        found: list[dict[str, Any]] = []
        for gateway in wires:
            known = {d.unit for d in registry.devices() if d.gateway_id == gateway.gateway_id}
            for one in sweep(gateway, units, known, context):
                found.append({**one, "gateway": gateway.gateway_id if gateway.plant_id else None})
                _tell(found[-1], context)
        found += _published(args, registry, context)
        if context.json:
            print(json.dumps(found, ensure_ascii=False, indent=1))
        else:
            context.say("finding.discover.done", count=sum(bool(one.get("found")) for one in found))
        return Exit.PROBLEM if any(one.get("trouble") for one in found) else Exit.OK


def _configured(plant_id: str | None, registry: Registry, context: Context) -> list[Gateway]:
    """Return the Modbus gateways of a plant, or of every plant."""
    if plant_id is not None and plant_id not in registry.plants_by_id:
        raise CommandError(context.texts("finding.discover.unknown", plant=plant_id))
    return [
        gateway
        for gateway in registry.gateways()
        if gateway.protocol is not WireProtocol.MQTT
        and not gateway.protocol.is_dlt645
        and plant_id in (None, gateway.plant_id)
    ]


def _subnet(args: argparse.Namespace, registry: Registry, context: Context) -> Iterator[Gateway]:
    hosts = hosts_of(args.subnet, context)
    return (
        registered_at(registry, place) or place
        for host in open_hosts(hosts, args.port)
        for place in [gateway_at(host, args.port, rtu=args.rtu)]
    )


def _published(args: argparse.Namespace, registry: Registry, context: Context) -> list[dict[str, Any]]:
    """Return what is published at the broker and nobody listens to; nothing where no gateway of the plant publishes."""
    plants = [registry.plants_by_id[args.plant]] if args.plant else registry.plants
    publishes = any(g.protocol is WireProtocol.MQTT for plant in plants for g in plant.gateways)
    if args.subnet is not None or args.listen <= 0 or not publishes:
        return []
    from collectors.mqtt_ear import hear
    from main.build import broker_from
    from main.settings import load_settings

    broker = broker_from(load_settings(config_dir=context.config, data_dir=context.data), registry)
    if broker is None:
        return []
    if not context.json:
        context.say("finding.discover.listening", broker=f"{broker.host}:{broker.port}", seconds=args.listen)
    log.warning("discover by %s: listens at %s", who(), broker)
    try:
        heard = hear(broker, args.listen)
    except NoConnectionError as error:
        told = [{"topic": "", "found": [], "trouble": str(error)}]
        if not context.json:
            context.say("finding.discover.no_broker", why=str(error))
        return told
    found = list(unknown_topics(heard, registry, load_profiles(), SystemClock().now()))
    for one in found if not context.json else ():
        key = "finding.discover.topic" if one["profile"] else "finding.discover.topic_unread"
        context.say(key, **{**one, "device": one["device"] or "—"})
    return found


def _tell(one: dict[str, Any], context: Context) -> None:
    if context.json:
        return
    for each in one["found"][:1]:
        context.say(
            "finding.discover.found",
            address=one["address"],
            unit=one["unit"],
            profile=each["profile"],
            percent=round(100 * each["confidence"]),
            model=each["model_name"] or "—",
            serial=each["serial_number"] or "—",
        )
    if one["answered"] and not one["found"]:
        context.say("finding.discover.stranger", address=one["address"], unit=one["unit"])
    if one["trouble"]:
        context.say("finding.discover.trouble", address=one["address"], why=one["trouble"])


VERB = _Discover()
