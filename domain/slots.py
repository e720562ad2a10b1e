"""Slots: every sample we expect has one, and every slot ends as good, suspect (why) or missing (why).

What is expected comes from the plan (device, period, days in service), never from the data. The list of
reasons is closed; "unknown" is none of them.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import IntEnum
from types import MappingProxyType

from domain.health import Reason
from domain.measurement import Batch, Quality
from domain.timespan import Interval

_NO_TAGS: Mapping[str, Sequence[Interval]] = MappingProxyType({})
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
EXCEPTION_FROM = 128  # 128 + Modbus exception code


class SlotState(IntEnum):
    """What became of one slot; one byte on disk: never renumber. 128 and above: Modbus exception codes."""

    OPEN = 0  # its time has not come, or nobody has said anything yet
    GOOD = 1
    PARTIAL = 2  # suspect: some blocks of the device did not answer
    OUT_OF_RANGE = 3
    STALE = 4
    CLOCK = 5
    INCONSISTENT = 6
    THINNED = 7  # suspect: the queue was full; counters and states are there, gauges are not
    ASLEEP = 20
    NO_ANSWER = 21
    WIRE_DOWN = 22
    QUARANTINED = 23  # known dead: not asked in this slot
    MALFORMED = 24
    IMPLAUSIBLE_TIME = 25  # stamped where it cannot be, or jumped over by a step of the clock
    COLLECTOR_DOWN = 26
    SPOOL_SHED = 27
    REJECTED_BY_STORE = 28
    SOURCE_GAP = 29  # a gateway numbered it and it never came
    DISABLED = 30  # nobody can read this device: no profile, no gateway
    MAINTENANCE = 31
    SKIPPED = 32  # the wire was still busy with the cycle before
    SAVED = 33  # left out to spare a metered link
    NOT_EXPECTED = 127


_SUSPECT = range(SlotState.PARTIAL, SlotState.THINNED + 1)
_SILENT = frozenset(
    {SlotState.NO_ANSWER, SlotState.WIRE_DOWN, SlotState.QUARANTINED, SlotState.MALFORMED}
)  # what a device is that somebody has switched off to work on it
_NAMED = frozenset({SlotState.SOURCE_GAP, SlotState.IMPLAUSIBLE_TIME})  # known, not guessed from silence
_LOST_LATER = frozenset({SlotState.SPOOL_SHED, SlotState.REJECTED_BY_STORE})
_FROM_QUALITY = {
    Quality.OUT_OF_RANGE: SlotState.OUT_OF_RANGE,
    Quality.STALE: SlotState.STALE,
    Quality.CLOCK: SlotState.CLOCK,
    Quality.INCONSISTENT: SlotState.INCONSISTENT,
}
_FROM_REASON = {
    Reason.ASLEEP: SlotState.ASLEEP,
    Reason.NO_ANSWER: SlotState.NO_ANSWER,
    Reason.WIRE_DOWN: SlotState.WIRE_DOWN,
    Reason.MALFORMED: SlotState.MALFORMED,
    Reason.NOT_CONFIGURED: SlotState.DISABLED,
    Reason.NOT_ASKED: SlotState.SKIPPED,
    Reason.NONE: SlotState.SKIPPED,
}


def state_of(batch: Batch) -> SlotState:
    """Return good, or the gravest doubt any of its values carries."""
    if batch.qualities is None:
        return SlotState.GOOD
    worst = max(batch.qualities, default=Quality.GOOD)
    return _FROM_QUALITY.get(worst, SlotState.GOOD)


def missing_for(reason: Reason, code: int = 0) -> int:
    """Return the state of a slot nobody answered in, from what is known of the device."""
    if reason is Reason.EXCEPTION:
        return EXCEPTION_FROM + code
    return _FROM_REASON[reason]


def is_there(state: int) -> bool:
    """Tell whether a slot has a sample, good or suspect."""
    return state == SlotState.GOOD or state in _SUSPECT


def word_of(state: int) -> str:
    """Return the word of a state: ``good``, ``no_answer``, ``exception_2``."""
    if state >= EXCEPTION_FROM:
        return f"exception_{state - EXCEPTION_FROM}"
    return SlotState(state).name.lower()


def merged(old: int, new: int) -> int:
    """Return what a slot is after ``new`` was said of it: a sample wins over every reason for having none.

    Only what loses a sample that was there (shed, refused by the store) takes it back; of two reasons the
    first stays, but for a gap the source has named, an instant that cannot be, and for what was thought lost with
    the collector.
    """
    if old in {SlotState.OPEN, SlotState.NOT_EXPECTED}:
        return new
    if is_there(old):
        if new in _LOST_LATER or new == SlotState.THINNED:
            return new
        return min(old, new) if is_there(new) else old
    if is_there(new) or new in _NAMED or new in _LOST_LATER:
        return new
    return old


@dataclass(slots=True)
class Strip:
    """The slots of one device on one local day: slot ``n`` begins at ``start_us + n * period_us``.

    ``number`` is its row on disk, 0 before it has one.
    """

    device_id: str
    day: date
    start_us: int
    period_us: int
    states: bytearray
    number: int = 0

    @property
    def end_us(self) -> int:
        """Where the slot behind the last one would begin. [us]"""
        return self.start_us + len(self.states) * self.period_us

    def over(self, at: datetime) -> int:
        """Return how many of its slots are over at ``at``."""
        return max(0, min(len(self.states), (microseconds(at) - self.start_us) // self.period_us))


@dataclass(frozen=True, slots=True)
class SlotRange:
    """A word about slots on its way to the disk.

    Without ``start`` it closes every open slot that began before ``end``; with it, it is said of every slot
    that begins in [start, end).
    """

    device_id: str
    state: int
    end: datetime
    start: datetime | None = None


@dataclass(frozen=True, slots=True)
class SampleAccount:
    """What became of the samples one device should have given on one local day."""

    device_id: str
    day: date
    expected: int
    good: int
    suspect: Mapping[str, int] = field(default_factory=dict)
    missing: Mapping[str, int] = field(default_factory=dict)

    @property
    def good_share(self) -> float | None:
        """Share of good samples, None where none was expected."""
        return self.good / self.expected if self.expected else None


def microseconds(instant: datetime) -> int:
    """Return microseconds since 1970."""
    return (instant - _EPOCH) // _MICROSECOND


def instant_of(us: int) -> datetime:
    """Return the instant of microseconds since 1970."""
    return _EPOCH + us * _MICROSECOND


def accounts_of(
    strips: Iterable[Strip], now: datetime, tags: Mapping[str, Sequence[Interval]] = _NO_TAGS
) -> list[SampleAccount]:
    """Count slots that are over at ``now``, by device and day, sorted.

    A slot that is over and still open had nobody to speak for it: the collector was not there. ``tags`` tells
    when a device hung under a maintenance tag: silence in a slot that began then is no fault.
    """
    found: dict[tuple[str, date], Counter[int]] = {}
    for strip in strips:
        counts = found.setdefault((strip.device_id, strip.day), Counter())
        counts.update(tagged(strip, tags.get(strip.device_id, ()))[: strip.over(now)])
    return [_account(device_id, day, counts) for (device_id, day), counts in sorted(found.items())]


def tagged(strip: Strip, tags: Iterable[Interval]) -> bytearray:
    """Return the states of a strip with silence under a maintenance tag told as such."""
    states = bytearray(strip.states)
    for tag in tags:
        first, end = (
            max(0, -(-(microseconds(at) - strip.start_us) // strip.period_us)) for at in (tag.start, tag.end)
        )
        for slot in range(first, min(end, len(states))):
            if states[slot] in _SILENT or states[slot] >= EXCEPTION_FROM:
                states[slot] = SlotState.MAINTENANCE
    return states


def _account(device_id: str, day: date, counts: Counter[int]) -> SampleAccount:
    counts.pop(SlotState.NOT_EXPECTED, None)
    down = counts.pop(SlotState.OPEN, 0)
    if down:
        counts[SlotState.COLLECTOR_DOWN] += down
    suspect = {word_of(state): count for state, count in counts.items() if state in _SUSPECT}
    missing = {word_of(state): count for state, count in counts.items() if not is_there(state)}
    return SampleAccount(
        device_id,
        day,
        counts.total(),
        counts[SlotState.GOOD],
        dict(sorted(suspect.items())),
        dict(sorted(missing.items())),
    )
