"""What other commands may order a running instance to do, by name."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from commands.account_orders import account_orders
from main.control import Action

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

    if not instance.has_records:  # a collector of a server knows no accounts
        return {"status": status}
    return {"status": status, **account_orders(instance.accounts())}
