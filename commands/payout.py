"""What every command on payout shares: the village in scope, the dossier, the day, adding an act with its entries."""

from collections.abc import Sequence
from datetime import date

from access.guard import out_of_scope
from access.principal import Principal
from access.villages import sees_village
from commands.audit import Audited
from domain.clock import Clock
from domain.errors import LedgerRefusedError
from domain.ledger import Entry
from domain.plant import Registry
from domain.roster import Roster
from domain.timespan import day_of
from revenue.approval import Standing
from revenue.dossier import Act, Deed, Dossier
from revenue.figures import VillageFigures
from revenue.refusal import refuse
from revenue.rule import RuleVersion, rule_named
from stores.payout import PayoutStores, standing_of, village_figures


class PayoutCommands(Audited):
    """Base of the commands on plans, payments and notices.

    ``clock`` is real time (audit), ``field_clock`` says which day it is for the money.
    """

    def __init__(
        self,
        stores: PayoutStores,
        registry: Registry,
        rules: Sequence[RuleVersion],
        clock: Clock,
        field_clock: Clock,
    ) -> None:
        super().__init__(stores.records, clock, field_clock)
        self._stores = stores
        self._registry = registry
        self._rules = rules
        self._day = field_clock

    @property
    def _today(self) -> date:
        return day_of(self._day.now())

    def _village(self, principal: Principal, village_id: str) -> str:
        """Return the village when it is in scope; AccessDeniedError otherwise, the same for unknown ones."""
        if not sees_village(principal, self._registry, village_id):
            raise out_of_scope(principal, "village", village_id)
        return village_id

    def _dossier(self, principal: Principal, plan_id: str) -> Dossier:
        self._village(principal, plan_id.partition("-")[0])
        found = self._stores.dossiers.of_plan(plan_id)
        if found is None:
            raise refuse("no_plan", plan=plan_id[:40])
        return found

    def _rule(self, dossier: Dossier) -> RuleVersion:
        return rule_named(self._rules, dossier.plan.rule_id)

    def _roster(self, dossier: Dossier) -> Roster | None:
        return self._stores.rosters.roster(dossier.plan.roster_id)

    def _figures(self, village_id: str, first: date, last: date) -> VillageFigures:
        return village_figures(self._stores, village_id, first, last)

    def _standing(self, dossier: Dossier) -> Standing:
        """Return what the steps ask about, from the dossier and the books."""
        return standing_of(self._stores, dossier, self._rule(dossier), self._today)

    def _add(self, principal: Principal, dossier: Dossier, *deeds: Deed) -> Dossier:
        """Keep acts on a plan; inside the transaction of the command."""
        plan = dossier.plan
        now = self._clock.now()
        acts = [
            Act(plan.plan_id, plan.village_id, dossier.sequence + place, deed, principal.user_id, now)
            for place, deed in enumerate(deeds, 1)
        ]
        return self._stores.dossiers.add(acts, dossier)

    def _post(self, entries: Sequence[Entry]) -> None:
        """Post entries; what the books refuse is refused with their reason."""
        try:
            self._stores.ledger.post(entries, self._clock.now())
        except LedgerRefusedError as error:
            raise refuse("books", reason=error) from error
