"""The three roles of a server as processes of their own, over real servers, against the virtual field.

InfluxDB keeps the samples, PostgreSQL the records, Mosquitto carries what one gateway publishes. Each role has
its own data folder, as in docker-compose.yml.
"""

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import make_url

from access.principal import console_principal
from commands.accounts import Accounts, NewUser
from commands.passwords import Passwords
from domain.account import Role, Scope
from domain.clock import SystemClock
from domain.timespan import Interval, day_of
from main.build import device_kinds, open_records
from main.configuration import load_registry
from main.demo.visitor import Visitor
from main.ports import free_ports
from main.settings import load_settings
from stores.influx import InfluxStore
from tests.main.registry_files import change, write
from tests.stores.influx_server import InfluxServer, running

pytestmark = pytest.mark.alone

ROOT = Path(__file__).parents[2]
INVERTERS = ("alpha-inv-1", "alpha-inv-2", "alpha-inv-3")  # the last one by way of the broker
COUNTER = "ac_energy_total_wh"
PERIOD_S = 2  # of polling; the wires carry it
WAIT_S = 60.0
PUBLISHING = """\
  - {id: alpha-mq, protocol: mqtt, topic: pv/alpha}
devices:
  - {id: alpha-inv-3, kind: inverter, name: 三号, profile: pvmon_json, gateway: alpha-mq, rated_power_kw: 50}
"""


def _records(url: str, folder: Path) -> dict[str, str]:
    """Return the settings of a database; its password goes into a file."""
    address = make_url(url)
    (folder / "postgres").write_text(str(address.password))
    return {
        "PVMON_RECORDS_URL": address._replace(password=None).render_as_string(hide_password=False),
        "PVMON_RECORDS_PASSWORD_FILE": str(folder / "postgres"),
    }


class Town:
    """Folders, settings and processes of one server."""

    def __init__(self, folder: Path, influx: InfluxServer, postgres_url: str) -> None:
        self.folder = folder
        self.config = write(folder / "config")
        self._move_to_daylight()
        port, self.broker_port = free_ports(2)
        change(self.config, "plants/alpha.yaml", "devices:\n", PUBLISHING)
        change(self.config, "plants/alpha.yaml", "port: 15021", f"port: {port}")
        change(
            self.config,
            "plants/alpha.yaml",
            "connection: live",
            f"connection: live\npoll_period_s: {PERIOD_S}",
        )
        token = folder / "token"
        token.write_text("9f2c47d1be6038a5c4170d2e")
        self.given = {
            "PVMON_STORE": "influx",
            "PVMON_INFLUX_URL": influx.url,
            "PVMON_INFLUX_BUCKET": "town",
            "PVMON_INFLUX_TOKEN_FILE": str(token),
            "PVMON_MQTT_URL": f"mqtt://127.0.0.1:{self.broker_port}",
        } | _records(postgres_url, folder)
        self.begun = SystemClock().now()
        self.registry = load_registry(self.config, None)
        self.store = InfluxStore(influx.url, "town", device_kinds(self.registry))

    def _move_to_daylight(self) -> None:
        """Put the plant where it is noon now: the virtual field is awake whatever the hour of the test."""
        longitude = (12 - SystemClock().now().hour) * 15 - 0.01
        change(self.config, "district.yaml", "west: 109.4, east: 110.4", "west: -180, east: 180")
        change(self.config, "plants/alpha.yaml", "longitude: 109.91", f"longitude: {longitude}")

    @contextmanager
    def process(self, *words: str) -> Iterator[subprocess.Popen[str]]:
        """Run a verb; it must end by itself when told to, without a failure."""
        data = self.folder / words[0]
        line = [
            sys.executable,
            "-m",
            "main",
            "--lang",
            "en",
            "--config",
            str(self.config),
            "--data",
            str(data),
        ]
        ours = {name: value for name, value in os.environ.items() if not name.startswith("PVMON_")}
        with (self.folder / f"{words[0]}.log").open("w") as log:
            process = subprocess.Popen(
                [*line, *words], cwd=ROOT, env=ours | self.given, stdout=log, stderr=log, text=True
            )
            try:
                yield process
                process.send_signal(signal.SIGTERM)
                assert process.wait(15) == 0, self.said(words[0])
            finally:
                if process.poll() is None:
                    process.kill()
                    process.wait()

    def said(self, verb: str) -> str:
        return (self.folder / f"{verb}.log").read_text("utf-8")[-3000:]

    def account(self) -> tuple[str, str]:
        """Make an account where the web role will look for it; return its name and password."""
        records = open_records(load_settings(self.given | {"PVMON_DATA_DIR": str(self.folder / "serve")}))
        try:
            accounts = Accounts(records, Passwords(), SystemClock(), self.registry)
            name = f"lin{os.getpid()}"
            new = NewUser(name, "林", frozenset({Role.OM}), Scope(everything=True))
            return name, accounts.add(console_principal(), new, must_change=False)
        finally:
            records.close()

    def instants(self, name: str = INVERTERS[0]) -> list[datetime]:
        """When an inverter's rows that have arrived were measured."""
        span = Interval(self.begun, self.begun + timedelta(hours=1))
        return list(self.store.read([name], [COUNTER], span).good().dropna()["measured_at"])


def wait_until(what: Callable[[], bool], town: Town) -> None:
    deadline = time.monotonic() + WAIT_S
    while not what():
        if time.monotonic() > deadline:
            pytest.fail(
                "\n".join(f"--- {log.name}\n{log.read_text('utf-8')}" for log in town.folder.glob("*.log"))
            )
        time.sleep(0.2)


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/login", timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


@pytest.mark.slow
@pytest.mark.needs("influxd", "postgres", "mosquitto")
def test_collector_worker_and_web_are_processes_over_one_store(tmp_path: Path, postgres_url: str) -> None:
    with running(tmp_path / "influx") as influx, ExitStack() as stack:
        town = Town(tmp_path, influx, postgres_url)
        stack.callback(town.store.close)
        user, password = town.account()
        port = free_ports(1)[0]
        url = f"http://127.0.0.1:{port}"
        stack.enter_context(town.process("simulate", "--broker", f"auto:{town.broker_port}"))
        influx.stop()  # a collector does not wait for the store
        stack.enter_context(town.process("collect"))
        wait_until(lambda: "last values are not known yet" in town.said("collect"), town)
        influx.start()
        stack.enter_context(town.process("serve", "--port", str(port)))

        wait_until(lambda: len(town.instants()) >= 2, town)
        wait_until(lambda: all(len(town.instants(name)) >= 2 for name in INVERTERS), town)  # energy takes two
        wait_until(lambda: len(town.store.latest(INVERTERS, town.begun)) == len(INVERTERS), town)
        newest = town.store.latest(INVERTERS, town.begun)
        assert [batch.device_id for batch in newest] == list(INVERTERS)
        assert all(batch.good(COUNTER) for batch in newest)

        stack.enter_context(town.process("work"))
        today = day_of(town.begun)
        wait_until(lambda: bool(town.store.daily(["alpha"], today, today + timedelta(days=1))), town)
        (kpi, *_) = town.store.daily(["alpha"], today, today + timedelta(days=1))
        assert kpi.devices_reporting == kpi.devices_expected == len(INVERTERS)

        wait_until(lambda: answers(url), town)
        visitor = Visitor(url)
        assert visitor.log_in(user, password)
        for path in ("/app/", "/app/plants/alpha?tab=devices", "/app/data"):
            visited = visitor.visit(path)
            assert (visited.status, visited.problem) == (200, ""), path

        _the_store_goes_away_and_nothing_is_lost(town, influx)


def _the_store_goes_away_and_nothing_is_lost(town: Town, influx: InfluxServer) -> None:
    influx.stop()
    away_from = SystemClock().now()
    time.sleep(3 * PERIOD_S)
    back_at = SystemClock().now()
    influx.start()
    wait_until(lambda: any(at > back_at for at in town.instants()), town)
    meanwhile = [at for at in town.instants() if away_from < at < back_at]
    assert len(meanwhile) >= 2, "what was polled while the store was away"
    assert "stays in the queue" in town.said("collect")
