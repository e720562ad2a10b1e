"""A real Mosquitto that can be killed, wiped, and started again."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

from tests.collectors.peers import free_port

PATH = os.environ.get("PATH", "") + ":/usr/sbin"


class Mosquitto:
    """A broker of our own that can be killed and started again with what it had kept."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.config = folder / "mosquitto.conf"
        self.database = folder / "mosquitto.db"
        self.config.write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous true\npersistence true\n"
            f"persistence_location {folder}/\nautosave_interval 1\nautosave_on_changes true\n"
            "max_queued_messages 100000\nuser root\n"
        )
        self.process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(
            ["mosquitto", "-c", str(self.config)],
            env={**os.environ, "PATH": PATH},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait(self._listens)

    def _listens(self) -> bool:
        client = paho.Client(CallbackAPIVersion.VERSION2)
        try:
            client.connect("127.0.0.1", self.port)
        except OSError:
            return False
        client.disconnect()
        return True

    def wipe(self) -> None:
        """Forget everything that was kept, as a new disk would."""
        self.database.unlink(missing_ok=True)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait(10)
            self.process = None


def wait(condition: Callable[[], bool], within_s: float = 40.0) -> None:
    end = time.perf_counter() + within_s
    while not condition():
        assert time.perf_counter() < end, "did not happen in time"
        time.sleep(0.02)
