"""Towns, villages, plants, gateways and devices: what the registry is made of.

Everything that changes with time carries a date: capacities, ownership shares, settlement accounts, and a
village's merger, split or renaming. Villages are keyed by their 12-digit code (names repeat) and always
shown as town·village.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from functools import cached_property

from domain.timespan import DEFAULT_ZONE


class Connection(Enum):
    """How a plant's readings reach us."""

    LIVE = "live"  # polled, or published over MQTT
    MANUAL = "manual"  # 人工抄表: a keeper types the meter
    FILE = "file"  # 文件: a maker's cloud export through a mapping


class DeviceKind(Enum):
    """What a device is for."""

    INVERTER = "inverter"
    LOGGER = "logger"
    REVENUE_METER = "revenue_meter"
    WEATHER_STATION = "weather_station"


class WireProtocol(Enum):
    """What is spoken on a wire."""

    MODBUS_TCP = "modbus_tcp"
    RTU_OVER_TCP = "rtu_over_tcp"
    RTU_SERIAL = "rtu_serial"
    DLT645_OVER_TCP = "dlt645_over_tcp"
    DLT645_SERIAL = "dlt645_serial"
    MQTT = "mqtt"

    @property
    def is_serial(self) -> bool:
        """Whether the wire is a serial port of this machine."""
        return self in {WireProtocol.RTU_SERIAL, WireProtocol.DLT645_SERIAL}

    @property
    def is_dlt645(self) -> bool:
        """Whether meters are asked by DL/T 645 instead of Modbus."""
        return self in {WireProtocol.DLT645_OVER_TCP, WireProtocol.DLT645_SERIAL}

    @property
    def has_socket(self) -> bool:
        """Whether the gateway is reached by an address and a port of its own."""
        return self is not WireProtocol.MQTT and not self.is_serial


@dataclass(frozen=True, slots=True)
class Town:
    """A town (镇) or sub-district (街道). ``town_id`` is the 9-digit division code."""

    town_id: str
    name: str
    name_en: str
    latitude: float
    longitude: float

    def label(self, language: str = "zh") -> str:
        """Return its name for a reader."""
        return self.name_en if language == "en" and self.name_en else self.name


@dataclass(frozen=True, slots=True)
class Village:
    """A village. ``village_id`` is its 12-digit division code; ``valid_to`` is the first day it is no more."""

    village_id: str
    name: str
    name_en: str
    town_id: str
    valid_from: date
    valid_to: date | None = None
    successor_ids: tuple[str, ...] = ()


class VillageChange(Enum):
    """What can happen to a village."""

    MERGED = "merged"
    SPLIT = "split"
    RENAMED = "renamed"


@dataclass(frozen=True, slots=True)
class VillageEvent:
    """A dated act on villages: who went, who followed, on what paper."""

    on: date
    change: VillageChange
    from_ids: tuple[str, ...]
    to_ids: tuple[str, ...]
    source: str


@dataclass(frozen=True, slots=True)
class Capacity:
    """DC and AC capacity of a plant from a day on. [kW]"""

    valid_from: date
    dc_capacity_kw: float
    ac_capacity_kw: float


@dataclass(frozen=True, slots=True)
class Design:
    """What a plant is to make in each month of its first year by its feasibility report, from a day on. [kWh]

    ``yearly_loss`` is what the report lets the modules lose in a year, as a share.
    """

    valid_from: date
    months_kwh: tuple[float, ...]
    yearly_loss: float
    source: str


@dataclass(frozen=True, slots=True)
class EarlierMonth:
    """Energy of a month from before the plant was watched, by some document. ``month`` is its first day. [kWh]"""

    month: date
    energy_kwh: float
    source: str


def sim_shown(number: str) -> str:
    """Return the number of a SIM as it may be shown: the last four digits."""
    return f"···{number[-4:]}" if number else ""


@dataclass(frozen=True, slots=True)
class Gateway:
    """A gateway: it owns one wire, on which one request is under way at a time.

    ``host`` and ``port`` for a wire behind a network; on a serial port ``host`` is its path (/dev/ttyUSB0) and
    ``line`` its settings; ``topic`` for MQTT. ``edge``: a collector of ours in the village (`pvmon edge`) polls this
    wire and sends on what it read; the centre does not. ``answer_s`` is the usual time of one answer, from which
    `pvmon check` computes the wire's least cycle. ``plan_mb`` is what its SIM may move in a month that begins
    on ``plan_day`` (0: nobody counts), ``plan_until`` the last day it is paid for. [10^6 bytes]
    """

    gateway_id: str
    plant_id: str
    protocol: WireProtocol
    host: str = "127.0.0.1"
    port: int = 502
    topic: str = ""
    timeout_s: float = 3.0
    connect_delay_s: float = 0.0
    request_pause_s: float = 0.0
    answer_s: float = 0.1
    line: str = "9600 8N1"
    edge: bool = False
    sim: str = ""
    plan_mb: float = 0.0
    plan_day: int = 1
    plan_until: date | None = None

    @property
    def is_metered(self) -> bool:
        """Whether what goes over its link is paid for by the byte."""
        return self.plan_mb > 0

    @property
    def sim_shown(self) -> str:
        """The number of its SIM as it may be shown: the last four digits."""
        return sim_shown(self.sim)


@dataclass(frozen=True, slots=True)
class Device:
    """Anything with a profile. ``dc_capacity_kw`` and ``string_count`` matter for inverters only.

    ``ct_ratio`` and ``pt_ratio`` turn a meter's secondary values into primary ones; ``meter_address`` (12 digits)
    is where a DL/T 645 meter answers, instead of ``unit``.
    """

    device_id: str
    plant_id: str
    kind: DeviceKind
    name: str
    profile: str = ""
    gateway_id: str | None = None
    unit: int = 1
    rated_power_kw: float = 0.0
    dc_capacity_kw: float = 0.0
    string_count: int = 0
    serial_number: str = ""
    ct_ratio: float = 1.0
    pt_ratio: float = 1.0
    in_service_from: date | None = None
    in_service_to: date | None = None
    meter_address: str = ""


@dataclass(frozen=True, slots=True)
class SettlementAccount:
    """The grid company's account of a plant, from a day on: 户号, meter number, ratios, reading day."""

    account_number: str
    meter_number: str
    valid_from: date
    ct_ratio: float
    pt_ratio: float
    reading_day: int
    device_id: str | None = None
    valid_to: date | None = None


@dataclass(frozen=True, slots=True)
class Ownership:
    """Which village owns how much of a plant from a day on (确权). Shares in kW, with the act they rest on."""

    valid_from: date
    source: str
    shares_kw: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Plant:
    """A plant. Lists with dates are oldest first."""

    plant_id: str
    name: str
    name_en: str
    town_id: str
    latitude: float
    longitude: float
    altitude_m: float
    connection: Connection
    grid_date: date
    capacities: tuple[Capacity, ...]
    tilt_deg: float
    azimuth_deg: float
    feeder: str = ""
    time_zone: str = DEFAULT_ZONE
    poll_period_s: float = 60.0
    gateways: tuple[Gateway, ...] = ()
    devices: tuple[Device, ...] = ()
    accounts: tuple[SettlementAccount, ...] = ()
    ownership: tuple[Ownership, ...] = ()
    designs: tuple[Design, ...] = ()
    earlier_months: tuple[EarlierMonth, ...] = ()

    def design_on(self, day: date) -> Design | None:
        """Return the design in force on ``day``, None before the first."""
        return next((one for one in reversed(self.designs) if one.valid_from <= day), None)

    def label(self, language: str = "zh") -> str:
        """Return its name for a reader."""
        return self.name_en if language == "en" and self.name_en else self.name

    def capacity_on(self, day: date) -> Capacity:
        """Return the capacity in force on ``day`` (the first one before that)."""
        return next((c for c in reversed(self.capacities) if c.valid_from <= day), self.capacities[0])

    def ownership_on(self, day: date) -> Ownership | None:
        """Return the shares in force on ``day``, None before the first act."""
        return next((o for o in reversed(self.ownership) if o.valid_from <= day), None)

    def devices_of(self, kind: DeviceKind) -> tuple[Device, ...]:
        """Return its devices of one kind."""
        return tuple(device for device in self.devices if device.kind is kind)

    @property
    def dc_capacity_kw(self) -> float:
        """Newest DC capacity. [kW]"""
        return self.capacities[-1].dc_capacity_kw

    @property
    def ac_capacity_kw(self) -> float:
        """Newest AC capacity. [kW]"""
        return self.capacities[-1].ac_capacity_kw


@dataclass(frozen=True)
class Registry:
    """Everything the district has told us about its plants. ``sample`` marks an invented registry."""

    district: str
    towns: tuple[Town, ...]
    villages: tuple[Village, ...]
    plants: tuple[Plant, ...]
    village_events: tuple[VillageEvent, ...] = ()
    sample: bool = False
    district_en: str = ""
    sources: Mapping[str, str] = field(default_factory=dict)

    def become(self, other: "Registry") -> None:
        """Say from now on what ``other`` says: the registry was changed while the program runs.

        Everybody in a process holds the one registry and asks it each time; it changes whole, in one step.
        """
        object.__setattr__(self, "__dict__", dict(vars(other)))

    @cached_property
    def plants_by_id(self) -> Mapping[str, Plant]:
        """Plants by id."""
        return {plant.plant_id: plant for plant in self.plants}

    @cached_property
    def towns_by_id(self) -> Mapping[str, Town]:
        """Towns by id."""
        return {town.town_id: town for town in self.towns}

    @cached_property
    def villages_by_id(self) -> Mapping[str, Village]:
        """Villages by id, former ones included."""
        return {village.village_id: village for village in self.villages}

    @cached_property
    def devices_by_id(self) -> Mapping[str, Device]:
        """Devices by id."""
        return {device.device_id: device for device in self.devices()}

    @cached_property
    def gateways_by_id(self) -> Mapping[str, Gateway]:
        """Gateways by id."""
        return {gateway.gateway_id: gateway for gateway in self.gateways()}

    def devices(self) -> Iterator[Device]:
        """Yield every device of every plant."""
        for plant in self.plants:
            yield from plant.devices

    def gateways(self) -> Iterator[Gateway]:
        """Yield every gateway of every plant."""
        for plant in self.plants:
            yield from plant.gateways

    def village_label(self, village_id: str, language: str = "zh") -> str:
        """Return town·village, the only way a village is shown."""
        village = self.villages_by_id[village_id]
        town = self.towns_by_id[village.town_id]
        if language == "en":
            return f"{town.name_en}·{village.name_en}"
        return f"{town.name}·{village.name}"
