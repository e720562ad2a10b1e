"""`pvmon service`: units for systemd, so that it starts with the machine and again after a crash."""

import argparse
import json
import re
from pathlib import Path

from domain.errors import CommandError
from main.cli import Context, Exit
from texts.loader import Texts


class ServiceVerb:
    """The verb."""

    name = "service"

    def arguments(self, parser: argparse.ArgumentParser, texts: Texts) -> None:
        """Declare ``install``."""
        acts = parser.add_subparsers(dest="act", required=True, metavar=texts("service.act"))
        install = acts.add_parser("install", help=texts("service.install.help"))
        install.add_argument(
            "--root", type=Path, default=Path("/"), metavar="DIR", help=texts("service.root")
        )
        role = install.add_mutually_exclusive_group()
        role.add_argument("--server", action="store_true", help=texts("service.server"))
        role.add_argument("--edge", default="", metavar="PLANT", help=texts("service.edge"))
        install.add_argument("--user", default="pvmon", metavar="NAME", help=texts("service.user"))
        install.add_argument(
            "--program",
            type=Path,
            default=Path("/opt/pvmon/current/venv/bin/pvmon"),
            metavar="FILE",
            help=texts("service.program"),
        )

    def run(self, args: argparse.Namespace, context: Context) -> int:
        """Write the units."""
        from main.units import Site, install

        config, data = context.config.absolute(), context.data.absolute()
        if not re.fullmatch(r"[A-Za-z0-9_.-]*", args.edge):
            raise CommandError(f"{args.edge!r} is no id of a plant; see `pvmon check`")
        for path in (config, data, args.program):
            if any(letter.isspace() or letter == "%" for letter in str(path)):
                raise CommandError(
                    f"{path}: systemd reads spaces and % in a path its own way; choose another place"
                )
        site = Site(args.program.absolute(), config, data, Path("/etc/pvmon/pvmon.env"), args.user, args.edge)
        written = install(site, args.root, server=args.server)
        if context.json:
            print(json.dumps([str(path) for path in written]))
        else:
            names = " ".join(path.name for path in written if path.suffix == ".service")
            context.say("service.install.done", files="\n  ".join(map(str, written)), names=names)
        return Exit.OK


VERB = ServiceVerb()
