"""What a collector in a village and the centre say to each other: our own JSON, one format number for all of it.

The village publishes under ``pv/<plant>/<source>/``: ``rows`` (decoded samples, numbered), ``account`` (why slots
have no sample), ``alive`` and, while it catches up after an outage, ``now``: the newest sample of each device, which
comes again with its number. The centre answers on ``ack/<plant>/<source>``, and only after its own queue has
committed; what it says to every source of a plant, such as that it is back, goes to ``ack/<plant>/all``.

Rows are numbered by the queue of the village. A message covers every number behind ``after`` up to ``last``: one
that is not in it will never come. Up to ``floor`` everything was acknowledged before.
"""

import base64
import math
import re
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import pairwise
from types import MappingProxyType
from typing import Any

import orjson

from domain.health import Contact, Health, Reason
from domain.measurement import Batch, Origin, Quality
from domain.quantity import is_known
from domain.slots import SlotState, Strip, instant_of, is_there, microseconds

FORMAT = 1
PAYLOAD_MAX = 60 * 1024  # what a broker of ours lets through, with room for its own words
KINDS = ("rows", "account", "alive", "now")
EVERYONE = "all"
_TOPIC = re.compile(r"pv/([A-Za-z0-9_.-]{1,64})/([A-Za-z0-9_.-]{1,64})/(rows|account|alive|now)")
_SLOTS_MAX = 86_400
_FIELDS_MAX = 400
_QUALITIES = tuple(Quality)


class BadMessageError(ValueError):
    """A message that is none of ours; the text says why."""


@dataclass(frozen=True, slots=True)
class Row:
    """One numbered sample, and what its slot is where the village knows more than the values show."""

    number: int
    batch: Batch
    state: int | None = None


@dataclass(frozen=True, slots=True)
class Rows:
    """Everything the village has behind ``after`` up to ``last``."""

    floor: int
    after: int
    last: int
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Account:
    """Strips of slots; ``number`` is what the answer names."""

    number: int
    strips: tuple[Strip, ...]


@dataclass(frozen=True, slots=True)
class Alive:
    """The village lives: its time, how much waits there since when, which devices do not answer and why."""

    at: datetime
    waiting: int
    version: str
    oldest_at: datetime | None = None
    silent: Mapping[str, Health] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Now:
    """The newest sample of each device, ahead of a backlog; nothing is answered for it."""

    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class EdgeMessage:
    """A message of a village: who says what."""

    plant_id: str
    source: str
    content: Rows | Account | Alive | Now

    @property
    def key(self) -> str:
        """Name under which the centre remembers how far this source has come."""
        return f"edge:{self.plant_id}/{self.source}"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the centre says.

    ``number`` is the highest up to which everything is safe; ``again``: send anew what is behind it; ``renew``: these
    numbers were given twice (a restored disk), take a new name; ``account``: these strips are safe; ``hello``: the
    centre has just come back.
    """

    number: int | None = None
    again: bool = False
    renew: bool = False
    account: int | None = None
    hello: bool = False

    @property
    def kind(self) -> str:
        """Answers of one kind replace each other."""
        return "account" if self.account is not None else "rows"


def is_edge_topic(topic: str) -> bool:
    """Tell whether a collector in a village says something here."""
    return _TOPIC.fullmatch(topic) is not None


def topic_of(plant_id: str, source: str, kind: str) -> str:
    """Return where a village says something."""
    return f"pv/{plant_id}/{source}/{kind}"


def answer_topic(plant_id: str, source: str) -> str:
    """Return where the centre answers."""
    return f"ack/{plant_id}/{source}"


# ------------------------------------------------------------------ rows


def encode_row(row: Row, names: dict[tuple[str, ...], int]) -> bytes:
    """Return a row as JSON; quantities it does not know yet get the next number in ``names``."""
    batch = row.batch
    state = row.state if row.state is not None and is_there(row.state) else None
    return orjson.dumps(
        [
            row.number,
            batch.device_id,
            microseconds(batch.measured_at),
            None if batch.received_at is None else microseconds(batch.received_at),
            names.setdefault(batch.quantities, len(names)),
            batch.values,
            None if batch.qualities is None else [int(quality) for quality in batch.qualities],
            state,
            dict(batch.texts) or None,
        ]
    )


def encode_rows(
    floor: int, after: int, rows: Sequence[Row], size_max: int = PAYLOAD_MAX
) -> tuple[bytes, int]:
    """Return a message of as many rows as fit, one at least, and the last number it covers."""
    body, words, last = _fitting(rows, size_max)
    last = last if rows else after
    head = orjson.dumps({"format": FORMAT, "floor": floor, "after": after, "last": last, "names": words})
    return head[:-1] + body, last


def encode_now(rows: Sequence[Row], size_max: int = PAYLOAD_MAX) -> bytes:
    """Return a message of as many rows as fit; those left out come with the backlog."""
    body, words, _ = _fitting(rows, size_max)
    return orjson.dumps({"format": FORMAT, "names": words})[:-1] + body


def _fitting(rows: Sequence[Row], size_max: int) -> tuple[bytes, list[tuple[str, ...]], int]:
    """Return the end of a message with as many rows as fit, one at least, the names they use, and the last number."""
    names: dict[tuple[str, ...], int] = {}
    parts: list[bytes] = []
    size, last, known = 200, 0, 0
    for row in rows:
        part = encode_row(row, names)
        more = sum(len(name) + 3 for words in list(names)[known:] for name in words)
        if parts and size + len(part) + 1 + more > size_max:
            break
        size, last, known = size + len(part) + 1 + more, row.number, len(names)
        parts.append(part)
    return b',"rows":[' + b",".join(parts) + b"]}", list(names)[:known], last


def _told(document: Mapping[str, Any]) -> tuple[Row, ...]:
    names = [tuple(str(name) for name in words) for words in document["names"]]
    for words in names:
        strange = [name for name in words if not is_known(name)]
        if strange or len(words) > _FIELDS_MAX or len(set(words)) != len(words):
            raise BadMessageError(
                f"quantities nobody knows here: {', '.join(strange[:5]) or 'one is named twice'}"
            )
    return tuple(_row(parts, names) for parts in document["rows"])


def _now(document: Mapping[str, Any]) -> Now:
    return Now(_told(document))


def _rows(document: Mapping[str, Any]) -> Rows:
    found = _told(document)
    numbers = [_whole(document[name], name) for name in ("floor", "after", "last")]
    floor, after, last = numbers
    order = [after, *(row.number for row in found)]
    if any(one >= other for one, other in pairwise(order)) or order[-1] > last or floor > after:
        raise BadMessageError(f"the numbers are out of order: floor {floor}, behind {after}, up to {last}")
    return Rows(floor, after, last, found)


def _row(parts: Sequence[Any], names: Sequence[tuple[str, ...]]) -> Row:
    number, device_id, measured, received, which, values, qualities, state, texts = parts
    quantities = names[_whole(which, "names")]
    if len(values) != len(quantities) or (qualities is not None and len(qualities) != len(quantities)):
        raise BadMessageError(f"row {number}: {len(values)} values for {len(quantities)} quantities")
    if state is not None and not is_there(_whole(state, "state")):
        raise BadMessageError(f"row {number}: state {state} is none of a sample")
    batch = Batch(
        str(device_id),
        _instant(measured),
        quantities,
        tuple(_number(value) for value in values),
        None if qualities is None else tuple(_QUALITIES[_whole(one, "quality")] for one in qualities),
        None if received is None else _instant(received),
        Origin.POLL,
        MappingProxyType({str(name): str(text)[:200] for name, text in texts.items()} if texts else {}),
    )
    return Row(_whole(number, "number"), batch, state)


def _whole(value: Any, what: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 1 << 62:
        raise BadMessageError(f"{what}: {value!r} is no number of a row")
    return value


def _number(value: Any) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise BadMessageError(f"{value!r} is no value")
    return float(value)


def _instant(us: Any) -> datetime:
    try:
        return instant_of(_whole(us, "instant"))
    except OverflowError as error:
        raise BadMessageError(f"{us} is no instant") from error


# ------------------------------------------------------------------ account and heartbeat


def why_missing(strip: Strip) -> bytes:
    """Return the states of a strip, those left open of which the samples themselves speak."""
    return bytes(SlotState.OPEN if is_there(state) else state for state in strip.states)


def encode_account(number: int, strips: Sequence[Strip], size_max: int = PAYLOAD_MAX) -> tuple[bytes, int]:
    """Return a message of as many strips as fit, one at least, and how many those are."""
    parts: list[bytes] = []
    size = 100
    for strip in strips:
        packed = base64.b64encode(zlib.compress(why_missing(strip))).decode()
        part = orjson.dumps([strip.device_id, strip.day.isoformat(), strip.start_us, strip.period_us, packed])
        if parts and size + len(part) + 1 > size_max:
            break
        size += len(part) + 1
        parts.append(part)
    head = orjson.dumps({"format": FORMAT, "number": number})
    return head[:-1] + b',"strips":[' + b",".join(parts) + b"]}", len(parts)


def _account(document: Mapping[str, Any]) -> Account:
    found = []
    for device_id, day, start_us, period_us, packed in document["strips"]:
        unpacker = zlib.decompressobj()
        states = bytearray(unpacker.decompress(base64.b64decode(packed), _SLOTS_MAX))
        if unpacker.unconsumed_tail or _whole(period_us, "period") == 0:
            raise BadMessageError(f"the slots of {device_id} on {day} are more than a day has")
        _instant(start_us)
        found.append(Strip(str(device_id), date.fromisoformat(day), start_us, period_us, states))
    return Account(_whole(document["number"], "number"), tuple(found))


def encode_alive(alive: Alive) -> bytes:
    """Return a heartbeat as a message."""
    return orjson.dumps(
        {
            "format": FORMAT,
            "time": microseconds(alive.at),
            "waiting": alive.waiting,
            "oldest": None if alive.oldest_at is None else microseconds(alive.oldest_at),
            "version": alive.version,
            "silent": {
                name: [health.contact.value, health.reason.value, health.code]
                for name, health in alive.silent.items()
            },
        }
    )


def _alive(document: Mapping[str, Any]) -> Alive:
    silent = {
        str(name): Health(str(name), Contact(contact), Reason(reason), _whole(code, "code"))
        for name, (contact, reason, code) in document["silent"].items()
    }
    oldest = document["oldest"]
    return Alive(
        _instant(document["time"]),
        _whole(document["waiting"], "waiting"),
        str(document["version"])[:40],
        None if oldest is None else _instant(oldest),
        silent,
    )


_READERS: Mapping[str, Callable[[Mapping[str, Any]], Rows | Account | Alive | Now]] = {
    "rows": _rows,
    "account": _account,
    "alive": _alive,
    "now": _now,
}


def _document(payload: bytes) -> Mapping[str, Any]:
    document: Mapping[str, Any] = orjson.loads(payload)
    if document["format"] != FORMAT:
        raise BadMessageError(
            f"format {document['format']!r}; this program knows {FORMAT}: bring both ends to one version"
        )
    return document


def read_edge(topic: str, payload: bytes) -> EdgeMessage:
    """Return what a village said.

    Raises
    ------
    BadMessageError
        It is none of our format; nothing of it may be taken.
    """
    match = _TOPIC.fullmatch(topic)
    if match is None:
        raise BadMessageError(f"topic {topic!r}: expected pv/<plant>/<source>/{{{','.join(KINDS)}}}")
    plant_id, source, kind = match.groups()
    if source == EVERYONE:
        raise BadMessageError(f"no source may be called {EVERYONE}")
    try:
        return EdgeMessage(plant_id, source, _READERS[kind](_document(payload)))
    except BadMessageError:
        raise
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, zlib.error) as error:
        raise BadMessageError(f"not of our format: {type(error).__name__}: {error}") from error


# ------------------------------------------------------------------ answers


def encode_answer(answer: Answer) -> bytes:
    """Return an answer as a message; what is not said is left out."""
    document: dict[str, Any] = {"format": FORMAT}
    for name in ("number", "account"):
        if getattr(answer, name) is not None:
            document[name] = getattr(answer, name)
    document |= {name: True for name in ("again", "renew", "hello") if getattr(answer, name)}
    return orjson.dumps(document)


def read_answer(payload: bytes) -> Answer:
    """Return what the centre said.

    Raises
    ------
    BadMessageError
        It is none of our format.
    """
    try:
        document = _document(payload)
        numbers = {
            name: _whole(document[name], name) if document.get(name) is not None else None
            for name in ("number", "account")
        }
        flags = {name: document.get(name) is True for name in ("again", "renew", "hello")}
    except BadMessageError:
        raise
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise BadMessageError(f"not of our format: {type(error).__name__}: {error}") from error
    return Answer(numbers["number"], flags["again"], flags["renew"], numbers["account"], flags["hello"])
