"""The village's half of the line to the centre: from its own queue, oldest first, until the centre has answered.

Nothing leaves the queue on a broker's word. What was sent and not answered is sent again: after a new connection,
when the centre says that it has come back, and after a pause that doubles while nobody answers, so that an absent
centre does not fill a broker or use up a data plan. Until the first answer one message is under way, then several.
While a backlog is worked off, the newest sample of each device goes ahead of it, so that screens stay current; it
comes again in its turn, and the store knows it then.
"""

import logging
import secrets
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from collectors.edge_codec import (
    Alive,
    Answer,
    Row,
    encode_account,
    encode_alive,
    encode_now,
    encode_rows,
    topic_of,
    why_missing,
)
from collectors.source import Line
from collectors.spool import Spool
from domain.clock import Clock
from domain.errors import SpoolError
from domain.health import Contact, Health
from domain.measurement import Batch
from domain.slots import Strip

log = logging.getLogger(__name__)
SOURCE_NOTE = "line:source"
_PEEK_ROWS = 200
_NOW_ROWS = 400  # looked through for the newest of each device
_WINDOW = 8
_PATIENCE_MOST_S = 300.0
_AGAIN_AFTER_S = 1.0


@dataclass(frozen=True, slots=True)
class EdgePace:
    """How often things are done. [real seconds]"""

    idle_s: float = 5.0  # rows gather so long for one message
    patience_s: float = 10.0  # an answer is waited for, at first
    alive_s: float = 60.0
    account_s: float = 600.0
    now_s: float = 60.0  # the newest samples, while more waits than is under way


@dataclass(slots=True)
class EdgeCounts:
    """What the forwarder did since it started."""

    sent: int = 0
    acknowledged: int = 0
    resent: int = 0
    messages: int = 0
    bytes: int = 0
    renewed: int = 0


class EdgeForwarder:
    """Sends the queue of one village in a thread of its own.

    Parameters
    ----------
    contacts : callable
        Returns contact with every device, for the heartbeat.
    version : str
        Of this program.
    """

    def __init__(
        self,
        spool: Spool,
        line: Line,
        clock: Clock,
        plant_id: str,
        contacts: Callable[[], Mapping[str, Health]],
        *,
        version: str = "",
        pace: EdgePace | None = None,
    ) -> None:
        self.counts = EdgeCounts()
        self._spool = spool
        self._line = line
        self._clock = clock
        self._plant_id = plant_id
        self._contacts = contacts
        self._version = version
        self._pace = pace or EdgePace()
        self._source = spool.notes().get(SOURCE_NOTE, "")
        self._answers: deque[Answer] = deque()
        self._is_fresh = False  # the line has just come up
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        oldest_id = spool.status().oldest_id
        self._acknowledged = spool.last_id() if oldest_id is None else oldest_id - 1
        self._sent = self._acknowledged
        self._reached = self._acknowledged  # the highest number ever sent in this life
        self._under_way: deque[int] = deque()
        self._window = 1
        self._patience_s = self._pace.patience_s
        self._answer_due_s = 0.0
        self._rewound_s = float("-inf")
        self._alive_due_s = self._account_due_s = self._now_due_s = float("-inf")
        self._strips: list[Strip] = []  # sent, not answered
        self._told: dict[tuple[str, int], bytes] = {}  # what the centre knows of strips
        self._account_number = 0
        self.answered_at_s: float | None = None

    # ------------------------------------------------------------------ life

    def start(self) -> None:
        """Send in the background until `stop`."""
        if not self._source:
            self._rename()
        self._line.listen(self._plant_id, self._source)
        self._line.start(self._on_answer, self._on_up)
        self._thread = threading.Thread(target=self._run, name="edge-forward", daemon=True)
        self._thread.start()

    def stop(self, timeout_s: float = 5.0) -> None:
        """Stop sending; what the centre has not answered for stays in the queue."""
        self._stopping.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(timeout_s)
        self._line.stop()

    def is_alive(self) -> bool:
        """Tell whether the thread runs."""
        return self._thread is not None and self._thread.is_alive()

    @property
    def source(self) -> str:
        """Name under which our numbers count."""
        return self._source

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._wake.clear()
            try:
                self.step()
            except SpoolError as error:
                log.warning("the queue cannot be read or emptied: %s; trying again", error)
            except Exception:
                log.exception("sending failed; the queue keeps everything")
            self._wake.wait(self._pace.idle_s)

    def _on_answer(self, answer: Answer) -> None:
        self._answers.append(answer)
        self._wake.set()

    def _on_up(self) -> None:
        self._is_fresh = True
        self._wake.set()

    # ------------------------------------------------------------------ one look

    def step(self) -> None:
        """Take the answers that came, then send what may be sent."""
        while self._answers:
            self._take(self._answers.popleft())
        if not self._line.is_connected():
            return
        now_s = self._clock.monotonic()
        if self._is_fresh:
            self._is_fresh = False
            self._rewind()
            self._put_back()
            self._alive_due_s = float("-inf")
        elif self._under_way and now_s >= self._answer_due_s:
            self._patience_s = min(2.0 * self._patience_s, max(_PATIENCE_MOST_S, self._pace.patience_s))
            self._rewind()
        self._send_rows()
        if now_s >= self._now_due_s and self.answered_at_s is not None and self._send_now():
            self._now_due_s = now_s + self._pace.now_s
        if now_s >= self._alive_due_s and self._send_alive():
            self._alive_due_s = now_s + self._pace.alive_s
        if now_s >= self._account_due_s and self._send_account():
            self._account_due_s = now_s + max(self._pace.account_s, self._patience_s)

    def _rewind(self) -> None:
        """Begin again behind what was answered for, one message first."""
        self.counts.resent += self._sent > self._acknowledged
        self._sent, self._window = self._acknowledged, 1
        self._under_way.clear()
        self._rewound_s = self._clock.monotonic()

    def _put_back(self) -> None:
        if self._strips:
            self._spool.put_back(self._strips)
            self._strips = []
            self._account_due_s = float("-inf")

    def _take(self, answer: Answer) -> None:
        if answer.hello:
            self._patience_s = self._pace.patience_s
            self._put_back()
            self._rewind()
        if answer.account is not None and answer.account == self._account_number:
            self._told |= {(strip.device_id, strip.start_us): why_missing(strip) for strip in self._strips}
            self._strips = []
        if answer.renew:
            self._renew("the centre has other rows under our numbers")
        elif answer.number is not None:
            self._take_number(answer.number, again=answer.again)

    def _take_number(self, number: int, *, again: bool) -> None:
        if number > self._spool.last_id():
            self._renew(f"the centre has rows up to {number}, our queue never came so far")
            return
        self.answered_at_s = self._clock.monotonic()
        self._patience_s = self._pace.patience_s
        self._answer_due_s = self.answered_at_s + self._patience_s
        if number > self._acknowledged:
            self.counts.acknowledged += number - self._acknowledged
            self._spool.ack(number)
            self._acknowledged, self._window = number, _WINDOW
            self._sent = max(self._sent, number)
            while self._under_way and self._under_way[0] <= number:
                self._under_way.popleft()
        if again and self._sent > number and self._clock.monotonic() - self._rewound_s > _AGAIN_AFTER_S:
            self._rewind()

    def _renew(self, why: str) -> None:
        """Take a new name: what is in the queue is sent under it, and numbers count anew for the centre."""
        log.error("%s: this queue is sent under a new name (was this disk restored from a copy?)", why)
        self.counts.renewed += 1
        self._answers.clear()
        self._rename()
        self._line.listen(self._plant_id, self._source)
        self._rewind()

    def _rename(self) -> None:
        source = f"edge-{secrets.token_hex(6)}"
        self._spool.append([], {SOURCE_NOTE: source})
        self._source = source

    # ------------------------------------------------------------------ what is said

    def _say(self, kind: str, payload: bytes) -> bool:
        if not self._line.publish(topic_of(self._plant_id, self._source, kind), payload):
            return False
        self.counts.messages += 1
        self.counts.bytes += len(payload)
        return True

    def _send_rows(self) -> None:
        while len(self._under_way) < self._window:
            found = self._spool.peek(_PEEK_ROWS, self._sent)
            if not found:
                return
            states = self._spool.states_of([batch for _, batch in found])
            rows = [Row(number, batch, state) for (number, batch), state in zip(found, states, strict=True)]
            payload, last = encode_rows(self._acknowledged, self._sent, rows)
            if not self._say("rows", payload):
                return
            if not self._under_way:
                self._answer_due_s = self._clock.monotonic() + self._patience_s
            self.counts.sent += sum(self._reached < number <= last for number, _ in found)
            self._reached = max(self._reached, last)
            self._sent = last
            self._under_way.append(last)

    def _send_now(self) -> bool:
        """Send the newest sample of each device where more waits than is under way; tell whether it went out."""
        if self._spool.last_id() - self._sent < _PEEK_ROWS:
            return False
        newest: dict[str, tuple[int, Batch]] = {}
        for number, batch in self._spool.newest(_NOW_ROWS):
            if number > self._sent:
                newest.setdefault(batch.device_id, (number, batch))
        states = self._spool.states_of([batch for _, batch in newest.values()])
        rows = [
            Row(number, batch, state) for (number, batch), state in zip(newest.values(), states, strict=True)
        ]
        return bool(rows) and self._say("now", encode_now(rows))

    def _send_alive(self) -> bool:
        status = self._spool.status()
        silent = {
            name: health
            for name, health in self._contacts().items()
            if health.contact is not Contact.ANSWERING
        }
        alive = Alive(self._clock.now(), status.rows, self._version, status.oldest_at, silent)
        return self._say("alive", encode_alive(alive))

    def _send_account(self) -> bool:
        """Send why slots have no sample; what is not answered for is sent with the next."""
        self._put_back()
        changed = [
            strip
            for strip in self._spool.take_unpublished()
            if any(why := why_missing(strip)) and self._told.get((strip.device_id, strip.start_us)) != why
        ]
        if not changed:
            return True
        self._account_number += 1
        payload, count = encode_account(self._account_number, changed)
        now, later = changed[:count], changed[count:]
        self._spool.put_back(later)
        self._strips = now
        if self._say("account", payload):
            return not later
        self._put_back()
        return False
