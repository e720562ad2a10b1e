"""Rosters come in whole or not at all; people are matched by identity number only; nobody sees more than needed."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from access.principal import Principal
from domain.account import Role, Scope
from domain.errors import AccessDeniedError
from domain.roster import MemberState
from revenue.refusal import RefusedError
from tests.commands.payout_world import PAPER, VILLAGES, World, number_of, roster_file

DAY = date(2026, 1, 1)
VILLAGE = VILLAGES[0]
HEAD = "户号,姓名,身份证号,村民小组,积分,容量kW,开户银行,银行账号,收款人身份证号,状态,备注\n"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()


def refused(world: World, content: bytes) -> str:
    with pytest.raises(RefusedError) as caught:
        world.rosters.import_file(world.accountant, VILLAGE, DAY, "x.csv", content)
    assert world.stores.rosters.rosters(VILLAGE) == []
    assert world.stores.rosters.identified([number_of(1)]) == {}
    return str(caught.value)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (f"H9,另一人,{number_of(1)},,,,,,,,", "row 4: the identity number is the one of row 2"),
        (f"H9,村民001甲,{number_of(9)},,,,,,,,", "row 4: the name is the one of row 2"),
        (f",李四,{number_of(9)},,,,,,,,", "row 4: the household number is missing"),
        (f"H9,,{number_of(9)},,,,,,,,", "row 4: the name is missing"),
        ("H9,李四,123,,,,,,,,", "row 4: the identity number has not 18"),
        (f"H9,李四,{number_of(9)},,1.5,,,,,,", "row 4: .1.5. is no whole number"),
        (f"H9,李四,{number_of(9)},,,,农商行,62x,,,", "row 4: account number"),
        (f"H9,李四,{number_of(9)},,,,,,{number_of(77)},,", "row 4: the payee's identity number"),
        (f"H9,李四,{number_of(9)},,,,,,,死忘,", "row 4: the state is one of"),
    ],
)
def test_a_row_that_cannot_be_refuses_the_whole_file_with_its_number(
    world: World, row: str, said: str
) -> None:
    import re

    assert re.search(said, refused(world, roster_file(2, extra=row + "\n")))


def test_two_of_one_name_are_told_apart_by_number_when_it_says_so(world: World) -> None:
    extra = f"H9,村民001甲,{number_of(9)},,,,,,,,同名\n"
    roster = world.rosters.import_file(world.accountant, VILLAGE, DAY, "x.csv", roster_file(2, extra=extra))
    assert len({member.person_id for member in roster.members}) == 3


def test_a_column_nobody_asked_for_is_not_taken(world: World) -> None:
    with_phone = roster_file(1).replace("备注\n".encode(), "备注,电话\n".encode())
    assert 'column "电话"' in refused(world, with_phone)


def test_the_same_person_stays_the_same_and_a_new_version_says_who_joined_and_left(world: World) -> None:
    first = world.enrol(VILLAGE, 3)
    later = date(2026, 7, 1)
    changed = roster_file(2) + roster_file(1, first=8).partition(b"\n")[2]
    preview = world.rosters.preview(world.accountant, VILLAGE, later, changed)
    assert (preview.rows, preview.joining, preview.leaving, preview.problems) == (3, 1, 1, ())
    second = world.rosters.import_file(world.accountant, VILLAGE, later, "x.csv", changed)
    assert [one.person_id for one in second.members[:2]] == [one.person_id for one in first.members[:2]]
    with pytest.raises(RefusedError, match="roster of 2026-07-01 already"):
        world.rosters.import_file(world.accountant, VILLAGE, later, "x.csv", changed)


def test_a_payee_of_another_village_an_heir_and_the_dead_have_their_place(world: World) -> None:
    world.enrol(VILLAGES[1], 2, first=101)
    row = f"H9,李四,{number_of(9)},,2,,,,{number_of(101)},死亡,\n"
    roster = world.rosters.import_file(
        world.accountant, VILLAGE, DAY, "x.csv", (HEAD + row).encode("gb18030")
    )
    (member,) = roster.members
    assert member.state is MemberState.DIED
    assert member.payee_id == world.stores.rosters.identified([number_of(101)])[number_of(101)]


def test_pages_see_masked_people_and_every_look_leaves_a_line(world: World) -> None:
    world.enrol(VILLAGE, 2)
    shown = world.rosters.members(world.accountant, VILLAGE, date(2026, 8, 1))
    assert (shown[0].name, shown[0].id_number, shown[0].account) == (
        "村****甲",
        "611***********001Z",
        "****0001",
    )
    person = world.rosters.unmask(world.accountant, VILLAGE, shown[0].member.person_id, "核对户名")
    assert person.name == "村民001甲"
    audit = world.records.audit(world.clock.now())
    assert [one.action for one in audit[:2]] == ["people.unmask", "people.look"]
    assert not any("村民" in str(one.detail) for one in audit)
    with pytest.raises(RefusedError, match="reason"):
        world.rosters.unmask(world.accountant, VILLAGE, shown[0].member.person_id, " ")
    with pytest.raises(RefusedError, match="no such payee"):
        world.rosters.unmask(world.accountant, VILLAGES[1], shown[0].member.person_id, "x")
    with pytest.raises(AccessDeniedError):
        world.rosters.members(world.county, VILLAGE, DAY)


def test_another_village_is_out_of_sight(world: World) -> None:
    stranger = Principal(
        "other", "other", frozenset({Role.ACCOUNTANT}), Scope(village_ids=frozenset({VILLAGES[2]}))
    )
    with pytest.raises(AccessDeniedError):
        world.rosters.preview(stranger, VILLAGE, DAY, roster_file(1))


def test_an_account_changes_by_two_persons_and_a_document(world: World) -> None:
    person = world.enrol(VILLAGE, 1).members[0].person_id
    with pytest.raises(RefusedError, match="needs a document"):
        world.rosters.change_account(world.accountant, VILLAGE, person, "农商行", "621799999999", b"")
    with pytest.raises(RefusedError, match="expected 12 to 24"):
        world.rosters.change_account(world.accountant, VILLAGE, person, "农商行", "6217x", PAPER)
    changed = world.rosters.change_account(
        world.accountant, VILLAGE, person, "农商行", "6217 9999 9999", PAPER
    )
    assert world.stores.rosters.accounts([person])[person].number == "6217000000000001"
    both = Principal("accountant", "x", frozenset({Role.TOWNSHIP}), Scope(village_ids=frozenset({VILLAGE})))
    with pytest.raises(RefusedError, match="two persons"):
        world.rosters.check_account(both, VILLAGE, changed)
    world.rosters.check_account(world.township, VILLAGE, changed)
    assert world.stores.rosters.accounts([person])[person].number == "621799999999"


def test_the_account_entered_last_is_paid_to_though_the_clock_stood(world: World) -> None:
    person = world.enrol(VILLAGE, 1).members[0].person_id
    for number in ("621799999991", "621799999992", "621799999993", "621799999994"):
        changed = world.rosters.change_account(world.accountant, VILLAGE, person, "农商行", number, PAPER)
        world.rosters.check_account(world.township, VILLAGE, changed)
        assert world.stores.rosters.accounts([person])[person].number == number
        assert world.stores.rosters.account_ids([person]) == {person: changed}


def test_a_changed_account_is_confirmed_again_before_it_is_paid(world: World) -> None:
    world.fund(VILLAGE)
    world.enrol(VILLAGE)
    plan_id = world.release(VILLAGE).plan.plan_id
    payee = world.plans.dossier(world.accountant, plan_id).entitlements[0].payee_id
    changed = world.rosters.change_account(world.accountant, VILLAGE, payee, "农商行", "621799999999", PAPER)
    world.rosters.check_account(world.township, VILLAGE, changed)
    with pytest.raises(RefusedError, match="1 new or changed payee accounts"):
        world.send(plan_id)
    assert world.confirm_all(plan_id) == 1
    assert world.send(plan_id).total_fen > 0
