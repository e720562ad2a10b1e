"""The readings printed on a statement must come to its energy, over exchanges and roll-overs."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

from revenue.statement import GridStatement, MeterExchange, faults, readings_kwh

LINE = GridStatement(
    *("p", "99", "2025-06", "S6", "benchmark", Decimal(58_600), 2_077_370, Decimal("0.3545")),
    *(date(2025, 5, 26), date(2025, 6, 25), Decimal(500), Decimal(965), Decimal(40)),
)
EXCHANGE = MeterExchange("p", date(2025, 6, 15), Decimal(1000), Decimal(0), Decimal(40))


def test_energy_runs_over_an_exchange_within_the_reading_days() -> None:
    assert readings_kwh(LINE, [EXCHANGE]) == 500 * 40 + 965 * 40
    assert faults(LINE, [EXCHANGE]) == []
    assert [reason for reason, _ in faults(LINE)] == ["readings_differ"]
    earlier = replace(EXCHANGE, on=date(2025, 5, 1))
    assert [reason for reason, _ in faults(LINE, [earlier])] == ["readings_differ"]


def test_the_new_meter_counts_from_its_own_reading_with_its_own_ratio() -> None:
    other = replace(EXCHANGE, new_start=Decimal(900), new_multiplier=Decimal(60))
    assert readings_kwh(LINE, [other]) == 500 * 40 + 65 * 60
    second = MeterExchange("p", date(2025, 6, 20), Decimal(950), Decimal(960), Decimal(10))
    assert readings_kwh(LINE, [second, other]) == 500 * 40 + 50 * 60 + 5 * 10, "in the order of their days"


def test_readings_that_cannot_be_are_told_with_all_three_numbers() -> None:
    back = replace(LINE, start_reading=Decimal(50), end_reading=Decimal(10))
    [(reason, told)] = faults(back)
    assert (reason, told) == (
        "readings_impossible",
        {"start": Decimal(50), "end": Decimal(10), "multiplier": Decimal(40)},
    )


def test_a_register_that_went_round_is_read_by_its_digits() -> None:
    round_ = replace(
        LINE, start_reading=Decimal("99990.5"), end_reading=Decimal("9.5"), kwh=Decimal(760), fen=26_942
    )
    assert readings_kwh(round_) == 19 * 40
    assert faults(round_) == []
