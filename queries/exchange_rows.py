"""Rows of the data interface: flat records whose field names say their unit. Missing is None; money is fen.

Every field name has its words at ``api.field.<name>``; the shapes in the interface's description are made of
these classes, so a field added here is described everywhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class PlantRow:
    """A plant. Capacities are those in force today."""

    plant_id: str
    name: str
    name_en: str
    town_id: str
    town: str
    latitude: float
    longitude: float
    connection: str
    grid_date: date
    dc_capacity_kw: float
    ac_capacity_kw: float
    village_ids: tuple[str, ...]
    devices: int
    sample: bool


@dataclass(frozen=True, slots=True)
class StatusRow:
    """A plant now; ``power_kw`` is None unless its values are of now."""

    plant_id: str
    taken_at: datetime
    measured_at: datetime | None
    data_state: str
    operation_state: str
    power_kw: float | None
    energy_today_kwh: float | None
    exported_today_kwh: float | None
    inverters: int
    inverters_reporting: int
    inverters_faulty: int


@dataclass(frozen=True, slots=True)
class DeviceRow:
    """A device of a plant."""

    device_id: str
    plant_id: str
    kind: str
    name: str
    profile: str
    rated_power_kw: float
    dc_capacity_kw: float
    string_count: int
    in_service_from: date | None
    in_service_to: date | None


@dataclass(frozen=True, slots=True)
class QuantityRow:
    """A measured quantity: how it is spelt, its unit, and whether to average, subtract or take the last."""

    quantity: str
    unit: str
    quantity_kind: str


@dataclass(frozen=True, slots=True)
class SampleRow:
    """Good values of a device at an instant, or of a bucket named by its start; None: no good value."""

    device_id: str
    measured_at: datetime
    values: Mapping[str, float | None]


@dataclass(frozen=True, slots=True)
class KpiRow:
    """A plant's local day."""

    plant_id: str
    day: date
    produced_energy_kwh: float | None
    exported_energy_kwh: float | None
    final_yield_h: float | None
    equivalent_hours_h: float | None
    completeness: float | None
    devices_reporting: int
    devices_expected: int


@dataclass(frozen=True, slots=True)
class ApiAlertRow:
    """An alert that fires or fired."""

    alert_id: str
    rule: str
    severity: int
    state: str
    plant_id: str
    plant_ids: tuple[str, ...]
    device_id: str
    part: str
    since: datetime
    fired_at: datetime | None
    resolved_at: datetime | None
    lost_kwh: float | None
    lost_fen: int | None
    at_risk_fen: int | None
    parent_id: str | None


@dataclass(frozen=True, slots=True)
class CaseRow:
    """A case without people: no reporter, no assignee; the subject only of orders and inspections."""

    case_id: str
    number: str
    case_kind: str
    state: str
    subject: str | None
    plant_id: str
    device_id: str
    village_id: str
    town_id: str
    registered_at: datetime
    due_at: datetime | None
    done_at: datetime | None
    closed_at: datetime | None
    cause: str | None
    overdue: bool
    recovered: bool | None


@dataclass(frozen=True, slots=True)
class VillageRow:
    """A village in scope."""

    village_id: str
    name: str
    name_en: str
    town_id: str


@dataclass(frozen=True, slots=True)
class StatementRow:
    """A plant's grid statement of a month, and what came of it."""

    plant_id: str
    period: str
    statement_number: str
    statement_kwh: float | None
    base_fen: int | None
    subsidy_fen: int | None
    received_fen: int
    subsidy_received_fen: int
    costs_fen: int | None
    net_fen: int | None
    settled: bool


@dataclass(frozen=True, slots=True)
class IncomeRow:
    """A village's month: net belongs to the month of the energy, cash to the month it came."""

    village_id: str
    period: str
    net_fen: int | None
    cash_fen: int
    subsidy_cash_fen: int
    distributable_fen: int
    deficit_carried_fen: int


@dataclass(frozen=True, slots=True)
class IndicatorRow:
    """An indicator of another industry and its yearly target, in the unit people type and in the base unit."""

    indicator_id: str
    industry: str
    name: str
    name_en: str
    indicator_kind: str
    unit: str
    base_unit: str
    target: float | None
    target_base: float | None
    valid_from: date
    document: str
    owner: str
    path_assumed: bool


@dataclass(frozen=True, slots=True)
class AttainmentRow:
    """An indicator at the end of a month, in its base unit, against its target and path."""

    indicator_id: str
    period: str
    base_unit: str
    target_base: float | None
    expected_base: float | None
    reached_base: float | None
    forecast_base: float | None
    reports_share: float | None
    standing: str


@dataclass(frozen=True, slots=True)
class TokenRow:
    """What the token that asks may do."""

    token_id: str
    holder: str
    areas: tuple[str, ...]
    expires_at: datetime
    everything: bool
    town_ids: tuple[str, ...]
    village_ids: tuple[str, ...]
    plant_ids: tuple[str, ...]
    field_time: datetime
