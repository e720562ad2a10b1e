"""The worked cases about price, tax, deductions, ownership, arrears, meter and ledger, to the fen.

Figures of real cases are those of public texts; where a source is rounded, the test says so.
"""

from datetime import date
from decimal import ROUND_HALF_UP, Decimal

import pytest

from domain.errors import MoneyError
from domain.ledger import Entry, Posting, reversal
from revenue.accounts import CostKind
from revenue.deduction import Deduction, above_ceiling
from revenue.income import PlantMonth, carry_forward, divide, payable
from revenue.meter import RegisterSpan, modulus_of
from revenue.receipt import Item, subsidy_items
from revenue.tariff import (
    VAT_RATES,
    PriceComponent,
    Segment,
    Tariff,
    TaxRegime,
    fen_of,
    price_energy,
    split_vat,
)

YUAN = 100


def _price(fen: int, kwh: int) -> Decimal:
    return (Decimal(fen) / 100 / kwh).quantize(Decimal("0.0001"), ROUND_HALF_UP)


@pytest.mark.parametrize(
    ("kwh", "price", "yuan", "off_max"),
    [
        (200_000_000, "0.85", "170000000.00", 0),  # R01 city total; the energy is rounded in the source
        (26_380_000, "0.4161", "10976718.00", 0),  # R02 benchmark part only
        (56_640_000, "0.75", "42480000.00", 0),  # R04 a year
        (18_195_800, "0.75", "13646850.00", 0),  # R04 part of a year
    ],
)
def test_energy_times_price_is_the_stated_income(kwh: int, price: str, yuan: str, off_max: int) -> None:
    assert abs(fen_of(Decimal(kwh), Decimal(price)) - int(Decimal(yuan) * YUAN)) <= off_max


def test_r01_the_city_price_is_that_of_zone_three() -> None:
    assert _price(170_000_000 * YUAN, 200_000_000) == Decimal("0.8500")
    assert (Decimal(200_000_000) / 183_400).quantize(Decimal("0.1")) == Decimal("1090.5")
    assert (372 - 352, 183_400 - 175_000) == (20, 8_400)  # plants that may be outside the subsidy list


def test_r02_cash_received_was_the_benchmark_part_alone() -> None:
    stated, computed = 10_980_000 * YUAN, fen_of(Decimal(26_380_000), Decimal("0.4161"))
    assert _price(stated, 26_380_000) == Decimal("0.4162")
    assert (Decimal(stated - computed) / computed * 100).quantize(Decimal("0.01")) == Decimal("0.03")


def test_r04_the_source_states_hundreds_of_yuan_and_is_off_by_150() -> None:
    assert fen_of(Decimal(18_195_800), Decimal("0.75")) - 13_646_700 * YUAN == 150 * YUAN


def test_r05_a_receipt_is_split_into_net_and_vat_as_published() -> None:
    assert split_vat(2_058_051, VAT_RATES[TaxRegime.GENERAL]) == (1_821_284, 236_767)


@pytest.mark.parametrize(
    ("regime", "net", "vat"),
    [
        (TaxRegime.GENERAL, 884_956, 115_044),
        (TaxRegime.SIMPLE, 970_874, 29_126),
        (TaxRegime.REDUCED, 990_099, 9_901),
        (TaxRegime.EXEMPT, 1_000_000, 0),
    ],
)
def test_d14_the_same_gross_under_four_regimes(regime: TaxRegime, net: int, vat: int) -> None:
    assert split_vat(1_000_000, VAT_RATES[regime]) == (net, vat)


def test_r13_costs_are_a_fifth_of_gross_and_seventeen_owners_share_one_plant() -> None:
    month = PlantMonth("heshui", "2018-12", 25_000_000 * 17, 0, {CostKind.OPERATION: 5_000_000 * 17})
    parts = divide(month, {f"v{n:02d}": 299_000 for n in range(17)})
    assert {part.net_fen for part in parts} == {20_000_000}
    assert (Decimal(5083) / 17).quantize(Decimal("0.01")) == Decimal("299.00")


def test_r14_the_mean_of_a_rounded_total_is_no_allocation() -> None:
    assert (Decimal(65_000_000) / 113).quantize(Decimal("0.01")) == Decimal("575221.24")


def test_r17_an_early_plant_has_its_own_price() -> None:
    assert (Decimal(50_000) / Decimal("45.39")).quantize(Decimal("0.1")) == Decimal("1101.6")
    early = Tariff("liucun", (PriceComponent("benchmark", date(2016, 1, 1), Decimal(1)),))
    assert price_energy(
        early, "benchmark", [Segment(date(2016, 5, 1), date(2016, 5, 31), Decimal(50_000))]
    ) == [50_000 * YUAN]


def test_r20_the_ceiling_of_operation_is_three_fen_per_watt_and_year() -> None:
    ceilings = {CostKind.OPERATION: 3}
    spent = [
        Deduction("p", f"2019-{month:02d}", CostKind.OPERATION, 50_001, f"n{month}") for month in range(1, 13)
    ]
    [warning] = above_ceiling("p", 200_000, spent, ceilings)
    assert (warning.ceiling_fen, warning.fen) == (6_000 * YUAN, 600_012)
    assert above_ceiling("p", 200_000, spent[:11], ceilings) == []
    assert 672_000 * YUAN == 22_400_000 * 3


def test_r21_a_joint_plant_without_a_share_table_is_not_divided() -> None:
    with pytest.raises(MoneyError, match="no share table"):
        divide(PlantMonth("yusha", "2021-04", 11_050_000), {})


def test_d02_a_joint_plant_of_three_villages() -> None:
    costs = {CostKind.OPERATION: 420_000, CostKind.RENT: 250_000, CostKind.INSURANCE: 8_663}
    month = PlantMonth("p", "2024-05", 5_500_000, 0, costs)
    parts = divide(month, {"V-A": 300_000, "V-B": 180_000, "V-C": 20_000})
    assert month.net_fen == 4_821_337
    assert {p.village_id: p.net_fen for p in parts} == {"V-A": 2_892_802, "V-B": 1_735_681, "V-C": 192_854}
    assert sum(p.costs_fen[CostKind.RENT] for p in parts) == 250_000  # rent is a cost of the plant, no share


def test_d03_a_negative_month_is_carried() -> None:
    found = carry_forward([("2024-01", 124_055 - 150_000), ("2024-02", 1_080_000 - 80_000)])
    assert [(c.net_fen, c.distributable_fen, c.deficit_carried_fen) for c in found] == [
        (-25_945, 0, 25_945),
        (1_000_000, 974_055, 0),
    ]


def test_d04_a_late_subsidy_is_attributed_to_the_months_it_was_earned_in() -> None:
    kwh = (41230, 52110, 68870, 79420, 84560, 86110, 83940, 80250, 66730, 58120, 44900, 38760)
    accrued = [fen_of(Decimal(one), Decimal("0.4955")) for one in kwh]
    assert accrued == [
        *(2042947, 2582051, 3412509, 3935261, 4189948, 4266751),
        *(4159227, 3976388, 3306472, 2879846, 2224795, 1920558),
    ]
    assert sum(accrued) == 38_896_753
    open_items = [Item(f"2023-{n:02d}", "p", "subsidy", fen) for n, fen in enumerate(accrued, 1)]
    items = subsidy_items("p", "subsidy", 38_896_750, open_items)
    assert sum(item.fen for item in items) == 38_896_750
    assert sum(accrued) - sum(item.fen for item in items) == 3
    assert all(0 <= a - item.fen <= 1 for a, item in zip(accrued, items, strict=True))


def test_d05_a_price_changes_in_the_month_with_a_reading_that_day() -> None:
    tariff = Tariff(
        "p",
        (
            PriceComponent("benchmark", date(2020, 1, 1), Decimal("0.3545")),
            PriceComponent("benchmark", date(2026, 1, 13), Decimal("0.3300")),
        ),
    )
    segments = [
        Segment(date(2026, 1, 1), date(2026, 1, 12), Decimal(12000)),
        Segment(date(2026, 1, 13), date(2026, 1, 31), Decimal(8000)),
    ]
    parts = price_energy(tariff, "benchmark", segments)
    assert (parts, sum(parts)) == ([425_400, 264_000], 689_400)
    with pytest.raises(MoneyError, match="reading of that day"):
        price_energy(tariff, "benchmark", [Segment(date(2026, 1, 1), date(2026, 1, 31), Decimal(20000))])


def test_d08_a_correction_reverses_and_enters_anew() -> None:
    entry = Entry(
        *("e", "v", date(2026, 5, 3), date(2026, 4, 1), "结算"),
        (Posting("11201", 709_000), Posting("50101", -709_000)),
        *("settlement", "s", "li", "wang"),
    )
    undone = reversal(
        entry, key="u", booked_on=date(2026, 7, 3), summary="冲正", made_by="li", checked_by="wang"
    )
    assert [p.fen for p in undone.postings] == [-709_000, 709_000]
    corrected = fen_of(Decimal(19400), Decimal("0.3545"))
    assert (corrected, corrected - 709_000) == (687_730, -21_270)


def test_d10_a_register_rolls_over() -> None:
    span = RegisterSpan(Decimal("999875.40"), Decimal("000104.60"), Decimal(40), modulus_of(6))
    assert (span.difference(), span.energy_kwh()) == (Decimal("229.20"), Decimal("9168.00"))


def test_d13_a_subsidy_that_is_only_accrued_cannot_be_paid() -> None:
    verdict = payable(2_400_000, 3_000_000)
    assert (verdict.accepted, verdict.payable_fen) == (False, 2_400_000)
