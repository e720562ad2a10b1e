"""`pvmon rules`: the alert rules in force, what one means, and how they do against a known truth."""

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from alerts.catalog import KINDS
from alerts.rule import AlertRule
from alerts.score import Score, allowances, read_alerts, read_truth, score
from domain.errors import CommandError
from main.cli import Context, Exit
from main.columns import table
from main.configuration import load_alert_rules
from main.registry.problem import nearest
from texts.loader import Texts


class RulesVerb:
    """See `pvmon rules --help`."""

    name = "rules"

    def arguments(self, parser: argparse.ArgumentParser, texts: Texts) -> None:
        """Declare arguments and options."""
        parser.add_argument("act", choices=("list", "explain", "score"), help=texts("rules.option.act"))
        parser.add_argument("rule", nargs="?", help=texts("rules.option.rule"))
        parser.add_argument("--truth", type=Path, metavar="FILE", help=texts("rules.option.truth"))
        parser.add_argument("--alerts", type=Path, metavar="FILE", help=texts("rules.option.alerts"))
        parser.add_argument("--days", type=float, metavar="N", help=texts("rules.option.days"))
        parser.add_argument(
            "--least-kwh", type=float, default=0.0, metavar="KWH", help=texts("rules.option.least_kwh")
        )

    def run(self, args: argparse.Namespace, context: Context) -> int:
        """Do it; return an exit code."""
        if args.act == "score":
            return _score(args, context)
        book = load_alert_rules(context.config, context.data / "config", context.texts)
        if args.act == "explain":
            return _explain(book.rules, args.rule, context)
        if context.json:
            print(json.dumps([_plain(rule) for rule in book.rules], ensure_ascii=False))
            return Exit.OK
        heads = [
            context.texts(f"rules.head.{key}") for key in ("id", "severity", "name", "light", "on", "off")
        ]
        rows = [heads, *(_row(rule, context.texts) for rule in book.rules)]
        print("\n".join(table(rows)))
        return Exit.OK


def _row(rule: AlertRule, texts: Texts) -> list[str]:
    name = texts(f"alerts.rule.{rule.rule_id}.name")
    on, off = (f"{each / 60:g}" for each in (rule.timing.on_s, rule.timing.off_s))
    return [rule.rule_id, rule.severity.name, name, rule.daylight.name, on, off]


def _plain(rule: AlertRule) -> dict[str, Any]:
    kind = KINDS[rule.rule_id]
    return {
        "id": rule.rule_id,
        "enabled": rule.enabled,
        "severity": rule.severity.name,
        "daylight": rule.daylight.name,
        "on_min": rule.timing.on_s / 60,
        "off_min": rule.timing.off_s / 60,
        "limits": dict(rule.limits),
        "plants": {name: dict(own) for name, own in rule.by_plant.items()},
        "needs": list(kind.needs),
        "cause": kind.cause,
        "explains": sorted(kind.explains),
        "source": rule.source,
    }


def _explain(rules: tuple[AlertRule, ...], wanted: str | None, context: Context) -> int:
    by_id = {rule.rule_id: rule for rule in rules}
    rule = by_id.get((wanted or "").upper())
    if rule is None:
        meant = nearest((wanted or "").upper(), by_id) or ", ".join(by_id)
        raise CommandError(f"there is no rule {wanted!r}; did you mean {meant}?")
    if context.json:
        print(json.dumps(_plain(rule), ensure_ascii=False))
        return Exit.OK
    texts, kind = context.texts, KINDS[rule.rule_id]
    words = f"alerts.rule.{rule.rule_id}"
    print(f"{rule.rule_id} {texts(f'{words}.name')}\n{texts(f'{words}.meaning')}")
    for number, check in enumerate(texts(f"{words}.checks").split("|"), 1):
        print(f"  {number}. {check}")
    facts = {
        "severity": rule.severity.name,
        "light": rule.daylight.name,
        "limits": ", ".join(f"{key} {value:g}" for key, value in rule.limits.items()) or "-",
        "needs": ", ".join(kind.needs) or "-",
        "explains": ", ".join(sorted(kind.explains)) or "-",
        "source": rule.source,
    }
    print("\n".join(table([[texts(f"rules.head.{key}"), value] for key, value in facts.items()])))
    return Exit.OK


def _score(args: argparse.Namespace, context: Context) -> int:
    if args.truth is None or args.alerts is None:
        raise CommandError("name both files: pvmon rules score --truth truth.csv --alerts out/alerts.csv")
    book = load_alert_rules(context.config, context.data / "config", context.texts)
    found = score(
        read_alerts(args.alerts.read_text("utf-8")),
        read_truth(args.truth.read_text("utf-8")),
        args.days,
        allowances(book.rules),
        args.least_kwh,
    )
    if context.json:
        print(json.dumps([asdict(each) for each in found], ensure_ascii=False))
        return Exit.OK
    heads = ["rule", "events", "found", "recall", "alerts", "right", "precision", "delay", "false_per_day"]
    rows = [[context.texts(f"rules.head.{key}") for key in heads], *(_score_row(each) for each in found)]
    print("\n".join(table(rows)))
    return Exit.OK


def _score_row(each: Score) -> list[str]:
    return [
        each.rule,
        str(each.events),
        str(each.found),
        _number(each.recall),
        str(each.alerts),
        str(each.right),
        _number(each.precision),
        _number(each.delay_h),
        _number(each.false_per_plant_day, 4),
    ]


def _number(value: float | None, digits: int = 3) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


VERB = RulesVerb()
