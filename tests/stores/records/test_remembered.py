"""Answers of keys are remembered until anybody commits; never inside a transaction that may be undone."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from domain.account import Role, Scope, User
from stores.records.store import SqlRecordStore


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "records.sqlite"


@pytest.fixture
def store(path: Path) -> Iterator[SqlRecordStore]:
    opened = SqlRecordStore.at(path)
    yield opened
    opened.close()


def user(name: str, *, language: str = "zh") -> User:
    return User(name, name, frozenset({Role.OM}), Scope(everything=True), "x", language)


def language_of(store: SqlRecordStore, name: str = "a") -> str | None:
    found = store.user(name)
    return None if found is None else found.language


def test_what_is_not_changed_is_not_read_again(store: SqlRecordStore) -> None:
    store.add_user(user("a"))
    first = store.user("a")
    assert store.user("a") is first


def test_a_change_is_seen_at_once_also_from_another_connection(store: SqlRecordStore, path: Path) -> None:
    store.add_user(user("a"))
    assert language_of(store) == "zh"
    store.replace_user(user("a", language="en"))
    assert language_of(store) == "en"
    other = SqlRecordStore.at(path)
    other.replace_user(user("a", language="zh"))
    assert language_of(store) == "zh"
    other.close()


def test_what_a_transaction_undoes_is_not_remembered(store: SqlRecordStore) -> None:
    store.add_user(user("a"))
    assert language_of(store) == "zh"

    def undone() -> None:
        with store.transaction():
            store.replace_user(user("a", language="en"))
            assert language_of(store) == "en"
            raise RuntimeError

    with pytest.raises(RuntimeError):
        undone()
    assert language_of(store) == "zh"


def test_an_account_that_was_missing_is_found_when_it_is_made(store: SqlRecordStore) -> None:
    assert store.user("a") is None
    store.add_user(user("a"))
    assert store.user("a") is not None
