"""From a unit nobody knows to a device that is polled: found, added live, undone."""

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from domain.health import Contact
from domain.measurement import Quality
from main.__main__ import main
from main.build import open_spool
from main.instance import Instance
from tests.collectors.peers import Question, peer_in_thread, say
from tests.main.field.field import configured, field, running

ADD = ("device", "add", "alpha", "alpha-gw", "--unit", "3", "--rated-kw", "50", "--strings", "8", "--yes")


def until(condition: Callable[[], bool], within_s: float = 60.0) -> None:
    end = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < end, "did not happen in time"
        time.sleep(0.05)


def contact(instance: Instance, device_id: str) -> Contact | None:
    assert instance.collector is not None
    found = instance.collector.device_health().get(device_id)
    return found.contact if found is not None else None


def test_a_device_is_added_undone_and_the_running_collector_follows_both(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with field() as (port,):
        words = configured(tmp_path, port)
        with running(tmp_path) as instance:
            until(lambda: contact(instance, "alpha-inv-1") is Contact.ANSWERING)
            assert main([*words, "--json", *ADD]) == 0
            answer = json.loads(capsys.readouterr().out)
            assert (answer["device"], answer["revision"], answer["live"]) == ("alpha-inv-01", 1, True)
            until(lambda: contact(instance, "alpha-inv-01") is Contact.ANSWERING)
            until(lambda: instance.latest.get("alpha-inv-01") is not None)
            listed = instance.options.registry.devices_by_id["alpha-inv-01"]
            assert (listed.unit, listed.rated_power_kw, listed.profile) == (3, 50.0, "huawei_sun2000")
            assert listed.serial_number
            assert main([*words, *ADD]) == 1, "the unit is taken now"
            assert main([*words, "registry", "undo"]) == 0
            until(lambda: contact(instance, "alpha-inv-01") is None)
            assert contact(instance, "alpha-inv-1") is Contact.ANSWERING
    assert main([*words, "registry", "history"]) == 0
    assert "device added" in capsys.readouterr().out


def test_a_device_with_another_serial_number_is_quarantined_until_a_person_confirms_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with field() as (port,):
        words = [*configured(tmp_path, port), "--json"]
        confirm = [*words, "device", "confirm", "alpha-inv-1", "--user", "sample"]
        assert main(confirm) == 1, "nothing runs"
        spool = open_spool(tmp_path / "data")
        spool.append([], {"serial:alpha-inv-1": "ANOTHER-DEVICE"})
        spool.close()
        with running(tmp_path) as instance:
            assert instance.collector is not None
            health = instance.collector.device_health
            until(lambda: health()["alpha-inv-1"].inconsistent)
            until(lambda: instance.latest.get("alpha-inv-1") is not None)
            newest = instance.latest.get("alpha-inv-1")
            assert newest is not None
            assert set(newest.qualities or ()) == {Quality.INCONSISTENT}
            capsys.readouterr()
            assert main(confirm) == 0
            assert json.loads(capsys.readouterr().out) == {"device": "alpha-inv-1", "confirmed": True}
            until(lambda: not health()["alpha-inv-1"].inconsistent)
            assert main(confirm) == 1, "nothing waits any more"
            [entry] = [
                one
                for one in instance.records.audit(datetime(2020, 1, 1, tzinfo=UTC))
                if one.action == "device.confirm"
            ]
            assert (entry.user_id, entry.subject, entry.outcome) == ("sample", "alpha-inv-1", "done")


def test_a_device_behind_a_new_gateway_brings_its_gateway_along(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with field("huawei_sun2000", "sungrow_sg") as ports:
        words = configured(tmp_path, ports[0])
        assert (
            main([*words, "device", "add", "alpha", f"127.0.0.1:{ports[1]}", "--rated-kw", "50", "--yes"])
            == 0
        )
    said = capsys.readouterr().out
    assert "sungrow_sg" in said
    assert "alpha-gw-1" in said
    assert "polled from the next start" in said
    assert main([*words, "check", "--quiet"]) == 0


def test_without_a_yes_nothing_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with field() as (port,):
        words = configured(tmp_path, port)
        assert main([*words, *ADD[:-1]]) == 1
        assert "--yes" in capsys.readouterr().err
        assert main([*words, *ADD[:5], "77", "--yes"]) == 1, "nobody there"
        assert main([*words, *ADD, "--profile", "sungrow_sg"]) == 1
        assert "says it is huawei_sun2000" in capsys.readouterr().err
    assert not (tmp_path / "data" / "config").exists()


def test_what_is_not_registered_is_discovered_and_what_is_is_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with field() as (port,):
        words = configured(tmp_path, port)
        assert main([*words, "--json", "discover", "alpha", "--units", "1-4"]) == 0
        found = json.loads(capsys.readouterr().out)
        assert [(one["unit"], one["found"][0]["profile"]) for one in found] == [(3, "huawei_sun2000")]
        with running(tmp_path):
            assert main([*words, "--json", "discover", "--units", "3"]) == 0
            assert json.loads(capsys.readouterr().out)[0]["found"][0]["profile"] == "huawei_sun2000"
            assert main([*words, "--json", "probe", f"127.0.0.1:{port}", "--unit", "2"]) == 0
            assert json.loads(capsys.readouterr().out)["found"][0]["profile"] == "huawei_sun2000"


BUSY, FOREIGN, GONE = "busy", "foreign", "gone"


@contextmanager
def crowded(sign: str, asked: list[Question]) -> Iterator[int]:
    """Serve a wire on which another master shows from the third question on; yields its port."""

    async def answer(question: Question, writer: asyncio.StreamWriter) -> None:
        asked.append(question)
        if len(asked) < 3:
            await say(writer, question.refusal(2))
        elif sign == BUSY:
            await say(writer, question.refusal(6))
        elif sign == FOREIGN:
            await say(writer, question.frame(bytes([question.function, 2, 0, 1]), unit=question.unit + 40))
        else:
            writer.transport.abort()

    with peer_in_thread(answer) as port:
        yield port


@pytest.mark.parametrize("sign", [BUSY, FOREIGN, GONE])
def test_a_search_stops_at_the_first_sign_of_another_master(
    sign: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[Question] = []
    with crowded(sign, asked) as port:
        words = configured(tmp_path, port)
        assert main([*words, "--json", "discover", "alpha", "--units", "40-60"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert [one["unit"] for one in found] == [40]
    assert found[0]["trouble"]
    assert {question.unit for question in asked} == {40}
    assert len(asked) <= 4, "the third question met another master; one repetition at most follows it"


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (["--subnet", "192.168.1.0/24"], "--i-am-allowed"),
        (["--subnet", "192.168.0.0/16", "--i-am-allowed"], "at most /24"),
        (["--subnet", "8.8.8.0/24", "--i-am-allowed"], "not private"),
        (["--subnet", "the office", "--i-am-allowed"], "no subnet"),
        (["--units", "1-999"], "no units"),
        (["gamma"], "no plant"),
    ],
)
def test_a_search_that_may_not_be_is_refused(
    given: list[str], why: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*configured(tmp_path, 1), "discover", *given]) == 1
    assert why in capsys.readouterr().err


def test_a_subnet_of_one_address_is_looked_through(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with field("goodwe_mt") as (port,):
        words = configured(tmp_path, 1)
        search = [
            "discover",
            "--subnet",
            "127.0.0.1/32",
            "--port",
            str(port),
            "--units",
            "1",
            "--i-am-allowed",
        ]
        assert main([*words, "--json", *search]) == 0
    (one,) = json.loads(capsys.readouterr().out)
    assert one["found"][0]["profile"] == "goodwe_mt"


def test_labels_carry_the_address_of_every_plant_and_device(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words, sheet = configured(tmp_path, 1), tmp_path / "labels.html"
    assert main([*words, "labels", "--out", str(sheet)]) == 1
    assert "PVMON_PUBLIC_URL" in capsys.readouterr().err
    base = ["--base", "https://pv.example.cn/"]
    assert main([*words, "labels", "alpha", "--out", str(sheet), *base]) == 0
    page = sheet.read_text("utf-8")
    assert page.count("<svg") == 4
    assert "alpha-meter" in page
    assert "@page" in page
    assert main([*words, "labels", "gamma", "--out", str(tmp_path / "other.html"), *base]) == 1
