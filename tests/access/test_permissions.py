import itertools

import pytest

from access.permissions import (
    CHANGING_PERMISSIONS,
    MONEY_PERMISSIONS,
    MONEY_ROLES,
    ROLE_PERMISSIONS,
    Permission,
    permissions_of,
    roles_clash,
)
from domain.account import Role

# The matrix a person can read: what each role may do, in the words of security. Everything else is no.
MAY = {
    Role.OM: "view_overview view_plant view_alerts view_cases enter_reading import_readings export_samples"
    " handle_alerts manage_cases work_cases change_notifying",
    Role.FIELD: "view_overview view_plant view_alerts view_cases work_cases enter_reading",
    Role.SETTLEMENT: "view_overview view_plant view_income enter_money",
    Role.ACCOUNTANT: "view_overview view_plant view_income enter_money make_plan view_people change_people"
    " view_industries enter_report",
    Role.TOWNSHIP: "view_overview view_plant view_income check_money view_people view_cases view_industries"
    " enter_report handle_industries",
    Role.COUNTY: "view_overview view_plant view_alerts view_cases view_income export_samples check_money"
    " view_industries check_report handle_industries",
    Role.AUDITOR: "view_overview view_plant view_alerts view_cases view_income export_samples view_audit"
    " view_industries",
    Role.ADMIN: "view_overview view_plant view_alerts view_cases manage_users change_registry",
    Role.KEEPER: "view_overview view_plant enter_reading",
    Role.MACHINE: "view_overview view_plant view_alerts view_cases view_income export_samples view_industries",
}
EVERYBODY = {"anyone", "change_own_account"}


@pytest.mark.parametrize(("role", "permission"), list(itertools.product(Role, Permission)))
def test_each_cell_of_role_and_permission(role: Role, permission: Permission) -> None:
    everybody = EVERYBODY if role.logs_in else {"anyone"}
    wanted = permission.value in everybody | set(MAY[role].split())
    assert (permission in permissions_of(frozenset({role}))) is wanted


def test_every_role_is_in_the_table_and_no_role_gives_nothing() -> None:
    assert set(ROLE_PERMISSIONS) == set(Role)
    assert permissions_of(frozenset()) == frozenset()


def test_the_administrator_has_no_permission_about_money() -> None:
    assert not ROLE_PERMISSIONS[Role.ADMIN] & MONEY_PERMISSIONS
    assert {
        Role.ACCOUNTANT,
        Role.COUNTY,
        Role.AUDITOR,
        Role.SETTLEMENT,
        Role.TOWNSHIP,
        Role.MACHINE,
    } == MONEY_ROLES


def test_the_auditor_changes_nothing() -> None:
    assert not ROLE_PERMISSIONS[Role.AUDITOR] & CHANGING_PERMISSIONS


def test_only_the_administrator_manages_users_and_only_the_auditor_reads_the_audit() -> None:
    managers = {role for role in Role if Permission.MANAGE_USERS in ROLE_PERMISSIONS[role]}
    readers = {role for role in Role if Permission.VIEW_AUDIT in ROLE_PERMISSIONS[role]}
    assert (managers, readers) == ({Role.ADMIN}, {Role.AUDITOR})


@pytest.mark.parametrize("pair", list(itertools.combinations(Role, 2)), ids=str)
def test_accounts_and_money_are_never_in_one_hand_nor_audit_and_change(pair: tuple[Role, Role]) -> None:
    together = permissions_of(frozenset(pair))
    bad = (Permission.MANAGE_USERS in together and together & MONEY_PERMISSIONS) or (
        Role.AUDITOR in pair and together & CHANGING_PERMISSIONS
    )
    machine = Role.MACHINE in pair
    assert (roles_clash(frozenset(pair)) is not None) is (machine or bool(bad))
