"""The virtual fleet as a child process: started on free ports, watched, ended with its parent."""

import json
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from collectors.mqtt import Broker
from domain.clock import FieldClock
from domain.errors import ConfigurationError
from domain.plant import Registry, WireProtocol
from main.demo.parent import end_with_parent
from main.ports import free_ports, modbus_gateway_ids
from texts.loader import LANGUAGES

_READY_S = 60.0
_END_S = 5.0


@dataclass(frozen=True, slots=True)
class FleetReady:
    """What the fleet said when every socket was open."""

    wires: int
    publishers: int
    broker_name: str


def demo_ports(registry: Registry) -> dict[str, int]:
    """Return a free port for every gateway; those that publish share one broker."""
    polled = modbus_gateway_ids(registry)
    published = [g.gateway_id for g in registry.gateways() if g.protocol is WireProtocol.MQTT]
    *ports, broker = free_ports(len(polled) + 1)
    return dict(zip(polled, ports, strict=True)) | dict.fromkeys(published, broker)


def broker_of(registry: Registry) -> Broker | None:
    """Return the broker the registry's gateways publish to."""
    found = next((g for g in registry.gateways() if g.protocol is WireProtocol.MQTT), None)
    return Broker(found.host, found.port, version=5) if found else None


class FleetProcess:
    """`pvmon simulate` under our care."""

    def __init__(
        self,
        config: Path,
        folder: Path,
        clock: FieldClock,
        seed: int,
        ports: dict[str, int],
        broker_port: int | None,
        language: str = LANGUAGES[0],
    ) -> None:
        self.log = folder / "simulate.log"
        self.energy_truth = folder / "energy_truth.csv"
        ports_file = folder / "ports.json"
        ports_file.write_text(json.dumps(ports), "utf-8")
        self._command = [
            *(
                sys.executable,
                "-m",
                "main",
                "--json",
                "--lang",
                language,
                "--config",
                str(config),
                "--data",
                str(folder / "field"),
            ),
            *("simulate", "--clock", str(clock), "--seed", str(seed)),
            *("--ports-from", str(ports_file), "--energy-truth", str(self.energy_truth)),
            *("--broker", f"auto:{broker_port}" if broker_port else "none"),
        ]
        self._process: subprocess.Popen[str] | None = None
        self._said: list[str] = []
        self._spoke = threading.Event()

    def start(self, extra: Sequence[str] = ()) -> None:
        """Start it; `wait_ready` says when it answers."""
        with self.log.open("w", encoding="utf-8") as log:
            self._process = subprocess.Popen(
                [*self._command, *extra],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,  # Ctrl-C reaches the parent alone, which ends it in order
                preexec_fn=end_with_parent,  # noqa: PLW1509 (one call into libc, no locks)
            )
        threading.Thread(target=self._listen, name="fleet", daemon=True).start()

    def _listen(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._said.append(line)
            self._spoke.set()
        self._spoke.set()

    def wait_ready(self) -> FleetReady:
        """Wait until every socket is open.

        Raises
        ------
        ConfigurationError
            It ended, or did not get ready in time; its log is named.
        """
        self._spoke.wait(_READY_S)
        if not self._said or '"ready": true' not in self._said[0]:
            said = self._said[0].strip() if self._said else ""
            raise ConfigurationError(f"the virtual fleet did not start: {said or 'no word'}; see {self.log}")
        ready = json.loads(self._said[0])
        return FleetReady(ready["wires"], ready["publishers"], str(ready.get("broker") or ""))

    @property
    def exit_code(self) -> int | None:
        """How it ended; None while it runs."""
        return self._process.poll() if self._process else None

    def stop(self) -> None:
        """End it."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.terminate()
        try:
            self._process.wait(_END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(_END_S)
