"""Household slips (明白卡): four an A4, large type, one a household and plan; a thousand in a few seconds."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from commands.papers.font import refuse_lacking
from commands.papers.paper import HEIGHT, WIDTH, Paper, fitted
from domain.money import Money
from texts.loader import Texts

PER_PAGE = 4
_LINE = 21.0
_QR = 70.0


class SlipCode(Protocol):
    """What opens the household's own page: an address for the QR code, and digits to type."""

    @property
    def address(self) -> str:
        """Address in the QR code."""
        ...

    @property
    def spaced(self) -> str:
        """The digits."""
        ...


@dataclass(frozen=True, slots=True)
class Slip:
    """What a slip says: ``rows`` are reason and amount, ``five`` the lines of how the largest came about."""

    village: str
    household_id: str
    name: str
    months: str
    total: Money
    rows: tuple[tuple[str, str], ...]
    five: tuple[str, ...]
    contact: str = ""
    code: SlipCode | None = None


def slips_pdf(slips: Sequence[Slip], texts: Texts) -> bytes:
    """Return every slip, four a page.

    Raises
    ------
    RefusedError
        A name has characters the font cannot print; nothing is made.
    """
    refuse_lacking((slip.household_id, slip.name) for slip in slips)
    paper = Paper(texts("papers.slip.title"))
    canvas, height = paper.canvas, HEIGHT / PER_PAGE
    for place, slip in enumerate(slips):
        if place and place % PER_PAGE == 0:
            canvas.showPage()
        _draw(paper, slip, HEIGHT - (place % PER_PAGE) * height, texts)
    return paper.content()


def _draw(paper: Paper, slip: Slip, top: float, texts: Texts) -> None:
    left, right = 36.0, WIDTH - 36.0
    y = top - 30
    paper.text(left, y, fitted(f"{slip.village} {texts('papers.slip.title')}", 330, 15), 15)
    paper.text(right, y, slip.months, 12, "right")
    y -= _LINE + 4
    paper.text(left, y, fitted(f"{slip.household_id}  {slip.name}", 260, 15), 15)
    paper.text(right, y, texts("papers.slip.total", fen=slip.total), 17, "right")
    for reason, amount in slip.rows[:2]:
        y -= _LINE
        paper.text(left, y, fitted(reason, 380, 13), 13)
        paper.text(right, y, amount, 13, "right")
    for words in slip.five:
        y -= 14.5
        room, size = (right - left, 10.0) if slip.code is None else (right - left - _QR - 8, 9.0)
        paper.text(left, y, fitted(words, room, size), size)
    if slip.code is not None:
        bottom = top - HEIGHT / PER_PAGE
        paper.qr(slip.code.address, right - _QR, bottom + 22, _QR)
        said = texts("household.slip.number", number=slip.code.spaced)
        paper.text(right, bottom + 10, said, 10, "right")
    paper.text(
        left,
        top - HEIGHT / PER_PAGE + 10,
        texts("papers.slip.ask", contact=slip.contact or texts("papers.notice.no_contact")),
        10,
    )
    paper.canvas.setLineWidth(0.3)
    bottom = top - HEIGHT / PER_PAGE
    paper.canvas.line(0, bottom, WIDTH, bottom)
