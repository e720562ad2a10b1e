"""Text messages against a modem played on a pseudo terminal: what is sent, in UCS2, and what happens when it is not."""

import os
import re
import threading
import tty
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from alerts.calls import call_list
from domain.alert import Severity
from domain.clock import ManualClock
from domain.errors import ConfigurationError, NotifyError, NotifyRefusedError
from domain.notification import DeliveryState, Notification, Reason, Target, TargetKind
from jobs.send_notifications import Delivery, Notifier, Teller
from notifiers import sms
from notifiers.channels import channels
from notifiers.sms import UNITS_MAX, SmsChannel, short
from stores.records.store import SqlRecordStore
from tests.access.people import registry
from tests.alerts.makers import NOON, alert, notifying, receiver
from tests.stores.records.case_contract import message

PHONES = {"zhao": "0000-0000001"}


@dataclass
class Modem:
    """A modem at the other end of a pseudo terminal. ``answer`` may spoil an answer."""

    path: str
    texts: list[tuple[str, str]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    answer: Callable[[str, str], str] = field(default=lambda _asked, usual: usual)

    def reply(self, heard: str) -> str:
        """Return what a modem says to a line or a text."""
        self.asked.append(heard)
        if heard.startswith("AT+CMGS="):
            return self.answer(heard, "\r\n> ")
        if heard.endswith("\x1a"):
            number = re.search(r'CMGS="([0-9A-F]+)"', self.asked[-2])
            assert number is not None
            self.texts.append((_read(number[1]), _read(heard[:-1])))
            return self.answer(heard, "\r\n+CREG: 1\r\n\r\n+CMGS: 17\r\n\r\nOK\r\n")
        return self.answer(heard, f"{heard}\r\r\nOK\r\n" if heard == "ATE0" else "\r\nOK\r\n")


def _read(digits: str) -> str:
    return bytes.fromhex(digits).decode("utf-16-be")


@pytest.fixture
def modem() -> Iterator[Modem]:
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    made = Modem(os.ttyname(theirs))

    def play() -> None:
        heard = ""
        while True:
            try:
                heard += os.read(ours, 256).decode("ascii")
            except OSError:
                return
            while (end := re.search("[\r\x1a]", heard)) is not None:
                line, heard = heard[: end.end()], heard[end.end() :]
                os.write(ours, made.reply(line.rstrip("\r")).encode("ascii"))

    thread = threading.Thread(target=play, daemon=True)
    thread.start()
    yield made
    os.close(theirs)
    os.close(ours)


def channel(modem: Modem, daily_max: int = 0, sent: int = 0) -> SmsChannel:
    return SmsChannel(f"{modem.path}@9600", PHONES, daily_max, lambda: sent)


def note(**changes: object) -> Notification:
    return replace(message("n1"), receiver_id="zhao", severity=Severity.S1, **changes)  # type: ignore[arg-type]


def test_a_message_reaches_the_network_in_chinese_with_the_number_of_its_receiver(modem: Modem) -> None:
    channel(modem).send(note(title="【S1】告警：夜村镇1号电站", body="电站失电，09:40 起\n第二行"))
    assert modem.texts == [("00000000001", "【S1】告警：夜村镇1号电站 电站失电，09:40 起")]
    assert 'AT+CSCS="UCS2"' in modem.asked
    assert modem.asked.index("AT+CMGF=1") < modem.asked.index("AT+CSMP=17,167,0,8")


def test_a_long_message_is_cut_to_one_and_no_sign_is_halved(modem: Modem) -> None:
    channel(modem).send(note(title="停" * 60, body="😀" * 40))
    [(_, text)] = modem.texts
    assert len(text.encode("utf-16-be")) <= 2 * UNITS_MAX
    assert text.endswith("…")
    assert "\ufffd" not in text
    assert short(note(title="短", body="文")) == "短 文"


def test_a_modem_that_says_no_is_tried_again(modem: Modem) -> None:
    modem.answer = lambda asked, usual: "\r\n+CMS ERROR: 38\r\n" if asked.endswith("\x1a") else usual
    with pytest.raises(NotifyError, match="CMS ERROR: 38") as failed:
        channel(modem).send(note())
    assert failed.value.retry
    modem.answer = lambda _asked, usual: usual
    channel(modem).send(note())
    assert len(modem.texts) == 2  # the first one may have gone out too


def test_a_modem_that_hangs_is_left_after_its_time(modem: Modem, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sms, "ANSWER_S", 0.3)
    modem.answer = lambda _asked, _usual: ""
    with pytest.raises(NotifyError, match="no answer to ATE0") as failed:
        channel(modem).send(note())
    assert failed.value.retry


def test_a_modem_that_is_unplugged_is_tried_again() -> None:
    with pytest.raises(NotifyError, match="port cannot be used") as failed:
        SmsChannel("/dev/ttyNobodyHasThis", PHONES, 0, lambda: 0).send(note())
    assert failed.value.retry


def test_over_the_days_most_nothing_is_sent_and_the_reason_is_said(modem: Modem) -> None:
    channel(modem, daily_max=3, sent=2).send(note())
    with pytest.raises(NotifyRefusedError, match="3 text messages"):
        channel(modem, daily_max=3, sent=3).send(note())
    assert len(modem.texts) == 1


@pytest.mark.parametrize("phone", ["", "12", "0000-0000001;AT+X", "+8612345678901234567"])
def test_a_number_no_modem_can_dial_is_refused(modem: Modem, phone: str) -> None:
    with pytest.raises(NotifyRefusedError, match="telephone number"):
        SmsChannel(modem.path, {"zhao": phone}, 0, lambda: 0).send(note())
    assert modem.asked == []


@pytest.mark.parametrize("port", ["", "COM3", "/etc/passwd", "/dev/tty USB", "/dev/ttyUSB2@fast"])
def test_a_port_that_is_none_is_a_fault_of_the_configuration(port: str) -> None:
    with pytest.raises(ConfigurationError):
        SmsChannel(port, PHONES, 0, lambda: 0)


def test_danger_goes_by_modem_and_the_rest_does_not(modem: Modem, tmp_path: Path) -> None:
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    (secrets / "modem").write_text(modem.path, "utf-8")
    (secrets / "modem").chmod(0o600)
    target = Target("sms", TargetKind.SMS, "modem", daily_max=5)
    zhao = receiver(target_ids=("wecom", "sms"), phone="0000-0000001")
    only = receiver("qian", target_ids=("sms",), phone="0000-0000002")
    people = notifying(zhao, only)
    people = replace(people, targets=(*people.targets, target))
    store, clock = SqlRecordStore.at(tmp_path / "records.sqlite"), ManualClock(NOON)
    found, faults = channels(people, secrets, clock)
    delivery = Delivery(store, found, clock)
    notifier = Notifier(Teller(store, registry(), people, clock), delivery)
    store.put_alerts([alert("danger", Severity.S1), alert("today", Severity.S2, subject="d2")], NOON)
    for _ in range(3):
        clock.advance(10)
        notifier.step(wait=True)
    delivery.close()
    sent = store.notifications(NOON)
    by = {(one.receiver_id, one.target_id, one.alert_ids) for one in sent}
    assert faults == []
    assert by == {
        ("zhao", "wecom", ("danger", "today")),  # one moment, one message; the text names the danger first
        ("zhao", "sms", ("danger", "today")),
        ("qian", "sms", ("danger",)),
    }
    assert {one.state for one in sent} == {DeliveryState.SENT}
    assert sorted(number for number, _ in modem.texts) == ["00000000001", "00000000002"]
    reasons = {one.reason for one in store.decisions(alert_id="today") if one.receiver_id == "qian"}
    assert reasons == {Reason.NO_CHANNEL}
    calls = call_list(store.open_alerts(), {}, [], registry(), people, clock.now())
    assert [(who.receiver_id, one.alert_id) for who, one in calls] == [("qian", "today")]
    store.close()
