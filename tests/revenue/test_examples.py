"""The worked cases of the reference, to the fen: rules, posts, rounding, leavers, heirs, returns, cash."""

import ast
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from domain.money import Money, split
from domain.plant import Registry, Village
from domain.roster import Roster
from main.demo.payouts import owners_of
from revenue.attendance import month_wage
from revenue.bookkeeping import Voucherhead, lapsed_entry
from revenue.distribution import Entitlement, distribute
from revenue.payment import Attempt, PaymentLine, PaymentState, lines_for, standings
from revenue.plan import Basis, faults_of
from revenue.rule import LineClass, ShareBase, judge
from tests.revenue.builders import line, plan, roster, rule
from tests.revenue.test_ownership import plant as household_plant

pytestmark = pytest.mark.needs("reference:revenue_examples.json")


@pytest.fixture(scope="module")
def cases(reference: Path) -> Mapping[str, Any]:
    known = json.loads((reference / "revenue_examples.json").read_text("utf-8"))
    return {case["id"]: case for case in [*known["real"], *known["derived"]]}


def test_d01_the_odd_fen_of_seven_households(cases: Mapping[str, Any]) -> None:
    case = cases["D01"]
    shares = split(Money(case["inputs"]["total_fen"]), case["inputs"]["weights"])
    assert {key: share.fen for key, share in shares.items()} == case["expected"]["shares_fen"]


def test_d06_a_post_that_changes_hands_is_paid_by_days(cases: Mapping[str, Any]) -> None:
    case = cases["D06"]
    shares = month_wage(Money(case["inputs"]["monthly_wage_fen"]), case["inputs"]["days"], 31)
    assert {key: share.fen for key, share in shares.items()} == case["expected"]["shares_fen"]


def test_d07_the_dead_keep_what_they_earned_and_the_rest_falls_back(cases: Mapping[str, Any]) -> None:
    given, expected = cases["D07"]["inputs"], cases["D07"]["expected"]
    wage = given["monthly_wage_fen"]
    earned = month_wage(Money(wage), {"p": given["days_worked"]}, given["days_in_month"])["p"].fen
    assert earned == expected["earned_fen"]
    assert wage - earned == expected["cancelled_fen"]
    owed = Entitlement("e", "1", "p", "h", "p", earned, 10, 0, wage)
    back = Attempt("b", PaymentLine(1, "e", "p", "a", earned, 1), PaymentState.RETURNED, reason="账户已销")
    stands = standings([owed], [back])
    assert stands["e"].open_fen == expected["after_return"]["payable_to_estate_fen"]
    lines, waiting = lines_for(stands, {"p": "a"}, {"e": "heir"})
    assert (lines, waiting) == ([], ["heir"]), "no account of the heir is known: it waits"
    lines, _ = lines_for(stands, {"heir": "b"}, {"e": "heir"})
    assert [(one.entitlement_id, one.payee_id, one.attempt) for one in lines] == [("e", "heir", 2)]
    assert expected["no_heir_member_of_collective"].startswith("goes to the collective")
    gone = standings([owed], [back], {"e": earned})["e"]
    assert (gone.state, gone.open_fen, lines_for({"e": gone}, {"p": "a"}, {})) == ("lapsed", 0, ([], []))
    entry = lapsed_entry(
        Voucherhead("k", "v", date(2026, 9, 1), date(2026, 9, 1), "", "", "", ""), "p", earned
    )
    assert {(one.account, one.fen) for one in entry.postings} == {("213", earned), ("504", -earned)}


def test_d11_without_anybody_to_pay_the_money_stays_where_it_is(cases: Mapping[str, Any]) -> None:
    net = cases["D11"]["inputs"]["net_fen"]
    nobody = Roster("r", "v", date(2026, 1, 1), ())
    kept = plan(net_fen=net, lines=(line("1", LineClass.RETAINED, net, Basis.NOBODY, purpose=""),))
    assert faults_of(kept, rule(), nobody, net) == []
    result = distribute(kept, rule(), nobody, [])
    assert result.entitlements == ()
    assert result.retained_fen == cases["D11"]["expected"]["retained_on_pv_subaccount_fen"]


def test_d12_one_plan_under_three_rules(cases: Mapping[str, Any]) -> None:
    case = cases["D12"]
    classes = {"small_works_material": "works", "collective": "retained", "village_labour": "labour"}
    planned = {
        LineClass(classes.get(name, name)): Money(fen) for name, fen in case["inputs"]["plan_fen"].items()
    }
    net = Money(case["inputs"]["net_fen"])
    for given, expected in zip(case["inputs"]["rules"], case["expected"]["verdicts"], strict=True):
        least = None if given["min_share"] is None else int(Decimal(given["min_share"]) * 100)
        counts = frozenset(LineClass(classes.get(name, name)) for name in given["counts"])
        verdict = judge(rule(min_share_percent=least, counts=counts), planned, net, net)
        share = None if expected["share"] is None else Decimal(expected["share"])
        assert (verdict.share, verdict.ok, verdict.short.fen) == (
            share,
            expected["ok"],
            expected["short_fen"],
        )


def test_d13_what_has_not_arrived_cannot_be_paid(cases: Mapping[str, Any]) -> None:
    given, expected = cases["D13"]["inputs"], cases["D13"]["expected"]
    total = given["plan_total_fen"]
    wanted = replace(plan(net_fen=total), lines=(line("1", LineClass.WORKS, total, Basis.PAYEE, payee="x"),))
    found = faults_of(wanted, rule(), roster(), given["base_received_fen"])
    assert [fault.key for fault in found] == ["plan_over_cash"]
    assert found[0].values["cash"] == Money(expected["payable_now_fen"])


@pytest.mark.parametrize("case_id", ["R07", "R08"])
def test_the_least_share_of_posts_is_that_of_the_villages_in_the_news(
    cases: Mapping[str, Any], case_id: str
) -> None:
    given, expected = cases[case_id]["inputs"], cases[case_id]["expected"]
    percent = int(Decimal(given.get("min_post_share") or given.get("share")) * 100)
    income = Money(given["income_fen"])
    verdict = judge(rule(min_share_percent=percent, counts=frozenset({LineClass.POSTS})), {}, income, income)
    wanted = expected.get("max_required_posts_fen_if_no_deductions") or expected["posts_pool_fen"]
    assert verdict.short.fen == verdict.required.fen == wanted


def test_r08_the_pool_is_split_among_twelve_posts(cases: Mapping[str, Any]) -> None:
    expected = cases["R08"]["expected"]
    shares = split(Money(expected["posts_pool_fen"]), {f"p{n:02d}": 1 for n in range(12)})
    assert {share.fen for share in shares.values()} == {expected["mean_per_post_fen_if_equal"]}


def test_r12_the_collective_gets_a_fifth(cases: Mapping[str, Any]) -> None:
    given, expected = cases["R12"]["inputs"], cases["R12"]["expected"]
    value = Money(given["value_fen"])
    verdict = judge(
        rule(min_share_percent=80, counts=frozenset({LineClass.POSTS}), base=ShareBase.NET), {}, value, value
    )
    pool = value - verdict.required
    assert str(pool).replace(",", "") == expected["collective_pool_yuan"]
    mean = split(pool, {f"v{n:03d}": 1 for n in range(given["villages"])})
    wanted = Decimal(expected["collective_mean_per_village_yuan"])
    assert all(abs(Decimal(share.fen) / 100 - wanted) <= Decimal("0.01") for share in mean.values())


def test_r21_without_a_share_table_nothing_is_split(cases: Mapping[str, Any]) -> None:
    from domain.errors import ConfigurationError
    from revenue.ownership import shares_on
    from tests.revenue.test_ownership import plant

    assert "share table" in cases["R21"]["use"]
    with pytest.raises(ConfigurationError, match="no act of ownership"):
        shares_on(plant(), date(2026, 1, 1), {})


def test_r19_what_a_household_owns_alone_never_enters_a_village(cases: Mapping[str, Any]) -> None:
    expected, stated = cases["R19"]["expected"], cases["R19"]["stated"]
    assert stated["households"] * stated["energy_kwh_per_household_year"] == expected["total_energy_kwh"]
    price = Decimal(3000) / stated["energy_kwh_per_household_year"]
    assert price.quantize(Decimal("0.01")) == Decimal(expected["implied_price_at_least_yuan_per_kwh"])
    own = Registry("d", (), (Village("v", "v", "v", "t", date(2010, 1, 1)),), (household_plant(),))
    assert expected["enters_village_distribution"] is bool(owners_of(own)), "no share of it is any village's"


def test_r23_a_rounded_total_is_split_by_need_and_no_interest_is_paid_from_it(
    cases: Mapping[str, Any],
) -> None:
    stated, expected = cases["R23"]["stated"], cases["R23"]["expected"]
    product = stated["plants"] * stated["income_per_plant_yuan"]
    assert product == expected["product_yuan"]
    shares = split(Money(product * 100), {f"h{n:04d}": 1 for n in range(stated["households"])})
    mean = int(Decimal(expected["mean_per_household_yuan"]) * 100)
    assert {share.fen for share in shares.values()} <= {mean, mean + 1}
    interest = line("1", LineClass.WORKS, 1000, Basis.PAYEE, payee="银行", purpose="还债利息")
    kept = line("2", LineClass.RETAINED, 0, Basis.NOBODY, purpose="")
    found = faults_of(plan(net_fen=1000, lines=(interest, kept)), rule(), roster(), 1000)
    assert "forbidden_use" in {fault.key for fault in found}


# Cases of the reference that state no arithmetic of ours, each with the reason; every other one has a test.
NO_TEST = {
    "R09": "means of a news text (kW a household, households a post); no sum is stated to be split",
    "R10": "means of a news text; it says only that plants are joint, which R21 and D02 test",
}


def _sources() -> list[str]:
    """The text of every test file that may hold a case."""
    folder = Path(__file__).parents[1]
    places = ("revenue", "commands", "acceptance")
    return [path.read_text("utf-8") for place in places for path in (folder / place).glob("test_*.py")]


def _is_read(case_id: str, source: str) -> bool:
    """Tell whether a test takes a case from the file itself."""
    return f'cases["{case_id}"]' in source or f'parametrize("case_id", ["{case_id}"' in source


def _fens(value: Any, inside: bool = False) -> Iterator[int]:
    """Yield every amount of an expectation, without its sign. [fen]"""
    if isinstance(value, dict):
        for key, one in value.items():
            yield from _fens(one, inside or key.endswith("_fen"))
    elif isinstance(value, list):
        for one in value:
            yield from _fens(one, inside)
    elif inside and type(value) is int:
        yield abs(value)


def test_every_case_of_the_reference_has_a_test_or_a_reason(cases: Mapping[str, Any]) -> None:
    source = "".join(_sources())
    named = set(re.findall(r"^def test_([rd]\d\d)_\w+\(", source, re.MULTILINE))
    listed = {
        one for text in re.findall(r'parametrize\("case_id", \[(.+?)\]', source) for one in text.split('"')
    }
    missing = {
        case for case in cases if case not in NO_TEST and case.lower() not in named and case not in listed
    }
    assert missing == set()
    assert set(NO_TEST) <= set(cases), "a reason for a case that is not there any more"


def test_every_amount_of_a_case_that_is_copied_into_a_test_stands_there_to_the_fen(
    cases: Mapping[str, Any],
) -> None:
    sources = _sources()
    written: dict[str, set[int]] = {}
    for node in (node for source in sources for node in ast.walk(ast.parse(source))):
        if isinstance(node, ast.FunctionDef):
            numbers = {one.value for one in ast.walk(node) if isinstance(one, ast.Constant)}
            written.setdefault(node.name[5:8].upper(), set()).update(n for n in numbers if type(n) is int)
    copied = [
        case for case in cases if case not in NO_TEST and not any(_is_read(case, one) for one in sources)
    ]
    assert len(copied) > 10
    missing = {case: set(_fens(cases[case]["expected"])) - written[case] for case in copied}
    assert {case: absent for case, absent in missing.items() if absent} == {}


def test_r25_a_fixed_sum_a_household_is_the_same_for_all(cases: Mapping[str, Any]) -> None:
    given, expected = cases["R25"]["inputs"], cases["R25"]["expected"]
    shares = split(Money(given["paid_fen"]), {f"h{n:03d}": 1 for n in range(given["households"])})
    assert {share.fen for share in shares.values()} == {expected["per_household_fen"]}


def test_r18_per_head_dividends_of_the_past_add_up(cases: Mapping[str, Any]) -> None:
    given, expected = cases["R18"]["inputs"], cases["R18"]["expected"]
    shares = split(Money(expected["yearly_total_fen"]), {f"p{n:03d}": 1 for n in range(given["persons"])})
    assert {share.fen for share in shares.values()} == {given["per_person_fen"]}
    family = split(Money(expected["yearly_total_fen"]), {"family": 4, "others": given["persons"] - 4})
    assert family["family"].fen == expected["example_household_year_fen_at_mean"]
