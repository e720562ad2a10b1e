"""A town's report of a month with every version, what the second person did, and its photos."""

from dataclasses import dataclass

from access.guard import guarded, require
from access.permissions import Permission
from access.principal import Principal
from access.villages import check_town
from domain.clock import Clock
from domain.errors import AccessDeniedError
from domain.industry import Report, ReporterKind
from domain.plant import Registry
from domain.timespan import day_of
from industries.indicator import Indicator
from industries.rules import IndustryRules
from stores.industry_protocol import IndustryRecords


@dataclass(frozen=True, slots=True)
class ReportLine:
    """One number: the newest version, and those before it, newest first."""

    indicator: Indicator
    newest: Report
    earlier: tuple[Report, ...]


@guarded
class TownReports:
    """Views of what a town submitted."""

    def __init__(
        self, records: IndustryRecords, registry: Registry, rules: IndustryRules, clock: Clock
    ) -> None:
        self._records = records
        self._registry = registry
        self._rules = rules
        self._clock = clock

    @require(Permission.VIEW_INDUSTRIES)
    def lines(self, principal: Principal, town_id: str, period: str) -> list[ReportLine]:
        """Return what a town in scope submitted for a month, in the order of the indicators."""
        versions: dict[str, list[Report]] = {}
        for one in self._versions(principal, town_id, period):
            versions.setdefault(one.indicator_id, []).insert(0, one)
        return [
            ReportLine(one, versions[one.indicator_id][0], tuple(versions[one.indicator_id][1:]))
            for one in self._rules.in_force(day_of(self._clock.now()))
            if one.indicator_id in versions
        ]

    @require(Permission.VIEW_INDUSTRIES)
    def photo(self, principal: Principal, town_id: str, period: str, sha256: str) -> tuple[str, bytes]:
        """Return a photo that belongs to a town's report of a month."""
        known = {code for one in self._versions(principal, town_id, period) for code in one.evidence}
        found = self._records.photo(sha256) if sha256 in known else None
        if found is None:
            raise AccessDeniedError(f"no photo {sha256[:12]!r} belongs to {town_id[:20]} {period[:10]}")
        return found

    def _versions(self, principal: Principal, town_id: str, period: str) -> list[Report]:
        check_town(principal, self._registry, town_id)
        return self._records.reports(
            kind=ReporterKind.TOWN,
            reporter_ids=[town_id],
            first_period=period,
            last_period=period,
            every_version=True,
        )
