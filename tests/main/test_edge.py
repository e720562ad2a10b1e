"""`pvmon edge` as a person runs it: over TLS with the written files, against a real broker and real Modbus sockets."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from collectors.mqtt import Broker as Address
from collectors.mqtt import MqttCollector
from collectors.spool import Spool
from domain.clock import SystemClock
from inverters.profile import load_profiles
from jobs.collect import Collector
from jobs.edge_desk import EdgeBeat
from main.__main__ import main
from main.collector_thread import CollectorThread
from main.configuration import load_registry
from main.pulse import EDGE_FIGURES, Pulse, _of_villages
from main.sources import make_source
from main.tls.broker_files import COLLECTOR, acl_of
from tests.jobs.village import devices
from tests.main.registry_files import FILES, PLANT, write
from tests.main.tls.test_broker_files import Broker

KNOWN = ("--profile", "huawei_sun2000", "--rated-kw", "50")
pytestmark = [pytest.mark.alone, pytest.mark.needs("mosquitto")]


def marked(port: int) -> str:
    return PLANT.replace("port: 15021}", f"port: {port}, edge: true}}")


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Broker]:
    """A broker on the written files, and a plant polled in its village."""
    with devices() as port:
        made = Broker(tmp_path)
        write(tmp_path / "district", dict(FILES) | {"plants/alpha.yaml": marked(port)})
        made.registry = load_registry(tmp_path / "district", None)
        made.write()
        with made.running():
            yield made


def environment(site: Broker) -> dict[str, str]:
    """The written settings, as the unit gives them, their folder moved."""
    own = site.folder / "out/gateways/alpha"
    lines = (own / "pvmon.env").read_text().replace("/etc/pvmon/broker", str(own)).splitlines()
    return {**os.environ, "PVMON_LANG": "en", **dict(line.split("=", 1) for line in lines)}


def edge(site: Broker, *words: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "main", "--config", str(site.folder / "district")]
    command += ["--data", str(site.folder / "village"), "edge", *words]
    return subprocess.Popen(
        command, env=environment(site), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def wait(true: Callable[[], bool], within_s: float = 120.0) -> None:
    end = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < end
        time.sleep(0.1)


def test_a_village_reaches_the_centre_over_tls_tells_how_it_stands_and_lets_no_second_one_in(
    site: Broker, tmp_path: Path
) -> None:
    own = site.folder / "out" / COLLECTOR
    address = Address(
        port=site.port,
        client_id=COLLECTOR,
        ca_file=str(own / "ca.crt"),
        certificate=str(own / f"{COLLECTOR}.crt"),
        key=str(own / f"{COLLECTOR}.key"),
    )
    spool, clock = Spool(tmp_path / "centre.sqlite"), SystemClock()
    messages = MqttCollector(address, clock)
    centre = Collector(
        site.registry, load_profiles(), clock, spool, make_source=make_source, messages=messages
    )
    thread = CollectorThread(centre)
    thread.start()
    with edge(site) as village:
        wait(lambda: {b.device_id for _, b in spool.peek(1000)} >= {"alpha-inv-1", "alpha-inv-2"})
        wait(lambda: _status(site)["acknowledged"] > 0)
        assert _status(site)["faults"] == []
        assert _status(site)["devices"] == 3
        added = _pvmon(site, "device", "add", "alpha", "alpha-gw", "--unit", "3", *KNOWN, "--yes")
        assert added["live"] is True, "the running collector was told"
        assert _status(site)["devices"] == 4
        with edge(site) as second:
            said, _ = second.communicate(timeout=120)
        assert second.returncode != 0
        assert "already collects into it" in said
        village.send_signal(signal.SIGTERM)
        said, _ = village.communicate(timeout=60)
    assert village.returncode == 0, said
    assert "alpha: polling 1 wires" in said
    thread.stop()
    spool.close()


def _pvmon(site: Broker, *words: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "main", "--config", str(site.folder / "district")]
    command += ["--data", str(site.folder / "village"), "--json", *words]
    ended = subprocess.run(
        command, env=environment(site), capture_output=True, text=True, timeout=120, check=False
    )
    assert ended.returncode == 0, ended.stderr
    answer: dict[str, Any] = json.loads(ended.stdout)
    return answer


def _status(site: Broker) -> dict[str, Any]:
    with edge(site, "--status", "--json") as asked:
        said, _ = asked.communicate(timeout=120)
    answer: dict[str, Any] = {"acknowledged": 0} | json.loads(said)
    return answer


def test_what_is_missing_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = write(tmp_path / "config", dict(FILES))
    words = ["--lang", "en", "--config", str(config), "--data", str(tmp_path / "data"), "edge"]
    told = {
        (): "--plant ID",
        ("--plant", "nowhere"): "no plant 'nowhere'",
        ("--plant", "alpha"): "edge: true",
        ("--status",): "no collector runs here",
    }
    for more, expected in told.items():
        assert main([*words, *more]) == 1
        assert expected in capsys.readouterr().err
    write(config, dict(FILES) | {"plants/alpha.yaml": marked(15021)})
    assert main([*words, "--plant", "alpha"]) == 1
    assert "PVMON_MQTT_URL" in capsys.readouterr().err


def test_a_gateway_that_publishes_by_itself_is_no_wire_to_poll(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = PLANT.replace(
        "protocol: modbus_tcp, host: 127.0.0.1, port: 15021}", "protocol: mqtt, topic: pv/alpha, edge: true}"
    )
    write(tmp_path, dict(FILES) | {"plants/alpha.yaml": text})
    assert main(["--lang", "en", "--config", str(tmp_path), "check"]) == 1
    assert "publishes over MQTT by itself" in capsys.readouterr().out


def test_villages_may_have_the_same_addresses(tmp_path: Path) -> None:
    other = marked(502).replace("alpha", "gamma").replace("99000000", "99200000")
    shares = FILES["ownership/alpha.yaml"].replace("alpha", "gamma")
    files = {"plants/alpha.yaml": marked(502), "plants/gamma.yaml": other, "ownership/gamma.yaml": shares}
    registry = load_registry(write(tmp_path, dict(FILES) | files), None)
    assert [g.edge for g in registry.gateways()] == [True, True]


def test_the_centre_counts_its_villages_and_says_who_is_silent(caplog: pytest.LogCaptureFixture) -> None:
    now = SystemClock().now()
    beats = [
        EdgeBeat("p", now, waiting=7, offset_s=-2.5, rows=90, gaps=1),
        EdgeBeat("q", now - timedelta(minutes=9), waiting=3),
        EdgeBeat("r"),
    ]
    heard: Any = SimpleNamespace(edge_beats=lambda: beats)
    instance: Any = SimpleNamespace(collector=heard, options=SimpleNamespace(clock=SystemClock()))
    assert dict(zip(EDGE_FIGURES, (3, 2, 10, 90, 1, 2.5), strict=True)) == _of_villages(instance)
    pulse = Pulse(instance, "collector")
    pulse._look_after_villages()
    pulse._look_after_villages()
    assert [r.getMessage() for r in caplog.records] == [
        "the collector of plant q has not been heard of for five minutes"
    ]
    beats[:] = []
    assert _of_villages(instance) == {}


def test_the_rights_cover_the_topic_of_answers() -> None:
    rights = acl_of(["alpha"])
    assert "user collector\ntopic read pv/#\ntopic write ack/#" in rights
    assert "topic read ack/alpha/#" in rights


def test_the_unit_of_a_village_polls_its_plant_and_is_watched(tmp_path: Path) -> None:
    words = ["--config", "/etc/pvmon/config", "--data", "/var/lib/pvmon", "service", "install"]
    assert main([*words, "--root", str(tmp_path), "--edge", "alpha"]) == 0
    (unit,) = (tmp_path / "etc/systemd/system").iterdir()
    text = unit.read_text()
    assert unit.name == "pvmon-edge.service"
    assert "--config /etc/pvmon/config --data /var/lib/pvmon edge --plant alpha\n" in text
    assert "WatchdogSec=300\n" in text
    assert "PrivateDevices=no\n" in text
    assert main([*words, "--root", str(tmp_path), "--edge", "a b"]) == 1


def test_a_registry_without_the_mark_polls_from_the_centre(tmp_path: Path) -> None:
    registry = load_registry(write(tmp_path, dict(FILES)), None)
    assert registry.plants_by_id["alpha"].gateways[0] == replace(
        registry.plants_by_id["alpha"].gateways[0], edge=False
    )
