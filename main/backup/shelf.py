"""The folders archives lie in: their names, how long they stay, the second place, and a journal of what was done."""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from domain.errors import StoreUnavailableError
from main.backup.archive import copy_verified

SUFFIX = ".pvmon"
_STAMP = "%Y%m%dT%H%M%SZ"
_NAME = re.compile(r"^pvmon-(full|records)-(\d{8}T\d{6}Z)\.(pvmon|sqlite)$")
HOURLY, DAILY = timedelta(hours=1), timedelta(days=1)
_JOURNAL_LINES_MAX = 5000


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that was done: ``since``, ``backup``, ``copy``, ``records`` or ``restore_test``."""

    at: datetime
    what: str
    ok: bool
    file: str = ""
    reason: str = ""
    other_disk: bool = False


@dataclass(frozen=True, slots=True)
class Keeping:
    """How long: everything for ``everything``, then the newest of each day, then the newest of each month."""

    everything: timedelta
    days: int
    months: int


class Journal:
    """Lines of JSON beside the archives; a damaged line is passed over, none is ever changed."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "journal.jsonl"

    def note(self, entry: Entry) -> None:
        """Add a line."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        document = asdict(entry) | {"at": entry.at.isoformat()}
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(document, ensure_ascii=False) + "\n")

    def entries(self) -> list[Entry]:
        """Return the newest lines, oldest first."""
        try:
            lines = self._path.read_text("utf-8").splitlines()[-_JOURNAL_LINES_MAX:]
        except FileNotFoundError:
            return []
        found = []
        for line in lines:
            try:
                document = json.loads(line)
                found.append(Entry(**(document | {"at": datetime.fromisoformat(document["at"])})))
            except (ValueError, TypeError, KeyError):
                continue
        return found

    def begin(self, at: datetime) -> None:
        """Note once since when there is something to lose."""
        if not any(entry.what == "since" for entry in self.entries()):
            self.note(Entry(at, "since", ok=True))


def archive_name(kind: str, at: datetime, suffix: str = SUFFIX) -> str:
    """Return the name of an archive made at ``at``."""
    return f"pvmon-{kind}-{at.astimezone(UTC).strftime(_STAMP)}{suffix}"


def made_at(path: Path) -> datetime | None:
    """Return when an archive was made, None for a file of another name."""
    match = _NAME.match(path.name)
    return None if match is None else datetime.strptime(match.group(2), _STAMP).replace(tzinfo=UTC)


def archives(folder: Path, kind: str) -> list[Path]:
    """Return the archives of a folder, oldest first."""
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.glob(f"pvmon-{kind}-*") if made_at(path) is not None)


def surplus(instants: Iterable[datetime], keeping: Keeping, now: datetime) -> set[datetime]:
    """Return which of the instants need not be kept; the newest one always is."""
    newest_first = sorted(instants, reverse=True)
    kept: set[datetime] = set(newest_first[:1])
    kept |= {at for at in newest_first if now - at <= keeping.everything}
    for form, count in (("%Y-%m-%d", keeping.days), ("%Y-%m", keeping.months)):
        newest: dict[str, datetime] = {}
        for at in newest_first:
            newest.setdefault(at.strftime(form), at)
        kept |= set(list(newest.values())[:count])
    return set(newest_first) - kept


def clear(folder: Path, kind: str, keeping: Keeping, now: datetime) -> list[str]:
    """Remove what need not be kept; return the names."""
    by_instant = {at: path for path in archives(folder, kind) if (at := made_at(path)) is not None}
    removed = []
    for at in sorted(surplus(by_instant, keeping, now)):
        by_instant[at].unlink(missing_ok=True)
        removed.append(by_instant[at].name)
    return removed


def copy_elsewhere(archive: Path, folder: Path, keeping: Keeping, now: datetime) -> Entry:
    """Copy an archive to the second place and make room there; return what to note.

    A stick that is not plugged in must not look like an empty folder of this machine: the folder must be there.
    """
    try:
        _refuse_missing(folder)
        copy_verified(archive, folder / archive.name)
        clear(folder, "full", keeping, now)
    except (StoreUnavailableError, OSError) as error:
        return Entry(now, "copy", ok=False, file=archive.name, reason=str(error))
    other = folder.stat().st_dev != archive.stat().st_dev
    return Entry(now, "copy", ok=True, file=str(folder / archive.name), other_disk=other)


def _refuse_missing(folder: Path) -> None:
    if not folder.is_dir():
        raise StoreUnavailableError(f"{folder}: is not there; plug the disk in, or make the folder")


def last(
    entries: Sequence[Entry], what: str, *, ok: bool | None = True, other_disk: bool = False
) -> Entry | None:
    """Return the newest entry of a kind that fits."""
    fitting = (
        entry
        for entry in reversed(entries)
        if entry.what == what and (ok is None or entry.ok is ok) and (entry.other_disk or not other_disk)
    )
    return next(fitting, None)
