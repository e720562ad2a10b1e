"""What goes over a wire, counted in both directions; what TCP/IP adds is an estimate and kept apart.

The estimate, in bytes: a segment costs its IPv4 and TCP heads (20 + 32, time stamps included). A question is
acknowledged by its answer, the answer by a segment of its own; opening and closing a connection takes seven
empty segments; a connection at rest is asked every so often whether it still lives (two segments). Lost and
repeated segments, and what the radio link adds below IP, are not seen here.
"""

import math
from dataclasses import dataclass

HEAD_BYTES = 52
CONNECT_BYTES = 7 * HEAD_BYTES + 16  # two of them carry the options of a new connection
KEEPALIVE_BYTES = 2 * HEAD_BYTES


@dataclass(slots=True)
class Traffic:
    """Running totals of one wire since it was made.

    ``keepalive_s`` is how long a connection rests before the kernel asks whether it lives [real seconds];
    infinite where nobody asks. On a serial line (``network`` False) nothing is added.
    """

    keepalive_s: float = math.inf
    network: bool = True
    sent_bytes: int = 0
    received_bytes: int = 0
    overhead_bytes: int = 0
    connects: int = 0
    last_s: float | None = None  # when the open connection was last used

    def connected(self, now_s: float) -> None:
        """Note a connection that was opened (and will be closed)."""
        self.connects += 1
        self._add(CONNECT_BYTES)
        self.last_s = now_s

    def sent(self, size_bytes: int, now_s: float) -> None:
        """Note what was handed to the wire."""
        self._rested(now_s)
        self.sent_bytes += size_bytes
        self._add(HEAD_BYTES)

    def received(self, size_bytes: int, now_s: float) -> None:
        """Note what came."""
        self.last_s = now_s
        self.received_bytes += size_bytes
        self._add(2 * HEAD_BYTES)

    def closed(self) -> None:
        """Note that the connection is gone."""
        self.last_s = None

    def _rested(self, now_s: float) -> None:
        if self.last_s is not None:
            asked = int((now_s - self.last_s) / self.keepalive_s)
            self._add(asked * KEEPALIVE_BYTES)
        self.last_s = now_s

    def _add(self, size_bytes: int) -> None:
        if self.network:
            self.overhead_bytes += size_bytes

    @property
    def counts(self) -> tuple[int, int, int]:
        """Bytes sent, received, and estimated on top."""
        return self.sent_bytes, self.received_bytes, self.overhead_bytes
