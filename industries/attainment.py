"""Target, path of the season, forecast with band; ahead or behind, and whose gap it is. None stays None."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from statistics import stdev

from domain.industry import Report
from industries.indicator import Indicator, IndicatorKind

BAND_Z = Decimal("1.2816")  # four times in five the year ends within the band
MONTHS_FOR_BAND = 2
_WHOLE = Decimal(1)


class Standing(StrEnum):
    """Where an industry or a town stands against its path."""

    AHEAD = "ahead"
    ON_PATH = "on_path"
    BEHIND = "behind"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class TownAttainment:
    """One town's part. ``reached`` None: it never reported this year; ``missing`` are months without a report."""

    town_id: str
    task: Decimal | None
    task_assumed: bool
    expected: Decimal | None
    reached: Decimal | None
    missing: tuple[int, ...]
    standing: Standing

    @property
    def gap(self) -> Decimal | None:
        """Reached less expected; a town that is silent where something was due lacks all of it as far as anyone knows."""
        if self.expected is None or self.reached is None:
            return None
        return self.reached - self.expected


@dataclass(frozen=True, slots=True)
class Attainment:
    """An indicator at the end of a month, in its base unit. Forecasts are for the year's end.

    ``complete`` is the share of town reports due so far that are there.
    """

    indicator: Indicator
    period: str
    target: Decimal | None
    expected: Decimal | None
    reached: Decimal | None
    forecast: Decimal | None
    forecast_low: Decimal | None
    forecast_high: Decimal | None
    complete: Decimal | None
    standing: Standing
    towns: tuple[TownAttainment, ...]

    @property
    def share(self) -> Decimal | None:
        """Reached over target."""
        return None if self.target is None or self.reached is None else self.reached / self.target

    @property
    def gap_makers(self) -> tuple[TownAttainment, ...]:
        """The towns that are short, the largest gap first."""
        short = [one for one in self.towns if one.gap is not None and one.gap < 0]
        return tuple(sorted(short, key=lambda one: (one.gap or 0, one.town_id)))

    @property
    def silent(self) -> tuple[str, ...]:
        """The towns whose report of the month is missing."""
        month = int(self.period[5:7])
        return tuple(one.town_id for one in self.towns if month in one.missing)


def reached_by(kind: IndicatorKind, values: Mapping[int, Decimal], month: int) -> Decimal | None:
    """Return what a year's monthly values come to by the end of a month.

    A flow is summed; of the other kinds the newest value holds until a newer one is there.
    """
    known = {at: value for at, value in values.items() if at <= month}
    if not known:
        return None
    if kind is IndicatorKind.FLOW:
        return sum(known.values(), Decimal(0))
    return known[max(known)]


def attain(
    indicator: Indicator,
    period: str,
    reports: Iterable[Report],
    villages: Mapping[str, int],
    behind: Decimal,
) -> Attainment:
    """Return where an indicator stands at the end of ``period``.

    Parameters
    ----------
    reports : iterable of Report
        Newest versions of the towns' reports of the year; those sent back do not count.
    villages : mapping
        Number of villages of each town: splits the target where nobody set tasks.
    """
    month, by_town = int(period[5:7]), _values(indicator, period, reports)
    towns = tuple(
        _town(indicator, town, month, by_town.get(town, {}), villages, behind) for town in sorted(villages)
    )
    reached = _total(indicator.kind, [one.reached for one in towns])
    expected = indicator.expected_base(month)
    series = [
        _total(indicator.kind, [reached_by(indicator.kind, by_town.get(town, {}), at) for town in villages])
        for at in range(1, month + 1)
    ]
    forecast, low, high = _forecast(indicator, month, series)
    due = month * len(towns)
    there = due - sum(len(one.missing) for one in towns)
    return Attainment(
        indicator,
        period,
        indicator.target_base,
        expected,
        reached,
        forecast,
        low,
        high,
        Decimal(there) / due if due else None,
        standing_of(reached, expected, behind),
        towns,
    )


def standing_of(reached: Decimal | None, expected: Decimal | None, behind: Decimal) -> Standing:
    """Return where something stands; without a path or a report nobody knows."""
    if reached is None or expected is None:
        return Standing.UNKNOWN
    if reached < expected * (1 - behind):
        return Standing.BEHIND
    return Standing.AHEAD if reached > expected * (1 + behind) else Standing.ON_PATH


def tasks_of(indicator: Indicator, villages: Mapping[str, int]) -> tuple[dict[str, Decimal], bool]:
    """Return each town's part of the target in the base unit, and whether it was split by villages only."""
    target = indicator.target_base
    if target is None:
        return {}, False
    if indicator.tasks:
        return {town: task for town in villages if (task := indicator.task_base(town)) is not None}, False
    total = sum(villages.values())
    return ({town: target * count / total for town, count in villages.items()} if total else {}), True


def _values(indicator: Indicator, period: str, reports: Iterable[Report]) -> dict[str, dict[int, Decimal]]:
    found: dict[str, dict[int, Decimal]] = {}
    for one in reports:
        fits = one.indicator_id == indicator.indicator_id and one.period[:4] == period[:4]
        if fits and one.counts and one.period <= period:
            found.setdefault(one.reporter_id, {})[one.month] = one.value
    return found


def _town(
    indicator: Indicator,
    town: str,
    month: int,
    values: Mapping[int, Decimal],
    villages: Mapping[str, int],
    behind: Decimal,
) -> TownAttainment:
    tasks, assumed = tasks_of(indicator, villages)
    task, share = tasks.get(town), indicator.path.get(month)
    expected = None if task is None or share is None else task * share
    reached = reached_by(indicator.kind, values, month)
    missing = tuple(at for at in range(1, month + 1) if at not in values)
    return TownAttainment(
        town, task, assumed, expected, reached, missing, standing_of(reached, expected, behind)
    )


def _total(kind: IndicatorKind, parts: Sequence[Decimal | None]) -> Decimal | None:
    known = [one for one in parts if one is not None]
    if not known:
        return None
    total = sum(known, Decimal(0))
    return total / len(known) if kind is IndicatorKind.PRICE else total


def _forecast(
    indicator: Indicator, month: int, series: Sequence[Decimal | None]
) -> tuple[Decimal | None, Decimal | None, Decimal | None]:
    """Return the year's end if the season goes on as assumed, and the band its scatter so far leaves.

    Each month's pace is what was done over what the path wanted; the rest of the year goes on at the mean pace
    (a flow) or stays at the pace of now (the other kinds).
    """
    target, share, now = indicator.target_base, indicator.path.get(month), series[-1] if series else None
    if target is None or not share or now is None:
        return None, None, None
    paces = _paces(indicator, series)
    pace = now / (target * share)
    rest = 1 - share if indicator.kind is IndicatorKind.FLOW else _WHOLE
    middle = now + pace * target * rest if indicator.kind is IndicatorKind.FLOW else pace * target
    if len(paces) < MONTHS_FOR_BAND:
        return _round(middle), None, None
    scatter = Decimal(str(stdev(float(one) for one in paces)))
    width = BAND_Z * scatter * rest * target * (1 + _WHOLE / len(paces)).sqrt() if share < 1 else Decimal(0)
    return _round(middle), _round(max(middle - width, Decimal(0))), _round(middle + width)


def _paces(indicator: Indicator, series: Sequence[Decimal | None]) -> list[Decimal]:
    """Return, for each month so far, what was done over what the path wanted in it."""
    target, found = indicator.target_base, []
    flow = indicator.kind is IndicatorKind.FLOW
    for at, reached in enumerate(series, 1):
        share = indicator.path.get(at, Decimal(0))
        before_share = indicator.path.get(at - 1, Decimal(0)) if flow else Decimal(0)
        before = (series[at - 2] or Decimal(0)) if flow and at > 1 else Decimal(0)
        wanted = (share - before_share) * (target or 0)
        if reached is not None and wanted > 0:
            found.append((reached - before) / wanted)
    return found


def _round(value: Decimal) -> Decimal:
    return value.quantize(_WHOLE, ROUND_HALF_UP)
