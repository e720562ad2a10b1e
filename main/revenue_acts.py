"""The further acts of `pvmon revenue` as a table: their places and options, declared and read in one way."""

import argparse
import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from main.cli import Context
from main.verbs.acts import content_of
from texts.loader import Texts

# Act → (places, options). ``file`` is read and sent as its content.
MORE_ACTS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "ask-reversal": (("key",), ("reason",)),
    "reverse": (("key",), ()),
    "draft-voucher": (("key", "file"), ("village", "on", "summary", "document")),
    "approve-voucher": (("key",), ()),
    "platform-number": (("key", "number"), ()),
    "map-account": (("account", "plant"), ("document",)),
    "exchange": (("account",), ("on", "old-end", "new-start", "new-multiplier", "document")),
    "confirm-subsidy": (("movement", "file"), ("first", "last")),
    "undo-receipt": (("movement",), ("reason",)),
    "ask-year-end": (("village", "year"), ("reserve", "document")),
    "year-end": (("village", "year"), ()),
    "books-status": (("village", "status"), ("on", "document")),
    "platform-codes": (("file",), ()),
    "platform-balances": (("village", "period", "file"), ()),
    "opening-hours": (("plant", "hours"), ("first", "document")),
    "confirm-advice": (("village", "movement"), ("note",)),
    "confirm-items": (("movement", "file"), ()),
    "close-flag": (("flag",), ("reason",)),
    "payee-list": (("file",), ()),
    "flags": (("period",), ()),
    "hours": ((), ()),
    "compare-platform": (("village", "period"), ()),
    "advices": (("village",), ()),
    "preview-subsidy": (("file",), ("last", "roster-on")),
}
_OPTIONAL = frozenset({"reserve", "note"})


def declare(parser: argparse.ArgumentParser, act: str, texts: Texts) -> None:
    """Declare places and options of an act."""
    places, options = MORE_ACTS[act]
    for name in places:
        kind: Any = Path if name == "file" else str
        parser.add_argument(name, type=kind, help=texts(f"moneyacts.option.{name}"))
    for name in options:
        parser.add_argument(
            f"--{name}",
            required=name not in _OPTIONAL,
            default="",
            help=texts(f"moneyacts.option.{name.replace('-', '_')}"),
        )


def payload_of(args: argparse.Namespace, context: Context) -> dict[str, Any]:
    """Return what an act was given, its file as base64."""
    places, options = MORE_ACTS[args.act]
    given: dict[str, Any] = {}
    for name in (*places, *(option.replace("-", "_") for option in options)):
        if name == "file":
            given["content"] = base64.b64encode(content_of(args.file, context)).decode()
        else:
            given[name] = getattr(args, name)
    return given
