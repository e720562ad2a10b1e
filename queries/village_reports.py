"""What villages reported to their town for a month, and who is missing."""

from access.guard import guarded, require
from access.permissions import Permission
from access.principal import Principal
from access.villages import check_town, towns_seen, villages_of
from domain.clock import Clock
from domain.industry import ReporterKind
from domain.plant import Registry
from domain.timespan import day_of
from industries.collecting import Collected, collected
from industries.rules import IndustryRules
from stores.industry_protocol import IndustryRecords


@guarded
class VillageReports:
    """Views of what villages reported."""

    def __init__(
        self, records: IndustryRecords, registry: Registry, rules: IndustryRules, clock: Clock
    ) -> None:
        self._records = records
        self._registry = registry
        self._rules = rules
        self._clock = clock

    @require(Permission.VIEW_INDUSTRIES)
    def town(self, principal: Principal, town_id: str, period: str) -> Collected:
        """Return what the villages of a town in scope said for a month."""
        check_town(principal, self._registry, town_id)
        return self._of([town_id], period)[town_id]

    @require(Permission.VIEW_INDUSTRIES)
    def towns(self, principal: Principal, period: str) -> dict[str, Collected]:
        """Return the same of every town in scope."""
        return self._of(towns_seen(principal, self._registry), period)

    def _of(self, town_ids: list[str], period: str) -> dict[str, Collected]:
        today = day_of(self._clock.now())
        homes = {town: villages_of(self._registry, town, today) for town in town_ids}
        reports = self._records.reports(kind=ReporterKind.VILLAGE, first_period=period, last_period=period)
        indicators = self._rules.in_force(today)
        return {town: collected(villages, reports, indicators) for town, villages in homes.items()}
