"""What somebody should look at, and what raises nothing."""

from datetime import date
from decimal import Decimal

import pytest

from industries.attainment import Attainment, attain
from industries.fund import FundStanding
from industries.indicator import IndicatorKind
from industries.rules import Limits
from industries.watch import behind, claim_rates, price_drops, unreported
from tests.industries.builders import MU, guarantee, indicator, report
from texts.loader import LANGUAGES, Texts

TENTH = Decimal("0.1")
DUE = date(2026, 7, 5)


def reached(
    value: str | None, kind: IndicatorKind = IndicatorKind.FLOW, period: str = "2026-06"
) -> Attainment:
    of = indicator(kind, MU, "1200")
    reports = [] if value is None else [report(value, period)]
    return attain(of, period, reports, {"north": 1}, TENTH)


def test_what_is_behind_its_path_is_told_with_its_share_and_what_nobody_knows_is_not() -> None:
    assert [(one.subject, one.values["share"]) for one in behind([reached("300")])] == [("thing", "50.0 %")]
    assert behind([reached("600"), reached(None)]) == []


def test_a_missing_report_is_told_after_its_day_and_not_before() -> None:
    assert unreported({"north": 3}, DUE, DUE) == []
    [found] = unreported({"north": 3, "south": 0}, DUE, date(2026, 7, 9))
    assert (found.subject, found.values) == ("north", {"count": 3, "days": 4})


@pytest.mark.parametrize(("now", "told"), [("79", True), ("80", False), ("120", False), (None, False)])
def test_a_price_that_fell_by_more_than_a_fifth_is_told(now: str | None, *, told: bool) -> None:
    later = reached(now, IndicatorKind.PRICE)
    before = reached("100", IndicatorKind.PRICE, "2026-05")
    assert bool(price_drops([later], [before], Limits())) is told
    assert price_drops([later], [reached(None, IndicatorKind.PRICE, "2026-05")], Limits()) == []
    assert price_drops([reached("1")], [reached("100", period="2026-05")], Limits()) == []


def test_claims_that_eat_a_fund_are_told_and_an_empty_fund_is_not() -> None:
    eaten = FundStanding(guarantee(), 1000, 101, 0)
    assert [one.rule for one in claim_rates([eaten], Limits())] == ["claim_rate"]
    assert (
        claim_rates([FundStanding(guarantee(), 1000, 100, 0), FundStanding(guarantee(), 0, 0, 0)], Limits())
        == []
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_notice_has_words(language: str) -> None:
    texts = Texts(language)
    found = [
        *behind([reached("300")]),
        *unreported({"north": 3}, DUE, date(2026, 7, 9)),
        *price_drops(
            [reached("1", IndicatorKind.PRICE)], [reached("9", IndicatorKind.PRICE, "2026-05")], Limits()
        ),
        *claim_rates([FundStanding(guarantee(), 1000, 500, 0)], Limits()),
    ]
    assert len(found) == 4
    assert all("X" in one.words(texts, name="X") and "{" not in one.words(texts, name="X") for one in found)
