"""Mapping files: what a technician writes of a gateway's own JSON is read strictly, and means what it says."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.measurement import Quality
from domain.plant import Device, DeviceKind
from inverters.document_path import NOTHING, PathError, parse_path
from inverters.mapping import MappedDevice, Message, Reading, told_time
from inverters.profile import DeviceProfile, lint, load_profiles
from tests.inverters.support import NOON, write_profile

HEAD = "format: 1\nname: made_up\nkind: inverter\nmake: Nobody\nmodels: [X1]\n"
SHANGHAI = ZoneInfo("Asia/Shanghai")


def _profile(folder: Path, body: str) -> DeviceProfile:
    write_profile(folder, HEAD + body)
    return load_profiles(folder)["made_up"]


def _read(profile: DeviceProfile, document: Any, *, topic: str = "x/7", **device: Any) -> list[Reading]:
    assert profile.mapping is not None
    whose = Device("d-1", "p", DeviceKind.INVERTER, "d", "made_up", "gw", **device)
    return list(MappedDevice(profile.mapping, whose).read(Message(topic, document, NOON)))


DOCUMENT = {"a": {"b c": [1, {"name": "x", "value": 5}, {"name": "y", "value": 6}]}, "7": 3}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("$.a['b c'][0]", 1),
        ("$.a['b c'][-1].value", 6),
        ("$.a['b c'][?name=='x'].value", 5),
        ("$.a['b c'][?(@.name=='y')].value", 6),
        ("$['7']", 3),
        ("topic[1]", "7"),
        ("$.a.nothing.there", NOTHING),
        ("$.a['b c'][9]", NOTHING),
        ("$.a['b c'][?name=='z'].value", NOTHING),
        ("$.a[0]", NOTHING),
    ],
)
def test_an_expression_finds_what_it_says_or_nothing(text: str, found: object) -> None:
    assert parse_path(text).find(DOCUMENT, topic="x/7") == found


@pytest.mark.parametrize(
    "text", ["", "a.b", "$..a", "$.a[", "$.a[*].b", "$.a[?name>'x']", "$.{colour}", "topic.a", "$.a b"]
)
def test_what_is_no_expression_says_so(text: str) -> None:
    with pytest.raises(PathError, match=r"expected|understood|known"):
        parse_path(text)


@given(st.text(max_size=30), st.sampled_from(["", "$", "@", "topic"]))
def test_any_text_is_an_expression_or_is_refused(text: str, root: str) -> None:
    try:
        path = parse_path(root + text)
    except PathError:
        return
    assert path.root in {"$", "@", "topic"}
    path.for_device(3, "S").find(DOCUMENT, DOCUMENT, "a/b")


def test_a_mapping_tells_everything_that_is_wrong_with_its_line(tmp_path: Path) -> None:
    path = write_profile(
        tmp_path,
        HEAD
        + "document:\n"
        + "  time: values.time\n"
        + "  time_zone: Mars/Olympus\n"
        + "  device: {from: $.sn}\n"
        + "  history: {at: '$.old[*]'}\n"
        + "values:\n"
        + "  - {name: ac_active_powr_w, from: $.p}\n"
        + "  - {name: ac_active_power_w, from: '@.p'}\n"
        + "  - {name: grid_frequency_hz, from: $.f, scale: 0}\n"
        + "  - {name: grid_frequency_hz, from: $.f2}\n"
        + "  - {name: ac_energy_total_wh, form: $.e}\n",
    )
    said = {problem.line: problem for problem in lint([path])}
    text = "\n".join(map(str, lint([path])))
    assert set(said) == {7, 8, 9, 10, 12, 13, 14, 15, 16}
    assert "begins with $, @ or topic" in said[7].message
    assert "Mars/Olympus" in said[8].message
    assert "[*] is for records only" in said[10].message
    assert "did you mean 'ac_active_power_w'" in said[12].message
    assert "must begin with $ or topic" in said[13].message
    assert "stands there twice" in said[15].message
    assert "did you mean 'from'" in text


def test_records_are_samples_of_their_own_and_belong_to_the_device_they_name(tmp_path: Path) -> None:
    profile = _profile(
        tmp_path,
        "document:\n  records: $.rows[*]\n  device: {at: '@.sn'}\n  time: '@.t'\n"
        "  history: {at: '@.late', is: [true]}\n"
        "values:\n  - {name: ac_active_power_w, from: '@.kw', scale: 1000}\n",
    )
    rows = [
        {"sn": "S1", "t": 1_782_878_400, "kw": "1.5"},
        {"sn": "S2", "t": 1_782_878_400, "kw": 9},
        {"sn": "S1", "t": 1_782_878_340_000, "kw": 1.25, "late": True},
        {"sn": "S1", "other": 1},
    ]
    found = _read(profile, {"rows": rows}, serial_number="S1")
    assert [reading.batch.value("ac_active_power_w") for reading in found] == [1500.0, 1250.0]
    assert [reading.history for reading in found] == [False, True]
    assert found[0].batch.measured_at - found[1].batch.measured_at == timedelta(seconds=60)
    assert _read(profile, {"rows": rows}, serial_number="") == []
    assert _read(profile, {"rows": "none"}, serial_number="S1") == []


def test_words_absent_marks_and_doubt_of_the_gateway(tmp_path: Path) -> None:
    profile = _profile(
        tmp_path,
        "document:\n  good: {at: $.q, is: [192, good]}\n  absent: [-1, NA]\n"
        "values:\n  - {name: device_status, from: $.state, words: {running: 1, stopped: 4}}\n"
        "  - {name: internal_temperature_c, from: $.t, scale: 0.1, offset: -40}\n"
        "  - {name: ac_active_power_w, from: $.p}\n"
        "  - {name: grid_frequency_hz, from: $.f}\n",
    )
    (sound,) = _read(profile, {"q": "Good", "state": "running", "t": 905, "p": -1, "f": None})
    assert sound.batch.qualities is None
    assert dict(zip(sound.batch.quantities, sound.batch.values, strict=True)) == {
        "device_status": 1.0,
        "internal_temperature_c": 50.5,
        "ac_active_power_w": None,
        "grid_frequency_hz": None,
    }
    (doubtful,) = _read(profile, {"q": 0, "state": "on fire", "t": 905, "p": 100})
    assert doubtful.batch.value("device_status") is None
    assert doubtful.batch.good("ac_active_power_w") is None
    assert doubtful.batch.qualities == (Quality.GOOD, Quality.STALE, Quality.STALE)


def test_a_number_too_large_to_count_with_is_missing(tmp_path: Path) -> None:
    values = "values:\n  - {name: ac_active_power_w, from: $.p, scale: 1000}\n"
    (found,) = _read(_profile(tmp_path, "document: {}\n" + values), {"p": 1e308})
    assert found.batch.values == (None,)


@pytest.mark.parametrize(
    ("said", "instant"),
    [
        ("2026-07-01T11:59:00", datetime(2026, 7, 1, 3, 59, tzinfo=UTC)),
        ("2026-07-01 11:59:00", datetime(2026, 7, 1, 3, 59, tzinfo=UTC)),
        ("2026-07-01T03:59:00Z", datetime(2026, 7, 1, 3, 59, tzinfo=UTC)),
        ("20260701115900", datetime(2026, 7, 1, 3, 59, tzinfo=UTC)),
        ("20260701115900250", datetime(2026, 7, 1, 3, 59, 0, 250_000, tzinfo=UTC)),
        (20260701115900, datetime(2026, 7, 1, 3, 59, tzinfo=UTC)),
        (1_782_878_340, datetime(2026, 7, 1, 3, 59, tzinfo=UTC)),
        (1_782_878_340_000, datetime(2026, 7, 1, 3, 59, tzinfo=UTC)),
        ("1970-01-01 08:00:05", None),
        ("20000101000000", None),
        ("2031-01-01 00:00:00", None),
        ("soon", None),
        ("", None),
        (None, None),
        (True, None),
    ],
)
def test_a_time_is_read_in_every_form_of_the_field_or_not_believed(
    said: Any, instant: datetime | None
) -> None:
    assert told_time(said, NOON, SHANGHAI) == instant


@given(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=25), st.lists(st.none()))
)
def test_no_time_however_strange_breaks_anything_or_lies_in_the_future(said: Any) -> None:
    told = told_time(said, NOON, SHANGHAI)
    assert told is None or told <= NOON + timedelta(days=1)
