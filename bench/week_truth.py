"""What really became of each slot of `bench.week`, from what the field wrote down; it knows nothing of the program."""

from bisect import bisect_left
from collections.abc import Mapping
from datetime import datetime, timedelta

from bench.week_field import SLOW_S, Ask, Field, FieldStore
from collectors.contact import NIGHT_ELEVATION_DEG
from domain.link import NIGHT_PERIOD_S
from domain.plant import Device, Registry
from domain.slots import Strip
from domain.sun import sun_elevation

PERIOD_S = 300.0
_UNSURE_S = (58.5, 61.5)  # from the step: the last samples that carry a mark are marked when all was read
_BEFORE = timedelta(milliseconds=1)  # a cycle may begin so much before its slot


def published_of(given: Registry) -> tuple[Device, ...]:
    """Return the devices that publish: those of the relay, then those that speak our own format."""
    return given.plants[-2].devices + given.plants[-1].devices


class Truth:
    """What became of a slot, from what the field wrote down."""

    def __init__(
        self,
        field: Field,
        store: FieldStore,
        committed: Mapping[tuple[str, datetime], int],
        waiting: set[tuple[str, datetime]],
        given: Registry,
    ) -> None:
        self._field = field
        self._store = store
        self._committed = committed
        self._waiting = waiting
        self._published = {device.device_id for device in published_of(given)}
        gateways = [plant.gateways[0] for plant in given.plants[:-2]]
        self._metered = {gateway.gateway_id for gateway in gateways if gateway.is_metered}
        self._places = {
            plant.gateways[0].gateway_id: (plant.latitude, plant.longitude) for plant in given.plants[:-2]
        }
        self._unread = {d.device_id for d in given.devices()} - self._published - set(field.polled)
        self._last = max(field.downs)
        self._wire: dict[str, list[tuple[datetime, str]]] = {}
        for name, wire in field.polled.items():
            outcomes = ((ask.at, ask.outcomes[-1]) for ask in field.asks[name] if ask.outcomes)
            self._wire.setdefault(wire, []).extend(outcomes)
        for said in self._wire.values():
            said.sort()
        self._asked_at = {name: [ask.at for ask in asks] for name, asks in field.asks.items()}
        self._spoke_at = {wire: [at for at, _ in said] for wire, said in self._wire.items()}

    def _asks(self, device_id: str, start: datetime, end: datetime) -> list[Ask]:
        """Return askings that began in [start, end)."""
        known = self._asked_at.get(device_id, [])
        return (
            self._field.asks[device_id][bisect_left(known, start) : bisect_left(known, end)] if known else []
        )

    def of(self, strip: Strip, start: datetime) -> tuple[str, ...]:
        """Return the words that are right for a slot; more than one where the program cannot know more."""
        end = start + timedelta(microseconds=strip.period_us)
        asks = self._asks(strip.device_id, start - timedelta(seconds=2 * SLOW_S), end)
        rows = [a for a in asks if not a.probe and a.answered_at is not None and start <= a.answered_at < end]
        if rows:
            return self._sample(strip.device_id, rows[0])
        jump = self._field.jump
        if (
            jump is not None
            and strip.device_id not in self._unread
            and jump.start <= start
            and end <= jump.end
        ):
            return ("implausible_time",)
        if strip.device_id in self._published:
            return self._unpublished(strip.device_id, start, end)
        if strip.device_id not in self._field.polled:
            return ("disabled", "collector_down") if self._stops_near(start, end) else ("disabled",)
        failed = [a.outcomes[-1] for a in asks if start <= a.at + _BEFORE < end and a.answered_at is None]
        if failed:
            left_out_before = any(
                start < up < end for up in self._field.ups
            )  # and asked as soon as it came up
            return (failed[-1], "saved") if left_out_before else (failed[-1],)
        wire = self._field.polled[strip.device_id]
        if wire in self._metered and self._is_night(wire, start) and not self._is_asked(wire, start, end):
            return ("saved", "asleep", self._unasked(strip.device_id, start, end))  # left out, or nobody due
        return (self._unasked(strip.device_id, start, end),)

    def _is_asked(self, wire: str, start: datetime, end: datetime) -> bool:
        """Tell whether anybody on a wire was asked in a slot."""
        spoke = self._spoke_at[wire]
        return bisect_left(spoke, start - _BEFORE) < bisect_left(spoke, end - _BEFORE)

    def _is_night(self, wire: str, at: datetime) -> bool:
        """Tell whether the sun was down when it was decided whether to ask in the slot: a look ago at most."""
        place = self._places[wire]
        looks = (at, at - timedelta(seconds=NIGHT_PERIOD_S))
        return any(sun_elevation(look, *place) < NIGHT_ELEVATION_DEG for look in looks)

    def _sample(self, device_id: str, ask: Ask) -> tuple[str, ...]:
        """Return the words that are right for a row; a clock that was put on makes good ones doubtful for a minute."""
        word, jump = self._row(device_id, ask), self._field.jump
        if jump is None or word not in {"good", "partial"} or ask.answered_at is None:
            return (word,)
        since_s = (ask.answered_at - jump.end).total_seconds()
        if _UNSURE_S[0] <= since_s <= _UNSURE_S[1]:
            return (word, "clock")
        return ("clock",) if 0 <= since_s < _UNSURE_S[0] else (word,)

    def _row(self, device_id: str, ask: Ask) -> str:
        row = (device_id, ask.answered_at or ask.at)
        if row in self._store.refused:
            return "rejected_by_store"
        if row not in self._waiting:
            kept = self._store.taken.get(row)
            if kept is None:
                return "spool_shed"
            if kept < self._committed.get(row, 0):
                return "thinned"
        day = self._asks(device_id, ask.at - timedelta(days=1), ask.at + timedelta(microseconds=1))
        said = [other.serial for other in day if other.serial]
        if said and said[-1] == "other":
            return "inconsistent"
        if "range" in ask.outcomes:
            return "out_of_range"
        if "doubted" in ask.outcomes:
            return "stale"
        return "partial" if any(one not in {"good", "range"} for one in ask.outcomes) else "good"

    def _unpublished(self, device_id: str, start: datetime, end: datetime) -> tuple[str, ...]:
        if self._is_down(start, end):
            return ("collector_down",)
        if any(start <= at < end for at in self._field.astray[device_id]):
            return ("implausible_time",)
        left_out = "gap" in self._field.script.at(device_id, self._field.script_s(start))
        state = "source_gap" if left_out else "no_answer"
        return (state, "collector_down") if self._stops_near(start, end) else (state,)

    def _unasked(self, device_id: str, start: datetime, end: datetime) -> str:
        if self._is_down(start, end):
            return "collector_down"
        ups, end = [up for up in self._field.ups if up <= end], end - _BEFORE
        there = not self._is_down(start, start)
        since = ups[-2] if ups[-1] >= start and there and len(ups) > 1 else ups[-1]
        wire = self._field.polled[device_id]
        place = bisect_left(self._spoke_at[wire], end) - 1
        if place >= 0 and self._spoke_at[wire][place] >= since and self._wire[wire][place][1] == "wire_down":
            return "wire_down"
        own = [ask.outcomes[-1] for ask in self._asks(device_id, since, end)[-3:] if ask.outcomes]
        if not own and not there:
            return "collector_down"  # it came in the end of the slot, and asked in the next one
        return {"asleep": "asleep", "no_answer": "quarantined"}.get(own[-1] if own else "", "skipped")

    def _is_down(self, start: datetime, end: datetime) -> bool:
        """Tell whether nobody collected in the slot from its beginning on."""
        ups = [up for up in self._field.ups if up < end]
        downs = [down for down in self._field.downs if down <= start]
        return len(downs) == len(ups)

    def _stops_near(self, start: datetime, end: datetime) -> bool:
        """Tell whether the collector stopped before what it says late could be said."""
        late = timedelta(seconds=3.5 * PERIOD_S)
        return self._is_down(start, end) or any(start <= down <= end + late for down in self._field.downs)
