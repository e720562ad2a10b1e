"""A PostgreSQL of our own for tests: on loopback, on a free port, in a folder that goes away.

PostgreSQL refuses to run as root; there it runs as the user its package made.
"""

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg

from main.ports import free_ports

PASSWORD = "7c1f92ab04de5836"
_UP_S = 30.0


def binaries() -> Path | None:
    """Return the folder of the newest server programs, None without any."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    there = [path for path in debian if (path / "postgres").exists()]
    if there:
        return there[-1]
    found = shutil.which("postgres")
    return Path(found).resolve().parent if found else None


class PostgresServer:
    """A cluster; may be stopped and started again on the same port and folder."""

    def __init__(self, *, careless: bool = True) -> None:
        programs = binaries()
        assert programs is not None, "install postgresql"
        self._programs = programs
        self._careless = careless  # tests of what is kept need no syncs; tests of what survives do
        self.port = free_ports(1)[0]
        self.folder = Path(tempfile.mkdtemp(prefix="pvmon-postgres-"))
        self._process: subprocess.Popen[bytes] | None = None
        self._user = None if os.getuid() else pwd.getpwnam("postgres")
        if self._user is not None:
            os.chown(self.folder, self._user.pw_uid, self._user.pw_gid)

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def url(self, database: str = "postgres") -> str:
        return f"postgresql+psycopg://pvmon:{PASSWORD}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        if not self.data.exists():
            self._make()
        options = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": str(self.folder),
            "fsync": "off" if self._careless else "on",
        }
        words = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        self._process = self._popen("postgres", "-D", str(self.data), *words)
        end = time.monotonic() + _UP_S
        while not self._answers():
            assert self._process.poll() is None, (self.folder / "log").read_text("utf-8")[-2000:]
            assert time.monotonic() < end, "postgres does not answer"
            time.sleep(0.05)

    def _make(self) -> None:
        word = self.folder / "word"
        word.write_text(PASSWORD)
        word.chmod(0o644)
        made = self._popen(
            "initdb", "-D", str(self.data), "-U", "pvmon", "-A", "scram-sha-256", "--pwfile", str(word),
            "-E", "UTF8", "--locale=C", "--data-checksums", "--no-sync",
        )  # fmt: skip
        assert made.wait(60) == 0, (self.folder / "log").read_text("utf-8")[-2000:]

    def _popen(self, program: str, *words: str) -> "subprocess.Popen[bytes]":
        user = self._user
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(
                [str(self._programs / program), *words],
                cwd=self.folder,
                stdout=log,
                stderr=log,
                user=user.pw_uid if user else None,
                group=user.pw_gid if user else None,
                extra_groups=[] if user else None,
            )

    def _connect(self) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(
            host="127.0.0.1", port=self.port, user="pvmon", password=PASSWORD, dbname="postgres",
            autocommit=True, connect_timeout=2,
        )  # fmt: skip

    def _answers(self) -> bool:
        try:
            self._connect().close()
        except psycopg.OperationalError:
            return False
        return True

    def database(self) -> str:
        """Make an empty database; return its address."""
        name = f"test_{uuid4().hex}"
        with contextlib.closing(self._connect()) as connection:
            connection.execute(f'CREATE DATABASE "{name}"'.encode())
        return self.url(name)

    def stop(self) -> None:
        if self._process is not None:
            self._process.send_signal(2)  # a fast shutdown
            self._process.wait(20)
            self._process = None


@contextlib.contextmanager
def running(*, careless: bool = True) -> Iterator[PostgresServer]:
    """Run a cluster for as long as the block lasts."""
    server = PostgresServer(careless=careless)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(server.folder, ignore_errors=True)
