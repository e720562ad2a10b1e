"""What is known around a number that is being reported, out of one read of the reports of the months concerned."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from domain.industry import Report, ReporterKind, month_before, year_before
from industries.attainment import tasks_of
from industries.base import Base
from industries.report import Draft, Surroundings
from industries.rules import IndustryRules
from stores.industry_protocol import IndustryStore

NEIGHBOURS_MIN = 3


@dataclass
class Known:
    """Newest reports by what they are about; grows while a file is read, so that its rows see each other."""

    rules: IndustryRules
    today: date
    villages: Mapping[str, int]
    land_mu: Mapping[str, Decimal]
    bases: Mapping[str, Base]
    _newest: dict[tuple[str, str, str, str], Report] = field(default_factory=dict)
    _towns: dict[tuple[str, str], dict[str, Decimal]] = field(default_factory=dict)
    _tasks: dict[str, dict[str, Decimal]] = field(default_factory=dict)

    def read(self, store: IndustryStore, periods: Sequence[str]) -> None:
        """Read what may matter for reports of these months."""
        if not periods:
            return
        for one in store.reports(first_period=year_before(min(periods)), last_period=max(periods)):
            self.keep(one)

    def keep(self, report: Report) -> None:
        """Take note of a report."""
        self._newest[report.key] = report
        if report.reporter_kind is ReporterKind.TOWN and report.counts:
            place = (report.indicator_id, report.period)
            self._towns.setdefault(place, {})[report.reporter_id] = report.value

    def existing(self, draft: Draft) -> Report | None:
        """Return the report that is there already."""
        return self._at(draft, draft.period)

    def around(self, draft: Draft) -> Surroundings:
        """Return what is known around a number."""
        is_town = draft.reporter_kind is ReporterKind.TOWN
        base = self.bases.get(draft.reporter_id) if draft.reporter_kind is ReporterKind.BASE else None
        return Surroundings(
            self.today,
            self.rules.limits,
            self.rules.units_of(draft.indicator.unit.base),
            existing=self.existing(draft),
            last_month=self._at(draft, month_before(draft.period)),
            last_year=self._at(draft, year_before(draft.period)),
            land_mu=self._land_mu(draft),
            area_mu=None if base is None else base.area_mu,
            villages=self.villages.get(draft.reporter_id, 0) if is_town else 0,
            neighbours=self._neighbours(draft) if is_town else (),
            task=self._task(draft) if is_town else None,
        )

    def _land_mu(self, draft: Draft) -> Decimal | None:
        if draft.reporter_kind is ReporterKind.VILLAGE:
            return self.rules.limits.land_mu(draft.reporter_id)
        return self.land_mu.get(draft.reporter_id) if draft.reporter_kind is ReporterKind.TOWN else None

    def _at(self, draft: Draft, period: str) -> Report | None:
        key = (draft.indicator.indicator_id, draft.reporter_kind.value, draft.reporter_id, period)
        found = self._newest.get(key)
        return found if found is None or found.counts or period == draft.period else None

    def _neighbours(self, draft: Draft) -> tuple[Decimal, ...]:
        values = self._towns.get((draft.indicator.indicator_id, draft.period), {})
        found = tuple(
            value / self.villages[town]
            for town, value in values.items()
            if town != draft.reporter_id and self.villages.get(town)
        )
        return found if len(found) >= NEIGHBOURS_MIN else ()

    def _task(self, draft: Draft) -> Decimal | None:
        name = draft.indicator.indicator_id
        if name not in self._tasks:
            self._tasks[name] = tasks_of(draft.indicator, self.villages)[0]
        return self._tasks[name].get(draft.reporter_id)


def periods_of(drafts: Iterable[Draft]) -> list[str]:
    """Return the months of drafts."""
    return sorted({one.period for one in drafts})
