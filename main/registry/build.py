"""From checked records to the domain's nouns. Nothing here looks for faults: the records are sound."""

from collections.abc import Iterable, Mapping
from datetime import date
from types import MappingProxyType

from domain.plant import (
    Capacity,
    Connection,
    Design,
    Device,
    DeviceKind,
    EarlierMonth,
    Gateway,
    Ownership,
    Plant,
    Registry,
    SettlementAccount,
    Town,
    Village,
    VillageChange,
    VillageEvent,
    WireProtocol,
)
from main.registry.facts import Facts
from main.registry.profiles import KnownProfile
from main.registry.records import Row
from main.registry.wire import pauses_s, period_s


def town(row: Row) -> Town:
    """Return a town."""
    return Town(row["id"], row["name"], row["name_en"], row["latitude"], row["longitude"])


def event(row: Row) -> VillageEvent:
    """Return a village event."""
    return VillageEvent(row["date"], VillageChange(row["change"]), row["from"], row["to"], row["source"])


def villages(rows: Iterable[Row], events: Iterable[VillageEvent]) -> tuple[Village, ...]:
    """Return villages with the day they ended and who followed, which only the events tell."""
    ended: dict[str, tuple[date, tuple[str, ...]]] = {}
    for one in events:
        for village_id in one.from_ids:
            if village_id not in one.to_ids:
                ended[village_id] = (one.on, one.to_ids)
    return tuple(
        Village(
            row["id"],
            row["name"],
            row["name_en"],
            row["town"],
            row["valid_from"],
            *ended.get(row["id"], (None, ())),
        )
        for row in rows
    )


def capacities(plant: Row) -> tuple[Capacity, ...]:
    """Return the capacities of a plant, oldest first."""
    return tuple(
        Capacity(row["valid_from"], row["dc_capacity_kw"], row["ac_capacity_kw"])
        for row in sorted(plant["capacities"], key=lambda one: one["valid_from"])
    )


def ownership(row: Row) -> tuple[Ownership, ...]:
    """Return the acts of a plant, oldest first."""
    return tuple(
        Ownership(act["valid_from"], act["source"], MappingProxyType(dict(act["shares_kw"])))
        for act in sorted(row["acts"], key=lambda one: one["valid_from"])
    )


def gateway(row: Row, plant: Row, profiles: Mapping[str, KnownProfile]) -> Gateway:
    """Return a gateway; pauses that are not written are the longest any device on the wire asks for."""
    mine = [device for device in plant["devices"] if device["gateway"] == row["id"]]
    delay_s, pause_s = pauses_s(row, mine, profiles)
    return Gateway(
        gateway_id=row["id"],
        plant_id=plant["id"],
        protocol=WireProtocol(row["protocol"]),
        host=row["host"],
        port=row["port"],
        topic=row["topic"],
        timeout_s=row["timeout_s"],
        connect_delay_s=delay_s,
        request_pause_s=pause_s,
        answer_s=row["answer_s"],
        line=row["line"],
        edge=row["edge"],
        sim=row["sim"],
        plan_mb=row["plan_mb"],
        plan_day=row["plan_day"],
        plan_until=row["plan_until"],
    )


def device(row: Row, plant_id: str) -> Device:
    """Return a device."""
    return Device(
        device_id=row["id"],
        plant_id=plant_id,
        kind=DeviceKind(row["kind"]),
        name=row["name"],
        profile=row["profile"],
        gateway_id=row["gateway"],
        unit=row["unit"],
        rated_power_kw=row["rated_power_kw"],
        dc_capacity_kw=row["dc_capacity_kw"],
        string_count=row["string_count"],
        serial_number=row["serial_number"],
        ct_ratio=row["ct_ratio"],
        pt_ratio=row["pt_ratio"],
        in_service_from=row["in_service_from"],
        in_service_to=row["in_service_to"],
        meter_address=row["meter_address"],
    )


def account(row: Row) -> SettlementAccount:
    """Return a settlement account."""
    return SettlementAccount(
        account_number=row["account_number"],
        meter_number=row["meter_number"],
        valid_from=row["valid_from"],
        ct_ratio=row["ct_ratio"],
        pt_ratio=row["pt_ratio"],
        reading_day=row["reading_day"],
        device_id=row["device"],
        valid_to=row["valid_to"],
    )


def designs(plant: Row) -> tuple[Design, ...]:
    """Return the designs of a plant, oldest first."""
    return tuple(
        Design(
            row["valid_from"],
            tuple(row[f"kwh_{month:02d}"] for month in range(1, 13)),
            row["yearly_loss_percent"] / 100.0,
            row["source"],
        )
        for row in sorted(plant["designs"], key=lambda one: one["valid_from"])
    )


def earlier_months(plant: Row) -> tuple[EarlierMonth, ...]:
    """Return the energy of months before a plant was watched, oldest first."""
    return tuple(
        EarlierMonth(row["month"].replace(day=1), row["energy_kwh"], row["source"])
        for row in sorted(plant["earlier_months"], key=lambda one: one["month"])
    )


def plant(row: Row, acts: Row | None, profiles: Mapping[str, KnownProfile]) -> Plant:
    """Return a plant with all that belongs to it."""
    return Plant(
        plant_id=row["id"],
        name=row["name"],
        name_en=row["name_en"],
        town_id=row["town"],
        latitude=row["latitude"],
        longitude=row["longitude"],
        altitude_m=row["altitude_m"],
        connection=Connection(row["connection"]),
        grid_date=row["grid_date"],
        capacities=capacities(row),
        tilt_deg=row["tilt_deg"],
        azimuth_deg=row["azimuth_deg"],
        feeder=row["feeder"],
        time_zone=row["time_zone"],
        poll_period_s=period_s(row),
        gateways=tuple(gateway(one, row, profiles) for one in row["gateways"]),
        devices=tuple(device(one, row["id"]) for one in row["devices"]),
        accounts=tuple(account(one) for one in sorted(row["accounts"], key=lambda one: one["valid_from"])),
        ownership=ownership(acts) if acts is not None else (),
        designs=designs(row),
        earlier_months=earlier_months(row),
    )


def registry(facts: Facts, profiles: Mapping[str, KnownProfile]) -> Registry:
    """Return the registry of sound facts; ``sources`` names the file and line of every record by its id."""
    assert facts.district is not None
    events = tuple(sorted((event(row) for row in facts.events.values()), key=lambda one: one.on))
    return Registry(
        district=facts.district["name"],
        district_en=facts.district["name_en"],
        towns=tuple(town(row) for row in facts.towns.values()),
        villages=villages(facts.villages.values(), events),
        plants=tuple(plant(row, facts.ownership.get(key), profiles) for key, row in facts.plants.items()),
        village_events=events,
        sample=facts.district["sample"],
        sources=MappingProxyType(sources(facts)),
    )


def sources(facts: Facts) -> dict[str, str]:
    """Return ``file:line`` of every record: by id, ``district``, ``ownership <plant>``, ``event <day> <ids>``."""
    found: dict[str, str] = {}

    def note(key: str, row: Row) -> None:
        found[key] = f"{row.file}:{row.line}"

    if facts.district is not None:
        note("district", facts.district)
    for key, row in {**facts.towns, **facts.villages}.items():
        note(key, row)
    for key, row in facts.events.items():
        note(f"event {key}", row)
    for key, row in facts.plants.items():
        note(key, row)
        for part in (*row["gateways"], *row["devices"]):
            note(part["id"], part)
        for number, one in enumerate(row["accounts"], 1):
            note(f"account {key} {number}", one)
    for key, row in facts.ownership.items():
        note(f"ownership {key}", row)
    return found
