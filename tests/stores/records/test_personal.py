"""Drafts, views and deputies are kept as they were; what was typed is sealed in the file."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from domain.personal import Deputy, Draft, SavedView
from stores.records.personal import SqlPersonalStore
from stores.records.sealing import Sealer
from stores.records.store import SqlRecordStore

NOW = datetime(2026, 7, 1, 2, 30, tzinfo=UTC)
FIELDS = (("name", "张三（虚构）"), ("amount", "1200.50"), ("name", "李四（虚构）"))


@pytest.fixture
def records(tmp_path: Path) -> Iterator[SqlRecordStore]:
    made = SqlRecordStore.at(tmp_path / "records.sqlite")
    yield made
    made.close()


@pytest.fixture
def store(records: SqlRecordStore, tmp_path: Path) -> SqlPersonalStore:
    return SqlPersonalStore(records.database, Sealer(tmp_path / "people.key"))


def draft(place: str = "/app/a", form: int = 0, minutes: int = 0, user: str = "li") -> Draft:
    return Draft(user, place, form, f"{place}?x=1", "表", FIELDS, NOW + timedelta(minutes=minutes))


def test_a_draft_comes_back_in_order_and_the_newest_state_replaces_the_older(store: SqlPersonalStore) -> None:
    store.put_draft(draft(), 20)
    store.put_draft(draft(minutes=5), 20)
    assert store.drafts("li", NOW) == [draft(minutes=5)]
    assert store.draft("li", "/app/a", 0) == draft(minutes=5)
    assert store.draft("wang", "/app/a", 0) is None
    assert store.draft("li", "/app/a", 1) is None


def test_what_was_typed_is_not_readable_in_the_file(store: SqlPersonalStore, tmp_path: Path) -> None:
    store.put_draft(draft(), 20)
    content = b"".join(path.read_bytes() for path in tmp_path.glob("records.sqlite*"))
    assert b"/app/a" in content
    assert "张三".encode() not in content
    assert b"1200.50" not in content


def test_of_too_many_drafts_the_oldest_go_and_only_ones_own(store: SqlPersonalStore) -> None:
    store.put_draft(draft(user="wang"), 2)
    for minutes in range(4):
        store.put_draft(draft(f"/app/{minutes}", minutes=minutes), 2)
    assert [one.place for one in store.drafts("li", NOW)] == ["/app/3", "/app/2"]
    assert len(store.drafts("wang", NOW)) == 1


def test_a_sent_form_drops_every_draft_of_its_address(store: SqlPersonalStore) -> None:
    for form in (0, 1):
        store.put_draft(draft(form=form), 20)
    store.put_draft(draft("/app/b"), 20)
    assert store.drop_drafts("li", "/app/a", 1) == 1
    assert store.drop_drafts("li", "/app/a") == 1
    assert [one.place for one in store.drafts("li", NOW)] == ["/app/b"]
    assert store.prune_drafts(NOW + timedelta(days=1)) == 1


def test_a_view_of_a_name_is_kept_once_and_no_more_than_the_most(store: SqlPersonalStore) -> None:
    view = SavedView("li", "compare", "两站", "mode=curves", NOW)
    newer = SavedView("li", "compare", "两站", "mode=ranking", NOW)
    assert store.put_view(view, 1)
    assert store.put_view(newer, 1)
    assert store.views("li", "compare") == [newer]
    assert not store.put_view(SavedView("li", "compare", "另一个", "", NOW), 1)
    assert store.put_view(SavedView("wang", "compare", "另一个", "", NOW), 1)
    assert store.drop_view("li", "compare", "两站")
    assert not store.drop_view("li", "compare", "两站")


def test_a_deputy_is_seen_from_both_sides_until_it_ends(store: SqlPersonalStore) -> None:
    one = Deputy("d1", "li", "wang", NOW, NOW + timedelta(days=2), "培训")
    store.add_deputy(one)
    assert store.deputies("li", NOW) == store.deputies("wang", NOW) == [one]
    assert store.deputies("zhao", NOW) == []
    assert store.deputies("li", NOW + timedelta(days=2)) == []
    assert store.end_deputy("d1", NOW + timedelta(hours=1), "li")
    assert not store.end_deputy("d1", NOW, "li")
    assert store.deputies("wang", NOW) == []
    found = store.deputy("d1")
    assert found is not None
    assert (found.ended_by, found.stands(NOW)) == ("li", False)
