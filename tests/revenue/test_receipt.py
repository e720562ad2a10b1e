"""What a movement pays is proposed by amount, payer and period, and by nothing else."""

from dataclasses import replace
from datetime import date

from revenue.receipt import Item, Movement, Remittance, payers_of, propose, remit

GRID, FUND = "供电公司（虚构）", "财政专户（虚构）"
CAME = Movement("6100", "B1", date(2026, 7, 20), 500, GRID)
A, B = Item("2026-06", "a", "benchmark", 500), Item("2026-06", "b", "benchmark", 500)
SUBSIDY = Item("2026-05", "a", "subsidy", 500)


def test_a_sum_that_fits_one_thing_is_certain_and_energy_comes_before_its_money() -> None:
    found = propose(CAME, [A])
    assert found is not None
    assert (found.items, found.certain) == ((A,), True)
    assert propose(replace(CAME, on=date(2026, 6, 30)), [A]) is None
    assert propose(replace(CAME, fen=501), [A]) is None


def test_of_two_that_fit_the_one_this_payer_paid_before_is_meant() -> None:
    unknown = propose(CAME, [A, B])
    assert unknown is not None
    assert not unknown.certain
    payers = {("b", "benchmark"): {GRID}}
    found = propose(CAME, [A, B], payers)
    assert found is not None
    assert (found.items, found.certain) == ((B,), True)


def test_what_others_always_paid_is_never_certain() -> None:
    found = propose(CAME, [SUBSIDY], {("a", "subsidy"): {FUND}})
    assert found is not None
    assert (found.items, found.certain) == ((SUBSIDY,), False)
    both = propose(CAME, [A, SUBSIDY], {("a", "subsidy"): {FUND}})
    assert both is not None
    assert (both.items, both.certain) == ((A,), True)
    nameless = propose(replace(CAME, payer=""), [SUBSIDY], {("a", "subsidy"): {FUND}})
    assert nameless is not None
    assert nameless.certain


def test_who_paid_what_is_told_by_confirmed_matches() -> None:
    paid = Remittance(CAME.identity, (A, SUBSIDY), (), CAME.on)
    lost = Remittance("6100|2026-07-21|B2", (B,), (), CAME.on)
    assert payers_of([paid, lost], [CAME]) == {("a", "benchmark"): {GRID}, ("a", "subsidy"): {GRID}}
    assert payers_of([paid], [replace(CAME, payer="")]) == {}


def test_a_part_of_a_month_pays_the_same_part_of_every_due_and_a_deficit_first() -> None:
    dues = {"a": 600, "b": 300, "c": -50}
    part = remit(replace(A, fen=400), 1000, dues, {"b": 100})
    assert [(one.village_id, one.paid_fen, one.recovered_fen) for one in part] == [
        ("a", 240, 0),
        ("b", 20, 100),
        ("c", 0, 0),
    ]
    whole = remit(replace(A, fen=1000), 1000, dues, {})
    assert [one.paid_fen for one in whole] == [600, 300, 0]
