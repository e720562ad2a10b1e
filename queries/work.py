"""What work looks like: the queue of faults by yuan, one fault with everything about it, orders, months."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from access.guard import guarded, require
from access.permissions import Permission
from access.principal import Principal
from alerts.handling import covering_stop, fold
from alerts.rates import AlertRates, rates
from alerts.root_cost import with_explained
from cases.deadlines import is_overdue
from cases.inspections import PlannedVisit, visits
from cases.lifecycle import fold as fold_case
from cases.monthly import RulePrecision, Workload, precisions, workloads
from cases.tags import tag_of
from domain.alert import Alert, Severity, Transition
from domain.case import Case, CaseAct, CaseKind, CaseState
from domain.clock import Clock
from domain.errors import AccessDeniedError
from domain.handling import AlertAct, Handling, PlannedStop
from domain.maintenance import Contact, Maintenance, PlantAccess
from domain.notification import Decision, Notification, Notifying
from domain.plant import Plant, Registry
from domain.timespan import Interval, day_of, local_month
from stores.work_protocol import WorkStore

P = Permission
_STOPS_BACK = timedelta(days=60)
_STATE_ORDER = {state: position for position, state in enumerate(CaseState)}


@dataclass(frozen=True, slots=True)
class WorkSources:
    """What the views of work are made of. ``clock`` is field time."""

    registry: Registry
    records: WorkStore
    clock: Clock
    maintenance: Maintenance
    notifying: Notifying


@dataclass(frozen=True, slots=True)
class QueueRow:
    """One fault of today, at risk of what it and the ``children`` alerts it explains cost.

    ``villages`` depend on the plants' income.
    """

    alert: Alert
    handling: Handling
    plant: Plant | None
    plants: int
    children: int
    villages: tuple[str, ...]
    access: PlantAccess
    case: Case | None
    stop: PlannedStop | None


@dataclass(frozen=True, slots=True)
class Trip:
    """Faults one trip covers: the same valley where it is known, else the same town."""

    place: str
    rows: tuple[QueueRow, ...]

    @property
    def at_risk_fen(self) -> int:
        """What a coming day costs while nobody goes; what is not known counts as nothing here."""
        return sum(row.alert.at_risk_fen or 0 for row in self.rows)


@dataclass(frozen=True, slots=True)
class QueueView:
    """The queue: trips by yuan, what is quieted, and what is not priced."""

    at: datetime
    trips: tuple[Trip, ...]
    quiet: tuple[QueueRow, ...]
    stops: tuple[PlannedStop, ...]

    @property
    def at_risk_fen(self) -> int:
        """What a coming day costs altogether."""
        return sum(trip.at_risk_fen for trip in self.trips)


@dataclass(frozen=True, slots=True)
class AlertView:
    """One alert with everything about it."""

    row: QueueRow
    life: tuple[Transition, ...]
    acts: tuple[AlertAct, ...]
    decisions: tuple[Decision, ...]
    messages: tuple[Notification, ...]
    history: tuple[Alert, ...]


@dataclass(frozen=True, slots=True)
class OrderView:
    """One case with its acts, its plant and what the field needs."""

    case: Case
    acts: tuple[CaseAct, ...]
    plant: Plant | None
    device_name: str
    place: str
    access: PlantAccess
    responsible: Contact | None
    overdue: bool
    nearby: tuple[Case, ...]
    alerts: tuple[Alert, ...]
    tag: PlannedStop | None = None


@dataclass(frozen=True, slots=True)
class MonthView:
    """A month of work."""

    month: date
    towns: tuple[tuple[str, Workload], ...]
    people: tuple[Workload, ...]
    contractors: tuple[tuple[str, Workload], ...]
    rules: tuple[RulePrecision, ...]
    rates: AlertRates | None
    contractor_orders: Mapping[str, tuple[Case, ...]]
    contracts: Mapping[str, str]


@guarded
class Work:
    """Views of alerts and cases within a principal's scope."""

    def __init__(self, sources: WorkSources) -> None:
        self._sources = sources

    @require(P.VIEW_ALERTS)
    def queue(self, principal: Principal) -> QueueView:
        """Return the open faults, by trip, the dearest first."""
        sources, now = self._sources, self._sources.clock.now()
        mine = {plant.plant_id for plant in principal.plants(sources.registry)}
        alerts = sources.records.open_alerts(mine)
        stops = sources.records.stops(now - _STOPS_BACK, now + _STOPS_BACK)
        heads = [row for row in self._rows(alerts, stops) if row.alert.parent_id is None]
        loud = [row for row in heads if not _is_quiet(row, now)]
        quiet = [row for row in heads if _is_quiet(row, now)]
        here = tuple(stop for stop in stops if now < (stop.ended_at or stop.end) and self._sees(stop, mine))
        return QueueView(now, _trips(loud, sources.registry), tuple(quiet), here)

    @require(P.VIEW_ALERTS)
    def alert(self, principal: Principal, alert_id: str) -> AlertView:
        """Return one alert; AccessDeniedError when there is none in scope."""
        sources, now = self._sources, self._sources.clock.now()
        records = sources.records
        found = records.alert(str(alert_id))
        mine = {plant.plant_id for plant in principal.plants(sources.registry)}
        if found is None or not ({found.plant_id, *found.plant_ids} & mine):
            raise AccessDeniedError(
                f"no alert {str(alert_id)[:40]!r} within the scope of {principal.user_id}"
            )
        stops = records.stops(found.since - _STOPS_BACK, now + timedelta(seconds=1))
        children = [each for each in records.children(found.alert_id) if each.is_open or not found.is_open]
        row = self._rows([found, *children], stops)[0]
        past = Interval(now - timedelta(days=365), now)
        device_id = found.device_id or None
        history = records.alert_history(past, {found.plant_id}, device_id=device_id, count_max=10)
        return AlertView(
            row,
            tuple(records.transitions(found.alert_id)),
            tuple(records.alert_acts([found.alert_id]).get(found.alert_id, ())),
            tuple(records.decisions(alert_id=found.alert_id, count_max=50)),
            tuple(records.notifications(found.since - timedelta(days=1), alert_id=found.alert_id)),
            tuple(one for one in history if one.alert_id != found.alert_id),
        )

    @require(P.VIEW_CASES)
    def board(self, principal: Principal, *, only_mine: bool = False) -> list[Case]:
        """Return open cases and those closed within a week: overdue first, then by state and due date."""
        now = self._sources.clock.now()
        acts = self._sources.records.cases_acts(since=now - timedelta(days=7))
        cases = [case for each in acts if self._sees_case(principal, case := fold_case(each))]
        if only_mine:
            cases = [case for case in cases if principal.is_called(case.assignee)]
        return sorted(
            cases,
            key=lambda case: (
                not is_overdue(case, now),
                _STATE_ORDER[case.state],
                case.due_at or case.registered_at,
                case.number,
            ),
        )

    @require(P.VIEW_CASES)
    def cases(self, principal: Principal, since: datetime | None = None) -> list[Case]:
        """Return open cases in scope, with ``since`` also those changed since then."""
        acts = self._sources.records.cases_acts(open_only=since is None, since=since)
        return [case for each in acts if self._sees_case(principal, case := fold_case(each))]

    @require(P.VIEW_CASES)
    def order(self, principal: Principal, case_id: str) -> OrderView:
        """Return one case; AccessDeniedError when there is none in scope."""
        sources = self._sources
        acts = sources.records.case_acts(str(case_id))
        case = fold_case(acts) if acts else None
        if case is None or not self._sees_case(principal, case):
            raise AccessDeniedError(f"no case {str(case_id)[:40]!r} within the scope of {principal.user_id}")
        plant = sources.registry.plants_by_id.get(case.plant_id)
        device = sources.registry.devices_by_id.get(case.device_id)
        others = [fold_case(each) for each in sources.records.cases_acts(open_only=True)]
        now = sources.clock.now()
        return OrderView(
            case,
            tuple(acts),
            plant,
            device.name if device is not None else case.device_id,
            self._place(case, principal.language),
            sources.maintenance.access_of(case.plant_id),
            sources.maintenance.responsible_for(case.town_id),
            is_overdue(case, now),
            tuple(
                one
                for one in others
                if one.town_id == case.town_id and one.case_id != case.case_id and case.town_id
            ),
            tuple(a for one in case.alert_ids if (a := sources.records.alert(one)) is not None),
            tag_of(case, sources.records.stops(now, now + timedelta(seconds=1)), now),
        )

    @require(P.VIEW_CASES)
    def photo(self, principal: Principal, case_id: str, sha256: str) -> tuple[str, bytes]:
        """Return content type and bytes of a picture of a case."""
        view = self.order(principal, case_id)
        found = None
        if any(photo.sha256 == sha256 for photo in view.case.photos):
            found = self._sources.records.photo(sha256)
        if found is None:
            raise AccessDeniedError(f"case {view.case.number} has no such photo")
        return found

    @require(P.VIEW_CASES)
    def month(self, principal: Principal, month: date) -> MonthView:
        """Return a month of work: per township, person, contractor and rule."""
        sources = self._sources
        span = local_month(month.year, month.month)
        acts = sources.records.cases_acts(since=span.start)
        cases = [case for each in acts if self._sees_case(principal, case := fold_case(each))]
        orders, now = [case for case in cases if case.kind is CaseKind.ORDER], sources.clock.now()
        theirs = _of_month(orders, span, lambda case: self._contractor(case, month))
        towns = sources.registry.towns_by_id
        return MonthView(
            month,
            tuple(
                (towns[one.key].label(principal.language) if one.key in towns else one.key, one)
                for one in workloads(cases, span, lambda case: case.town_id, now)
            ),
            tuple(workloads(cases, span, lambda case: case.assignee, now)),
            tuple(
                (one.key, one)
                for one in workloads(orders, span, lambda case: self._contractor(case, month), now)
            ),
            tuple(precisions(orders)),
            self._rates(span.start, span.end) if principal.scope.everything else None,
            theirs,
            {one.contact.name: one.contract for one in sources.maintenance.contractors},
        )

    @require(P.VIEW_ALERTS)
    def rates(self, principal: Principal, days: float) -> AlertRates | None:
        """Return alert rates over the last days; None for who does not see the whole district."""
        now = self._sources.clock.now()
        return self._rates(now - timedelta(days=days), now) if principal.scope.everything else None

    @require(P.VIEW_CASES)
    def receivers(self, principal: Principal) -> Mapping[str, str]:  # noqa: ARG002 (the guard's)
        """Return the names of who is told, by id."""
        return {one.receiver_id: one.name for one in self._sources.notifying.receivers}

    @require(P.VIEW_CASES)
    def calendar(self, principal: Principal, first: date, last: date) -> list[PlannedVisit]:
        """Return planned inspections from a day to a day."""
        mine = principal.plants(self._sources.registry)
        return visits(self._sources.maintenance.inspections, mine, first, last)

    @require(P.VIEW_OVERVIEW)
    def contacts(self, principal: Principal) -> list[tuple[str, Contact]]:
        """Return who answers for which town."""
        maintenance = self._sources.maintenance
        found = []
        for town in self._sources.registry.towns:
            contact = maintenance.responsible_for(town.town_id)
            if contact is not None:
                found.append((town.label(principal.language), contact))
        return found

    def _rows(self, alerts: Sequence[Alert], stops: Sequence[PlannedStop]) -> list[QueueRow]:
        records = self._sources.records
        acts = records.alert_acts([alert.alert_id for alert in alerts])
        explained: dict[str, int] = {}
        for alert in alerts:
            if alert.parent_id is not None:
                explained[alert.parent_id] = explained.get(alert.parent_id, 0) + 1
        cases = records.cases_of_alerts([alert.alert_id for alert in alerts])
        costs = with_explained(alerts)
        return [self._row(costs[alert.alert_id], acts, explained, stops, cases) for alert in alerts]

    def _row(
        self,
        alert: Alert,
        acts: Mapping[str, Sequence[AlertAct]],
        explained: Mapping[str, int],
        stops: Sequence[PlannedStop],
        cases: Mapping[str, str],
    ) -> QueueRow:
        sources = self._sources
        plant_id = alert.plant_id or (alert.plant_ids[0] if alert.plant_ids else "")
        plant = sources.registry.plants_by_id.get(plant_id)
        case_id = cases.get(alert.alert_id)
        return QueueRow(
            alert,
            fold(alert.alert_id, acts.get(alert.alert_id, ())),
            plant,
            max(len(alert.plant_ids), 1),
            explained.get(alert.alert_id, 0),
            self._villages(alert),
            sources.maintenance.access_of(plant_id),
            fold_case(sources.records.case_acts(case_id)) if case_id is not None else None,
            covering_stop(alert, stops, sources.registry, sources.clock.now()),
        )

    def _villages(self, alert: Alert) -> tuple[str, ...]:
        registry, day = self._sources.registry, day_of(self._sources.clock.now())
        found: dict[str, None] = {}
        for plant_id in (alert.plant_id, *alert.plant_ids):
            plant = registry.plants_by_id.get(plant_id)
            act = plant.ownership_on(day) if plant is not None else None
            for village_id, share_kw in (act.shares_kw if act is not None else {}).items():
                if share_kw > 0:
                    found[registry.village_label(village_id)] = None
        return tuple(found)

    def _place(self, case: Case, language: str) -> str:
        registry = self._sources.registry
        if case.plant_id in registry.plants_by_id:
            plant = registry.plants_by_id[case.plant_id]
            return plant.label(language)
        if case.village_id in registry.villages_by_id:
            return registry.village_label(case.village_id, language)
        return "—"

    def _sees_case(self, principal: Principal, case: Case) -> bool:
        scope = principal.scope
        if not principal.sees_case_of(case.assignee):
            return False
        if scope.everything or case.town_id in scope.town_ids or case.village_id in scope.village_ids:
            return True
        plant = self._sources.registry.plants_by_id.get(case.plant_id)
        return plant is not None and principal.sees_plant(plant, self._sources.registry)

    def _sees(self, stop: PlannedStop, mine: set[str]) -> bool:
        plants = self._sources.registry.plants_by_id
        return stop.plant_id in mine or any(plants[one].feeder == stop.feeder for one in mine if stop.feeder)

    def _contractor(self, case: Case, month: date) -> str:
        plant = self._sources.registry.plants_by_id.get(case.plant_id)
        found = self._sources.maintenance.contractor_of(plant, month) if plant is not None else None
        return found.contact.name if found is not None else ""

    def _rates(self, start: datetime, end: datetime) -> AlertRates:
        records, now = self._sources.records, min(self._sources.clock.now(), end)
        span = Interval(start, max(now, start))
        alerts = records.alert_history(span, count_max=20_000)
        acts = records.alert_acts([alert.alert_id for alert in alerts if alert.is_open])
        handled = {name for name, done in acts.items() if _is_kept(fold(name, done), now)}
        handled |= set(records.cases_of_alerts([alert.alert_id for alert in alerts if alert.is_open]))
        field_ids = {one.receiver_id for one in self._sources.notifying.receivers if one.role == "field"}
        sent = records.notifications(start, count_max=20_000)
        return rates(alerts, sent, field_ids, handled, start, now)


def _of_month(
    orders: Sequence[Case], span: Interval, key_of: Callable[[Case], str]
) -> dict[str, tuple[Case, ...]]:
    """Return by key the orders that came, were done or stood open in a month, the oldest first."""
    found: dict[str, list[Case]] = {}
    for case in sorted(orders, key=lambda one: (one.registered_at, one.number)):
        ended = case.closed_at
        if case.registered_at < span.end and (ended is None or ended >= span.start):
            found.setdefault(key_of(case), []).append(case)
    return {key: tuple(cases) for key, cases in found.items()}


def _is_kept(handling: Handling, now: datetime) -> bool:
    return handling.is_shelved(now) or handling.is_silenced(now)


def _is_quiet(row: QueueRow, now: datetime) -> bool:
    return row.handling.is_shelved(now) or row.stop is not None


def _trips(rows: Sequence[QueueRow], registry: Registry) -> tuple[Trip, ...]:
    """Bundle rows by valley, else by town; within and between trips the dearest first, danger before all."""
    places: dict[str, list[QueueRow]] = {}
    for row in rows:
        town = registry.towns_by_id.get(row.plant.town_id) if row.plant is not None else None
        place = row.access.valley or (town.name if town is not None else "—")
        places.setdefault(place, []).append(row)
    trips = [Trip(place, tuple(sorted(found, key=_dear))) for place, found in places.items()]
    return tuple(
        sorted(
            trips,
            key=lambda trip: (
                min(row.alert.severity for row in trip.rows) is not Severity.S1,
                -trip.at_risk_fen,
                trip.place,
            ),
        )
    )


def _dear(row: QueueRow) -> tuple[bool, int, int, str]:
    alert = row.alert
    return alert.severity is not Severity.S1, -(alert.at_risk_fen or 0), int(alert.severity), alert.alert_id
