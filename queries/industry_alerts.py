"""Alerts of industries: what is so now, what is open, one with its life; a town sees its own and the district's."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from access.guard import guarded, require
from access.permissions import Permission
from access.principal import Principal
from access.villages import handles_town_alert, sees_town_alert
from alerts.handling import fold
from domain.alert import Alert
from domain.clock import Clock
from domain.errors import AccessDeniedError
from domain.handling import Handling
from domain.industry import Finding
from domain.maintenance import PlantAccess
from domain.plant import Registry
from domain.timespan import day_of
from industries import watch
from queries.industries import IndustryQueries
from queries.work import AlertView, QueueRow
from stores.work_protocol import WorkStore

ENDED_SHOWN = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class IndustryAlertRow:
    """One alert in the list. ``is_mine``: the reader may act on it."""

    alert: Alert
    handling: Handling
    is_quiet: bool
    is_mine: bool


@dataclass(frozen=True, slots=True)
class IndustryAlertList:
    """What is open, and what ended lately."""

    open: tuple[IndustryAlertRow, ...]
    ended: tuple[IndustryAlertRow, ...]


@guarded
class IndustryAlertViews:
    """Views of alerts of industries."""

    def __init__(
        self, records: WorkStore, registry: Registry, clock: Clock, queries: IndustryQueries
    ) -> None:
        self._records = records
        self._registry = registry
        self._clock = clock
        self._queries = queries

    @require(Permission.VIEW_INDUSTRIES)
    def findings(self, principal: Principal, owed: Sequence[str] = ()) -> list[Finding]:
        """Return what is so now of indicators and funds, and of towns for the newest month due and those ``owed``."""
        limits = self._queries.rules(principal).limits
        period = watch.judged_period(day_of(self._clock.now()), limits.due_day)
        names = {one.town_id: (one.name, one.name_en) for one in self._registry.towns}
        view = self._queries.overview(principal, period)
        found = watch.of_indicators(
            view.rows, view.notices, period, {town: name for town, (name, _) in names.items()}
        )
        found += watch.of_funds(view.funds, limits)
        for month in sorted({period, *owed}):
            towns = view.towns if month == period else self._queries.overview(principal, month).towns
            found += watch.of_towns({one.town_id: one.missing for one in towns}, month, names)
        return found

    @require(Permission.VIEW_INDUSTRIES)
    def list(self, principal: Principal) -> IndustryAlertList:
        """Return the open alerts in scope and those that ended within a month, newest end first."""
        now = self._clock.now()
        opened = [one for one in self._records.open_alerts([""]) if self._sees(principal, one)]
        ended = [one for one in self._records.resolved_since(now - ENDED_SHOWN) if self._sees(principal, one)]
        acts = self._records.alert_acts([one.alert_id for one in (*opened, *ended)])

        def row(alert: Alert) -> IndustryAlertRow:
            handling = fold(alert.alert_id, acts.get(alert.alert_id, ()))
            quiet = handling.is_shelved(now) or handling.is_silenced(now)
            return IndustryAlertRow(
                alert, handling, quiet, handles_town_alert(principal, self._registry, alert)
            )

        return IndustryAlertList(tuple(map(row, opened)), tuple(map(row, reversed(ended))))

    @require(Permission.VIEW_INDUSTRIES)
    def one(self, principal: Principal, alert_id: str) -> AlertView:
        """Return one alert with its life; AccessDeniedError when there is none in scope."""
        found = self._records.alert(str(alert_id))
        if found is None or not self._sees(principal, found):
            raise AccessDeniedError(
                f"no alert {str(alert_id)[:40]!r} within the scope of {principal.user_id}"
            )
        acts = tuple(self._records.alert_acts([found.alert_id]).get(found.alert_id, ()))
        handling = fold(found.alert_id, acts)
        return AlertView(
            QueueRow(found, handling, None, 0, 0, (), PlantAccess(), None, None),
            tuple(self._records.transitions(found.alert_id)),
            acts,
            tuple(self._records.decisions(alert_id=found.alert_id, count_max=50)),
            tuple(self._records.notifications(found.since - timedelta(days=1), alert_id=found.alert_id)),
            (),
        )

    @require(Permission.VIEW_INDUSTRIES)
    def handles(self, principal: Principal, alert: Alert) -> bool:
        """Tell whether the reader may act on an alert."""
        may = principal.may(Permission.HANDLE_INDUSTRIES)
        return may and handles_town_alert(principal, self._registry, alert)

    def _sees(self, principal: Principal, alert: Alert) -> bool:
        return alert.is_of_industries and sees_town_alert(principal, self._registry, alert)
