"""Profiles: what is shipped is sound, and a file that is not says everything at once."""

from pathlib import Path

import pytest

from domain.errors import ProfileError
from domain.quantity import is_known
from inverters.point import IDENTITY_TEXTS, Type
from inverters.profile import DeviceProfile, load_profiles
from inverters.reader import Problems, read_section
from tests.inverters.support import made_up, register_profiles, shipped, write_profile

WANTED = {
    "huawei_sun2000",
    "huawei_sun2000_v2",
    "huawei_smartlogger",
    "sungrow_sg",
    "growatt_max",
    "goodwe_mt",
    "ginlong_solis",
    "meter_acrel_dtsd1352",
    "meter_acrel_adw300",
    "meter_chint_dtsu666",
    "meter_huawei_dtsu666h",
    "weather_jxct",
    "pvmon_json",
}


def _problems(folder: Path, text: str, name: str = "made_up") -> str:
    write_profile(folder, text, name)
    with pytest.raises(ProfileError) as caught:
        load_profiles(folder)
    return str(caught.value)


def test_every_family_is_shipped() -> None:
    assert set(shipped()) >= WANTED


@pytest.mark.parametrize("profile", register_profiles(), ids=lambda profile: profile.name)
def test_every_point_is_a_known_quantity_or_text(profile: DeviceProfile) -> None:
    for point in profile.points:
        assert is_known(point.name) or point.name in IDENTITY_TEXTS, point.name
        assert point.is_text != is_known(point.name)


@pytest.mark.parametrize("profile", register_profiles(), ids=lambda profile: profile.name)
def test_what_the_notes_call_unverified_is_marked(profile: DeviceProfile) -> None:
    noted = any("unverified" in note for note in profile.quality.notes)
    if any(point.unverified for point in profile.points):
        assert noted, f"{profile.name}: marks points unverified but its quality notes do not say why"


def test_unverified_points_stay_marked() -> None:
    marked = {p.name for p in shipped()["ginlong_solis"].points if p.unverified}
    assert {"alarm_word_01", "alarm_word_05"} <= marked
    assert shipped()["huawei_sun2000"].find("insulation_resistance_ohm").unverified  # type: ignore[union-attr]


def test_all_problems_of_all_files_come_at_once_with_lines(tmp_path: Path) -> None:
    bad = made_up(
        "{name: ac_activ_power_w, at: 1, type: u16}\n{name: power_factor, at: 70000, type: u17, scal: 2}"
    )
    write_profile(tmp_path, bad.replace("name: made_up", "name: other"), "other")
    message = _problems(tmp_path, bad)
    assert "made_up.yaml:8: points[0].name" in message
    assert "did you mean 'ac_active_power_w'" in message
    assert "made_up.yaml:9: points[1].at" in message
    assert "points[1].type: is 'u17'" in message
    assert "points[1].scal: is not known here (did you mean 'scale'?)" in message
    assert message.count("did you mean 'ac_active_power_w'") == 2
    assert "other.yaml:8" in message


@pytest.mark.parametrize(
    ("story", "points", "head", "wanted"),
    [
        (
            "overlap",
            "{name: dc_power_w, at: 5, type: u32}\n{name: power_factor, at: 6, type: i16}",
            "",
            "overlaps",
        ),
        ("twice", "{name: dc_power_w, at: 5, type: u32}\n{name: dc_power_w, at: 8, type: u32}", "", "twice"),
        ("zero scale", "{name: dc_power_w, at: 5, type: u32, scale: 0}", "", "scale"),
        ("odd length", "{name: dc_power_w, at: 5, type: u32, words: 3}", "", "takes 2"),
        (
            "lost state",
            "{name: fault_code, at: 5, type: u16, when: {state: device_status, is: [1]}}",
            "",
            "no point",
        ),
        ("empty state", "{name: fault_code, at: 5, type: u16, when: {state: device_status}}", "", "is empty"),
        (
            "lost witness",
            "{name: fault_code, at: 5, type: u16}",
            "witness: serial_number\n",
            "no point is called",
        ),
        ("wide pattern", "{name: fault_code, at: 5, type: u16, absent: 0x1FFFF}", "", "does not fit"),
        ("past the end", "{name: dc_power_w, at: 65535, type: u32}", "", "beyond address 65535"),
        (
            "long text",
            "{name: model_name, at: 5, type: string, words: 20}",
            "limits: {max_registers: 10}\n",
            "longer",
        ),
        ("bad hole", "{name: fault_code, at: 5, type: u16}", "limits: {holes: [5]}\n", "first and last"),
        ("no number", "{name: fault_code, at: five, type: u16}", "", "whole number"),
        ("bad flag", "{name: fault_code, at: 5, type: u16, optional: 1}", "", "true or false"),
        ("unknown key", "{name: fault_code, at: 5, type: u16}", "colour: red\n", "not known here"),
        ("key twice", "{name: fault_code, at: 5, type: u16, at: 6}", "", "twice"),
    ],
)
def test_an_unsound_profile_is_refused(
    tmp_path: Path, story: str, points: str, head: str, wanted: str
) -> None:
    assert wanted in _problems(tmp_path, made_up(points, head)), story


@pytest.mark.parametrize(
    ("story", "text", "wanted"),
    [
        ("not YAML", "points: [", "is not YAML"),
        ("a list", "- 1\n", "expected keys and values"),
        ("nothing", "", "expected keys and values"),
        ("points missing", "format: 1\nname: made_up\nkind: inverter\nmake: N\n", "points: is missing"),
        (
            "other format",
            "format: 9\nname: made_up\nkind: inverter\nmake: N\npoints: []\n",
            "format: expected 1",
        ),
        ("other name", "format: 1\nname: x\nkind: inverter\nmake: N\npoints: []\n", "the file is called"),
        (
            "kind",
            "format: 1\nname: made_up\nkind: invertor\nmake: N\npoints: []\n",
            "did you mean 'inverter'",
        ),
        (
            "points a word",
            "format: 1\nname: made_up\nkind: inverter\nmake: N\npoints: all\n",
            "expected a list",
        ),
        (
            "a number as a point",
            "format: 1\nname: made_up\nkind: inverter\nmake: N\npoints: [7]\n",
            "points[0]",
        ),
    ],
)
def test_a_file_that_is_no_profile_is_refused(tmp_path: Path, story: str, text: str, wanted: str) -> None:
    assert wanted in _problems(tmp_path, text), story


def test_a_file_of_other_bytes_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "made_up.yaml").write_bytes(b"\xff\xfe\x00name")
    with pytest.raises(ProfileError, match="cannot be read"):
        load_profiles(tmp_path)


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match="does not exist"):
        load_profiles(tmp_path / "nowhere")


def test_an_own_folder_adds_and_overrides(tmp_path: Path) -> None:
    write_profile(tmp_path, made_up("{name: ac_active_power_w, at: 1, type: u16}"))
    text = made_up("{name: dc_power_w, at: 1, type: u16}").replace("made_up", "weather_jxct")
    write_profile(tmp_path, text, "weather_jxct")
    profiles = load_profiles(tmp_path)
    assert profiles["made_up"].quantities == ("ac_active_power_w",)
    assert profiles["weather_jxct"].quantities == ("dc_power_w",)
    assert set(profiles) == {*shipped(), "made_up"}


def test_two_meanings_of_one_register_need_states_that_exclude_each_other(tmp_path: Path) -> None:
    state = "{name: output_type, at: 1, type: u16}\n"
    both = (
        "{name: ac_line_ab_voltage_v, at: 5, type: u16, when: {state: output_type, is: [2]}}\n"
        "{name: ac_phase_a_voltage_v, at: 5, type: u16, %s: {state: output_type, is: [%s]}}"
    )
    for key, value in (("unless", "2"), ("when", "1")):
        write_profile(tmp_path, made_up(state + both % (key, value)))
        assert len(load_profiles(tmp_path)["made_up"].points) == 3
    for key, value in (("when", "2"), ("unless", "3")):
        assert "overlaps" in _problems(tmp_path, made_up(state + both % (key, value)))


def test_types_have_the_absent_pattern_their_make_uses() -> None:
    profile = shipped()["huawei_sun2000"]
    for point in profile.points:
        if point.type is Type.I16:
            assert point.absent == (0x7FFF,)
        if point.name.startswith("alarm_word"):
            assert point.absent == ()  # 0xFFFF is sixteen alarms
    heat = shipped()["goodwe_mt"].find("internal_temperature_c")
    assert heat is not None
    assert set(heat.absent) == {-1, 0x7FFF}


def test_reading_a_section_names_the_line(tmp_path: Path) -> None:
    problems = Problems()
    section = read_section(write_profile(tmp_path, "a: 1\nb: two\n"), problems)
    assert section is not None
    section.integer("b")
    section.finish()
    assert [str(problem) for problem in problems.found] == [
        "made_up.yaml:2: b: is 'two'; expected a whole number from 0 to 18446744073709551615",
        "made_up.yaml:1: a: is not known here (one of: b)",
    ]
