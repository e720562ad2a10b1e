"""Income of villages and households by source, year against year; and who fell, as a question to the town.

Only what this system sees: the questions say so, and nobody is called poor by them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from domain.industry import IncomeQuestion

INCOME = "industry_income"


class IncomeSource(StrEnum):
    """Where money of a household or village comes from, as far as this system sees it."""

    POSTS = "posts"  # 光伏公益岗位、劳务
    AID = "aid"  # 光伏奖励补助
    SUBSIDY = "subsidy"  # 产业补贴
    GUARANTEE = "guarantee"  # 保障基金赔付
    WAGES = "wages"  # 产业务工
    PROFIT = "profit"  # 产业分红


@dataclass(frozen=True, slots=True)
class IncomePart:
    """One payment. ``household_id`` empty where it went to the village or an operator. [fen]"""

    source: IncomeSource
    village_id: str
    household_id: str
    period: str
    fen: int


@dataclass(frozen=True, slots=True)
class SourceYear:
    """A source in a year and the year before, over the same months. [fen]"""

    source: IncomeSource
    now_fen: int
    before_fen: int


def by_source(parts: Iterable[IncomePart], year: int, through_month: int) -> list[SourceYear]:
    """Return every source that ever paid in either year, over the same months of both."""
    now: dict[IncomeSource, int] = {}
    before: dict[IncomeSource, int] = {}
    for one in parts:
        at = int(one.period[:4])
        if int(one.period[5:7]) > through_month or at not in {year, year - 1}:
            continue
        into = now if at == year else before
        into[one.source] = into.get(one.source, 0) + one.fen
    return [
        SourceYear(one, now.get(one, 0), before.get(one, 0))
        for one in IncomeSource
        if one in now or one in before
    ]


def fallen_households(
    parts: Iterable[IncomePart],
    year: int,
    through_month: int,
    fall: Decimal,
    towns: Mapping[str, str],
    asked_at: datetime,
    keep_days: int,
) -> list[IncomeQuestion]:
    """Return the households that fell by ``fall`` or more, or lost the only source they had.

    ``towns`` maps villages to towns. The id of a question names village, household and year, so it is asked once a year.
    """
    by_home: dict[tuple[str, str], list[IncomePart]] = {}
    for one in parts:
        if one.household_id:
            by_home.setdefault((one.village_id, one.household_id), []).append(one)
    delete_on: date = asked_at.date() + timedelta(days=keep_days)
    found = []
    for (village, household), theirs in sorted(by_home.items()):
        rows = by_source(theirs, year, through_month)
        now, before = sum(one.now_fen for one in rows), sum(one.before_fen for one in rows)
        reason = _reason(rows, now, before, fall)
        if not reason or village not in towns:
            continue
        found.append(
            IncomeQuestion(
                f"{village}-{household}-{year}",
                towns[village],
                village,
                household,
                reason,
                before,
                now,
                asked_at,
                delete_on,
                sources=tuple(one.source.value for one in rows if one.before_fen),
            )
        )
    return found


def _reason(rows: Iterable[SourceYear], now: int, before: int, fall: Decimal) -> str:
    if before <= 0:
        return ""
    had = [one for one in rows if one.before_fen > 0]
    if len(had) == 1 and had[0].now_fen <= 0 and now <= 0:
        return "lost_only_source"
    return "fell" if now <= before * (1 - fall) else ""
