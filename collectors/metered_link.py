"""The economy of a wire: counts its bytes through the month of its plan, and leaves slots out when they must last.

Every wire is counted; only one with a plan is spared. What was counted is kept as a note in the spool, in the
transaction that keeps the samples it paid for, so that it survives a restart.
"""

import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, replace
from datetime import date
from typing import Any

import numpy as np
import orjson

from collectors.contact import NIGHT_ELEVATION_DEG, Light
from collectors.traffic import Traffic
from domain.clock import Clock
from domain.link import (
    MEGABYTE,
    LinkState,
    LinkUse,
    Pace,
    month_begin,
    outlook,
    slots_left_out,
)
from domain.plant import Gateway, Plant
from domain.sun import sun_position
from domain.timespan import day_of, start_of_day

log = logging.getLogger(__name__)

_PREFIX = "link:"
_SMOOTH = 0.2
_PUBLISH_BYTES, _PUBLISH_ACK_BYTES = 8, 4  # heads of MQTT around topic and payload; its acknowledgement
_SPARE_AGAIN = 0.9  # of the plan: the usual pace comes back when the forecast is below
_SAVE_EVERY_S = 300.0  # a wire nobody pays for by the byte; others with every cycle


class MeteredLink:
    """One wire's use; implements `collectors.poller.Economy`.

    Parameters
    ----------
    counts : callable
        Returns bytes sent, received and estimated on top, since the wire was made.
    kept : LinkUse or None
        What an earlier run counted.
    published : bool
        Nobody polls it: its gateway speaks when it likes, by day and night, and cannot be slowed.
    """

    def __init__(
        self,
        gateway: Gateway,
        plant: Plant,
        clock: Clock,
        counts: Callable[[], tuple[int, int, int]],
        kept: LinkUse | None = None,
        *,
        published: bool = False,
    ) -> None:
        self._published = published
        self.gateway = gateway
        self._plant = plant
        self._clock = clock
        self._counts = counts
        self._seen = (0, 0, 0)
        self._slow = 1
        self._lit: tuple[date, float] = (date.min, 0.0)
        self._saved_s = -_SAVE_EVERY_S
        self.unsaved = False
        begins = self._begins()
        self.use = kept if kept is not None and kept.begins == begins else LinkUse(begins)
        if kept is not None and kept.begins != begins:
            self.use = replace(self.use, day_cost=kept.day_cost, night_cost=kept.night_cost)

    # ------------------------------------------------------------------ the poller asks

    @property
    def probes_at_night(self) -> int | None:
        """How many sleepers a cycle may ask by night; None: as many as usual."""
        return 1 if self.gateway.is_metered else None

    def skip(self, light: Light) -> int:
        """Count the cycle that ended and return how many slots to leave out now."""
        night = light is Light.NIGHT and not self._published
        self._count(night=night)
        if not self.gateway.is_metered or self._published:
            return 0
        state = self._outlook()
        self._decide(state)
        return slots_left_out(self._pace(), self._slow, night=night)

    # ------------------------------------------------------------------ what is known

    def state(self) -> LinkState:
        """Return how the link stands."""
        return replace(self._outlook(), stretch=self._slow)

    def note(self) -> tuple[str, str]:
        """Return the name and text of what must survive."""
        return _PREFIX + self.gateway.gateway_id, orjson.dumps(asdict(self.use)).decode()

    def saved(self) -> None:
        """What `note` said is on its way to the disk."""
        self.unsaved = False
        self._saved_s = self._clock.monotonic()

    # ------------------------------------------------------------------ inside

    def _count(self, *, night: bool) -> None:
        now = self._counts()
        sent, received, overhead = (max(0, new - old) for new, old in zip(now, self._seen, strict=True))
        self._seen = now
        if self.use.begins != self._begins():
            self.use = LinkUse(self._begins(), 0, 0, 0, self.use.day_cost, self.use.night_cost)
        self.use = use = replace(
            self.use,
            sent_bytes=self.use.sent_bytes + sent,
            received_bytes=self.use.received_bytes + received,
            overhead_bytes=self.use.overhead_bytes + overhead,
        )
        cost = float(sent + received + overhead)
        if night:
            self.use = replace(use, night_cost=_smoothed(use.night_cost, cost))
        elif cost or self._published:  # a cycle nobody answered in says nothing of what one costs
            self.use = replace(use, day_cost=_smoothed(use.day_cost, cost))
        due = self._clock.monotonic() - self._saved_s >= _SAVE_EVERY_S
        self.unsaved = self.unsaved or (cost > 0 and (self.gateway.is_metered or due))

    def _decide(self, state: LinkState) -> None:
        before = self._slow
        forecast = state.forecast_bytes
        eased = forecast is not None and forecast < _SPARE_AGAIN * state.plan_bytes
        self._slow = state.stretch if state.stretch > before or eased else before
        if self._slow == before:
            return
        name = self.gateway.gateway_id
        if self._slow == 1:
            log.info("wire %s: its data plan lasts again; polled at the usual pace", name)
            return
        log.warning(
            "wire %s: %.0f of %.0f MB used, about %.0f MB forecast by the end of the plan's month: one cycle in %s "
            "is made, slots between are marked saved",
            name,
            state.use.used_bytes / MEGABYTE,
            state.plan_bytes / MEGABYTE,
            (forecast or 0.0) / MEGABYTE,
            self._slow,
        )

    def _outlook(self) -> LinkState:
        plan_bytes = round(self.gateway.plan_mb * MEGABYTE)
        zone = self._plant.time_zone
        return outlook(
            self.gateway.gateway_id, self.use, plan_bytes, self._pace(), self._clock.now(), zone=zone
        )

    def _pace(self) -> Pace:
        if self._published:
            return Pace(self._plant.poll_period_s, 86_400.0)
        day = self._today()
        if self._lit[0] != day:
            self._lit = (day, _day_s(day, self._plant))
        return Pace(self._plant.poll_period_s, self._lit[1])

    def _today(self) -> date:
        return day_of(self._clock.now(), self._plant.time_zone)

    def _begins(self) -> date:
        return month_begin(self._today(), self.gateway.plan_day)


class LinkBook:
    """The links of every wire, and the notes that keep what they counted. Belongs to the event loop that polls.

    Parameters
    ----------
    notes : mapping
        What was noted by an earlier run.
    """

    def __init__(self, notes: Mapping[str, str], clock: Clock) -> None:
        self._clock = clock
        self._kept = {
            name.removeprefix(_PREFIX): use
            for name, text in notes.items()
            if name.startswith(_PREFIX) and (use := _use(text)) is not None
        }
        self._links: dict[str, MeteredLink] = {}
        self._heard: dict[str, Traffic] = {}

    def link(self, gateway: Gateway, plant: Plant, counts: Callable[[], tuple[int, int, int]]) -> MeteredLink:
        """Return the link of a gateway, which goes on counting where its predecessor ended."""
        return self._make(gateway, plant, counts)

    def _make(
        self,
        gateway: Gateway,
        plant: Plant,
        counts: Callable[[], tuple[int, int, int]],
        *,
        published: bool = False,
    ) -> MeteredLink:
        before = self._links.get(gateway.gateway_id)
        kept = self._kept.get(gateway.gateway_id) if before is None else before.use
        made = self._links[gateway.gateway_id] = MeteredLink(
            gateway, plant, self._clock, counts, kept, published=published
        )
        return made

    def heard(self, gateway: Gateway, plant: Plant, size_bytes: int) -> None:
        """Count a message a gateway published, and what acknowledges it."""
        known = self._links.get(gateway.gateway_id)
        if known is None or known.gateway != gateway:
            traffic = self._heard[gateway.gateway_id] = Traffic()
            self._make(gateway, plant, lambda: traffic.counts, published=True)
        traffic, now_s = self._heard[gateway.gateway_id], self._clock.monotonic()
        traffic.received(size_bytes + _PUBLISH_BYTES, now_s)
        traffic.sent(_PUBLISH_ACK_BYTES, now_s)

    def tally(self) -> None:
        """Count what was published since last called; once a period."""
        for name in self._heard:
            self._links[name].skip(Light.DAY)

    def states(self) -> list[LinkState]:
        """Return how every link stands, by gateway."""
        return [link.state() for _, link in sorted(self._links.copy().items())]

    def keep_only(self, gateway_ids: Collection[str]) -> None:
        """Forget the links of gateways that are no more."""
        self._links = {name: link for name, link in self._links.items() if name in gateway_ids}
        self._heard = {name: traffic for name, traffic in self._heard.items() if name in gateway_ids}

    def take_unsaved(self) -> dict[str, str]:
        """Return notes to be kept."""
        found = {}
        for link in self._links.values():
            if link.unsaved:
                name, text = link.note()
                found[name] = text
                link.saved()
        return found

    def put_back(self, notes: Mapping[str, str]) -> None:
        """Keep notes for another try: the disk refused."""
        for name in notes:
            link = self._links.get(name.removeprefix(_PREFIX))
            if name.startswith(_PREFIX) and link is not None:
                link.unsaved = True


def _smoothed(before: float | None, new: float) -> float:
    return new if before is None else before + _SMOOTH * (new - before)


def _day_s(day: date, plant: Plant) -> float:
    """Return how long the sun is up enough for a wire to be asked at its day's pace. [s]"""
    start_s = start_of_day(day, plant.time_zone).timestamp()
    elevation, _ = sun_position(start_s + np.arange(0.0, 86_400.0, 300.0), plant.latitude, plant.longitude)
    return float(np.mean(elevation >= NIGHT_ELEVATION_DEG) * 86_400.0)


def _use(text: str) -> LinkUse | None:
    try:
        said: dict[str, Any] = orjson.loads(text)
        return LinkUse(**{**said, "begins": date.fromisoformat(said["begins"])})
    except (ValueError, TypeError, KeyError):
        log.warning("what an earlier run noted of a link is damaged; its bytes are counted from now on")
        return None
