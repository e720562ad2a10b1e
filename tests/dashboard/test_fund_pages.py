"""Funds in the browser from end to end: money in, a claim with its photo, a round; each step by who may do it."""

import io
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.commands.industry_world import COUNTY, PHOTO, sheet
from tests.dashboard.fixtures import login
from tests.dashboard.industry_world import Season, open_season

DISASTER, SUBSIDY = "natural_disaster", "artichoke_subsidy"


@pytest.fixture(scope="module")
def season(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Season]:
    made = open_season(tmp_path_factory.mktemp("season"))
    yield made
    made.world.close()


@pytest.fixture(scope="module")
def people(season: Season) -> dict[str, "Hand"]:
    app = season.app()
    return {role: Hand(app, role) for role in ("accountant", "county", "township", "auditor", "om")}


class Hand:
    """Somebody with a browser."""

    def __init__(self, app: Any, role: str) -> None:
        self.client = app.test_client()
        self.token = login(self.client, role)

    def sends(self, path: str, act: str, **fields: Any) -> tuple[int, str]:
        """Send a form; return the status and the page, or where it leads."""
        data = {"csrf_token": self.token, "act": act, **fields}
        answer = self.client.post(f"/app/{path}", data=data, content_type="multipart/form-data")
        where = answer.headers.get("Location", "")
        return answer.status_code, where.removeprefix("/app/") or answer.get_data(as_text=True)

    def sees(self, path: str) -> str:
        answer = self.client.get(f"/app/{path}")
        assert answer.status_code == 200, path
        return str(answer.get_data(as_text=True))


def photo(name: str = "a.jpg") -> tuple[io.BytesIO, str]:
    return io.BytesIO(PHOTO), name


def balance(season: Season, fund_id: str) -> int:
    found = season.services.queries.funds(COUNTY)
    return next(one.standing.balance_fen for one in found if one.standing.fund.fund_id == fund_id)


def contributed(people: dict[str, Hand], fund: str, yuan: str, reference: str) -> None:
    money = {"on": "2026-11-20", "yuan": yuan, "payer": "区财政（虚构）", "reference": reference}
    assert people["accountant"].sends(f"fund/{fund}", "contribute", **money) == (303, f"fund/{fund}?kept=1")
    identity = f"{fund}|2026-11-20|{reference}"
    assert identity in people["county"].sees(f"fund/{fund}")
    assert people["county"].sends(f"fund/{fund}", "confirm", id=identity)[0] == 303


def claim_of(season: Season, **changed: Any) -> dict[str, Any]:
    village = season.world.registry.villages[2].village_id
    given: dict[str, Any] = {
        "payee": "op-panel",
        "village": village,
        "shed": "panel-1",
        "cause": "洪水（虚构）",
    }
    given |= {"on": "2026-11-18", "loss": "20000", "asked": "9000.50", "papers": [photo()]}
    return given | changed


def test_a_claim_on_the_disaster_fund_goes_from_the_first_form_to_the_booked_payment(
    season: Season, people: dict[str, Hand]
) -> None:
    before = balance(season, DISASTER)
    contributed(people, DISASTER, "50000", "F/7 é")
    status, where = people["township"].sends(f"fund/{DISASTER}", "claim", **claim_of(season))
    assert (status, where) == (303, f"fund-case/{DISASTER}-2026-001")
    page = people["county"].sees(where)
    assert "洪水（虚构）" in page
    assert "板下种植股份社（虚构）（op-panel）" in page, "a payee has its name"
    assert f"自然灾害应急统筹基金 {DISASTER}-2026-001" in page
    paper = page.split("papers/fund-evidence/")[1].split('"')[0]
    shown = people["county"].client.get(f"/app/papers/fund-evidence/{paper}")
    assert (shown.mimetype, shown.data) == ("image/jpeg", PHOTO)
    assert people["county"].sends(where, "decide", yuan="9000.50", reason="")[0] == 303
    noted = {"on": "2026-11-26", "reference": "B1"}
    assert people["accountant"].sends(where, "pay", **noted)[0] == 303
    assert "待复核" in people["county"].sees(where)
    assert balance(season, DISASTER) == before + 50_000_00
    assert people["accountant"].sends(where, "book")[0] == 403, "who enters does not book"
    assert people["county"].sends(where, "book")[0] == 303
    assert balance(season, DISASTER) == before + 40_999_50
    [moved] = season.services.cases.case(COUNTY, f"{DISASTER}-2026-001").moved  # from the oldest contribution
    went = people["auditor"].sees(f"fund-money?{urlencode({'id': moved.contribution_id})}")
    assert "9,000.50" in went
    assert where in went
    assert season.world.records.verify().is_sound


def test_what_is_wrong_with_a_claim_is_said_and_what_was_typed_stays(
    season: Season, people: dict[str, Hand]
) -> None:
    cases: tuple[tuple[dict[str, Any], str], ...] = (
        ({"asked": "10000.01"}, "超过可赔上限"),
        ({"papers": []}, "没有证据"),
        ({"papers": [(io.BytesIO(b"MZ"), "a.exe")]}, "须附照片或文件"),
        ({"loss": "1.005"}, "不是数字"),
        ({"on": "18/11"}, "不是日期"),
        ({"on": "2026-12-01"}, "还没有到"),
    )
    for changed, said in cases:
        status, page = people["township"].sends(f"fund/{DISASTER}", "claim", **claim_of(season, **changed))
        assert (status, said in page, 'value="洪水（虚构）"' in page) == (422, True, True), changed
    shed = claim_of(season, shed="panel-1")
    status, page = people["township"].sends("fund/fungus_guarantee", "claim", **shed)
    assert (status, "不在该基金的保障范围内" in page) == (422, True)
    status, page = people["township"].sends(f"fund/{SUBSIDY}", "claim", **claim_of(season, shed=""))
    assert (status, "不受理赔付申请" in page) == (422, True)


def test_a_round_comes_from_its_own_sheet_hangs_out_and_is_granted(
    season: Season, people: dict[str, Hand]
) -> None:
    contributed(people, SUBSIDY, "100000", "F8")
    accountant, village = people["accountant"], season.world.registry.villages[3].village_id
    assert accountant.client.get("/app/papers/round-template").data.startswith(b"PK")
    heads = ("领款人编号", "村编码", "面积或数量", "凭据")
    bad = sheet(heads, ("H101", village, "many", ""))
    status, page = accountant.sends(f"fund/{SUBSIDY}", "round", file=(io.BytesIO(bad), "x.xlsx"))
    assert (status, "第 2 行" in page) == (422, True)
    good = sheet(heads, ("H101", village, "12.5", "承包合同"))
    status, where = accountant.sends(f"fund/{SUBSIDY}", "round", file=(io.BytesIO(good), "x.xlsx"))
    assert status == 303
    assert people["county"].sends(where, "approve")[0] == 422, "it has not hung out"
    notice = {"on": "2026-11-19", "paper": photo("公示.jpg")}
    assert accountant.sends(where, "publish", **notice)[0] == 303
    assert "看证据 1" in people["county"].sees(where)
    assert people["county"].sends(where, "approve")[0] == 303
    assert "1,250.00" in accountant.sees(where)


def test_who_only_reads_gets_no_forms_and_who_sees_no_money_gets_no_page(people: dict[str, Hand]) -> None:
    assert "<form" not in people["auditor"].sees(f"fund/{DISASTER}")
    for act in ("contribute", "confirm", "claim", "round", "nonsense"):
        assert people["auditor"].sends(f"fund/{DISASTER}", act)[0] in {403, 422}, act
    assert people["om"].client.get(f"/app/fund/{DISASTER}").status_code == 403
    assert people["auditor"].client.get("/app/fund/nothing").status_code == 403
    assert people["auditor"].client.get("/app/papers/fund-evidence/x/y").status_code == 403
