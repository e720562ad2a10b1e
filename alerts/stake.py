"""What an alert costs and what a coming day would cost: kilowatt-hours, fen, and severity by fen."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date, timedelta

import numpy as np

from alerts.context import Stakes
from alerts.judgement import Judgement, floats, instant
from alerts.scene import Scene
from alerts.windows import days_of
from domain.alert import Alert, Severity
from domain.price import LostMoney, worth
from domain.series import Floats
from domain.timespan import day_of

LOST, AT_RISK = "lost", "at_risk"
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
    price_of = scene.context.prices
    cost = worth(by_day, alert.plant_id, price_of)
    today = price_of(alert.plant_id, max(by_day))
    risk = None if today is None else today.of(_coming_day_kwh(scene, judgement, row, lost, span))
    return replace(
        alert,
        lost_kwh=round(sum(by_day.values()), 3),
        lost_fen=None if cost is None else cost.total_fen,
        at_risk_fen=None if risk is None else risk.total_fen,
        evidence={**alert.evidence, **_parts(LOST, cost), **_parts(AT_RISK, risk)},
    )


def _parts(name: str, money: LostMoney | None) -> dict[str, str]:
    """Return the two parts of an amount as evidence: they are paid years apart. [fen]"""
    if money is None:
        return {}
    return {f"{name}_benchmark_fen": str(money.benchmark_fen), f"{name}_subsidy_fen": str(money.subsidy_fen)}


def carried(before: Alert, fresh: Alert, scene: Scene) -> Alert:
    """Return an alert that costs what it did ``before`` and what the ``fresh`` instants cost besides.

    While the price stays the same, money is taken from the whole energy: minutes that lose less than half a fen
    each would otherwise cost nothing for ever.
    """
    if before.lost_kwh is None or fresh.lost_kwh is None:
        kept = before if fresh.lost_kwh is None else fresh
        return replace(
            fresh, lost_kwh=kept.lost_kwh, lost_fen=kept.lost_fen, evidence=_evidence(before, fresh)
        )
    lost_kwh = round(before.lost_kwh + fresh.lost_kwh, 3)
    days = {day_of(at, scene.plants[0].zone) for at in (before.since, instant(scene.instants[-1]))}
    prices = {scene.context.prices(before.plant_id, day) for day in days}
    price = next(iter(prices))
    if len(prices) == 1:
        cost = None if price is None else price.of(lost_kwh)
        evidence = {**_evidence(before, fresh), **_parts(LOST, cost)}
        return replace(
            fresh, lost_kwh=lost_kwh, lost_fen=None if cost is None else cost.total_fen, evidence=evidence
        )
    known = before.lost_fen is not None and fresh.lost_fen is not None
    summed = {name: value for name, value in parts_together([before, fresh]).items() if name.startswith(LOST)}
    return replace(
        fresh,
        lost_kwh=lost_kwh,
        lost_fen=(before.lost_fen or 0) + (fresh.lost_fen or 0) if known else None,
        evidence={**_evidence(before, fresh), **(summed if known else {})},
    )


def at_risk_as(alert: Alert, before: Alert) -> Alert:
    """Return an alert with what was at risk before."""
    kept = {name: value for name, value in before.evidence.items() if name.startswith(AT_RISK)}
    own = {name: value for name, value in alert.evidence.items() if not name.startswith(AT_RISK)}
    return replace(alert, at_risk_fen=before.at_risk_fen, evidence={**own, **kept})


def _evidence(before: Alert, fresh: Alert) -> dict[str, str]:
    return {**before.evidence, **fresh.evidence}


def parts_together(alerts: Sequence[Alert]) -> dict[str, str]:
    """Return the parts of amounts of several alerts, summed; a part nobody knows is left out."""
    names = [f"{name}_{part}_fen" for name in (LOST, AT_RISK) for part in ("benchmark", "subsidy")]
    told = {name: [int(each.evidence[name]) for each in alerts if name in each.evidence] for name in names}
    return {name: str(sum(values)) for name, values in told.items() if values}


def _by_day(scene: Scene, lost: Floats, span: slice) -> dict[date, float]:
    days = days_of(scene)
    kwh = np.where(np.isfinite(lost), lost, 0.0) * scene.step_s / _KWH
    number = days.index[span]
    sums = np.bincount(number - number[0], weights=kwh)
    first = int(days.ordinal[days.first[number[0]]])
    return {date(1970, 1, 1) + timedelta(days=first + n): float(each) for n, each in enumerate(sums)}


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


def by_money(alert: Alert, stakes: Stakes, fixed: Collection[str] = ()) -> Alert:
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
