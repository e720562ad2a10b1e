"""What the pages of alerts show: open alerts with what is under them, and one alert with its life."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from access.guard import guarded, require
from access.permissions import Permission
from access.principal import Principal
from alerts.inhibition import is_explained
from alerts.root_cost import with_explained
from domain.alert import Alert, Severity, Transition
from domain.errors import StoreUnavailableError
from domain.plant import Device, Plant
from domain.timespan import Interval
from queries.sources import Sources
from stores.alert_protocol import AlertStore

HISTORY = timedelta(days=90)
CURVE = timedelta(hours=6)
CURVE_STEP = timedelta(minutes=5)
POWER = "ac_active_power_w"


@dataclass(frozen=True, slots=True)
class AlertRow:
    """One alert as a list shows it, at risk of what it and those it explains cost; ``under`` counts them."""

    alert: Alert
    plant: Plant | None
    device: Device | None
    under: int
    open_for: timedelta


@dataclass(frozen=True, slots=True)
class AlertList:
    """Open alerts in the reader's scope: roots, the most severe first; counts are of all roots, ``children`` stand under them."""

    taken_at: datetime
    rows: tuple[AlertRow, ...]
    counts: Mapping[Severity, int]
    children: int

    @property
    def total(self) -> int:
        """How many are open, children included."""
        return sum(self.counts.values()) + self.children


@dataclass(frozen=True, slots=True)
class AlertDetail:
    """One alert with its life, what it explains, how often it was here, and the power around it.

    ``curve`` pairs instants with the power of its device or plant; None: nothing was read. [kW]
    """

    row: AlertRow
    life: tuple[Transition, ...]
    children: tuple[AlertRow, ...]
    before: int
    curve: tuple[tuple[datetime, float | None], ...]


@guarded
class Alerts:
    """Alerts over what a reader may see."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources

    @property
    def _store(self) -> AlertStore:
        store = self._sources.alerts
        if store is None:
            raise StoreUnavailableError("this process keeps no alerts: start it with the records")
        return store

    @require(Permission.VIEW_ALERTS)
    def open(
        self, principal: Principal, severity: Severity | None = None, plant_id: str | None = None
    ) -> AlertList:
        """Return what is open, of one severity or plant where asked."""
        seen = self._seen(principal)
        wanted = [each for each in seen if plant_id is None or each == plant_id]
        everything = plant_id is None and len(seen) == len(self._sources.registry.plants)
        alerts = self._store.open_alerts(None if everything else wanted) if wanted else []
        under: dict[str, int] = {}
        ids = {each.alert_id for each in alerts}
        for each in alerts:
            if each.parent_id in ids and each.parent_id is not None:
                under[each.parent_id] = under.get(each.parent_id, 0) + 1
        over = self._over(alerts, ids)
        costs = with_explained(alerts)
        roots = [each for each in alerts if each.parent_id not in ids and each.alert_id not in over]
        shown = [each for each in roots if severity is None or each.severity is severity]
        return AlertList(
            self._sources.clock.now(),
            tuple(self._row(costs[each.alert_id], under.get(each.alert_id, 0)) for each in shown),
            {level: sum(each.severity is level for each in roots) for level in Severity},
            len(alerts) - len(roots),
        )

    def _over(self, alerts: Sequence[Alert], ids: Collection[str]) -> frozenset[str]:
        """Return what an alert explains that has ended, so lately that nobody need be told twice."""
        elsewhere = {each.parent_id for each in alerts if each.parent_id is not None} - set(ids)
        found = {name: parent for name in elsewhere if (parent := self._store.alert(name)) is not None}
        now = self._sources.clock.now()
        return frozenset(each.alert_id for each in alerts if is_explained(each, found, now))

    @require(Permission.VIEW_ALERTS)
    def detail(self, principal: Principal, alert_id: str) -> AlertDetail | None:
        """Return one alert, None when there is none in the reader's scope."""
        store = self._store
        alert = store.alert(alert_id)
        seen = frozenset(self._seen(principal))
        if alert is None:
            return None
        concerns = {alert.plant_id, *alert.plant_ids} - {""}
        if concerns.isdisjoint(seen) and (concerns or len(seen) < len(self._sources.registry.plants)):
            return None
        children = [each for each in store.children(alert_id) if each.plant_id in seen]
        now = self._sources.clock.now()
        past = store.alert_history(
            Interval(now - HISTORY, now), [alert.plant_id] if alert.plant_id else list(alert.plant_ids)
        )
        same = [each for each in past if each.key == alert.key and each.alert_id != alert_id]
        return AlertDetail(
            self._row(with_explained([alert, *children])[alert_id], len(children)),
            tuple(store.transitions(alert_id)),
            tuple(self._row(each, 0) for each in children),
            len(same),
            self._curve(alert, now),
        )

    def _seen(self, principal: Principal) -> list[str]:
        return [each.plant_id for each in principal.plants(self._sources.registry)]

    def _row(self, alert: Alert, under: int) -> AlertRow:
        registry = self._sources.registry
        end = alert.resolved_at or self._sources.clock.now()
        return AlertRow(
            alert,
            registry.plants_by_id.get(alert.plant_id),
            registry.devices_by_id.get(alert.device_id),
            under,
            max(end - alert.since, timedelta()),
        )

    def _curve(self, alert: Alert, now: datetime) -> tuple[tuple[datetime, float | None], ...]:
        plant = self._sources.registry.plants_by_id.get(alert.plant_id)
        if plant is None:
            return ()
        inverters = [each.device_id for each in plant.devices if each.kind.value == "inverter"]
        chosen = [alert.device_id] if alert.device_id in inverters else inverters
        end = min(alert.resolved_at + CURVE / 3, now) if alert.resolved_at else now
        table = self._sources.store.power_curves(
            {"power": chosen}, POWER, Interval(end - CURVE, end), CURVE_STEP
        )
        instants = table["instant"].dt.to_pydatetime()
        values = table["value"].to_numpy(dtype=float) / 1000.0
        return tuple(zip(list(instants), values.tolist(), strict=True))
