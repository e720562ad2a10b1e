"""A verb made of a table of acts: asks the running instance when there is one; files come and go as base64."""

import argparse
import base64
import getpass
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from domain.errors import CommandError
from main.cli import Context, Exit
from main.control import call
from texts.loader import Texts

if TYPE_CHECKING:
    from main.acting import Option


class Spec(Protocol):
    """What a verb must know of an act."""

    @property
    def name(self) -> str:
        """The word of the command line."""
        ...

    @property
    def options(self) -> "Sequence[Option]":
        """What it is given."""
        ...


def _day(text: str) -> str:
    return date.fromisoformat(text).isoformat()


def _month(text: str) -> str:
    return date.fromisoformat(f"{text}-01" if len(text) == 7 else text).replace(day=1).isoformat()


_TYPES: Mapping[str, Any] = {"day": _day, "month": _month, "whole": int, "file": Path, "out": Path}


@dataclass(frozen=True)
class ActVerb:
    """A verb of acts.

    Parameters
    ----------
    name : str
        The verb, and the order of the running instance.
    area : str
        Where its words are: ``<area>.cli.acts.<act>`` and ``<area>.cli.option.<option>``.
    table : callable
        Returns its acts; asked only when the verb was chosen.
    here : callable
        Carries an act out in this process, on the data folder.
    """

    name: str
    area: str
    table: Callable[[], Mapping[str, Spec]]
    here: Callable[[Context, Mapping[str, Any]], Mapping[str, Any]]

    def arguments(self, parser: argparse.ArgumentParser, texts: Texts) -> None:
        """Declare arguments and options."""
        acts = parser.add_subparsers(dest="act", metavar=texts("acts.act"), required=True)
        for spec in self.table().values():
            about = texts(f"{self.area}.cli.acts.{spec.name}")
            act = acts.add_parser(spec.name, help=about, description=about)
            act.add_argument("--as", dest="user", default="", help=texts("acts.user"))
            act.add_argument("--password-file", type=Path, help=texts("acts.password_file"))
            for option in spec.options:
                self._declare(act, option, texts)

    def _declare(self, act: argparse.ArgumentParser, option: "Option", texts: Texts) -> None:
        about = texts(f"{self.area}.cli.option.{option.name}")
        if option.kind == "flag":
            act.add_argument(f"--{option.name}", action="store_true", help=about)
            return
        kind = _TYPES.get(option.kind, str)
        act.add_argument(f"--{option.name}", type=kind, required=option.required, help=about)

    def run(self, args: argparse.Namespace, context: Context) -> int:
        """Do it; return an exit code."""
        words: dict[str, Any] = {}
        for option in self.table()[args.act].options:
            value = getattr(args, option.name)
            if option.kind == "file" and value is not None:
                words[option.name] = base64.b64encode(content_of(value, context)).decode()
                words[f"{option.name}_name"] = value.name
            elif option.kind != "out":
                words[option.name] = value
        person = person_of(args, context) if args.user else {}
        answer = self._answer(context, {"act": args.act, **person, "words": words})
        if "file" in answer:
            _write(answer, getattr(args, "out", None), context)
        return _show(answer, context)

    def look(self, context: Context, act: str, words: Mapping[str, Any]) -> int:
        """Carry out an act that only looks, for another verb; show its answer."""
        return _show(self._answer(context, {"act": act, "words": words}), context)

    def _answer(self, context: Context, payload: Mapping[str, Any]) -> dict[str, Any]:
        given = {**payload, "language": context.texts.language}
        told = call(context.data, self.name, given)
        return dict(self.here(context, given) if told is None else told)


def person_of(args: argparse.Namespace, context: Context) -> dict[str, str]:
    """Return who acts, with the password of the named file, or asked for."""
    if args.password_file is None:
        return {"user": args.user, "password": getpass.getpass()}
    return {"user": args.user, "password": content_of(args.password_file, context).decode("utf-8").strip()}


def content_of(path: Path, context: Context) -> bytes:
    """Return what is in a file; CommandError says when it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise CommandError(context.texts("acts.unreadable", path=path)) from error


def _show(answer: Mapping[str, Any], context: Context) -> int:
    if context.json:
        print(json.dumps(answer, ensure_ascii=False))
    else:
        for line in answer.get("lines", ()):
            print(line)
    return Exit.OK if answer.get("sound", True) else Exit.PROBLEM


def _write(answer: dict[str, Any], out: Path | None, context: Context) -> None:
    content = base64.b64decode(answer.pop("file"))
    target = out if out is not None else Path(answer["name"])
    if target.exists():
        raise CommandError(context.texts("acts.exists", path=target))
    target.write_bytes(content)
    answer["path"] = str(target)
    said = context.texts("acts.written", path=target, count=len(content))
    answer["lines"] = [*answer.get("lines", ()), said]
