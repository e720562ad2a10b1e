"""Links that are paid for: what went over them, whether the plan lasts, when it ends.

The collector says how its wires stand with its heartbeat, so that whoever serves pages, judges or examines can
tell of them, also from another process. The number of a SIM is never shown whole.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from domain.link import WARN_DAYS, LinkState, LinkUse, days_left
from domain.plant import Gateway, Plant, Registry
from stores.sample_account_protocol import Heartbeat

_PREFIX = "link/"
_FIELDS = ("begins", "sent", "received", "overhead", "plan", "forecast", "exhausted_at", "stretch")


@dataclass(frozen=True, slots=True)
class LinkRow:
    """One gateway with a SIM. ``state`` is None while no collector has told of it; ``days`` may be negative."""

    plant: Plant
    gateway: Gateway
    state: LinkState | None
    days: int | None

    @property
    def ends_soon(self) -> bool:
        """Whether its plan ends within thirty days, or has ended."""
        return self.days is not None and self.days <= WARN_DAYS

    @property
    def runs_out(self) -> bool:
        """Whether its plan would not last at the usual pace."""
        return self.state is not None and self.state.plan_bytes > 0 and self.state.exhausted_at is not None

    @property
    def is_slowed(self) -> bool:
        """Whether it is asked more rarely so that the plan lasts."""
        return self.state is not None and self.state.stretch > 1


def link_figures(states: Iterable[LinkState], registry: Registry, now: datetime) -> dict[str, float]:
    """Return what a heartbeat says of links: metrics of all together, and each link for `links_of`."""
    found: dict[str, float] = {}
    states = list(states)
    for state in states:
        if state.gateway_id in registry.gateways_by_id:
            found |= {f"{_PREFIX}{state.gateway_id}/{name}": value for name, value in _told(state).items()}
    rows = links_of(registry, (), now, {state.gateway_id: state for state in states})
    return found | {
        "pvmon_link_sent_bytes": float(sum(state.use.sent_bytes for state in states)),
        "pvmon_link_received_bytes": float(sum(state.use.received_bytes for state in states)),
        "pvmon_link_overhead_bytes": float(sum(state.use.overhead_bytes for state in states)),
        "pvmon_links_metered": float(sum(state.plan_bytes > 0 for state in states)),
        "pvmon_links_slowed": float(sum(row.is_slowed for row in rows)),
        "pvmon_links_exhausting": float(sum(row.runs_out for row in rows)),
        "pvmon_links_ending": float(sum(row.ends_soon for row in rows)),
    }


def _told(state: LinkState) -> dict[str, float]:
    use = state.use
    told = {
        "begins": float(use.begins.toordinal()),
        "sent": float(use.sent_bytes),
        "received": float(use.received_bytes),
        "overhead": float(use.overhead_bytes),
        "plan": float(state.plan_bytes),
        "stretch": float(state.stretch),
    }
    if state.forecast_bytes is not None:
        told["forecast"] = state.forecast_bytes
    if state.exhausted_at is not None:
        told["exhausted_at"] = state.exhausted_at.timestamp()
    return told


def _heard(beats: Iterable[Heartbeat]) -> dict[str, LinkState]:
    """Return the links heartbeats tell of."""
    parts: dict[str, dict[str, float]] = {}
    for beat in beats:
        for key, value in beat.figures.items():
            gateway_id, _, name = key.removeprefix(_PREFIX).rpartition("/")
            if key.startswith(_PREFIX) and name in _FIELDS:
                parts.setdefault(gateway_id, {})[name] = value
    return {name: _state(name, told) for name, told in parts.items() if "begins" in told}


def _state(gateway_id: str, told: Mapping[str, float]) -> LinkState:
    sent, received, overhead = (round(told.get(name, 0.0)) for name in ("sent", "received", "overhead"))
    at = told.get("exhausted_at")
    return LinkState(
        gateway_id,
        LinkUse(date.fromordinal(round(told["begins"])), sent, received, overhead),
        round(told.get("plan", 0.0)),
        told.get("forecast"),
        None if at is None else datetime.fromtimestamp(at, UTC),
        round(told.get("stretch", 1.0)),
    )


def links_of(
    registry: Registry,
    beats: Iterable[Heartbeat],
    now: datetime,
    known: Mapping[str, LinkState] | None = None,
) -> list[LinkRow]:
    """Return every gateway with a SIM, those that need somebody first."""
    states = _heard(beats) if known is None else known
    rows = [
        LinkRow(
            plant,
            gateway,
            states.get(gateway.gateway_id),
            days_left(gateway.plan_until, now, plant.time_zone),
        )
        for plant in registry.plants
        for gateway in plant.gateways
        if gateway.sim or gateway.is_metered
    ]
    return sorted(rows, key=_urgency)


def _urgency(row: LinkRow) -> tuple[bool, bool, str]:
    return not row.ends_soon, not (row.runs_out or row.is_slowed), row.gateway.gateway_id


def troubled(rows: Sequence[LinkRow]) -> tuple[list[LinkRow], list[LinkRow]]:
    """Return those whose plan ends soon, and those whose plan would not last."""
    return [row for row in rows if row.ends_soon], [row for row in rows if row.runs_out]
