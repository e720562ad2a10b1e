"""The centre's half of the line to collectors in villages: takes their rows and answers once they are safe.

How far each source has come is noted in the very transaction that keeps its rows, so an answer never says more than the
disk holds. Rows that come twice are left out; rows behind a hole are kept, but only what has no hole before
it is answered for. Numbers that will never come are counted, and the time they cover is named.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from collectors.edge_codec import (
    EVERYONE,
    Account,
    Alive,
    Answer,
    EdgeMessage,
    Now,
    Row,
    Rows,
    answer_topic,
    encode_answer,
)
from collectors.group_commit import Parcel, Reply
from collectors.source import Delivery
from collectors.spool import Said
from collectors.wiring import edge_devices
from domain.clock import Clock
from domain.health import Contact, Health
from domain.measurement import Batch
from domain.plant import Registry
from domain.slots import SlotRange, SlotState, instant_of, microseconds

log = logging.getLogger(__name__)
_KEY = "edge:"
_FRESH = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class EdgeBeat:
    """What is known of the collector of one plant, as of its newest word.

    ``at`` is None while nothing was heard since our start. ``offset_s`` is how far its clock is ahead of ours, the way of the message included; ``gaps`` counts rows that it
    numbered and that will never come.
    """

    plant_id: str
    at: datetime | None = None
    waiting: int = 0
    offset_s: float = 0.0
    rows: int = 0
    gaps: int = 0
    version: str = ""
    silent: Mapping[str, Health] = field(default_factory=dict)


@dataclass(slots=True)
class _Source:
    """How far a source has come: every number up to ``number`` is safe here; ``newest`` is its newest sample."""

    number: int
    newest: datetime | None = None

    @classmethod
    def read(cls, note: str) -> "_Source":
        number, _, newest = note.partition(" ")
        return cls(int(number), instant_of(int(newest)) if newest else None)

    def note(self) -> str:
        return f"{self.number} {microseconds(self.newest)}" if self.newest is not None else f"{self.number} "


class EdgeDesk:
    """Belongs to the event loop of the collector.

    Parameters
    ----------
    notes : mapping of str to str
        What the queue remembers.
    send : callable
        Takes what goes to the disk.
    hear : callable
        Told of every sample of a device, before it is on disk; returns it as judged.
    """

    def __init__(
        self,
        registry: Registry,
        clock: Clock,
        notes: Mapping[str, str],
        *,
        send: Callable[[Parcel], None],
        hear: Callable[[Batch], Batch],
    ) -> None:
        self._registry = registry
        self._clock = clock
        self._send = send
        self._hear = hear
        self._sources = {name: _Source.read(note) for name, note in notes.items() if name.startswith(_KEY)}
        self._beats: dict[str, EdgeBeat] = {}
        self._plants: dict[str, set[str]] = {}
        self.follow()

    def follow(self) -> None:
        """Take rows of the devices the registry names now."""
        self._plants = {}
        for name, (device, _) in edge_devices(self._registry, self._clock).items():
            self._plants.setdefault(device.plant_id, set()).add(name)

    def greetings(self) -> list[tuple[str, bytes]]:
        """Return what every village is told when we come back, by topic."""
        hello = encode_answer(Answer(hello=True))
        return [(answer_topic(plant_id, EVERYONE), hello) for plant_id in sorted(self._plants)]

    def beats(self) -> list[EdgeBeat]:
        """Return what is known of each village's collector, by plant. Thread safe."""
        return [self._beats.get(plant_id, EdgeBeat(plant_id)) for plant_id in sorted(self._plants)]

    def health_of(self, device_id: str, plant_id: str) -> Health | None:
        """Return why a device does not answer its village, None when it does or nobody has said lately."""
        beat = self._beats.get(plant_id)
        if beat is None or not is_fresh(beat, self._clock.now()):
            return None
        return beat.silent.get(device_id)

    # ------------------------------------------------------------------ what villages say

    def take(self, delivery: Delivery, message: EdgeMessage) -> None:
        """Take one message; what it says goes to the disk, and then the answer goes out."""
        content = message.content
        devices = self._plants.get(message.plant_id)
        if devices is None:
            reason = f"no gateway of plant {message.plant_id} is marked `edge` in the registry"
            self._send(Parcel(delivery=delivery, bad=((delivery.topic, delivery.payload, reason),)))
            return
        if isinstance(content, Rows):
            self._rows(delivery, message, content, devices)
        elif isinstance(content, Account):
            strips = tuple(strip for strip in content.strips if strip.device_id in devices)
            reply = _reply(message, Answer(account=content.number))
            self._send(Parcel(said=strips, delivery=delivery, reply=reply))
        elif isinstance(content, Now):
            taken, bad = self._judged(content.rows, devices, delivery)
            batches, states = tuple(batch for batch, _ in taken), tuple(state for _, state in taken)
            self._send(Parcel(batches, states, delivery=delivery, bad=bad))
        else:
            self._alive(message, content)
            self._send(Parcel(delivery=delivery))

    def _alive(self, message: EdgeMessage, alive: Alive) -> None:
        now = self._clock.now()
        self._beats[message.plant_id] = replace(
            self._beats.get(message.plant_id, EdgeBeat(message.plant_id)),
            at=now,
            waiting=alive.waiting,
            offset_s=(alive.at - now).total_seconds(),
            version=alive.version,
            silent=alive.silent,
        )

    def _rows(self, delivery: Delivery, message: EdgeMessage, told: Rows, devices: set[str]) -> None:
        source = self._sources.get(message.key)
        if source is not None and _are_others(told.rows, source):
            log.error(
                "edge %s of plant %s gives numbers twice (was its disk restored?); it is told to take a new name",
                message.source,
                message.plant_id,
            )
            answer = Answer(source.number, renew=True)
            self._send(Parcel(delivery=delivery, reply=_reply(message, answer)))
            return
        said: list[Said] = []
        if source is None:
            source, before = _Source(told.floor), self._newest_of(message.plant_id)
            if before is not None:
                said = self._gap(
                    message, told, before, devices, "begins anew; what its queue held before is lost"
                )
        elif told.floor > source.number:
            lost = told.floor - source.number
            said = self._gap(message, told, source.newest, devices, f"lacks {lost} rows we have forgotten")
            self._count(message, gaps=lost)
            source = _Source(told.floor, source.newest)
        fresh = [row for row in told.rows if row.number > source.number]
        has_hole = told.after > source.number
        if not has_hole:
            covered = max(0, told.last - max(source.number, told.after))
            self._count(message, rows=len(fresh), gaps=covered - len(fresh))
            newest = max((row.batch.measured_at for row in fresh), default=source.newest)
            newest = newest if source.newest is None or newest is None else max(newest, source.newest)
            source = _Source(max(source.number, told.last), newest)
        self._sources[message.key] = source
        taken, bad = self._judged(fresh, devices, delivery)
        answer = Answer(source.number, again=has_hole)
        self._send(
            Parcel(
                tuple(batch for batch, _ in taken),
                tuple(state for _, state in taken),
                tuple(said),
                {message.key: source.note()},
                delivery,
                bad,
                _reply(message, answer),
            )
        )

    def _judged(
        self, rows: Sequence[Row], devices: set[str], delivery: Delivery
    ) -> tuple[list[tuple[Batch, int | None]], tuple[tuple[str, bytes, str], ...]]:
        """Return samples with the states of their slots, and what is none of this plant's."""
        taken: list[tuple[Batch, int | None]] = []
        strangers = sorted({row.batch.device_id for row in rows} - devices)
        for row in rows:
            if row.batch.device_id not in devices:
                continue
            judged = self._hear(row.batch)
            taken.append((judged, row.state if judged.qualities is row.batch.qualities else None))
        if not strangers:
            return taken, ()
        reason = f"no device of this plant is polled there: {', '.join(strangers[:5])}"
        return taken, ((delivery.topic, delivery.payload, reason),)

    def _newest_of(self, plant_id: str) -> datetime | None:
        """Return the newest sample of every source a plant ever had."""
        prefix = f"{_KEY}{plant_id}/"
        known = [one.newest for name, one in self._sources.items() if name.startswith(prefix) and one.newest]
        return max(known, default=None)

    def _gap(
        self, message: EdgeMessage, told: Rows, since: datetime | None, devices: set[str], words: str
    ) -> list[Said]:
        first = min((row.batch.measured_at for row in told.rows), default=None)
        log.warning("edge %s of plant %s %s", message.source, message.plant_id, words)
        if since is None or first is None or first <= since:
            return []
        after = since + timedelta(microseconds=1)
        return [SlotRange(name, SlotState.SOURCE_GAP, first, after) for name in sorted(devices)]

    def _count(self, message: EdgeMessage, *, rows: int = 0, gaps: int = 0) -> None:
        old = self._beats.get(message.plant_id, EdgeBeat(message.plant_id))
        self._beats[message.plant_id] = replace(
            old, at=self._clock.now(), rows=old.rows + rows, gaps=old.gaps + gaps
        )


def is_fresh(beat: EdgeBeat, now: datetime) -> bool:
    """Tell whether a village was heard of lately."""
    return beat.at is not None and now - beat.at <= _FRESH


def _are_others(rows: Sequence[Row], source: _Source) -> bool:
    """Tell whether rows we think we have are newer than anything we have of this source."""
    if source.newest is None:
        return False
    return any(row.number <= source.number and row.batch.measured_at > source.newest for row in rows)


def _reply(message: EdgeMessage, answer: Answer) -> Reply:
    return Reply(answer_topic(message.plant_id, message.source), answer.kind, encode_answer(answer))


def contact_of(health: Health, told: Health | None) -> Health:
    """Return contact with a device in a village: what its collector says of it, where it says something."""
    if told is None or health.contact is Contact.ANSWERING:
        return health
    return Health(
        health.device_id,
        told.contact,
        told.reason,
        told.code,
        health.since,
        health.last_answer_at,
        health.good,
    )
