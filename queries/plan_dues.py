"""What plans wait for by a day, out of their dossiers; who asks was permitted by the query that calls it."""

from collections.abc import Collection, Sequence
from datetime import date

from revenue.money_calendar import Due, plan_dues
from revenue.rule import RuleVersion
from stores.payout import PayoutStores


class PlanDues:
    """Looks through the plans of villages."""

    def __init__(self, stores: PayoutStores, rules: Sequence[RuleVersion]) -> None:
        self._stores = stores
        self._rules = {rule.rule_id: rule for rule in rules}

    def of_villages(self, village_ids: Collection[str], today: date) -> list[Due]:
        """Return what the plans of these villages wait for."""
        return [
            due
            for dossier in self._stores.dossiers.of_villages(village_ids)
            for due in plan_dues(dossier, self._rules.get(dossier.plan.rule_id), today)
        ]
