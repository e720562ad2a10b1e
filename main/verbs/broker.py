"""`pvmon broker`: what the district's Mosquitto and its gateways need: doors, rights, certificates."""

import argparse
import json
from pathlib import Path

from main.cli import Context, Exit
from texts.loader import Texts


class BrokerVerb:
    """The verb."""

    name = "broker"

    def arguments(self, parser: argparse.ArgumentParser, texts: Texts) -> None:
        """Declare ``config``."""
        acts = parser.add_subparsers(dest="act", required=True, metavar=texts("broker.act"))
        config = acts.add_parser("config", help=texts("broker.config.help"))
        config.add_argument("--out", type=Path, required=True, metavar="DIR", help=texts("broker.out"))
        config.add_argument(
            "--name", action="append", required=True, metavar="HOST", help=texts("broker.name")
        )
        config.add_argument("--port", type=int, default=8883, metavar="N", help=texts("broker.port"))
        config.add_argument("--bind", default="0.0.0.0", metavar="ADDRESS", help=texts("broker.bind"))  # noqa: S104
        config.add_argument("--at", default="", metavar="DIR", help=texts("broker.at"))
        config.add_argument(
            "--data-at", default="/var/lib/mosquitto", metavar="DIR", help=texts("broker.data_at")
        )
        config.add_argument(
            "--take-back", action="append", default=[], metavar="PLANT", help=texts("broker.take_back")
        )

    def run(self, args: argparse.Namespace, context: Context) -> int:
        """Write the files."""
        from domain.clock import SystemClock
        from main.configuration import load_registry
        from main.tls.broker_files import Door, publishing_plants, write_files

        overlay = context.data / "config"
        registry = load_registry(context.config, overlay if overlay.is_dir() else None)
        door = Door(tuple(args.name), args.port, args.bind, args.at, args.data_at)
        made = write_files(registry, door, args.out, SystemClock(), args.take_back)
        count = len(publishing_plants(registry))
        if context.json:
            print(json.dumps({"plants": count, "made": made}))
        else:
            context.say("broker.config.done", plants=count, made=len(made), out=args.out)
        return Exit.OK


VERB = BrokerVerb()
