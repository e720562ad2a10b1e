"""Why somebody may not have something, in words."""

from domain.errors import AccessDeniedError
from texts.loader import Texts


def denied_words(error: AccessDeniedError, texts: Texts) -> str:
    """Return why, in the reader's language as far as the error has words; else its own text."""
    return texts(f"denied.{error.reason}", **error.values) if error.reason else str(error)
