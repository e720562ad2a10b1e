"""`pvmon collect`: the server role that polls."""

import argparse

from main.cli import Context
from texts.loader import Texts


class _Verb:
    """The verb."""

    name = "collect"

    def arguments(self, parser: argparse.ArgumentParser, texts: Texts) -> None:
        """It has no options of its own: settings come from the environment."""

    def run(self, args: argparse.Namespace, context: Context) -> int:
        """Run until told to stop."""
        from main.roles import perform, start_collector

        return perform(args, context, start_collector, embedded=False)


VERB = _Verb()
