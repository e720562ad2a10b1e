import hashlib
import io
import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from access.guard import unguarded
from access.permissions import ROLE_PERMISSIONS, Permission
from access.principal import Principal
from commands.reading_rules import NewReading, ReadingRefusedError, check_neighbours, meter_of, rated_kw
from commands.readings import QUANTITY, Readings
from commands.tables import TableRefusedError
from domain.account import Role, Scope
from domain.errors import AccessDeniedError, StoreUnavailableError
from domain.measurement import Origin
from domain.plant import Plant, SettlementAccount
from domain.records import MeterReading
from domain.timespan import Interval
from tests.access.people import TOWNS, plant, somebody
from tests.commands.builders import START, DeafAudit, Office, office
from texts.loader import LANGUAGES, Texts

KEEPER = somebody(Role.KEEPER, scope=Scope(plant_ids=frozenset({"a"})), user_id="keeper")
OM = somebody(Role.OM, user_id="om")
PNG = b"\x89PNG\r\n\x1a\n" + b"picture"
JPEG = b"\xff\xd8\xff\xe0" + b"picture"
HOUR = timedelta(hours=1)
EVER = Interval(datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Office]:
    with office(tmp_path) as made:
        yield made


def typed(display_kwh: float = 1000.0, hours: float = 0.0, **changes: Any) -> NewReading:
    return replace(NewReading("a", START + hours * HOUR, display_kwh), **changes)


def refused(here: Office, new: NewReading, who: Principal = KEEPER) -> str:
    with pytest.raises(ReadingRefusedError) as refusal:
        here.readings().enter(who, new)
    for language in LANGUAGES:
        assert "{" not in refusal.value.words(Texts(language))
    return refusal.value.key.rpartition(".")[2]


def test_a_reading_is_kept_and_reaches_the_measurement_store(here: Office) -> None:
    reading = here.readings().enter(KEEPER, typed(1234.5, note="晴", photo=PNG))
    assert reading.forward_wh == 1234.5 * 1000 * 80  # the meter sits behind current transformers of 80
    assert here.readings().recent(KEEPER, "a") == [reading]
    frame = here.store.read(["a-m"], [QUANTITY], EVER, origins=[Origin.MANUAL])
    assert frame.values[QUANTITY].tolist() == [reading.forward_wh]
    latest = here.latest.get("a-m")
    assert latest is not None
    assert latest.good(QUANTITY) == reading.forward_wh
    assert here.audited() == [("reading.enter", reading.reading_id, "done")]
    assert here.readings().photo(KEEPER, "a", hashlib.sha256(PNG).hexdigest()) == ("image/png", PNG)


def test_the_ratios_of_the_settlement_account_in_force_are_used() -> None:
    accounts = (
        SettlementAccount("100", "m1", date(2020, 6, 30), 40.0, 1.0, 1, "p-m"),
        SettlementAccount("100", "m2", date(2026, 1, 1), 60.0, 100.0, 1, "p-m"),
    )
    here = plant("p", TOWNS[0], accounts=accounts)
    assert meter_of(here, datetime(2025, 12, 31, 15, 59, tzinfo=UTC)).ratio == 40.0
    assert (
        meter_of(here, datetime(2025, 12, 31, 16, 0, tzinfo=UTC)).ratio == 6000.0
    )  # midnight in the village
    assert meter_of(here, datetime(2020, 1, 1, tzinfo=UTC)).ratio == 80.0  # before any account: the device's
    without = replace(here, devices=())
    with pytest.raises(ReadingRefusedError, match="no revenue meter"):
        meter_of(without, START)


def test_what_cannot_be_is_refused_with_why(here: Office) -> None:
    assert refused(here, typed(1.0, 1.0)) == "future"
    assert refused(here, typed(1.0, -24 * 365 * 20)) == "before_grid"
    assert refused(here, typed(-0.1)) == "number"
    assert refused(here, typed(float("nan"))) == "number"
    assert refused(here, typed(float("inf"))) == "number"
    assert refused(here, typed(1e12)) == "number"
    assert refused(here, typed(read_at=START.replace(tzinfo=None))) == "no_zone"
    assert refused(here, typed(note="x" * 201)) == "note"
    assert refused(here, typed(note="a\nb")) == "note"
    assert refused(here, typed(photo=b"<svg onload=alert(1)>")) == "photo_kind"
    assert refused(here, typed(photo=PNG + b"x" * 5 * 1024 * 1024)) == "photo_large"
    assert refused(here, typed(replaces="nix")) == "no_such_reading"
    assert here.readings().recent(KEEPER, "a") == []
    assert {outcome for _, _, outcome in here.audited()} == {"refused"}
    assert len(here.store.read(["a-m"], [QUANTITY], EVER)) == 0


def test_a_lower_and_an_impossibly_high_reading_are_refused_by_both_neighbours(here: Office) -> None:
    readings = here.readings()
    readings.enter(KEEPER, typed(1000.0, -100))
    # 100 kW x 50 h x 1.1 over a ratio of 80, and one step of the display
    most = 100.0 * 50 * 1.1 / 80 + 1.0
    assert refused(here, typed(999.99, -50)) == "lower"
    assert refused(here, typed(1000.0 + most + 0.01, -50)) == "impossible"
    assert refused(here, typed(1000.0, -100)) == "twice"
    readings.enter(KEEPER, typed(1000.0 + most, -50))
    readings.enter(KEEPER, typed(1000.0 + most, -20))
    assert refused(here, typed(1000.0 + most + 0.5, -30)) == "higher_than_later"
    assert refused(here, typed(500.0, -101)) == "impossible"
    readings.enter(KEEPER, typed(1000.0 + most / 2, -75))
    assert [reading.forward_wh / 80_000 for reading in readings.recent(KEEPER, "a")] == pytest.approx(
        [1000.0 + most, 1000.0 + most, 1000.0 + most / 2, 1000.0]
    )


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=60)
@given(
    st.lists(st.tuples(st.integers(0, 400), st.floats(0, 2000)), unique_by=lambda pair: pair[0], max_size=8),
    st.integers(0, 400),
    st.floats(0, 2000),
)
def test_what_is_taken_always_fits_between_its_neighbours(
    others: list[tuple[int, float]], hour: int, kwh: float
) -> None:
    here = plant("p", TOWNS[0])
    meter = meter_of(here, START)
    known = [_reading(here, start, value * meter.ratio * 1000) for start, value in others]
    wh = kwh * meter.ratio * 1000
    try:
        check_neighbours(wh, START + hour * HOUR, known, here, meter)
    except ReadingRefusedError:
        return
    assert all(other.read_at != START + hour * HOUR for other in known)
    before = max((o for o in known if o.read_at < START + hour * HOUR), key=lambda o: o.read_at, default=None)
    after = min((o for o in known if o.read_at > START + hour * HOUR), key=lambda o: o.read_at, default=None)
    limit_w = rated_kw(here, START) * 1000 * 1.1
    step_wh = 1000 * meter.ratio
    if before is not None:
        hours = (START + hour * HOUR - before.read_at) / HOUR
        assert 0 <= wh - before.forward_wh <= limit_w * hours + step_wh
    if after is not None:
        hours = (after.read_at - START - hour * HOUR) / HOUR
        assert 0 <= after.forward_wh - wh <= limit_w * hours + step_wh


def _reading(here: Plant, hour: int, wh: float) -> MeterReading:
    return MeterReading(f"r{hour}", here.plant_id, "p-m", START + hour * HOUR, wh, "x", START)


def test_readings_of_an_earlier_meter_do_not_count() -> None:
    account = SettlementAccount("100", "m2", date(2026, 6, 30), 80.0, 1.0, 1, "p-m")
    here = plant("p", TOWNS[0], accounts=(account,))
    old = _reading(here, -100, 9e9)
    check_neighbours(5.0, START, [old], here, meter_of(here, START))
    same = replace(old, read_at=START - HOUR)
    with pytest.raises(ReadingRefusedError, match="Lower"):
        check_neighbours(5.0, START, [same], here, meter_of(here, START))


def test_a_correction_names_what_it_replaces_and_both_stay_on_record(here: Office) -> None:
    readings = here.readings()
    readings.enter(KEEPER, typed(1000.0, -100))
    wrong = readings.enter(KEEPER, typed(1050.0, -50))
    right = readings.enter(KEEPER, typed(1005.0, -50.5, replaces=wrong.reading_id))
    assert [reading.reading_id for reading in readings.recent(KEEPER, "a", 1)] == [right.reading_id]
    assert right.replaces == wrong.reading_id
    assert refused(here, typed(1006.0, -49, replaces=wrong.reading_id)) == "no_such_reading"
    assert here.entries()[-2].detail["replaces"] == wrong.reading_id


def test_a_correction_of_the_same_instant_reaches_the_measurement_store_too(here: Office) -> None:
    readings = here.readings()
    wrong = readings.enter(KEEPER, typed(1050.0, -50))
    right = readings.enter(KEEPER, typed(1005.0, -50, replaces=wrong.reading_id))
    assert readings.recent(KEEPER, "a") == [right]
    frame = here.store.read(["a-m"], [QUANTITY], EVER)
    assert frame.values[QUANTITY].tolist() == [wrong.forward_wh, right.forward_wh]
    latest = here.latest.get("a-m")
    assert latest is not None
    assert latest.good(QUANTITY) == right.forward_wh


@pytest.mark.parametrize("role", list(Role))
def test_each_role_enters_imports_and_reads_exactly_by_the_table(here: Office, role: Role) -> None:
    who, readings = somebody(role), here.readings()
    content = "电站编号,抄表时间,表码\nb,2026-06-01 08:00,5\n".encode()
    acts: dict[Permission, Callable[[], Any]] = {
        Permission.ENTER_READING: lambda: readings.enter(who, typed()),
        Permission.IMPORT_READINGS: lambda: (
            readings.preview(who, content),
            readings.import_file(who, "x", content),
        ),
        Permission.VIEW_PLANT: lambda: readings.recent(who, "a"),
    }
    for permission, act in acts.items():
        if permission in ROLE_PERMISSIONS[role]:
            act()
        else:
            with pytest.raises(AccessDeniedError, match=permission.value):
                act()


@pytest.mark.parametrize("plant_id", ["b", "c", "nix", "", "a' OR '1'='1"])
def test_a_plant_out_of_scope_is_refused_everywhere(here: Office, plant_id: str) -> None:
    here.readings().enter(OM, typed(5.0, photo=JPEG, plant_id="b"))
    for act in (
        lambda: here.readings().enter(KEEPER, typed(plant_id=plant_id)),
        lambda: here.readings().recent(KEEPER, plant_id),
        lambda: here.readings().photo(KEEPER, plant_id, hashlib.sha256(JPEG).hexdigest()),
    ):
        with pytest.raises(AccessDeniedError):
            act()


def test_a_photo_of_another_plant_cannot_be_fetched_through_ones_own(here: Office) -> None:
    here.readings().enter(OM, typed(5.0, photo=JPEG, plant_id="b"))
    for sha256 in (hashlib.sha256(JPEG).hexdigest(), "", "nix"):
        with pytest.raises(AccessDeniedError, match="no such photo"):
            here.readings().photo(KEEPER, "a", sha256)


def test_a_reading_that_cannot_be_audited_is_not_kept_anywhere(tmp_path: Path) -> None:
    with office(tmp_path, DeafAudit) as deaf:
        with pytest.raises(StoreUnavailableError, match="audit"):
            deaf.readings().enter(KEEPER, typed(photo=PNG))
        assert deaf.readings().recent(KEEPER, "a") == []
        assert deaf.records.photo(hashlib.sha256(PNG).hexdigest()) is None
        assert len(deaf.store.read(["a-m"], [QUANTITY], EVER)) == 0


def test_a_reading_the_measurement_store_cannot_take_is_not_kept_in_the_records(here: Office) -> None:
    here.store.close()
    with pytest.raises(StoreUnavailableError):
        here.readings().enter(KEEPER, typed(photo=PNG))
    assert here.readings().recent(KEEPER, "a") == []
    assert here.audited() == [("reading.enter", "", "failed")]


def xlsx(rows: list[list[Any]]) -> bytes:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    content = io.BytesIO()
    book.save(content)
    book.close()
    return content.getvalue()


HEADING = ["电站编号", "抄表时间", "表码（kWh）", "备注"]
ROWS: list[list[Any]] = [
    ["b", datetime(2026, 6, 2, 8, 30), 1010.25, ""],
    ["a", "2026-06-01 08:30", "1,000", "第一次"],
    ["a", "2026/06/02 08:30:00", 1001, None],
]


@pytest.mark.parametrize("kind", ["xlsx", "utf-8-sig", "gb18030"])
def test_a_file_is_previewed_and_imported_once(here: Office, kind: str) -> None:
    if kind == "xlsx":
        content = xlsx([HEADING, *ROWS])
    else:
        lines = ["电站编号,抄表时间,表码（kWh）,备注", 'a,2026-06-01 08:30,"1,000",第一次']
        lines += ["a,2026/06/02 08:30:00,1001,", "b,2026-06-02 08:30:00,1010.25,", ""]
        content = "\r\n".join(lines).encode(kind)
    readings = here.readings()
    preview = readings.preview(OM, content)
    assert preview.problems == ()
    assert [(r.plant_id, r.forward_wh / 80_000) for r in preview.readings] == [
        ("a", 1000),
        ("a", 1001),
        ("b", 1010.25),
    ]
    assert preview.readings[0].read_at == datetime(2026, 6, 1, 0, 30, tzinfo=UTC)
    assert readings.recent(OM, "a") == []
    assert readings.import_file(OM, "六月.xlsx", content) == 3
    assert len(readings.recent(OM, "a")) == 2
    assert len(here.store.read(["a-m", "b-m"], [QUANTITY], EVER, origins=[Origin.MANUAL])) == 3
    with pytest.raises(ReadingRefusedError, match="imported before"):
        readings.import_file(OM, "another name.xlsx", content)
    assert [outcome for _, _, outcome in here.audited()] == ["done", "refused"]


def test_one_bad_row_keeps_the_whole_file_out_and_every_bad_row_is_named(here: Office) -> None:
    rows = [
        ["a", "2026-06-01 08:30", "1000", ""],
        ["z", "2026-06-01 08:30", "1", ""],
        ["a", "gestern", "1", ""],
        ["a", "2026-06-02 08:30", "1e3", ""],
        ["a", "2026-06-03 08:30", "999", ""],
        ["a", "2026-06-04 08:30", "99999", ""],
        ["a", "2036-06-04 08:30", "1001", ""],
        ["a", "2026-06-01 08:30", "1000", ""],
    ]
    content = xlsx([HEADING, *rows])
    preview = here.readings().preview(OM, content)
    found = [(problem.row, problem.key.rpartition(".")[2]) for problem in preview.problems]
    assert found == [
        (3, "plant"),
        (4, "time"),
        (5, "number"),
        (6, "lower"),
        (7, "impossible"),
        (8, "future"),
        (9, "twice"),
    ]
    for problem, language in itertools.product(preview.problems, LANGUAGES):
        assert Texts(language)(problem.key, **problem.values)
    with pytest.raises(ReadingRefusedError, match="7 rows"):
        here.readings().import_file(OM, "x.xlsx", content)
    assert here.readings().recent(OM, "a") == []
    fixed = xlsx([HEADING, rows[0]])
    assert here.readings().import_file(OM, "x.xlsx", fixed) == 1


def test_a_file_without_rows_or_that_is_no_table_is_refused(here: Office) -> None:
    with pytest.raises(ReadingRefusedError, match="no rows"):
        here.readings().preview(OM, xlsx([HEADING]))
    with pytest.raises(TableRefusedError):
        here.readings().import_file(OM, "x.xlsx", b"PK\x03\x04 broken")
    assert here.audited() == [("reading.import", "", "refused")]


def test_every_public_method_states_its_permission() -> None:
    assert unguarded(Readings) == []
