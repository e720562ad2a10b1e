"""The `pvmon` command: parses words, finds the verb, and turns raised errors into messages and exit codes."""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import cast

from domain.clock import SystemClock
from domain.errors import AccessDeniedError, PvmonError, StoreError
from main.cli import Context, Exit, Verb, global_options_first
from texts.loader import LANGUAGES, Texts

VERBS = (
    "demo",
    "run",
    "collect",
    "edge",
    "work",
    "serve",
    "simulate",
    "check",
    "registry",
    "decode",
    "profile",
    "probe",
    "test",
    "discover",
    "device",
    "labels",
    "samples",
    "replay",
    "payout",
    "industry",
    "public",
    "report",
    "user",
    "handover",
    "revenue",
    "store",
    "records",
    "backup",
    "restore",
    "broker",
    "tls",
    "service",
    "doctor",
    "notify",
    "rules",
)


def _language(words: Sequence[str]) -> str:
    """Find the language before there is a parser: --lang, then PVMON_LANG, then the locale; Chinese otherwise."""
    for position, word in enumerate(words):
        if word == "--lang" and position + 1 < len(words):
            return words[position + 1] if words[position + 1] in LANGUAGES else "zh"
        if word.startswith("--lang="):
            return word.partition("=")[2] if word.partition("=")[2] in LANGUAGES else "zh"
    wanted = os.environ.get("PVMON_LANG") or os.environ.get("LC_ALL") or os.environ.get("LANG") or ""
    return "en" if wanted.startswith("en") else "zh"


def _verb(name: str) -> Verb:
    return cast("Verb", import_module(f"main.verbs.{name}").VERB)


def _parser(texts: Texts, words: Sequence[str] | None = None) -> argparse.ArgumentParser:
    """Return the parser of every verb; with ``words``, only the verb among them declares its arguments.

    A verb brings its libraries along, so loading all of them would cost seconds on a small machine.
    """
    wanted = VERBS if words is None else tuple(name for name in VERBS if name in words)
    parser = argparse.ArgumentParser(
        prog="pvmon",
        description=texts("cli.about"),
        epilog=texts("cli.examples"),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--config", type=Path, default=Path("config"), help=texts("cli.options.config"))
    parser.add_argument("--data", type=Path, default=Path("data"), help=texts("cli.options.data"))
    parser.add_argument("--lang", choices=LANGUAGES, default=texts.language, help=texts("cli.options.lang"))
    parser.add_argument("--json", action="store_true", help=texts("cli.options.json"))
    groups = parser.add_subparsers(dest="verb", metavar=texts("cli.options.verb"), required=True)
    for name in VERBS:
        verb = groups.add_parser(
            name,
            help=texts(f"cli.{name}.help"),
            description=texts(f"cli.{name}.about"),
            epilog=texts(f"cli.{name}.examples"),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        if name in wanted:
            _verb(name).arguments(verb, texts)
    return parser


def _complain(error: Exception, context: Context, code: Exit) -> int:
    said = error.words(context.texts) if isinstance(error, AccessDeniedError) else str(error)
    if context.json:
        print(json.dumps({"error": type(error).__name__, "message": said}, ensure_ascii=False))
    else:
        print(context.texts("cli.failed", reason=said), file=sys.stderr, flush=True)
    return code


def main(words: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code."""
    began_s = SystemClock().monotonic()
    given = list(sys.argv[1:] if words is None else words)
    texts = Texts(_language(given))
    ordered = global_options_first(given)
    args = _parser(texts, ordered).parse_args(ordered)
    context = Context(args.config, args.data, texts, args.json, began_s)
    try:
        return int(_verb(args.verb).run(args, context))
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        return Exit.OK
    except AccessDeniedError as error:
        return _complain(error, context, Exit.DENIED)
    except StoreError as error:
        return _complain(error, context, Exit.UNAVAILABLE)
    except PvmonError as error:
        return _complain(error, context, Exit.PROBLEM)
    except OSError as error:
        return _complain(error, context, Exit.UNAVAILABLE)


if __name__ == "__main__":
    sys.exit(main())
