"""What is held against the books, done and seen through a real store: platform, hours, advices, late subsidy, flags."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from commands.money_base import MoneyRefusedError
from commands.money_checks import MoneyChecks
from domain.account import Role, Scope
from domain.errors import AccessDeniedError
from domain.roster import Member, Roster
from queries.money import MoneyQueries
from queries.money_checks import MoneyChecksView
from queries.money_views import Energies
from revenue.platform import BooksStatus
from revenue.receipt import Movement
from revenue.reconciliation import Cause, Step
from stores.records.rosters import SqlRosterStore
from stores.records.sealing import Sealer
from tests.commands.money import (
    CHECKER,
    MAKER,
    SHARES,
    TOWNSHIP,
    VILLAGE_MAKER,
    A,
    B,
    MoneyOffice,
    open_office,
    person,
    row,
    sheet,
)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[MoneyOffice]:
    office = open_office(tmp_path)
    yield office
    office.records.close()


@pytest.fixture
def rosters(office: MoneyOffice, tmp_path: Path) -> SqlRosterStore:
    return SqlRosterStore(office.records.database, Sealer(tmp_path / "key"))


@pytest.fixture
def view(office: MoneyOffice, rosters: SqlRosterStore) -> MoneyChecksView:
    limited = {
        key: replace(t, subsidised_hours=1000, subsidised_years=20)
        for key, t in office.tariffs.by_plant.items()
    }
    tariffs = replace(office.tariffs, by_plant=limited)
    return MoneyChecksView(office.records, rosters, office.registry, tariffs, office.clock)


@pytest.fixture
def checks(office: MoneyOffice) -> MoneyChecks:
    return MoneyChecks(office.records, office.registry, office.tariffs, office.clock, office.clock)


def settled(office: MoneyOffice) -> str:
    """June is settled, paid and booked; return its remittance."""
    office.money_in().import_statements(MAKER, "a.csv", sheet(row("2025-06", 20_000)))
    assert office.books().settle_month(CHECKER, "2025-06").problems == ()
    movement = Movement("6100", "B1", date(2025, 8, 2), 709_000, "供电公司")
    office.money_in().enter_movement(MAKER, movement)
    return office.receipts().confirm(CHECKER, movement.identity).identity


def test_books_are_official_only_by_a_document_of_who_checks(
    checks: MoneyChecks, view: MoneyChecksView
) -> None:
    assert view.status(VILLAGE_MAKER, A) is BooksStatus.AUXILIARY
    with pytest.raises(MoneyRefusedError):
        checks.set_status(TOWNSHIP, A, BooksStatus.OFFICIAL, date(2026, 1, 1), " ")
    with pytest.raises(AccessDeniedError):
        checks.set_status(VILLAGE_MAKER, A, BooksStatus.OFFICIAL, date(2026, 1, 1), "文件")
    checks.set_status(TOWNSHIP, A, BooksStatus.OFFICIAL, date(2026, 1, 1), "商农发〔2026〕1号（虚构）")
    assert (view.status(CHECKER, A), view.status(CHECKER, B)) == (BooksStatus.OFFICIAL, BooksStatus.AUXILIARY)
    with pytest.raises(AccessDeniedError):
        view.status(VILLAGE_MAKER, B)


def test_the_platforms_balances_stand_beside_ours_through_the_kept_codes(
    office: MoneyOffice, checks: MoneyChecks, view: MoneyChecksView
) -> None:
    settled(office)
    assert view.compared(VILLAGE_MAKER, A, "2025-08") is None
    assert checks.keep_codes(CHECKER, "本系统科目,平台科目\n10201,1002\n50101,501\n".encode()) == []
    with pytest.raises(MoneyRefusedError):
        checks.keep_codes(TOWNSHIP, "本系统科目,平台科目\n10201,1002\n".encode())
    wrong = checks.keep_balances(
        VILLAGE_MAKER, A, "2025-08", "科目代码,借方余额,贷方余额\n1002,x,\n".encode()
    )
    assert [(p.row, p.column) for p in wrong] == [(2, "debit")]
    first = "科目代码,借方余额,贷方余额\n1002,4254.00,\n501,,4253.99\n".encode("gb18030")
    assert checks.keep_balances(VILLAGE_MAKER, A, "2026-01", first) == []
    rows = view.compared(VILLAGE_MAKER, A, "2026-01")
    assert rows is not None
    assert {r.code: (r.ours_fen, r.off_fen) for r in rows} == {"1002": (425_400, 0), "501": (-425_400, 1)}
    better = first.replace(b"4253.99", b"4254.00")
    assert checks.keep_balances(VILLAGE_MAKER, A, "2026-01", better) == []
    assert [r.off_fen for r in view.compared(VILLAGE_MAKER, A, "2026-01") or ()] == [0, 0]
    with pytest.raises(MoneyRefusedError):
        checks.keep_balances(VILLAGE_MAKER, B, "2026-01", first)


def test_subsidised_hours_are_counted_from_the_opening_on_and_a_correction_counts_once(
    office: MoneyOffice, checks: MoneyChecks, view: MoneyChecksView
) -> None:
    lines = [row("2025-05", 50_000, "S5"), row("2025-06", 20_000, "S6")]
    office.money_in().import_statements(MAKER, "a.csv", sheet(*lines))
    office.money_in().import_statements(MAKER, "b.csv", sheet(row("2025-06", 10_000, "S6-1", corrects="S6")))
    first = {one.plant_id: one for one in view.hours(CHECKER)}["joint"]
    assert (first.kwh, first.counter.used_hours, first.counter.left_hours) == (
        Decimal(60_000),
        Decimal(120),
        Decimal(880),
    )
    assert first.counter.ends_on == date(2040, 6, 30)
    with pytest.raises(MoneyRefusedError):
        checks.enter_hours(MAKER, "joint", Decimal(-1), date(2025, 6, 1), "台账")
    checks.enter_hours(MAKER, "joint", Decimal("979.5"), date(2025, 6, 1), "台账")
    [one, other] = view.hours(CHECKER)
    assert (one.plant_id, one.kwh, one.counter.used_hours, one.counter.left_hours) == (
        *("joint", Decimal(10_000), Decimal("999.5")),
        Decimal("0.5"),
    )
    assert not one.is_over(date(2040, 6, 29))
    assert one.is_over(date(2040, 6, 30))
    assert other.counter.used_hours == 0
    office.money_in().import_statements(MAKER, "c.csv", sheet(row("2025-07", 500, "S7")))
    assert view.hours(CHECKER)[0].is_over(date(2026, 1, 1))


def test_a_village_confirms_its_advice_once_and_not_who_booked_it(
    office: MoneyOffice, checks: MoneyChecks, view: MoneyChecksView
) -> None:
    remittance = settled(office)
    [advice] = view.advices(VILLAGE_MAKER, A)
    assert (advice.fen, advice.confirmed_by, advice.lines) == (
        *(425_400, ""),
        (("joint", "2025-06", "benchmark", 425_400),),
    )
    with pytest.raises(MoneyRefusedError, match="one person"):
        checks.confirm_advice(person("county", Role.ACCOUNTANT), A, remittance)
    with pytest.raises(MoneyRefusedError):
        checks.confirm_advice(VILLAGE_MAKER, B, remittance)
    assert checks.confirm_advice(VILLAGE_MAKER, A, remittance, "已入账") == 425_400
    assert view.advices(VILLAGE_MAKER, A)[0].confirmed_by == "accountant"
    with pytest.raises(MoneyRefusedError, match="before"):
        checks.confirm_advice(VILLAGE_MAKER, A, remittance)
    office.receipts().undo(CHECKER, "6100|2025-08-02|B1", "对错")
    assert view.advices(VILLAGE_MAKER, A) == []
    with pytest.raises(MoneyRefusedError):
        checks.confirm_advice(person("b", Role.ACCOUNTANT), B, remittance)


def test_a_late_subsidy_is_previewed_with_both_rosters(
    office: MoneyOffice, rosters: SqlRosterStore, view: MoneyChecksView
) -> None:
    at = datetime.fromisoformat("2026-01-01T00:00:00+00:00")
    for day, people in ((date(2024, 1, 1), "abc"), (date(2025, 12, 1), "bcde")):
        members = tuple(Member(name, f"h{name}") for name in people)
        rosters.add_roster(Roster(f"{A}-{day:%Y}", A, day, members), at)
    found = {
        one.village_id: one
        for one in view.subsidy_preview(CHECKER, {"joint": 100_000}, "2025-06", date(2026, 1, 5))
    }
    assert {village: one.fen for village, one in found.items()} == dict(
        zip(SHARES, (60_000, 36_000, 4_000), strict=True)
    )
    one = found[A]
    assert (one.then.roster_id, one.now.roster_id, one.joined, one.left) == (f"{A}-2024", f"{A}-2025", 2, 1)
    assert (found[B].then.roster_id, found[B].joined, found[B].left) == ("", 0, 0)


def test_reconciliation_has_the_inverters_and_flags_are_closed_with_a_reason(office: MoneyOffice) -> None:
    settled(office)
    kwh = {"joint": (Decimal(20_100), Decimal(23_000))}
    energies = Energies(lambda p, *_: kwh.get(p, (None, None))[0], lambda p, *_: kwh.get(p, (None, None))[1])
    queries = MoneyQueries(office.records, office.registry, office.clock, energies)
    [one, other] = queries.reconciliation(CHECKER, "2025-06")
    assert (one.numbers.inverter_kwh, one.numbers.metered_kwh) == (Decimal(23_000), Decimal(20_100))
    assert [(d.step, d.cause) for d in one.differences] == [
        (Step.INVERTERS, Cause.UNKNOWN),
        (Step.SUBSIDY, Cause.SUBSIDY_LATE),
    ]
    assert one.oldest_days == 193
    assert [d.cause for d in other.differences] == [Cause.NO_STATEMENT]
    identity = next(f.identity for f in queries.flags(CHECKER, "2025-06"))
    office.closings().close_flag(CHECKER, identity, "已核对")
    assert identity not in {f.identity for f in queries.flags(CHECKER, "2025-06")}
    narrow = replace(MAKER, scope=Scope(plant_ids=frozenset({"second"})))
    assert [r.plant_id for r in queries.reconciliation(narrow, "2025-06")] == ["second"]


@pytest.mark.parametrize(
    ("metered", "off", "is_off"),
    [(None, None, False), (Decimal(20_000), Decimal(0), False), (Decimal(19_610), Decimal(390), False),
     (Decimal(19_600), Decimal(400), True), (Decimal(20_500), Decimal(-500), True)],
)  # fmt: skip
def test_a_statement_says_how_far_it_is_from_the_meter_of_its_own_days_and_when_its_money_came(
    office: MoneyOffice, metered: Decimal | None, off: Decimal | None, is_off: bool
) -> None:
    office.money_in().import_statements(MAKER, "a.csv", sheet(row("2025-12", 20_000)))
    asked = []

    def of_meter(plant_id: str, first: date, end: date) -> Decimal | None:
        asked.append((plant_id, first, end))
        return metered

    queries = MoneyQueries(office.records, office.registry, office.clock, Energies(of_meter, lambda *_: None))
    [told] = queries.statements(CHECKER, "2025-12")
    assert (told.meter_off_kwh, told.is_meter_off, told.received_on) == (off, is_off, None)
    assert asked == [("joint", date(2025, 12, 1), date(2026, 1, 1))]
    office.books().settle_month(CHECKER, "2025-12")
    movement = Movement("6100", "B1", date(2026, 1, 9), 709_000, "供电公司")
    office.money_in().enter_movement(MAKER, movement)
    office.receipts().confirm(CHECKER, movement.identity)
    [told] = queries.statements(CHECKER, "2025-12")
    assert told.received_on == date(2026, 1, 9)


def test_an_english_reader_sees_plants_by_their_english_names(office: MoneyOffice) -> None:
    office.money_in().import_statements(MAKER, "a.csv", sheet(row("2025-12", 20_000)))
    place = replace(
        office.registry,
        plants=tuple(replace(plant, name_en=f"Joint {plant.plant_id}") for plant in office.registry.plants),
    )
    queries = MoneyQueries(office.records, place, office.clock, Energies(lambda *_: None, lambda *_: None))
    checks = MoneyChecksView(office.records, None, place, office.tariffs, office.clock)
    for language in ("zh", "en"):
        reader = replace(CHECKER, language=language)
        said = {"zh": "joint联村电站", "en": "Joint joint"}[language]
        assert queries.statements(reader, "2025-12")[0].plant == said
        assert queries.arrears(reader)[0].plant == said
        assert queries.reconciliation(reader, "2025-12")[0].plant == said
        assert said in {one.plant for one in checks.hours(reader)}
