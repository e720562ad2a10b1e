"""What can be permitted, and which role permits it: one table, read top to bottom."""

from collections.abc import Mapping
from enum import StrEnum

from domain.account import Role


class Permission(StrEnum):
    """One thing a person may ask for. Every page, callback, query and command names exactly one."""

    VIEW_OVERVIEW = "view_overview"
    VIEW_PLANT = "view_plant"
    VIEW_INCOME = "view_income"  # money of villages
    ENTER_READING = "enter_reading"
    IMPORT_READINGS = "import_readings"
    EXPORT_SAMPLES = "export_samples"
    CHANGE_REGISTRY = "change_registry"
    MANAGE_USERS = "manage_users"
    VIEW_AUDIT = "view_audit"
    VIEW_ALERTS = "view_alerts"
    HANDLE_ALERTS = "handle_alerts"  # acknowledge, silence, shelve, maintenance
    VIEW_CASES = "view_cases"
    MANAGE_CASES = "manage_cases"  # register, assign, accept
    WORK_CASES = "work_cases"  # arrive, note, photo, done
    CHANGE_NOTIFYING = "change_notifying"  # routes and channels
    ENTER_MONEY = "enter_money"  # statements, receipts, deductions, vouchers
    CHECK_MONEY = "check_money"  # the second person of every act on money
    MAKE_PLAN = "make_plan"  # distribution plans, attendance, payment batches
    VIEW_PEOPLE = "view_people"  # names and accounts of households; every read is audited
    CHANGE_PEOPLE = "change_people"  # rosters
    ENTER_REPORT = "enter_report"  # industries
    CHECK_REPORT = "check_report"
    VIEW_INDUSTRIES = "view_industries"
    HANDLE_INDUSTRIES = "handle_industries"  # alerts of industries: acknowledge, silence, shelve
    CHANGE_OWN_ACCOUNT = "change_own_account"
    ANYONE = "anyone"  # no account needed: logging in and out


_EVERY_ACCOUNT = frozenset({Permission.ANYONE, Permission.CHANGE_OWN_ACCOUNT})
_SEES_PLANTS = _EVERY_ACCOUNT | {Permission.VIEW_OVERVIEW, Permission.VIEW_PLANT}
_SEES_WORK = frozenset({Permission.VIEW_ALERTS, Permission.VIEW_CASES})

ROLE_PERMISSIONS: Mapping[Role, frozenset[Permission]] = {
    Role.OM: _SEES_PLANTS
    | _SEES_WORK
    | {
        Permission.ENTER_READING,
        Permission.IMPORT_READINGS,
        Permission.EXPORT_SAMPLES,
        Permission.HANDLE_ALERTS,
        Permission.MANAGE_CASES,
        Permission.WORK_CASES,
        Permission.CHANGE_NOTIFYING,
    },
    Role.FIELD: _SEES_PLANTS | _SEES_WORK | {Permission.WORK_CASES, Permission.ENTER_READING},
    Role.SETTLEMENT: _SEES_PLANTS | {Permission.VIEW_INCOME, Permission.ENTER_MONEY},
    Role.ACCOUNTANT: _SEES_PLANTS
    | {
        Permission.VIEW_INCOME,
        Permission.ENTER_MONEY,
        Permission.MAKE_PLAN,
        Permission.VIEW_PEOPLE,
        Permission.CHANGE_PEOPLE,
        Permission.VIEW_INDUSTRIES,
        Permission.ENTER_REPORT,
    },
    Role.TOWNSHIP: _SEES_PLANTS
    | {
        Permission.VIEW_INCOME,
        Permission.CHECK_MONEY,
        Permission.VIEW_PEOPLE,
        Permission.VIEW_CASES,
        Permission.VIEW_INDUSTRIES,
        Permission.ENTER_REPORT,
        Permission.HANDLE_INDUSTRIES,
    },
    Role.COUNTY: _SEES_PLANTS
    | _SEES_WORK
    | {
        Permission.VIEW_INCOME,
        Permission.EXPORT_SAMPLES,
        Permission.CHECK_MONEY,
        Permission.VIEW_INDUSTRIES,
        Permission.CHECK_REPORT,
        Permission.HANDLE_INDUSTRIES,
    },
    Role.AUDITOR: _SEES_PLANTS
    | _SEES_WORK
    | {
        Permission.VIEW_INCOME,
        Permission.EXPORT_SAMPLES,
        Permission.VIEW_AUDIT,
        Permission.VIEW_INDUSTRIES,
    },
    Role.ADMIN: _SEES_PLANTS | _SEES_WORK | {Permission.MANAGE_USERS, Permission.CHANGE_REGISTRY},
    Role.KEEPER: _SEES_PLANTS | {Permission.ENTER_READING},
    Role.MACHINE: frozenset({Permission.ANYONE})  # a token narrows this further (access/areas.py)
    | {
        Permission.VIEW_OVERVIEW,
        Permission.VIEW_PLANT,
        Permission.EXPORT_SAMPLES,
        Permission.VIEW_ALERTS,
        Permission.VIEW_CASES,
        Permission.VIEW_INCOME,
        Permission.VIEW_INDUSTRIES,
    },
}

MONEY_PERMISSIONS = frozenset(
    {
        Permission.VIEW_INCOME,
        Permission.ENTER_MONEY,
        Permission.CHECK_MONEY,
        Permission.MAKE_PLAN,
        Permission.VIEW_PEOPLE,
        Permission.CHANGE_PEOPLE,
    }
)
CHANGING_PERMISSIONS = frozenset(
    {
        Permission.ENTER_READING,
        Permission.IMPORT_READINGS,
        Permission.CHANGE_REGISTRY,
        Permission.MANAGE_USERS,
        Permission.HANDLE_ALERTS,
        Permission.MANAGE_CASES,
        Permission.WORK_CASES,
        Permission.CHANGE_NOTIFYING,
        Permission.ENTER_MONEY,
        Permission.CHECK_MONEY,
        Permission.MAKE_PLAN,
        Permission.CHANGE_PEOPLE,
        Permission.ENTER_REPORT,
        Permission.CHECK_REPORT,
        Permission.HANDLE_INDUSTRIES,
    }
)
MONEY_ROLES = frozenset(role for role, allowed in ROLE_PERMISSIONS.items() if allowed & MONEY_PERMISSIONS)


def permissions_of(roles: frozenset[Role]) -> frozenset[Permission]:
    """Return everything the roles permit together."""
    return frozenset().union(*(ROLE_PERMISSIONS.get(role, frozenset()) for role in roles))


def roles_clash(roles: frozenset[Role]) -> tuple[Role, Role] | None:
    """Return two roles one account must not hold together, None when all is well.

    Separation of duties: who manages accounts touches no money, who audits changes nothing, and a machine is
    no person.
    """
    for role in sorted(roles - {Role.ADMIN}, key=lambda each: each.value):
        if Role.MACHINE in roles and role is not Role.MACHINE:
            return Role.MACHINE, role
        if Role.ADMIN in roles and ROLE_PERMISSIONS[role] & MONEY_PERMISSIONS:
            return Role.ADMIN, role
        if Role.AUDITOR in roles and ROLE_PERMISSIONS[role] & CHANGING_PERMISSIONS:
            return Role.AUDITOR, role
    return (Role.MACHINE, Role.ADMIN) if {Role.MACHINE, Role.ADMIN} <= roles else None
