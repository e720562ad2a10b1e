"""The book of slots: what became of every expected sample of every device, day by day. Pure.

The spool keeps it on disk in the very transaction that keeps the samples, so that the two never differ. A
word said twice counts once, and words may come late: a sample delivered after a gap was named fills the gap.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.slots import (
    SlotRange,
    SlotState,
    Strip,
    instant_of,
    is_there,
    merged,
    microseconds,
)
from domain.timespan import DEFAULT_ZONE, day_of, start_of_day

KEPT_DAYS = 8
_HOLE_US = 14 * 86_400 * 1_000_000  # a longer absence is not written out slot by slot
_AHEAD_US = 86_400 * 1_000_000  # no stamp further ahead opens a day
_OPEN = bytes([SlotState.OPEN])
_OURS = frozenset({SlotState.REJECTED_BY_STORE, SlotState.SPOOL_SHED, SlotState.IMPLAUSIBLE_TIME})


@dataclass(frozen=True, slots=True)
class Grid:
    """Where the slots of a device lie: at ``phase_us + n * period_us``, cut into days of ``zone``."""

    period_us: int
    phase_us: int = 0
    zone: str = DEFAULT_ZONE

    @classmethod
    def of(cls, period_s: float, phase_s: float = 0.0, zone: str = DEFAULT_ZONE) -> "Grid":
        """Return the grid of a period. [s]"""
        return cls(max(1, round(period_s * 1e6)), round(phase_s * 1e6), zone)

    def at_or_after(self, us: int) -> int:
        """Return the first slot start not before ``us``. [us]"""
        return -(-(us - self.phase_us) // self.period_us) * self.period_us + self.phase_us

    def containing(self, us: int) -> int:
        """Return the start of the slot ``us`` lies in. [us]"""
        return (us - self.phase_us) // self.period_us * self.period_us + self.phase_us


Change = tuple[Strip, int, int]  # strip, slot, state


class SlotBook:
    """Strips by device. `note` and its kin change memory; `changes` says what must be written.

    Parameters
    ----------
    strips : iterable of Strip
        What was kept.
    """

    def __init__(self, strips: Iterable[Strip] = ()) -> None:
        self._strips: dict[str, list[Strip]] = {}
        self._grids: dict[str, Grid] = {}
        self._changes: list[tuple[Strip, int, int, int]] = []  # with the state before
        self._made: list[Strip] = []
        self._cut: list[tuple[Strip, bytearray]] = []
        for strip in sorted(strips, key=lambda each: each.start_us):
            self._strips.setdefault(strip.device_id, []).append(strip)

    # ------------------------------------------------------------------ what is expected

    def follow(self, device_id: str, grid: Grid, at: datetime) -> None:
        """Expect a sample in every slot from the one ``at`` lies in; what was open before had no collector."""
        now_us = microseconds(at)
        first_us = grid.containing(now_us)
        strips = self._strips.setdefault(device_id, [])
        if strips:
            last = strips[-1]
            same = last.period_us == grid.period_us and (last.start_us - grid.phase_us) % grid.period_us == 0
            self._grids[device_id] = grid if same else _grid_of(last, grid.zone)
            self._extend(device_id, first_us - 1)
            if not same:
                self._truncate(strips[-1], first_us)
            self.apply(SlotRange(device_id, SlotState.COLLECTOR_DOWN, instant_of(first_us)))
        self._grids[device_id] = grid
        self._extend(device_id, now_us, not_before_us=first_us)

    def leave(self, device_id: str, at: datetime) -> None:
        """Expect nothing more of a device that is in service no longer."""
        self._grids.pop(device_id, None)
        for strip in self._strips.get(device_id, []):
            for slot in range(len(strip.states)):
                if strip.states[slot] == SlotState.OPEN and strip.end_us > microseconds(at):
                    self._put(strip, slot, SlotState.NOT_EXPECTED)

    def followed(self) -> set[str]:
        """Return the devices of which samples are expected."""
        return set(self._grids)

    def known(self) -> set[str]:
        """Return every device it has slots of."""
        return {name for name, strips in self._strips.items() if strips}

    # ------------------------------------------------------------------ what became of it

    def note(self, device_id: str, at: datetime, state: int) -> None:
        """Say what became of the slot ``at`` lies in; an instant no slot covers changes nothing."""
        us = microseconds(at)
        strips = self._strips.get(device_id)
        if strips and device_id in self._grids and us < strips[-1].end_us + _AHEAD_US:
            self._extend(device_id, us)
        strip = self._find(device_id, us)
        if strip is not None:
            self._say(strip, (us - strip.start_us) // strip.period_us, state)

    def apply(self, said: SlotRange) -> None:
        """Say something of many slots."""
        end_us = microseconds(said.end)
        if said.device_id in self._grids:
            self._extend(said.device_id, end_us - 1)
        start_us = None if said.start is None else microseconds(said.start)
        for strip in reversed(self._strips.get(said.device_id, [])):
            upto = min(len(strip.states), -(-(end_us - strip.start_us) // strip.period_us))
            if start_us is None:
                self._close(strip, upto, said.state)
                continue
            if strip.end_us <= start_us:
                return
            first = max(0, -(-(start_us - strip.start_us) // strip.period_us))
            for slot in range(first, upto):
                self._say(strip, slot, said.state)

    def adopt(self, told: Strip) -> None:
        """Take from a collector in the field why slots have no sample: it asked, so it knows better than we.

        Whether there is a sample only the sample itself can say, and what we lost ourselves stays.
        """
        for number, state in enumerate(told.states):
            if state == SlotState.OPEN or is_there(state):
                continue
            us = told.start_us + number * told.period_us
            strip = self._find(told.device_id, us)
            if strip is None:
                continue
            slot = (us - strip.start_us) // strip.period_us
            before = strip.states[slot]
            if before != state and not is_there(before) and before not in _OURS:
                self._put(strip, slot, state)

    def _close(self, strip: Strip, upto: int, state: int) -> None:
        slot = strip.states.find(_OPEN, 0, max(0, upto))
        while slot != -1:
            self._put(strip, slot, state)
            slot = strip.states.find(_OPEN, slot + 1, upto)

    def _say(self, strip: Strip, slot: int, state: int) -> None:
        new = merged(strip.states[slot], state)
        if new != strip.states[slot]:
            self._put(strip, slot, new)

    def _put(self, strip: Strip, slot: int, state: int) -> None:
        self._changes.append((strip, slot, state, strip.states[slot]))
        strip.states[slot] = state

    # ------------------------------------------------------------------ strips

    def _find(self, device_id: str, us: int) -> Strip | None:
        strips = self._strips.get(device_id, [])
        place = bisect_right(strips, us, key=lambda strip: strip.start_us) - 1
        if place < 0 or us >= strips[place].end_us:
            return None
        return strips[place]

    def _extend(self, device_id: str, us: int, *, not_before_us: int | None = None) -> None:
        """Make the strips up to the day of ``us``; a hole of weeks is not filled, only its end."""
        grid, strips = self._grids[device_id], self._strips.setdefault(device_id, [])
        if strips:
            next_us = grid.at_or_after(max(strips[-1].end_us, us - _HOLE_US))
        elif not_before_us is None:
            return
        else:
            next_us = not_before_us
        while next_us <= us:
            day = day_of(instant_of(next_us), grid.zone)
            end_us = microseconds(start_of_day(day + timedelta(days=1), grid.zone))
            count = -(-(end_us - next_us) // grid.period_us)
            strip = Strip(device_id, day, next_us, grid.period_us, bytearray(count))
            strips.append(strip)
            self._made.append(strip)
            next_us = grid.at_or_after(strip.end_us)

    def _truncate(self, strip: Strip, us: int) -> None:
        kept = max(0, min(len(strip.states), -(-(us - strip.start_us) // strip.period_us)))
        if kept < len(strip.states):
            self._cut.append((strip, bytearray(strip.states[kept:])))
            del strip.states[kept:]

    def strips(self) -> Iterator[Strip]:
        """Yield every strip, oldest first within a device."""
        for strips in self._strips.values():
            yield from strips

    def forget_before(self, at: datetime) -> list[Strip]:
        """Let go of strips that ended before ``at``; return them. Not undone by `undo`."""
        us = microseconds(at)
        gone = [strip for strip in self.strips() if strip.end_us <= us]
        for name in {strip.device_id for strip in gone}:
            self._strips[name] = [strip for strip in self._strips[name] if strip.end_us > us]
        return gone

    def state_at(self, device_id: str, at: datetime) -> int:
        """Return what became of the slot of ``at``, ``OPEN`` where there is none."""
        strip = self._find(device_id, microseconds(at))
        if strip is None:
            return SlotState.OPEN
        return strip.states[(microseconds(at) - strip.start_us) // strip.period_us]

    def is_there(self, device_id: str, at: datetime) -> bool:
        """Tell whether the slot of ``at`` has a sample."""
        return is_there(self.state_at(device_id, at))

    # ------------------------------------------------------------------ on disk or not at all

    def changes(self) -> tuple[list[Strip], list[Change]]:
        """Return strips to be written whole (new or cut) and single slots, since the last `settled`."""
        whole = list(self._made) + [strip for strip, _ in self._cut]
        apart = {id(strip) for strip in whole}
        single = [(strip, slot, state) for strip, slot, state, _ in self._changes if id(strip) not in apart]
        return whole, single

    def settled(self) -> None:
        """The changes are on disk."""
        self._changes, self._made, self._cut = [], [], []

    def undo(self) -> None:
        """Take back everything said since the last `settled`: the disk refused."""
        for strip, tail in reversed(self._cut):
            strip.states.extend(tail)
        for strip, slot, _, before in reversed(self._changes):
            if slot < len(strip.states):
                strip.states[slot] = before
        for strip in self._made:
            self._strips[strip.device_id].remove(strip)
        self.settled()


def _grid_of(strip: Strip, zone: str) -> Grid:
    return Grid(strip.period_us, strip.start_us % strip.period_us, zone)
