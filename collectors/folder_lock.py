"""One process per data folder: an exclusive lock that ends with the process, however it ends."""

import fcntl
import os
from pathlib import Path

from domain.errors import SpoolError


class FolderLock:
    """Held from construction to `release` or the death of the process.

    Raises
    ------
    SpoolError
        Another process holds it, or the folder cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise SpoolError(
                f"folder {path.parent}: cannot be written ({error.strerror}); "
                "make it writable for this user or choose another with --data"
            ) from error
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.read(self._handle, 32).decode("ascii", "replace").strip() or "unknown"
            os.close(self._handle)
            raise SpoolError(
                f"folder {path.parent}: process {holder} already collects into it; "
                "stop that one or choose another folder with --data"
            ) from error
        os.ftruncate(self._handle, 0)
        os.write(self._handle, f"{os.getpid()}\n".encode())

    def release(self) -> None:
        """Let others in."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1
