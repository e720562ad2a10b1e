"""The queue on disk: nothing lost, nothing doubled, whatever the store says and whatever the disk does."""

import math
import os
import random
import signal
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.slot_book import Grid
from collectors.spool import Spool
from collectors.spool_shed import class_of
from domain.errors import SpoolError, StoreVersionError
from domain.measurement import Batch, Origin, Quality
from domain.slots import SlotRange, SlotState, accounts_of

NOON = datetime(2026, 6, 1, 4, 0, tzinfo=UTC)
NAMES = ("ac_active_power_w", "ac_energy_total_wh", "dc_string_01_current_a")


def batch(number: int, names: tuple[str, ...] = NAMES) -> Batch:
    at = NOON + timedelta(seconds=60 * number, microseconds=number)
    return Batch(f"inv-{number % 7}", at, names, tuple(number + 0.1 * i for i in range(len(names))))


def files(path: Path) -> list[str]:
    return sorted(file.name for file in path.iterdir())


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    opened = Spool(tmp_path / "spool.sqlite")
    yield opened
    opened.close()


floats = st.floats(allow_nan=False, width=64)
instants = st.datetimes(datetime(1970, 1, 2), datetime(2200, 1, 1), timezones=st.just(UTC))


@st.composite
def batches(draw: st.DrawFn) -> Batch:
    names = draw(st.sampled_from([NAMES, NAMES[:1], (), ("meter_energy_forward_wh", "power_factor")]))
    size = len(names)
    return Batch(
        draw(st.text(min_size=1, max_size=12)),
        draw(instants),
        names,
        tuple(draw(st.lists(st.none() | floats, min_size=size, max_size=size))),
        draw(st.none() | st.lists(st.sampled_from(Quality), min_size=size, max_size=size).map(tuple)),
        draw(st.none() | instants),
        draw(st.sampled_from(Origin)),
        draw(st.dictionaries(st.text(max_size=8), st.text(max_size=20), max_size=3)),
    )


@settings(max_examples=60, deadline=None)
@given(st.lists(batches(), min_size=1, max_size=20))
def test_a_batch_comes_back_exactly(tmp_path_factory: pytest.TempPathFactory, given: list[Batch]) -> None:
    spool = Spool(tmp_path_factory.mktemp("spool") / "spool.sqlite")
    spool.append(given)
    found = [row for _, row in spool.peek(100)]
    spool.close()
    assert found == given
    for row, wanted in zip(found, given, strict=True):
        assert [v if v is None else v.hex() for v in row.values] == [
            v if v is None else float(v).hex() for v in wanted.values
        ]
        assert (row.qualities, row.received_at, row.origin) == (
            wanted.qualities,
            wanted.received_at,
            wanted.origin,
        )
        assert dict(row.texts) == dict(wanted.texts)


def test_values_that_are_no_numbers_survive_too(spool: Spool) -> None:
    spool.append([Batch("inv", NOON, NAMES, (math.nan, math.inf, -0.0))])
    values = spool.peek(1)[0][1].values
    assert [str(value) for value in values] == ["nan", "inf", "-0.0"]


def test_rows_of_one_profile_share_their_tuple_of_names(spool: Spool) -> None:
    spool.append([batch(number, tuple(NAMES)) for number in range(10)])
    assert len({id(row.quantities) for _, row in spool.peek(10)}) == 1


def test_a_row_of_forty_values_is_small(spool: Spool) -> None:
    names = tuple(f"dc_string_{number:02d}_current_a" for number in range(1, 41))
    spool.append([batch(number, names) for number in range(100)])
    assert spool.status().size_bytes / 100 < 40 * 8 + 80


def test_peeking_twice_gives_the_same_and_ids_never_come_again(spool: Spool) -> None:
    spool.append([batch(1), batch(2)])
    first = spool.peek(10)
    assert spool.peek(10) == first
    spool.ack(first[-1][0])
    assert spool.peek(10) == []
    spool.append([batch(3)])
    assert spool.peek(10)[0][0] > first[-1][0]


def test_what_was_appended_is_there_after_a_restart(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool.sqlite")
    spool.append([batch(number) for number in range(5)], {"serial:inv-1": "ABC"})
    spool.ack(spool.peek(2)[-1][0])
    spool.close()
    again = Spool(tmp_path / "spool.sqlite")
    assert [row for _, row in again.peek(10)] == [batch(2), batch(3), batch(4)]
    assert again.notes() == {"serial:inv-1": "ABC"}
    assert (again.status().rows, again.status().forwarded) == (3, 2)
    again.close()


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.integers(0, 12), min_size=1, max_size=12),
    st.lists(st.lists(st.sampled_from("ark"), min_size=1, max_size=9), max_size=30),
    st.booleans(),
)
def test_whatever_the_store_accepts_rejects_or_keeps_nothing_is_lost_or_doubled(
    tmp_path_factory: pytest.TempPathFactory, appends: list[int], masks: list[list[str]], restart: bool
) -> None:
    """a: accepted, r: rejected, k: kept; the prefix before the first kept row leaves the queue."""
    path = tmp_path_factory.mktemp("spool") / "spool.sqlite"
    spool = Spool(path)
    sent = 0
    stored: list[int] = []
    rejected: list[int] = []
    to_append = list(appends)
    for mask in [*masks, *([["a"] * 200] * 3)]:
        if to_append:
            count = to_append.pop(0)
            spool.append([batch(sent + number) for number in range(count)])
            sent += count
        rows = spool.peek(len(mask))
        done = next((p for p, fate in enumerate(mask[: len(rows)]) if fate == "k"), len(rows))
        bad = {rows[p][0]: "refused" for p in range(done) if mask[p] == "r"}
        if done:
            spool.settle(rows[done - 1][0], bad)
        numbers = [round((row.measured_at - NOON).total_seconds() // 60) for _, row in rows[:done]]
        stored += [n for n, (row_id, _) in zip(numbers, rows, strict=False) if row_id not in bad]
        rejected += [n for n, (row_id, _) in zip(numbers, rows, strict=False) if row_id in bad]
        if restart:
            spool.close()
            spool = Spool(path)
    left = [round((row.measured_at - NOON).total_seconds() // 60) for _, row in spool.peek(10_000)]
    status = spool.status()
    quarantined = len(spool.quarantined(10_000))
    spool.close()
    assert sorted(stored + rejected + left) == list(range(sent))
    assert stored == sorted(stored)
    assert (status.quarantined, quarantined, status.rows) == (len(rejected), len(rejected), len(left))
    assert (status.appended, status.forwarded) == (sent, len(stored))


def test_a_quarantined_row_keeps_its_content_and_reason(spool: Spool) -> None:
    spool.append([batch(1), batch(2), batch(3)])
    rows = spool.peek(3)
    spool.quarantine([rows[1][0]], "older than the archive")
    assert [row for _, row in spool.peek(3)] == [batch(1), batch(3)]
    ((origin, content, reason),) = spool.quarantined()
    assert origin == f"queue row {rows[1][0]}"
    assert b"inv-2" in content
    assert reason == "older than the archive"


def test_a_message_nobody_understood_is_kept(spool: Spool) -> None:
    spool.quarantine_message("pv/a/b/data", b"\xff\x00", "not JSON")
    assert spool.quarantined() == [("pv/a/b/data", b"\xff\x00", "not JSON")]


# ---------------------------------------------------------------------- limits


ROW = (
    *("ac_active_power_w", "ac_energy_total_wh", "power_factor", "meter_energy_forward_wh"),
    *(f"dc_string_{number:02d}_current_a" for number in range(1, 13)),
)


def full(path: Path, minutes: int, **limit: int) -> Spool:
    """A queue that got a row of one device every minute, with a limit."""
    spool = Spool(path, **limit)
    spool.follow({"inv-1": Grid.of(60.0)}, NOON)
    for number in range(minutes):
        at = NOON + timedelta(minutes=number)
        spool.append([Batch("inv-1", at, ROW, tuple(number + 0.5 * i for i in range(len(ROW))))])
    return spool


def test_a_full_queue_gives_up_string_currents_first_and_no_row(tmp_path: Path) -> None:
    room = 100 * (16 * 8 + 45)
    spool = full(tmp_path / "spool.sqlite", 120, bytes_max=room)
    rows = [row for _, row in spool.peek(1000)]
    status = spool.status()
    spool.close()
    assert (len(rows), status.shed) == (120, 0)
    assert 0 < status.thinned <= 120
    assert status.size_bytes <= room
    assert "dc_string_01_current_a" not in rows[0].quantities
    assert [row.good("power_factor") for row in rows] == [number + 0.5 * 2 for number in range(120)]


def test_a_queue_that_stays_full_keeps_every_counter_of_a_quarter_hour_and_explains_each_row(
    tmp_path: Path,
) -> None:
    spool = full(tmp_path / "spool.sqlite", 600, bytes_max=6_000)
    rows = [row for _, row in spool.peek(1000)]
    status = spool.status()
    [account] = accounts_of(spool.book.strips(), NOON + timedelta(minutes=600))
    spool.close()
    assert status.size_bytes <= 6_000
    assert status.shed + status.rows == 600
    quarters = {int(row.measured_at.timestamp()) // 900 for row in rows}
    assert len(quarters) == 40
    assert all(row.good("ac_energy_total_wh") is not None for row in rows)
    assert account.missing == {"spool_shed": status.shed}
    assert (account.expected, account.good + sum(account.suspect.values())) == (600, status.rows)


def test_the_limit_in_rows_holds_as_well_and_takes_no_gauge(tmp_path: Path) -> None:
    spool = full(tmp_path / "spool.sqlite", 200, rows_max=30)
    rows = [row for _, row in spool.peek(1000)]
    status = spool.status()
    spool.close()
    assert (status.rows, status.shed, status.thinned) == (len(rows), 200 - len(rows), 0)
    assert len(rows) <= 30
    assert all(row.quantities == ROW for row in rows)


def test_a_queue_of_nothing_but_counters_refuses_and_keeps_them(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool.sqlite", rows_max=4)
    rows = [Batch(f"inv-{number}", NOON, ("ac_energy_total_wh",), (1.0,)) for number in range(5)]
    spool.append(rows[:4])
    with pytest.raises(SpoolError, match="only counters are left"):
        spool.append(rows[4:])
    assert [row for _, row in spool.peek(10)] == rows[:4]
    spool.close()


def test_what_is_dear_is_known_by_its_quantities() -> None:
    assert class_of(("power_factor",)) < class_of(NAMES) < class_of(("meter_energy_forward_wh",))


def test_samples_and_their_slots_are_kept_together_over_a_restart(tmp_path: Path) -> None:
    spool = full(tmp_path / "spool.sqlite", 3)
    spool.append([], said=[SlotRange("inv-1", SlotState.NO_ANSWER, NOON + timedelta(minutes=5))])
    spool.close()
    again = Spool(tmp_path / "spool.sqlite")
    [account] = accounts_of(again.book.strips(), NOON + timedelta(minutes=5))
    again.close()
    assert (account.expected, account.good, account.missing) == (5, 3, {"no_answer": 2})


def test_a_refused_append_leaves_no_word_in_the_book(tmp_path: Path) -> None:
    spool = full(tmp_path / "spool.sqlite", 1)
    pages = spool._db.execute("PRAGMA page_count").fetchone()[0]
    spool._db.execute(f"PRAGMA max_page_count={pages}")
    many = [Batch("inv-1", NOON + timedelta(minutes=n), ROW, (0.0,) * len(ROW)) for n in range(1, 1000)]
    with pytest.raises(SpoolError):
        spool.append(many)
    [account] = accounts_of(spool.book.strips(), NOON + timedelta(minutes=10))
    spool.close()
    assert account.missing == {"collector_down": 9}


def test_the_log_of_slots_is_folded_and_survives(tmp_path: Path) -> None:
    spool = full(tmp_path / "spool.sqlite", 700)
    rows = spool._db.execute("SELECT count(*) FROM slot_log").fetchone()[0]
    spool.close()
    again = Spool(tmp_path / "spool.sqlite")
    accounts = accounts_of(again.book.strips(), NOON + timedelta(minutes=700))
    again.close()
    assert rows < 650
    assert sum(account.good for account in accounts) == 700


def test_on_a_full_disk_the_ballast_lets_the_queue_be_emptied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = full(tmp_path / "spool.sqlite", 100, ballast_bytes=1 << 20)
    ballast = tmp_path / "spool.sqlite.ballast"
    assert ballast.stat().st_size == 1 << 20
    real = Spool._settle

    def refuse_while_full(given: Spool, *words: object) -> None:
        if ballast.exists():
            error = sqlite3.OperationalError("database or disk is full")
            error.sqlite_errorcode = sqlite3.SQLITE_FULL
            raise SpoolError("full") from error
        real(given, *words)  # type: ignore[arg-type]

    monkeypatch.setattr(Spool, "_settle", refuse_while_full)
    spool.ack(spool.newest_id())
    assert spool.status().rows == 0
    assert ballast.exists()  # laid in again
    spool.close()


def test_of_two_lanes_each_settles_its_own_rows(tmp_path: Path) -> None:
    spool = full(tmp_path / "spool.sqlite", 10)
    newest = spool.peek(100, after_id=7)
    assert [row_id for row_id, _ in newest] == [8, 9, 10]
    spool.settle(10, {9: "no"}, after_id=7)
    assert [row_id for row_id, _ in spool.peek(100)] == [1, 2, 3, 4, 5, 6, 7]
    assert (spool.status().forwarded, spool.status().quarantined) == (2, 1)
    spool.close()


# ---------------------------------------------------------------------- the disk misbehaves


def test_a_full_disk_says_where_and_loses_nothing_acknowledged(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool.sqlite")
    spool.append([batch(0)])
    pages = spool._db.execute("PRAGMA page_count").fetchone()[0]
    spool._db.execute(f"PRAGMA max_page_count={pages}")
    many = [batch(number) for number in range(1, 3000)]
    with pytest.raises(SpoolError, match="disk refused") as caught:
        spool.append(many)
    assert str(tmp_path) in str(caught.value)
    assert "Free space" in str(caught.value)
    assert spool.status().rows == 1
    spool._db.execute("PRAGMA max_page_count=1000000")
    spool.append(many)
    assert len(spool.peek(5000)) == 3000
    spool.close()


def test_a_read_only_file_system_says_where_and_what_to_do() -> None:
    with pytest.raises(SpoolError, match="make it writable") as caught:
        Spool(Path("/proc/pvmon/spool.sqlite"))
    assert "/proc/pvmon" in str(caught.value)


def test_a_folder_in_place_of_the_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "spool.sqlite").mkdir()
    with pytest.raises(SpoolError, match="cannot be opened"):
        Spool(tmp_path / "spool.sqlite")


def test_a_file_that_is_no_database_is_moved_aside(tmp_path: Path) -> None:
    path = tmp_path / "spool.sqlite"
    path.write_bytes(b"not a database at all" * 500)
    spool = Spool(path)
    spool.append([batch(1)])
    assert spool.status().moved_aside == tmp_path / "spool.sqlite.damaged-1"
    assert (tmp_path / "spool.sqlite.damaged-1").read_bytes().startswith(b"not a database")
    spool.close()


def test_any_flipped_bytes_still_let_it_start_and_never_change_a_value(tmp_path: Path) -> None:
    good = tmp_path / "good.sqlite"
    spool = Spool(good)
    written = [batch(number) for number in range(200)]
    spool.append(written)
    spool.close()
    content = good.read_bytes()
    chance = random.Random(7)
    for number in range(60):
        folder = tmp_path / str(number)
        folder.mkdir()
        bent = bytearray(content)
        for _ in range(chance.choice([1, 1, 5, 100])):
            bent[chance.randrange(len(bent))] ^= 1 << chance.randrange(8)
        (folder / "spool.sqlite").write_bytes(bent)
        try:
            spool = Spool(folder / "spool.sqlite")
        except StoreVersionError:
            continue  # the flipped byte was the version: said, not destroyed
        for _, row in spool.peek(1000):
            assert row in written
        spool.append([batch(1)])
        spool.close()


def test_a_newer_format_is_refused_and_left_alone(tmp_path: Path) -> None:
    Spool(tmp_path / "spool.sqlite").close()
    db = sqlite3.connect(tmp_path / "spool.sqlite")
    db.execute("PRAGMA user_version=99")
    db.close()
    with pytest.raises(StoreVersionError, match="newer version"):
        Spool(tmp_path / "spool.sqlite")
    assert "spool.sqlite.damaged-1" not in files(tmp_path)


def test_commits_are_synced_in_full(spool: Spool) -> None:
    assert spool._db.execute("PRAGMA synchronous").fetchone()[0] == 2
    assert spool._db.execute("PRAGMA journal_mode").fetchone()[0] == "wal"


# ---------------------------------------------------------------------- processes

APPENDER = """
    import sys
    from pathlib import Path
    from collectors.spool import Spool
    from tests.collectors.test_spool import batch
    spool = Spool(Path(sys.argv[1]))
    number = int(sys.argv[2])
    while True:
        spool.append([batch(number), batch(number + 1)])
        number += 2
        print(number, flush=True)
"""


def run_python(code: str, *words: str) -> subprocess.Popen[str]:
    root = Path(__file__).parent.parent.parent
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), *words],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_second_process_on_the_same_folder_is_refused(spool: Spool, tmp_path: Path) -> None:
    other = run_python(
        """
        import sys
        from pathlib import Path
        from collectors.spool import Spool
        from domain.errors import SpoolError
        try:
            Spool(Path(sys.argv[1]))
        except SpoolError as error:
            print(error)
        """,
        str(tmp_path / "spool.sqlite"),
    )
    said, _ = other.communicate(timeout=60)
    assert f"process {os.getpid()} already collects into it" in said
    assert "--data" in said


def test_a_killed_process_loses_nothing_it_acknowledged_and_leaves_no_lock(tmp_path: Path) -> None:
    path = tmp_path / "spool.sqlite"
    acknowledged = 0
    for _ in range(4):
        writer = run_python(APPENDER, str(path), str(acknowledged))
        assert writer.stdout is not None
        lines = random.Random(acknowledged).randrange(5, 60)
        for _ in range(lines):
            acknowledged = int(writer.stdout.readline())
        writer.send_signal(signal.SIGKILL)
        rest = writer.stdout.read().split()  # communicate() would skip what readline has buffered
        writer.communicate()
        acknowledged = int(rest[-1]) if rest else acknowledged
        spool = Spool(path)
        rows = [row for _, row in spool.peek(100_000)]
        assert rows[:acknowledged] == [batch(number) for number in range(acknowledged)]
        assert len(rows) - acknowledged in (0, 2)  # committed, killed before it could say so
        acknowledged = len(rows)
        spool.close()
