"""A number on its way to become a report: what is refused, and what is asked about before it is kept.

Refused: it cannot be right (no number, negative, the future, more land than there is, a second one without a
reason). Asked: it may be right, but looks like a slip (another unit, out of season, far from the neighbours); who
enters it confirms it, and the flag stays with the report.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from statistics import median

from domain.errors import CommandError
from domain.industry import Report, ReporterKind, ReportMark
from industries.indicator import EntryUnit, Indicator, IndicatorKind
from industries.rules import Limits
from texts.loader import Texts

SLIP_LOW, SLIP_HIGH = Decimal("0.5"), Decimal(2)  # a unit taken wrongly lands this near the factor
_DECIMALS_MAX = 4
_DIGITS_MAX = 13


@dataclass(frozen=True, slots=True)
class ReportFault:
    """Something about a number. ``refuses``: it cannot be kept; else it must be confirmed. ``row`` of a file or 0."""

    key: str
    refuses: bool
    values: Mapping[str, object] = field(default_factory=dict)
    row: int = 0

    def words(self, texts: Texts) -> str:
        """Return it in the reader's language, with the row where there is one."""
        said = texts(f"industries.fault.{self.key}", **self.values)
        return texts("industries.fault.in_row", row=self.row, said=said) if self.row else said


class ReportRefusedError(CommandError):
    """Numbers are refused, for every reason at once; nothing was kept."""

    def __init__(self, faults: Sequence[ReportFault]) -> None:
        self.faults = tuple(faults)
        super().__init__(self.words(Texts("en")))

    def words(self, texts: Texts) -> str:
        """Return every reason in the reader's language."""
        return "; ".join(one.words(texts) for one in self.faults)


def refuse(key: str, /, **values: object) -> ReportRefusedError:
    """Return the error of a single reason."""
    return ReportRefusedError([ReportFault(key, refuses=True, values=values)])


@dataclass(frozen=True, slots=True)
class Draft:
    """What a person typed. ``reason`` is why a report that is there already is corrected."""

    indicator: Indicator
    reporter_kind: ReporterKind
    reporter_id: str
    period: str
    text: str
    unit: EntryUnit
    mark: ReportMark = ReportMark.ENTERED
    reason: str = ""
    note: str = ""
    evidence: tuple[str, ...] = ()
    row: int = 0


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is known around a number. Values are in the base unit; None: not known.

    ``land_mu`` is the land of the reporter's villages, ``area_mu`` that of a base; ``neighbours`` are the values
    per village of other towns in the same month; ``task`` is the reporter's part of the year's target.
    """

    today: date
    limits: Limits
    units: tuple[EntryUnit, ...]
    existing: Report | None = None
    last_month: Report | None = None
    last_year: Report | None = None
    land_mu: Decimal | None = None
    area_mu: Decimal | None = None
    villages: int = 0
    neighbours: tuple[Decimal, ...] = ()
    task: Decimal | None = None


def value_of(draft: Draft, around: Surroundings) -> Decimal | None:
    """Return the number in the base unit, None when it cannot be read."""
    if draft.mark is ReportMark.SAME:
        return None if around.last_month is None else around.last_month.value
    try:
        number = Decimal(draft.text.strip().replace(",", "").replace("\uff0c", ""))
    except InvalidOperation:
        return None
    if not number.is_finite() or abs(number) >= Decimal(10) ** _DIGITS_MAX:
        return None
    return number * draft.unit.factor


def examine(draft: Draft, around: Surroundings) -> tuple[Decimal | None, list[ReportFault]]:
    """Return the value and everything about it, what refuses first."""
    refused = _refused_outright(draft, around)
    value = value_of(draft, around)
    if value is None:
        key = "no_last_month" if draft.mark is ReportMark.SAME else "no_number"
        return None, [*refused, _fault(draft, key, refuses=True, text=draft.text.strip()[:40])]
    refused += _refused_value(draft, value, around)
    if refused:
        return value, refused
    return value, _asked(draft, value, around)


def _fault(draft: Draft, key: str, *, refuses: bool, **values: object) -> ReportFault:
    return ReportFault(key, refuses, values, draft.row)


def _refused_outright(draft: Draft, around: Surroundings) -> list[ReportFault]:
    found = []
    if draft.period > f"{around.today:%Y-%m}":
        found.append(_fault(draft, "future", refuses=True, period=draft.period))
    if f"{draft.indicator.valid_from:%Y-%m}" > draft.period:
        found.append(_fault(draft, "not_yet", refuses=True, period=draft.period))
    if around.existing is not None and not draft.reason.strip():
        version = around.existing.version
        found.append(_fault(draft, "there_already", refuses=True, period=draft.period, version=version))
    if draft.unit.base != draft.indicator.unit.base:
        found.append(_fault(draft, "other_unit", refuses=True, unit=draft.unit.name))
    return found


def _refused_value(draft: Draft, value: Decimal, around: Surroundings) -> list[ReportFault]:
    found = []
    exponent = (value / draft.unit.factor).normalize().as_tuple().exponent
    if isinstance(exponent, int) and -exponent > _DECIMALS_MAX:
        found.append(_fault(draft, "decimals", refuses=True, count=_DECIMALS_MAX))
    if value < 0:
        found.append(_fault(draft, "negative", refuses=True))
    if value == 0 and draft.mark is ReportMark.ENTERED:
        found.append(_fault(draft, "zero_unsaid", refuses=True))
    if value != 0 and draft.mark is ReportMark.ZERO:
        found.append(_fault(draft, "zero_not_zero", refuses=True))
    if draft.indicator.is_area:
        land = around.area_mu if draft.reporter_kind is ReporterKind.BASE else around.land_mu
        if land is not None and value > land:
            found.append(_fault(draft, "land", refuses=True, value=f"{value:,f}", land=f"{land:,f}"))
    return found


def _asked(draft: Draft, value: Decimal, around: Surroundings) -> list[ReportFault]:
    """Return what is odd; one slip of the unit explains every other oddity."""
    if draft.mark is ReportMark.ZERO:
        return _fell_to_zero(draft, around)
    slip = _slip(draft, value, around)
    if slip is not None:
        return [slip]
    found = [
        _repeats(draft, value, around),
        _rose(draft, value, around),
        _fell_back(draft, value, around),
        _out_of_season(draft, value, around),
        _over_neighbours(draft, value, around),
        _too_dense(draft, value, around),
    ]
    return [one for one in found if one is not None]


def _known_before(around: Surroundings) -> list[Decimal]:
    reports = (around.last_year, around.last_month)
    return [one.value for one in reports if one is not None and one.value > 0]


def _slip(draft: Draft, value: Decimal, around: Surroundings) -> ReportFault | None:
    """Return the unit that was probably meant: what was there before is about a unit's factor away."""
    before = _known_before(around)
    if not before and around.neighbours and around.villages:
        before = [Decimal(median(around.neighbours)) * around.villages]
    for unit in around.units:
        factor = draft.unit.factor / unit.factor
        if factor == 1:
            continue
        if any(old > 0 and SLIP_LOW <= value / old / factor <= SLIP_HIGH for old in before):
            if any(old > 0 and SLIP_LOW <= value / old <= SLIP_HIGH for old in before):
                continue
            return _fault(draft, "unit", refuses=False, unit=unit.name, unit_en=unit.name_en)
    return None


def _repeats(draft: Draft, value: Decimal, around: Surroundings) -> ReportFault | None:
    moves = draft.indicator.kind in {IndicatorKind.FLOW, IndicatorKind.CUMULATIVE}
    last = around.last_month
    if moves and draft.mark is ReportMark.ENTERED and last is not None and last.value == value:
        return _fault(draft, "repeats", refuses=False, period=last.period)
    return None


def _rose(draft: Draft, value: Decimal, around: Surroundings) -> ReportFault | None:
    most = draft.indicator.rise_max
    flow = draft.indicator.kind is IndicatorKind.FLOW
    old = around.last_year if flow or around.last_month is None else around.last_month
    if most is None or old is None or old.value <= 0 or value <= old.value * most:
        return None
    times = (value / old.value).quantize(Decimal("0.1"))
    return _fault(draft, "rose", refuses=False, times=times, period=old.period)


def _fell_back(draft: Draft, value: Decimal, around: Surroundings) -> ReportFault | None:
    last = around.last_month
    same_year = last is not None and last.period[:4] == draft.period[:4]
    if draft.indicator.kind is IndicatorKind.CUMULATIVE and same_year and last and value < last.value:
        return _fault(draft, "fell_back", refuses=False, period=last.period)
    return None


def _fell_to_zero(draft: Draft, around: Surroundings) -> list[ReportFault]:
    last = around.last_month
    if draft.indicator.kind is IndicatorKind.STOCK and last is not None and last.value > 0:
        return [_fault(draft, "fell_to_zero", refuses=False, period=last.period)]
    return []


def _out_of_season(draft: Draft, value: Decimal, around: Surroundings) -> ReportFault | None:
    path, month = draft.indicator.path, int(draft.period[5:7])
    if draft.indicator.kind is not IndicatorKind.FLOW or month not in path or around.task is None:
        return None
    due = (path[month] - path.get(month - 1, Decimal(0))) * around.task
    most = due * (draft.indicator.rise_max or SLIP_HIGH)
    if value > most:
        return _fault(draft, "season", refuses=False, due=f"{due:,.0f}")
    return None


def _over_neighbours(draft: Draft, value: Decimal, around: Surroundings) -> ReportFault | None:
    if draft.reporter_kind is not ReporterKind.TOWN or not around.neighbours or not around.villages:
        return None
    usual = Decimal(median(around.neighbours))
    if usual <= 0 or value / around.villages <= usual * around.limits.neighbour_ratio:
        return None
    times = (value / around.villages / usual).quantize(Decimal("0.1"))
    return _fault(draft, "neighbours", refuses=False, times=times)


def _too_dense(draft: Draft, value: Decimal, around: Surroundings) -> ReportFault | None:
    most = draft.indicator.per_mu_max
    if most is None or around.area_mu is None or value <= most * around.area_mu:
        return None
    return _fault(draft, "dense", refuses=False, most=f"{most:,f}")
