"""`pvmon tls`: a certificate for the pages from an authority of our own, for places without internet."""

import argparse
import json
from typing import Any

from main.cli import Context, Exit
from texts.loader import Texts


class TlsVerb:
    """The verb."""

    name = "tls"

    def arguments(self, parser: argparse.ArgumentParser, texts: Texts) -> None:
        """Declare ``init`` and ``show``."""
        acts = parser.add_subparsers(dest="act", required=True, metavar=texts("tls.act"))
        init = acts.add_parser("init", help=texts("tls.init.help"))
        init.add_argument("--name", action="append", required=True, metavar="HOST", help=texts("tls.name"))
        acts.add_parser("show", help=texts("tls.show.help"))

    def run(self, args: argparse.Namespace, context: Context) -> int:
        """Make, or show when they end."""
        from domain.clock import SystemClock
        from main.tls.certificates import Authority, ends_of

        folder = context.data / "tls"
        if args.act == "init":
            given = Authority(folder, SystemClock()).server("server", args.name, folder)
            done: dict[str, Any] = {"certificate": str(given.certificate), "key": str(given.key)}
            if context.json:
                print(json.dumps(done | {"authority": str(folder / "ca.crt"), "made": given.made}))
            else:
                said = "tls.init.done" if given.made else "tls.init.kept"
                context.say(said, authority=folder / "ca.crt", **done)
            return Exit.OK
        ends = ends_of(folder)
        if context.json:
            print(json.dumps([{"file": name, "ends": end.isoformat()} for name, end in ends]))
        for name, end in ends if not context.json else ():
            context.say("tls.show.line", file=name, end=end, days=(end - SystemClock().now()).days)
        return Exit.OK


VERB = TlsVerb()
