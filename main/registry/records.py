"""The records people write: which keys a town, a village, a plant … has, of what type, needed or not.

One table for the YAML reader, the JSON schemas, the spreadsheet's columns and the writer. Words for people
(column headings, explanations) are at ``registry.column.<record>.<key>`` in texts/.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from domain.plant import Connection, DeviceKind, VillageChange, WireProtocol
from domain.timespan import DEFAULT_ZONE
from main.registry.fields import Choice, Day, Flag, Number, ScalarType, Text, Whole

REQUIRED: Final = object()


@dataclass(frozen=True, slots=True)
class TextList:
    """A list of codes; in a cell they are separated by commas."""

    item: Text


@dataclass(frozen=True, slots=True)
class Shares:
    """A mapping from village to kW."""

    key: Text
    value: Number


@dataclass(frozen=True, slots=True)
class One:
    """A record inside a record."""

    record: "Record"


@dataclass(frozen=True, slots=True)
class Many:
    """A list of records inside a record."""

    record: "Record"


FieldType = ScalarType | TextList | Shares | One | Many


@dataclass(frozen=True, slots=True)
class Field:
    """One key of a record. ``default`` is REQUIRED when the key must be there."""

    name: str
    type: FieldType
    default: Any = REQUIRED

    @property
    def required(self) -> bool:
        """Tell whether the key must be there."""
        return self.default is REQUIRED


@dataclass(frozen=True, slots=True)
class Record:
    """A kind of record and its keys, in the order they are written."""

    name: str
    fields: tuple[Field, ...]

    @property
    def keys(self) -> tuple[str, ...]:
        """Names of its keys."""
        return tuple(one.name for one in self.fields)


@dataclass(frozen=True)
class Row:
    """One record as read: its values (defaults filled in) and where each was written.

    ``incomplete`` tells that a value was missing or bad, so the record cannot be built.
    """

    values: Mapping[str, Any]
    file: str = ""
    line: int = 0
    lines: Mapping[str, int] = field(default_factory=dict)
    incomplete: bool = False

    def __getitem__(self, key: str) -> Any:
        return self.values[key]

    def get(self, key: str) -> Any:
        """Return a value, None when it is missing or was bad."""
        return self.values.get(key)

    def at(self, key: str) -> int:
        """Return the line of a key, that of the record when the key is not written."""
        return self.lines.get(key, self.line)

    def same_as(self, other: "Row") -> bool:
        """Tell whether both say the same, wherever they are written."""
        return bool(plain(self) == plain(other))


def plain(value: Any) -> Any:
    """Return a row (or a part of it) as dicts, lists and values, without places."""
    if isinstance(value, Row):
        return {key: plain(one) for key, one in value.values.items()}
    if isinstance(value, tuple | list):
        return [plain(one) for one in value]
    if isinstance(value, Mapping):
        return {key: plain(one) for key, one in value.items()}
    return value


_ID = Text(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", "yecun-01", 48)
_TOWN_ID = Text(r"\d{9}", "611002100", 9)
_VILLAGE_ID = Text(r"\d{12}", "611002100201", 12)
_NAME = Text(pattern=r".+", example="夜村镇")
_DAY = Day()
_LATITUDE = Number(-90, 90)
_LONGITUDE = Number(-180, 180)
_RATIO = Number(0.001, 100_000)


def _options(*members: Connection | DeviceKind | WireProtocol | VillageChange) -> Choice:
    return Choice(tuple(member.value for member in members))


BOX = Record(
    "box",
    (
        Field("south", _LATITUDE),
        Field("north", _LATITUDE),
        Field("west", _LONGITUDE),
        Field("east", _LONGITUDE),
    ),
)
TOWN = Record(
    "town",
    (
        Field("id", _TOWN_ID),
        Field("name", _NAME),
        Field("name_en", _NAME),
        Field("latitude", _LATITUDE),
        Field("longitude", _LONGITUDE),
    ),
)
DISTRICT = Record(
    "district",
    (
        Field("name", _NAME),
        Field("name_en", _NAME),
        Field("division_code", Text(r"\d{6}", "611002", 6)),
        Field("sample", Flag(), default=False),
        Field("box", One(BOX)),
        Field("towns", Many(TOWN)),
    ),
)
VILLAGE = Record(
    "village",
    (
        Field("id", _VILLAGE_ID),
        Field("name", _NAME),
        Field("name_en", _NAME),
        Field("town", _TOWN_ID),
        Field("valid_from", _DAY, default=date(2000, 1, 1)),
    ),
)
VILLAGE_EVENT = Record(
    "village_event",
    (
        Field("date", _DAY),
        Field("change", _options(*VillageChange)),
        Field("from", TextList(_VILLAGE_ID)),
        Field("to", TextList(_VILLAGE_ID)),
        Field("source", _NAME),
    ),
)
VILLAGES = Record(
    "villages", (Field("villages", Many(VILLAGE)), Field("events", Many(VILLAGE_EVENT), default=()))
)
CAPACITY = Record(
    "capacity",
    (
        Field("valid_from", _DAY),
        Field("ac_capacity_kw", Number(1, 200_000)),
        Field("dc_capacity_kw", Number(1, 300_000)),
    ),
)
GATEWAY = Record(
    "gateway",
    (
        Field("id", _ID),
        Field("protocol", _options(*WireProtocol)),
        Field("host", Text(r"[A-Za-z0-9._:/-]+", "192.168.1.10", 80), default="127.0.0.1"),
        Field("port", Whole(1, 65_535), default=502),
        Field("topic", Text(r"([A-Za-z0-9_.-]+|\+)(/([A-Za-z0-9_.-]+|\+))*(/#)?", "pv/yecun-01"), default=""),
        Field("timeout_s", Number(0.05, 60), default=3.0),
        Field("connect_delay_s", Number(0, 30), default=0.0),
        Field("request_pause_s", Number(0, 10), default=0.0),
        Field("answer_s", Number(0.001, 10), default=0.1),
        Field("line", Text(r"[0-9]{3,6} [78][NEO][12]", "9600 8N1", 12), default="9600 8N1"),
        Field("edge", Flag(), default=False),
        Field("sim", Text(r"[0-9]{10,20}[0-9A-Z]?", "89860000000000000001", 21), default=""),
        Field("plan_mb", Number(0, 1_000_000), default=0.0),
        Field("plan_day", Whole(1, 28), default=1),
        Field("plan_until", _DAY, default=None),
    ),
)
DEVICE = Record(
    "device",
    (
        Field("id", _ID),
        Field("kind", _options(*DeviceKind)),
        Field("name", _NAME),
        Field("profile", Text(r"[a-z][a-z0-9_]*", "huawei_sun2000"), default=""),
        Field("gateway", _ID, default=None),
        Field("unit", Whole(0, 247), default=1),
        Field("rated_power_kw", Number(0, 5000), default=0.0),
        Field("dc_capacity_kw", Number(0, 10_000), default=0.0),
        Field("string_count", Whole(0, 99), default=0),
        Field("serial_number", Text(r"[A-Za-z0-9_.-]+", "9900000001", 40), default=""),
        Field("ct_ratio", _RATIO, default=1.0),
        Field("pt_ratio", _RATIO, default=1.0),
        Field("in_service_from", _DAY, default=None),
        Field("in_service_to", _DAY, default=None),
        Field("meter_address", Text(r"\d{12}", "000000000001", 12), default=""),
    ),
)
ACCOUNT = Record(
    "account",
    (
        Field("account_number", Text(r"[0-9A-Za-z-]{4,32}", "6100000000001")),
        Field("meter_number", Text(r"[0-9A-Za-z-]{4,32}", "990000000001")),
        Field("valid_from", _DAY),
        Field("valid_to", _DAY, default=None),
        Field("ct_ratio", _RATIO),
        Field("pt_ratio", _RATIO),
        Field("reading_day", Whole(1, 31)),
        Field("device", _ID, default=None),
    ),
)
DESIGN = Record(
    "design",
    (
        Field("valid_from", _DAY),
        *(Field(f"kwh_{month:02d}", Number(0, 100_000_000)) for month in range(1, 13)),
        Field("yearly_loss_percent", Number(0, 5), default=0.0),
        Field("source", _NAME),
    ),
)
EARLIER_MONTH = Record(
    "earlier_month",
    (
        Field("month", _DAY),
        Field("energy_kwh", Number(0, 100_000_000)),
        Field("source", _NAME),
    ),
)
PLANT = Record(
    "plant",
    (
        Field("id", _ID),
        Field("name", _NAME),
        Field("name_en", _NAME),
        Field("town", _TOWN_ID),
        Field("latitude", _LATITUDE),
        Field("longitude", _LONGITUDE),
        Field("altitude_m", Number(-200, 6000)),
        Field("connection", _options(*Connection)),
        Field("grid_date", _DAY),
        Field("tilt_deg", Number(0, 90)),
        Field("azimuth_deg", Number(0, 360)),
        Field("feeder", Text(), default=""),
        Field("time_zone", Text(), default=DEFAULT_ZONE),
        Field("poll_period_s", Number(1, 3600), default=None),
        Field("capacities", Many(CAPACITY)),
        Field("gateways", Many(GATEWAY), default=()),
        Field("devices", Many(DEVICE), default=()),
        Field("accounts", Many(ACCOUNT), default=()),
        Field("designs", Many(DESIGN), default=()),
        Field("earlier_months", Many(EARLIER_MONTH), default=()),
    ),
)
ACT = Record(
    "act",
    (
        Field("valid_from", _DAY),
        Field("source", _NAME),
        Field("shares_kw", Shares(_VILLAGE_ID, Number(0.001, 200_000))),
    ),
)
OWNERSHIP = Record("ownership", (Field("plant", _ID), Field("acts", Many(ACT))))
REMOVED = Record(
    "removed",
    (
        Field("everything", Flag(), default=False),
        Field("towns", TextList(_TOWN_ID), default=()),
        Field("villages", TextList(_VILLAGE_ID), default=()),
        Field("events", TextList(Text()), default=()),
        Field("plants", TextList(_ID), default=()),
        Field("ownership", TextList(_ID), default=()),
    ),
)
FILES: Mapping[str, Record] = {
    "district": DISTRICT,
    "villages": VILLAGES,
    "plants": PLANT,
    "ownership": OWNERSHIP,
    "removed": REMOVED,
}
