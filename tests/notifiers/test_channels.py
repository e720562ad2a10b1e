"""Channels against real peers: what they send, what they refuse, and that no secret leaves them."""

import hashlib
import hmac
import json
import logging
import queue
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from domain.clock import ManualClock
from domain.errors import ConfigurationError, NotifyError, NotifyRefusedError
from domain.notification import Notifying, Target, TargetKind
from notifiers.apprise import AppriseChannel
from notifiers.channels import channels
from notifiers.log import LogChannel
from notifiers.mqtt import MqttChannel
from notifiers.webhook import Webhook
from tests.notifiers.peers import Peer, peer
from tests.stores.records.case_contract import message

CLOCK = ManualClock(datetime(2026, 7, 6, 4, 0, tzinfo=UTC))
TOKEN = "s3cr3t-t0k3n-8f2a61c0d4"


@pytest.fixture
def there() -> Iterator[Peer]:
    with peer() as state:
        yield state


def hook(there: Peer, key: str = "") -> Webhook:
    return Webhook(there.url, key, frozenset({there.host}), CLOCK)


def test_a_webhook_is_signed_over_time_and_body(there: Peer) -> None:
    hook(there, "k" * 32).send(message("n1", title="【S2】告警"))
    stamp, given = there.headers[0]["X-Pvmon-Signature"].removeprefix("t=").split(",v1=")
    expected = hmac.new(b"k" * 32, stamp.encode() + b"." + there.raw[0], hashlib.sha256).hexdigest()
    assert given == expected
    assert int(stamp) == int(CLOCK.now().timestamp())
    assert there.bodies[0]["title"] == "【S2】告警"


@pytest.mark.parametrize(("status", "kind"), [(500, NotifyError), (503, NotifyError), (429, NotifyError)])
def test_a_target_in_trouble_is_tried_again(there: Peer, status: int, kind: type[NotifyError]) -> None:
    there.status = status
    with pytest.raises(kind, match=str(status)) as failure:
        hook(there).send(message("n1"))
    assert failure.value.retry


@pytest.mark.parametrize("status", [301, 302, 307, 401, 404])
def test_a_wrong_address_or_a_redirect_is_final(there: Peer, status: int) -> None:
    there.status, there.location = status, there.url
    with pytest.raises(NotifyRefusedError, match=str(status)):
        hook(there).send(message("n1"))
    assert there.raw == []


def test_a_target_that_hangs_is_left_after_its_time(there: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("notifiers.webhook.TIMEOUT_S", 0.3)
    there.hang_s = 20.0
    with pytest.raises(NotifyError, match="no answer"):
        hook(there).send(message("n1"))


def test_nobody_listens_is_an_error_to_try_again() -> None:
    with peer() as gone:
        port = gone.host
    with pytest.raises(NotifyError, match="no connection"):
        Webhook(f"http://{port}/", "", frozenset({port}), CLOCK).send(message("n1"))


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "json://127.0.0.1/x", "syslog://", "dbus://", "exec://id", "nonsense", ""]
)
def test_only_services_for_people_are_taken(url: str) -> None:
    with pytest.raises(ConfigurationError):
        AppriseChannel(url, frozenset())


@pytest.mark.parametrize(
    "url",
    ["dingtalk://" + TOKEN.replace("-", ""), f"wecombot://{TOKEN}", f"feishu://{TOKEN}", f"lark://{TOKEN}"],
)
def test_the_services_of_the_country_are_understood(url: str) -> None:
    channel = AppriseChannel(url, frozenset())
    assert channel._service.redirects is False
    assert TOKEN not in repr(channel)


def test_a_mail_server_in_the_private_network_must_be_named() -> None:
    channel = AppriseChannel(
        f"mailtos://u:{TOKEN}@127.0.0.1:465/?to=x@example.cn&from=y@example.cn", frozenset()
    )
    with pytest.raises(NotifyRefusedError, match="private_hosts"):
        channel.send(message("n1"))


@pytest.mark.needs("mosquitto")
def test_a_broker_gets_the_message_with_quality_one(tmp_path: Path) -> None:
    from paho.mqtt import client as paho
    from paho.mqtt.enums import CallbackAPIVersion

    from tests.collectors.peers import free_port

    port = free_port()
    (tmp_path / "m.conf").write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\n", "utf-8")
    broker = subprocess.Popen(
        ["mosquitto", "-c", str(tmp_path / "m.conf")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env={"PATH": "/usr/sbin:/usr/bin"},
    )  # fmt: skip
    heard: queue.Queue[bytes] = queue.Queue()
    ready: queue.Queue[bool] = queue.Queue()
    listener = paho.Client(CallbackAPIVersion.VERSION2)
    listener.on_connect = lambda client, *_: client.subscribe("pvmon/alerts", qos=1)
    listener.on_subscribe = lambda *_: ready.put(True)
    listener.on_message = lambda _c, _u, heard_message: heard.put(bytes(heard_message.payload))
    try:
        _connect(listener, port)
        listener.loop_start()
        ready.get(timeout=10)
        MqttChannel(f"mqtt://127.0.0.1:{port}", "", frozenset({f"127.0.0.1:{port}"})).send(message("n7"))
        assert json.loads(heard.get(timeout=10))["id"] == "n7"
        with pytest.raises(NotifyRefusedError):
            MqttChannel(f"mqtt://127.0.0.1:{port}", "", frozenset()).send(message("n8"))
    finally:
        listener.loop_stop()
        listener.disconnect()
        broker.terminate()
        broker.wait(10)


def _connect(listener: Any, port: int) -> None:
    import time

    for _ in range(100):
        try:
            listener.connect("127.0.0.1", port)
        except OSError:
            time.sleep(0.1)
        else:
            return


def target(kind: TargetKind, secret: str = "x.url") -> Target:
    return Target("t1", kind, secret)


def test_a_secret_file_must_be_there_private_and_filled(tmp_path: Path) -> None:
    notifying = Notifying(False, (target(TargetKind.APPRISE),))
    path = tmp_path / "x.url"
    assert "cannot be read" in channels(notifying, tmp_path, CLOCK)[1][0]
    path.write_text("", "utf-8")
    path.chmod(0o600)
    assert "is empty" in channels(notifying, tmp_path, CLOCK)[1][0]
    path.write_text(f"wecombot://{TOKEN}\n", "utf-8")
    path.chmod(0o644)
    fault = channels(notifying, tmp_path, CLOCK)[1][0]
    assert "chmod 600" in fault
    assert TOKEN not in fault
    path.chmod(0o600)
    found, faults = channels(notifying, tmp_path, CLOCK)
    assert (list(found), faults) == (["t1"], [])


def test_no_secret_reaches_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture, there: Peer) -> None:
    caplog.set_level(logging.DEBUG)
    there.status = 500
    url = f"http://{there.host}/{TOKEN}"
    for act in (
        lambda: Webhook(url, TOKEN, frozenset({there.host}), CLOCK).send(message("n1")),
        lambda: AppriseChannel(f"nothing://{TOKEN}", frozenset()),
        lambda: AppriseChannel(f"mailto://u:{TOKEN}@127.0.0.1/?to=x@example.cn", frozenset()).send(
            message("n")
        ),
    ):
        with pytest.raises((NotifyError, ConfigurationError)) as failure:
            act()
        assert TOKEN not in str(failure.value)
    assert TOKEN not in caplog.text


def test_the_log_channel_stays_on_one_line(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    LogChannel().send(message("n1", title="甲\n伪造的一行"))
    assert len(caplog.messages) == 1
    assert "\n" not in caplog.messages[0]
