"""`pvmon demo`: the whole thing on a virtual fleet, on loopback."""

import argparse

from main.cli import Context
from texts.loader import Texts

_PORT = 8050


class _Demo:
    """The verb."""

    name = "demo"

    def arguments(self, parser: argparse.ArgumentParser, texts: Texts) -> None:
        """Declare the options."""
        parser.add_argument("--host", default="127.0.0.1", help=texts("demo.options.host"))
        parser.add_argument("--port", type=int, default=_PORT, metavar="N", help=texts("demo.options.port"))
        parser.add_argument("--seed", type=int, default=1, metavar="N", help=texts("demo.options.seed"))
        parser.add_argument(
            "--speed", type=float, default=None, metavar="X", help=texts("demo.options.speed")
        )
        parser.add_argument(
            "--history-days", type=int, default=None, metavar="N", help=texts("demo.options.history")
        )
        parser.add_argument(
            "--period", type=float, default=None, metavar="S", help=texts("demo.options.period")
        )
        parser.add_argument(
            "--store", choices=("duckdb", "influx"), default="duckdb", help=texts("demo.options.store")
        )
        parser.add_argument("--smoke", action="store_true", help=texts("demo.options.smoke"))

    def run(self, args: argparse.Namespace, context: Context) -> int:
        """Run it until it is ended, or until it has checked itself."""
        from main.demo.show import Show, perform

        if args.smoke:
            from main.demo.smoke import check

            return check(context, args.seed, args.store)
        return perform(
            Show(
                context.config,
                context.data,
                context.texts,
                args.host,
                args.port,
                args.seed,
                args.speed if args.speed is not None else 1.0,
                args.history_days if args.history_days is not None else 30,
                args.period,
                store=args.store,
                faults=True,
            )
        )


VERB = _Demo()
