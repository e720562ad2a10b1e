"""The writing half of the InfluxDB store: lines go out, what is refused is narrowed down to single rows."""

# ruff: noqa: S608 (InfluxQL has no parameters here: names and texts are quoted in stores/influx_names.py)

import logging
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from domain.aside import Aside
from stores.influx_answers import coded, microseconds
from stores.influx_client import InfluxClient, RefusedLinesError, TooLargeError
from stores.influx_days import DirtyDays
from stores.influx_latest import Newest
from stores.influx_lines import LineBuilder
from stores.influx_names import DAY_US, DEVICE_TAG, LAYOUT, ORIGIN, during, ident, one_of, rows_of
from stores.influx_read import Query

log = logging.getLogger(__name__)

_BODIES_AT_ONCE = 2  # the server writes one to its disk while it reads the other
_LINES_MAX = 5000  # about four megabytes, far below the least limit of any generation
_NEVER = -(1 << 62)
Key = tuple[str, int]  # device, instant [us]


@dataclass
class Rows:
    """Rows to write: position in what the caller gave, key, and how to make the line.

    ``doubtful`` ones may have been written by somebody else before and are always looked up.
    """

    keys: Mapping[int, Key]
    line: Callable[[int], str]
    quantities: Callable[[int], tuple[str, ...]]
    doubtful: bool = False


@dataclass
class Outcome:
    """What became of rows."""

    accepted: int = 0
    duplicates: int = 0
    rejected: dict[int, str] = field(default_factory=dict)


class Writer:
    """Writes rows once. Not thread safe: the store holds its lock.

    The newest instant of each device is remembered; a row beyond it is new without asking. Anything else is
    looked up first, because the engine itself lets the last copy win where the first one must stay.
    """

    def __init__(
        self, client: InfluxClient, query: Query, newest: Newest, days: DirtyDays, builder: LineBuilder
    ) -> None:
        self._client = client
        self._query = query
        self._newest = newest
        self._days = days
        self._builder = builder
        self._newest_us: dict[str, int] | None = None
        self._said_layouts: set[tuple[int, int]] = set()

    def forget(self) -> None:
        """Forget what is known of the server: it may be another one now."""
        self._newest_us = None
        self._said_layouts.clear()

    def keep(self, rows: Rows, kinds: Mapping[str, str]) -> Outcome:
        """Write rows; mark their days."""
        outcome = Outcome()
        if not rows.keys:
            return outcome
        fresh = self._fresh(rows, kinds)
        outcome.duplicates = len(rows.keys) - len(fresh)
        self._send(fresh, rows, outcome)
        outcome.accepted = len(fresh) - len(outcome.rejected)
        sound = [key for position, key in rows.keys.items() if position not in outcome.rejected]
        self._days.mark({(us // DAY_US, name) for name, us in sound})
        self._advance(sound)
        return outcome

    # once

    def _fresh(self, rows: Rows, kinds: Mapping[str, str]) -> list[int]:
        newest = self._known(kinds)
        seen: set[Key] = set()
        fresh: list[int] = []
        doubtful: dict[Key, int] = {}
        for position, key in rows.keys.items():
            if key in seen:
                continue
            seen.add(key)
            fresh.append(position)
            if rows.doubtful or key[1] <= newest.get(key[0], _NEVER):
                doubtful[key] = position
        there = self._there(doubtful, kinds) if doubtful else set()
        known = {doubtful[key] for key in there if key in doubtful}
        return [position for position in fresh if position not in known]

    def _known(self, kinds: Mapping[str, str]) -> dict[str, int]:
        if self._newest_us is None:
            found = self._newest.instants(list(kinds), _NEVER // 1000)
            self._newest_us = {name: us for at in found.values() for name, us in at.items()}
        return self._newest_us

    def _there(self, keys: Iterable[Key], kinds: Mapping[str, str]) -> set[Key]:
        """Return which of the keys the server has, and some more."""
        by_kind: dict[str, list[Key]] = {}
        for key in keys:
            by_kind.setdefault(kinds[key[0]], []).append(key)
        found: set[Key] = set()
        for kind, wanted in by_kind.items():
            instants = [us for _, us in wanted]
            names = sorted({name for name, _ in wanted})
            devices = one_of(DEVICE_TAG, names) if len(names) <= 200 else ""
            where = during(min(instants), max(instants) + 1) + devices
            text = f"SELECT {ident(DEVICE_TAG)}, {ident(ORIGIN)} FROM {rows_of(kind)} WHERE {where}"
            for table in self._query(text):
                texts, codes = coded(table, DEVICE_TAG)
                found.update(zip((texts[code] for code in codes), microseconds(table).tolist(), strict=True))
        return found

    def _advance(self, keys: Iterable[Key]) -> None:
        newest = self._newest_us
        if newest is None:
            return
        for name, us in keys:
            if us > newest.get(name, _NEVER):
                newest[name] = us

    # sending

    def _send(self, positions: Sequence[int], rows: Rows, outcome: Outcome) -> None:
        """Send rows in bodies of a fair size; while the server takes some, the next one is made."""
        under_way: deque[Aside[None]] = deque()
        for start in range(0, len(positions), _LINES_MAX):
            post = self._body(positions[start : start + _LINES_MAX], rows, outcome)
            if len(positions) <= _LINES_MAX:
                post()
                return
            if len(under_way) == _BODIES_AT_ONCE:
                _end_oldest(under_way)
            under_way.append(Aside(post, "influx-post"))
        while under_way:
            _end_oldest(under_way)

    def _body(self, positions: Sequence[int], rows: Rows, outcome: Outcome) -> Callable[[], None]:
        """Make the lines of a body; return what sends them."""
        lines: dict[int, str] = {}
        layouts: dict[tuple[int, int], str] = {}
        for position in positions:
            try:
                lines[position] = rows.line(position)
            except ValueError as error:
                outcome.rejected[position] = str(error)
                continue
            self._add_layout(layouts, rows.quantities(position), rows.keys[position][1])

        def post() -> None:
            if layouts:
                self._client.write("\n".join(layouts.values()).encode())
                self._said_layouts.update(layouts)
            self._send_lines(lines, outcome)

        return post

    def _add_layout(
        self, layouts: dict[tuple[int, int], str], quantities: tuple[str, ...], measured_us: int
    ) -> None:
        """Say once a day what the number of a tuple of quantities stands for, so that no retention forgets it."""
        number, day = self._builder.layout(quantities), measured_us // DAY_US
        if (number, day) not in self._said_layouts and quantities:
            layouts[number, day] = (
                f"{LAYOUT},quantities={'.'.join(quantities)} number={number} {day * DAY_US}000"
            )

    def _send_lines(self, lines: Mapping[int, str], outcome: Outcome) -> None:
        """Send lines, in halves where the server takes no whole; a line refused alone is rejected."""
        if not lines:
            return
        positions = list(lines)
        try:
            self._client.write("\n".join(lines.values()).encode())
        except (RefusedLinesError, TooLargeError) as error:
            if len(lines) == 1:
                outcome.rejected[positions[0]] = f"the store refuses it: {error}"
                return
            half = len(lines) // 2
            for part in (positions[:half], positions[half:]):
                self._send_lines({position: lines[position] for position in part}, outcome)


def _end_oldest(under_way: deque[Aside[None]]) -> None:
    """Wait for the oldest body; where it failed, for all, so that nothing is written behind our back."""
    try:
        under_way.popleft().result()
    except Exception:
        for other in under_way:
            other.wait()
        raise
