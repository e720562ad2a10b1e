"""`pvmon doctor`: examines the machine, line by line, each with a cure; a sheet and a bundle on demand."""

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from getpass import getuser
from pathlib import Path
from typing import TYPE_CHECKING

from domain.errors import CommandError
from main import control
from main.cli import Context, Exit, Verb
from main.clock_orders import CONFIRM_CLOCK
from main.doctor import Finding, Verdict, as_document, examine, lines_of, summary_of, worst
from main.probes import Place, free_bytes, probes
from texts.loader import Texts

if TYPE_CHECKING:
    from domain.account import User
    from domain.records import JobRun
    from main.settings import Settings


class Doctor:
    """The verb."""

    name = "doctor"

    def arguments(self, parser: argparse.ArgumentParser, texts: Texts) -> None:
        """Declare what may be left out and what may be written besides."""
        parser.add_argument(
            "--without", action="append", default=[], metavar="CHECK", help=texts("handover.options.without")
        )
        parser.add_argument("--report", type=Path, metavar="FILE", help=texts("handover.options.report"))
        parser.add_argument("--confirm-clock", action="store_true", help=texts("clock.option.confirm"))
        parser.add_argument("--bundle", type=Path, metavar="FILE", help=texts("handover.options.bundle"))

    def run(self, args: argparse.Namespace, context: Context) -> int:
        """Examine, report, and exit 1 when anything fails."""
        if args.confirm_clock:
            return _confirm_clock(context)
        asked = probes(Place.of(context.config, context.data))
        findings = examine([(check, probe) for check, probe in asked if check not in args.without])
        if context.json:
            print(json.dumps(as_document(findings, context.texts), ensure_ascii=False))
        else:
            for finding in findings:
                print("\n".join(lines_of(finding, context.texts)), flush=True)
            print(summary_of(findings, context.texts), flush=True)
        if args.report is not None or args.bundle is not None:
            _write(args, context, findings)
        return Exit.PROBLEM if worst(findings) is Verdict.FAIL else Exit.OK


def _confirm_clock(context: Context) -> int:
    """Tell the running collector that a person has looked at a watch."""
    if not control.is_running(context.data):
        raise CommandError(context.texts("clock.not_running"))
    done = control.call(context.data, CONFIRM_CLOCK, {"user": getuser()}) or {}
    if context.json:
        print(json.dumps(done, ensure_ascii=False))
    else:
        context.say("clock.confirmed", at=done.get("confirmed", ""))
    return Exit.OK


@dataclass(frozen=True)
class _Known:
    """What the records tell: who has an account, how the jobs went."""

    users: "Sequence[User]"
    runs: "Sequence[JobRun]"


def _known(settings: "Settings") -> _Known:
    """Read accounts and job runs; where the records cannot be opened there are none."""
    from domain.errors import StoreError
    from main.build import open_records

    if not settings.records_url and not (settings.data_dir / "records" / "records.sqlite").exists():
        return _Known((), ())
    try:
        records = open_records(settings)
    except StoreError:
        return _Known((), ())
    try:
        return _Known(records.users(), records.job_runs())
    finally:
        records.close()


def _write(args: argparse.Namespace, context: Context, findings: Sequence[Finding]) -> None:
    from main.settings import load_settings

    settings = load_settings(config_dir=context.config, data_dir=context.data)
    known = _known(settings)
    if args.report is not None:
        _report(args.report, context, settings, known, findings)
    if args.bundle is not None:
        _bundle(args.bundle, context, settings, known, findings)


def _report(
    target: Path, context: Context, settings: "Settings", known: _Known, findings: Sequence[Finding]
) -> None:
    from domain.clock import SystemClock
    from main.backup.shelf import Journal, last
    from main.backup.work import backup_folder
    from main.handover import Facts, sheet
    from main.tls.certificates import ends_of

    entries = Journal(backup_folder(settings)).entries()
    since = last(entries, "since", ok=None)
    samples = settings.data_dir / "samples"
    facts = Facts(
        settings,
        SystemClock().now(),
        known.users,
        ends_of(settings.data_dir / "tls"),
        free_bytes(settings.data_dir),
        sum(path.stat().st_size for path in samples.rglob("*") if path.is_file()),
        since.at if since else None,
        entries,
        findings,
    )
    target.write_text(sheet(facts, context.texts), "utf-8")
    if not context.json:
        context.say("handover.report.done", file=target)


def _bundle(
    target: Path, context: Context, settings: "Settings", known: _Known, findings: Sequence[Finding]
) -> None:
    from main.handover import versions
    from main.log_bundle import Scrubber, write_bundle

    names = [name for user in known.users for name in (user.user_id, user.display_name)]
    documents = {
        "doctor": as_document(findings, context.texts),
        "versions": dict(versions()),
        "settings": {name: str(getattr(settings, name)) for name in type(settings).model_fields},
        "jobs": [(run.job, run.period, run.state.value, run.detail) for run in known.runs],
    }
    logs = sorted((settings.data_dir / "log").glob("*.log*"))
    count = write_bundle(target, logs, documents, Scrubber(names))
    if not context.json:
        context.say("handover.bundle.done", file=target, files=count)


VERB: Verb = Doctor()
