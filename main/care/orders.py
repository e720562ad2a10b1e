"""What the command line asks about notifications, of a running instance or in its own process."""

from collections.abc import Mapping
from typing import Any

from access.principal import console_principal
from commands.notifications import notify_orders
from domain.errors import CommandError
from main.build import Options
from main.care.telling import maintenance_of, notifications_of, notifying_of
from main.control import Action
from queries.work import Work, WorkSources
from stores.records.store import SqlRecordStore


def work_sources(options: Options, records: SqlRecordStore) -> WorkSources:
    """Return what the views of work are made of."""
    return WorkSources(
        options.registry, records, options.clock, maintenance_of(options), notifying_of(options)
    )


def work_of(options: Options, records: SqlRecordStore) -> Work:
    """Return the views of work."""
    return Work(work_sources(options, records))


def care_orders(options: Options, records: SqlRecordStore) -> Mapping[str, Action]:
    """Return the orders by name, each taking and giving plain JSON values; they act as the console."""
    work = work_of(options, records)

    def rated(payload: Mapping[str, Any]) -> Mapping[str, Any]:
        found = work.rates(console_principal(), float(payload.get("days") or 30))
        if found is None:
            raise CommandError("alert rates are of the whole district")
        return {
            "desk_per_day": found.desk_per_day,
            "push_per_day": found.push_per_day,
            "flood_share": found.flood_share,
            "stale": found.stale,
            "chatter": found.chatter,
            "split": list(found.split) if found.split else None,
        }

    return {**notify_orders(notifications_of(options, records)), "notify.rates": rated}
