"""The main job, as one command, held against the virtual fleet's truth; and how it ends."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from main.ports import free_ports

pytestmark = pytest.mark.alone

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_whole_path_accounts_for_every_plant_and_agrees_with_the_truth(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "main", "--json", "--data", str(tmp_path), "demo", "--smoke"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=900, check=False)
    line = done.stdout.strip().splitlines()[-1] if done.stdout.strip() else ""
    assert done.returncode == 0, f"{line}\n{done.stderr[-2000:]}"
    figures = json.loads(line)
    assert figures["problems"] == []
    assert (figures["live"], figures["manual"], figures["file"]) == (46, 9, 5)
    assert figures["rows"] > 46
    assert figures["worst"] <= 0.01


@pytest.mark.slow
def test_ctrl_c_ends_the_demonstration_within_ten_seconds_and_leaves_nothing_behind(tmp_path: Path) -> None:
    port = free_ports(1)[0]
    words = [sys.executable, "-m", "main", "--lang", "en", "--data", str(tmp_path), "demo"]
    words += ["--port", str(port), "--history-days", "1"]
    with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True) as demo:
        assert demo.stdout is not None
        said = []
        for line in demo.stdout:
            said.append(line)
            if "press Ctrl-C" in line:
                break
        children = _children(demo.pid)
        assert children, "the virtual fleet is a child process"
        demo.send_signal(signal.SIGINT)
        begun = time.monotonic()
        said += demo.stdout.readlines()
        assert demo.wait(20) == 0
        assert time.monotonic() - begun < 10
    assert any("password" in line for line in said)
    assert not any("Traceback" in line for line in said)
    assert [child for child in children if _alive(child)] == []


def _children(pid: int) -> list[int]:
    listing = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(child) for child in listing.read_text().split()] if listing.exists() else []


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
