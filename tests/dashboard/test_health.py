"""/livez and /readyz: what a supervisor asks, without a login and without learning anything."""

import re
from dataclasses import replace
from pathlib import Path

from domain.clock import SystemClock
from queries.metrics import METRICS
from stores.sample_account_protocol import Heartbeat
from tests.conftest import ROOT
from tests.dashboard.fixtures import bare, few_plants, sample_registry


def test_a_process_that_answers_is_alive_and_ready_without_a_login(tmp_path: Path) -> None:
    world = bare(tmp_path, few_plants(sample_registry()))
    client = world.app().test_client()
    for path in ("/livez", "/readyz"):
        answer = client.get(path)
        assert (answer.status_code, answer.text) == (200, "ok\n")
        assert answer.headers["Cache-Control"] == "no-store"
    world.close()


def test_a_store_that_is_gone_is_not_ready_but_the_process_lives(tmp_path: Path) -> None:
    world = bare(tmp_path, few_plants(sample_registry()))
    client = world.app().test_client()
    world.services.sources.store.close()
    assert client.get("/readyz").status_code == 503
    assert client.get("/readyz").text == "samples cannot be read\n"
    assert client.get("/livez").status_code == 200
    world.close()


def test_every_metric_is_served_by_its_documented_name_and_kind(tmp_path: Path) -> None:
    world = bare(tmp_path, few_plants(sample_registry()))
    figures = dict.fromkeys(METRICS, 7.0)
    now = SystemClock().now()
    world.services.sources.records.beat(Heartbeat("collector", now, figures | {"secret": 1.0}, ("wire x",)))
    answer = world.app().test_client().get("/metrics")
    world.close()
    assert answer.status_code == 200
    kinds = dict(re.findall(r"^# TYPE (\w+) (\w+)$", answer.text, re.MULTILINE))
    document = (ROOT / "docs/metrics.md").read_text("utf-8")
    documented = dict(re.findall(r"^\| `(\w+)` \| (\w+) \|", document, re.MULTILINE))
    assert kinds == documented
    assert 'pvmon_spool_rows{process="collector"} 7.0' in answer.text
    assert 'pvmon_faults{process="collector"} 1.0' in answer.text
    assert "secret" not in answer.text


def test_metrics_are_for_this_machine_or_a_token(tmp_path: Path) -> None:
    world = bare(tmp_path, few_plants(sample_registry()))
    settings = replace(world.settings, metrics_token="9f2c47d1be6038a5c4170d2e")
    client = replace(world, settings=settings).app().test_client()
    proxied = {"X-Forwarded-For": "203.0.113.9"}
    assert client.get("/metrics", headers=proxied).status_code == 403
    assert client.get("/metrics", environ_base={"REMOTE_ADDR": "203.0.113.9"}).status_code == 403
    wrong = proxied | {"Authorization": "Bearer no"}
    assert client.get("/metrics", headers=wrong).status_code == 403
    right = proxied | {"Authorization": "Bearer 9f2c47d1be6038a5c4170d2e"}
    assert client.get("/metrics", headers=right).status_code == 200
    world.close()


def test_a_part_that_does_not_tick_fails_livez_and_a_full_queue_readyz(tmp_path: Path) -> None:
    world = bare(tmp_path, few_plants(sample_registry()))
    sources = replace(
        world.services.sources, faults=lambda: ["forwarder"], unready=lambda: ["queue is nearly full"]
    )
    client = replace(world, services=replace(world.services, sources=sources)).app().test_client()
    assert client.get("/livez").status_code == 503
    assert client.get("/readyz").text == "queue is nearly full\n"
    world.close()
