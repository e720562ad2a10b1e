"""`pvmon payout`: plans, attendance, payments, notices, traces; asks the running instance when there is one."""

import argparse
import base64
import contextlib
import json
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from domain.errors import CommandError
from main.cli import Context, Exit
from main.control import call
from texts.loader import Texts

if TYPE_CHECKING:
    from main.payout import PayoutDesk
    from main.payout_acts import Option


def _day(text: str) -> str:
    return date.fromisoformat(text).isoformat()


def _month(text: str) -> str:
    return date.fromisoformat(f"{text}-01" if len(text) == 7 else text).replace(day=1).isoformat()


_TYPES: Mapping[str, Any] = {"day": _day, "month": _month, "whole": int, "file": Path, "out": Path}


class PayoutVerb:
    """Distribution from the command line."""

    name = "payout"

    def arguments(self, parser: argparse.ArgumentParser, texts: Texts) -> None:
        """Declare arguments and options."""
        from main.payout_table import ACTS

        acts = parser.add_subparsers(dest="act", metavar=texts("payout.cli.act"), required=True)
        for spec in ACTS:
            about = texts(f"payout.cli.acts.{spec.name}")
            act = acts.add_parser(spec.name, help=about, description=about)
            act.add_argument("--as", dest="user", default="", help=texts("payout.cli.user"))
            for option in spec.options:
                _declare(act, option, texts)

    def run(self, args: argparse.Namespace, context: Context) -> int:
        """Do it; return an exit code."""
        from main.payout_table import BY_NAME

        words: dict[str, Any] = {}
        for option in BY_NAME[args.act].options:
            value = getattr(args, option.name)
            if option.kind == "file" and value is not None:
                words[option.name] = base64.b64encode(value.read_bytes()).decode()
                words[f"{option.name}_name"] = value.name
            elif option.kind != "out":
                words[option.name] = value
        payload = {"act": args.act, "user": args.user, "language": context.texts.language, "words": words}
        answer = dict(_answer(context, payload))
        if "file" in answer:
            _write(answer, getattr(args, "out", None), context)
        return _show(answer, context)


def look(context: Context, act: str, words: Mapping[str, Any]) -> int:
    """Carry out an act that only looks, for another verb; show its answer."""
    payload = {"act": act, "user": "", "language": context.texts.language, "words": words}
    return _show(dict(_answer(context, payload)), context)


def _show(answer: Mapping[str, Any], context: Context) -> int:
    if context.json:
        print(json.dumps(answer, ensure_ascii=False))
    else:
        for line in answer.get("lines", ()):
            print(line)
    return Exit.OK if answer.get("sound", True) else Exit.PROBLEM


def _answer(context: Context, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    told = call(context.data, "payout", payload)
    if told is not None:
        return told
    from main.payout_table import carry_out

    with _desk(context) as desk:
        return carry_out(desk, payload)


def _declare(act: argparse.ArgumentParser, option: "Option", texts: Texts) -> None:
    about = texts(f"payout.cli.option.{option.name}")
    if option.kind == "flag":
        act.add_argument(f"--{option.name}", action="store_true", help=about)
        return
    kind = _TYPES.get(option.kind, str)
    act.add_argument(f"--{option.name}", type=kind, required=option.required, help=about)


def _write(answer: dict[str, Any], out: Path | None, context: Context) -> None:
    content = base64.b64decode(answer.pop("file"))
    target = out if out is not None else Path(answer["name"])
    if target.exists():
        raise CommandError(context.texts("payout.said.exists", path=target))
    target.write_bytes(content)
    answer["path"] = str(target)
    said = context.texts("payout.said.written", path=target, count=len(content))
    answer["lines"] = [*answer.get("lines", ()), said]


@contextlib.contextmanager
def _desk(context: Context) -> Iterator["PayoutDesk"]:
    """Open the records of the data folder; daily energy too, where the samples can be opened."""
    from domain.clock import SystemClock
    from domain.errors import StoreError
    from main.build import open_records, open_store, options_from
    from main.payout import open_desk
    from main.settings import load_settings

    settings = load_settings(config_dir=context.config, data_dir=context.data)
    options = options_from(settings)
    with contextlib.ExitStack() as undo:
        records = open_records(settings)
        undo.callback(records.close)
        samples = None
        with contextlib.suppress(StoreError):
            samples = open_store(options)
            undo.callback(samples.close)
        yield open_desk(settings, records, samples, options.registry, SystemClock())


VERB = PayoutVerb()
