"""`pvmon probe` as a technician uses it: what is unknown is told honestly, and the warning never hides in the answer."""

import asyncio
import json
from pathlib import Path

import pytest

from main.__main__ import main
from tests.collectors.peers import Question, peer_in_thread, say


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
