"""The loss ledger: every lost kilowatt-hour of a day in exactly one cause, and the parts add up.

Expected minus produced is split step by step. A step has one cause, by this order: no data, maintenance (a tag
hung there), announced outage, grid, snow, outage, curtailment, clipping, string, shade. What dirt takes is a share of the steps that nothing else
explains (`kpis.soiling`); what is left is unexplained, and may be negative, because a model errs on both sides. Expected is the power of healthy peers at the unit's size where there are three, and the unit's own
model of irradiance where there are not or where all of them are down.

A silence the counter closes is a loss only when the counter rose by less than the model's band explains;
then it was an outage. Without a counter it stays unknown: no loss is booked, and its range goes from nothing
to all that was expected.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from domain.price import LostMoney, PriceOf
from domain.series import DeviceSeries, Flag, Floats, PlantSeries
from kpis.data_quality import POWER
from kpis.expected import held, peer_power
from kpis.planned import Planned
from kpis.series_days import Days
from kpis.series_energy import StepEnergy, step_energy
from kpis.shading import in_shade
from kpis.snow import snowed_in
from kpis.soiling import cleaned, dirt_by_day
from kpis.string_loss import lost_to_strings

Mask = NDArray[np.bool_]
BAND_DEFAULT = 0.05
_SIGMAS = 2.0
_DOWN = 0.001  # of the 99th percentile: rdtools' limit of a stopped inverter
_WORTH = 0.02  # of the unit's size: below it nothing is expected that could be lost
_PEERS_TRUSTED = 0.5  # of the model: below it the peers are down themselves
_GRID_GONE = 0.2
_VOLTAGES = (
    "ac_phase_a_voltage_v", "ac_phase_b_voltage_v", "ac_phase_c_voltage_v",
    "ac_line_ab_voltage_v", "ac_line_bc_voltage_v", "ac_line_ca_voltage_v",
)  # fmt: skip


class Cause(Enum):
    """Why energy was lost, in order of precedence."""

    COMMUNICATION = "communication"  # not known: a range, closed by the counter when it returns
    MAINTENANCE = "maintenance"  # a tag hung there
    PLANNED_OUTAGE = "planned_outage"  # the feeder was off as announced
    GRID = "grid"
    SNOW = "snow"  # of the whole plant (`kpis.snow`): under it an inverter stands still as well
    OUTAGE = "outage"
    CURTAILMENT = "curtailment"
    CLIPPING = "clipping"
    STRING = "string"
    SHADE = "shade"
    SOILING = "soiling"  # of no step of its own: a share of what no other cause has
    UNEXPLAINED = "unexplained"


@dataclass(frozen=True, slots=True)
class Loss:
    """Energy one device lost on one local day by one cause, with the range it lies in. [kWh]"""

    day: date
    device_id: str
    cause: Cause
    lost_kwh: float
    low_kwh: float
    high_kwh: float
    method: str


@dataclass(frozen=True, slots=True)
class Ledger:
    """One device: energy expected and produced by day, and its losses. NaN where a day cannot be known. [kWh]"""

    device_id: str
    expected_kwh: Floats
    produced_kwh: Floats
    losses: tuple[Loss, ...]
    causes: NDArray[np.int8]  # of each step: number in `Cause`, -1 for none
    lost_wh: Floats  # of each step
    method: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a unit before its steps are looked at: stops on purpose, snow on it, the share dirt takes of each day."""

    planned: Planned | None
    snow: Mask | None
    dirt: Floats


def priced(loss: Loss, plant_id: str, price_of: PriceOf) -> LostMoney | None:
    """Return what a loss cost by the tariff of its day; None without a tariff."""
    price = price_of(plant_id, loss.day)
    return None if price is None else price.of(loss.lost_kwh)


def ledgers(
    series: PlantSeries, days: Days, planned: Mapping[str, Planned] | None = None
) -> dict[str, Ledger]:
    """Return the ledger of every inverter that has an expectation; flags and expected power must be in.

    ``planned`` says when a device stood still on purpose.
    """
    peers = peer_power(series)
    dirt = dirt_by_day(series, days)
    snow = snowed_in(series, days)
    found = {}
    for name, device in series.devices.items():
        if device.expected_power_w is not None or name in peers:
            known = Known((planned or {}).get(name), snow.get(name), dirt)
            found[name] = _ledger(series, days, device, peers.get(name), known)
    return found


def _reference(device: DeviceSeries, peers: Floats | None) -> tuple[Floats, str]:
    model = device.unlimited_power_w
    if model is None:
        assert peers is not None
        return peers, "peers"
    if peers is None or device.expected_source == "peers":
        return model, f"model:{device.expected_source}"
    trusted = ~np.isnan(peers) & ~(peers < _PEERS_TRUSTED * model)
    return np.where(trusted, peers, model), "peers"


def _ledger(
    series: PlantSeries,
    days: Days,
    device: DeviceSeries,
    peers: Floats | None,
    known_before: Known,
) -> Ledger:
    reference, method = _reference(device, peers)
    dirt = known_before.dirt
    reference = cleaned(reference, device.good(POWER), days, dirt, by_peers=method == "peers")
    energy = step_energy(series, device)
    expected = reference * series.step_s / 3600.0
    lost = expected - energy.energy_wh
    known = ~np.isnan(lost)
    dirty = reference * (1.0 - dirt)[days.codes]
    causes = _causes(series, days, device, (reference, dirty), energy, lost, known_before)
    spread = device.expected_spread
    band = _SIGMAS * spread if not np.isnan(spread) else BAND_DEFAULT
    losses = _losses(days, device.device.device_id, causes, lost, expected, band, method)
    losses = _with_dirt(losses, days, dirt, days.sums(np.where(known, expected, 0.0), where=_open(causes)))
    return Ledger(
        device.device.device_id,
        days.sums(expected, where=known) / 1000.0,
        days.sums(energy.energy_wh, where=known) / 1000.0,
        tuple(losses),
        causes,
        np.where(known, lost, 0.0),
        method,
    )


def _causes(
    series: PlantSeries,
    days: Days,
    device: DeviceSeries,
    references: tuple[Floats, Floats],
    energy: StepEnergy,
    lost: Floats,
    known_before: Known,
) -> NDArray[np.int8]:
    """Return the number of the cause of each step; -1 where nothing was expected and nothing made.

    ``references`` is what a clean unit would give, and what a dirty one would.
    """
    order = list(Cause)
    reference, dirty = references
    planned, snow = known_before.planned, known_before.snow
    power = device.good(POWER)
    size_w = float(np.nanquantile(reference, 0.99)) if not np.isnan(reference).all() else np.nan
    due = np.nan_to_num(reference) > _WORTH * size_w
    causes = np.full(len(reference), order.index(Cause.UNEXPLAINED), dtype=np.int8)
    causes[np.isnan(lost) | (np.nan_to_num(reference) <= 0) & (np.nan_to_num(energy.energy_wh) <= 0)] = -1
    marks = device.flags.get(POWER, np.zeros(len(reference), dtype=np.uint16))
    closed = _closed_silences(energy, lost, reference, power, series.step_s)
    said = power if power is not None else np.where(energy.estimated, np.nan, energy.energy_wh)
    top = float(np.nanquantile(said, 0.99)) if not np.isnan(said).all() else np.nan
    stopped = due & ((said <= max(_DOWN * top, 1.0)) | (closed == 1)) & ~np.isnan(lost)
    masks: Mapping[Cause, Mask] = {
        Cause.SHADE: in_shade(series, days, power, reference, stopped | held(marks)),
        Cause.STRING: lost_to_strings(series, days, device, dirty, stopped),
        Cause.CLIPPING: (marks & np.uint16(Flag.CLIPPED.value)) != 0,
        Cause.CURTAILMENT: (marks & np.uint16(Flag.CURTAILED.value)) != 0,
        Cause.OUTAGE: stopped,
        Cause.SNOW: due & snow if snow is not None else _never(stopped),
        Cause.GRID: stopped & _grid_gone(device),
        Cause.PLANNED_OUTAGE: stopped & planned.off if planned is not None else _never(stopped),
        Cause.MAINTENANCE: _worked_on(planned, due, lost, reference * series.step_s / 3600.0),
        Cause.COMMUNICATION: (closed == 0) | (np.isnan(energy.energy_wh) & due),
    }
    for cause, mask in masks.items():  # the last one wins
        causes[mask] = order.index(cause)
    for cause in (Cause.SHADE, Cause.CLIPPING, Cause.CURTAILMENT):
        own = causes == order.index(cause)
        gained = np.nan_to_num(days.sums(lost, where=own)) < 0.0  # a cause takes; what gave was the model
        causes[own & gained[days.codes]] = order.index(Cause.UNEXPLAINED)
    return causes


def _open(causes: NDArray[np.int8]) -> Mask:
    return np.asarray(causes == list(Cause).index(Cause.UNEXPLAINED))


def _with_dirt(losses: list[Loss], days: Days, dirt: Floats, open_wh: Floats) -> list[Loss]:
    """Return losses with the share of dirt taken out of what is unexplained, day by day."""
    share = dict(zip(days.days, (dirt * np.nan_to_num(open_wh) / 1000.0).tolist(), strict=True))
    found = []
    for loss in losses:
        kwh = share[loss.day] if loss.cause is Cause.UNEXPLAINED else 0.0
        if kwh > 0:
            room = loss.high_kwh - loss.lost_kwh
            found.append(
                replace(
                    _shifted(loss, kwh - loss.lost_kwh), cause=Cause.SOILING, low_kwh=max(kwh - room, 0.0)
                )
            )
        found.append(_shifted(loss, -kwh))
    return found


def _shifted(loss: Loss, by_kwh: float) -> Loss:
    parts = (loss.lost_kwh + by_kwh, loss.low_kwh + by_kwh, loss.high_kwh + by_kwh)
    return replace(loss, lost_kwh=parts[0], low_kwh=parts[1], high_kwh=parts[2])


def _never(like: Mask) -> Mask:
    return np.zeros(len(like), dtype=np.bool_)


def _worked_on(planned: Planned | None, due: Mask, lost: Floats, expected_wh: Floats) -> Mask:
    """Return where a tag hung and more was lost than a model errs."""
    if planned is None:
        return _never(due)
    return np.asarray(
        planned.tagged & due & (np.nan_to_num(lost) > BAND_DEFAULT * np.nan_to_num(expected_wh))
    )


def _closed_silences(
    energy: StepEnergy, lost: Floats, reference: Floats, power: Floats | None, step_s: float
) -> NDArray[np.int8]:
    """Return 0 in a silence the counter says was produced through, 1 in one it was not, -1 elsewhere."""
    silent = energy.estimated & (np.isnan(power) if power is not None else True) & ~np.isnan(lost)
    found = np.full(len(lost), -1, dtype=np.int8)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], silent.astype(np.int8), [0]])))
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        wanted = float(reference[start:end].sum() * step_s / 3600.0)
        if wanted > 0:
            found[start:end] = int(lost[start:end].sum() > 0.5 * wanted)
    return found


def _grid_gone(device: DeviceSeries) -> Mask:
    """Return where every phase that is measured has lost its voltage."""
    gone: list[Mask] = []
    for name in _VOLTAGES:
        volts = device.good(name)
        if volts is not None and not np.isnan(volts).all():
            usual = float(np.nanquantile(volts, 0.9))
            gone.append(np.asarray(volts < _GRID_GONE * usual))
    if not gone:
        return np.zeros(len(next(iter(device.values.values()))), dtype=bool)
    return np.asarray(np.all(gone, axis=0))


def _losses(
    days: Days, name: str, causes: NDArray[np.int8], lost: Floats, expected: Floats, band: float, method: str
) -> list[Loss]:
    found = []
    for number, cause in enumerate(Cause):
        mask = causes == number
        if not mask.any():
            continue
        wanted = days.sums(np.nan_to_num(expected), where=mask) / 1000.0
        told = days.sums(np.where(np.isnan(lost), 0.0, lost), where=mask) / 1000.0
        open_wh = days.sums(np.where(np.isnan(lost), np.nan_to_num(expected), 0.0), where=mask) / 1000.0
        for place, day in enumerate(days.days):
            if not np.isnan(told[place]):
                room = band * float(wanted[place] - open_wh[place])
                value = float(told[place])
                found.append(
                    Loss(day, name, cause, value, value - room, value + room + float(open_wh[place]), method)
                )
    return found
