"""`pvmon run`: everything in one process, from the configuration."""

import argparse
from pathlib import Path

from main.cli import Context
from texts.loader import Texts


class _Verb:
    """The verb."""

    name = "run"

    def arguments(self, parser: argparse.ArgumentParser, texts: Texts) -> None:
        """Declare the options."""
        parser.add_argument("--profiles", type=Path, metavar="DIR", help=texts("finding.option.profiles"))
        parser.add_argument("--host", metavar="ADDRESS", help=texts("demo.options.host"))
        parser.add_argument("--port", type=int, metavar="N", help=texts("demo.options.port"))

    def run(self, args: argparse.Namespace, context: Context) -> int:
        """Run until told to stop."""
        from main.roles import perform, start_everything

        return perform(args, context, start_everything, embedded=True)


VERB = _Verb()
