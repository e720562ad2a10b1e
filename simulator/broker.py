"""A broker for the virtual field: Mosquitto where it is installed, otherwise one inside the event loop.

For demonstrations and tests: loopback only, anyone on this machine may connect, nothing is kept.
"""

import asyncio
import logging
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from domain.errors import CollectError

log = logging.getLogger(__name__)
LOOPBACK = "127.0.0.1"
_START_S = 10.0
_STOP_S = 5.0


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """Where the broker listens, and which one it is."""

    host: str
    port: int
    name: str


def free_port() -> int:
    """Return a port nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def mosquitto_path() -> str | None:
    """Return Mosquitto's program, None when it is not installed."""
    return shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")


@asynccontextmanager
async def broker(port: int = 0, *, embedded: bool = False) -> AsyncIterator[BrokerAddress]:
    """Run a broker on loopback while the context lasts; port 0 takes a free one.

    Raises
    ------
    CollectError
        It does not start; the message holds its last words.
    """
    port = port or free_port()
    program = None if embedded else mosquitto_path()
    if program is None:
        async with _embedded(port) as address:
            yield address
        return
    async with _mosquitto(program, port) as address:
        yield address


@asynccontextmanager
async def _mosquitto(program: str, port: int) -> AsyncIterator[BrokerAddress]:
    with tempfile.TemporaryDirectory(prefix="pvmon-broker-") as folder:
        settings = Path(folder) / "mosquitto.conf"
        settings.write_text(
            f"listener {port} {LOOPBACK}\nallow_anonymous true\npersistence false\n"
            "max_inflight_messages 500\nmax_queued_messages 100000\nlog_type error\nlog_dest stderr\n",
            "utf-8",
        )
        process = await asyncio.create_subprocess_exec(
            program,
            "-c",
            str(settings),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
        try:
            await _until_open(port, process)
            yield BrokerAddress(LOOPBACK, port, "Mosquitto")
        finally:
            await _end(process)


async def _until_open(port: int, process: asyncio.subprocess.Process) -> None:
    for _ in range(int(_START_S / 0.05)):
        if process.returncode is not None:
            assert process.stderr is not None
            words = (await process.stderr.read()).decode("utf-8", "replace").strip()
            raise CollectError(f"Mosquitto ended at once on port {port}: {words}; choose another port")
        try:
            _, writer = await asyncio.open_connection(LOOPBACK, port)
        except OSError:
            await asyncio.sleep(0.05)
            continue
        writer.close()
        await writer.wait_closed()
        return
    raise CollectError(f"Mosquitto does not listen on port {port} after {_START_S:g} s; choose another port")


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), _STOP_S)
        except TimeoutError:
            process.kill()
            await process.wait()


@asynccontextmanager
async def _embedded(port: int) -> AsyncIterator[BrokerAddress]:
    from amqtt.broker import Broker  # only where Mosquitto is missing

    settings = {
        "listeners": {"default": {"type": "tcp", "bind": f"{LOOPBACK}:{port}", "max_connections": 200}},
        "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
    }
    logging.getLogger("amqtt").setLevel(logging.ERROR)
    logging.getLogger("transitions").setLevel(logging.ERROR)
    running = Broker(settings)
    try:
        await running.start()
    except Exception as error:  # the library raises kinds of its own
        raise CollectError(
            f"the embedded broker does not start on port {port}: {error}; choose another port"
        ) from error
    try:
        yield BrokerAddress(LOOPBACK, port, "amqtt")
    finally:
        await running.shutdown()
