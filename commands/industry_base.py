"""What commands on the other industries share: the store, the registry, the rules, and who may report for what."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from access.principal import Principal
from access.villages import sees_village, towns_seen, villages_of
from commands.audit import Audited
from domain.clock import Clock
from domain.industry import ReporterKind
from domain.plant import Registry
from domain.timespan import day_of
from industries.base import BASE, Base, base_of
from industries.report import refuse
from industries.rules import Fund, IndustryRules
from stores.industry_protocol import IndustryRecords

PAPER_KINDS = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG": "image/png", b"%PDF": "application/pdf"}


def paper_kind(content: bytes) -> str:
    """Return the content type of a photo or paper; anything else is refused."""
    for sign, kind in PAPER_KINDS.items():
        if content.startswith(sign):
            return kind
    raise refuse("no_paper")


class IndustryCommands(Audited):
    """Base of the commands on industries. ``clock`` is real time, ``field_clock`` decides which day it is."""

    def __init__(
        self,
        records: IndustryRecords,
        registry: Registry,
        rules: IndustryRules,
        clock: Clock,
        field_clock: Clock,
    ) -> None:
        super().__init__(records, clock, field_clock)
        self._store = records
        self._registry = registry
        self._rules = rules

    @property
    def _today(self) -> date:
        return day_of(self._field_clock.now())

    def _bases(self) -> dict[str, Base]:
        return {one.entry_id: base_of(one.content) for one in self._store.entries(BASE)}

    def _village(self, principal: Principal, village_id: str) -> str:
        """Return a village in scope; one that is not there and one out of sight get the same answer."""
        if not sees_village(principal, self._registry, village_id):
            raise refuse("no_village", village=village_id[:40])
        return village_id

    def _may_report(
        self, principal: Principal, kind: ReporterKind, reporter_id: str, bases: Mapping[str, Base]
    ) -> bool:
        """Tell whether a town, village or base is in scope."""
        if kind is ReporterKind.TOWN:
            return reporter_id in towns_seen(principal, self._registry)
        if kind is ReporterKind.VILLAGE:
            return sees_village(principal, self._registry, reporter_id)
        base = bases.get(reporter_id)
        return base is not None and sees_village(principal, self._registry, base.village_id)

    def _land_mu(self, town_id: str) -> Decimal:
        villages = villages_of(self._registry, town_id, self._today)
        return sum((self._rules.limits.land_mu(one) for one in villages), Decimal(0))

    def _fund(self, fund_id: str) -> Fund:
        found = self._rules.fund(fund_id, self._today)
        if found is None:
            raise refuse("no_fund", text=fund_id[:40])
        return found

    def _two_persons(self, principal: Principal, maker: str) -> None:
        if principal.user_id == maker:
            raise refuse("same_person", person=maker)

    @staticmethod
    def _whole_district(principal: Principal) -> None:
        if not principal.scope.everything:
            raise refuse("no_district")
