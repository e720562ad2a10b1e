"""`pvmon samples account`: what became of every expected sample, by device and day, or summed by plant."""

import argparse
import json
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import date, timedelta
from typing import Any

from domain.clock import Clock, SystemClock
from domain.errors import CommandError
from domain.plant import Registry
from domain.slots import SampleAccount
from domain.timespan import day_of
from main import control
from main.build import open_records
from main.cli import Context, Exit
from main.configuration import load_registry
from main.settings import load_settings
from queries.sample_accounts import accounts_between, summed
from stores.protocol import RecordStore
from texts.loader import Texts
from texts.samples import reasons

ORDER = "samples_account"


def arguments(parser: argparse.ArgumentParser, texts: Texts) -> None:
    """Declare the options."""
    parser.add_argument("--plant", action="append", default=[], help=texts("slots.plant"))
    parser.add_argument("--from", dest="start", default="", help=texts("slots.start"))
    parser.add_argument("--to", dest="end", default="", help=texts("slots.end"))
    parser.add_argument("--devices", action="store_true", help=texts("slots.devices"))


def perform(
    store: RecordStore, registry: Registry, clock: Clock, payload: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the accounts of the days and plants asked for; by default of yesterday and today.

    Raises
    ------
    CommandError
        A plant or a day is not one.
    """
    today = day_of(clock.now())
    last = _day(payload.get("end"), today)
    first = _day(payload.get("start"), min(last, today - timedelta(days=1)))
    plants = payload.get("plants") or list(registry.plants_by_id)
    unknown = [name for name in plants if name not in registry.plants_by_id]
    if unknown:
        raise CommandError(f"plant {unknown[0]}: there is none; see `pvmon registry export`")
    found = []
    for plant_id in plants:
        accounts = accounts_between(store, [registry.plants_by_id[plant_id]], first, last, clock.now())
        found += [{"plant": plant_id, **_plain(one)} for one in accounts]
    return {"first": first.isoformat(), "last": last.isoformat(), "accounts": found}


def _day(text: object, standard: date) -> date:
    if not text:
        return standard
    try:
        return date.fromisoformat(str(text))
    except ValueError as error:
        raise CommandError(f"{text!r}: give a day such as 2026-07-01") from error


def _plain(one: SampleAccount) -> dict[str, Any]:
    return {
        "device": one.device_id,
        "day": one.day.isoformat(),
        "expected": one.expected,
        "good": one.good,
        "suspect": dict(one.suspect),
        "missing": dict(one.missing),
    }


def run(args: argparse.Namespace, context: Context) -> int:
    """Ask the running instance, or the records when none runs; print."""
    payload = {"plants": args.plant, "start": args.start, "end": args.end}
    answer = control.call(context.data, ORDER, payload)
    if answer is None:
        settings = load_settings(config_dir=context.config, data_dir=context.data)
        overlay = settings.overlay_dir
        registry = load_registry(context.config, overlay if overlay.is_dir() else None)
        with closing(open_records(settings)) as records:
            answer = perform(records, registry, SystemClock(), payload)
    if context.json:
        print(json.dumps(answer, ensure_ascii=False))
        return Exit.OK
    _print(answer, context, by_device=args.devices)
    return Exit.OK


def _print(answer: Mapping[str, Any], context: Context, *, by_device: bool) -> None:
    rows = answer["accounts"]
    context.say("slots.title", first=answer["first"], last=answer["last"])
    if not rows:
        context.say("slots.none")
        return
    groups: dict[tuple[str, str], list[SampleAccount]] = {}
    for row in rows:
        name = row["device"] if by_device else row["plant"]
        groups.setdefault((name, row["day"]), []).append(_account(row))
    for (name, day), accounts in sorted(groups.items()):
        context.say("slots.row", name=name, day=day, **_words(accounts, context.texts))
    context.say("slots.sum", **_words([_account(row) for row in rows], context.texts))


def _account(row: Mapping[str, Any]) -> SampleAccount:
    return SampleAccount(
        row["device"],
        date.fromisoformat(row["day"]),
        row["expected"],
        row["good"],
        row["suspect"],
        row["missing"],
    )


def _words(accounts: Sequence[SampleAccount], texts: Texts) -> dict[str, object]:
    total = summed(accounts)
    share = "—" if total.good_share is None else f"{100 * total.good_share:.1f} %"
    return {
        "expected": total.expected,
        "good": total.good,
        "share": share,
        "suspect": reasons(total.suspect, texts),
        "missing": reasons(total.missing, texts),
    }
