"""`pvmon industry`: reports, registers and funds of the other industries; asks the running instance when there is one."""

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
    from dashboard.industry_services import IndustryServices
    from main.payout_acts import Option
    from stores.records.store import SqlRecordStore

ORDER = "industry"


def _day(text: str) -> str:
    return date.fromisoformat(text).isoformat()


_TYPES: Mapping[str, Any] = {"day": _day, "file": Path, "out": Path}


class IndustryVerb:
    """The other industries from the command line."""

    name = "industry"

    def arguments(self, parser: argparse.ArgumentParser, texts: Texts) -> None:
        """Declare arguments and options."""
        from main.industry_acts import ACTS

        acts = parser.add_subparsers(dest="act", metavar=texts("payout.cli.act"), required=True)
        for spec in ACTS:
            about = texts(f"industries.cli.acts.{spec.name}")
            act = acts.add_parser(spec.name, help=about, description=about)
            act.add_argument("--as", dest="user", default="", help=texts("payout.cli.user"))
            for option in spec.options:
                _declare(act, option, texts)

    def run(self, args: argparse.Namespace, context: Context) -> int:
        """Do it; return an exit code."""
        from main.industry_acts import BY_NAME

        words: dict[str, Any] = {}
        for option in BY_NAME[args.act].options:
            value = getattr(args, option.name)
            if option.kind == "file" and value is not None:
                words[option.name] = base64.b64encode(_read(value, context)).decode()
                words[f"{option.name}_name"] = value.name
            elif option.kind != "out":
                words[option.name] = value
        payload = {"act": args.act, "user": args.user, "language": context.texts.language, "words": words}
        answer = dict(self._answer(context, payload))
        if "file" in answer:
            _write(answer, getattr(args, "out", None), context)
        if context.json:
            print(json.dumps(answer, ensure_ascii=False))
        else:
            for line in answer.get("lines", ()):
                print(line)
        return Exit.OK if answer.get("sound", True) else Exit.PROBLEM

    def _answer(self, context: Context, payload: Mapping[str, Any]) -> Mapping[str, Any]:
        told = call(context.data, ORDER, payload)
        if told is not None:
            return told
        from main.industry_acts import carry_out

        with _opened(context) as (services, records):
            return carry_out(services, records, payload)


def _declare(act: argparse.ArgumentParser, option: "Option", texts: Texts) -> None:
    about = texts(f"industries.cli.option.{option.name}")
    if option.kind == "flag":
        act.add_argument(f"--{option.name}", action="store_true", help=about)
        return
    kind = _TYPES.get(option.kind, str)
    act.add_argument(f"--{option.name}", type=kind, required=option.required, help=about)


def _read(path: Path, context: Context) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CommandError(context.texts("industries.said.unreadable", path=path)) from error


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
def _opened(context: Context) -> Iterator[tuple["IndustryServices", "SqlRecordStore"]]:
    """Open the records of the data folder."""
    from domain.clock import SystemClock
    from main.build import open_records, options_from
    from main.industry_desk import industry_services
    from main.settings import load_settings

    settings = load_settings(config_dir=context.config, data_dir=context.data)
    options = options_from(settings)
    records = open_records(settings)
    try:
        yield industry_services(settings, records, options.registry, SystemClock()), records
    finally:
        records.close()


VERB = IndustryVerb()
