import inspect
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from unittest.mock import Mock
from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest

from access.guard import FRESH_MARK, FactorStaleError, permission_of
from access.passwords import STRICT_ROLES
from access.permissions import permissions_of
from commands.authenticate import Authenticate
from commands.fund_payments import FundPayments
from commands.funds import Funds
from commands.notices import Notices
from commands.payments import Payments
from commands.plans import Plans
from commands.rosters import Rosters
from commands.second_factor import CodeRefusedError, SecondFactors, hash_of
from domain.account import Role
from domain.errors import AccessDeniedError, CommandError
from stores.records.sealing import Sealer
from stores.records.tokens import SqlFactorStore
from tests.access.people import somebody
from tests.commands.builders import PASSWORD, QUICK, Office, office


@dataclass
class Desk:
    here: Office
    factors: SecondFactors
    authenticate: Authenticate

    def code(self, address: str, steps: int = 0) -> str:
        secret = parse_qs(urlsplit(address).query)["secret"][0]
        return pyotp.TOTP(secret).generate_otp(int(self.here.clock.now().timestamp()) // 30 + steps)

    def enrolled(self, user: str = "li") -> tuple[str, tuple[str, ...]]:
        """Set an account up; return what the app read and the paper codes."""
        half = self.authenticate.login(user, PASSWORD, "x").token
        address = self.authenticate.app_address(half)
        _, papers = self.authenticate.set_up(half, self.code(address), "x")
        self.here.clock.advance(60)
        return address, papers


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with office(tmp_path) as here:
        store = SqlFactorStore(here.records.database, Sealer(tmp_path / "people.key"))
        factors = SecondFactors(here.records, store, here.clock)
        here.add("li", Role.ACCOUNTANT)
        here.add("om", Role.OM)
        yield Desk(here, factors, Authenticate(here.records, QUICK, here.clock, factors=factors))


@pytest.mark.parametrize("role", [role for role in Role if role.logs_in])
def test_money_and_administration_need_a_second_factor_and_others_do_not(desk: Desk, role: Role) -> None:
    desk.here.add("who", role)
    stage = desk.authenticate.login("who", PASSWORD, "x").principal.stage
    assert (stage == "setup") is (role not in {Role.OM, Role.FIELD, Role.KEEPER})


def test_a_password_alone_opens_nothing(desk: Desk) -> None:
    from access.permissions import Permission

    desk.enrolled()
    half = desk.authenticate.login("li", PASSWORD, "x")
    seen = desk.authenticate.principal(half.token, "x")
    assert seen is not None
    assert seen.stage == "code"
    assert seen.permissions == {Permission.ANYONE}


def test_the_code_opens_a_whole_session_under_a_new_token(desk: Desk) -> None:
    address, _ = desk.enrolled()
    half = desk.authenticate.login("li", PASSWORD, "x").token
    whole = desk.authenticate.second_factor(half, desk.code(address), "x")
    assert whole.token != half
    assert desk.authenticate.principal(half, "x") is None
    seen = desk.authenticate.principal(whole.token, "x")
    assert seen is not None
    assert seen.stage == ""
    assert seen.permissions


def test_a_code_is_taken_once_and_only_near_its_time(desk: Desk) -> None:
    address, _ = desk.enrolled()
    code = desk.code(address)
    assert desk.factors.take("li", code, "x") == "app"
    with pytest.raises(CodeRefusedError):
        desk.factors.take("li", code, "x")
    with pytest.raises(CodeRefusedError):
        desk.factors.take("li", desk.code(address, -1), "x")  # older than one that was taken
    with pytest.raises(CodeRefusedError):
        desk.factors.take("li", desk.code(address, 3), "x")
    assert desk.factors.take("li", desk.code(address, 1), "x") == "app"


def test_ten_codes_on_paper_work_once_each_however_they_are_typed(desk: Desk) -> None:
    _, papers = desk.enrolled()
    assert len(set(papers)) == 10
    assert desk.factors.papers_left("li") == 10
    assert desk.factors.take("li", papers[0].upper().replace("-", " "), "x") == "paper"
    with pytest.raises(CodeRefusedError):
        desk.factors.take("li", papers[0], "x")
    assert desk.factors.papers_left("li") == 9
    assert ("second_factor.paper", "li", "done") in desk.here.audited()


def test_secret_and_papers_are_not_in_the_records(desk: Desk) -> None:
    address, papers = desk.enrolled()
    path = desk.here.records.database.path or Path()
    kept = path.read_bytes() + path.with_name(f"{path.name}-wal").read_bytes()
    secret = parse_qs(urlsplit(address).query)["secret"][0]
    assert hash_of(papers[0]).encode() in kept
    for plain in (secret, papers[0], papers[0].replace("-", "")):
        assert plain.encode() not in kept


def test_guessing_codes_is_slowed_down(desk: Desk) -> None:
    address, _ = desk.enrolled()
    for _ in range(5):
        with pytest.raises(CodeRefusedError) as refusal:
            desk.factors.take("li", "000000", "x")
    with pytest.raises(CodeRefusedError) as refusal:
        desk.factors.take("li", desk.code(address), "x")
    assert refusal.value.wait_s > 0
    desk.here.clock.advance(60)
    assert desk.factors.take("li", desk.code(address), "x") == "app"


def test_the_half_open_session_ends_after_ten_minutes_and_at_its_stage(desk: Desk) -> None:
    address, _ = desk.enrolled()
    half = desk.authenticate.login("li", PASSWORD, "x").token
    with pytest.raises(AccessDeniedError):
        desk.authenticate.app_address(half)
    desk.here.clock.advance(600)
    with pytest.raises(AccessDeniedError):
        desk.authenticate.second_factor(half, desk.code(address), "x")
    assert desk.authenticate.principal(half, "x") is None


def test_setting_up_needs_a_code_of_the_app(desk: Desk) -> None:
    half = desk.authenticate.login("li", PASSWORD, "x").token
    first = desk.authenticate.app_address(half)
    with pytest.raises(CodeRefusedError):
        desk.authenticate.set_up(half, "000000", "x")
    assert desk.authenticate.app_address(half) == first
    assert desk.authenticate.login("li", PASSWORD, "x").principal.stage == "setup"


def test_the_administrator_takes_it_away_from_others_only(desk: Desk) -> None:
    desk.enrolled()
    admin = somebody(Role.ADMIN, user_id="admin")
    with pytest.raises(AccessDeniedError):
        desk.factors.drop(somebody(Role.COUNTY), "li")
    with pytest.raises(CommandError):
        desk.factors.drop(somebody(Role.ADMIN, user_id="li"), "li")
    half = desk.authenticate.login("li", PASSWORD, "x").token
    desk.factors.drop(admin, "li")
    assert desk.authenticate.principal(half, "x") is None
    assert desk.authenticate.login("li", PASSWORD, "x").principal.stage == "setup"
    with pytest.raises(CommandError):
        desk.factors.drop(admin, "om")


def test_money_asks_for_a_code_again_after_five_minutes_and_a_code_opens_it_for_five_more(desk: Desk) -> None:
    address, _ = desk.enrolled()
    half = desk.authenticate.login("li", PASSWORD, "x").token
    whole = desk.authenticate.second_factor(half, desk.code(address), "x").token
    assert not _stale(desk, whole)
    desk.here.clock.advance(299)
    assert not _stale(desk, whole)
    desk.here.clock.advance(1)
    assert _stale(desk, whole)
    with pytest.raises(CodeRefusedError):
        desk.authenticate.renew_factor(whole, "000000", "x")
    assert _stale(desk, whole)
    assert not desk.authenticate.renew_factor(whole, desk.code(address), "x").factor_stale
    assert not _stale(desk, whole)
    assert ("second_factor.again", "li", "done") in desk.here.audited()
    desk.here.clock.advance(300)
    assert _stale(desk, whole)


def _stale(desk: Desk, token: str) -> bool:
    seen = desk.authenticate.principal(token, "x")
    assert seen is not None
    return seen.factor_stale


def test_a_half_open_session_takes_no_code_again_and_who_needs_no_factor_is_never_stale(desk: Desk) -> None:
    address, _ = desk.enrolled()
    half = desk.authenticate.login("li", PASSWORD, "x").token
    with pytest.raises(AccessDeniedError):
        desk.authenticate.renew_factor(half, desk.code(address), "x")
    plain = desk.authenticate.login("om", PASSWORD, "x").token
    desk.here.clock.advance(1_000)
    assert not _stale(desk, plain)


FRESH_ACTS = [
    (kind, name)
    for kind in (Payments, Plans, Rosters, Notices, Funds, FundPayments)
    for name in dir(kind)
    if getattr(getattr(kind, name), FRESH_MARK, False)
]


def test_payees_bank_files_approvals_and_single_persons_ask_for_a_fresh_code() -> None:
    assert {name for _, name in FRESH_ACTS} == {
        "confirm", "batch", "bank_file", "name_heir", "lapse", "pay_works", "check", "check_account", "unmask",
        "decide", "approve_round", "book_payments", "release",
    }  # fmt: skip


@pytest.mark.parametrize(("kind", "name"), FRESH_ACTS)
def test_a_stale_code_stops_every_one_of_them_before_anything_is_looked_at(kind: type, name: str) -> None:
    act = getattr(kind, name)
    roles = [role for role in Role if permissions_of(frozenset({role})) & {permission_of(act)}]
    assert roles
    assert set(roles) <= STRICT_ROLES, "who may do it has a second factor"
    who = replace(somebody(roles[0]), factor_stale=True)
    here = Mock(spec=kind)
    arguments = [None] * (len(inspect.signature(act).parameters) - 2)
    with pytest.raises(FactorStaleError):
        act(here, who, *arguments)
