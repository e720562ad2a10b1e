"""`pvmon user token`: tokens of machine accounts for the data interface."""

import argparse
import json
from collections.abc import Callable, Mapping
from typing import Any

from access.areas import Area
from main.cli import Context, Exit
from main.columns import table
from texts.loader import Texts

Answer = Callable[[Context, str, Mapping[str, Any]], Mapping[str, Any]]
_DAYS = 365


def token_arguments(parser: argparse.ArgumentParser, texts: Texts) -> None:
    """Declare ``add``, ``list`` and ``revoke``."""
    acts = parser.add_subparsers(dest="step", metavar=texts("access.user.act"), required=True)
    add = acts.add_parser("add", help=texts("api.token.add_help"))
    add.add_argument("user", help=texts("access.user.user"))
    add.add_argument(
        "--area",
        action="append",
        required=True,
        choices=[each.value for each in Area],
        help=texts("api.token.area"),
    )
    add.add_argument("--days", type=int, default=_DAYS, help=texts("api.token.days", days=_DAYS))
    add.add_argument("--label", required=True, help=texts("api.token.label"))
    listed = acts.add_parser("list", help=texts("api.token.list_help"))
    listed.add_argument("user", nargs="?", default="", help=texts("access.user.user"))
    revoke = acts.add_parser("revoke", help=texts("api.token.revoke_help"))
    revoke.add_argument("id", help=texts("api.token.id"))


def run_token(args: argparse.Namespace, context: Context, answer: Answer) -> int:
    """Do it; return an exit code."""
    if args.step == "add":
        payload = {"user": args.user, "areas": args.area, "days": args.days, "label": args.label}
        told = answer(context, "token.add", payload)
        if not context.json:
            context.say("api.token.added", id=told["id"], user=told["user"], until=told["expires_at"][:10])
            context.say("api.token.text", token=told["token"])
    elif args.step == "revoke":
        told = answer(context, "token.revoke", {"id": args.id})
        if not context.json:
            context.say("api.token.revoked", id=told["id"])
    else:
        told = answer(context, "token.list", {"user": args.user})
        if not context.json:
            _show(told["tokens"], context)
    if context.json:
        print(json.dumps(told, ensure_ascii=False))
    return Exit.OK


def _show(tokens: list[Mapping[str, Any]], context: Context) -> None:
    heads = ("id", "account", "holder", "areas", "ends", "used", "state")
    rows = [[context.texts(f"api.token.column.{head}") for head in heads]]
    for one in tokens:
        state = "revoked" if one["revoked_at"] else "given"
        rows.append(
            [
                one["id"],
                one["user"],
                one["label"],
                " ".join(one["areas"]),
                one["expires_at"][:10],
                (one["used_at"] or "—")[:16],
                context.texts(f"api.token.state.{state}"),
            ]
        )
    for line in table(rows):
        print(line)
