"""Subsidies and claims to the fen."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import MoneyError
from industries.fund import (
    Claim,
    FundStanding,
    SubsidyLine,
    award_faults,
    claim_faults,
    contribution_faults,
    payable_fen,
    round_faults,
    subsidy_fen,
    work_out,
    yuan,
)
from tests.industries.builders import guarantee, subsidy


def claim(loss_fen: int, asked_fen: int, evidence: tuple[str, ...] = ("a" * 64,)) -> Claim:
    return Claim("c1", "guard", "coop", "v", "b", "hail", "2026-07-03", loss_fen, asked_fen, evidence)


def test_a_subsidy_is_area_times_rate_with_part_fen_dropped() -> None:
    assert subsidy_fen(subsidy(), Decimal("12.5")) == (125_000, False)
    assert subsidy_fen(subsidy(333), Decimal("0.7")) == (233, False)
    assert subsidy_fen(subsidy(), Decimal("0.4")) == (0, False)
    assert subsidy_fen(subsidy(), Decimal(60)) == (5_000_00, True)


@given(st.lists(st.decimals("0.01", "9999", places=2), max_size=50), st.integers(1, 10**6))
def test_a_round_never_pays_more_than_area_times_rate(areas: list[Decimal], rate: int) -> None:
    rule = subsidy(rate, "0", None)
    due = work_out(rule, [SubsidyLine(f"p{n}", "v", area) for n, area in enumerate(areas)])
    total = sum(one.fen for one in due)
    exact = sum((area * rate for area in areas), Decimal(0))
    assert exact - len(areas) <= total <= exact


def test_every_fault_of_a_round_is_told_with_its_row() -> None:
    lines = [
        SubsidyLine("a", "v", Decimal(10), row=2),
        SubsidyLine("a", "v", Decimal(10), row=3),
        SubsidyLine("b", "v", Decimal(90), row=4),
        SubsidyLine("c", "w", Decimal(1), row=5),
        SubsidyLine("d", "v", Decimal("0.1"), row=6),
        SubsidyLine("e", "v", Decimal(-1), row=7),
        SubsidyLine("", "v", Decimal(1), row=8),
    ]
    found = [(one.key, one.row) for one in round_faults(subsidy(), lines, {"v": Decimal(100)}, {"b": "r1"})]
    assert found == [
        ("payee_twice", 3),
        ("payee_served", 4),
        ("land", 4),
        ("no_village", 5),
        ("too_little", 6),
        ("land", 6),
        ("negative", 7),
        ("land", 7),
        ("no_payee", 8),
        ("land", 8),
    ]


def test_a_claim_is_paid_its_covered_part_and_no_more() -> None:
    assert payable_fen(guarantee(), 1_000_01) == 700_00
    assert payable_fen(guarantee(), 1_000_000_00) == 20_000_00
    assert [one.key for one in claim_faults(guarantee(), claim(100_000, 70_000))] == []
    assert [one.key for one in claim_faults(guarantee(), claim(100_000, 70_001))] == ["above_coverage"]
    assert [one.key for one in claim_faults(guarantee(), claim(0, 1))] == ["no_loss"]
    assert [one.key for one in claim_faults(guarantee(), claim(100, 1, ()))] == ["no_evidence"]
    with pytest.raises(MoneyError):
        payable_fen(guarantee(), -1)


@given(st.integers(0, 10**12), st.decimals("0", "1", places=4))
def test_what_is_paid_is_never_above_the_coverage_or_the_limit(loss: int, coverage: Decimal) -> None:
    fund = guarantee(str(coverage))
    paid = payable_fen(fund, loss)
    assert 0 <= paid <= loss * coverage
    assert paid <= (fund.claim_fen_max or 0)
    assert paid == fund.claim_fen_max or loss * coverage - paid < 1


def test_a_fund_holds_no_more_than_its_cap_and_grants_no_more_than_is_free() -> None:
    standing = FundStanding(guarantee(), 90_000_00, 60_000_00, 20_000_00, 15_000_00)
    assert (standing.balance_fen, standing.free_fen, standing.room_fen) == (70_000_00, 30_000_00, 30_000_00)
    assert standing.coverage_ratio == 2
    assert standing.claim_rate == pytest.approx(Decimal(2) / 3)
    assert contribution_faults(standing, 30_000_00) == []
    assert [one.key for one in contribution_faults(standing, 30_000_01)] == ["above_cap"]
    assert [one.key for one in contribution_faults(standing, 0)] == ["no_amount"]
    assert award_faults(standing, 30_000_00) == []
    assert [one.key for one in award_faults(standing, 30_000_01)] == ["fund_short"]
    empty = FundStanding(guarantee(), 0, 0, 0)
    assert (empty.coverage_ratio, empty.claim_rate) == (None, None)


def test_yuan_has_two_decimals() -> None:
    assert [yuan(fen) for fen in (0, 5, -105, 123_456_789)] == ["0.00", "0.05", "-1.05", "1,234,567.89"]
