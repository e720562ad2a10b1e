"""A deputy sees and does what waits for a colleague, under his own name, with no role more, and only for the time."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from access.permissions import Permission
from access.principal import Principal, principal_of
from commands.authenticate import Authenticate
from commands.deputies import DAYS_MAX, Deputies, DeputyRefusedError
from domain.account import Role, Scope
from domain.timespan import day_of
from stores.records.personal import SqlPersonalStore
from stores.records.sealing import Sealer
from tests.commands.builders import PASSWORD, QUICK, Office, office

HERE, THERE = Scope(village_ids=frozenset({"v1"})), Scope(village_ids=frozenset({"v2"}))


class Desk:
    """An office whose logins know deputies."""

    def __init__(self, here: Office, folder: Path) -> None:
        self.here = here
        self.store = SqlPersonalStore(here.records.database, Sealer(folder / "people.key"))
        self.deputies = Deputies(here.records, self.store, here.clock)
        self.door = Authenticate(here.records, QUICK, here.clock, personal=self.store)
        self.tokens: dict[str, str] = {}

    def who(self, user_id: str) -> Principal:
        user = self.here.records.user(user_id)
        assert user is not None
        return principal_of(user)

    def now(self, user_id: str) -> Principal:
        """The principal of a session that is open all the while."""
        if user_id not in self.tokens:
            self.tokens[user_id] = self.door.login(user_id, PASSWORD, "192.0.2.7").token
        found = self.door.principal(self.tokens[user_id], "192.0.2.7")
        assert found is not None
        return found

    @property
    def today(self) -> date:
        return day_of(self.here.clock.now())


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with office(tmp_path) as here:
        here.add("li", Role.ACCOUNTANT, scope=HERE)
        here.add("wang", Role.ACCOUNTANT, scope=THERE)
        here.add("both", Role.ACCOUNTANT, Role.KEEPER, scope=THERE)
        here.add("om", Role.OM)
        here.add("root", Role.ADMIN)
        yield Desk(here, tmp_path)


def test_only_colleagues_with_no_role_more_can_stand_in(desk: Desk) -> None:
    assert [one for one, _ in desk.deputies.candidates(desk.who("li"))] == ["wang"]
    assert [one for one, _ in desk.deputies.candidates(desk.who("both"))] == ["li", "wang"]
    assert desk.deputies.candidates(desk.who("root")) == []
    for taker in ("both", "om", "root", "li", "nobody"):
        with pytest.raises(DeputyRefusedError, match="not_he"):
            desk.deputies.appoint(desk.who("li"), taker, desk.today, "培训")


def test_the_deputy_sees_the_givers_places_from_the_next_request_and_keeps_his_roles(desk: Desk) -> None:
    before = desk.now("wang")
    desk.deputies.appoint(desk.who("li"), "wang", desk.today, "培训")
    after = desk.now("wang")
    assert before.scope == THERE
    assert after.scope == Scope(village_ids=frozenset({"v1", "v2"}))
    assert after.roles == before.roles
    assert after.is_called("li")
    assert after.is_called("li（虚构）")
    assert not before.is_called("li")
    assert not after.is_called("")
    assert desk.now("li").scope == HERE, "the giver gains nothing"


def test_it_ends_with_its_last_day(desk: Desk) -> None:
    desk.deputies.appoint(desk.who("li"), "wang", desk.today + timedelta(days=1), "培训")
    for hours in (0, 24):
        desk.here.clock.advance(hours * 3600)
        desk.tokens.clear()
        assert desk.now("wang").stands_for
    desk.here.clock.advance(14 * 3600)  # 00:30 of the day after the last
    desk.tokens.clear()
    assert desk.now("wang").scope == THERE


@pytest.mark.parametrize("who", ["li", "wang", "root"])
def test_either_and_the_administrator_can_end_it_at_once(desk: Desk, who: str) -> None:
    made = desk.deputies.appoint(desk.who("li"), "wang", desk.today, "培训")
    assert desk.now("wang").stands_for
    desk.deputies.end(desk.who(who), made.deputy_id)
    assert desk.now("wang").stands_for == frozenset()
    with pytest.raises(DeputyRefusedError, match="none"):
        desk.deputies.end(desk.who(who), made.deputy_id)


def test_a_stranger_can_neither_see_nor_end_it(desk: Desk) -> None:
    made = desk.deputies.appoint(desk.who("li"), "wang", desk.today, "培训")
    assert desk.deputies.standing(desk.who("om")) == []
    with pytest.raises(DeputyRefusedError, match="none"):
        desk.deputies.end(desk.who("om"), made.deputy_id)
    sides = [desk.deputies.standing(desk.who(name))[0].is_giver for name in ("li", "wang")]
    assert sides == [True, False]


def test_what_was_lent_is_not_lent_on(desk: Desk) -> None:
    desk.here.add("zhao", Role.ACCOUNTANT, scope=Scope())
    desk.deputies.appoint(desk.who("li"), "wang", desk.today, "培训")
    desk.deputies.appoint(desk.now("wang"), "zhao", desk.today, "请假")
    assert desk.now("zhao").scope == THERE
    assert not desk.now("zhao").is_called("li")


def test_it_is_out_of_force_when_roles_no_longer_fit_or_the_giver_is_closed(desk: Desk) -> None:
    desk.deputies.appoint(desk.who("li"), "wang", desk.today, "培训")
    records = desk.here.records
    wang, li = records.user("wang"), records.user("li")
    assert wang is not None
    assert li is not None
    records.replace_user(replace(wang, roles=frozenset({Role.ACCOUNTANT, Role.KEEPER})))
    assert desk.now("wang").stands_for == frozenset()
    assert not desk.deputies.standing(desk.who("li"))[0].in_force
    records.replace_user(wang)
    records.replace_user(replace(li, disabled=True))
    assert desk.now("wang").scope == THERE


def test_reason_day_and_a_second_deputy_are_refused_in_words(desk: Desk) -> None:
    li = desk.who("li")
    for last, reason, key in (
        (desk.today, "  ", "reason"),
        (desk.today - timedelta(days=1), "培训", "day"),
        (desk.today + timedelta(days=DAYS_MAX + 1), "培训", "day"),
    ):
        with pytest.raises(DeputyRefusedError, match=key):
            desk.deputies.appoint(li, "wang", last, reason)
    desk.deputies.appoint(li, "wang", desk.today, "培训")
    with pytest.raises(DeputyRefusedError, match="one_already"):
        desk.deputies.appoint(li, "wang", desk.today, "培训")


def test_lending_ending_and_what_the_deputy_does_are_in_the_audit(desk: Desk) -> None:
    made = desk.deputies.appoint(desk.who("li"), "wang", desk.today, "培训")
    wang = desk.now("wang")
    desk.deputies.end(wang, made.deputy_id)
    entries = {one.action: one for one in desk.here.entries()}
    assert entries["deputy.appoint"].detail["to"] == "wang"
    assert entries["deputy.appoint"].detail["reason"] == "培训"
    ended = entries["deputy.end"]
    assert (ended.user_id, ended.subject) == ("wang", "li")
    assert "li" in ended.detail["stands_for"]
    assert Permission.CHANGE_OWN_ACCOUNT in wang.permissions
