"""`pvmon work`: the server role that computes."""

import argparse
from pathlib import Path

from main.cli import Context
from texts.loader import Texts


class _Verb:
    """The verb."""

    name = "work"

    def arguments(self, parser: argparse.ArgumentParser, texts: Texts) -> None:
        """Declare the options; settings come from the environment."""
        parser.add_argument("--profiles", type=Path, metavar="DIR", help=texts("finding.option.profiles"))

    def run(self, args: argparse.Namespace, context: Context) -> int:
        """Run until told to stop."""
        from main.roles import perform, start_worker

        return perform(args, context, start_worker, embedded=False)


VERB = _Verb()
