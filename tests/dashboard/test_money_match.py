"""A receipt matched by a list on the page: previewed with both rosters, then confirmed exactly as previewed."""

import io
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from commands.money_desk import MoneyDesk
from dashboard.factory import create_app
from domain.roster import Member, Roster
from queries.money import MoneyQueries
from queries.money_checks import MoneyChecksView
from queries.money_views import Energies
from revenue.receipt import Movement
from stores.records.rosters import SqlRosterStore
from stores.records.sealing import Sealer
from tests.commands.money import CHECKER, MAKER, SHARES, A, MoneyOffice, open_office, row, sheet
from tests.dashboard.fixtures import USERS, login

CAME = datetime(2026, 1, 5, tzinfo=UTC)
SUBSIDY_FEN = 991_000


def _roster(name: str, day: date, persons: tuple[str, ...]) -> Roster:
    return Roster(name, A, day, tuple(Member(one, f"h{one}") for one in persons))


@pytest.fixture
def office(tmp_path: Path) -> Iterator[MoneyOffice]:
    made = open_office(tmp_path)
    made.money_in().import_statements(MAKER, "a.csv", sheet(row("2025-06", 20_000)))
    assert made.books().settle_month(CHECKER, "2025-06").problems == ()
    for reference, fen in (("S", SUBSIDY_FEN), ("B", 709_000)):
        made.money_in().enter_movement(MAKER, Movement("6100", reference, date(2026, 1, 5), fen, "供电公司"))
    yield made
    made.records.close()


@pytest.fixture
def app(world: Any, office: MoneyOffice, tmp_path: Path) -> Any:
    rosters = SqlRosterStore(office.records.database, Sealer(tmp_path / "key"))
    rosters.add_roster(_roster("old", date(2025, 1, 1), ("p1", "p2")), CAME)
    rosters.add_roster(_roster("new", date(2026, 1, 1), ("p2", "p3", "p4")), CAME)
    desk = MoneyDesk.over(office.records, office.registry, office.tariffs, office.clock, office.clock)
    queries = MoneyQueries(
        office.records, office.registry, office.clock, Energies(lambda *_: None, lambda *_: None)
    )
    checks = MoneyChecksView(office.records, rosters, office.registry, office.tariffs, office.clock)
    services = replace(world.services, money=desk, money_queries=queries, money_checks=checks)
    return create_app(
        replace(services, sources=replace(services.sources, registry=office.registry)), world.settings
    )


class Desk:
    """A checker at the form."""

    def __init__(self, app: Any, kind: str) -> None:
        self.client = app.test_client()
        self.token = login(self.client, "county")
        self.address = f"/app/money-match/{kind}"

    def sends(self, content: str, keep: str = "", seen: str = "", **fields: str) -> tuple[int, str]:
        form = {
            "csrf_token": self.token,
            "keep": keep,
            "seen": seen,
            "movement": "6100|2026-01-05|S",
            "first": "2025-01",
            "last": "2025-06",
            "roster_on": "2026-01-10",
            **fields,
            "file": (io.BytesIO(content.encode()), "清单.csv"),
        }
        answer = self.client.post(self.address, data=form, content_type="multipart/form-data")
        return answer.status_code, answer.get_data(as_text=True)


def _mark(page: str) -> str:
    found = re.search(r'name="seen" value="([0-9a-f]+)"', page)
    return found[1] if found else ""


def _remittances(office: MoneyOffice) -> int:
    return len(office.records.facts("remittance"))


def test_only_who_checks_money_sees_the_form(app: Any) -> None:
    for role in USERS:
        client = app.test_client()
        login(client, role)
        status = client.get("/app/money-match/subsidy").status_code
        assert status == (200 if role in {"county", "township"} else 403), role


def test_a_late_subsidy_shows_both_rosters_and_is_booked_as_it_was_previewed(
    app: Any, office: MoneyOffice
) -> None:
    desk, content = Desk(app, "subsidy"), "电站编号,金额\njoint,9910.00\n"
    status, page = desk.sends(content)
    assert status == 200
    assert "2025-01-01 起，2 人" in page
    assert "2026-01-01 起，3 人" in page
    assert "<td>2</td><td>1</td>" in page  # joined, left
    assert "5,946.00" in page  # 300 of 500 kW
    assert _remittances(office) == 0
    mark = _mark(page)
    for changed in (
        {"seen": ""},
        {"seen": mark, "first": "2025-06"},
        {"seen": mark, "roster_on": "2025-06-01"},
    ):
        refused, said = desk.sends(content, "1", **changed)
        assert (refused, "请先预览" in said, _remittances(office)) == (422, True, 0)
    assert desk.sends(content + "\n", "1", mark)[0] == 422  # another file
    status, page = desk.sends(content, "1", mark)
    assert (status, "已记账：1 项，分到 3 个村" in page) == (200, True)
    paid = {village: office.balance(village, "10201") for village in SHARES}
    assert (sum(paid.values()), paid[A]) == (SUBSIDY_FEN, 594_600)
    assert "供电公司 · 9,910.00" not in desk.client.get(desk.address).get_data(as_text=True)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("电站编号,金额\njoint,9910.01\n", "9,910"),
        ("电站编号,金额\njoint,=1+1\n", "第 2 行 金额：是公式"),
        ("电站编号,金额\njoint,5000\njoint,4910\n", "第 3 行 电站：电站 joint 写了两次"),
        ("电站编号,金额\njoint,-9910\n", "第 2 行 金额"),
        ("电站编号,金额\nnowhere,9910\n", "没有电站 nowhere"),
        ("电站编号\njoint\n", "金额"),
    ],
)
def test_a_list_that_cannot_be_is_refused_with_row_column_and_reason(
    app: Any, office: MoneyOffice, content: str, said: str
) -> None:
    status, page = Desk(app, "subsidy").sends(content)
    assert (status, _mark(page)) == (422, "")
    assert said in page
    assert _remittances(office) == 0


def test_what_one_movement_pays_is_confirmed_row_by_row(app: Any, office: MoneyOffice) -> None:
    desk = Desk(app, "items")
    content, movement = "电站编号,月份,部分,金额\njoint,2025-06,标杆,7090.00\n", "6100|2026-01-05|B"
    assert desk.sends("电站编号,月份,金额\njoint,2025-06,7000\n", movement=movement)[0] == 422
    status, page = desk.sends(content, movement=movement)
    assert status == 200
    assert "joint联村电站" in page
    assert desk.sends(content, "1", _mark(page), movement=movement)[0] == 200
    assert _remittances(office) == 1
    assert desk.sends(content, movement=movement)[0] == 422  # it waits no more


def test_a_form_that_is_not_there_is_refused(app: Any) -> None:
    assert Desk(app, "other").sends("a")[0] == 422
