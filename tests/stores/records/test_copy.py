"""Records move between SQLite and PostgreSQL whole or not at all."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from domain.errors import RecordRejectedError, StoreVersionError
from stores.records.copy import copy_records, reading_only, snapshot, sums
from stores.records.database import sqlite_url
from stores.records.schema import METADATA, USERS
from stores.records.store import SqlRecordStore
from tests.stores.records.contract import NOW, entry, reading, user


def _filled(url: str) -> str:
    store = SqlRecordStore(url)
    store.add_user(user())
    store.add_user(user("wang", display_name="王"))
    for second in range(1200):
        store.add_audit(entry(second=second))
    store.add_reading(reading("r1"))
    store.add_reading(reading("r2", hour=1, forward_wh=0.1 + 0.2, replaces="r1"))
    store.add_photo("abc", "image/png", bytes(range(256)))
    store.begin_job("kpis", "2026-07-01", NOW)
    store.close()
    return url


@pytest.fixture
def source(tmp_path: Path) -> str:
    return _filled(sqlite_url(tmp_path / "source.sqlite"))


def _sums(url: str) -> list[object]:
    with reading_only(url) as database, snapshot(database) as connection:
        return list(sums(connection))


@pytest.mark.needs("postgres")
def test_there_and_back_again_every_table_adds_up_to_the_same(
    source: str, postgres_url: str, tmp_path: Path
) -> None:
    said: list[tuple[str, int]] = []
    with reading_only(source) as database:
        copied = copy_records(database, postgres_url, lambda table, rows: said.append((table, rows)))
    assert dict(said)["audit"] == 1200
    assert {one.table for one in copied} == set(METADATA.tables)
    back = sqlite_url(tmp_path / "back.sqlite")
    with reading_only(postgres_url) as database:
        copy_records(database, back)
    assert _sums(source) == _sums(postgres_url) == _sums(back)


@pytest.mark.needs("postgres")
def test_numbers_go_on_after_the_highest_one_that_was_copied(source: str, postgres_url: str) -> None:
    with reading_only(source) as database:
        copy_records(database, postgres_url)
    store = SqlRecordStore(postgres_url)
    store.add_audit(entry("later", second=9000))
    assert store.audit(NOW)[0].action == "later"
    assert len(store.audit(NOW, 5000)) == 1201
    store.close()


def test_a_target_with_rows_is_refused_and_stays_as_it_is(source: str, tmp_path: Path) -> None:
    other = sqlite_url(tmp_path / "other.sqlite")
    store = SqlRecordStore(other)
    store.add_user(user("somebody"))
    store.close()
    before = _sums(other)
    with reading_only(source) as database, pytest.raises(RecordRejectedError, match="users has 1 rows"):
        copy_records(database, other)
    assert _sums(other) == before


def test_what_arrives_changed_is_noticed_and_nothing_is_kept(
    source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from stores.records import copy

    def spoil(connection: object) -> None:
        connection.execute(update(USERS).values(display_name="别人"))  # type: ignore[attr-defined]

    monkeypatch.setattr(copy, "_advance_numbers", spoil)
    target = sqlite_url(tmp_path / "target.sqlite")
    with reading_only(source) as database, pytest.raises(RecordRejectedError, match="users differ"):
        copy_records(database, target)
    assert all(one.rows == 0 for one in _sums(target))  # type: ignore[attr-defined]


def test_a_database_of_another_revision_is_not_read(tmp_path: Path) -> None:
    with (
        pytest.raises(StoreVersionError, match="revision none"),
        reading_only(sqlite_url(tmp_path / "empty.sqlite")),
    ):
        raise AssertionError("it must not open")


def test_one_value_changes_the_sum_of_its_table_and_no_other(source: str) -> None:
    before = _sums(source)
    store = SqlRecordStore(source)
    store.add_reading(reading("r3", hour=2, read_at=NOW + timedelta(microseconds=1)))
    store.close()
    changed = [a.table for a, b in zip(before, _sums(source), strict=True) if a != b]  # type: ignore[attr-defined]
    assert changed == ["meter_readings"]
