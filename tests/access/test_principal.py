from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access.permissions import Permission
from access.principal import Principal, console_principal, principal_of
from domain.account import Role, Scope, User
from domain.errors import AccessDeniedError
from tests.access.people import EVERYTHING, TOWNS, VILLAGES, registry, somebody

DISTRICT = registry()
PLANTS = [plant.plant_id for plant in DISTRICT.plants]
DAYS = st.dates(date(2019, 1, 1), date(2027, 12, 31))


def scopes() -> st.SearchStrategy[Scope]:
    def some(ids: Any) -> Any:
        return st.frozensets(st.sampled_from(ids), max_size=3)

    return st.builds(Scope, st.booleans(), some(TOWNS), some(VILLAGES), some(PLANTS))


def seen(scope: Scope, on: date | None = None) -> set[str]:
    return {plant.plant_id for plant in somebody(Role.OM, scope=scope).plants(DISTRICT, on)}


@given(scopes(), DAYS)
def test_a_plant_is_seen_exactly_by_the_written_rule(scope: Scope, day: date) -> None:
    for plant in DISTRICT.plants:
        act = plant.ownership_on(day)
        owners = {village for village, kw in act.shares_kw.items() if kw > 0} if act else set()
        towns = {plant.town_id} | {DISTRICT.villages_by_id[village].town_id for village in owners}
        wanted = (
            scope.everything
            or plant.plant_id in scope.plant_ids
            or bool(towns & scope.town_ids)
            or bool(owners & scope.village_ids)
        )
        assert (plant.plant_id in seen(scope, day)) is wanted


@given(scopes(), scopes(), DAYS)
def test_a_wider_scope_never_sees_less(one: Scope, other: Scope, day: date) -> None:
    both = Scope(
        one.everything or other.everything,
        one.town_ids | other.town_ids,
        one.village_ids | other.village_ids,
        one.plant_ids | other.plant_ids,
    )
    assert seen(both, day) == seen(one, day) | seen(other, day)


def test_an_empty_scope_sees_nothing_and_everything_sees_all() -> None:
    assert seen(Scope()) == set()
    assert seen(EVERYTHING) == {"a", "b", "c"}


def test_a_village_sees_a_joint_plant_only_while_it_owns_a_share() -> None:
    scope = Scope(village_ids=frozenset({VILLAGES[2]}))
    assert seen(scope, date(2024, 12, 31)) == {"b"}
    assert seen(scope, date(2025, 1, 1)) == set()
    assert seen(scope) == set()


def test_a_share_of_nothing_is_no_share() -> None:
    assert seen(Scope(village_ids=frozenset({VILLAGES[0]})), date(2025, 1, 1)) == {"a"}


def test_a_stranger_plant_and_a_foreign_plant_are_refused_in_the_same_words() -> None:
    keeper = somebody(Role.KEEPER, scope=Scope(plant_ids=frozenset({"a"})))
    assert keeper.plant("a", DISTRICT).plant_id == "a"
    messages = []
    for plant_id in ("b", "z"):
        with pytest.raises(AccessDeniedError) as refusal:
            keeper.plant(plant_id, DISTRICT)
        messages.append(str(refusal.value).replace(repr(plant_id), "X"))
    assert messages[0] == messages[1]


@pytest.mark.parametrize("hostile", [None, 7, ["a"], {"a": 1}, "a" * 10_000, "'; DROP TABLE users"])
def test_a_plant_id_of_any_kind_is_refused_and_never_an_error_of_ours(hostile: Any) -> None:
    with pytest.raises(AccessDeniedError):
        somebody(Role.OM).plant(hostile, DISTRICT)


@given(st.frozensets(st.sampled_from(Role)))
def test_a_disabled_account_may_nothing_and_sees_nothing(roles: frozenset[Role]) -> None:
    principal = principal_of(User("u", "u", roles, EVERYTHING, "", disabled=True))
    assert not any(principal.may(permission) for permission in Permission)
    assert principal.plants(DISTRICT) == ()


@given(st.frozensets(st.sampled_from(Role)))
def test_a_one_time_password_opens_only_its_own_change(roles: frozenset[Role]) -> None:
    principal = principal_of(User("u", "u", roles, EVERYTHING, "", must_change_password=True))
    allowed = {permission for permission in Permission if principal.may(permission)}
    assert allowed == {Permission.ANYONE, Permission.CHANGE_OWN_ACCOUNT}


def test_the_console_manages_accounts_and_touches_no_money() -> None:
    console = console_principal()
    assert console.may(Permission.MANAGE_USERS)
    assert not console.may(Permission.VIEW_INCOME)


def test_nobody_is_anything_without_roles() -> None:
    nobody = Principal("x", "x", frozenset(), EVERYTHING)
    assert not any(nobody.may(permission) for permission in Permission)
