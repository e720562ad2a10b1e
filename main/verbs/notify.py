"""`pvmon notify`: targets, a test message, why nobody was told, the call list, alert rates."""

import argparse
import json
from collections.abc import Mapping
from typing import Any

from domain.clock import SystemClock
from domain.timespan import day_of
from main.cli import Context, Exit
from main.control import call
from texts.loader import Texts


def answer(context: Context, order: str, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Have an order carried out by the running instance, else in this process."""
    asked = {**payload, "language": context.texts.language}
    told = call(context.data, order, asked)
    if told is not None:
        return told
    from main.build import open_records, options_from
    from main.care.orders import care_orders
    from main.settings import load_settings

    options = options_from(load_settings(config_dir=context.config, data_dir=context.data))
    records = open_records(options.settings)
    try:
        return care_orders(options, records)[order](asked)
    finally:
        records.close()


class NotifyVerb:
    """See `pvmon notify --help`."""

    name = "notify"

    def arguments(self, parser: argparse.ArgumentParser, texts: Texts) -> None:
        """Declare arguments and options."""
        acts = parser.add_subparsers(dest="act", metavar=texts("notify.verb.act"), required=True)
        acts.add_parser("targets", help=texts("notify.verb.targets_help"))
        test = acts.add_parser("test", help=texts("notify.verb.test_help"))
        test.add_argument("target", help=texts("notify.verb.test_target"))
        log = acts.add_parser("log", help=texts("notify.verb.log_help"))
        log.add_argument("--alert", help=texts("notify.verb.log_alert"))
        log.add_argument("--days", type=float, default=1.0, help=texts("notify.verb.days"))
        acts.add_parser("calls", help=texts("notify.verb.calls_help"))
        rates = acts.add_parser("rates", help=texts("notify.verb.rate_help"))
        rates.add_argument("--days", type=float, default=30.0, help=texts("notify.verb.days"))

    def run(self, args: argparse.Namespace, context: Context) -> int:
        """Do it; return an exit code."""
        payload = {
            name: getattr(args, name)
            for name in ("target", "alert", "days")
            if getattr(args, name, None) is not None
        }
        told = answer(context, f"notify.{args.act}", payload)
        if context.json:
            print(json.dumps(told, ensure_ascii=False))
            return Exit.OK
        return _SAY[args.act](told, context)


def _say_targets(told: Mapping[str, Any], context: Context) -> int:
    texts = context.texts
    for row in told["targets"]:
        state = texts("notify.verb.usable") if row["usable"] else "—"
        context.say("notify.verb.target_line", target=row["target"], kind=row["kind"], state=state)
    for fault in told["faults"]:
        print(fault)
    if not told["may_send"]:
        context.say("notify.verb.sample")
    return Exit.PROBLEM if told["faults"] else Exit.OK


def _say_test(told: Mapping[str, Any], context: Context) -> int:
    context.say("notify.verb.sent", target=told["target"])
    return Exit.OK


def _say_log(told: Mapping[str, Any], context: Context) -> int:
    if not told["log"]:
        context.say("notify.verb.nothing")
    for row in told["log"]:
        named = {key: row[key] for key in ("at", "alert", "receiver", "reason")}
        context.say("notify.verb.why_line", **named)
    return Exit.OK


def _say_calls(told: Mapping[str, Any], context: Context) -> int:
    context.say("notify.calls.title", day=day_of(SystemClock().now()))
    if not told["calls"]:
        context.say("notify.calls.none")
    for row in told["calls"]:
        context.say("notify.calls.line", **row)
    return Exit.OK


def _say_rates(told: Mapping[str, Any], context: Context) -> int:
    context.say("notify.rate.title")
    for name, value in told.items():
        if name == "split":
            shown = "—" if value is None else " / ".join(f"{share * 100:.0f} %" for share in value)
        elif name == "flood_share":
            shown = "—" if value is None else f"{value * 100:.2f} %"
        else:
            shown = "—" if value is None else f"{value:g}"
        context.say(f"notify.rate.{name}", value=shown)
    return Exit.OK


_SAY = {
    "targets": _say_targets,
    "test": _say_test,
    "log": _say_log,
    "calls": _say_calls,
    "rates": _say_rates,
}
VERB = NotifyVerb()
