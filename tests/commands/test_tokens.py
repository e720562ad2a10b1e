from collections.abc import Iterator
from pathlib import Path

import pytest

from access.permissions import Permission
from commands.tokens import DAYS_MAX, TokenRefusedError, Tokens
from domain.account import Role, Scope
from domain.errors import AccessDeniedError, CommandError
from tests.access.people import TOWNS, somebody
from tests.commands.builders import Office, office

ADMIN = somebody(Role.ADMIN, user_id="admin")
AREAS = frozenset({"plants", "revenue"})


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Office]:
    with office(tmp_path) as made:
        made.add("bureau", Role.MACHINE, scope=Scope(town_ids=frozenset({TOWNS[0]})))
        made.add("om", Role.OM)
        yield made


def _tokens(here: Office) -> Tokens:
    return Tokens(here.records, here.clock)


def test_a_token_opens_its_areas_within_the_scope_of_its_account(here: Office) -> None:
    _, text = _tokens(here).add(ADMIN, "bureau", "数据局", AREAS, 30)
    caller = _tokens(here).caller(text, "192.0.2.1").principal
    assert caller.permissions == {
        Permission.ANYONE,
        Permission.VIEW_OVERVIEW,
        Permission.VIEW_PLANT,
        Permission.VIEW_INCOME,
    }
    assert caller.scope.town_ids == {TOWNS[0]}
    assert caller.address == "192.0.2.1"


def test_the_text_of_a_token_is_kept_nowhere(here: Office) -> None:
    token, text = _tokens(here).add(ADMIN, "bureau", "数据局", AREAS, 30)
    kept = (here.records.database.path or Path()).read_bytes()
    log = (here.records.database.path or Path()).with_name("records.sqlite-wal").read_bytes()
    assert token.token_id.encode() in kept + log
    assert text.split("_", 2)[2].encode() not in kept + log  # the secret may hold the sign that parts it
    assert text not in repr(token)
    assert token.token_hash not in repr(token)


def test_a_token_ends_by_time_by_revocation_and_with_its_account(here: Office) -> None:
    tokens = _tokens(here)
    (_, aged), (taken, back), (_, closed) = (tokens.add(ADMIN, "bureau", "数据局", AREAS, 2) for _ in "abc")
    here.clock.advance(2 * 86_400 - 1)
    assert tokens.caller(aged, "x").token.label == "数据局"
    here.clock.advance(1)
    with pytest.raises(TokenRefusedError):
        tokens.caller(aged, "x")
    here.clock.advance(-86_400)
    tokens.revoke(ADMIN, taken.token_id)
    with pytest.raises(TokenRefusedError):
        tokens.caller(back, "x")
    with pytest.raises(CommandError, match=taken.token_id):
        tokens.revoke(ADMIN, taken.token_id)
    here.accounts().disable(ADMIN, "bureau")
    with pytest.raises(TokenRefusedError):
        tokens.caller(closed, "x")


def test_guessing_is_slowed_down_by_address_and_noted_once(here: Office) -> None:
    tokens = _tokens(here)
    _, text = tokens.add(ADMIN, "bureau", "数据局", AREAS, 2)
    waits = []
    for number in range(25):
        with pytest.raises(TokenRefusedError) as refusal:
            tokens.caller(text[:-4] + f"{number:04d}", "203.0.113.9")
        waits.append(refusal.value.wait_s)
    assert waits[0] == 0
    assert waits[-1] > 0
    assert here.audited().count(("token.use", "", "refused")) == 1
    assert tokens.caller(text, "203.0.113.9").token.user_id == "bureau"


@pytest.mark.parametrize(
    ("user", "label", "areas", "days", "says"),
    [
        ("om", "数据局", AREAS, 30, "no machine account"),
        ("nobody", "数据局", AREAS, 30, "no machine account"),
        ("bureau", "", AREAS, 30, "label"),
        ("bureau", "a\nb", AREAS, 30, "label"),
        ("bureau", "数据局", frozenset(), 30, "areas"),
        ("bureau", "数据局", frozenset({"people"}), 30, "people"),
        ("bureau", "数据局", AREAS, 0, "1 to"),
        ("bureau", "数据局", AREAS, DAYS_MAX + 1, "1 to"),
    ],
)
def test_an_unsound_token_is_refused(
    here: Office, user: str, label: str, areas: frozenset[str], days: int, says: str
) -> None:
    with pytest.raises(CommandError, match=says):
        _tokens(here).add(ADMIN, user, label, areas, days)


@pytest.mark.parametrize(
    "text", ["", "x", "pvmon_", "pvmon_0123456789ab_" + "x" * 43, "名" * 50, "a" * 10_000]
)
def test_what_is_no_token_opens_nothing(here: Office, text: str) -> None:
    with pytest.raises(TokenRefusedError):
        _tokens(here).caller(text, "x")


def test_a_machine_cannot_log_in_and_only_the_administrator_gives_tokens(here: Office) -> None:
    with pytest.raises(AccessDeniedError):
        here.authenticate().login("bureau", "tabu-lemo-4827-koni-vasi", "x")
    for role in set(Role) - {Role.ADMIN}:
        with pytest.raises(AccessDeniedError):
            _tokens(here).add(somebody(role), "bureau", "数据局", AREAS, 30)


def test_use_is_noted_at_most_once_a_minute(here: Office) -> None:
    tokens = _tokens(here)
    token, text = tokens.add(ADMIN, "bureau", "数据局", AREAS, 30)
    used = []
    for seconds in (0, 30, 40):
        here.clock.advance(seconds)
        tokens.caller(text, "x")
        used.append(here.records.tokens("bureau")[0].used_at)
    assert used[0] == used[1] != used[2]
    assert token.used_at is None
