"""What the engine's complaints mean for a person: what, where, and what to do."""

from pathlib import Path

from domain.errors import StoreError, StoreUnavailableError, StoreVersionError

_OWNED = ("Conflicting lock", "already open", "being used by another")
_FULL = ("No space left", "File too large", "Disk quota")
_FORBIDDEN = (
    "Permission denied",
    "Read-only",
    "read-only",
    "Not a directory",
    "File exists",
    "Is a directory",
)
_DAMAGED = ("not a valid DuckDB database", "orrupt", "hecksum", "WAL file", "erialization")


def _says(text: str, signs: tuple[str, ...]) -> bool:
    return any(sign in text for sign in signs)


def explained(error: Exception, path: Path) -> StoreError:
    """Return the error of ours that says what ``error`` means for the database at ``path``."""
    text = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    if _says(text, _OWNED):
        return StoreUnavailableError(
            f"{path}: another process owns this database (a running `pvmon run` or `pvmon demo`); "
            "stop it, or let the command ask it through its control socket"
        )
    if "newer version of DuckDB" in text or "storage version" in text:
        return StoreVersionError(
            f"{path}: written by a newer database engine; install the newer pvmon ({text})"
        )
    if _says(text, _FULL):
        return StoreUnavailableError(
            f"{path}: no room to write, nothing was kept; free some space, it goes on by itself ({text})"
        )
    if _says(text, _FORBIDDEN):
        return StoreUnavailableError(
            f"{path}: the data folder cannot be used; check its owner and rights, or give another --data ({text})"
        )
    if _says(text, _DAMAGED):
        return StoreUnavailableError(
            f"{path}: this is no database, or a damaged one; move it away and restore a backup ({text})"
        )
    return StoreUnavailableError(f"{path}: the database does not answer ({text})")
