"""`pvmon user`: list accounts, add one, reset a password, tokens; asks the running instance when there is one."""

import argparse
import contextlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from domain.account import Role
from domain.clock import SystemClock
from domain.errors import CommandError
from main.cli import Context, Exit
from main.control import call, is_running
from main.user_tokens import run_token, token_arguments
from texts.loader import LANGUAGES, Texts

if TYPE_CHECKING:
    from commands.accounts import Accounts
    from main.settings import Settings
    from stores.records.store import SqlRecordStore


def records_path(data: Path) -> Path:
    """Return where the accounts of a data folder are."""
    return data / "records" / "records.sqlite"


def _settings(context: Context) -> "Settings":
    from main.settings import load_settings

    return load_settings(config_dir=context.config, data_dir=context.data)


def answer(context: Context, order: str, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Have an order carried out by the running instance, else in this process."""
    told = call(context.data, order, payload)
    if told is not None:
        return told
    from commands.account_orders import account_orders
    from commands.token_orders import token_orders
    from commands.tokens import Tokens
    from main.second_factor import factor_orders

    with _opened(context) as (accounts, records):
        known = {
            **account_orders(accounts),
            **token_orders(Tokens(records, SystemClock())),
            **factor_orders(_settings(context), records),
        }
        return known[order](payload)


@contextlib.contextmanager
def _opened(context: Context) -> Iterator[tuple["Accounts", "SqlRecordStore"]]:
    """Open the accounts of the data folder, checking scopes against the registry where it can be read."""
    from commands.accounts import Accounts
    from commands.passwords import Passwords
    from main.build import open_records
    from main.configuration import load_registry

    overlay = context.data / "config"
    registry = None
    if (context.config / "plants").is_dir():
        registry = load_registry(context.config, overlay if overlay.is_dir() else None)
    records = open_records(_settings(context))
    try:
        yield Accounts(records, Passwords(), SystemClock(), registry), records
    finally:
        records.close()


class UserVerb:
    """Accounts from the command line."""

    name = "user"

    def arguments(self, parser: argparse.ArgumentParser, texts: Texts) -> None:
        """Declare arguments and options."""
        acts = parser.add_subparsers(dest="act", metavar=texts("access.user.act"), required=True)
        acts.add_parser("list", help=texts("access.user.list_help"))
        add = acts.add_parser("add", help=texts("access.user.add_help"))
        add.add_argument("user", help=texts("access.user.user"))
        add.add_argument("--name", default="", help=texts("access.user.name"))
        add.add_argument(
            "--role",
            action="append",
            required=True,
            choices=[role.value for role in Role],
            help=texts("access.user.role"),
        )
        add.add_argument("--all", action="store_true", help=texts("access.user.all"))
        for kind in ("town", "village", "plant"):
            add.add_argument(
                f"--scope-{kind}",
                action="append",
                default=[],
                metavar="ID",
                help=texts(f"access.user.{kind}"),
            )
        add.add_argument("--language", choices=LANGUAGES, default="zh", help=texts("access.user.language"))
        reset = acts.add_parser("reset-password", help=texts("access.user.reset_help"))
        reset.add_argument("user", help=texts("access.user.user"))
        drop = acts.add_parser("drop-second-factor", help=texts("totp.user.drop_help"))
        drop.add_argument("user", help=texts("access.user.user"))
        token_arguments(acts.add_parser("token", help=texts("api.token.help")), texts)

    def run(self, args: argparse.Namespace, context: Context) -> int:
        """Do it; return an exit code."""
        if not context.json:
            where = "access.user.running" if is_running(context.data) else "access.user.database"
            context.say(where, path=_settings(context).records_url or records_path(context.data))
        if args.act == "list":
            _show_list(context)
        elif args.act == "drop-second-factor":
            told = answer(context, "second_factor.drop", {"user": args.user})
            if context.json:
                print(json.dumps(told))
            else:
                context.say("totp.user.dropped", user=args.user)
        elif args.act == "token":
            return run_token(args, context, answer)
        elif args.act == "add":
            _show_password(context, answer(context, "user.add", _payload(args)), "access.user.added")
        else:
            _show_password(
                context, answer(context, "user.reset_password", {"user": args.user}), "access.user.reset"
            )
        return Exit.OK


def _payload(args: argparse.Namespace) -> dict[str, Any]:
    scoped = args.scope_town or args.scope_village or args.scope_plant
    if args.all == bool(scoped):
        raise CommandError(
            "give either --all, or --scope-town, --scope-village, --scope-plant (each repeatable)"
        )
    return {
        "user": args.user,
        "name": args.name,
        "roles": args.role,
        "everything": args.all,
        "towns": args.scope_town,
        "villages": args.scope_village,
        "plants": args.scope_plant,
        "language": args.language,
    }


def _show_password(context: Context, told: Mapping[str, Any], key: str) -> None:
    if context.json:
        print(json.dumps(told, ensure_ascii=False))
        return
    context.say(key, user=told["user"])
    if not told["password"]:
        context.say("api.token.machine", user=told["user"])
        return
    context.say("access.user.password", password=told["password"])


def _show_list(context: Context) -> None:
    users = answer(context, "user.list", {})["users"]
    if context.json:
        print(json.dumps({"users": users}, ensure_ascii=False))
        return
    for user in users:
        context.say(
            "access.user.line",
            user=user["user"],
            name=user["name"],
            roles=", ".join(user["roles"]),
            scope=_scope_words(user, context.texts),
            state=context.texts(f"access.user.state.{_state(user)}"),
        )
    context.say("access.user.count", count=len(users))


def _scope_words(user: Mapping[str, Any], texts: Texts) -> str:
    if user["everything"]:
        return texts("access.user.everything")
    ids = [*user["towns"], *user["villages"], *user["plants"]]
    return ", ".join(ids) or texts("access.user.nothing")


def _state(user: Mapping[str, Any]) -> str:
    if user["disabled"]:
        return "disabled"
    return "must_change" if user["must_change_password"] else "active"


VERB = UserVerb()
