"""Cross-checks of plants: dates, capacities, gateways, devices, meters and accounts; and ids across the fleet."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from zoneinfo import ZoneInfo

from domain.plant import sim_shown
from main.registry.document_checks import check_documents
from main.registry.problem import Problems, nearest
from main.registry.profiles import KnownProfile
from main.registry.records import Row
from main.registry.wire import UNITS_MAX, period_s, wire_load

_DC_TO_AC_LOW, _DC_TO_AC_HIGH = 0.7, 2.0
_MQTT = "mqtt"
_OWN_TOPIC = "pv/"  # of documents in our format; documents of other formats may share a topic
_DLT645 = "dlt645"


def check_plant(plant: Row, profiles: Mapping[str, KnownProfile], problems: Problems) -> None:
    """Note every fault inside one plant."""
    _check_zone(plant, problems)
    _check_capacities(plant, problems)
    gateways = {one["id"]: one for one in plant.get("gateways") or () if one.get("id") is not None}
    devices = [one for one in plant.get("devices") or () if one.get("id") is not None]
    _check_link(plant, gateways, devices, problems)
    for device in devices:
        _check_device(device, gateways, profiles, problems)
    check_documents(gateways, devices, profiles, problems)
    _check_wires(plant, gateways, devices, profiles, problems)
    _check_meter(plant, devices, problems)
    _check_accounts(plant, devices, problems)
    _check_baselines(plant, problems)


def check_fleet(plants: Iterable[Row], problems: Problems) -> None:
    """Note ids, addresses and topics that occur twice in the district."""
    seen: dict[tuple[str, str], Row] = {}

    def once(row: Row, key: str, what: str, name: str, shown: str = "") -> None:
        first = seen.setdefault((what, name), row)
        if first is not row:
            problems.add(
                row.file,
                row.at(key),
                key,
                "duplicate_id",
                what=what,
                id=shown or name,
                other=f"{first.file}:{first.line}",
            )

    for plant in plants:
        for gateway in plant.get("gateways") or ():
            village = f"{plant.get('id')} " if gateway.get("edge") else ""  # a network of its own
            _check_gateway_once(gateway, village, once)
        for device in plant.get("devices") or ():
            if device.get("id") is not None:
                once(device, "id", "device", device["id"])


def _check_gateway_once(gateway: Row, village: str, once: Callable[..., None]) -> None:
    if gateway.get("id") is not None:
        once(gateway, "id", "gateway", gateway["id"])
    if gateway.get("protocol") == _MQTT and str(gateway.get("topic")).startswith(_OWN_TOPIC):
        once(gateway, "topic", "topic", gateway["topic"])
    elif gateway.get("host") and gateway.get("port") and gateway.get("protocol") != _MQTT:
        once(gateway, "port", "address", f"{village}{gateway['host']}:{gateway['port']}")
    if gateway.get("sim"):
        once(gateway, "sim", "sim", gateway["sim"], sim_shown(gateway["sim"]))


def _check_zone(plant: Row, problems: Problems) -> None:
    zone = plant.get("time_zone")
    if zone is None:
        return
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        problems.add(plant.file, plant.at("time_zone"), "time_zone", "unknown_zone", value=zone)


def _check_capacities(plant: Row, problems: Problems) -> None:
    capacities = plant.get("capacities")
    if capacities is None:
        return
    if not capacities:
        problems.add(plant.file, plant.at("capacities"), "capacities", "no_capacity")
    days: set[date] = set()
    for one in capacities:
        day, ac_kw, dc_kw = one.get("valid_from"), one.get("ac_capacity_kw"), one.get("dc_capacity_kw")
        if day in days:
            problems.add(one.file, one.at("valid_from"), "valid_from", "same_day", day=day)
        if day is not None:
            days.add(day)
        if ac_kw and dc_kw and not _DC_TO_AC_LOW <= dc_kw / ac_kw <= _DC_TO_AC_HIGH:
            problems.add(
                one.file, one.at("dc_capacity_kw"), "dc_capacity_kw", "dc_and_ac", dc_kw=dc_kw, ac_kw=ac_kw
            )


def _check_link(plant: Row, gateways: Mapping[str, Row], devices: list[Row], problems: Problems) -> None:
    connection = plant.get("connection")
    if connection == "live" and not any(device.get("gateway") for device in devices):
        problems.add(plant.file, plant.at("connection"), "connection", "no_link")
    if connection in {"manual", "file"} and gateways:
        problems.add(plant.file, plant.at("gateways"), "gateways", "link_not_used", connection=connection)
    for gateway in gateways.values():
        if gateway.get("protocol") == _MQTT and gateway.get("topic") == "":  # None: written, and bad
            problems.add(gateway.file, gateway.at("topic"), "topic", "no_topic", id=gateway["id"])
        if gateway.get("protocol") == _MQTT and gateway.get("edge"):
            problems.add(gateway.file, gateway.at("edge"), "edge", "edge_publishes", id=gateway["id"])
        _check_plan(gateway, problems)


def _check_plan(gateway: Row, problems: Problems) -> None:
    if gateway.get("plan_mb") and not gateway.get("sim"):
        problems.add(gateway.file, gateway.at("plan_mb"), "plan_mb", "plan_without_sim", id=gateway["id"])
    if (gateway.get("sim") or gateway.get("plan_mb")) and str(gateway.get("protocol")).endswith("_serial"):
        problems.add(gateway.file, gateway.at("sim"), "sim", "sim_on_serial", id=gateway["id"])
    if gateway.get("plan_until") is not None and not gateway.get("sim"):
        problems.add(
            gateway.file, gateway.at("plan_until"), "plan_until", "plan_without_sim", id=gateway["id"]
        )


def _check_device(
    device: Row, gateways: Mapping[str, Row], profiles: Mapping[str, KnownProfile], problems: Problems
) -> None:
    gateway, name = device.get("gateway"), device.get("profile")
    if gateway is not None and gateway not in gateways:
        problems.add(
            device.file,
            device.at("gateway"),
            "gateway",
            "unknown_gateway",
            suggestion=nearest(gateway, gateways),
            id=gateway,
        )
    if gateway is not None and name == "":
        problems.add(device.file, device.at("profile"), "profile", "no_profile", id=device["id"])
    _check_profile(device, gateways.get(gateway or ""), profiles, problems)
    if device.get("kind") == "inverter" and device.get("rated_power_kw") == 0:
        problems.add(device.file, device.at("rated_power_kw"), "rated_power_kw", "no_rating", id=device["id"])
    _check_period(device, "in_service_from", "in_service_to", problems)


def _check_profile(
    device: Row, gateway: Row | None, profiles: Mapping[str, KnownProfile], problems: Problems
) -> None:
    name = device.get("profile")
    if not name:
        return
    profile = profiles.get(name)
    place = (device.file, device.at("profile"), "profile")
    if profile is None:
        problems.add(
            *place,
            "unknown_profile",
            suggestion=nearest(name, profiles),
            value=name,
            known=", ".join(sorted(profiles)),
        )
        return
    if profile.kind is not None and device.get("kind") not in {None, profile.kind.value}:
        problems.add(*place, "wrong_kind", value=name, kind=profile.kind.value, wanted=device["kind"])
    if gateway is not None and profile.json_document != (gateway.get("protocol") == _MQTT):
        code = "json_on_wire" if profile.json_document else "registers_on_mqtt"
        problems.add(*place, code, value=name, protocol=gateway.get("protocol"))
    elif gateway is not None and profile.dlt645 != str(gateway.get("protocol")).startswith(_DLT645):
        problems.add(*place, "dlt645_or_not", value=name, protocol=gateway.get("protocol"))
    elif profile.dlt645 and gateway is not None and not device.get("meter_address"):
        problems.add(
            device.file, device.at("meter_address"), "meter_address", "no_meter_address", id=device["id"]
        )


def _check_wires(
    plant: Row,
    gateways: Mapping[str, Row],
    devices: list[Row],
    profiles: Mapping[str, KnownProfile],
    problems: Problems,
) -> None:
    for gateway in gateways.values():
        if gateway.get("protocol") in {None, _MQTT}:
            continue
        mine = [device for device in devices if device.get("gateway") == gateway["id"]]
        _check_units(mine, problems)
        if len(mine) > UNITS_MAX:
            problems.add(
                gateway.file,
                gateway.line,
                "",
                "too_many_units",
                id=gateway["id"],
                units=len(mine),
                units_max=UNITS_MAX,
            )
        if gateway.incomplete or "poll_period_s" not in plant.values:
            continue
        every_s = period_s(plant)
        load = wire_load(gateway, mine, profiles)
        if load.least_s > every_s:
            problems.add(
                gateway.file,
                gateway.line,
                "poll_period_s",
                "cycle_too_short",
                id=gateway["id"],
                period_s=every_s,
                least_s=f"{load.least_s:.1f}",
                units=load.units,
                reads=load.reads,
            )


def _check_units(devices: list[Row], problems: Problems) -> None:
    seen: dict[int | str, Row] = {}
    for device in devices:
        unit = device.get("meter_address") or device.get("unit")
        if unit is None:
            continue
        first = seen.setdefault(unit, device)
        if first is not device and _same_time(first, device):
            problems.add(
                device.file,
                device.at("unit"),
                "unit",
                "duplicate_id",
                what="unit",
                id=unit,
                other=f"{first['id']} ({first.file}:{first.line})",
            )


def _same_time(one: Row, other: Row) -> bool:
    """Tell whether two devices are in service on some day together."""
    if one.incomplete or other.incomplete:
        return True
    first, last = (one, other) if _begin(one) <= _begin(other) else (other, one)
    ends = first["in_service_to"]
    return ends is None or ends > _begin(last)


def _begin(device: Row) -> date:
    begins = device["in_service_from"]
    return begins if isinstance(begins, date) else date.min


def _check_period(row: Row, first_key: str, last_key: str, problems: Problems) -> None:
    first, last = row.get(first_key), row.get(last_key)
    if first is not None and last is not None and last <= first:
        problems.add(row.file, row.at(last_key), last_key, "period_backwards", first=first, last=last)


def _check_meter(plant: Row, devices: list[Row], problems: Problems) -> None:
    if plant.get("devices") is None or plant.get("connection") is None:
        return
    if not any(device.get("kind") == "revenue_meter" for device in devices):
        problems.add(plant.file, plant.at("devices"), "devices", "no_meter")


def _check_accounts(plant: Row, devices: list[Row], problems: Problems) -> None:
    by_id = {device["id"]: device for device in devices}
    accounts = [one for one in plant.get("accounts") or () if not one.incomplete]
    for account in accounts:
        _check_period(account, "valid_from", "valid_to", problems)
        _check_account_device(account, by_id, problems)
    ordered = sorted(accounts, key=lambda one: one["valid_from"])
    for index, later in enumerate(ordered):
        for earlier in ordered[:index]:
            same = earlier["account_number"] == later["account_number"] or (
                earlier["device"] is not None and earlier["device"] == later["device"]
            )
            if same and (earlier["valid_to"] is None or earlier["valid_to"] > later["valid_from"]):
                problems.add(
                    later.file,
                    later.at("valid_from"),
                    "valid_from",
                    "accounts_overlap",
                    id=later["account_number"],
                    other=f"{earlier.file}:{earlier.line}",
                )


def _check_account_device(account: Row, by_id: Mapping[str, Row], problems: Problems) -> None:
    name = account["device"]
    if name is None:
        return
    device = by_id.get(name)
    if device is None:
        problems.add(
            account.file,
            account.at("device"),
            "device",
            "unknown_device",
            suggestion=nearest(name, by_id),
            id=name,
        )
        return
    if device.get("kind") not in {None, "revenue_meter"}:
        problems.add(account.file, account.at("device"), "device", "not_a_meter", id=name)
    for key in ("ct_ratio", "pt_ratio"):
        meter = device.get(key)
        if account["valid_to"] is None and meter is not None and meter != account[key]:
            problems.add(
                account.file,
                account.at(key),
                key,
                "ratio_differs",
                account=account[key],
                meter=meter,
                id=name,
                other=f"{device.file}:{device.line}",
            )


def _check_baselines(plant: Row, problems: Problems) -> None:
    """Note a design or an earlier month that is told twice, or that the plant's age denies."""
    for part, key in (("designs", "valid_from"), ("earlier_months", "month")):
        seen: set[date] = set()
        for one in plant.get(part) or ():
            day = one.get(key)
            if day is None:
                continue
            told = day if part == "designs" else day.replace(day=1)
            if told in seen:
                problems.add(one.file, one.at(key), key, "same_day", day=told)
            seen.add(told)
            began = plant.get("grid_date")
            if part == "earlier_months" and began is not None and told < began.replace(day=1):
                problems.add(one.file, one.at(key), key, "before_grid", day=told, began=began)
