"""What was backed up comes back, from either key; what is damaged is refused; what is old goes."""

import json
import shutil
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from collectors.spool import Spool
from domain.errors import CommandError, StoreUnavailableError
from main.__main__ import main
from main.backup import work
from main.backup.archive import write_archive
from main.backup.keys import folder_of, make_keys, private_from, private_text
from main.backup.sealing import DamagedArchiveError
from main.backup.shelf import DAILY, Entry, Journal, Keeping, archives, last, surplus
from main.backup.work import (
    backup_folder,
    copy_newest,
    copy_records_often,
    look_into,
    make_backup,
    restore,
    try_restore,
)
from stores.duckdb import DuckDbStore
from stores.records.backup import sums_of
from stores.records.sealing import Sealer
from stores.records.store import SqlRecordStore
from tests.main.backup.place import Place, place
from tests.stores.records.contract import NOW, entry, user
from tests.stores.rows import DEVICES, clock

NIGHT = datetime(2026, 7, 1, 18, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with place(tmp_path_factory.mktemp("kept")) as found:
        yield found


@pytest.fixture(scope="module")
def archive(kept: Place) -> Path:
    return Path(make_backup(kept.sources)["file"])


def _safe(kept: Place, tmp_path: Path) -> Path:
    path = tmp_path / "typed"
    path.write_text(kept.safe_key.lower().replace(" ", "  "))
    return path


def test_every_part_comes_back_as_it_was_while_it_was_in_use(
    kept: Place, archive: Path, tmp_path: Path
) -> None:
    done = restore(archive, tmp_path / "new", kept.data, None)
    assert (done["samples"], done["spool"], done["plants"]) == (50, 7, 2)
    with closing(SqlRecordStore.at(tmp_path / "new/records/records.sqlite")) as records:
        assert records.user("li") == user()
        assert len(records.audit(NOW)) == 30
    with closing(DuckDbStore(tmp_path / "new/samples/samples.duckdb", clock(), DEVICES)) as store:
        assert store.status().rows == 50
    with closing(Spool(tmp_path / "new/spool/spool.sqlite")) as spool:
        assert len(spool.peek(100)) == 7
    assert (tmp_path / "new/delivered-config/plants/alpha.yaml").exists()
    assert Sealer(tmp_path / "new/records/people.key").open(kept.sealed) == "李四"
    assert (tmp_path / "new/records/people.key").stat().st_mode & 0o777 == 0o600
    assert not folder_of(tmp_path / "new").exists(), "keys are in no archive"


def test_the_key_from_the_safe_opens_it_on_another_machine(
    kept: Place, archive: Path, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "nothing-here"
    with pytest.raises(CommandError, match="--key"):
        look_into(archive, elsewhere, None)
    assert look_into(archive, elsewhere, _safe(kept, tmp_path))["samples"] == 50


def test_a_key_of_somebody_else_does_not_open_it_and_says_whose_do(archive: Path, tmp_path: Path) -> None:
    make_keys(tmp_path / "stranger")
    with pytest.raises(CommandError, match="sealed to: machine, safe"):
        look_into(archive, tmp_path / "stranger", None)


def test_nothing_readable_is_in_an_archive(archive: Path) -> None:
    content = archive.read_bytes()
    assert archive.stat().st_mode & 0o777 == 0o600
    assert [word for word in (b"SQLite format", b"alpha", b"users") if word in content] == []


@pytest.mark.parametrize("where", [0.0, 0.001, 0.3, 0.6, 0.999])
def test_one_wrong_byte_anywhere_is_refused_with_the_reason(
    kept: Place, archive: Path, tmp_path: Path, where: float
) -> None:
    damaged = tmp_path / archive.name
    content = bytearray(archive.read_bytes())
    content[int(where * len(content))] ^= 0x40
    damaged.write_bytes(content)
    with pytest.raises(CommandError, match=r"archive|use another copy|sealed to") as refusal:
        restore(damaged, tmp_path / "new", kept.data, None)
    assert str(damaged) in str(refusal.value)
    assert not (tmp_path / "new").exists()
    assert [path.name for path in tmp_path.iterdir()] == [archive.name]


@pytest.mark.parametrize("missing", [1, 16, 5000])
def test_an_archive_cut_short_is_refused(kept: Place, archive: Path, tmp_path: Path, missing: int) -> None:
    cut = tmp_path / archive.name
    cut.write_bytes(archive.read_bytes()[:-missing])
    with pytest.raises(DamagedArchiveError, match=r"cut short"):
        look_into(cut, kept.data, None)


def test_a_restore_never_writes_over_anything(kept: Place, archive: Path, tmp_path: Path) -> None:
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "mine").write_text("x")
    with pytest.raises(CommandError, match="not empty"):
        restore(archive, tmp_path / "used", kept.data, None)
    assert [path.name for path in (tmp_path / "used").iterdir()] == ["mine"]


def test_the_trial_restore_notes_success_and_names_what_differs(
    kept: Place, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert archive.name in try_restore(kept.settings, archive)
    journal = Journal(backup_folder(kept.settings))
    assert last(journal.entries(), "restore_test", ok=None).ok  # type: ignore[union-attr]
    monkeypatch.setattr("main.backup.parts._sample_rows", lambda path, clock: 49)
    with pytest.raises(StoreUnavailableError, match="samples: 49 rows, not 50"):
        try_restore(kept.settings, archive)
    newest = last(journal.entries(), "restore_test", ok=None)
    assert newest is not None
    assert (newest.ok, "49 rows" in newest.reason) == (False, True)


def test_without_keys_nothing_is_backed_up_and_the_reason_is_noted(kept: Place, tmp_path: Path) -> None:
    shutil.move(folder_of(kept.data), tmp_path / "aside")
    try:
        with pytest.raises(CommandError, match="pvmon backup init"):
            make_backup(kept.sources)
    finally:
        shutil.move(tmp_path / "aside", folder_of(kept.data))
    noted = last(Journal(backup_folder(kept.settings)).entries(), "backup", ok=None)
    assert noted is not None
    assert not noted.ok


def test_keys_are_made_once_and_only_their_owner_reads_them(kept: Place) -> None:
    with pytest.raises(CommandError, match="keys already"):
        make_keys(kept.data)
    modes = {path.stat().st_mode & 0o777 for path in folder_of(kept.data).iterdir()}
    assert modes == {0o600}
    assert kept.safe_key not in "".join(path.read_text() for path in folder_of(kept.data).iterdir())


def test_a_key_that_was_typed_wrongly_is_noticed(kept: Place) -> None:
    raw = private_from(kept.safe_key)
    assert private_from(private_text(raw)) == raw
    letter = kept.safe_key[-3]
    wrong = kept.safe_key[:-3] + ("B" if letter != "B" else "C") + kept.safe_key[-2:]
    with pytest.raises(CommandError, match="letter differs"):
        private_from(wrong)


def test_the_second_place_gets_a_copy_and_a_stick_that_is_not_there_is_named(
    kept: Place, archive: Path, tmp_path: Path
) -> None:
    made = copy_newest(kept.settings, tmp_path)
    assert Path(made.file).read_bytes() == archives(backup_folder(kept.settings), "full")[-1].read_bytes()
    with pytest.raises(CommandError, match="plug the disk in"):
        copy_newest(kept.settings, tmp_path / "stick")
    assert not (tmp_path / "stick").exists()


def test_the_records_are_copied_alone_every_few_minutes_and_the_copy_is_whole(kept: Place) -> None:
    kept.records.add_audit(entry("later", second=99))
    assert "rows" in copy_records_often(kept.settings, kept.records.database)
    newest = archives(backup_folder(kept.settings) / "records", "records")[-1]
    assert sums_of(newest) == sums_of(kept.data / "records/records.sqlite")
    with closing(SqlRecordStore.at(newest)) as records:
        assert records.audit(NOW)[0].action == "later"


def test_everything_young_stays_then_one_a_day_then_one_a_month() -> None:
    instants = [NIGHT - number * timedelta(hours=6) for number in range(4 * 100)]
    gone = surplus(instants, Keeping(DAILY, 7, 3), NIGHT)
    stays = sorted(set(instants) - gone, reverse=True)
    assert stays[:5] == instants[:5], "a day's worth of everything"
    assert {at.strftime("%Y-%m") for at in stays} == {"2026-07", "2026-06", "2026-05"}
    assert len({at.date() for at in stays if at > NIGHT - timedelta(days=6.9)}) == 7
    assert surplus([NIGHT - timedelta(days=4000)], Keeping(DAILY, 1, 0), NIGHT) == set(), (
        "the newest one stays"
    )


def test_a_damaged_line_of_the_journal_hides_no_other(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.note(Entry(NIGHT, "backup", ok=True, file="a"))
    with (tmp_path / "journal.jsonl").open("a") as file:
        file.write('{"half": \n')
    journal.note(Entry(NIGHT, "copy", ok=True, file="b", other_disk=True))
    assert [found.file for found in journal.entries()] == ["a", "b"]


@pytest.mark.needs("postgres")
def test_records_of_a_server_come_back_as_a_file(tmp_path: Path, postgres_url: str) -> None:
    with place(tmp_path, postgres_url) as kept:
        done = make_backup(kept.sources)
        restore(Path(done["file"]), tmp_path / "new", kept.data, None)
    with closing(SqlRecordStore.at(tmp_path / "new/records/records.sqlite")) as records:
        assert len(records.audit(NOW)) == 30


def test_the_verbs_make_an_archive_look_into_it_and_bring_it_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with place(tmp_path) as kept:
        pass
    folders = ["--config", str(tmp_path / "config"), "--data", str(kept.data), "--json"]
    assert main([*folders, "backup"]) == 0
    done = json.loads(capsys.readouterr().out)
    assert (done["samples"], done["records"] > 30) == (50, True)
    assert main([*folders, "restore", done["file"], "--dry-run"]) == 0
    assert json.loads(capsys.readouterr().out)["files"] == done["files"]
    assert main([*folders, "restore", done["file"], "--to", str(tmp_path / "new")]) == 0
    assert main([*folders, "backup", "test"]) == 0
    assert (tmp_path / "new/samples/samples.duckdb").exists()


def test_a_backup_that_does_not_read_back_is_no_backup(kept: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    real = write_archive

    def spoiled(folder: Path, target: Path, *rest: object) -> object:
        manifest = real(folder, target, *rest)  # type: ignore[arg-type]
        content = bytearray(target.read_bytes())
        content[-1] ^= 1
        target.write_bytes(content)
        return manifest

    monkeypatch.setattr(work, "write_archive", spoiled)
    with pytest.raises(DamagedArchiveError):
        make_backup(kept.sources)
    noted = last(Journal(backup_folder(kept.settings)).entries(), "backup", ok=None)
    assert noted is not None
    assert not noted.ok
