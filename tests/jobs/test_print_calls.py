"""With no channel at all the day's call list is there in the morning, on paper."""

from datetime import time, timedelta
from pathlib import Path

from access.principal import console_principal
from commands.notifications import Notifications
from domain.clock import ManualClock
from domain.notification import Timing
from jobs.print_calls import morning_s, write_calls
from notifiers.log import LogChannel
from stores.records.store import SqlRecordStore
from tests.access.people import registry
from tests.alerts.makers import NOON, S, alert, notifying, receiver


def test_without_a_channel_everybody_is_on_the_list_and_with_one_nobody(tmp_path: Path) -> None:
    store, clock = SqlRecordStore.at(tmp_path / "records.sqlite"), ManualClock(NOON + timedelta(minutes=10))
    people = notifying(receiver(phone="0000-0000001"))
    store.put_alerts([alert(), alert("x2", S.S4, subject="d2")], NOON)
    for channels, count in (({}, 1), ({"wecom": LogChannel()}, 0)):
        told = Notifications(store, registry(), people, channels, [], clock, clock, may_send=True)
        calls = told.calls(console_principal())
        assert write_calls(calls, tmp_path / f"calls-{count}", clock.now()) == count
    text = (tmp_path / "calls-1" / "2026-07-06.txt").read_text("utf-8")
    assert text.splitlines()[0] == "电话清单 2026-07-06"
    assert text.splitlines()[1].startswith("□ 赵某（虚构） 0000-0000001：[S2] a电站")
    assert (tmp_path / "calls-1" / "2026-07-06.txt").stat().st_mode & 0o077 == 0
    assert not (tmp_path / "calls-0").exists()
    store.close()


def test_the_list_is_made_with_the_other_lists_of_the_morning() -> None:
    assert morning_s(Timing(list_at=time(8, 0))) == 0.0
    assert morning_s(Timing(list_at=time(7, 30))) == 23.5 * 3600
