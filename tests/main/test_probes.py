"""The doctor asks a real machine: real ports, real files, real sockets, and changes nothing."""

import errno
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from domain.clock import SystemClock
from domain.measurement import Batch
from domain.plant import DeviceKind
from main import probes
from main.cli import Context, Exit
from main.control import ControlServer
from main.doctor import Finding, Verdict, examine
from main.ports import free_ports
from main.probes import Place
from main.verbs.doctor import VERB
from stores.duckdb import DuckDbStore
from stores.records.store import SqlRecordStore
from texts.loader import Texts


@pytest.fixture
def place(tmp_path: Path) -> Place:
    data = tmp_path / "data"
    data.mkdir()
    port = free_ports(1)[0]
    return Place(
        tmp_path / "config", data, data / "samples.duckdb", data / "records.sqlite", "127.0.0.1", port
    )


@pytest.fixture
def listener() -> Iterator[tuple[str, int]]:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield "127.0.0.1", listening.getsockname()[1]


def found(place: Place, check: str) -> Finding:
    asked = {"age": "samples", "broker": "configuration"}.get(check, check)
    made = examine([(name, probe) for name, probe in probes.probes(place) if name == asked])
    [finding] = [finding for finding in made if finding.check == check]
    return finding


def test_every_check_is_made_on_an_empty_folder_and_none_breaks(place: Place) -> None:
    outcomes = {finding.check: finding.outcome for finding in examine(probes.probes(place))}
    assert {"python", "sqlite", "duckdb", "disk", "folder", "port", "clock", "fonts"} <= set(outcomes)
    assert "crashed" not in outcomes.values()
    assert (outcomes["samples"], outcomes["records"], outcomes["age"]) == ("none", "none", "empty")
    assert list(place.data.iterdir()) == []


def test_a_missing_data_folder_is_judged_by_where_it_would_be_made(tmp_path: Path) -> None:
    assert probes.unwritable(tmp_path / "not" / "yet") == ""
    assert probes.free_bytes(tmp_path / "not" / "yet") > 0
    assert not (tmp_path / "not").exists()


def test_a_file_in_the_place_of_the_data_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("x")
    assert "not a folder" in probes.unwritable(tmp_path / "data")


@pytest.mark.parametrize("number", [errno.EROFS, errno.ENOSPC, errno.EACCES])
def test_a_folder_that_refuses_is_told_with_the_systems_reason(
    place: Place, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: Any) -> None:
        raise OSError(number, "the system's reason")

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    assert found(place, "folder").values["reason"] == "the system's reason"
    assert found(place, "folder").verdict is Verdict.FAIL


def test_a_port_somebody_else_has_fails(place: Place, listener: tuple[str, int]) -> None:
    taken = Place(place.config, place.data, place.samples, place.records, *listener)
    assert found(taken, "port").outcome == "taken"
    assert found(place, "port").outcome == "free"


def test_a_running_instance_owns_its_port_and_its_stores_and_tells_their_age(
    place: Place, listener: tuple[str, int]
) -> None:
    running = Place(place.config, place.data, place.samples, place.records, *listener)
    noon, before = "2026-07-01T04:00:00+00:00", "2026-07-01T03:58:00+00:00"
    told = {"rows": 7, "size_bytes": 2048, "newest": before, "field_time": noon}
    server = ControlServer(place.data, {"status": lambda _: told})
    server.start()
    try:
        findings = {check: found(running, check) for check in ("port", "samples", "records", "age")}
    finally:
        server.stop()
    assert {check: one.outcome for check, one in findings.items()} == {
        "port": "ours",
        "samples": "owned",
        "records": "owned",
        "age": "fresh",
    }
    assert (findings["samples"].values["rows"], findings["age"].values["minutes"]) == ("7", "2")


def test_the_port_of_a_running_demonstration_is_ours_too(place: Place, listener: tuple[str, int]) -> None:
    running = Place(place.config, place.data, place.samples, place.records, *listener)
    server = ControlServer(place.data / "demo", {})
    server.start()
    try:
        assert found(running, "port").outcome == "ours"
    finally:
        server.stop()


def test_an_instance_that_cannot_tell_spoils_its_own_line_only(place: Place) -> None:
    server = ControlServer(place.data, {})  # knows no orders at all
    server.start()
    try:
        assert found(place, "samples").outcome == "crashed"
        assert found(place, "records").outcome == "owned"
    finally:
        server.stop()


def test_a_broker_that_listens_is_reached_and_another_is_not(listener: tuple[str, int]) -> None:
    assert probes.unreachable(*listener) == ""
    assert probes.unreachable("127.0.0.1", free_ports(1)[0]) != ""


def test_a_broken_configuration_is_one_line(place: Place) -> None:
    finding = found(place, "configuration")
    assert finding.verdict is Verdict.FAIL
    assert "\n" not in finding.values["reason"]


def test_a_sample_store_tells_rows_and_age(place: Place) -> None:
    clock = SystemClock()
    store = DuckDbStore(place.samples, clock, {"p001-inv01": DeviceKind.INVERTER})
    store.write([Batch("p001-inv01", clock.now(), ("ac_active_power_w",), (1.0,))])
    store.close()
    assert found(place, "samples").values["rows"] == "1"
    assert found(place, "age").outcome == "fresh"


def test_a_damaged_sample_store_fails_and_stays_as_it_is(place: Place) -> None:
    place.samples.write_bytes(b"not a database" * 1000)
    assert found(place, "samples").outcome == "broken"
    assert place.samples.read_bytes() == b"not a database" * 1000


def test_records_of_today_open(place: Place) -> None:
    SqlRecordStore.at(place.records).close()
    assert found(place, "records").outcome == "good"


def test_records_of_a_newer_program_are_told_and_not_touched(place: Place) -> None:
    SqlRecordStore.at(place.records).close()
    with closing(sqlite3.connect(place.records)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    finding = found(place, "records")
    assert (finding.outcome, finding.verdict) == ("too_new", Verdict.FAIL)
    assert "9999" in finding.values["reason"]


def test_damaged_records_fail(place: Place) -> None:
    place.records.write_bytes(b"not a database" * 1000)
    assert found(place, "records").outcome == "broken"


def test_a_wrong_setting_is_a_line_and_not_the_end(
    tmp_path: Path, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PVMON_PROT", "8051")
    assert "PVMON_PROT" in found(place, "settings").values["reason"]
    assert Place.of(tmp_path, tmp_path).port == 8050


@pytest.mark.parametrize(
    ("url", "broker"),
    [("", None), ("mqtts://broker", ("broker", 8883)), ("mqtt://127.0.0.1:1884", ("127.0.0.1", 1884))],
)
def test_the_place_is_taken_from_the_settings(
    tmp_path: Path, url: str, broker: tuple[str, int] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PVMON_MQTT_URL", url)
    monkeypatch.setenv("PVMON_PORT", "8061")
    place = Place.of(tmp_path, tmp_path)
    assert (place.broker, place.port) == (broker, 8061)


def test_a_missing_tool_of_the_system_is_no_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert probes.chinese_families() is None


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_verb_reports_each_line_and_exits_one_when_a_check_fails(
    tmp_path: Path, language: str, capsys: pytest.CaptureFixture[str]
) -> None:
    context = Context(tmp_path / "no-config", tmp_path / "data", Texts(language), json=False)
    assert VERB.run(_no_arguments(), context) == Exit.PROBLEM  # no configuration there
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) >= 12
    assert not [line for line in lines if "{" in line or "Traceback" in line]


def test_the_verb_answers_machines_with_one_document(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import json

    context = Context(tmp_path / "no-config", tmp_path / "data", Texts("en"), json=True)
    VERB.run(_no_arguments(), context)
    document = json.loads(capsys.readouterr().out)
    assert document["verdict"] == "fail"
    assert {"check", "verdict", "outcome", "found", "values"} <= set(document["checks"][0])


def _no_arguments() -> Any:
    import argparse

    return argparse.Namespace(without=[], report=None, bundle=None, confirm_clock=False)
