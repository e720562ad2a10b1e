"""The written layer, DATA/config/: every change is a new folder of files, never an edit of an old one.

    DATA/config/current                the number in force; renamed into place, so a change is whole or not there
    DATA/config/revisions/<number>/    a layer in the layout of config/, and revision.json: who, when, checksum

No `current`, or 0, means that only the delivered files hold. Undo writes a further revision that equals the
one before the change it takes back, so history only grows.
"""

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from domain.errors import CommandError, ConfigurationError, StoreUnavailableError
from main.registry import emit
from main.registry.changes import differs
from main.registry.facts import Facts
from main.registry.records import DISTRICT, OWNERSHIP, PLANT, REMOVED, VILLAGES, Row

CURRENT = "current"
_REVISIONS = "revisions"
_ABOUT = "revision.json"


@dataclass(frozen=True, slots=True)
class Revision:
    """One change. ``parent`` is the revision before it; ``undoes`` the one an undo takes back, else 0."""

    number: int
    parent: int
    at: datetime
    user: str
    action: str  # import, undo, add
    summary: str
    sha256: str
    undoes: int = 0


def current_number(overlay: Path) -> int:
    """Return the number in force, 0 when nothing was ever changed.

    Raises
    ------
    ConfigurationError
        The file holds no number.
    """
    try:
        text = (overlay / CURRENT).read_text("ascii").strip()
    except FileNotFoundError:
        return 0
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{overlay / CURRENT}: cannot be read ({error})") from error
    if not text.isdecimal():
        raise ConfigurationError(
            f"{overlay / CURRENT}: expected the number of a revision, found {text[:20]!r}"
        )
    return int(text)


def folder_of(overlay: Path, number: int) -> Path:
    """Return the folder of a revision."""
    return overlay / _REVISIONS / str(number)


def files_of(base: Facts, wanted: Facts, header: str) -> dict[str, str]:
    """Return the files of a layer that, laid over ``base``, says what ``wanted`` says."""
    files: dict[str, str] = {}
    assert wanted.district is not None
    if base.district is not None and base.district["sample"] and not wanted.district["sample"]:
        base = Facts()  # a list of one's own stands alone: no plant of a later sample may slip in
        files["removed.yaml"] = emit.document(REMOVED, emit.row({"everything": True}, REMOVED), header)
    changed = {
        name: {key: row for key, row in rows.items() if _is_new(row, base.groups()[name].get(key))}
        for name, rows in wanted.groups().items()
    }
    if changed["towns"] or differs(DISTRICT, base.district, wanted.district):
        values = {**wanted.district.values, "towns": tuple(changed["towns"].values())}
        files["district.yaml"] = emit.document(DISTRICT, emit.row(values, DISTRICT), header)
    if changed["villages"] or changed["events"]:
        values = {
            "villages": tuple(changed["villages"].values()),
            "events": tuple(changed["events"].values()),
        }
        files["villages.yaml"] = emit.document(VILLAGES, emit.row(values, VILLAGES), header)
    for plant_id, row in changed["plants"].items():
        files[f"plants/{plant_id}.yaml"] = emit.document(PLANT, row, header)
    for plant_id, row in changed["ownership"].items():
        files[f"ownership/{plant_id}.yaml"] = emit.document(OWNERSHIP, row, header)
    gone = {
        name: tuple(key for key in rows if key not in wanted.groups()[name])
        for name, rows in base.groups().items()
    }
    if any(gone.values()):
        files["removed.yaml"] = emit.document(REMOVED, emit.row(gone, REMOVED), header)
    return files


def _is_new(row: Row, earlier: Row | None) -> bool:
    return earlier is None or not row.same_as(earlier)


def digest(files: Mapping[str, str]) -> str:
    """Return the SHA-256 of a layer: names and contents, in order."""
    total = hashlib.sha256()
    for name in sorted(files):
        content = files[name].encode()
        total.update(f"{name}\0{len(content)}\0".encode())
        total.update(content)
    return total.hexdigest()


def files_by_hand(overlay: Path) -> list[Path]:
    """Return files of a layer that lie beside the revisions, where only a person can have put them."""
    places = [overlay / name for name in ("district.yaml", "villages.yaml", "removed.yaml")]
    found = [path for path in places if path.exists()]
    for name in ("plants", "ownership"):
        found += sorted((overlay / name).glob("*"))
    return found


def read_files(folder: Path) -> dict[str, str]:
    """Return the files of a written layer by their path below its folder."""
    return {
        path.relative_to(folder).as_posix(): path.read_text("utf-8")
        for path in sorted(folder.rglob("*.yaml"))
    }


def add_revision(
    overlay: Path,
    files: Mapping[str, str],
    revision: Revision,
    verify: Callable[[Path], None] = lambda _: None,
) -> Revision:
    """Write a layer as a new revision and put it in force; return it with its number and checksum.

    ``revision.number`` and ``.sha256`` are filled in here. The folder is complete on disk before it is named
    in `current`, and `current` changes by one rename. ``verify`` is given the complete folder before that and
    stops everything by raising.

    Raises
    ------
    CommandError
        Somebody else changed the registry at the same moment.
    StoreUnavailableError
        The folder cannot be written.
    """
    by_hand = files_by_hand(overlay)
    if by_hand:
        raise CommandError(f"{by_hand[0]}: this layer is written by commands only; move the file away first")
    home = overlay / _REVISIONS
    numbers = [one.number for one in history(overlay)]
    number = max(numbers, default=0) + 1
    complete = Revision(**{**asdict(revision), "number": number, "sha256": digest(files)})
    staging = home / f".new-{os.getpid()}"
    try:
        home.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(staging, ignore_errors=True)
        staging.mkdir()
        for name, text in {**files, _ABOUT: _about(complete)}.items():
            _write(staging / name, text)
        verify(staging)
        try:
            staging.rename(home / str(number))
        except OSError as error:
            raise CommandError(f"revision {number} was just written by somebody else; try again") from error
        _sync(home)
        _put_in_force(overlay, number)
    except OSError as error:
        raise StoreUnavailableError(
            f"{overlay}: cannot be written ({error.strerror}); check disk and permissions"
        ) from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return complete


def _put_in_force(overlay: Path, number: int) -> None:
    new = overlay / f".{CURRENT}-{os.getpid()}"
    _write(new, f"{number}\n")
    new.replace(overlay / CURRENT)
    _sync(overlay)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    with contextlib.suppress(OSError):  # some file systems cannot sync a folder; the rename is still whole
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _about(revision: Revision) -> str:
    return (
        json.dumps({**asdict(revision), "at": revision.at.isoformat()}, ensure_ascii=False, indent=1) + "\n"
    )


def revision_of(overlay: Path, number: int) -> Revision:
    """Return what is known of a revision.

    Raises
    ------
    ConfigurationError
        Its description is missing or unreadable.
    """
    path = folder_of(overlay, number) / _ABOUT
    try:
        found: dict[str, Any] = json.loads(path.read_text("utf-8"))
        return Revision(**{**found, "at": datetime.fromisoformat(found["at"])})
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ConfigurationError(f"{path}: cannot be read ({error}); restore it from a backup") from error


def history(overlay: Path) -> list[Revision]:
    """Return every revision, oldest first."""
    home = overlay / _REVISIONS
    if not home.is_dir():
        return []
    numbers = sorted(int(path.name) for path in home.iterdir() if path.name.isdecimal())
    return [revision_of(overlay, number) for number in numbers]


def is_intact(overlay: Path, revision: Revision) -> bool:
    """Tell whether the files of a revision are as they were written."""
    return digest(read_files(folder_of(overlay, revision.number))) == revision.sha256


def undo(overlay: Path, user: str, at: datetime) -> Revision | None:
    """Take back the newest change that is in force; None when there is none.

    Raises
    ------
    CommandError, StoreUnavailableError, ConfigurationError
        See `add_revision` and `revision_of`.
    """
    number = current_number(overlay)
    while number and revision_of(overlay, number).undoes:  # it equals an older one: that one is taken back
        number = revision_of(overlay, number).parent
    if number == 0:
        return None
    undone = revision_of(overlay, number)
    target = undone.parent
    files = read_files(folder_of(overlay, target)) if target else {}
    return add_revision(
        overlay,
        files,
        Revision(0, target, at, user, "undo", f"{undone.number} -> {target}", "", undoes=undone.number),
    )
