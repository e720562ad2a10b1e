"""People are sealed at rest, matched by identity number only, and rosters keep their versions."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from domain.errors import RecordRejectedError, StoreUnavailableError
from domain.roster import Account, Member, MemberState, Person, Roster
from stores.records.rosters import SqlRosterStore
from stores.records.sealing import Sealer
from stores.records.store import SqlRecordStore

AT = datetime(2026, 7, 1, tzinfo=UTC)
LATER = datetime(2026, 8, 1, tzinfo=UTC)
NUMBER = "61100219000230001Z"  # no such day, no such digit


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[SqlRosterStore]:
    records = SqlRecordStore.at(tmp_path / "records.sqlite")
    yield SqlRosterStore(records.database, Sealer(tmp_path / "people.key"))
    records.close()


def account(account_id: str, number: str, checked_by: str = "township") -> Account:
    return Account(account_id, "p1", "农商行", number, date(2026, 1, 1), "文", "accountant", checked_by)


def test_a_person_comes_back_whole_and_is_found_by_number(kept: SqlRosterStore) -> None:
    person = Person("p1", "张三", NUMBER)
    kept.add_people([person])
    assert kept.people(["p1", "nobody"]) == {"p1": person}
    assert kept.identified([NUMBER, "x"]) == {NUMBER: "p1"}
    kept.rename("p1", "张叁")
    assert kept.people(["p1"])["p1"] == Person("p1", "张叁", NUMBER)


def test_two_people_cannot_have_one_identity_number(kept: SqlRosterStore) -> None:
    kept.add_people([Person("p1", "张三", NUMBER)])
    with pytest.raises(RecordRejectedError, match="known already"):
        kept.add_people([Person("p2", "李四", NUMBER)])
    with pytest.raises(RecordRejectedError, match="no person"):
        kept.rename("p2", "李四")


def test_the_file_tells_nobody_who_is_in_it(kept: SqlRosterStore, tmp_path: Path) -> None:
    kept.add_people([Person("p1", "张三", NUMBER)])
    kept.add_account(account("a1", "6217000000001234"), AT)
    stored = b"".join(path.read_bytes() for path in tmp_path.glob("records.sqlite*"))
    for secret in ("张三", NUMBER, "6217000000001234"):
        assert secret.encode() not in stored
    assert (tmp_path / "people.key").stat().st_mode & 0o777 == 0o600


def test_another_key_opens_nothing_and_says_so(kept: SqlRosterStore, tmp_path: Path) -> None:
    kept.add_people([Person("p1", "张三", NUMBER)])
    records = SqlRecordStore.at(tmp_path / "records.sqlite")
    other = SqlRosterStore(records.database, Sealer(tmp_path / "other.key"))
    assert other.identified([NUMBER]) == {}
    with pytest.raises(StoreUnavailableError, match="restore the right key"):
        other.people(["p1"])
    records.close()


def test_the_roster_of_a_day_is_the_newest_version_before_it(kept: SqlRosterStore) -> None:
    first = Roster("r1", "v", date(2026, 1, 1), (Member("p1", "h1", "一组", 3, 5000, "p9"),), "f", "a")
    second = Roster("r2", "v", date(2026, 7, 1), (Member("p1", "h1", state=MemberState.DIED),), "g", "a")
    kept.add_roster(second, AT)
    kept.add_roster(first, AT)
    assert kept.rosters("v") == [first, second]
    assert kept.roster_on("v", date(2026, 6, 30)) == first
    assert kept.roster_on("v", date(2026, 7, 1)) == second
    assert kept.roster_on("v", date(2025, 1, 1)) is None
    assert (kept.roster("r1"), kept.roster("r3")) == (first, None)
    assert second.active == ()
    with pytest.raises(RecordRejectedError, match="has a roster of 2026-07-01"):
        kept.add_roster(Roster("r3", "v", date(2026, 7, 1), ()), AT)


def test_an_account_is_paid_to_only_after_a_second_person_looked(kept: SqlRosterStore) -> None:
    old, new = account("a1", "6217000000001234"), account("a2", "6217000000009999", "")
    kept.add_account(old, AT)
    kept.add_account(new, LATER)
    assert kept.accounts(["p1"]) == {"p1": old}
    assert kept.account_ids(["p1", "p2"]) == {"p1": "a1"}
    assert kept.waiting_accounts(["p1"]) == [new]
    kept.check_account("a2", "township")
    assert kept.accounts(["p1"])["p1"].account_id == "a2"
    assert set(kept.accounts_by_id(["a1", "a2"])) == {"a1", "a2"}
    with pytest.raises(RecordRejectedError, match="nothing waits"):
        kept.check_account("a2", "township")


def test_what_is_kept_in_a_transaction_that_fails_is_not_kept(kept: SqlRosterStore) -> None:
    def both() -> None:
        with kept.transaction():
            kept.add_people([Person("p1", "张三", NUMBER)])
            kept.add_people([Person("p2", "李四", NUMBER)])

    with pytest.raises(RecordRejectedError):
        both()
    assert kept.identified([NUMBER]) == {}
