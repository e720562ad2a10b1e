"""Files that people edit: what is sound is loaded, what is not is reported, all of it at once."""

import collections
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
import yaml

from domain.errors import ConfigurationError
from domain.plant import Connection, DeviceKind, Registry, WireProtocol
from inverters.profile import load_profiles
from main.configuration import RegistryProblemsError, check, load_registry
from tests.conftest import ROOT
from tests.main.registry_files import FILES, change, read_profiles_once, write
from texts.loader import Texts
from tools.make_sample_registry import files as sample_files

ENGLISH = Texts("en")
SAMPLE = ROOT / "config"


@pytest.fixture(autouse=True)
def _profiles(monkeypatch: pytest.MonkeyPatch) -> None:
    read_profiles_once(monkeypatch)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return write(tmp_path / "config")


@pytest.fixture(scope="module")
def sample() -> Registry:
    return load_registry(SAMPLE)


def test_the_delivered_files_are_what_the_generator_writes() -> None:
    generated = sample_files()
    names = (path.relative_to(SAMPLE).as_posix() for path in sorted(SAMPLE.rglob("*.yaml")))
    of_the_registry = [
        name for name in names if name in generated or "/" in name
    ]  # not rules written by hand
    assert {name: (SAMPLE / name).read_text("utf-8") for name in of_the_registry} == generated


def test_the_sample_is_the_programme(sample: Registry) -> None:
    assert sample.sample
    assert len(sample.plants) == 60
    assert len(sample.towns) == 18
    assert sum(plant.ac_capacity_kw for plant in sample.plants) == 62_730
    assert sum(plant.dc_capacity_kw for plant in sample.plants) > 62_730
    ways = [plant.connection for plant in sample.plants]
    assert [ways.count(way) for way in Connection] == [46, 9, 5]
    assert sum(device.kind is DeviceKind.INVERTER for device in sample.devices()) == 1250
    assert all(len(plant.devices_of(DeviceKind.REVENUE_METER)) == 1 for plant in sample.plants)
    mqtt = [g for g in sample.gateways() if g.protocol is WireProtocol.MQTT]
    assert {g.topic for g in mqtt} == {f"pv/{g.plant_id}" for g in mqtt}
    assert len(mqtt) == 6


def test_the_sample_has_124_villages_of_today_that_all_own_something(sample: Registry) -> None:
    from revenue.ownership import shares_on

    today = date(2026, 7, 1)
    living = {village.village_id for village in sample.villages if village.valid_to is None}
    owners = {v for p in sample.plants for v in shares_on(p, today, sample.villages_by_id)}
    assert len(living) == 124
    assert owners == living
    names = [village.name for village in sample.villages]
    assert len(set(names)) < len(names), "some names repeat on purpose"
    labels = [sample.village_label(village) for village in living]
    assert len(set(labels)) == len(labels)


def test_ratings_of_inverters_add_up_to_the_approved_capacity(sample: Registry) -> None:
    for plant in sample.plants:
        rated_kw = sum(device.rated_power_kw for device in plant.devices_of(DeviceKind.INVERTER))
        assert rated_kw == plant.ac_capacity_kw, plant.plant_id


def test_the_sample_is_small() -> None:
    assert sum(path.stat().st_size for path in SAMPLE.rglob("*") if path.is_file()) < 600_000


def test_loading_the_sample_costs_no_more_than_a_dozen_plain_readings_of_its_files() -> None:
    files = [*SAMPLE.rglob("*.yaml"), *(ROOT / "inverters").rglob("*.yaml")]

    def cpu_s(work: Callable[[], object]) -> float:
        started_s = time.process_time()
        work()
        return time.process_time() - started_s

    def read() -> None:
        for path in files:
            collections.deque(yaml.parse(path.read_bytes(), Loader=yaml.CSafeLoader), maxlen=0)

    loading_s = min(cpu_s(lambda: load_registry(SAMPLE, profiles=load_profiles())) for _ in range(2))
    assert loading_s < 12 * min(cpu_s(read) for _ in range(2))


def test_a_sound_configuration_becomes_domain_objects(config: Path) -> None:
    assert check(config) == []
    registry = load_registry(config)
    alpha, beta = registry.plants
    assert (registry.district, registry.sample) == ("样例区", False)
    assert alpha.ownership[0].shares_kw == {"611002100201": 60, "611002100202": 30, "611002101201": 10}
    assert alpha.accounts[0].device_id == "alpha-meter"
    assert (beta.connection, beta.gateways) == (Connection.MANUAL, ())
    former = registry.villages_by_id["611002101201"]
    assert (former.valid_to, former.successor_ids) == (date(2020, 1, 1), ("611002101202",))
    assert registry.sources["alpha-inv-2"] == f"{config}/plants/alpha.yaml:18"


def test_a_wire_gets_the_longest_pause_that_a_device_or_the_gateway_asks_for(config: Path) -> None:
    gateway = next(load_registry(config).gateways())
    assert gateway.connect_delay_s == 1.0
    assert gateway.request_pause_s > 0
    change(
        config, "plants/alpha.yaml", "port: 15021", "port: 15021, request_pause_s: 0.5, connect_delay_s: 0.5"
    )
    gateway = next(load_registry(config).gateways())
    assert (gateway.connect_delay_s, gateway.request_pause_s) == (1.0, 0.5)


FAULTS = [
    ("district.yaml", 'division_code: "611002"', 'division_code: "61"', "bad_pattern"),
    ("district.yaml", "name: 样例区", "nmae: 样例区", "unknown_key"),
    ("district.yaml", "south: 33.5", "south: 33.85", "outside_box"),
    ("district.yaml", '"611002101"', '"611002100"', "duplicate_id"),
    ("district.yaml", '"611002101"', '"611003101"', "code_outside"),
    ("district.yaml", "box: {south: 33.5, north: 34.3, west: 109.4, east: 110.4}", "box: 3", "not_a_mapping"),
    ("district.yaml", "name_en: Sample", "name_en: [a]", "not_a_scalar"),
    ("district.yaml", "name_en: Sample", "name_en: yes", "wrong_type"),
    ("district.yaml", "name_en: Sample", 'name_en: "a\\tb"', "unprintable"),
    ("district.yaml", "name_en: Sample", "name_en:", "empty_value"),
    ("district.yaml", "name_en: Sample", f"name_en: {'x' * 200}", "too_long"),
    ("district.yaml", "name_en: Sample", "name_en: {a", "not_yaml"),
    ("villages.yaml", 'town: "611002101"}', 'town: "611002109"}', "unknown_town"),
    ("villages.yaml", 'town: "611002101"}', 'town: "611002100"}', "code_outside"),
    ("villages.yaml", "change: renamed", "change: rename", "bad_choice"),
    ("villages.yaml", "change: renamed", "change: merged", "event_sides"),
    ("villages.yaml", 'from: ["611002101201"]', 'from: ["611002101299"]', "unknown_village"),
    ("villages.yaml", "date: 2020-01-01", "date: 2019-01-01", "village_not_yet"),
    ("villages.yaml", "date: 2020-01-01", "date: 2020-13-01", "wrong_type"),
    ("villages.yaml", "date: 2020-01-01", "date: soon", "wrong_type"),
    ("villages.yaml", "events:", "events: 3 #", "not_yaml"),
    (
        "villages.yaml",
        "events:",
        'events:\n  - {date: 2015-01-01, change: renamed, from: ["611002101201"], to: ["611002100201"], source: x}',
        "village_ended",
    ),
    ("plants/alpha.yaml", "id: alpha\n", "id: gamma\n", "name_differs"),
    ("plants/alpha.yaml", "altitude_m: 700\n", "", "missing_key"),
    ("plants/alpha.yaml", "altitude_m: 700", "altitude_m: high", "wrong_type"),
    ("plants/alpha.yaml", "altitude_m: 700", 'altitude_m: "700"', "wrong_type"),
    ("plants/alpha.yaml", "altitude_m: 700", "altitude_m: .inf", "wrong_type"),
    ("plants/alpha.yaml", "altitude_m: 700", "altitude_m: 99999", "out_of_range"),
    ("plants/alpha.yaml", "altitude_m: 700", "altitude_m: 700\naltitude_m: 700", "written_twice"),
    ("plants/alpha.yaml", 'town: "611002100"', 'town: "611002109"', "unknown_town"),
    ("plants/alpha.yaml", "latitude: 33.81", "latitude: 109.91", "out_of_range"),
    ("plants/alpha.yaml", "latitude: 33.81", "latitude: 43.81", "outside_box"),
    ("plants/alpha.yaml", "longitude: 109.91", "longitude: 33.81", "outside_box"),
    ("plants/alpha.yaml", "connection: live", "connection: life", "bad_choice"),
    ("plants/alpha.yaml", "connection: live", "connection: manual", "link_not_used"),
    ("plants/beta.yaml", "connection: manual", "connection: live", "no_link"),
    ("plants/alpha.yaml", "tilt_deg: 30", "tilt_deg: 30\ntime_zone: Asia/Shangluo", "unknown_zone"),
    ("plants/alpha.yaml", "dc_capacity_kw: 110", "dc_capacity_kw: 1100", "dc_and_ac"),
    ("plants/alpha.yaml", "capacities:\n", "capacities: [] #\nignored:\n", "no_capacity"),
    (
        "plants/alpha.yaml",
        "capacities:\n",
        "capacities:\n  - {valid_from: 2017-06-30, ac_capacity_kw: 100, dc_capacity_kw: 110}\n",
        "same_day",
    ),
    ("plants/alpha.yaml", "protocol: modbus_tcp", "protocol: mqtt", "no_topic"),
    ("plants/alpha.yaml", "protocol: modbus_tcp", "protocol: mqtt, topic: pv/alpha", "registers_on_mqtt"),
    ("plants/alpha.yaml", "profile: huawei_sun2000", "profile: pvmon_json", "json_on_wire"),
    ("plants/alpha.yaml", "profile: huawei_sun2000", "profile: huawei_sun200", "unknown_profile"),
    ("plants/alpha.yaml", "profile: huawei_sun2000", "profile: weather_jxct", "wrong_kind"),
    ("plants/alpha.yaml", "profile: huawei_sun2000, ", "", "no_profile"),
    ("plants/alpha.yaml", "gateway: alpha-gw, unit: 2", "gateway: alpha-gv, unit: 2", "unknown_gateway"),
    ("plants/alpha.yaml", "unit: 2", "unit: 1", "duplicate_id"),
    ("plants/alpha.yaml", "id: alpha-inv-2", "id: alpha-inv-1", "duplicate_id"),
    ("plants/beta.yaml", "id: beta-meter", "id: alpha-meter", "duplicate_id"),
    ("plants/alpha.yaml", ", rated_power_kw: 50", "", "no_rating"),
    (
        "plants/alpha.yaml",
        "unit: 2",
        "unit: 2, in_service_from: 2020-01-01, in_service_to: 2019-01-01",
        "period_backwards",
    ),
    ("plants/beta.yaml", "kind: revenue_meter", "kind: weather_station", "no_meter"),
    ("plants/alpha.yaml", "device: alpha-meter}", "device: alpha-metre}", "unknown_device"),
    ("plants/alpha.yaml", "device: alpha-meter}", "device: alpha-inv-1}", "not_a_meter"),
    ("plants/alpha.yaml", "ct_ratio: 40, pt", "ct_ratio: 80, pt", "ratio_differs"),
    ("plants/alpha.yaml", "altitude_m: 700", "altitude_m: 700\npoll_period_s: 1", "cycle_too_short"),
    (
        "plants/alpha.yaml",
        "accounts:\n",
        (
            'accounts:\n  - {account_number: "9900000000001", meter_number: "990000000002", valid_from: 2016-06-30,'
            " ct_ratio: 40, pt_ratio: 1, reading_day: 1}\n"
        ),
        "accounts_overlap",
    ),
    ("plants/alpha.yaml", "devices:\n", "devices: 3 #\nstrange:\n", "not_a_list"),
    ("ownership/alpha.yaml", "plant: alpha", "plant: alpha-1", "unknown_plant"),
    ("ownership/alpha.yaml", ": 60,", ": 61,", "share_sum"),
    ("ownership/alpha.yaml", ": 60,", ": -60,", "out_of_range"),
    ("ownership/alpha.yaml", '"611002100202"', '"611002100203"', "share_unknown_village"),
    ("ownership/alpha.yaml", '"611002101201"', '"611002101202"', "share_not_yet"),
    ("ownership/alpha.yaml", "2018-06-01", "2021-06-01", "share_ended"),
    (
        "ownership/alpha.yaml",
        "acts:\n",
        'acts:\n  - {valid_from: 2018-06-01, source: x, shares_kw: {"611002100201": 100}}\n',
        "share_same_day",
    ),
]


@pytest.mark.parametrize(
    ("name", "old", "new", "code"), FAULTS, ids=[f"{f[3]}-{n}" for n, f in enumerate(FAULTS)]
)
def test_a_fault_is_reported_at_its_line(config: Path, name: str, old: str, new: str, code: str) -> None:
    change(config, name, old, new)
    problems = [one for one in check(config, texts=ENGLISH) if one.code == code]
    assert problems, [str(one) for one in check(config, texts=ENGLISH)]
    assert any(one.file == str(config / name) for one in problems)
    assert {one.code for one in check(config)} >= {code}, "the words exist in Chinese too"
    with pytest.raises(ConfigurationError, match=str(config)):
        load_registry(config)


def test_every_fault_names_file_line_key_and_the_nearest_valid_word(config: Path) -> None:
    line = change(config, "plants/alpha.yaml", "tilt_deg: 30", "tilt_degree: 30")
    problems = check(config, texts=ENGLISH)
    unknown = next(one for one in problems if one.code == "unknown_key")
    assert (unknown.file, unknown.line, unknown.key) == (
        str(config / "plants/alpha.yaml"),
        line,
        "tilt_degree",
    )
    assert unknown.suggestion == "tilt_deg"
    assert 'did you mean "tilt_deg"?' in str(unknown)
    assert str(unknown).startswith(f"{config}/plants/alpha.yaml:{line}: tilt_degree: ")


def test_all_faults_of_all_files_come_at_once(config: Path) -> None:
    change(config, "district.yaml", "name: 样例区", "nam: 样例区")
    change(config, "villages.yaml", "name: 西沟村, ", "")
    change(config, "plants/alpha.yaml", "unit: 2", "unit: 1")
    change(config, "plants/beta.yaml", "tilt_deg: 30", "tilt_deg: 300")
    change(config, "ownership/alpha.yaml", ": 60,", ": 61,")
    with pytest.raises(RegistryProblemsError) as caught:
        load_registry(config, texts=ENGLISH)
    files = {Path(one.file).name for one in caught.value.problems}
    assert files == {"district.yaml", "villages.yaml", "alpha.yaml", "beta.yaml"}
    assert {one.code for one in caught.value.problems} == {
        "unknown_key",
        "missing_key",
        "duplicate_id",
        "out_of_range",
        "share_sum",
    }


def test_a_wire_that_is_too_slow_names_the_least_period(config: Path) -> None:
    change(config, "plants/alpha.yaml", "altitude_m: 700", "altitude_m: 700\npoll_period_s: 1")
    change(config, "plants/alpha.yaml", "port: 15021", "port: 15021, answer_s: 1, request_pause_s: 1")
    problem = next(one for one in check(config, texts=ENGLISH) if one.code == "cycle_too_short")
    # two inverters of 3 reads, a meter of 3: nine reads, each a second of answer and a second of pause
    assert "take 9 reads a round, at least 18.0 s" in problem.message


def test_more_than_thirty_units_do_not_go_on_one_wire(config: Path) -> None:
    extra = "".join(
        f"  - {{id: more-{n}, kind: inverter, name: x, profile: goodwe_mt, gateway: alpha-gw, unit: {n},"
        " rated_power_kw: 50}\n"
        for n in range(10, 38)
    )
    change(config, "plants/alpha.yaml", "devices:\n", f"devices:\n{extra}")
    assert [one.code for one in check(config)] == ["too_many_units"]


def test_two_gateways_cannot_have_one_address_nor_one_topic(config: Path) -> None:
    gateways = "gateways:\n  - {id: beta-gw, protocol: modbus_tcp, host: 127.0.0.1, port: 15021}\ndevices:"
    change(config, "plants/beta.yaml", "devices:", gateways)
    change(config, "plants/beta.yaml", "connection: manual", "connection: live")
    meter = "name: 关口表, profile: meter_acrel_dtsd1352, gateway: beta-gw"
    change(config, "plants/beta.yaml", "name: 关口表", meter)
    assert [one.code for one in check(config)] == ["duplicate_id"]
    change(config, "plants/beta.yaml", "port: 15021", "port: 15022")
    assert check(config) == []


def test_a_gateway_with_json_of_its_own_must_find_its_devices(config: Path) -> None:
    def codes() -> list[str]:
        return [one.code for one in check(config)]

    change(config, "plants/alpha.yaml", "protocol: modbus_tcp", "protocol: mqtt, topic: energy/growatt")
    for number in (1, 2):
        was = f"profile: huawei_sun2000, gateway: alpha-gw, unit: {number}"
        change(
            config,
            "plants/alpha.yaml",
            was,
            f"profile: json_growatt_grott, gateway: alpha-gw, unit: {number}",
        )
    change(config, "plants/alpha.yaml", "profile: meter_acrel_dtsd1352", "profile: json_flat_dtu_meter")
    assert codes() == ["no_serial_in_document", "no_serial_in_document"]
    for number in (1, 2):
        change(
            config,
            "plants/alpha.yaml",
            f"unit: {number}, rated",
            f'unit: {number}, serial_number: "S{number}", rated',
        )
    assert codes() == []
    change(config, "plants/alpha.yaml", "topic: energy/growatt", "topic: energy/+/up")
    assert codes() == []
    change(config, "plants/alpha.yaml", "profile: json_flat_dtu_meter", "profile: pvmon_json")
    assert codes() == ["own_topic"]
    change(config, "plants/alpha.yaml", "topic: energy/+/up", "topic: energy//up")
    assert codes() == ["bad_pattern"]


def test_two_devices_a_mapping_cannot_tell_apart_are_named(config: Path, tmp_path: Path) -> None:
    folder = tmp_path / "mappings"
    folder.mkdir()
    (folder / "one_only.yaml").write_text(
        "format: 1\nname: one_only\nkind: inverter\nmake: Nobody\nmodels: [X]\ndocument: {time: $.t}\n"
        "values:\n  - {name: ac_active_power_w, from: $.p}\n",
        "utf-8",
    )
    profiles = load_profiles(folder)
    change(config, "plants/alpha.yaml", "protocol: modbus_tcp", "protocol: mqtt, topic: box/1")
    for number in (1, 2):
        was = f"profile: huawei_sun2000, gateway: alpha-gw, unit: {number}"
        change(config, "plants/alpha.yaml", was, f"profile: one_only, gateway: alpha-gw, unit: {number}")
    change(config, "plants/alpha.yaml", "profile: meter_acrel_dtsd1352", "profile: json_flat_dtu_meter")
    found = check(config, profiles=profiles, texts=ENGLISH)
    assert [one.code for one in found] == ["same_document"]
    assert "alpha-inv-1" in str(found[0])


def test_a_meter_replaced_by_another_keeps_its_unit_address(config: Path) -> None:
    change(config, "plants/alpha.yaml", "unit: 1,", "unit: 1, in_service_to: 2020-01-01,")
    change(config, "plants/alpha.yaml", "unit: 2,", "unit: 1, in_service_from: 2020-01-01,")
    assert check(config) == []


def test_a_split_village_needs_a_newer_act(config: Path) -> None:
    split = (
        '  - {id: "611002100203", name: 前村, name_en: Qian, town: "611002100", valid_from: 2022-01-01}\n'
        '  - {id: "611002100204", name: 后村, name_en: Hou, town: "611002100", valid_from: 2022-01-01}\n'
    )
    event = (
        '  - {date: 2022-01-01, change: split, from: ["611002100202"],'
        ' to: ["611002100203", "611002100204"], source: act 2}\n'
    )
    change(config, "villages.yaml", "events:\n", f"{split}events:\n{event}")
    assert [one.code for one in check(config)] == ["share_needs_act"]
    newer = (
        '  - {valid_from: 2022-01-01, source: act of 2022, shares_kw: {"611002100201": 60, "611002100203": 10,'
        ' "611002100204": 20, "611002101202": 10}}\n'
    )
    path = config / "ownership/alpha.yaml"
    path.write_text(path.read_text("utf-8") + newer, "utf-8")
    assert check(config) == []


def test_shares_must_follow_a_change_of_capacity(config: Path) -> None:
    newer = "  - {valid_from: 2019-01-01, ac_capacity_kw: 150, dc_capacity_kw: 165}\ngateways:"
    change(config, "plants/alpha.yaml", "gateways:", newer)
    problem = next(iter(check(config, texts=ENGLISH)))
    assert problem.code == "share_sum"
    assert "2019-01-01" in problem.message
    assert "add up to 100 kW" in problem.message
    assert "150 kW" in problem.message


def test_missing_files_and_folders_are_said_plainly(tmp_path: Path) -> None:
    assert [one.code for one in check(tmp_path / "nowhere")] == ["no_folder"]
    (tmp_path / "empty").mkdir()
    codes = {one.code for one in check(tmp_path / "empty")}
    assert codes == {"missing_file", "no_plants"}


def test_strange_and_empty_files_are_reported(config: Path) -> None:
    (config / "plants/gamma.yml").write_text("id: gamma\n", "utf-8")
    (config / "plants/.hidden").write_text("", "utf-8")
    (config / "plants/delta.yaml").write_text("# nothing\n", "utf-8")
    (config / "plants/epsilon.yaml").write_bytes(b"id: \xff\xfe\n")
    problems = {Path(one.file).name: one.code for one in check(config)}
    assert problems == {"gamma.yml": "strange_file", "delta.yaml": "empty_file", "epsilon.yaml": "not_yaml"}


def test_a_file_cannot_explode_through_aliases(config: Path) -> None:
    bomb = "a: &a [x, x]\n" + "".join(
        f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n"
        for old, new in zip("abcdefghi", "bcdefghij", strict=True)
    )
    (config / "district.yaml").write_text(bomb, "utf-8")
    assert "not_yaml" in {one.code for one in check(config)}


def test_deep_and_recursive_yaml_is_refused_not_followed(config: Path) -> None:
    (config / "district.yaml").write_text("name: &a [*a]\n", "utf-8")
    (config / "villages.yaml").write_text("[" * 100 + "]" * 100, "utf-8")
    codes = {Path(one.file).name: one.code for one in check(config) if one.code == "not_yaml"}
    assert codes == {"district.yaml": "not_yaml", "villages.yaml": "not_yaml"}


def test_the_overlay_wins_per_id_and_every_value_knows_its_file(config: Path, tmp_path: Path) -> None:
    changed = FILES["plants/beta.yaml"].replace("乙镇电站", "乙镇新电站")
    overlay = write(tmp_path / "data" / "config", {"plants/beta.yaml": changed})
    registry = load_registry(config, overlay)
    assert [plant.name for plant in registry.plants] == ["甲镇电站", "乙镇新电站"]
    assert registry.sources["beta"].startswith(str(overlay / "plants/beta.yaml"))
    assert registry.sources["alpha"].startswith(str(config / "plants/alpha.yaml"))


def test_the_overlay_can_take_away_and_says_when_there_was_nothing(config: Path, tmp_path: Path) -> None:
    overlay = write(tmp_path / "over", {"removed.yaml": "plants: [beta]\n"})
    assert [plant.plant_id for plant in load_registry(config, overlay).plants] == ["alpha"]
    write(overlay, {"removed.yaml": "plants: [beta, gamma]\n"})
    assert [one.code for one in check(config, overlay)] == ["removed_unknown"]


def test_a_fault_of_the_overlay_names_the_overlay(config: Path, tmp_path: Path) -> None:
    overlay = write(
        tmp_path / "over", {"plants/beta.yaml": FILES["plants/beta.yaml"].replace("30", "thirty")}
    )
    assert {one.file for one in check(config, overlay)} == {str(overlay / "plants/beta.yaml")}


def test_names_that_look_like_truth_or_numbers_must_be_quoted_and_codes_keep_their_zeros(
    config: Path,
) -> None:
    change(config, "plants/alpha.yaml", 'account_number: "9900000000001"', "account_number: 0099000000001")
    assert load_registry(config).plants[0].accounts[0].account_number == "0099000000001"


def test_a_link_paid_for_by_the_byte_is_asked_every_five_minutes_unless_it_is_written(config: Path) -> None:
    plan = 'port: 15021, sim: "89860000000000001234", plan_mb: 500, plan_day: 15, plan_until: 2027-03-31'
    change(config, "plants/alpha.yaml", "port: 15021", plan)
    plant = load_registry(config).plants_by_id["alpha"]
    assert plant.poll_period_s == 300.0
    [gateway] = [one for one in plant.gateways if one.port == 15021]
    assert (gateway.sim, gateway.plan_mb, gateway.plan_day) == ("89860000000000001234", 500.0, 15)
    assert gateway.plan_until == date(2027, 3, 31)
    change(config, "plants/alpha.yaml", "connection: live", "connection: live\npoll_period_s: 120")
    assert load_registry(config).plants_by_id["alpha"].poll_period_s == 120.0


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("plan_mb: 500", "plan_without_sim"),
        ("plan_until: 2027-03-31", "plan_without_sim"),
        ('sim: "12"', "bad_pattern"),
        ('sim: "89860000000000001234", plan_day: 31', "out_of_range"),
    ],
)
def test_what_is_wrong_about_a_data_plan_is_told(config: Path, written: str, code: str) -> None:
    change(config, "plants/alpha.yaml", "port: 15021", f"port: 15021, {written}")
    assert code in {problem.code for problem in check(config)}
