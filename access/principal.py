"""Principal: who asks, what the roles permit, and which part of the district is in sight."""

from dataclasses import dataclass
from datetime import date
from functools import cached_property

from access.permissions import MONEY_ROLES, Permission, permissions_of
from domain.account import Role, Scope, User
from domain.errors import AccessDeniedError
from domain.plant import Plant, Registry

_FIELD_ONLY = frozenset({Role.FIELD})


@dataclass(frozen=True)
class Principal:
    """Somebody (or a process) who asks. Without roles everything is refused, without scope nothing is seen.

    ``address`` is where the request came from and ends in the audit; ``must_change_password`` closes
    everything but the change of the password. ``only`` narrows what the roles permit (a token's areas);
    ``stage`` closes everything until the second factor is given; ``factor_stale`` closes acts that move money
    until it is given again. ``stands_for`` names those it is the deputy of (accounts and their names).
    """

    user_id: str
    display_name: str
    roles: frozenset[Role]
    scope: Scope
    language: str = "zh"
    address: str = ""
    must_change_password: bool = False
    only: frozenset[Permission] | None = None
    stage: str = ""
    factor_stale: bool = False
    stands_for: frozenset[str] = frozenset()

    @cached_property
    def permissions(self) -> frozenset[Permission]:
        """Everything this principal may do."""
        if self.stage:
            return frozenset({Permission.ANYONE})
        if self.must_change_password:
            return frozenset({Permission.ANYONE, Permission.CHANGE_OWN_ACCOUNT})
        allowed = permissions_of(self.roles)
        return allowed if self.only is None else allowed & self.only

    @property
    def handles_money(self) -> bool:
        """Whether a role sees or moves money (shorter idle time, longer password)."""
        return bool(self.roles & MONEY_ROLES)

    def may(self, permission: Permission) -> bool:
        """Tell whether ``permission`` is granted."""
        return permission in self.permissions

    def sees_case_of(self, assignee: str) -> bool:
        """Tell whether a case in scope may be seen: a field worker sees his own only."""
        return self.roles != _FIELD_ONLY or self.is_called(assignee)

    def is_called(self, assignee: str) -> bool:
        """Tell whether what is given to ``assignee`` is this person's, or waits for a deputy who is."""
        return assignee in {self.user_id, self.display_name} or (
            bool(assignee) and assignee in self.stands_for
        )

    def sees_plant(self, plant: Plant, registry: Registry, on: date | None = None) -> bool:
        """Tell whether ``plant`` is in scope on local day ``on`` (None: by the newest ownership act).

        In scope: everything, the plant itself, its town, a village that owns a share on that day, or the
        town of such a village.
        """
        scope = self.scope
        if scope.everything or plant.plant_id in scope.plant_ids or plant.town_id in scope.town_ids:
            return True
        owners = _owners(plant, on)
        if owners & scope.village_ids:
            return True
        villages = (registry.villages_by_id.get(village_id) for village_id in owners)
        return any(village is not None and village.town_id in scope.town_ids for village in villages)

    def plants(self, registry: Registry, on: date | None = None) -> tuple[Plant, ...]:
        """Return the plants in scope, in the registry's order."""
        return tuple(plant for plant in registry.plants if self.sees_plant(plant, registry, on))

    def plant(self, plant_id: str, registry: Registry, on: date | None = None) -> Plant:
        """Return a plant in scope.

        Raises
        ------
        AccessDeniedError
            There is no such plant, or it is out of scope: the answer is the same, so nobody learns which.
        """
        plant = registry.plants_by_id.get(str(plant_id))
        if plant is None or not self.sees_plant(plant, registry, on):
            what = str(plant_id)[:40]
            message = f"plant {what!r} is not within the scope of {self.user_id}"
            raise AccessDeniedError(message, "plant", what=what, who=self.user_id)
        return plant


def _owners(plant: Plant, on: date | None) -> frozenset[str]:
    newest = plant.ownership[-1] if plant.ownership else None
    act = newest if on is None else plant.ownership_on(on)
    if act is None:
        return frozenset()
    return frozenset(village_id for village_id, share_kw in act.shares_kw.items() if share_kw > 0)


def principal_of(user: User, address: str = "") -> Principal:
    """Return the principal of an account; a disabled account has no roles and sees nothing."""
    if user.disabled:
        return Principal(user.user_id, user.display_name, frozenset(), Scope(), user.language, address)
    return Principal(
        user.user_id,
        user.display_name,
        user.roles,
        user.scope,
        user.language,
        address,
        user.must_change_password,
    )


def console_principal(language: str = "zh") -> Principal:
    """Return who acts at the command line: whoever may open the data folder manages accounts and exports.

    It is no account (nobody can log in as it) and has no money role.
    """
    return Principal(
        "console",
        "console",
        frozenset({Role.ADMIN, Role.OM}),
        Scope(everything=True),
        language,
        "console",
    )
