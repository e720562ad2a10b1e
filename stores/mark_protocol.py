"""What a store promises about marks: how far a queue got, kept with the rows, so that an older copy shows itself."""

from typing import Protocol, runtime_checkable


@runtime_checkable
class MarkStore(Protocol):
    """Keeps one number per queue, in the same place as the samples: a backup of one is a backup of both."""

    def put_mark(self, queue: str, number: int) -> None:
        """Keep the number of a queue."""
        ...

    def mark(self, queue: str) -> int:
        """Return the number of a queue, 0 where none was kept."""
        ...
