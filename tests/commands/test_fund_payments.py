"""Money of a fund through the bank file and the bank's reply: paid, returned, tried again, never twice, traced."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from commands.fund_payments import FundPayments
from commands.funds import ClaimOrder, Contribution
from domain.errors import AccessDeniedError
from domain.roster import Account, Member, Person, Roster
from industries.report import ReportRefusedError
from queries.fund_cases import FundCases
from revenue.refusal import RefusedError
from stores.dossiers import Dossiers
from stores.fund_books import standing_in
from stores.incomes import income_parts
from stores.records.rosters import SqlRosterStore
from stores.records.sealing import Sealer
from tests.commands.industry_world import (
    ACCOUNTANT,
    CLERK,
    COUNTY,
    PHOTO,
    START,
    VILLAGES,
    IndustryOffice,
    open_office,
    sheet,
)

SUBSIDY, GUARD, HERE = "artichoke_subsidy", "fungus_guarantee", VILLAGES[0]
DAY = date(2026, 8, 3)
ACCOUNTS = {"p1": "6217000000000001", "p2": "6217000000000002"}  # p3 has none


@dataclass
class Bank:
    office: IndustryOffice
    payments: FundPayments
    cases: FundCases
    round_id: str

    def sent(self) -> str:
        """Make a batch and release it; return its id."""
        made = self.payments.batch(ACCOUNTANT, self.round_id)
        self.payments.release(COUNTY, made.batch_id)
        return made.batch_id

    def says(self, batch_id: str, *lines: tuple[str, str, str, str]) -> bytes:
        content = sheet(("序号", "金额", "状态", "原因"), *lines)
        self.payments.reply_file(ACCOUNTANT, batch_id, content)
        return content

    def balance(self, fund_id: str = SUBSIDY) -> int:
        fund = self.office.rules.fund(fund_id, DAY)
        assert fund is not None
        return standing_in(self.office.records, fund).balance_fen

    def open(self) -> dict[str, int]:
        return self.cases.case(COUNTY, self.round_id).open_fen


def roster(records: object, folder: Path) -> SqlRosterStore:
    rosters = SqlRosterStore(records.database, Sealer(folder / "people.key"))  # type: ignore[attr-defined]
    rosters.add_people([Person(f"p{n}", f"虚构{n}", f"61100219800230000{n}") for n in (1, 2, 3)])
    members = tuple(Member(f"p{n}", f"H00{n}") for n in (1, 2, 3))
    rosters.add_roster(Roster("r1", HERE, date(2026, 1, 1), members, "0" * 64, "accountant"), START)
    for person, number in ACCOUNTS.items():
        account = Account(
            f"a-{person}", person, "样例银行", number, date(2026, 1, 1), "d", "accountant", "clerk"
        )
        rosters.add_account(account, START)
    return rosters


def banked(office: IndustryOffice, folder: Path, areas: tuple[str, ...] = ("10", "5.5", "3")) -> Bank:
    """Return a granted round of subsidies, one payee for each area, and a full fund."""
    funds, rosters = office.funds(), roster(office.records, folder)
    given_ = Contribution(SUBSIDY, DAY, 5_000_00, "区财政（虚构）", "r1")
    funds.confirm(COUNTY, funds.contribute(ACCOUNTANT, given_))
    rows = tuple((f"H00{n}", HERE, area) for n, area in enumerate(areas, 1))
    round_id = funds.make_round(ACCOUNTANT, SUBSIDY, sheet(("领款人编号", "村编码", "面积或数量"), *rows))
    funds.publish_round(ACCOUNTANT, round_id, DAY, PHOTO)
    office.clock.advance(8 * 86_400)
    office.funds().approve_round(COUNTY, round_id)
    payments = FundPayments(
        office.records, office.registry, office.rules, office.clock, office.clock, rosters
    )
    return Bank(office, payments, FundCases(office.records, office.registry), round_id)


@pytest.fixture
def bank(tmp_path: Path) -> Iterator[Bank]:
    office = open_office(tmp_path)
    yield banked(office, tmp_path)
    office.records.close()


def test_a_batch_holds_who_has_an_account_and_the_others_wait(bank: Bank) -> None:
    made = bank.payments.batch(ACCOUNTANT, bank.round_id)
    assert [(one.number, one.payee_id, one.account_id, one.fen) for one in made.lines] == [
        (1, "p1", "a-p1", 1_000_00),
        (2, "p2", "a-p2", 550_00),
    ]
    assert bank.open() == {"H001": 0, "H002": 0, "H003": 300_00}
    with pytest.raises(ReportRefusedError) as refused:
        bank.payments.batch(ACCOUNTANT, bank.round_id)
    assert [one.key for one in refused.value.faults] == ["no_account"]


def test_a_batch_is_booked_by_its_release_and_not_past_it(bank: Bank) -> None:
    bank.payments.batch(ACCOUNTANT, bank.round_id)
    with pytest.raises(ReportRefusedError) as refused:
        bank.office.funds().book_payments(COUNTY, bank.round_id)
    assert [one.key for one in refused.value.faults] == ["not_found"]


def test_the_file_goes_to_the_bank_only_when_a_second_person_booked_it(bank: Bank) -> None:
    made = bank.payments.batch(ACCOUNTANT, bank.round_id)
    before = bank.balance()
    for act in (bank.payments.bank_file, lambda who, name: bank.payments.reply_file(who, name, b"x")):
        with pytest.raises(ReportRefusedError) as refused:
            act(ACCOUNTANT, made.batch_id)
        assert [one.key for one in refused.value.faults] == ["not_released"]
    shown = bank.payments.to_release(COUNTY, made.batch_id)
    assert [(one.name, one.account) for one in shown] == [("虚*1", "****0001"), ("虚*2", "****0002")]
    with pytest.raises(AccessDeniedError):
        bank.payments.release(ACCOUNTANT, made.batch_id)
    bank.payments.release(COUNTY, made.batch_id)
    assert before - bank.balance() == 1_550_00
    file = bank.payments.bank_file(ACCOUNTANT, made.batch_id)
    assert [(row.name, row.account, row.fen) for row in file.rows] == [
        ("虚构1", ACCOUNTS["p1"], 1_000_00),
        ("虚构2", ACCOUNTS["p2"], 550_00),
    ]
    with pytest.raises(ReportRefusedError):
        bank.payments.release(COUNTY, made.batch_id)  # once
    assert {("people.look", "done"), ("payment.export", "done")} <= set(bank.office.audited())


def test_what_came_back_is_owed_again_and_tried_again_and_what_arrived_is_not(bank: Bank) -> None:
    first = bank.sent()
    content = bank.says(first, ("1", "1000.00", "成功", ""), ("2", "550.00", "失败", "户名不符"))
    assert bank.open() == {"H001": 0, "H002": 550_00, "H003": 300_00}
    with pytest.raises(RefusedError):
        bank.payments.reply_file(ACCOUNTANT, first, content)  # the same file
    with pytest.raises(RefusedError):
        bank.says(first, ("2", "550.00", "成功", " "))  # answered before
    second = bank.payments.batch(ACCOUNTANT, bank.round_id)
    assert [(one.payee_id, one.fen, one.attempt) for one in second.lines] == [("p2", 550_00, 2)]
    bank.payments.release(COUNTY, second.batch_id)
    bank.says(second.batch_id, ("1", "550.00", "成功", ""))
    states = [
        [one.state.value for one in each.attempts] for each in bank.cases.case(COUNTY, bank.round_id).batches
    ]
    assert states == [["paid", "returned"], ["paid"]]
    assert bank.balance() == 5_000_00 - 1_550_00
    assert bank.office.records.verify().is_sound


@pytest.mark.parametrize(
    "line",
    [
        ("9", "1000.00", "成功", ""),
        ("1", "999.99", "成功", ""),
        ("1", "1000.00", "失败", ""),
        ("1", "x", "成功", ""),
    ],
)
def test_a_reply_that_does_not_fit_is_refused_and_nothing_of_it_is_taken(
    bank: Bank, line: tuple[str, str, str, str]
) -> None:
    batch = bank.sent()
    before = bank.balance()
    with pytest.raises(RefusedError):
        bank.says(batch, ("2", "550.00", "失败", "销户"), line)
    assert bank.balance() == before
    assert bank.open()["H002"] == 0


def test_only_what_arrived_is_income_of_a_household(bank: Bank) -> None:
    def incomes() -> dict[str, int]:
        parts = income_parts(bank.office.records, Dossiers(bank.office.records), [HERE])
        return {one.household_id: one.fen for one in parts}

    batch = bank.sent()
    assert incomes() == {}  # under way
    bank.says(batch, ("1", "1000.00", "成功", ""), ("2", "550.00", "失败", "户名不符"))
    assert incomes() == {"H001": 1_000_00}


def test_money_is_traced_from_a_contribution_to_its_payees_and_back(bank: Bank) -> None:
    bank.says(bank.sent(), ("1", "1000.00", "成功", ""), ("2", "550.00", "失败", "户名不符"))
    contribution = f"{SUBSIDY}|2026-08-03|r1"
    there = [(one.payee_id, one.fen) for one in bank.cases.spent(COUNTY, contribution)]
    assert there == [("H001", 1_000_00), ("H002", 550_00), ("H002", -550_00)]
    back = bank.cases.case(COUNTY, bank.round_id).moved
    assert {(one.contribution_id, one.source_id) for one in back} == {(contribution, bank.round_id)}
    assert all(bank.office.records.vouchers([f"fund-{SUBSIDY}"]) for _ in back)
    with pytest.raises(AccessDeniedError):
        bank.cases.spent(CLERK, contribution)
    with pytest.raises(AccessDeniedError):
        bank.cases.case(CLERK, bank.round_id)  # a round is the district's


def test_a_claim_of_a_household_goes_the_same_way(bank: Bank) -> None:
    funds = bank.office.funds()
    given_ = Contribution(GUARD, DAY, 90_000_00, "区财政（虚构）", "g1")
    funds.confirm(COUNTY, funds.contribute(ACCOUNTANT, given_))
    claim = funds.claim(CLERK, ClaimOrder(GUARD, "H001", HERE, "", "冰雹", DAY, 1_000_00, 700_00), [PHOTO])
    funds.decide(COUNTY, claim.claim_id, 600_00)
    made = bank.payments.batch(ACCOUNTANT, claim.claim_id)
    bank.payments.release(COUNTY, made.batch_id)
    bank.says(made.batch_id, ("1", "600.00", "成功", ""))
    assert bank.balance(GUARD) == 90_000_00 - 600_00
    assert bank.cases.case(CLERK, claim.claim_id).open_fen == {"H001": 0}


@example([[False, False], [False, False], [True, True]])
@settings(max_examples=8, deadline=None)
@given(st.lists(st.lists(st.booleans(), min_size=2, max_size=2), min_size=1, max_size=4))
def test_whatever_the_bank_says_no_fen_is_paid_twice_and_none_is_lost(tries: list[list[bool]]) -> None:
    with TemporaryDirectory() as folder:
        office = open_office(Path(folder))
        bank = banked(office, Path(folder), ("10.01", "5.55"))
        granted = dict(bank.cases.case(COUNTY, bank.round_id).granted)
        paid = dict.fromkeys(granted, 0)
        for say in tries:
            if sum(bank.open().values()) == 0:
                break
            batch = bank.payments.batch(ACCOUNTANT, bank.round_id)
            bank.payments.release(COUNTY, batch.batch_id)
            lines = []
            for one, well in zip(batch.lines, say, strict=False):
                payee = one.entitlement_id.partition("/")[2]
                paid[payee] += one.fen if well else 0
                why = "" if well else f"退回 {batch.batch_id}"  # two replies are never the same file
                lines.append((str(one.number), f"{one.fen / 100:.2f}", "成功" if well else "退回", why))
            bank.says(batch.batch_id, *lines)
        assert all(paid[payee] in {0, granted[payee]} for payee in granted)
        assert bank.open() == {payee: granted[payee] - paid[payee] for payee in granted}
        assert bank.balance() == 5_000_00 - sum(paid.values())
        assert office.records.verify().is_sound
        office.records.close()
