"""Addresses with their secrets: one file a target, readable by its owner alone; nothing of it is ever logged."""

import stat
from pathlib import Path

from domain.errors import ConfigurationError

_BYTES_MAX = 4096


def read_secret(folder: Path, name: str, target_id: str) -> list[str]:
    """Return the lines of a secret file.

    Raises
    ------
    ConfigurationError
        It is missing, empty, or others may read it; says which command cures it.
    """
    path = folder / name
    try:
        mode = path.stat().st_mode
        text = path.read_bytes()[:_BYTES_MAX].decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"target {target_id}: {path} cannot be read; write the address of the target into it (mode 0600)"
        ) from error
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ConfigurationError(f"target {target_id}: others may read {path}; run: chmod 600 {path}")
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    if not lines:
        raise ConfigurationError(
            f"target {target_id}: {path} is empty; write the address of the target into it"
        )
    return lines
