"""Text tables for the terminal, where a Chinese character is two columns wide."""

from collections.abc import Sequence
from unicodedata import east_asian_width

_GAP = "  "


def width(text: str) -> int:
    """Return how many columns ``text`` takes in a terminal."""
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return lines with the cells of ``rows`` under each other; the last column is not padded."""
    if not rows:
        return []
    widths = [max(width(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        _GAP.join(
            cell + " " * (widths[column] - width(cell)) if column < len(row) - 1 else cell
            for column, cell in enumerate(row)
        ).rstrip()
        for row in rows
    ]
