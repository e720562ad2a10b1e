"""`pvmon probe` as a technician uses it: what is unknown is told honestly, and the warning never hides in the answer."""

import asyncio
import json
from pathlib import Path

import pytest

from collectors.probe import LONGEST_S
from domain.clock import SystemClock
from main.__main__ import main
from main.cli import Context
from main.field.asking import time_left_s
from tests.collectors.peers import Question, peer_in_thread, say
from texts.loader import Texts


async def knows_no_function(question: Question, writer: asyncio.StreamWriter) -> None:
    await say(writer, question.refusal(1))


def test_an_unknown_device_is_told_with_what_it_answered(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with peer_in_thread(knows_no_function) as port:
        assert main(["--data", str(tmp_path), "--lang", "en", "probe", f"127.0.0.1:{port}"]) == 1
    said = capsys.readouterr().out
    assert "unit 1 answers, but 2 reads did not tell its family" in said
    assert "function 3, 25 from 30000: exception 1 (illegal function)" in said
    assert "the connection is closed" in said


def test_for_a_machine_the_warning_stands_beside_the_answer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with peer_in_thread(knows_no_function) as port:
        assert main(["--data", str(tmp_path), "--json", "probe", f"127.0.0.1:{port}"]) == 1
    said = capsys.readouterr()
    told = json.loads(said.out)
    assert (told["reads"], told["out_of_time"], told["found"]) == (2, False, [])
    assert [one["why"] for one in told["asked"]] == ["exception 1 (illegal function)"] * 2
    assert "只接受一个主站" in said.err


def test_what_the_start_of_the_program_took_is_taken_from_the_time_for_asking(tmp_path: Path) -> None:
    def left_s(ago_s: float) -> float:
        began_s = SystemClock().monotonic() - ago_s
        return time_left_s(Context(tmp_path, tmp_path, Texts("en"), json=False, began_s=began_s))

    assert left_s(0.0) == LONGEST_S
    assert left_s(6.0) == pytest.approx(12.0, abs=0.5)
    assert left_s(60.0) == 5.0
    assert LONGEST_S + 4 <= 20
    assert time_left_s(Context(tmp_path, tmp_path, Texts("en"), json=False)) == LONGEST_S


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (["here"], "HOST:PORT or a serial port"),
        (["127.0.0.1:502", "--unit", "300"], "0 to 247"),
        (["/dev/ttyNONE9", "--line", "fast"], "like 9600 8N1"),
        (["/dev/ttyNONE9"], "/dev/ttyNONE9"),
        (["/dev/ttyNONE9", "--dlt645"], "/dev/ttyNONE9"),
    ],
)
def test_an_address_that_is_none_is_refused_with_what_to_give(
    given: list[str], why: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--data", str(tmp_path), "--lang", "en", "probe", *given]) == 1
    assert why in capsys.readouterr().err
