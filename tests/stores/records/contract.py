"""What every records store promises: inherit `RecordStoreContract` and give a fixture ``store``."""

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from domain.account import AuditEntry, Role, Scope, Session, User
from domain.errors import RecordRejectedError
from domain.records import ImportedFile, JobState, MeterReading
from domain.slots import Strip, microseconds
from domain.timespan import Interval
from stores.protocol import RecordStore
from stores.sample_account_protocol import Heartbeat

NOW = datetime(2026, 7, 1, 2, 30, 0, 123456, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = Interval(NOW - timedelta(days=1), NOW + timedelta(days=1))


def user(user_id: str = "li", **changes: object) -> User:
    scope = Scope(village_ids=frozenset({"611002101201", "611002101202"}), plant_ids=frozenset({"p1"}))
    made = User(
        user_id, "李四（虚构）", frozenset({Role.OM, Role.KEEPER}), scope, "$argon2id$x", created_at=NOW
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def session(token: str, minute: int = 0, user_id: str = "li") -> Session:
    at = NOW + timedelta(minutes=minute)
    return Session(token, user_id, at, at, "c")


def entry(action: str = "login", second: int = 0, **changes: object) -> AuditEntry:
    at = NOW + timedelta(seconds=second)
    made = AuditEntry(at, "li", action, "li", "done", "192.0.2.1", {"字段": "值"}, NOW - HOUR)
    return replace(made, **changes)  # type: ignore[arg-type]


def reading(reading_id: str, hour: int = 0, **changes: object) -> MeterReading:
    at = NOW + hour * HOUR
    made = MeterReading(reading_id, "p1", "p1-m", at, 1234567.25, "li", NOW, note="备注")
    return replace(made, **changes)  # type: ignore[arg-type]


class RecordStoreContract:
    """The promises of stores.protocol.RecordStore."""

    def test_an_account_comes_back_as_it_was_kept(self, store: RecordStore) -> None:
        store.add_user(user())
        assert store.user("li") == user()
        assert store.user("nobody") is None

    def test_an_account_name_is_given_once(self, store: RecordStore) -> None:
        store.add_user(user())
        with pytest.raises(RecordRejectedError, match="'li'"):
            store.add_user(user(display_name="另一人"))
        assert store.users() == [user()]

    def test_accounts_are_listed_by_id_and_can_be_changed(self, store: RecordStore) -> None:
        store.add_user(user("wang"))
        store.add_user(user("li"))
        store.replace_user(user("wang", disabled=True, roles=frozenset({Role.ADMIN}), language="en"))
        assert [each.user_id for each in store.users()] == ["li", "wang"]
        assert store.user("wang") == user("wang", disabled=True, roles=frozenset({Role.ADMIN}), language="en")

    def test_changing_an_account_that_is_not_there_is_refused(self, store: RecordStore) -> None:
        with pytest.raises(RecordRejectedError, match="nobody"):
            store.replace_user(user("nobody"))

    def test_hostile_text_is_only_text(self, store: RecordStore) -> None:
        name = "'; DROP TABLE users; -- %s {} \u202e 😀"
        store.add_user(user(display_name=name))
        found = store.user("li")
        assert found is not None
        assert found.display_name == name
        assert store.user("' OR 1=1 --") is None

    def test_a_session_lives_until_it_is_ended(self, store: RecordStore) -> None:
        store.open_session(session("t1"), 3)
        assert store.session("t1") == session("t1")
        store.touch_session("t1", NOW + HOUR)
        found = store.session("t1")
        assert found is not None
        assert (found.seen_at, found.created_at) == (NOW + HOUR, NOW)
        store.end_session("t1")
        store.end_session("t1")
        assert store.session("t1") is None

    def test_the_newest_sessions_stay_and_others_are_left_alone(self, store: RecordStore) -> None:
        store.open_session(session("w", user_id="wang"), 3)
        for minute in (2, 1, 3, 4):
            store.open_session(session(f"t{minute}", minute), 3)
        assert [bool(store.session(f"t{n}")) for n in (1, 2, 3, 4)] == [False, True, True, True]
        assert store.session("w") is not None

    def test_the_session_just_opened_is_never_the_one_that_goes(self, store: RecordStore) -> None:
        for number in range(6):
            store.open_session(session(f"t{number}"), 3)
            assert store.session(f"t{number}") is not None

    def test_every_session_of_a_user_ends_at_once(self, store: RecordStore) -> None:
        for number in range(3):
            store.open_session(session(f"t{number}", number), 3)
        store.open_session(session("w", user_id="wang"), 3)
        assert store.end_sessions_of("li") == 3
        assert store.end_sessions_of("li") == 0
        assert store.session("w") is not None

    def test_audit_entries_come_back_newest_first_and_bounded(self, store: RecordStore) -> None:
        for second in (1, 3, 2):
            store.add_audit(entry(f"act{second}", second))
        assert [each.action for each in store.audit(NOW)] == ["act3", "act2", "act1"]
        assert store.audit(NOW, 1) == [entry("act3", 3)]
        assert [each.action for each in store.audit(NOW + timedelta(seconds=2))] == ["act3", "act2"]

    def test_a_period_is_claimed_once(self, store: RecordStore) -> None:
        assert store.begin_job("kpi", "2026-07-01", NOW)
        assert not store.begin_job("kpi", "2026-07-01", NOW + timedelta(minutes=59))
        assert store.begin_job("kpi", "2026-07-02", NOW)
        assert store.begin_job("prune", "2026-07-01", NOW)

    def test_a_done_period_is_never_claimed_again(self, store: RecordStore) -> None:
        store.begin_job("kpi", "2026-07-01", NOW)
        store.finish_job("kpi", "2026-07-01", NOW + HOUR, detail="60 plants")
        assert not store.begin_job("kpi", "2026-07-01", NOW + 100 * HOUR)
        [run] = store.job_runs("kpi")
        assert (run.state, run.attempt, run.finished_at, run.detail) == (
            JobState.DONE,
            1,
            NOW + HOUR,
            "60 plants",
        )

    def test_a_failed_period_and_an_abandoned_claim_may_be_claimed_again(self, store: RecordStore) -> None:
        store.begin_job("kpi", "a", NOW)
        store.finish_job("kpi", "a", NOW, failed=True, detail="disk")
        assert store.begin_job("kpi", "a", NOW + timedelta(minutes=1))
        store.begin_job("kpi", "b", NOW)
        assert store.begin_job("kpi", "b", NOW + HOUR)
        runs = {run.period: run for run in store.job_runs()}
        assert {period: (run.state, run.attempt, run.detail) for period, run in runs.items()} == {
            "a": (JobState.RUNNING, 2, ""),
            "b": (JobState.RUNNING, 2, ""),
        }

    def test_runs_are_listed_newest_first_and_bounded(self, store: RecordStore) -> None:
        for hour in range(3):
            store.begin_job("kpi", f"p{hour}", NOW + hour * HOUR)
        assert [run.period for run in store.job_runs("kpi", 2)] == ["p2", "p1"]
        assert store.job_runs("other") == []

    def test_of_many_threads_one_gets_the_period(self, store: RecordStore) -> None:
        won: list[bool] = []
        start = threading.Barrier(8)

        def claim() -> None:
            start.wait()
            won.append(store.begin_job("kpi", "race", NOW))

        threads = [threading.Thread(target=claim) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(won) == [False] * 7 + [True]

    def test_readings_come_back_oldest_first_within_the_interval(self, store: RecordStore) -> None:
        for hour in (2, 1, 48):
            store.add_reading(reading(f"r{hour}", hour))
        store.add_reading(reading("other", 1, plant_id="p2"))
        assert store.readings("p1", DAY) == [reading("r1", 1), reading("r2", 2)]
        assert store.readings("p1", Interval(NOW + HOUR, NOW + 2 * HOUR)) == [reading("r1", 1)]

    def test_a_replaced_reading_is_out_and_a_chain_of_corrections_leaves_the_last(
        self, store: RecordStore
    ) -> None:
        store.add_reading(reading("r1"))
        store.add_reading(reading("r2", replaces="r1", forward_wh=2.0))
        store.add_reading(reading("r3", replaces="r2", forward_wh=3.0))
        assert [each.reading_id for each in store.readings("p1", DAY)] == ["r3"]

    def test_a_reading_id_is_used_once_and_replaced_once(self, store: RecordStore) -> None:
        store.add_reading(reading("r1"))
        with pytest.raises(RecordRejectedError, match="r1"):
            store.add_reading(reading("r1", 5))
        store.add_reading(reading("r2", replaces="r1"))
        with pytest.raises(RecordRejectedError, match="r1"):
            store.add_reading(reading("r3", replaces="r1"))
        assert [each.reading_id for each in store.readings("p1", DAY)] == ["r2"]

    def test_a_photo_is_kept_once_by_its_hash(self, store: RecordStore) -> None:
        store.add_photo("abc", "image/png", b"\x89PNG\x00\xff")
        store.add_photo("abc", "image/jpeg", b"other")
        assert store.photo("abc") == ("image/png", b"\x89PNG\x00\xff")
        assert store.photo("nix") is None

    def test_the_same_file_is_imported_once(self, store: RecordStore) -> None:
        imported = ImportedFile("sha", "readings", "a.xlsx", "li", NOW, 3, {"k": "v"})
        assert store.add_import(imported)
        assert not store.add_import(replace(imported, name="b.xlsx"))
        assert store.add_import(replace(imported, kind="statements"))

    def test_a_transaction_is_kept_together_or_not_at_all(self, store: RecordStore) -> None:
        def act() -> None:
            with store.transaction():
                store.add_user(user())
                with store.transaction():
                    store.add_audit(entry())
                assert store.user("li") is not None  # a thread sees what it just kept
                raise KeyError("something went wrong")

        with pytest.raises(KeyError):
            act()
        assert store.user("li") is None
        assert store.audit(NOW) == []
        with store.transaction():
            store.add_user(user())
            store.add_audit(entry())
        assert store.user("li") == user()
        assert len(store.audit(NOW)) == 1

    def test_others_do_not_see_an_open_transaction(self, store: RecordStore) -> None:
        seen: list[object] = []
        with store.transaction():
            store.add_user(user())
            other = threading.Thread(target=lambda: seen.append(store.user("li")))
            other.start()
            other.join()
        assert seen == [None]

    def test_an_instant_without_a_zone_is_refused(self, store: RecordStore) -> None:
        with pytest.raises(Exception, match="time zone"):
            store.begin_job("kpi", "p", datetime(2026, 7, 1))

    def test_many_threads_write_and_read_at_once(self, store: RecordStore) -> None:
        errors: list[Exception] = []

        def work(number: int) -> None:
            try:
                for turn in range(5):
                    store.add_audit(entry(f"{number}-{turn}"))
                    store.audit(NOW)
            except Exception as error:
                errors.append(error)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert errors == []
        assert len(store.audit(NOW)) == 40

    def test_strips_of_slots_are_replaced_whole_and_found_by_device_and_day(self, store: RecordStore) -> None:
        first = Strip("inv-1", NOW.date(), microseconds(NOW), 60_000_000, bytearray([1, 1, 21, 0]))
        other = Strip("inv-2", NOW.date(), microseconds(NOW), 300_000_000, bytearray([1] * 288))
        later = Strip(
            "inv-1", (NOW + 24 * HOUR).date(), microseconds(NOW + 24 * HOUR), 60_000_000, bytearray([0])
        )
        store.put_strips([first, other, later])
        store.put_strips([replace(first, states=bytearray([1, 1, 21, 130]))])
        [found] = store.strips(["inv-1", "inv-9"], NOW.date(), NOW.date())
        assert found == replace(first, states=bytearray([1, 1, 21, 130]))
        names = [f"x-{number}" for number in range(1200)] + ["inv-1", "inv-2"]
        assert len(store.strips(names, NOW.date(), later.day)) == 3
        assert store.forget_strips(NOW + HOUR) == 2
        assert store.strips(["inv-1", "inv-2"], NOW.date(), later.day) == [later]

    def test_the_newest_heartbeat_of_each_process_is_kept(self, store: RecordStore) -> None:
        store.beat(Heartbeat("worker", NOW, {"jobs": 3.0}))
        store.beat(Heartbeat("collector", NOW, {"rows": 1.0}, ("forward",)))
        store.beat(Heartbeat("collector", NOW + HOUR, {"rows": 2.0}))
        assert store.heartbeats() == [
            Heartbeat("collector", NOW + HOUR, {"rows": 2.0}),
            Heartbeat("worker", NOW, {"jobs": 3.0}),
        ]
        store.forget_heartbeat("worker")
        assert [one.process for one in store.heartbeats()] == ["collector"]
