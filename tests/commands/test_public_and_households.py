"""Public pages for everybody and a household's own page: masked, forgetful, throttled, its own lines only."""

import io
import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path

import pypdf
import pytest

from access.principal import Principal
from commands.documents import Documents
from commands.households import CodeRefusedError, Households, SlipCode
from commands.public_notices import PERSONS_SHOWN, PublicNotices
from domain.account import Role, Scope
from domain.errors import AccessDeniedError
from revenue.notice import totals_in_page
from stores.household_protocol import CodeKind, HouseholdCode
from stores.records.household_codes import SqlHouseholdCodes
from stores.records.sealing import Sealer
from tests.commands.payout_world import VILLAGES, World
from texts.loader import Texts

ZH = Texts("zh")
BASE = "https://pv.example.cn"


@pytest.fixture
def paid(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    made.fund(VILLAGES[0])
    made.enrol(VILLAGES[0], 6)
    plan_id = made.release(VILLAGES[0]).plan.plan_id
    made.answer(made.send(plan_id), frozenset({2}))
    yield made
    made.close()


def publish_result(paid: World, plan_id: str) -> None:
    """Pay what came back and the work, and publish the result with its persons."""
    paid.confirm_all(plan_id)
    paid.answer(paid.send(plan_id))
    paid.payments.pay_works(paid.township, plan_id, "3")
    paid.notices.publish(paid.accountant, plan_id)


@pytest.fixture
def plan_id(paid: World) -> str:
    return paid.stores.dossiers.of_villages([VILLAGES[0]])[0].plan.plan_id


def households(paid: World, base: str = BASE) -> Households:
    codes = SqlHouseholdCodes(paid.records.database, Sealer(paid.folder / "people.key"))
    return Households(paid.stores, paid.registry, paid.rules, paid.clock, paid.clock, codes, base)


def public(paid: World) -> PublicNotices:
    return PublicNotices(paid.stores, paid.registry, paid.clock, BASE)


# ---------------------------------------------------------------------- notices


def test_a_notice_is_public_with_masked_names_its_sums_its_code_and_a_qr(paid: World) -> None:
    page = public(paid).period(VILLAGES[0], "2026-07", ZH)
    assert page is not None
    notice = paid.notices.notices(paid.accountant, VILLAGES[0])[0]
    assert totals_in_page(page) == {total.kind.value: total.fen for total in notice.totals}
    assert notice.code in page
    assert notice.head.upper() == re.search(r'class="hash">([0-9A-F ]+)<', page)[1].replace(" ", "")  # type: ignore[index]
    assert "<svg" in page
    assert "<script" not in page
    assert not re.search(r"村民\d{3}甲", page)
    assert "6217" not in page


def test_persons_leave_the_page_a_season_after_the_notice_and_the_sums_stay(
    paid: World, plan_id: str
) -> None:
    publish_result(paid, plan_id)
    before = public(paid).period(VILLAGES[0], "2026-07", ZH) or ""
    paid.clock.advance((PERSONS_SHOWN + timedelta(days=10)).total_seconds())
    after = public(paid).period(VILLAGES[0], "2026-07", ZH) or ""
    assert totals_in_page(before) == totals_in_page(after)
    assert "村****" in before
    assert "村****" not in after
    assert "已从网页撤下" in after


def test_a_village_without_notices_and_one_that_is_not_there_answer_the_same(paid: World) -> None:
    pages = public(paid)
    assert pages.village(VILLAGES[1], ZH) is None
    assert pages.village("999", ZH) is None
    assert pages.period(VILLAGES[0], "2025-01", ZH) is None
    assert pages.period(VILLAGES[0], "nonsense", ZH) is None
    assert VILLAGES[1] not in pages.home(ZH)


def test_the_static_files_are_the_pages(paid: World) -> None:
    pages = public(paid)
    files = dict(pages.files(ZH))
    assert set(files) == {
        "gs/index.html",
        f"gs/{VILLAGES[0]}/index.html",
        f"gs/{VILLAGES[0]}/2026-07/index.html",
    }
    assert files[f"gs/{VILLAGES[0]}/2026-07/index.html"] == pages.period(VILLAGES[0], "2026-07", ZH)


# ---------------------------------------------------------------------- households


def some(codes: Mapping[str, SlipCode]) -> tuple[str, SlipCode]:
    return next(iter(codes.items()))


def token_of(code: SlipCode) -> str:
    return code.address.rpartition("/")[2]


def test_the_token_of_a_slip_opens_the_households_own_lines_and_no_others(paid: World, plan_id: str) -> None:
    desk = households(paid)
    codes = desk.issue(paid.accountant, plan_id)
    dossier = paid.plans.dossier(paid.accountant, plan_id)
    assert set(codes) == {one.household_id for one in dossier.entitlements}
    for household, code in codes.items():
        view = desk.by_token(token_of(code), "10.0.0.1", ZH)
        own = [one.fen for one in dossier.entitlements if one.household_id == household]
        assert view.household_id == household
        assert sorted(line.fen for line in view.lines) == sorted(own)
        assert view.total_fen == sum(own)
        assert all("*" in line.name for line in view.lines)
    assert any(
        line.state == "returned"
        for code in codes.values()
        for line in desk.by_token(token_of(code), "a", ZH).lines
    )


def test_ten_digits_need_the_tail_of_the_own_account(paid: World, plan_id: str) -> None:
    desk = households(paid)
    household, code = some(desk.issue(paid.accountant, plan_id))
    tail = f"{int(household[1:]):04d}"
    assert desk.by_number(code.spaced, tail, "10.0.0.1", ZH).household_id == household
    wrong = f"{int(tail) + 1:04d}"
    for number, end in (
        (code.number, wrong),
        (code.number[::-1], tail),
        ("", ""),
        ("1" * 10, tail),
        (code.number, ""),
    ):
        with pytest.raises(CodeRefusedError):
            desk.by_number(number, end, "10.0.0.2", ZH)


def test_nothing_of_a_code_is_kept_but_its_hash(paid: World, plan_id: str) -> None:
    codes = households(paid).issue(paid.accountant, plan_id)
    content = b"".join(path.read_bytes() for path in paid.folder.glob("records.sqlite*"))
    for code in codes.values():
        assert token_of(code).encode() not in content
        assert code.number.encode() not in content


def test_a_second_print_locks_nobody_out_and_the_next_plan_ends_the_codes(paid: World, plan_id: str) -> None:
    desk = households(paid)
    first = desk.issue(paid.accountant, plan_id)
    desk.issue(paid.accountant, plan_id)
    household, code = some(first)
    assert desk.by_token(token_of(code), "a", ZH).household_id == household
    codes = SqlHouseholdCodes(paid.records.database, Sealer(paid.folder / "people.key"))
    later = HouseholdCode(CodeKind.QR, "later", VILLAGES[0], household, f"{VILLAGES[0]}-202610-202612")
    codes.issue_codes([later], "accountant", paid.clock.now())
    with pytest.raises(CodeRefusedError):
        desk.by_token(token_of(code), "a", ZH)
    other = next(one for key, one in first.items() if key != household)
    assert desk.by_token(token_of(other), "a", ZH).household_id != household


def test_a_lost_slip_is_ended_by_the_village_and_by_nobody_else(paid: World, plan_id: str) -> None:
    desk = households(paid)
    household, code = some(desk.issue(paid.accountant, plan_id))
    stranger = Principal("x", "x", frozenset({Role.ACCOUNTANT}), Scope(village_ids=frozenset({VILLAGES[1]})))
    with pytest.raises(AccessDeniedError):
        desk.end(stranger, VILLAGES[0], household)
    assert desk.end(paid.accountant, VILLAGES[0], household) == 2
    with pytest.raises(CodeRefusedError):
        desk.by_token(token_of(code), "a", ZH)


def test_guessing_costs_time_for_an_address_and_for_a_code(paid: World, plan_id: str) -> None:
    desk = households(paid)
    household, code = some(desk.issue(paid.accountant, plan_id))
    tail = f"{int(household[1:]):04d}"
    for place in range(5):
        with pytest.raises(CodeRefusedError):
            desk.by_number(code.number, "9999", f"10.1.0.{place}", ZH)
    with pytest.raises(CodeRefusedError) as refused:
        desk.by_number(code.number, tail, "10.1.0.99", ZH)
    assert refused.value.wait_s > 0
    for place in range(12):
        with pytest.raises(CodeRefusedError):
            desk.by_token(f"guess-{place}", "10.2.0.1", ZH)
    with pytest.raises(CodeRefusedError) as waits:
        desk.by_token(token_of(code), "10.2.0.1", ZH)
    assert waits.value.wait_s > 0
    assert desk.by_token(token_of(code), "10.2.0.2", ZH).household_id == household


def test_without_a_public_host_there_is_no_code_and_no_look(paid: World, plan_id: str) -> None:
    off = households(paid, "")
    assert not off.is_on()
    assert off.issue(paid.accountant, plan_id) == {}
    _, code = some(households(paid).issue(paid.accountant, plan_id))
    with pytest.raises(CodeRefusedError):
        off.by_token(token_of(code), "a", ZH)


def test_a_look_is_audited_once_a_day_and_a_refusal_names_no_code(paid: World, plan_id: str) -> None:
    desk = households(paid)
    household, code = some(desk.issue(paid.accountant, plan_id))
    for _ in range(3):
        desk.by_token(token_of(code), "10.0.0.1", ZH)
    looks = [
        one
        for one in paid.records.audit(paid.clock.now() - timedelta(days=1))
        if one.action == "household.look"
    ]
    assert [(one.subject, one.outcome) for one in looks] == [(f"{VILLAGES[0]} {household}", "done")]
    assert token_of(code) not in repr(code)


def test_slips_carry_the_codes_that_open(paid: World, plan_id: str) -> None:
    given = (paid.stores, paid.registry, paid.rules, paid.clock, paid.clock)
    desk = households(paid)
    made = Documents(*given, desk).slips(paid.accountant, [plan_id], ZH)
    text = "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(made.content)).pages)
    numbers = re.findall(r"(\d{3} \d{3} \d{4})", text)
    dossier = paid.plans.dossier(paid.accountant, plan_id)
    assert len(numbers) == len({one.household_id for one in dossier.entitlements})
    found = {
        desk.by_number(number, f"{place:04d}", f"10.3.0.{place}", ZH).household_id
        for place, number in enumerate(numbers, 1)
    }
    assert found == {one.household_id for one in dossier.entitlements}
