"""A town's submitted report in the browser: words, versions, flags, photos; checked or sent back by the district."""

import hashlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from industries import report
from tests.commands.industry_world import PHOTO
from tests.dashboard.fixtures import login
from tests.dashboard.industry_world import Season, open_season
from texts.loader import LANGUAGES, Texts


@pytest.fixture(scope="module")
def season(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Season]:
    made = open_season(tmp_path_factory.mktemp("season"))
    yield made
    made.world.close()


def test_a_report_is_looked_at_sent_back_corrected_and_checked(season: Season) -> None:
    app = season.app()
    town, county = app.test_client(), app.test_client()
    own, token = login(town, "township"), login(county, "county")
    place = f"{season.made.silent}/2026-10"

    def send(**fields: Any) -> int:
        form = {"csrf_token": own, "keep": "1", "confirmed": "1", **fields}
        path = f"/app/report-form/{place}"
        answer = town.post(path, data=form, content_type="multipart/form-data")
        return int(answer.status_code)

    def act(**fields: str) -> Any:
        return county.post(f"/app/report/{place}", data={"csrf_token": token, **fields})

    assert "还没有提交" in county.get(f"/app/report/{place}").get_data(as_text=True)
    assert act(act="check").status_code == 422, "nothing to check"
    photo = (io.BytesIO(PHOTO), "a.jpg")
    assert send(**{"amount.local_chickens": "9000000", "photo": photo}) == 303  # odd, confirmed
    page = county.get(f"/app/report/{place}").get_data(as_text=True)
    for words in ("玖佰万只", "已确认", "第 1 版", "看照片 1", "审核通过（1 个数）", "制表"):
        assert words in page, words
    code = hashlib.sha256(PHOTO).hexdigest()
    shown = county.get(f"/app/papers/report-photo/{place}/{code}")
    assert (shown.mimetype, shown.data) == ("image/jpeg", PHOTO)
    elsewhere = f"/app/papers/report-photo/{season.made.silent}/2026-09/{code}"
    assert county.get(elsewhere).status_code == 403, "a photo of another month"
    assert act(act="return", indicator="local_chickens", reason=" ").status_code == 422
    back = act(act="return", indicator="local_chickens", reason="与现场不符")
    assert back.headers["Location"].endswith("?done=return")
    assert "退回：与现场不符" in county.get(f"/app/report/{place}").get_data(as_text=True)
    assert "与现场不符" in town.get(f"/app/report-form/{place}").get_data(as_text=True)
    assert send(**{"amount.local_chickens": "9000", "reason.local_chickens": "多写三个零"}) == 303
    page = county.get(f"/app/report/{place}?done=return").get_data(as_text=True)
    assert ("第 2 版" in page, "第 1 版" in page, "多写三个零" in page) == (True, True, True)
    assert act(act="check").status_code == 303
    assert "审核" in county.get(f"/app/report/{place}?lang=zh").get_data(as_text=True)
    page = county.get(f"/app/report/{place}?lang=en&done=check").get_data(as_text=True)
    assert "checked by county" in page
    assert "9,000 head" in page


def test_who_enters_does_not_check_and_another_towns_report_is_not_seen(season: Season) -> None:
    app = season.app()
    clerk, narrow = app.test_client(), app.test_client()
    own = login(clerk, "township")
    towns = [one.town_id for one in season.world.registry.towns]
    page = clerk.get(f"/app/report/{towns[0]}/2026-10").get_data(as_text=True)
    assert "<form" not in page
    sent = clerk.post(f"/app/report/{towns[0]}/2026-10", data={"csrf_token": own, "act": "check"})
    assert sent.status_code == 403
    login(narrow, "town")
    home = season.world.registry.villages[2].town_id
    other = next(one for one in towns if one != home)
    assert narrow.get(f"/app/report/{home}/2026-10").status_code == 200
    assert narrow.get(f"/app/report/{other}/2026-10").status_code == 403


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_flag_a_report_may_carry_has_its_words(language: str) -> None:
    source = Path(report.__file__).read_text("utf-8")
    calls = [call.partition(")")[0] for call in source.split("_fault(draft, ")[1:]]
    keys = {call.split('"')[1] for call in calls if "refuses=False" in call}
    assert len(keys) >= 8
    for key in keys:
        assert Texts(language)(f"industry_reports.flag.{key}")
