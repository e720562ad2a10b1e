"""What a dispatch sheet looks like on paper: real Chromium prints it, and a reader of PDF counts its pages."""

import io
import unicodedata
from collections.abc import Iterator
from typing import Any

import pytest
from pypdf import PdfReader

from tests.dashboard.fixtures import PASSWORD, Served, World
from tests.dashboard.test_work import busy_district, client_of, post

A4_MM, A5_MM = (210, 297), (148, 210)
_MM = 72 / 25.4


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = busy_district(tmp_path_factory.mktemp("paper"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def printed(world: World, browser: Any) -> Iterator[Any]:
    """Return what prints a page of the desk."""
    served = Served(world.app())
    page = browser.new_page()
    page.goto(f"{served.url}/login")
    page.fill("#user", "om")
    page.fill("#password", PASSWORD)
    page.click("button.primary")

    def pdf(path: str) -> PdfReader:
        page.goto(f"{served.url}{path}")
        return PdfReader(io.BytesIO(page.pdf(prefer_css_page_size=True)))

    yield pdf
    page.close()
    served.stop()


def said(page: Any) -> str:
    """Return the words of a page; some signs come out of a font as radicals that look the same."""
    return unicodedata.normalize("NFKC", page.extract_text())


@pytest.mark.needs("chromium")
@pytest.mark.needs("cjk_font")
def test_a_dispatch_sheet_is_one_page_of_a4_and_two_of_a5_with_the_safety_line_first(
    world: World, printed: Any
) -> None:
    desk, token = client_of(world.app())
    path = post(desk, token, "/app/queue/x1", act="order", assignee="field").headers["Location"]
    large, small = printed(f"{path}/print"), printed(f"{path}/print?size=A5")
    for found, (width_mm, height_mm), pages in ((large, A4_MM, 1), (small, A5_MM, 2)):
        box = found.pages[0].mediabox
        assert (round(float(box.width) / _MM), round(float(box.height) / _MM)) == (width_mm, height_mm)
        assert len(found.pages) == pages
        words = said(found.pages[0])
        assert words.index("安全第一") < words.index("先查三项")
    assert "现场填写" in said(small.pages[1])  # a heading stays with what it heads
