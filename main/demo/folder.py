"""The demonstration's own data folder: made anew each time, and never anybody's real one."""

import shutil
from pathlib import Path

from domain.errors import StoreUnavailableError
from main.control import is_running

PAST = "past"  # where the history is made, in it
_MARK = "demonstration.txt"


def fresh_folder(data: Path) -> Path:
    """Return an empty DATA/demo; what an earlier demonstration left there is removed.

    Raises
    ------
    StoreUnavailableError
        The folder is not a demonstration's, one is running in it, or it cannot be written.
    """
    folder = data / "demo"
    try:
        if folder.exists():
            if not (folder / _MARK).exists():
                raise StoreUnavailableError(
                    f"{folder} holds no demonstration; move it away, or choose another folder with --data DIR"
                )
            if is_running(folder):
                raise StoreUnavailableError(
                    f"a demonstration runs in {folder}; end it first, or choose another folder with --data DIR"
                )
            shutil.rmtree(folder)
        folder.mkdir(parents=True)
        (folder / _MARK).write_text("Made by `pvmon demo`; removed at its next start.\n", "utf-8")
    except OSError as error:
        raise StoreUnavailableError(
            f"data folder {folder}: {error.strerror}; make it writable, or choose another one with --data DIR"
        ) from error
    return folder
