"""In a real browser: sums are checked while typing, the photo stands beside the fields, a preview keeps the file."""

from pathlib import Path
from typing import Any

import pytest

from tests.browser.test_pages import SIZES, Visit

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.needs("cjk_font")]
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63f8ffff3f0005fe02fe"
    "0def46b80000000049454e44ae426082"
)


@pytest.mark.parametrize("size", SIZES)
def test_the_sums_of_a_paper_are_checked_while_it_is_typed(
    browser: Any, base: str, size: str, tmp_path: Path
) -> None:
    visit = Visit(browser, base, size, "settlement")
    page = visit.page
    page.goto(f"{base}/app/money-type/statement")
    photo = tmp_path / "paper.png"
    photo.write_bytes(PNG)
    page.set_input_files("#photo", str(photo))
    assert page.locator("#shown").is_visible()
    page.fill("#f-kwh", "30,000")
    page.fill("#f-price", "0.3545")
    assert page.inner_text("#check-amount") == "应为 10,635.00"
    page.fill("#f-amount", "10365.00")
    assert "对不上" in page.inner_text("#check-amount")
    page.fill("#f-amount", "10635.40")
    assert "尾差可以接受" in page.inner_text("#check-amount")
    page.fill("#f-start", "100")
    page.fill("#f-end", "900")
    page.fill("#f-multiplier", "40")
    assert "应为 32,000.00" in page.inner_text("#check-kwh")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert visit.wrong == []
    visit.context.close()


def test_a_preview_names_the_bad_rows_and_the_file_stays_chosen(
    browser: Any, base: str, tmp_path: Path
) -> None:
    visit = Visit(browser, base, "desk", "settlement")
    page = visit.page
    page.goto(f"{base}/app/money-import/statements")
    file = tmp_path / "结算单.csv"
    file.write_text("户号,结算月份,电费\n777,2026-01,5.00\n", "utf-8")
    page.set_input_files("#file", str(file))
    page.click("button[name=keep][value='']")
    page.wait_for_selector("#said .rows")
    assert "户号 777 没有登记" in page.inner_text("#said")
    assert page.evaluate("document.getElementById('file').files.length") == 1
    assert [one for one in visit.wrong if "422" not in one] == []
    visit.context.close()
