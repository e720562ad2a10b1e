"""`pvmon revenue`: money in from the command line; asks the running instance when there is one.

Acts on money are done as a person of the program, who gives the password (prompted, or in a file); whoever may
open the data folder can only check the books (`verify`).
"""

import argparse
import base64
import contextlib
import json
import secrets
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from domain.errors import CommandError
from main.cli import Context, Exit
from main.control import call, is_running
from main.revenue_acts import MORE_ACTS, declare, payload_of
from main.verbs.acts import content_of, person_of
from main.verbs.payout import VERB as PAYOUT
from texts.loader import Texts

if TYPE_CHECKING:
    from commands.money_desk import Order

FILE_ACTS = ("import-statements", "import-receipts", "import-deductions", "import-openings")
WATCH_EVERY_S = 0.5
FORMATS = ("beancount", "csv", "xlsx")


def answer(context: Context, order: str, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Have an order carried out by the running instance, else in this process."""
    given = {**payload, "lang": context.texts.language}
    told = call(context.data, order, given)
    if told is not None:
        return told
    with opened(context) as orders:
        return orders[order](given)


@contextlib.contextmanager
def opened_or_asked(context: Context) -> Iterator[Callable[[str, Mapping[str, Any]], Mapping[str, Any]]]:
    """Yield what carries out orders: the running instance when there is one, else the records opened here."""
    if is_running(context.data):
        yield lambda order, given: call(context.data, order, given) or {}
        return
    with opened(context) as orders:
        yield lambda order, given: orders[order](given)


@contextlib.contextmanager
def opened(context: Context) -> Iterator[Mapping[str, "Order"]]:
    """Open the records of the data folder; yield the orders on them."""
    from main.build import options_from
    from main.instance import Instance
    from main.settings import load_settings

    instance = Instance(options_from(load_settings(config_dir=context.config, data_dir=context.data)))
    try:
        instance.open_records()
        yield instance.money_orders()
    finally:
        instance.stop()


class RevenueVerb:
    """Money in: import, settle, confirm, close, check, export."""

    name = "revenue"

    def arguments(self, parser: argparse.ArgumentParser, texts: Texts) -> None:
        """Declare arguments and options."""
        acts = parser.add_subparsers(dest="act", metavar=texts("revenue.cli.act"), required=True)

        def add(name: str) -> argparse.ArgumentParser:
            one = acts.add_parser(name, help=texts(f"revenue.cli.{name.replace('-', '_')}"))
            if name != "verify":
                one.add_argument("--user", required=True, help=texts("acts.user"))
                one.add_argument("--password-file", type=Path, help=texts("acts.password_file"))
            return one

        for name in FILE_ACTS:
            one = add(name)
            one.add_argument("files", nargs="+", type=Path, help=texts("revenue.cli.files"))
            if name == "import-statements":
                one.add_argument("--dry-run", action="store_true", help=texts("revenue.cli.dry_run"))
                one.add_argument(
                    "--column",
                    action="append",
                    default=[],
                    metavar="KEY=WORD",
                    help=texts("revenue.cli.column"),
                )
            if name == "import-openings":
                one.add_argument("--on", required=True, metavar="DAY", help=texts("revenue.cli.on"))
                one.add_argument("--document", required=True, help=texts("revenue.cli.document"))
        add("approve-opening").add_argument("village", help=texts("revenue.cli.village"))
        settle = add("settle")
        settle.add_argument("period", help=texts("revenue.cli.period"))
        settle.add_argument("--on", default="", metavar="DAY", help=texts("revenue.cli.booked_on"))
        add("receipts")
        add("confirm").add_argument("movement", help=texts("revenue.cli.movement"))
        for name in ("ask-close", "close"):
            one = add(name)
            one.add_argument("village", help=texts("revenue.cli.village"))
            one.add_argument("period", help=texts("revenue.cli.period"))
        _declare_more(acts, texts)
        add("verify").add_argument("--notice", default="", help=texts("moneyacts.option.notice"))
        export = add("export")
        export.add_argument(
            "--format", choices=FORMATS, default="beancount", help=texts("revenue.cli.format")
        )
        export.add_argument("--village", default="", help=texts("revenue.cli.village"))
        export.add_argument("--codes", type=Path, help=texts("revenue.cli.codes"))
        export.add_argument("--out", type=Path, required=True, help=texts("revenue.cli.out"))

    def run(self, args: argparse.Namespace, context: Context) -> int:
        """Do it; return an exit code."""
        if args.act in FILE_ACTS:
            return _import(args, context)
        if args.act == "trace":
            return PAYOUT.look(context, "trace", {"line": args.line, "source": args.source})
        if args.act == "verify" and args.notice:
            return PAYOUT.look(context, "verify", {"notice": args.notice})
        if args.act in MORE_ACTS:
            payload = payload_of(args, context) | person_of(args, context)
            told = dict(answer(context, f"revenue.{args.act.replace('-', '_')}", payload))
            return _show_more(args.act, told, context)
        return self._plain(args, context)

    def _plain(self, args: argparse.Namespace, context: Context) -> int:
        payload: dict[str, Any] = {
            name: getattr(args, name)
            for name in ("village", "period", "movement", "format", "on")
            if hasattr(args, name)
        }
        if args.act == "export":
            payload["codes"] = _codes(args.codes, context.texts)
        if args.act != "verify":
            payload |= person_of(args, context)
        told = answer(context, f"revenue.{args.act.replace('-', '_')}", payload)
        if args.act == "export":
            args.out.write_bytes(base64.b64decode(told["content"]))
            told = {"file": str(args.out), "vouchers": told["vouchers"], "lines": told["lines"]}
        return _show(args.act, told, context)


def _declare_more(acts: Any, texts: Texts) -> None:
    """Declare the acts of the table, and tracing, which is nobody's act."""
    for name in MORE_ACTS:
        about = texts(f"moneyacts.act.{name.replace('-', '_')}")
        one = acts.add_parser(name, help=about, description=about)
        one.add_argument("--user", required=True, help=texts("acts.user"))
        one.add_argument("--password-file", type=Path, help=texts("acts.password_file"))
        declare(one, name, texts)
    trace = acts.add_parser("trace", help=texts("moneyacts.act.trace"))
    ways = trace.add_mutually_exclusive_group(required=True)
    for name in ("line", "source"):
        ways.add_argument(f"--{name}", default="", help=texts(f"moneyacts.option.{name}"))


def _codes(path: Path | None, texts: Texts) -> dict[str, str]:
    """Return our account code → the platform's, from a two-column CSV."""
    if path is None:
        return {}
    found = {}
    for number, line in enumerate(path.read_text("utf-8-sig").splitlines(), 1):
        ours, comma, theirs = line.partition(",")
        if not line.strip():
            continue
        if not comma or not ours.strip() or not theirs.strip():
            raise CommandError(texts("revenue.cli.codes_row", path=path, row=number))
        found[ours.strip()] = theirs.strip()
    return found


def _columns(words: list[str], texts: Texts) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for word in words:
        key, sign, heading = word.partition("=")
        if not sign or not key or not heading:
            raise CommandError(texts("revenue.cli.column_word", word=word))
        found.setdefault(key, []).append(heading)
    return found


def _import(args: argparse.Namespace, context: Context) -> int:
    person = person_of(args, context)
    order = f"revenue.{args.act.replace('-', '_')}"
    code, every = Exit.OK, []
    for path in args.files:
        payload: dict[str, Any] = {
            **person,
            "name": path.name,
            "content": base64.b64encode(content_of(path, context)).decode(),
        }
        if args.act == "import-statements":
            payload |= {"dry_run": args.dry_run, "columns": _columns(args.column, context.texts)}
        if args.act == "import-openings":
            payload |= {"on": args.on, "document": args.document}
        told = _watched(context, order, payload)
        every.append({"file": path.name, **told})
        if told["problems"]:
            code = Exit.PROBLEM
        if not context.json:
            _show_import(path, told, context)
    if context.json:
        print(json.dumps({"files": every}, ensure_ascii=False))
    return code


def _watched(context: Context, order: str, payload: dict[str, Any]) -> Mapping[str, Any]:
    """Have an import carried out and say on the error stream how far it is, while it takes long."""
    ticket = secrets.token_hex(16)
    with opened_or_asked(context) as ask:
        done = threading.Event()

        def watch() -> None:
            shown: Mapping[str, Any] = {}
            while not done.wait(WATCH_EVERY_S):
                told = ask("revenue.progress", {"ticket": ticket})
                if told and told != shown:
                    words = context.texts(f"revenue.cli.progress_{told['stage']}", **told)
                    print(words, file=sys.stderr, flush=True)
                shown = told

        watcher = threading.Thread(target=watch, name="progress", daemon=True)
        watcher.start()
        try:
            return ask(order, {**payload, "ticket": ticket, "lang": context.texts.language})
        finally:
            done.set()
            watcher.join()


def _show_import(path: Path, told: Mapping[str, Any], context: Context) -> None:
    for one in told["problems"]:
        context.say(
            "revenue.cli.problem", file=path.name, **{key: one[key] for key in ("row", "column", "message")}
        )
    if told["problems"]:
        context.say("revenue.cli.nothing_kept", file=path.name, count=len(told["problems"]))
    else:
        context.say(
            "revenue.cli.imported",
            file=path.name,
            new=told["new"],
            known=told["known"],
            yuan=_yuan(told["fen"]),
        )


def _show_more(act: str, told: dict[str, Any], context: Context) -> int:
    if context.json:
        print(json.dumps(told, ensure_ascii=False))
    else:
        for one in told.get("rows", ()):
            context.say(f"moneyviews.row.{act.replace('-', '_')}", **one)
        money = {name: _yuan(told[f"{name}_fen"]) for name in ("result", "reserve") if f"{name}_fen" in told}
        context.say(f"moneyacts.done.{act.replace('-', '_')}", **told, **money)
    if act == "compare-platform" and any(one["off_fen"] for one in told["rows"]):
        return Exit.PROBLEM
    return Exit.OK


def _yuan(fen: int) -> str:
    from domain.money import Money

    return str(Money(fen))


def _show(act: str, told: Mapping[str, Any], context: Context) -> int:
    bad = (act == "verify" and not told["sound"]) or (act == "settle" and told["problems"])
    if context.json:
        print(json.dumps(told, ensure_ascii=False))
    elif act == "receipts":
        for one in told["waiting"]:
            words = context.texts(
                f"revenue.cli.{'certain' if one['certain'] else 'uncertain'}", items=one["items"]
            )
            context.say("revenue.cli.waiting_line", **{**one, "fen": _yuan(one["fen"]), "items": words})
        context.say("revenue.cli.waiting_count", count=len(told["waiting"]))
    elif act == "settle":
        for one in told["problems"]:
            context.say("revenue.cli.settle_problem", **one)
        context.say(
            "revenue.cli.settled",
            **{**told, "net_fen": _yuan(told["net_fen"]), "problems": len(told["problems"])},
        )
    else:
        key = "broken" if bad else f"done_{act.replace('-', '_')}"
        context.say(f"revenue.cli.{key}", **told)
    return Exit.PROBLEM if bad else Exit.OK


VERB = RevenueVerb()
