"""One archive: a sealed, compressed tar whose first member says what must be in it, byte for byte."""

import gzip
import hashlib
import json
import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from domain.errors import CommandError, StoreUnavailableError
from main.backup.keys import Recipient
from main.backup.sealing import DamagedArchiveError, SealedReader, SealedWriter

FORMAT = 1
_MANIFEST = "manifest.json"
_COMPRESSION = 1  # what is large is compressed already
_MANIFEST_BYTES_MAX = 64 << 20


@dataclass(frozen=True)
class Manifest:
    """What an archive holds. ``files``: size and SHA-256 of each; ``counted``: rows and sums of each part."""

    made_at: datetime
    program: str
    files: dict[str, tuple[int, str]]
    counted: dict[str, Any]

    @property
    def size_bytes(self) -> int:
        """Size of everything in it."""
        return sum(size for size, _ in self.files.values())


def program_version() -> str:
    """Return the version of this program; a source tree that was never installed has none."""
    try:
        return metadata.version("pvmon")
    except metadata.PackageNotFoundError:
        return "source"


def write_archive(
    folder: Path, target: Path, counted: dict[str, Any], made_at: datetime, recipients: Sequence[Recipient]
) -> Manifest:
    """Pack and seal everything in ``folder``; the file is there whole or not at all.

    Raises
    ------
    StoreUnavailableError
        It cannot be written.
    """
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    files = {path.relative_to(folder).as_posix(): (path.stat().st_size, sha256_of(path)) for path in paths}
    manifest = Manifest(made_at, program_version(), files, counted)
    part = target.with_name(f"{target.name}.part")
    try:
        with part.open("wb") as file:
            part.chmod(0o600)
            sealed = SealedWriter(file, recipients)
            with (
                gzip.GzipFile(fileobj=sealed, mode="wb", compresslevel=_COMPRESSION, mtime=0) as packed,
                tarfile.open(fileobj=packed, mode="w|") as tar,
            ):
                _add_manifest(tar, manifest)
                for path in paths:
                    tar.add(path, path.relative_to(folder).as_posix(), recursive=False)
            sealed.close()
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise StoreUnavailableError(
            f"{target}: the backup cannot be written ({error.strerror}); free space, or name another folder "
            "in PVMON_BACKUP_DIR"
        ) from error
    return manifest


def _add_manifest(tar: tarfile.TarFile, manifest: Manifest) -> None:
    document = {
        "format": FORMAT,
        "made_at": manifest.made_at.isoformat(),
        "program": manifest.program,
        "files": manifest.files,
        "counted": manifest.counted,
    }
    with tempfile.TemporaryFile() as file:
        file.write(json.dumps(document, ensure_ascii=False).encode())
        about = tarfile.TarInfo(_MANIFEST)
        about.size = file.tell()
        file.seek(0)
        tar.addfile(about, file)


@contextmanager
def _opened(archive: Path, private: bytes) -> Iterator[tuple[tarfile.TarFile, Manifest]]:
    try:
        with archive.open("rb") as file:
            sealed = SealedReader(file, private)
            with tarfile.open(fileobj=sealed, mode="r|gz") as tar:  # type: ignore[call-overload]
                yield tar, _manifest(tar)
            sealed.read()  # what stands after the end of the tar must be whole too
    except (tarfile.TarError, EOFError) as error:
        raise DamagedArchiveError(f"{archive}: damaged inside ({error}); use another copy") from error
    except CommandError as error:
        raise type(error)(f"{archive}: {error}") from error
    except OSError as error:
        raise CommandError(f"{archive}: cannot be read ({error.strerror or error})") from error


def _manifest(tar: tarfile.TarFile) -> Manifest:
    about = tar.next()
    content = tar.extractfile(about) if about is not None and about.name == _MANIFEST else None
    if content is None or about is None or about.size > _MANIFEST_BYTES_MAX:
        raise DamagedArchiveError("the list of contents is missing; use another copy")
    document = json.loads(content.read())
    if document["format"] > FORMAT:
        raise CommandError("a newer pvmon made this archive; restore it with that version")
    files = {name: (int(size), str(digest)) for name, (size, digest) in document["files"].items()}
    return Manifest(
        datetime.fromisoformat(document["made_at"]), document["program"], files, document["counted"]
    )


def verify(archive: Path, private: bytes) -> Manifest:
    """Read an archive to its last byte and compare every file with its check sum; write nothing.

    Raises
    ------
    DamagedArchiveError
        It is not whole, or a file differs; the message names it.
    """
    with _opened(archive, private) as (tar, manifest):
        found: dict[str, tuple[int, str]] = {}
        while (member := tar.next()) is not None:
            content = tar.extractfile(member)
            if content is not None:
                found[member.name] = (member.size, hashlib.file_digest(content, "sha256").hexdigest())  # type: ignore[arg-type]
        _compare(manifest, found)
    return manifest


def extract(archive: Path, private: bytes, folder: Path) -> Manifest:
    """Bring everything into an empty folder and compare every file with its check sum.

    Raises
    ------
    DamagedArchiveError
        It is not whole, or a file differs; the message names it.
    """
    with _opened(archive, private) as (tar, manifest):
        while (member := tar.next()) is not None:
            tar.extract(member, folder, filter="data")
    found = {
        path.relative_to(folder).as_posix(): (path.stat().st_size, sha256_of(path))
        for path in folder.rglob("*")
        if path.is_file()
    }
    _compare(manifest, found)
    return manifest


def _compare(manifest: Manifest, found: dict[str, tuple[int, str]]) -> None:
    for name, wanted in manifest.files.items():
        if name not in found:
            raise DamagedArchiveError(f"{name} is missing; use another copy")
        if found[name] != wanted:
            raise DamagedArchiveError(f"{name} differs from its check sum; use another copy")
    more = sorted(set(found) - set(manifest.files))
    if more:
        raise DamagedArchiveError(f"{more[0]} is in it and should not be; use another copy")


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def copy_verified(source: Path, target: Path) -> None:
    """Copy a file elsewhere and read it back; there whole or not at all.

    Raises
    ------
    StoreUnavailableError
        It cannot be written, or what arrived differs.
    """
    part = target.with_name(f"{target.name}.part")
    try:
        shutil.copyfile(source, part)
        with part.open("rb+") as file:
            os.fsync(file.fileno())
        if sha256_of(part) != sha256_of(source):
            raise StoreUnavailableError(f"{target}: what arrived differs; that disk is not sound")
        part.replace(target)
    except OSError as error:
        raise StoreUnavailableError(f"{target}: cannot be written ({error.strerror})") from error
    finally:
        part.unlink(missing_ok=True)
