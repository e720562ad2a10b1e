"""Whatever money refuses is said in the reader's language: every reason raised in the code has its words, in Chinese."""

import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from commands.money_base import MoneyRefusedError
from domain.errors import LedgerRefusedError
from domain.ledger import Broken, Entry, Posting, take_from_lots
from revenue.income import PlantMonth, attribute, divide
from revenue.meter import RegisterSpan, modulus_of
from revenue.ownership import divide_kw, shares_on
from revenue.receipt import subsidy_items
from revenue.refusal import FactMissingError, Refusal, RefusedError, SumsError, broken_words, refuse, words_of
from revenue.tariff import Tariff, subsidy_counter
from tests.conftest import ROOT
from tests.revenue.test_ownership import plant
from texts.loader import Texts

ZH, EN = Texts("zh"), Texts("en")
FOLDERS = ("revenue", "commands", "domain", "stores")
RAISED = {
    "sums": re.compile(r"(?:SumsError|FactMissingError)\(\s*\"(\w+)\""),
    "ledger.refused": re.compile(r"(?:LedgerRefusedError|MoneyRefusedError)\(\s*\"(\w+)\""),
    "statement.problem": re.compile(
        r"(?:RowProblem\([^,]+,[^,]+,\s*|CellError\(\s*|reader\.problem\([^,]+,\s*)\"(\w+)\""
    ),
}
ENGLISH = re.compile(r"[A-Za-z]{3,} [A-Za-z]{2,}")
NAMES = re.compile(r"\{\w+\}|\w+\.yaml|ownership/|--column|kWh|GB18030|XLSX|JPEG|PNG")


def sources() -> list[Path]:
    return [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))]


@pytest.mark.parametrize("area", RAISED)
def test_every_reason_raised_has_words_in_both_languages(area: str) -> None:
    found = {key for path in sources() for key in RAISED[area].findall(path.read_text("utf-8"))}
    assert len(found) > 10
    for key in found:
        assert f"{area}.{key}" in ZH, key
        assert f"{area}.{key}" in EN, key


@pytest.mark.parametrize(
    "area",
    ["sums", "ledger.refused", "statement.problem", "payout.refusal", "moneyacts", "access.table.problem"],
)
def test_the_chinese_words_of_a_refusal_are_chinese(area: str) -> None:
    keys = [key for key in ZH.keys() if key.startswith(f"{area}.")]  # noqa: SIM118 (a method of ours)
    assert len(keys) > 5
    for key in keys:
        plain = NAMES.sub("", ZH(key))
        assert re.search(r"[一-鿿]", plain), key
        assert not ENGLISH.search(plain), (key, plain)


def test_no_reason_is_handed_on_as_english_text() -> None:
    for path in sources():
        if path.parent.name in {"revenue", "commands"}:
            assert "reason=str(error)" not in path.read_text("utf-8"), path


def _raised(act: object) -> Exception:
    with pytest.raises(Exception) as caught:
        act()  # type: ignore[operator]
    return caught.value


@pytest.mark.parametrize(
    "act",
    [
        lambda: divide(PlantMonth("p", "2026-01", 1), {}),
        lambda: attribute(1, {"2026-01": 0}),
        lambda: subsidy_items("p", "subsidy", 1, []),
        lambda: RegisterSpan(Decimal(-1), Decimal(0), Decimal(1)).difference(),
        lambda: RegisterSpan(Decimal(9), Decimal(1), Decimal(1)).difference(),
        lambda: RegisterSpan(Decimal(1), Decimal(1000), Decimal(1), Decimal(1000)).difference(),
        lambda: modulus_of(2),
        lambda: Tariff("p", ()).taxation_on(date(2026, 1, 1)),
        lambda: subsidy_counter(Tariff("p", ()), date(2026, 1, 1), Decimal(0), Decimal(1)),
        lambda: shares_on(plant(), date(2000, 1, 1), {}),
        lambda: divide_kw(1.0, {}),
        lambda: take_from_lots([], 0),
        lambda: take_from_lots([], 1),
        lambda: Entry("k", "v", date(2026, 1, 1), date(2026, 1, 1), "", (Posting("1", 1),), "x", "y", "a"),
        lambda: Entry("k", "v", date(2026, 1, 1), date(2026, 1, 1), "", (Posting("1", 0),), "x", "y", "a"),
    ],
)
def test_what_the_rules_of_money_raise_is_said_in_chinese_through_a_command(act: object) -> None:
    error = _raised(act)
    assert isinstance(error, SumsError | FactMissingError | LedgerRefusedError)
    for said in (words_of(error, ZH), MoneyRefusedError("sums", reason=error).words(ZH)):
        assert re.search(r"[一-鿿]", said)
        assert not ENGLISH.search(said.replace("tariffs.yaml", "")), said
    assert not re.search(r"[一-鿿]", words_of(error, EN))
    inside = RefusedError([Refusal("books", {"reason": error})])
    assert words_of(error, ZH) in inside.words(ZH)


def test_an_error_without_words_says_its_own_text() -> None:
    assert words_of(ValueError("odd"), ZH) == "odd"
    assert re.search(r"[一-鿿]", words_of(refuse("changed_meanwhile"), ZH))


def test_an_error_says_by_itself_in_english_what_a_reader_gets_in_chinese() -> None:
    for error in (
        FactMissingError("no_seller", plant="p", day=date(2026, 1, 1)),
        SumsError("no_shares", plant="p"),
    ):
        assert str(error) == words_of(error, Texts("en"))
        assert words_of(error, Texts("zh")) != str(error)


def test_a_broken_row_is_named_with_its_place_in_both_languages() -> None:
    place = {"kind": "statement", "identity": "p 2026-07", "number": 7}
    found = Broken("seal", "fact", place)
    assert broken_words(found, EN) == "fact statement p 2026-07 (number 7): its content does not fit its seal"
    assert re.search(r"[一-鿿].*p 2026-07.*7", broken_words(found, ZH))
    assert (
        broken_words(Broken("no_entry", values={"sequence": 3}), EN) == "posting without an entry: sequence 3"
    )
