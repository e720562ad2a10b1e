"""Invented plants: sizes, inverters of several makes, gateways, meters and accounts, adding up to 62,730 kW exactly."""

import random
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from main.registry.emit import row
from main.registry.records import ACCOUNT, CAPACITY, DEVICE, GATEWAY, PLANT, Row
from tools.sample.designs import make_designs, make_earlier_months
from tools.sample.towns import TOWNS, SampleTown

PLANTS, INVERTERS, TOTAL_AC_KW = 60, 1250, 62_730
_FIRST_PORT = 15_021
_STRING_KW = 5.94  # 22 modules of 270 W
_STRINGS = {60: 11, 50: 9, 40: 7, 36: 7}
_MANUAL_TOWNS = (
    "dazhaoyu",
    "liuwan",
    "shahezi",
    "jinlingsi",
    "heishan",
    "banqiao",
    "sanchahe",
    "muhuguan",
    "yangxie",
)
_FILE_TOWNS = ("chenyuan", "yangyuhe", "yaoshi", "beikuanping", "majie")
_MQTT_PLANTS = frozenset({"yecun-02", "dajing-03", "yaoshi-02", "banqiao-02", "yangxie-01", "majie-01"})
_EXPANDED = {
    "dajing-01": date(2019, 6, 28),
    "yecun-01": date(2019, 6, 28),
    "yaoshi-03": date(2019, 5, 20),
    "banqiao-01": date(2019, 6, 12),
}
_NEW_METER = {
    "yecun-03": date(2023, 3, 1),
    "dajing-02": date(2022, 11, 1),
    "liuwan-01": date(2024, 5, 1),
    "yancun-01": date(2023, 8, 1),
}


@dataclass(frozen=True)
class Make:
    """A make of inverter in the sample: its profile, ratings, and how its wires are built."""

    profile: str
    ratings_kw: tuple[int, ...]
    protocol: str
    answer_s: float
    units_max: int
    logger: bool = False


_MAKES = {
    "huawei": Make("huawei_sun2000", (50, 60, 36), "modbus_tcp", 0.1, 24, logger=True),
    "sungrow": Make("sungrow_sg", (50, 60, 40), "rtu_over_tcp", 0.15, 24),
    "growatt": Make("growatt_max", (50, 60), "rtu_over_tcp", 0.12, 12),
    "huawei_old": Make("huawei_sun2000_v2", (40, 50), "modbus_tcp", 0.1, 24, logger=True),
    "goodwe": Make("goodwe_mt", (50, 60), "modbus_tcp", 0.12, 24),
    "solis": Make("ginlong_solis", (50, 40), "rtu_over_tcp", 0.15, 20),
}
# Makes walk through the plants in this order, so neighbours differ.
_ORDER = (
    "huawei",
    "sungrow",
    "growatt",
    "huawei",
    "sungrow",
    "goodwe",
    "huawei",
    "sungrow",
    "growatt",
    "huawei_old",
)
_SOLIS_EVERY = 12


@dataclass
class Sketch:
    """A plant in the making."""

    plant_id: str
    town: SampleTown
    number: int
    position: int
    connection: str
    make: Make
    ratings_kw: list[int] = field(default_factory=list)

    @property
    def mqtt(self) -> bool:
        """Tell whether its gateway publishes over MQTT."""
        return self.plant_id in _MQTT_PLANTS

    @property
    def ac_kw(self) -> int:
        """Sum of the ratings. [kW]"""
        return sum(self.ratings_kw)


def _connection(town: SampleTown, number: int) -> str:
    if number == town.plants and town.slug in _MANUAL_TOWNS:
        return "manual"
    if number == town.plants and town.slug in _FILE_TOWNS:
        return "file"
    return "live"


def _sketches() -> list[Sketch]:
    found: list[Sketch] = []
    for town in TOWNS:
        for number in range(1, town.plants + 1):
            position = len(found)
            make = "solis" if position % _SOLIS_EVERY == 5 else _ORDER[position % len(_ORDER)]
            plant_id = f"{town.slug}-{number:02d}"
            connection = _connection(town, number)
            found.append(Sketch(plant_id, town, number, position, connection, _MAKES[make]))
    return found


def _counts(sketches: list[Sketch], chance: random.Random) -> list[int]:
    """Return inverters per plant: 2 to 6 on plants without a link, the rest by lot between 8 and about 60."""
    counts = [
        2 + one.position % 5 if one.connection != "live" else round(8 + 44 * chance.random() ** 1.6)
        for one in sketches
    ]
    live = [i for i, one in enumerate(sketches) if one.connection == "live" and not one.mqtt]
    for i, one in enumerate(sketches):
        if one.mqtt:
            counts[i] = min(counts[i], 20)
    turn = 0
    while sum(counts) != INVERTERS:
        i = live[turn % len(live)]
        turn += 1
        step = 1 if sum(counts) < INVERTERS else -1
        if 8 <= counts[i] + step <= 64:
            counts[i] += step
    return counts


def _ratings(sketches: list[Sketch], chance: random.Random) -> None:
    """Give every inverter a rating so that all add up to the programme's total."""
    for one, count in zip(sketches, _counts(sketches, chance), strict=True):
        first = chance.choice((50, 50, *one.make.ratings_kw))
        one.ratings_kw = [first] * count
        if first == 36:
            odd = count % 5
            one.ratings_kw[count - odd :] = [50] * odd
    missing = TOTAL_AC_KW - sum(one.ac_kw for one in sketches)
    turn = 0
    while missing:
        one = sketches[turn % len(sketches)]
        turn += 1
        other = 60 if missing > 0 else 40
        if one.connection == "live" and other in one.make.ratings_kw and 50 in one.ratings_kw:
            one.ratings_kw[one.ratings_kw.index(50)] = other
            missing -= other - 50


def _dc_kw(rating_kw: int) -> float:
    return round(_STRINGS[rating_kw] * _STRING_KW, 2)


def _ratios(ac_kw: float) -> tuple[float, float]:
    """Return CT and PT ratios of the revenue meter: 380 V up to 400 kW, 10 kV above."""
    kilovolts, pt = (0.38, 1.0) if ac_kw <= 400 else (10.0, 100.0)
    amperes = ac_kw / (1.732 * kilovolts)
    primary = next(a for a in (50, 75, 100, 150, 200, 300, 400, 500, 600, 800, 1000) if a >= amperes * 1.1)
    return primary / 5, pt


def _gateways(one: Sketch, port: int) -> list[Row]:
    if one.connection != "live":
        return []
    if one.mqtt:
        values: dict[str, Any] = {
            "id": f"{one.plant_id}-gw-1",
            "protocol": "mqtt",
            "topic": f"pv/{one.plant_id}",
        }
        return [row(values, GATEWAY)]
    wires = -(-len(one.ratings_kw) // one.make.units_max)
    return [
        row(
            {
                "id": f"{one.plant_id}-gw-{number}",
                "protocol": one.make.protocol,
                "port": port + number - 1,
                "answer_s": one.make.answer_s,
            },
            GATEWAY,
        )
        for number in range(1, wires + 1)
    ]


def _inverters(one: Sketch, gateways: list[Row]) -> list[Row]:
    rows = []
    wires = max(1, len(gateways))
    count = len(one.ratings_kw)
    for index, rating_kw in enumerate(one.ratings_kw):
        wire = index * wires // count
        first = -(-wire * count // wires)
        values: dict[str, Any] = {
            "id": f"{one.plant_id}-inv-{index + 1:02d}",
            "kind": "inverter",
            "name": f"{index + 1}号逆变器",
            "profile": "pvmon_json" if one.mqtt else one.make.profile,
            "rated_power_kw": float(rating_kw),
            "dc_capacity_kw": _dc_kw(rating_kw),
            "string_count": _STRINGS[rating_kw],
            "serial_number": f"99{one.position + 1:03d}{index + 1:05d}",
            "in_service_from": _EXPANDED.get(one.plant_id) if index >= count * 3 // 5 else None,
        }
        if gateways:
            values |= {"gateway": gateways[wire]["id"], "unit": index - first + 1}
        rows.append(row(values, DEVICE))
    return rows


def _others(one: Sketch, gateways: list[Row], *, weather: bool) -> list[Row]:
    """Return the revenue meter, and weather station and loggers where there are any."""
    ct, pt = _ratios(one.ac_kw)
    link: dict[str, Any] = {"gateway": gateways[0]["id"]} if gateways else {}
    serial = f"99{one.position + 1:03d}"

    def make(part: str, kind: str, name: str, profile: str, unit: int, number: int, **more: Any) -> Row:
        return row(
            {
                "id": f"{one.plant_id}-{part}",
                "kind": kind,
                "name": name,
                "profile": "pvmon_json" if one.mqtt else profile,
                "unit": unit,
                "serial_number": f"{serial}{90_000 + number}",
                **more,
            },
            DEVICE,
        )

    rows = [
        make(
            "meter",
            "revenue_meter",
            "关口表",
            "meter_acrel_dtsd1352",
            101,
            1,
            ct_ratio=ct,
            pt_ratio=pt,
            **link,
        )
    ]
    if weather:
        rows.append(make("weather", "weather_station", "辐照传感器", "weather_jxct", 111, 2, **link))
        if not one.mqtt:  # on a bus every sensor is a unit of its own; a JSON gateway sends one document
            rows.append(
                make("air", "weather_station", "温湿度传感器", "weather_jxct_temperature", 112, 3, **link)
            )
    if one.make.logger and gateways and not one.mqtt:
        rows.extend(
            make(
                f"logger-{n}", "logger", f"{n}号数采", "huawei_smartlogger", 0, 10 + n, gateway=gateway["id"]
            )
            for n, gateway in enumerate(gateways, 1)
        )
    return rows


def _capacities(one: Sketch, grid_date: date) -> tuple[Row, ...]:
    def capacity(on: date, ratings_kw: list[int]) -> Row:
        dc_kw = round(sum(_dc_kw(kw) for kw in ratings_kw), 2)
        values = {"valid_from": on, "ac_capacity_kw": float(sum(ratings_kw)), "dc_capacity_kw": dc_kw}
        return row(values, CAPACITY)

    expanded = _EXPANDED.get(one.plant_id)
    if expanded is None:
        return (capacity(grid_date, one.ratings_kw),)
    early = one.ratings_kw[: -(-len(one.ratings_kw) * 3 // 5)]
    return (capacity(grid_date, early), capacity(expanded, one.ratings_kw))


def _accounts(one: Sketch, grid_date: date) -> tuple[Row, ...]:
    ct, pt = _ratios(one.ac_kw)

    def account(meter: int, first: date, last: date | None) -> Row:
        return row(
            {
                "account_number": f"9900{one.position + 1:09d}",
                "meter_number": f"9900{one.position + 1:04d}{meter:04d}",
                "valid_from": first,
                "valid_to": last,
                "ct_ratio": ct,
                "pt_ratio": pt,
                "reading_day": (1, 25)[one.position % 2],
                "device": f"{one.plant_id}-meter",
            },
            ACCOUNT,
        )

    changed = _NEW_METER.get(one.plant_id)
    if changed is None:
        return (account(1, grid_date, None),)
    return (account(1, grid_date, changed), account(2, changed, None))


def _plant(one: Sketch, port: int, chance: random.Random, *, weather: bool) -> Row:
    town = one.town
    grid_date = date(2016 + one.position % 3, (6, 12, 9)[one.position % 3], 20 + one.position % 10)
    gateways = _gateways(one, port)
    devices = [*_inverters(one, gateways), *_others(one, gateways, weather=weather)]
    capacities = _capacities(one, grid_date)
    short = town.name.removesuffix("街道").removesuffix("镇")
    return row(
        {
            "id": one.plant_id,
            "name": f"{town.name}{one.number}号光伏电站",
            "name_en": f"{town.name_en} plant {one.number}",
            "town": town.town_id,
            "latitude": round(town.latitude + chance.uniform(-0.03, 0.03), 4),
            "longitude": round(town.longitude + chance.uniform(-0.035, 0.035), 4),
            "altitude_m": float(town.altitude_m + chance.randrange(-40, 120, 5)),
            "connection": one.connection,
            "grid_date": grid_date,
            "tilt_deg": float(chance.randrange(27, 34)),
            "azimuth_deg": float(chance.randrange(168, 196, 2)),
            "feeder": f"10kV{short}{'一二'[one.number % 2]}线",
            "capacities": capacities,
            "gateways": tuple(gateways),
            "devices": tuple(devices),
            "accounts": _accounts(one, grid_date),
            "designs": make_designs(one.position, capacities),
            "earlier_months": make_earlier_months(one.position, capacities),
        },
        PLANT,
    )


def make_plants() -> list[Row]:
    """Return the records of `plants/`."""
    chance = random.Random(611_002)  # noqa: S311 (an invented registry, not a secret)
    sketches = _sketches()
    _ratings(sketches, chance)
    live = [one.plant_id for one in sketches if one.connection == "live"]
    with_weather = {plant_id for index, plant_id in enumerate(live) if index % 7 in {0, 2, 4}}
    plants: list[Row] = []
    port = _FIRST_PORT
    for one in sketches:
        made = _plant(one, port, chance, weather=one.plant_id in with_weather)
        port += sum(gateway["protocol"] != "mqtt" for gateway in made["gateways"])
        plants.append(made)
    return plants
