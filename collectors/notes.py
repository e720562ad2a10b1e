"""Short notes that are kept in the spool, in the transaction of the samples they belong to."""

from collections.abc import Mapping
from typing import Protocol


class Notes(Protocol):
    """Somebody with something to remember."""

    def take_unsaved(self) -> dict[str, str]:
        """Return notes to be kept, each once."""
        ...

    def put_back(self, notes: Mapping[str, str]) -> None:
        """Keep notes for another try: the disk refused."""
        ...


class Together:
    """Several who keep notes, as one."""

    def __init__(self, *keepers: Notes) -> None:
        self._keepers = keepers
        self._from: dict[str, Notes] = {}

    def take_unsaved(self) -> dict[str, str]:
        """Return the notes of all."""
        found: dict[str, str] = {}
        for keeper in self._keepers:
            own = keeper.take_unsaved()
            self._from |= dict.fromkeys(own, keeper)
            found |= own
        return found

    def put_back(self, notes: Mapping[str, str]) -> None:
        """Give each its own notes back."""
        for keeper in self._keepers:
            own = {name: text for name, text in notes.items() if self._from.get(name) is keeper}
            if own:
                keeper.put_back(own)
