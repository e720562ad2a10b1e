import statistics
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from access.permissions import Permission
from commands.authenticate import Authenticate, LoginRefusedError, token_hash
from commands.passwords import Passwords
from domain.account import Role
from domain.errors import StoreUnavailableError
from tests.commands.builders import PASSWORD, QUICK, DeafAudit, Office, office

HOME = "192.0.2.7"


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Office]:
    with office(tmp_path) as made:
        made.add("li", Role.OM)
        made.add("kuai", Role.ACCOUNTANT)
        yield made


def test_a_login_opens_a_session_for_the_right_person(here: Office) -> None:
    door = here.authenticate()
    login = door.login(" li ", PASSWORD, HOME)
    assert login.principal.user_id == "li"
    found = door.principal(login.token, HOME)
    assert found is not None
    assert (found.user_id, found.address, found.may(Permission.VIEW_PLANT)) == ("li", HOME, True)
    assert here.records.session(token_hash(login.token)) is not None
    assert here.records.session(login.token) is None


def test_every_token_is_new(here: Office) -> None:
    door = here.authenticate()
    tokens = {door.login("li", PASSWORD, HOME).token for _ in range(5)}
    assert len(tokens) == 5
    assert all(len(token) >= 43 for token in tokens)  # 256 bits


@pytest.mark.parametrize("token", ["", "x", "a" * 100_000, "\x00", "' OR 1=1 --", "光伏"])
def test_an_invented_token_is_nobody(here: Office, token: str) -> None:
    assert here.authenticate().principal(token, HOME) is None


@pytest.mark.parametrize(
    ("name", "password"), [("li", "wrong"), ("nobody", PASSWORD), ("", ""), ("LI", PASSWORD)]
)
def test_anything_else_is_refused_in_the_same_words(here: Office, name: str, password: str) -> None:
    with pytest.raises(LoginRefusedError, match=r"^name or password is wrong$") as refusal:
        here.authenticate().login(name, password, HOME)
    assert refusal.value.wait_s == 0


def test_an_unknown_name_takes_as_long_as_a_wrong_password(here: Office) -> None:
    slow = Passwords(memory_kib=4096, passes=2)
    user = here.records.user("li")
    assert user is not None
    here.records.replace_user(replace(user, password_hash=slow.hash(PASSWORD)))

    def median_s(name: str) -> float:
        times = []
        for number in range(9):
            door = Authenticate(here.records, slow, here.clock)
            started = time.process_time()
            with pytest.raises(LoginRefusedError):
                door.login(name, f"wrong{number}", HOME)
            times.append(time.process_time() - started)
        return statistics.median(times)

    median_s("li")
    known, unknown = median_s("li"), median_s("nobody")
    assert unknown == pytest.approx(known, rel=0.5)  # without the spare hash it is a twentieth


def test_wrong_tries_slow_down_the_account_and_the_right_password_too(here: Office) -> None:
    door = here.authenticate()
    for number in range(5):
        with pytest.raises(LoginRefusedError, match="wrong"):
            door.login("li", "wrong", f"192.0.2.{number}")
    with pytest.raises(LoginRefusedError, match="too many") as refusal:
        door.login("li", PASSWORD, "192.0.2.99")
    assert 0 < refusal.value.wait_s <= 60
    door.login("kuai", PASSWORD, HOME)
    here.clock.advance(refusal.value.wait_s)
    assert door.login("li", PASSWORD, HOME).principal.user_id == "li"


def test_wrong_tries_over_many_names_slow_down_the_address(here: Office) -> None:
    door = here.authenticate()
    for number in range(20):
        with pytest.raises(LoginRefusedError, match="wrong"):
            door.login(f"name{number}", "wrong", HOME)
    with pytest.raises(LoginRefusedError, match="too many"):
        door.login("li", PASSWORD, HOME)
    assert door.login("li", PASSWORD, "192.0.2.8").principal.user_id == "li"


def test_a_flood_leaves_one_entry_per_wait_not_one_per_try(here: Office) -> None:
    door = here.authenticate()
    for _ in range(50):
        with pytest.raises(LoginRefusedError):
            door.login("li", "wrong", HOME)
    entries = here.entries()
    assert [entry.outcome for entry in entries] == ["refused"] * 6
    assert entries[-1].detail == {"reason": "throttled"}


def test_a_login_that_cannot_be_audited_does_not_happen(tmp_path: Path) -> None:
    with office(tmp_path, DeafAudit) as deaf:
        deaf.add("li", Role.OM)
        door = deaf.authenticate()
        with pytest.raises(StoreUnavailableError, match="audit"):
            door.login("li", PASSWORD, HOME)
        assert deaf.records.end_sessions_of("li") == 0


def test_a_weak_hash_is_renewed_at_the_next_login(here: Office) -> None:
    stronger = Passwords(memory_kib=128, passes=1)
    Authenticate(here.records, stronger, here.clock).login("li", PASSWORD, HOME)
    user = here.records.user("li")
    assert user is not None
    assert "m=128" in user.password_hash
    assert stronger.verify(user.password_hash, PASSWORD)


def test_a_session_of_an_account_that_is_gone_or_disabled_is_nobodys(here: Office) -> None:
    door = here.authenticate()
    token = door.login("li", PASSWORD, HOME).token
    user = here.records.user("li")
    assert user is not None
    here.records.replace_user(replace(user, disabled=True))
    assert door.principal(token, HOME) is None
    here.records.replace_user(user)
    assert door.principal(token, HOME) is None


def test_a_change_of_role_counts_at_the_next_request(here: Office) -> None:
    door = here.authenticate()
    token = door.login("li", PASSWORD, HOME).token
    here.clock.advance(20 * 60)
    user = here.records.user("li")
    assert user is not None
    here.records.replace_user(replace(user, roles=frozenset({Role.COUNTY})))
    assert door.principal(token, HOME) is None  # 20 minutes are too long for who sees money


def test_a_session_is_not_written_at_every_request(here: Office) -> None:
    door = here.authenticate()
    login = door.login("li", PASSWORD, HOME)
    before = here.records.session(token_hash(login.token))
    here.clock.advance(29)
    door.principal(login.token, HOME)
    assert here.records.session(token_hash(login.token)) == before
    here.clock.advance(1)
    door.principal(login.token, HOME, active=False)
    assert here.records.session(token_hash(login.token)) == before
    door.principal(login.token, HOME)
    after = here.records.session(token_hash(login.token))
    assert after is not None
    assert before is not None
    assert after.seen_at - before.seen_at == timedelta(seconds=30)


def test_passwords_of_any_length_and_alphabet_are_only_compared(here: Office) -> None:
    for password in ("", "x" * 1_000_000, "\x00", "😀" * 200):
        assert not QUICK.verify(QUICK.hash(PASSWORD), password)
    long = "光" * 128
    assert QUICK.verify(QUICK.hash(long), long)
    assert not QUICK.verify("not a hash", PASSWORD)
    assert "argon2id" in QUICK.hash(PASSWORD)
