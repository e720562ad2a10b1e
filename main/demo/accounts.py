"""Demonstration accounts: one per role, invented, with random passwords that are printed once."""

from dataclasses import dataclass

from access.principal import console_principal
from commands.accounts import Accounts, NewUser
from domain.account import Role, Scope
from domain.plant import Connection, Registry


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """One account as it is printed."""

    role: Role
    user_id: str
    password: str


def _scope(role: Role, registry: Registry) -> Scope:
    """Give accountant, township and keeper their village, town and hand-read plant: scope is part of the show."""
    shares = [act for plant in registry.plants if (act := plant.ownership[-1] if plant.ownership else None)]
    owner = next((min(act.shares_kw) for act in shares), None)
    if role is Role.ACCOUNTANT:
        return Scope(village_ids=frozenset({owner} if owner else ()))
    if role is Role.TOWNSHIP:
        town = registry.villages_by_id[owner].town_id if owner else None
        return Scope(town_ids=frozenset({town} if town else ()))
    if role is Role.KEEPER:
        by_hand = [plant.plant_id for plant in registry.plants if plant.connection is Connection.MANUAL]
        return Scope(plant_ids=frozenset(by_hand[:1]))
    return Scope(everything=True)


def add_demo_accounts(accounts: Accounts, registry: Registry, names: dict[Role, str]) -> list[DemoAccount]:
    """Add one account per role of ``names`` (role to display name); return them with their passwords."""
    console = console_principal()
    made = []
    for role, name in names.items():
        new = NewUser(role.value, name, frozenset({role}), _scope(role, registry))
        made.append(DemoAccount(role, role.value, accounts.add(console, new, must_change=False)))
    return made
