"""Attributes of elements that Python cannot spell as names."""

from typing import Any


def aria(**names: str) -> dict[str, Any]:
    """Return accessibility attributes: ``aria(label="…", live="polite")``."""
    return {f"aria-{name}": value for name, value in names.items()}


def data(**names: str) -> dict[str, Any]:
    """Return data attributes for our small scripts."""
    return {f"data-{name}": value for name, value in names.items()}
