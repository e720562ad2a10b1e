"""What other commands may order a running instance to do, by name."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from commands.account_orders import account_orders
from commands.token_orders import token_orders
from commands.tokens import Tokens
from domain.clock import SystemClock
from jobs.transfer_samples import perform_export, perform_import
from main import sample_account
from main.backup.parts import Sources
from main.backup.work import make_backup
from main.care.orders import care_orders
from main.control import Action
from main.field.orders import field_orders
from main.hand_over import handover_orders
from main.industry_acts import carry_out as industry_order
from main.payout_table import carry_out
from main.second_factor import factor_orders
from stores.duckdb import DuckDbStore

if TYPE_CHECKING:
    from main.instance import Instance


def orders(instance: "Instance") -> Mapping[str, Action]:
    """Return the orders of an instance."""

    def status(payload: Mapping[str, Any]) -> Mapping[str, Any]:  # noqa: ARG001 (an order without words)
        kept = instance.store.status()
        return {
            "url": instance.web.url if instance.web else None,
            "rows": kept.rows,
            "size_bytes": kept.size_bytes,
            "newest": kept.newest.isoformat() if kept.newest else None,
            "field_time": instance.options.clock.now().isoformat(),
            **instance.figures(),
        }

    def villages(payload: Mapping[str, Any]) -> Mapping[str, Any]:  # noqa: ARG001 (an order without words)
        now, collector = instance.options.clock.now(), instance.collector
        beats = collector.edge_beats() if collector is not None else []
        return {b.plant_id: None if b.at is None else (now - b.at).total_seconds() for b in beats}

    found: dict[str, Action] = {"status": status, "villages": villages, **_sample_orders(instance)}
    found |= field_orders(instance)
    if instance.has_records:  # a collector of a server knows no accounts
        found |= account_orders(instance.accounts())
        found |= token_orders(Tokens(instance.records, SystemClock(), instance.options.clock))
        found |= handover_orders(instance.options, instance.records)
        found |= factor_orders(instance.options.settings, instance.records)
        found["payout"] = lambda payload: carry_out(instance.payout(), instance.authenticate(), payload)
        found["industry"] = lambda payload: industry_order(
            instance.industries_on(instance.options.clock), instance.authenticate(), payload
        )
        found |= care_orders(instance.options, instance.records)
        found |= instance.money_orders()
        found["backup"] = lambda payload: make_backup(backup_sources(instance))  # noqa: ARG005 (without words)
        found[sample_account.ORDER] = lambda payload: sample_account.perform(
            instance.records, instance.options.registry, instance.options.clock, payload
        )
    return found


def backup_sources(instance: "Instance") -> Sources:
    """Return the parts of an instance that go into a backup."""
    return Sources(
        instance.options.settings, instance.records.database, instance.store, instance.options.clock
    )


def _sample_orders(instance: "Instance") -> dict[str, Action]:
    store, options = instance.store, instance.options
    found: dict[str, Action] = {
        "samples_import": lambda payload: perform_import(store, options.registry, options.clock, payload),
    }
    if isinstance(store, DuckDbStore):  # a server store is open to every process: the verb asks it itself
        found["samples_export"] = lambda payload: perform_export(store, options.registry, payload)
    return found
