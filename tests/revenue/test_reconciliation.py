"""Inverters, meter, statement energy, statement money, bank: every difference has a cause, an owner and an age."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revenue.reconciliation import (
    OWNERS,
    PAYS_WITHIN,
    Cause,
    Difference,
    Numbers,
    Step,
    differences,
    numbers_of,
    ratio,
    span,
)
from revenue.statement import GridStatement

END = date(2026, 7, 1)
TODAY = date(2026, 9, 1)
SOUND = Numbers(Decimal(10_200), Decimal(10_000), Decimal(10_000), 354_500, 354_500, 354_500, 0, 0, True)


def line(component: str = "benchmark", fen: int = 354_500, price: str = "0.3545") -> GridStatement:
    return GridStatement("p", "a", "2026-06", "S", component, Decimal(10_000), fen, Decimal(price))


def told(**changed: object) -> list[tuple[Step, Cause]]:
    found = differences(replace(SOUND, **changed), END, TODAY)  # type: ignore[arg-type]
    return [(one.step, one.cause) for one in found]


def test_numbers_that_agree_have_no_difference() -> None:
    assert told() == []


@pytest.mark.parametrize(
    ("changed", "step", "cause"),
    [
        ({"inverter_kwh": Decimal(10_700)}, Step.INVERTERS, Cause.LOSS),
        ({"inverter_kwh": Decimal(12_000)}, Step.INVERTERS, Cause.UNKNOWN),
        ({"inverter_kwh": Decimal(9_990)}, Step.INVERTERS, Cause.UNKNOWN),  # more left than was made
        ({"inverter_kwh": Decimal(0)}, Step.INVERTERS, Cause.UNKNOWN),
        ({"statement_kwh": Decimal(9_700)}, Step.METER, Cause.LOSS),
        ({"statement_kwh": Decimal(9_700), "has_reading_days": False}, Step.METER, Cause.READING_DAY),
        ({"statement_kwh": Decimal(8_000)}, Step.METER, Cause.UNKNOWN),
        ({"metered_kwh": None, "inverter_kwh": None}, Step.METER, Cause.NO_TELEMETRY),
        ({"statement_fen": None, "computed_fen": None, "bank_fen": 0}, Step.METER, Cause.NO_STATEMENT),
        ({"computed_fen": 354_495}, Step.PRICE, Cause.ROUNDING),
        ({"computed_fen": 354_494}, Step.PRICE, Cause.NOT_THE_PRICE),
        ({"bank_fen": 0}, Step.BANK, Cause.UNPAID),
        ({"bank_fen": 354_499}, Step.BANK, Cause.PAID_IN_PART),
        ({"bank_fen": 354_501}, Step.BANK, Cause.OVERPAID),
        ({"subsidy_fen": 5, "subsidy_bank_fen": 4}, Step.SUBSIDY, Cause.SUBSIDY_LATE),
    ],
)
def test_each_difference_is_classed_by_itself(changed: dict[str, object], step: Step, cause: Cause) -> None:
    assert told(**changed) == [(step, cause)]


def test_several_differences_of_one_month_stand_side_by_side() -> None:
    found = told(inverter_kwh=Decimal(12_000), statement_kwh=Decimal(9_000), computed_fen=1, bank_fen=0)
    assert [step for step, _ in found] == [Step.INVERTERS, Step.METER, Step.PRICE, Step.BANK]


def test_a_difference_says_how_much_and_how_old_it_is() -> None:
    assert differences(replace(SOUND, statement_kwh=Decimal(9_700)), END, TODAY) == [
        Difference(Step.METER, Cause.LOSS, 62, kwh=Decimal(-300))
    ]
    due = END + PAYS_WITHIN
    late = replace(SOUND, bank_fen=54_500)
    assert differences(late, END, due) == [Difference(Step.BANK, Cause.PAID_IN_PART, 0, fen=-300_000)]
    assert differences(late, END, due + timedelta(days=3))[0].age_days == 3
    assert differences(replace(SOUND, computed_fen=354_499), END, END)[0].fen == 1
    subsidy = differences(replace(SOUND, subsidy_fen=9, subsidy_bank_fen=2), END, TODAY)
    assert (subsidy[0].fen, subsidy[0].age_days) == (-7, 62)
    assert differences(replace(SOUND, bank_fen=354_503), END, TODAY)[0].fen == 3
    assert differences(replace(SOUND, inverter_kwh=Decimal(10_700)), END, TODAY)[0].kwh == Decimal(-700)
    gone = replace(SOUND, statement_fen=None, computed_fen=None, bank_fen=0)
    assert differences(gone, END, TODAY)[0].kwh == Decimal(-10_000)


def test_limits_themselves_still_agree() -> None:
    assert told(metered_kwh=Decimal(9_500), inverter_kwh=Decimal(10_000), statement_kwh=Decimal(9_500)) == []
    assert told(inverter_kwh=Decimal(10_000)) == []
    assert told(statement_kwh=Decimal(10_200)) == []
    assert told(statement_kwh=Decimal(11_000))[0][1] is Cause.LOSS
    assert told(inverter_kwh=Decimal(0), metered_kwh=Decimal(0), statement_kwh=Decimal(0)) == []


def test_every_cause_has_an_owner_and_only_roundings_are_small() -> None:
    assert set(OWNERS) == set(Cause)
    for cause in Cause:
        one = Difference(Step.PRICE, cause, 1)
        assert one.owner == OWNERS[cause]
        assert one.is_small == (cause is Cause.ROUNDING)


def test_numbers_come_from_the_lines_the_subsidy_apart() -> None:
    found = numbers_of([line(), line("subsidy", 495_500, "0.4955")], None, Decimal(1), 7, 8)
    assert (found.statement_kwh, found.statement_fen, found.computed_fen) == (
        Decimal(10_000),
        354_500,
        354_500,
    )
    assert (found.bank_fen, found.subsidy_fen, found.subsidy_bank_fen) == (7, 495_500, 8)
    assert (found.metered_kwh, found.has_reading_days) == (Decimal(1), False)
    without = numbers_of([replace(line(), yuan_per_kwh=None)], None, None, 0, 0)
    assert (without.computed_fen, without.statement_fen) == (None, 354_500)
    nothing = numbers_of([], None, None, 0, 0)
    assert (nothing.statement_fen, nothing.computed_fen, nothing.statement_kwh) == (None, None, None)


def test_energy_is_that_of_the_statements_own_days() -> None:
    assert span("2026-12", [line()]) == (date(2026, 12, 1), date(2027, 1, 1))
    read = replace(line(), read_from=date(2026, 5, 26), read_to=date(2026, 6, 25))
    assert span("2026-06", [line(), read]) == (date(2026, 5, 26), date(2026, 6, 25))
    assert numbers_of([read], None, None, 0, 0).has_reading_days


def test_nothing_before_it_is_no_ratio() -> None:
    assert ratio(Decimal(5), Decimal(0)) is None
    assert ratio(Decimal(105), Decimal(100)) == Decimal("0.0500")


@given(
    st.tuples(*[st.one_of(st.none(), st.decimals(0, 10**7, places=2))] * 3),
    st.tuples(*[st.one_of(st.none(), st.integers(-(10**9), 10**9))] * 2),
    st.tuples(*[st.integers(0, 10**9)] * 3),
    st.integers(-100, 4000),
)
def test_any_numbers_are_told_in_order_with_an_owner(
    kwh: tuple[Decimal | None, ...], fen: tuple[int | None, ...], sums: tuple[int, ...], days: int
) -> None:
    numbers = Numbers(
        kwh[0], kwh[1], kwh[2], fen[0], fen[1], sums[0], sums[1], sums[2], has_reading_days=True
    )
    found = differences(numbers, END, END + timedelta(days=days))
    steps = [list(Step).index(one.step) for one in found]
    assert steps == sorted(set(steps))
    assert all(one.owner and one.age_days >= 0 for one in found)
    if fen[0] is not None and fen[0] != sums[0]:
        assert Step.BANK in {one.step for one in found}
