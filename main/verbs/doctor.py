"""`pvmon doctor`: examines the machine, line by line, each with a cure."""

import argparse
import json

from main.cli import Context, Exit, Verb
from main.doctor import Verdict, as_document, examine, lines_of, summary_of, worst
from main.probes import Place, probes
from texts.loader import Texts


class Doctor:
    """The verb."""

    name = "doctor"

    def arguments(self, parser: argparse.ArgumentParser, texts: Texts) -> None:
        """Declare nothing: the folders are global options."""

    def run(self, args: argparse.Namespace, context: Context) -> int:  # noqa: ARG002 (no options of its own)
        """Examine, report, and exit 1 when anything fails."""
        findings = examine(probes(Place.of(context.config, context.data)))
        if context.json:
            print(json.dumps(as_document(findings, context.texts), ensure_ascii=False))
        else:
            for finding in findings:
                print("\n".join(lines_of(finding, context.texts)), flush=True)
            print(summary_of(findings, context.texts), flush=True)
        return Exit.PROBLEM if worst(findings) is Verdict.FAIL else Exit.OK


VERB: Verb = Doctor()
