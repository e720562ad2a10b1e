"""What the data interface hands on: plants, devices, samples, indicators, alerts, cases, income, industries.

Every list is sorted by a key and read in pages: ``after`` is the key of the last row somebody has. Scope is
applied here; what is out of scope is answered like what does not exist.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

from access.guard import guarded, require
from access.permissions import Permission
from access.principal import Principal
from access.villages import villages_seen
from cases.deadlines import is_overdue
from domain.alert import Alert
from domain.case import Case, CaseKind
from domain.errors import AccessDeniedError, CommandError, StoreUnavailableError
from domain.frame import DEVICE, INSTANT
from domain.kpi import DailyKpi
from domain.plant import Device, DeviceKind, Plant
from domain.quantity import is_known, quantity, vocabulary
from domain.timespan import Interval, day_of
from industries.attainment import Attainment
from industries.indicator import Indicator
from queries.exchange_rows import (
    ApiAlertRow,
    AttainmentRow,
    CaseRow,
    DeviceRow,
    IncomeRow,
    IndicatorRow,
    KpiRow,
    PlantRow,
    QuantityRow,
    SampleRow,
    StatementRow,
    StatusRow,
    VillageRow,
)
from queries.industry_exchange import IndustryExchange
from queries.money import MoneyQueries
from queries.plants import Plants
from queries.snapshot import SnapshotKeeper
from queries.sources import Sources
from queries.work import Work

P = Permission
Row = TypeVar("Row")
Key = tuple[Any, ...]
RAW_SPAN = timedelta(days=31)
BUCKET_SPAN = timedelta(days=366)
DAYS_MAX = 400
DEVICES_MAX = 20
QUANTITIES_MAX = 20
ALERTS_MAX = 20_000
_RAW_STEP = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class SampleQuery:
    """Which samples. ``every`` None: as they were measured."""

    device_ids: tuple[str, ...]
    quantities: tuple[str, ...]
    interval: Interval
    every: timedelta | None


@guarded
class Exchange:
    """Queries of the data interface."""

    def __init__(
        self,
        sources: Sources,
        keeper: SnapshotKeeper,
        money: MoneyQueries | None = None,
        work: Work | None = None,
        indicators: Callable[[], Sequence[Indicator]] = tuple,
        attainments: Callable[[Principal, str], Sequence[Attainment]] | None = None,
        industries: IndustryExchange | None = None,
    ) -> None:
        self._sources = sources
        self._plants = Plants(sources, keeper)
        self._keeper = keeper
        self._money_queries = money
        self._work_views = work
        self._indicators = indicators
        self._attainments = attainments
        self.industries = industries

    @require(P.VIEW_PLANT)
    def plants(self, principal: Principal) -> list[PlantRow]:
        """Return the plants in scope, by id."""
        return sorted((self._plant_row(p) for p in self._seen(principal)), key=lambda row: row.plant_id)

    @require(P.VIEW_PLANT)
    def plant(self, principal: Principal, plant_id: str) -> PlantRow:
        """Return one plant in scope."""
        return self._plant_row(principal.plant(plant_id, self._sources.registry))

    @require(P.VIEW_OVERVIEW)
    def status(self, principal: Principal) -> list[StatusRow]:
        """Return every plant in scope as it is now, by id."""
        taken_at = self._keeper.get().taken_at
        rows = [
            StatusRow(
                now.plant.plant_id,
                taken_at,
                now.measured_at,
                now.data.value,
                now.operation.value,
                now.current_kw,
                now.energy_kwh,
                now.exported_kwh,
                len(now.devices),
                now.reporting,
                now.faults,
            )
            for now in (row.now for row in self._plants.table(principal).rows)
        ]
        return sorted(rows, key=lambda row: row.plant_id)

    @require(P.VIEW_PLANT)
    def devices(self, principal: Principal, plant_id: str = "", kind: str = "") -> list[DeviceRow]:
        """Return devices in scope, of one plant or kind where asked, by id."""
        plants = (
            [principal.plant(plant_id, self._sources.registry)] if plant_id else list(self._seen(principal))
        )
        devices = [device for plant in plants for device in plant.devices]
        chosen = [device for device in devices if not kind or device.kind is DeviceKind(kind)]
        return sorted((_device_row(device) for device in chosen), key=lambda row: row.device_id)

    @require(P.VIEW_PLANT)
    def quantities(self, principal: Principal) -> list[QuantityRow]:  # noqa: ARG002 (the guard's)
        """Return the vocabulary of measured quantities, by name; ``NN`` stands for a number such as 03."""
        found = (quantity(name.replace("NN", "01")) for name in vocabulary())
        names = zip(vocabulary(), found, strict=True)
        return sorted(
            (QuantityRow(name, q.unit, q.kind.value) for name, q in names), key=lambda r: r.quantity
        )

    @require(P.EXPORT_SAMPLES)
    def samples(
        self, principal: Principal, wanted: SampleQuery, after: Key | None, count: int
    ) -> list[SampleRow]:
        """Return up to ``count`` rows after a key (device, instant), by device and instant.

        Raises
        ------
        AccessDeniedError
            A device is not in scope.
        CommandError
            A quantity is unknown, or too much is asked at once.
        """
        self._check_samples(principal, wanted)
        rows: list[SampleRow] = []
        for row in self._sample_rows(wanted, after):
            rows.append(row)
            if len(rows) >= count:
                break
        return rows

    @require(P.VIEW_PLANT)
    def daily(self, principal: Principal, plant_id: str, first: date, last: date) -> list[KpiRow]:
        """Return indicators of local days, both ends included, by plant and day."""
        if (last - first).days >= DAYS_MAX:
            raise CommandError(f"at most {DAYS_MAX} days at once")
        registry = self._sources.registry
        plants = [principal.plant(plant_id, registry)] if plant_id else list(self._seen(principal))
        ids = [plant.plant_id for plant in plants]
        kept = self._sources.store.daily(ids, first, last) if ids and first <= last else []
        names = [field.name for field in fields(DailyKpi)]
        return [KpiRow(**{name: getattr(kpi, name) for name in names}) for kpi in kept]

    @require(P.VIEW_ALERTS)
    def alerts(
        self, principal: Principal, interval: Interval | None, plant_id: str = "", severity: int | None = None
    ) -> list[ApiAlertRow]:
        """Return open alerts, or those that fired within an interval, by start and id."""
        store = self._sources.alerts
        if store is None:
            raise StoreUnavailableError("this process keeps no alerts")
        registry = self._sources.registry
        plants = [principal.plant(plant_id, registry)] if plant_id else list(self._seen(principal))
        ids = {plant.plant_id for plant in plants}
        found: Sequence[Alert] = ()
        if ids:
            found = (
                store.open_alerts(ids)
                if interval is None
                else store.alert_history(interval, ids, count_max=ALERTS_MAX)
            )
        if len(found) >= ALERTS_MAX:
            raise CommandError("too many alerts in this time; ask for less of it")
        seen = {plant.plant_id for plant in self._seen(principal)}
        rows = [_alert_row(one, seen) for one in found if severity is None or one.severity == severity]
        return sorted(rows, key=lambda row: (row.since, row.alert_id))

    @require(P.VIEW_CASES)
    def cases(self, principal: Principal, since: datetime | None, kind: str = "") -> list[CaseRow]:
        """Return open cases, with ``since`` also those changed since then, by registration and id."""
        work, now = self._work(), self._sources.clock.now()
        found = work.cases(principal, since)
        rows = [_case_row(one, now) for one in found if not kind or one.kind is CaseKind(kind)]
        return sorted(rows, key=lambda row: (row.registered_at, row.case_id))

    @require(P.VIEW_CASES)
    def case(self, principal: Principal, case_id: str) -> CaseRow:
        """Return one case in scope."""
        return _case_row(self._work().order(principal, case_id).case, self._sources.clock.now())

    @require(P.VIEW_INCOME)
    def villages(self, principal: Principal) -> list[VillageRow]:
        """Return villages in scope, by id."""
        known = self._sources.registry.villages_by_id
        ids = sorted(villages_seen(principal, self._sources.registry))
        return [VillageRow(i, known[i].name, known[i].name_en, known[i].town_id) for i in ids]

    @require(P.VIEW_INCOME)
    def statements(self, principal: Principal, period: str) -> list[StatementRow]:
        """Return a month's grid statements of plants in scope, by plant."""
        return [
            StatementRow(
                one.plant_id,
                period,
                one.number,
                None if one.kwh is None else float(one.kwh),
                one.base_fen,
                one.subsidy_fen,
                one.received_fen,
                one.subsidy_received_fen,
                one.costs_fen,
                one.net_fen,
                one.is_settled,
            )
            for one in self._money().statements(principal, period)
        ]

    @require(P.VIEW_INCOME)
    def income(self, principal: Principal, village_id: str) -> list[IncomeRow]:
        """Return a village's months, oldest first."""
        months = self._money().income(principal, village_id)
        names = ("net_fen", "cash_fen", "subsidy_cash_fen", "distributable_fen", "deficit_carried_fen")
        return [IncomeRow(village_id, m.period, *(getattr(m, name) for name in names)) for m in months]

    @require(P.VIEW_INDUSTRIES)
    def indicators(self, principal: Principal) -> list[IndicatorRow]:  # noqa: ARG002 (targets are the district's)
        """Return the indicators of the other industries with their targets, by id."""
        return sorted((_indicator_row(one) for one in self._indicators()), key=lambda row: row.indicator_id)

    @require(P.VIEW_INDUSTRIES)
    def attainment(self, principal: Principal, period: str) -> list[AttainmentRow]:
        """Return every indicator at the end of a month against its path, by id; sums are the district's."""
        if self._attainments is None:
            raise StoreUnavailableError("this process keeps no reports")
        rows = [_attainment_row(one) for one in self._attainments(principal, period)]
        return sorted(rows, key=lambda row: row.indicator_id)

    def _seen(self, principal: Principal) -> tuple[Plant, ...]:
        return principal.plants(self._sources.registry)

    def _money(self) -> MoneyQueries:
        if self._money_queries is None:
            raise StoreUnavailableError("this process keeps no books")
        return self._money_queries

    def _work(self) -> Work:
        if self._work_views is None:
            raise StoreUnavailableError("this process keeps no cases")
        return self._work_views

    def _plant_row(self, plant: Plant) -> PlantRow:
        day = day_of(self._sources.clock.now())
        act = plant.ownership_on(day)
        shares = act.shares_kw if act is not None else {}
        return PlantRow(
            plant.plant_id,
            plant.name,
            plant.name_en,
            plant.town_id,
            self._sources.registry.towns_by_id[plant.town_id].name,
            plant.latitude,
            plant.longitude,
            plant.connection.value,
            plant.grid_date,
            plant.capacity_on(day).dc_capacity_kw,
            plant.capacity_on(day).ac_capacity_kw,
            tuple(sorted(village_id for village_id, kw in shares.items() if kw > 0)),
            len(plant.devices),
            self._sources.registry.sample,
        )

    def _check_samples(self, principal: Principal, wanted: SampleQuery) -> None:
        known = {device.device_id for plant in self._seen(principal) for device in plant.devices}
        strangers = [one for one in wanted.device_ids if one not in known]
        if strangers:
            raise AccessDeniedError(
                f"device {strangers[0][:60]!r} is not within the scope of {principal.user_id}"
            )
        unknown = [name for name in wanted.quantities if not is_known(name)]
        if unknown:
            raise CommandError(f"there is no quantity {unknown[0][:60]!r}; /quantities lists them")
        if len(wanted.device_ids) > DEVICES_MAX or len(wanted.quantities) > QUANTITIES_MAX:
            raise CommandError(f"at most {DEVICES_MAX} devices and {QUANTITIES_MAX} quantities at once")
        span = RAW_SPAN if wanted.every is None else BUCKET_SPAN
        if wanted.interval.duration > span:
            raise CommandError(f"at most {span.days} days at once, or a wider ‘every’")

    def _sample_rows(self, wanted: SampleQuery, after: Key | None) -> Iterator[SampleRow]:
        for device_id in sorted(set(wanted.device_ids)):
            start = wanted.interval.start
            if after is not None:
                if device_id < after[0]:
                    continue
                if device_id == after[0]:
                    start = max(start, after[1])
            for part in _parts(start, wanted):
                for row in self._read(device_id, wanted, part):
                    if after is None or (row.device_id, row.measured_at) > after:
                        yield row

    def _read(self, device_id: str, wanted: SampleQuery, part: Interval) -> Iterator[SampleRow]:
        frame = self._sources.store.read([device_id], list(wanted.quantities), part, every=wanted.every)
        values = frame.good()
        columns = {
            name: values[name].to_numpy(dtype=float).tolist() if name in values else None
            for name in wanted.quantities
        }
        for position, (name, at) in enumerate(zip(values[DEVICE], values[INSTANT], strict=True)):
            row = {
                key: None if column is None or column[position] != column[position] else column[position]
                for key, column in columns.items()
            }
            if any(value is not None for value in row.values()):
                yield SampleRow(str(name), at.to_pydatetime(), row)


def _parts(start: datetime, wanted: SampleQuery) -> Iterator[Interval]:
    """Yield the time to read in pieces, so that a page does not read a month."""
    step = _RAW_STEP if wanted.every is None else max(_RAW_STEP, wanted.every * 288)
    at, end = start, wanted.interval.end
    while at < end:
        following = min(end, at + step)
        if wanted.every is not None and following < end:  # a bucket must not be cut in two
            width_s = wanted.every.total_seconds()
            following -= timedelta(seconds=following.timestamp() % width_s)
            following = following if following > at else min(end, at + step)
        yield Interval(at, following)
        at = following


def page_of(
    rows: Sequence[Row], key: Callable[[Row], Key], after: Key | None, count: int
) -> tuple[list[Row], Key | None]:
    """Return the rows after a key, at most ``count``, and the key to go on with (None: that was all)."""
    start = 0 if after is None else bisect_right(rows, after, key=key)
    page = list(rows[start : start + count])
    return page, key(page[-1]) if page and start + count < len(rows) else None


def _device_row(device: Device) -> DeviceRow:
    return DeviceRow(
        device.device_id,
        device.plant_id,
        device.kind.value,
        device.name,
        device.profile,
        device.rated_power_kw,
        device.dc_capacity_kw,
        device.string_count,
        device.in_service_from,
        device.in_service_to,
    )


def _alert_row(alert: Alert, seen: set[str]) -> ApiAlertRow:
    return ApiAlertRow(
        alert.alert_id,
        alert.rule,
        int(alert.severity),
        alert.state.value,
        alert.plant_id,
        tuple(one for one in alert.plant_ids if one in seen),
        alert.device_id,
        alert.part,
        alert.since,
        alert.fired_at,
        alert.resolved_at,
        alert.lost_kwh,
        alert.lost_fen,
        alert.at_risk_fen,
        alert.parent_id,
    )


def _case_row(case: Case, now: datetime) -> CaseRow:
    without_people = case.kind in {CaseKind.ORDER, CaseKind.INSPECTION}
    return CaseRow(
        case.case_id,
        case.number,
        case.kind.value,
        case.state.value,
        case.subject if without_people else None,
        case.plant_id,
        case.device_id,
        case.village_id,
        case.town_id,
        case.registered_at,
        case.due_at,
        case.done_at,
        case.closed_at,
        case.cause.value if case.cause is not None else None,
        is_overdue(case, now),
        case.recovery.recovered if case.recovery is not None else None,
    )


def _attainment_row(one: Attainment) -> AttainmentRow:
    return AttainmentRow(
        one.indicator.indicator_id,
        one.period,
        one.indicator.unit.base,
        _float(one.target),
        _float(one.expected),
        _float(one.reached),
        _float(one.forecast),
        _float(one.complete),
        one.standing.value,
    )


def _float(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


def _indicator_row(one: Indicator) -> IndicatorRow:
    base = one.target_base
    return IndicatorRow(
        one.indicator_id,
        one.industry,
        one.name,
        one.name_en,
        one.kind.value,
        one.unit.unit_id,
        one.unit.base,
        _float(one.target),
        _float(base),
        one.valid_from,
        one.document,
        one.owner,
        one.path_assumed,
    )
