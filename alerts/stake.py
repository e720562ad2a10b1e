"""What an alert costs and what a coming day would cost: kilowatt-hours, fen, and severity by fen."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

import numpy as np

from alerts.context import Stakes
from alerts.judgement import Judgement, floats
from alerts.scene import Scene
from alerts.windows import days_of
from domain.alert import Alert, Severity
from domain.series import Floats

_HOURS_OF_A_DAY = 3.0  # full-load hours of a usual day: about 1,090 a year
_KWH = 3.6e6  # watt seconds
_WORTH = 0.05  # instants that lose less say little about the alert


def lost_w(scene: Scene, judgement: Judgement, row: int, span: slice) -> Floats | None:
    """Return lost power of a row over a span, never negative, NaN unknown; None where nobody can tell. [W]"""
    if judgement.lost_w is not None:
        found = judgement.lost_w(row)
        return None if found is None else floats(np.maximum(found[span], 0.0))
    if judgement.drop is None:
        return None
    units = units_of(scene, judgement, row)
    if not units:
        return None
    power = np.nansum(scene.power_w[units][:, span], axis=0)
    drop = np.clip(judgement.drop[row, span], 0.0, 0.95)
    return floats(np.maximum(power * drop / (1.0 - drop), 0.0))


def units_of(scene: Scene, judgement: Judgement, row: int) -> list[int]:
    """Return the numbers of the units a row is about: one inverter, or all of a plant."""
    subject = judgement.subjects[row]
    return [
        number
        for number, each in enumerate(scene.subjects)
        if each.plant_id == subject.plant_id and subject.device_id in ("", each.device_id)
    ]


def priced(scene: Scene, judgement: Judgement, row: int, span: slice, alert: Alert) -> Alert:
    """Return the alert with lost energy and money, and what a coming day would cost."""
    lost = lost_w(scene, judgement, row, span)
    if lost is None or not np.isfinite(lost).any():
        return alert
    by_day = _by_day(scene, lost, span)
    lost_kwh = sum(kwh for _, kwh in by_day)
    prices = {day: scene.context.prices(alert.plant_id, day) for day, _ in by_day}
    fen = [(kwh, prices[day]) for day, kwh in by_day]
    lost_fen = None
    if all(price is not None for _, price in fen):
        lost_fen = round(sum(kwh * price for kwh, price in fen if price is not None))
    at_risk_fen = None
    price = prices[by_day[-1][0]]
    if price is not None:
        at_risk_fen = round(_coming_day_kwh(scene, judgement, row, lost, span) * price)
    return replace(alert, lost_kwh=round(lost_kwh, 3), lost_fen=lost_fen, at_risk_fen=at_risk_fen)


def _by_day(scene: Scene, lost: Floats, span: slice) -> list[tuple[date, float]]:
    days = days_of(scene)
    kwh = np.where(np.isfinite(lost), lost, 0.0) * scene.step_s / _KWH
    number = days.index[span]
    sums = np.bincount(number - number[0], weights=kwh)
    first = int(days.ordinal[days.first[number[0]]])
    return [(date(1970, 1, 1) + timedelta(days=first + n), float(each)) for n, each in enumerate(sums)]


def _coming_day_kwh(scene: Scene, judgement: Judgement, row: int, lost: Floats, span: slice) -> float:
    """Return what a usual day would cost: the lost share of what was to be expected, times a usual day."""
    units = units_of(scene, judgement, row)
    rated_w = float(np.nansum(scene.rated_w[units])) if units else 0.0
    usual_kwh = rated_w * _HOURS_OF_A_DAY / 1000.0
    if not units:
        return 0.0
    power = np.nansum(scene.power_w[units][:, span], axis=0)
    known = np.isfinite(lost)
    should = power + np.where(known, lost, 0.0)
    worst = known & (lost > _WORTH * should)
    worst = worst if worst.any() else known
    expected = float(should[worst].sum())
    share = float(lost[worst].sum()) / expected if expected > 0 else 0.0
    return min(share, 1.0) * usual_kwh


def by_money(alert: Alert, stakes: Stakes, fixed: Sequence[str] = ()) -> Alert:
    """Return the alert with its severity one step up or down by what a coming day would cost.

    Danger (S1) stays what it is, and so do the rules in ``fixed``: safety is not priced.
    """
    if alert.at_risk_fen is None or alert.severity is Severity.S1 or alert.rule in fixed:
        return alert
    if alert.at_risk_fen > stakes.raise_above_fen:
        return replace(alert, severity=Severity(max(alert.severity - 1, Severity.S2)))
    if alert.at_risk_fen < stakes.lower_below_fen and alert.severity is not Severity.S4:
        return replace(alert, severity=Severity(alert.severity + 1))
    return alert
