"""An invented district of three towns, and people in it, for tests of who may do what."""

from datetime import date

from access.principal import Principal
from domain.account import Role, Scope
from domain.plant import (
    Capacity,
    Connection,
    Device,
    DeviceKind,
    Ownership,
    Plant,
    Registry,
    SettlementAccount,
    Town,
    Village,
)

TOWNS = ("611002101", "611002102", "611002103")
VILLAGES = tuple(f"{town}20{number}" for town in TOWNS for number in (1, 2))
EVERYTHING = Scope(everything=True)


def plant(
    plant_id: str, town_id: str, *ownership: Ownership, accounts: tuple[SettlementAccount, ...] = ()
) -> Plant:
    meter = Device(f"{plant_id}-m", plant_id, DeviceKind.REVENUE_METER, "关口表", ct_ratio=80.0)
    inverters = tuple(
        Device(f"{plant_id}-i{n}", plant_id, DeviceKind.INVERTER, f"{n}", rated_power_kw=50.0) for n in (1, 2)
    )
    return Plant(
        plant_id,
        f"{plant_id}电站",
        plant_id,
        town_id,
        33.87,
        109.94,
        700.0,
        Connection.MANUAL,
        date(2020, 6, 30),
        (Capacity(date(2020, 6, 30), 120.0, 100.0),),
        30.0,
        180.0,
        devices=(meter, *inverters),
        accounts=accounts,
        ownership=ownership,
    )


def registry() -> Registry:
    """Plant a: one village of its town. Plant b: joint, moved to another village in 2025. Plant c: nobody's."""
    return Registry(
        "商州区",
        tuple(Town(town, f"镇{n}", f"Town {n}", 33.8, 109.9) for n, town in enumerate(TOWNS)),
        tuple(
            Village(village, f"村{n}", f"Village {n}", village[:9], date(2020, 1, 1))
            for n, village in enumerate(VILLAGES)
        ),
        (
            plant("a", TOWNS[0], Ownership(date(2020, 6, 30), "虚构", {VILLAGES[0]: 100.0})),
            plant(
                "b",
                TOWNS[0],
                Ownership(date(2020, 6, 30), "虚构", {VILLAGES[0]: 60.0, VILLAGES[2]: 40.0}),
                Ownership(date(2025, 1, 1), "虚构", {VILLAGES[0]: 0.0, VILLAGES[4]: 100.0}),
            ),
            plant("c", TOWNS[1]),
        ),
        sample=True,
    )


def somebody(*roles: Role, scope: Scope = EVERYTHING, user_id: str = "somebody") -> Principal:
    return Principal(user_id, "某人（虚构）", frozenset(roles), scope, address="192.0.2.7")
