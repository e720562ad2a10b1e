"""Making backups and trying them: what the nightly jobs and the verbs `backup` and `restore` do."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from domain.clock import SystemClock
from domain.errors import CommandError, PvmonError, StoreUnavailableError
from main.backup.archive import Manifest, extract, verify, write_archive
from main.backup.keys import private_key, recipients
from main.backup.parts import RECORDS, Sources, faults_of, stage
from main.backup.shelf import (
    DAILY,
    HOURLY,
    Entry,
    Journal,
    Keeping,
    archive_name,
    archives,
    clear,
    copy_elsewhere,
)
from main.settings import Settings
from stores.records.backup import copy_to_file, damage_of
from stores.records.database import Database

_RECORDS_KEPT = Keeping(6 * HOURLY, 35, 13)  # every five minutes for six hours, then daily, then monthly


def backup_folder(settings: Settings) -> Path:
    """Return where archives go."""
    return settings.backup_dir or settings.data_dir / "backup"


def _keeping(settings: Settings) -> Keeping:
    return Keeping(DAILY, settings.backup_keep_days, settings.backup_keep_months)


def make_backup(sources: Sources) -> dict[str, Any]:
    """Make a full archive, verify it, copy it to the second place, clear out old ones.

    Raises
    ------
    CommandError
        There are no keys yet.
    StoreError
        A part cannot be read, or the archive cannot be written.
    """
    settings = sources.settings
    folder, now = backup_folder(settings), SystemClock().now()
    journal = Journal(folder)
    try:
        to = recipients(settings.data_dir)
        with _scratch(folder) as staging:
            counted = stage(sources, staging)
            archive = folder / archive_name("full", now)
            write_archive(staging, archive, counted, now, to)
        manifest = verify(archive, private_key(settings.data_dir, None))
    except PvmonError as error:
        journal.note(Entry(now, "backup", ok=False, reason=str(error)))
        raise
    journal.note(Entry(now, "backup", ok=True, file=archive.name))
    removed = clear(folder, "full", _keeping(settings), now)
    done = _summary(archive, manifest) | {"removed": removed, "copied": None}
    if settings.backup_second_dir is not None:
        entry = copy_elsewhere(archive, settings.backup_second_dir, _keeping(settings), now)
        journal.note(entry)
        done["copied"] = {"ok": entry.ok, "file": entry.file, "reason": entry.reason}
    return done


def _summary(archive: Path, manifest: Manifest) -> dict[str, Any]:
    counted = manifest.counted
    return {
        "file": str(archive),
        "made_at": manifest.made_at.isoformat(),
        "program": manifest.program,
        "archive_bytes": archive.stat().st_size,
        "files": len(manifest.files),
        "bytes": manifest.size_bytes,
        "records": counted["records"]["rows"],
        "samples": counted["samples"].get("rows"),
        "spool": counted["spool"].get("rows"),
        "plants": counted["configuration"]["plants"],
    }


@contextmanager
def _scratch(folder: Path) -> Iterator[Path]:
    """Give a folder beside the archives that nobody else may read, and remove it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=".scratch-", dir=folder))
    except OSError as error:
        raise StoreUnavailableError(
            f"{folder}: cannot be written ({error.strerror}); name another folder in PVMON_BACKUP_DIR"
        ) from error
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def copy_newest(settings: Settings, target: Path) -> Entry:
    """Copy the newest archive to a stick or another folder.

    Raises
    ------
    CommandError
        There is no archive, or it could not be copied.
    """
    folder = backup_folder(settings)
    entry = copy_elsewhere(_newest(folder), target, _keeping(settings), SystemClock().now())
    Journal(folder).note(entry)
    if not entry.ok:
        raise CommandError(entry.reason)
    return entry


def copy_records_often(settings: Settings, database: Database) -> str:
    """Copy the records alone; what a job does every few minutes. Returns a line for the job table."""
    folder, now = backup_folder(settings) / "records", SystemClock().now()
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / archive_name("records", now, ".sqlite")
    made = copy_to_file(database, target)
    damage = damage_of(target)
    if damage:
        target.unlink()
        raise StoreUnavailableError(f"{target}: the copy is not sound ({damage})")
    removed = clear(folder, "records", _RECORDS_KEPT, now)
    return f"{sum(one.rows for one in made)} rows, {len(removed)} old copies removed"


def try_restore(settings: Settings, archive: Path | None = None) -> str:
    """Restore the newest archive into a scratch place, hold it against its counts, and note how it went.

    Raises
    ------
    StoreUnavailableError
        It cannot be restored; the message names what differs.
    """
    folder, now = backup_folder(settings), SystemClock().now()
    try:
        chosen = archive or _newest(folder)
        files = _tried(chosen, settings, folder)
    except PvmonError as error:
        Journal(folder).note(Entry(now, "restore_test", ok=False, reason=str(error)))
        raise
    Journal(folder).note(Entry(now, "restore_test", ok=True, file=chosen.name))
    return f"{chosen.name}: {files} files"


def _newest(folder: Path) -> Path:
    found = archives(folder, "full")
    if not found:
        raise StoreUnavailableError(f"{folder}: there is no archive to try; run `pvmon backup`")
    return found[-1]


def _tried(archive: Path, settings: Settings, folder: Path) -> int:
    with _scratch(folder) as scratch:
        manifest = extract(archive, private_key(settings.data_dir, None), scratch)
        faults = faults_of(scratch, manifest.counted, SystemClock())
    if faults:
        raise StoreUnavailableError(f"{archive}: {'; '.join(faults)}")
    return len(manifest.files)


def look_into(archive: Path, data: Path, key_file: Path | None) -> dict[str, Any]:
    """Read an archive to its last byte and return what is in it; nothing is written."""
    return _summary(archive, verify(archive, private_key(data, key_file)))


def restore(archive: Path, target: Path, data: Path, key_file: Path | None) -> dict[str, Any]:
    """Bring an archive back as a data folder of its own and hold it against its counts.

    Raises
    ------
    CommandError
        The target holds something already, or what was restored differs from what was backed up.
    """
    if target.exists() and any(target.iterdir()):
        raise CommandError(f"{target}: is not empty; a restore never writes over anything, name a new folder")
    part = target.with_name(f".{target.name}.part-{SystemClock().now():%H%M%S%f}")
    try:
        part.mkdir(parents=True, mode=0o700)
        manifest = extract(archive, private_key(data, key_file), part)
        faults = faults_of(part, manifest.counted, SystemClock())
        if faults:
            raise CommandError(f"{archive}: {'; '.join(faults)}; use another copy")
        if target.exists():
            target.rmdir()
        part.rename(target)
    except OSError as error:
        raise CommandError(f"{target}: cannot be written ({error.strerror})") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return _summary(archive, manifest) | {"target": str(target), "records_file": str(target / RECORDS)}
