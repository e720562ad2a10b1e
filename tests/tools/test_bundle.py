"""Install, upgrade and roll back from a bundle, in a network namespace where nothing can be fetched."""

import base64
import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from main.__main__ import main

ROOT = Path(__file__).parents[2]
INSTALL = ROOT / "tools/bundle/install.sh"


def _alone() -> list[str]:
    """Words that take the network away, where this user may."""
    words = ["unshare", "--net"] if os.getuid() == 0 else ["unshare", "--map-root-user", "--net"]
    tried = subprocess.run([*words, "true"], capture_output=True, check=False)
    return words if tried.returncode == 0 else []


def _wheel(folder: Path) -> str:
    """Write a wheel of one module; return its line for the requirements."""
    folder.mkdir(parents=True)
    content = {
        "onething.py": "WORD = 'from the wheel'\n",
        "onething-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: onething\nVersion: 1.0\n",
        "onething-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(
        f"{name},sha256={base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip('=')},{len(text)}\n"
        for name, text in content.items()
    )
    path = folder / "onething-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for name, text in (content | {"onething-1.0.dist-info/RECORD": record}).items():
            wheel.writestr(name, text)
    return f"onething==1.0 --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n"


def _bundle(
    folder: Path, version: str, program: str = "import onething; print(VERSION, onething.WORD)"
) -> Path:
    (folder / "app/main").mkdir(parents=True)
    (folder / "app/main/__main__.py").write_text(f"VERSION = {version!r}\n{program}\n")
    (folder / "app/requirements-server.txt").write_text(_wheel(folder / "wheels"))
    (folder / "VERSION").write_text(version + "\n")
    shutil.copy(INSTALL, folder / "install.sh")
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    sums = [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  ./{path.relative_to(folder)}" for path in files
    ]
    (folder / "SHA256SUMS").write_text("\n".join(sums) + "\n")
    return folder


def _install(bundle: Path, to: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    line = [*_alone(), "bash", str(bundle / "install.sh"), "--to", str(to), *words]
    if "--roll-back" not in words:
        line += ["--python", sys.executable]
    return subprocess.run(line, capture_output=True, text=True, check=False)


def _says(to: Path) -> str:
    return subprocess.run(
        [to / "current/venv/bin/pvmon"], capture_output=True, text=True, check=True
    ).stdout.strip()


@pytest.mark.slow
@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="the wheels of a bundle are for Python 3.11")
def test_install_upgrade_and_roll_back_without_a_network(tmp_path: Path) -> None:
    to = tmp_path / "opt"
    first, second = _bundle(tmp_path / "1", "0.1.0"), _bundle(tmp_path / "2", "0.2.0")
    done = _install(first, to)
    assert done.returncode == 0, done.stderr
    assert _says(to) == "0.1.0 from the wheel"
    assert _install(first, to, "--roll-back").returncode == 1, "there is nothing to go back to yet"
    assert _install(second, to).returncode == 0
    assert _says(to) == "0.2.0 from the wheel"
    assert _install(second, to, "--roll-back").returncode == 0
    assert _says(to) == "0.1.0 from the wheel"
    assert _install(second, to, "--roll-back").returncode == 0
    assert _says(to) == "0.2.0 from the wheel"

    broken = _bundle(tmp_path / "3", "0.3.0", "raise SystemExit(1)")
    refused = _install(broken, to)
    assert (refused.returncode, "the old one stays" in refused.stderr) == (1, True)
    assert _says(to) == "0.2.0 from the wheel"

    (second / "app/main/__main__.py").write_text("print('changed on the way')\n")
    refused = _install(second, to)
    assert (refused.returncode, "check sums" in refused.stderr) == (1, True)
    assert _says(to) == "0.2.0 from the wheel"


@pytest.mark.parametrize("server", [False, True])
def test_systemd_takes_the_units_and_nothing_is_written_outside_the_root(
    tmp_path: Path, server: bool
) -> None:
    words = ["--config", "/etc/pvmon/config", "--data", "/var/lib/pvmon", "service", "install"]
    words += [
        "--root",
        str(tmp_path),
        "--program",
        "/bin/true",
        "--user",
        "root",
        *(["--server"] if server else []),
    ]
    assert main(words) == 0
    units = sorted((tmp_path / "etc/systemd/system").iterdir())
    assert [unit.name for unit in units] == (
        ["pvmon-collect.service", "pvmon-serve.service", "pvmon-work.service"]
        if server
        else ["pvmon.service"]
    )
    if shutil.which("systemd-analyze"):
        said = subprocess.run(
            ["systemd-analyze", "verify", "--man=no", *map(str, units)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert [line for line in said.stderr.splitlines() if "pvmon" in line] == []
    text = units[0].read_text()
    assert "NoNewPrivileges=yes" in text
    assert f"ReadWritePaths=/var/lib/pvmon{'/collect' if server else ''}\n" in text


def test_settings_that_are_there_stay(tmp_path: Path) -> None:
    settings = tmp_path / "etc/pvmon/pvmon.env"
    settings.parent.mkdir(parents=True)
    settings.write_text("PVMON_PORT=9000\n")
    assert main(["service", "install", "--root", str(tmp_path)]) == 0
    assert settings.read_text() == "PVMON_PORT=9000\n"


def test_a_path_systemd_would_misread_is_refused(tmp_path: Path) -> None:
    assert main(["--data", "/var/lib/my data", "service", "install", "--root", str(tmp_path)]) == 1
    assert list(tmp_path.iterdir()) == []
