"""The one font of printed documents: open, TrueType, embedded; a character it lacks stops the document."""

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

from domain.roster import masked_name
from revenue.refusal import refuse

NAME = "wqy"
PATH = Path(__file__).parents[2] / "dashboard/assets/third_party/fonts/wqy-microhei.ttc"


@lru_cache(maxsize=1)
def _glyphs() -> frozenset[int]:
    font = TTFont(NAME, str(PATH), subfontIndex=0)
    pdfmetrics.registerFont(font)
    return frozenset(font.face.charToGlyph)


def font_name() -> str:
    """Return the name of the font, registered."""
    _glyphs()
    return NAME


def lacking(text: str) -> str:
    """Return the characters of ``text`` the font has no glyph for."""
    known = _glyphs()
    return "".join(char for char in text if not char.isspace() and ord(char) not in known)


def refuse_lacking(named: Iterable[tuple[str, str]]) -> None:
    """Refuse a document when a name cannot be printed (生僻字).

    Parameters
    ----------
    named : iterable of (household, name)

    Raises
    ------
    RefusedError
        Lists the households, with the name masked as far as it can be shown.
    """
    found = [f"{household} {masked_name(name)}" for household, name in named if lacking(name)]
    if found:
        raise refuse("glyph", persons="、".join(found))
