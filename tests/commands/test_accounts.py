import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from access.guard import permission_of, unguarded
from access.permissions import ROLE_PERMISSIONS, Permission, roles_clash
from access.principal import Principal, console_principal
from commands.account_orders import ADD, LIST, RESET, account_orders
from commands.accounts import Accounts, NewUser, PasswordRefusedError
from domain.account import Role, Scope
from domain.errors import AccessDeniedError, CommandError, StoreUnavailableError
from tests.access.people import EVERYTHING, TOWNS, VILLAGES, somebody
from tests.commands.builders import PASSWORD, QUICK, DeafAudit, Office, office

ADMIN = somebody(Role.ADMIN, user_id="boss")
NEW_PASSWORD = "a-quite-different-word-91"


def new(user_id: str = "wang", *roles: Role, **changes: Any) -> NewUser:
    given = {"display_name": "王五（虚构）", "roles": frozenset(roles or (Role.OM,)), "scope": EVERYTHING}
    return NewUser(user_id, **{**given, **changes})


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Office]:
    with office(tmp_path) as made:
        made.add("li", Role.OM)
        made.add("boss", Role.ADMIN)
        yield made


def login(here: Office, user_id: str, password: str = PASSWORD) -> Principal:
    return here.authenticate().login(user_id, password, "192.0.2.7").principal


def test_a_new_account_logs_in_with_its_one_time_password_and_must_change_it(here: Office) -> None:
    password = here.accounts().add(ADMIN, new("wang", Role.KEEPER, scope=Scope(plant_ids=frozenset({"a"}))))
    principal = login(here, "wang", password)
    assert principal.must_change_password
    user = here.records.user("wang")
    assert user is not None
    assert password not in str(user)
    assert password not in str(here.entries())
    assert here.entries()[0].detail == {"roles": "keeper", "scope": "a"}


ACTS: dict[str, Any] = {
    "user.list": lambda accounts, who: accounts.users(who),
    "user.add": lambda accounts, who: accounts.add(who, new("wang", Role.ACCOUNTANT)),
    "user.change_rights": lambda accounts, who: accounts.change_rights(
        who, "li", frozenset({Role.COUNTY}), EVERYTHING
    ),
    "user.reset_password": lambda accounts, who: accounts.reset_password(who, "li"),
    "user.disable": lambda accounts, who: accounts.disable(who, "li"),
    "user.enable": lambda accounts, who: accounts.enable(who, "li"),
}


@pytest.mark.parametrize(("act", "role"), list(itertools.product(ACTS, Role)))
def test_only_who_manages_users_may_and_each_try_is_audited(here: Office, act: str, role: Role) -> None:
    who = somebody(role, user_id="boss")
    before = [here.records.user(name) for name in ("li", "wang")]
    if Permission.MANAGE_USERS in ROLE_PERMISSIONS[role]:
        ACTS[act](here.accounts(), who)
        wanted = [] if act == "user.list" else ["done"]
    else:
        with pytest.raises(AccessDeniedError, match="manage_users"):
            ACTS[act](here.accounts(), who)
        assert [here.records.user(name) for name in ("li", "wang")] == before
        wanted = ["refused"]
    assert [entry.outcome for entry in here.entries()] == wanted
    assert all(entry.action == act and entry.user_id == "boss" for entry in here.entries())
    assert all(entry.address == "192.0.2.7" for entry in here.entries())


def test_nobody_gives_himself_rights_or_shuts_himself_out(here: Office) -> None:
    accounts = here.accounts()
    with pytest.raises(CommandError, match="his own"):
        accounts.change_rights(ADMIN, "boss", frozenset({Role.ACCOUNTANT}), EVERYTHING)
    with pytest.raises(CommandError, match="his own"):
        accounts.disable(ADMIN, "boss")


@pytest.mark.parametrize("pair", list(itertools.combinations(Role, 2)), ids=str)
def test_roles_that_clash_are_refused_for_new_and_old_accounts(here: Office, pair: tuple[Role, Role]) -> None:
    accounts, roles = here.accounts(), frozenset(pair)
    if roles_clash(roles) is None:
        accounts.add(ADMIN, new("wang", *pair))
        accounts.change_rights(ADMIN, "li", roles, EVERYTHING)
        return
    with pytest.raises(CommandError, match="one hand"):
        accounts.add(ADMIN, new("wang", *pair))
    with pytest.raises(CommandError, match="one hand"):
        accounts.change_rights(ADMIN, "li", roles, EVERYTHING)
    assert here.records.user("wang") is None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"roles": frozenset()}, "needs a role"),
        ({"display_name": " "}, "display name"),
        ({"display_name": "x" * 41}, "display name"),
        ({"display_name": "a\nb"}, "display name"),
        ({"language": "fr"}, "no texts"),
        ({"scope": Scope(town_ids=frozenset({"999"}))}, "no town 999"),
        ({"scope": Scope(village_ids=frozenset({"x", VILLAGES[0]}))}, "no village x"),
        ({"scope": Scope(plant_ids=frozenset({"zz"}))}, "no plant zz"),
    ],
)
def test_an_account_that_makes_no_sense_is_refused(here: Office, change: dict[str, Any], words: str) -> None:
    with pytest.raises(CommandError, match=words):
        here.accounts().add(ADMIN, new("wang", **change))
    assert here.records.user("wang") is None
    assert here.audited() == [("user.add", "", "refused")]


@pytest.mark.parametrize(
    "user_id", ["", "x", "Li", "li wang", "../li", "a" * 33, "console", "system", "李", "-li", "li\n"]
)
def test_an_unfit_account_name_is_refused(here: Office, user_id: str) -> None:
    with pytest.raises(CommandError, match="account name"):
        here.accounts().add(ADMIN, new(user_id))


def test_a_taken_name_is_refused_and_nothing_changes(here: Office) -> None:
    before = here.records.user("li")
    with pytest.raises(CommandError, match="already"):
        here.accounts().add(ADMIN, new("li", Role.ADMIN))
    assert here.records.user("li") == before


@pytest.mark.parametrize("act", ["change_rights", "reset_password", "disable", "change_own_password"])
def test_a_change_of_rights_or_password_ends_every_session_of_that_account(here: Office, act: str) -> None:
    door, accounts = here.authenticate(), here.accounts()
    token = door.login("li", PASSWORD, "x").token
    other = door.login("boss", PASSWORD, "x").token
    who = login(here, "li")
    acts: dict[str, Callable[[], Any]] = {
        "change_rights": lambda: accounts.change_rights(ADMIN, "li", frozenset({Role.OM}), EVERYTHING),
        "reset_password": lambda: accounts.reset_password(ADMIN, "li"),
        "disable": lambda: accounts.disable(ADMIN, "li"),
        "change_own_password": lambda: accounts.change_own_password(who, PASSWORD, NEW_PASSWORD),
    }
    acts[act]()
    assert door.principal(token, "x") is None
    assert door.principal(other, "x") is not None


def test_a_disabled_account_can_be_opened_again(here: Office) -> None:
    accounts = here.accounts()
    accounts.disable(ADMIN, "li")
    with pytest.raises(AccessDeniedError):
        login(here, "li")
    accounts.enable(ADMIN, "li")
    assert login(here, "li").user_id == "li"


@pytest.mark.parametrize(
    ("role", "current", "password", "problem"),
    [
        (Role.OM, "wrong", NEW_PASSWORD, "wrong"),
        (Role.OM, PASSWORD, PASSWORD, "same"),
        (Role.OM, PASSWORD, "Kz9#mQ2w!vB", "short"),
        (Role.ADMIN, PASSWORD, "Kz9#mQ2w!vB7-p", "short"),
        (Role.OM, PASSWORD, "person-person-person", "common"),
        (Role.OM, PASSWORD, "光伏光伏光伏光伏光伏光伏", "common"),
    ],
)
def test_a_bad_own_password_is_refused(
    here: Office, role: Role, current: str, password: str, problem: str
) -> None:
    here.add("person", role)
    with pytest.raises(PasswordRefusedError) as refusal:
        here.accounts().change_own_password(login(here, "person"), current, password)
    assert refusal.value.problem == problem
    assert refusal.value.chars_min in {0, 12, 15}
    assert login(here, "person").user_id == "person"
    assert password not in str(here.entries())


def test_guessing_the_current_password_at_an_open_browser_is_slowed_down(here: Office) -> None:
    accounts, who = here.accounts(), login(here, "li")
    for _ in range(5):
        with pytest.raises(PasswordRefusedError, match="wrong"):
            accounts.change_own_password(who, "guess", NEW_PASSWORD)
    with pytest.raises(PasswordRefusedError, match="wait"):
        accounts.change_own_password(who, PASSWORD, NEW_PASSWORD)
    here.clock.advance(60)
    accounts.change_own_password(who, PASSWORD, NEW_PASSWORD)
    assert login(here, "li", NEW_PASSWORD).user_id == "li"


def test_ones_own_language_changes_and_no_other_is_taken(here: Office) -> None:
    accounts, who = here.accounts(), login(here, "li")
    accounts.change_own_language(who, "en")
    assert login(here, "li").language == "en"
    with pytest.raises(CommandError, match="no texts"):
        accounts.change_own_language(who, "../../etc")


@pytest.mark.parametrize("act", [name for name in ACTS if name != "user.list"])
def test_what_cannot_be_audited_does_not_happen(tmp_path: Path, act: str) -> None:
    with office(tmp_path, DeafAudit) as deaf:
        deaf.add("li", Role.OM)
        before = deaf.records.users()
        with pytest.raises(StoreUnavailableError, match="audit"):
            ACTS[act](deaf.accounts(), ADMIN)
        assert deaf.records.users() == before


def test_rows_for_others_hold_no_password(here: Office) -> None:
    rows = here.accounts().users(ADMIN)
    assert [row.user_id for row in rows] == ["boss", "li"]
    assert "argon2" not in str(rows)


def test_every_public_method_states_its_permission() -> None:
    assert unguarded(Accounts) == []
    assert permission_of(Accounts.add) is Permission.MANAGE_USERS
    assert permission_of(Accounts.change_own_password) is Permission.CHANGE_OWN_ACCOUNT


def test_orders_of_the_console_are_plain_json_both_ways(here: Office) -> None:
    orders = account_orders(here.accounts())
    told = orders[ADD](
        {"user": "wang", "name": "王五", "roles": ["keeper"], "towns": [TOWNS[0]], "language": "en"}
    )
    assert login(here, "wang", told["password"]).scope.town_ids == {TOWNS[0]}
    fresh = orders[RESET]({"user": "wang"})
    assert QUICK.verify(here.records.user("wang").password_hash, fresh["password"])  # type: ignore[union-attr]
    [row] = [row for row in orders[LIST]({})["users"] if row["user"] == "wang"]
    assert row == {
        "user": "wang",
        "name": "王五",
        "roles": ["keeper"],
        "everything": False,
        "towns": [TOWNS[0]],
        "villages": [],
        "plants": [],
        "language": "en",
        "disabled": False,
        "must_change_password": True,
        "created_at": "2026-07-01T02:30:00+00:00",
    }
    assert {entry.user_id for entry in here.entries() if entry.action != "login"} == {"console"}


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"user": "wang"},
        {"user": "wang", "roles": ["god"]},
        {"user": "wang", "roles": "om"},
        {"user": None, "roles": ["om"]},
    ],
    ids=str,
)
def test_an_order_that_makes_no_sense_is_refused_not_broken(here: Office, payload: dict[str, Any]) -> None:
    with pytest.raises(CommandError):
        account_orders(here.accounts())[ADD](payload)
    with pytest.raises(CommandError, match="no account"):
        account_orders(here.accounts())[RESET]({"user": "nobody"})


def test_the_console_is_no_account_and_cannot_be_made_one(here: Office) -> None:
    assert here.records.user(console_principal().user_id) is None
    with pytest.raises(CommandError, match="account name"):
        here.accounts().add(console_principal(), new("console"))
