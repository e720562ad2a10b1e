"""Funds through the office: contributions, a hail claim, a subsidy round, returned payments; every fen in the ledger."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from commands.funds import ClaimOrder, Contribution
from domain.account import Role
from domain.errors import AccessDeniedError
from industries.report import ReportRefusedError
from revenue.fund_entries import book_of
from stores.fund_books import CONTRIBUTION, PAYMENT, open_amounts, standing_in
from tests.commands.industry_world import (
    ACCOUNTANT,
    CLERK,
    COUNTY,
    PHOTO,
    VILLAGES,
    IndustryOffice,
    open_office,
    person,
    sheet,
)

TODAY = date(2026, 8, 3)
GUARD, SUBSIDY, DISASTER = "fungus_guarantee", "artichoke_subsidy", "natural_disaster"


@pytest.fixture
def office(tmp_path: Path) -> Iterator[IndustryOffice]:
    made = open_office(tmp_path)
    yield made
    made.records.close()


def key(refused: pytest.ExceptionInfo[ReportRefusedError]) -> str:
    return refused.value.faults[0].key


def fill(office: IndustryOffice, fund: str, fen: int, reference: str = "r1") -> str:
    identity = office.funds().contribute(
        ACCOUNTANT, Contribution(fund, TODAY, fen, "区财政（虚构）", reference)
    )
    office.funds().confirm(COUNTY, identity)
    return identity


def claim(loss_fen: int = 10_000_00, asked_fen: int = 7_000_00) -> ClaimOrder:
    day = date(2026, 7, 20)
    return ClaimOrder(GUARD, "coop1", VILLAGES[0], "", "冰雹", day, loss_fen, asked_fen)


def standing(office: IndustryOffice, fund: str) -> tuple[int, int, int]:
    known = office.rules.fund(fund, TODAY)
    assert known is not None
    found = standing_in(office.records, known)
    return found.balance_fen, found.free_fen, found.asked_fen


def test_a_hail_claim_is_paid_out_of_what_came_in_and_every_fen_is_traced(office: IndustryOffice) -> None:
    lot = fill(office, GUARD, 50_000_00)
    funds = office.funds()
    made = funds.claim(CLERK, claim(), [PHOTO])
    assert standing(office, GUARD) == (50_000_00, 50_000_00, 7_000_00)
    funds.decide(COUNTY, made.claim_id, 6_500_00)
    assert standing(office, GUARD) == (50_000_00, 43_500_00, 0)
    assert funds.pay(ACCOUNTANT, made.claim_id, TODAY, "b1") == 1
    [voucher] = funds.book_payments(COUNTY, made.claim_id)
    assert standing(office, GUARD) == (43_500_00, 43_500_00, 0)
    assert [(one.lot_id, one.fen) for one in voucher.entry.postings if one.lot_id] == [(lot, -6_500_00)]
    [kept] = office.records.lots(book_of(GUARD))
    assert (kept.received_fen, kept.left_fen) == (50_000_00, 43_500_00)
    assert office.records.verify().is_sound


def test_claims_at_the_same_moment_get_numbers_of_their_own(office: IndustryOffice) -> None:
    fill(office, GUARD, 50_000_00)
    start = threading.Barrier(6)

    def one(place: int) -> str:
        start.wait(20)
        order = claim(asked_fen=1_000_00 + place)
        return office.funds().claim(CLERK, order, [PHOTO]).claim_id

    with ThreadPoolExecutor(6) as pool:
        made = list(pool.map(one, range(6)))
    assert sorted(made) == [f"{GUARD}-2026-{number:03d}" for number in range(1, 7)]


def test_a_claim_above_coverage_without_evidence_or_of_the_future_is_refused(office: IndustryOffice) -> None:
    funds = office.funds()
    with pytest.raises(ReportRefusedError) as above:
        funds.claim(CLERK, claim(asked_fen=7_000_01), [PHOTO])
    with pytest.raises(ReportRefusedError) as bare:
        funds.claim(CLERK, claim(), [])
    assert (key(above), key(bare)) == ("above_coverage", "no_evidence")
    later = ClaimOrder(GUARD, "c", VILLAGES[0], "", "冰雹", TODAY + timedelta(days=1), 100, 10)
    with pytest.raises(ReportRefusedError) as future:
        funds.claim(CLERK, later, [PHOTO])
    assert key(future) == "future"
    elsewhere = ClaimOrder(GUARD, "c", VILLAGES[3], "", "冰雹", TODAY, 100, 10)
    with pytest.raises(ReportRefusedError) as unseen:
        funds.claim(CLERK, elsewhere, [PHOTO])
    assert key(unseen) == "no_village"
    assert office.records.facts("fund_claim") == []


def test_nothing_is_granted_that_is_not_there_and_nothing_twice(office: IndustryOffice) -> None:
    funds = office.funds()
    made = funds.claim(CLERK, claim(), [PHOTO])
    with pytest.raises(ReportRefusedError) as short:
        funds.decide(COUNTY, made.claim_id, 1)
    assert key(short) == "fund_short"
    fill(office, GUARD, 50_000_00)
    with pytest.raises(ReportRefusedError) as above:
        funds.decide(COUNTY, made.claim_id, 7_000_01)
    assert key(above) == "above_coverage"
    with pytest.raises(ReportRefusedError) as silent:
        funds.decide(COUNTY, made.claim_id, 0)
    assert key(silent) == "no_reason"
    assert funds.decide(COUNTY, made.claim_id, 0, "现场未见损失") is None
    with pytest.raises(ReportRefusedError) as twice:
        funds.decide(COUNTY, made.claim_id, 100)
    assert key(twice) == "decided"


def test_the_cap_holds_and_one_person_never_does_both_parts(office: IndustryOffice) -> None:
    funds = office.funds()
    both = person("both", Role.ACCOUNTANT, Role.COUNTY)
    alone = funds.contribute(both, Contribution(GUARD, TODAY, 100, "甲", "r0"))
    with pytest.raises(ReportRefusedError) as same:
        funds.confirm(both, alone)
    assert key(same) == "same_person"
    big = funds.contribute(ACCOUNTANT, Contribution(GUARD, TODAY, 500_000_001, "甲", "r2"))
    with pytest.raises(ReportRefusedError) as above:
        funds.confirm(COUNTY, big)
    assert key(above) == "above_cap"
    with pytest.raises(ReportRefusedError) as narrow:
        funds.confirm(CLERK, alone)
    assert key(narrow) == "no_district"
    with pytest.raises(AccessDeniedError):
        funds.contribute(CLERK, Contribution(GUARD, TODAY, 100, "甲", "r3"))
    with pytest.raises(ReportRefusedError) as other:
        funds.contribute(ACCOUNTANT, Contribution(GUARD, TODAY, 101, "甲", "r0"))
    assert key(other) == "decided"
    assert standing(office, GUARD) == (0, 0, 0)


def test_confirming_twice_books_once(office: IndustryOffice) -> None:
    identity = fill(office, GUARD, 500_000_000)
    again = office.funds().confirm(COUNTY, identity)
    assert not again.is_new
    assert standing(office, GUARD)[0] == 500_000_000
    assert len(office.records.vouchers([book_of(GUARD)])) == 1
    assert len(office.records.facts(CONTRIBUTION)) == 1


def round_sheet(*rows: tuple[str, str, str]) -> bytes:
    return sheet(("领款人编号", "村编码", "面积或数量"), *rows)


def test_a_subsidy_round_hangs_out_is_granted_paid_and_a_returned_payment_is_owed_again(
    office: IndustryOffice,
) -> None:
    fill(office, SUBSIDY, 3_000_00, "r1")
    fill(office, SUBSIDY, 3_000_00, "r2")
    funds = office.funds()
    content = round_sheet(("h1", VILLAGES[0], "12.5"), ("h2", VILLAGES[1], "30"))
    round_id = funds.make_round(ACCOUNTANT, SUBSIDY, content)
    with pytest.raises(ReportRefusedError) as early:
        funds.approve_round(COUNTY, round_id)
    assert key(early) == "notice"
    funds.publish_round(ACCOUNTANT, round_id, TODAY, PHOTO)
    office.clock.advance(7 * 86_400.0)
    funds.approve_round(COUNTY, round_id)
    assert open_amounts(office.records, round_id) == {"h1": 1_250_00, "h2": 3_000_00}
    day = TODAY + timedelta(days=7)
    assert funds.pay(ACCOUNTANT, round_id, day, "b1") == 2
    with pytest.raises(ReportRefusedError) as again:
        funds.pay(ACCOUNTANT, round_id, day, "b1")
    assert key(again) == "paid_before"
    funds.book_payments(COUNTY, round_id)
    assert standing(office, SUBSIDY) == (1_750_00, 1_750_00, 0)
    payment = next(one for one in office.records.facts(PAYMENT) if one.content["payee"] == "h2")
    funds.returned(COUNTY, payment.identity, day)
    assert open_amounts(office.records, round_id) == {"h1": 0, "h2": 3_000_00}
    assert standing(office, SUBSIDY) == (4_750_00, 1_750_00, 0)
    assert funds.pay(ACCOUNTANT, round_id, day, "b2") == 1
    funds.book_payments(COUNTY, round_id)
    assert standing(office, SUBSIDY) == (1_750_00, 1_750_00, 0)
    assert office.records.verify().is_sound


def test_a_payee_is_served_once_a_year_and_every_bad_row_is_told(office: IndustryOffice) -> None:
    funds = office.funds()
    funds.make_round(ACCOUNTANT, SUBSIDY, round_sheet(("h1", VILLAGES[0], "12")))
    with pytest.raises(ReportRefusedError) as refused:
        funds.make_round(
            ACCOUNTANT,
            SUBSIDY,
            round_sheet(("h1", VILLAGES[0], "1"), ("h2", VILLAGES[0], "many"), ("h3", "611002999201", "1")),
        )
    assert [(one.key, one.row) for one in refused.value.faults] == [
        ("no_number", 3),
        ("payee_served", 2),
        ("no_village", 4),
    ]


def shed(office: IndustryOffice, industry: str, indicator: str) -> str:
    registers = office.registers()
    operator = ("o", "company", "虚构公司", VILLAGES[0])
    registers.import_register(CLERK, "operator", sheet(("主体编号", "类型", "名称", "村编码"), operator))
    heads = ("基地编号", "主体编号", "名称", "产业", "指标编号", "村编码", "面积（亩）")
    base = (f"b-{industry}", "o", "基地", industry, indicator, VILLAGES[0], "10")
    registers.import_register(CLERK, "base", sheet(heads, base))
    return base[0]


def test_the_disaster_fund_pays_every_industry_by_its_own_terms(office: IndustryOffice) -> None:
    lot = fill(office, DISASTER, 500_000_00)
    funds, field = office.funds(), shed(office, "herbs", "astragalus_mu")
    flood = ClaimOrder(DISASTER, "o", VILLAGES[0], field, "洪水", TODAY, 100_000_01, 50_000_01)
    with pytest.raises(ReportRefusedError) as above:
        funds.claim(CLERK, flood, [PHOTO])
    assert key(above) == "above_coverage", "half of the loss, part fen dropped"
    made = funds.claim(CLERK, replace(flood, asked_fen=50_000_00), [PHOTO])
    assert made.claim_id == "natural_disaster-2026-001"
    funds.decide(COUNTY, made.claim_id, 50_000_00)
    funds.pay(ACCOUNTANT, made.claim_id, TODAY, "b1")
    [voucher] = funds.book_payments(COUNTY, made.claim_id)
    assert [(one.lot_id, one.fen) for one in voucher.entry.postings if one.lot_id] == [(lot, -50_000_00)]
    assert standing(office, DISASTER) == (450_000_00, 450_000_00, 0)
    assert standing(office, GUARD) == (0, 0, 0), "the other fund's books are its own"
    high = replace(flood, loss_fen=900_000_00, asked_fen=300_000_01)
    with pytest.raises(ReportRefusedError) as most:
        funds.claim(CLERK, high, [PHOTO])
    assert key(most) == "above_coverage", "never above the limit of one claim"
    assert office.records.verify().is_sound


def test_a_fund_pays_only_for_what_it_is(office: IndustryOffice) -> None:
    field = shed(office, "herbs", "astragalus_mu")
    with pytest.raises(ReportRefusedError) as other:
        office.funds().claim(CLERK, replace(claim(), base_id=field), [PHOTO])
    assert key(other) == "other_industry"
    with pytest.raises(ReportRefusedError) as rule:
        office.funds().claim(CLERK, replace(claim(), fund_id=SUBSIDY), [PHOTO])
    assert key(rule) == "no_claims"
    with pytest.raises(ReportRefusedError) as nothing:
        office.funds().make_round(ACCOUNTANT, GUARD, round_sheet(("h1", VILLAGES[0], "1")))
    assert key(nothing) == "no_rule"
    with pytest.raises(ReportRefusedError) as paper:
        office.funds().claim(CLERK, claim(), [b"MZ\x90"])
    assert key(paper) == "no_paper"


def test_money_of_a_fund_nobody_set_up_and_payments_of_tomorrow_are_refused(office: IndustryOffice) -> None:
    funds = office.funds()
    with pytest.raises(ReportRefusedError) as refused:
        funds.contribute(ACCOUNTANT, Contribution("no_such_fund", TODAY, 1_00, "区财政（虚构）", "r1"))
    assert key(refused) == "no_fund"
    fill(office, GUARD, 50_000_00)
    made = funds.claim(CLERK, claim(), [PHOTO])
    funds.decide(COUNTY, made.claim_id, 6_500_00)
    with pytest.raises(ReportRefusedError) as refused:
        funds.pay(ACCOUNTANT, made.claim_id, TODAY + timedelta(days=1), "b1")
    assert key(refused) == "future"
    assert funds.pay(ACCOUNTANT, made.claim_id, TODAY, "b1") == 1


def test_a_contribution_confirmed_again_on_another_day_is_refused_by_the_books(
    office: IndustryOffice,
) -> None:
    identity = fill(office, GUARD, 50_000_00)
    office.clock.advance(86_400)
    with pytest.raises(ReportRefusedError) as refused:
        office.funds().confirm(COUNTY, identity)
    assert key(refused) == "books"
    assert standing(office, GUARD)[0] == 50_000_00
