"""What somebody should look at: behind the path, no report, a fallen price, claims that eat a fund. Pure.

What nobody knows raises nothing and ends nothing: an indicator without a path is not behind, a price without a
month before has not fallen, and silence does not bring an industry back to its path. Notices are what a page
says; findings are the same with the verdict an alert lives by.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from domain.alert import Verdict
from domain.industry import Finding, IndustryRule
from industries.attainment import Attainment, Standing
from industries.fund import FundStanding
from industries.indicator import IndicatorKind
from industries.rules import FundKind, Limits
from texts.loader import Texts

GAP_MAKERS = 3  # towns named as making a gap


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing to look at. ``rule`` is ``behind``, ``no_report``, ``price_drop`` or ``claim_rate``."""

    rule: str
    subject: str
    values: Mapping[str, object] = field(default_factory=dict)

    def words(self, texts: Texts, **names: object) -> str:
        """Return it in the reader's language; ``names`` are words of the reader's language."""
        return texts(f"industries.notice.{self.rule}", **{**self.values, **names})


def behind(rows: Iterable[Attainment]) -> list[Notice]:
    """Return the indicators that are behind their path."""
    found = []
    for one in rows:
        if one.standing is Standing.BEHIND and one.reached is not None and one.expected:
            share = f"{(one.reached / one.expected * 100).quantize(Decimal('0.1'))} %"
            found.append(Notice("behind", one.indicator.indicator_id, {"share": share}))
    return found


def unreported(missing: Mapping[str, int], due_on: date, today: date) -> list[Notice]:
    """Return the towns whose reports are missing after the due day; ``missing`` counts numbers by town."""
    if today <= due_on:
        return []
    days = (today - due_on).days
    return [
        Notice("no_report", town, {"count": count, "days": days}) for town, count in missing.items() if count
    ]


def price_drops(now: Iterable[Attainment], before: Iterable[Attainment], limits: Limits) -> list[Notice]:
    """Return the prices that fell by more than the limit against the month before."""
    last = {one.indicator.indicator_id: one.reached for one in before}
    found = []
    for one in now:
        old = last.get(one.indicator.indicator_id)
        if one.indicator.kind is not IndicatorKind.PRICE or one.reached is None or not old:
            continue
        fall = (old - one.reached) / old
        if fall > limits.price_drop:
            share = f"{(fall * 100).quantize(Decimal('0.1'))} %"
            found.append(Notice("price_drop", one.indicator.indicator_id, {"share": share}))
    return found


def claim_rates(funds: Iterable[FundStanding], limits: Limits) -> list[Notice]:
    """Return the guarantee funds that granted more than the limit of what they received."""
    found = []
    for one in funds:
        rate = one.claim_rate
        if one.fund.kind is FundKind.GUARANTEE and rate is not None and rate > limits.claim_rate:
            share = f"{(rate * 100).quantize(Decimal('0.1'))} %"
            found.append(Notice("claim_rate", one.fund.fund_id, {"share": share}))
    return found


def judged_period(today: date, due_day: int) -> str:
    """Return the newest month whose reports are due: a month in which they may still come is not judged."""
    back = 1 if today.day > due_day else 2
    year, month = divmod(today.year * 12 + today.month - 1 - back, 12)
    return f"{year:04d}-{month + 1:02d}"


def of_indicators(
    rows: Iterable[Attainment], notices: Iterable[Notice], period: str, towns: Mapping[str, str]
) -> list[Finding]:
    """Return what is so of indicators: behind the path and who makes the gap, a fallen price.

    Parameters
    ----------
    towns : mapping
        The name of each town.
    """
    said = {(one.rule, one.subject): str(one.values["share"]) for one in notices if "share" in one.values}
    found = []
    for one in rows:
        indicator, price = one.indicator, one.indicator.kind is IndicatorKind.PRICE
        rule, word = (IndustryRule.PRICE_DROP, "price_drop") if price else (IndustryRule.BEHIND, "behind")
        share = said.get((word, indicator.indicator_id))
        evidence = {"name": indicator.name, "name_en": indicator.name_en, "period": period}
        if share is not None:
            makers = [towns.get(each.town_id, each.town_id) for each in one.gap_makers[:GAP_MAKERS]]
            evidence |= {"share": share, "towns": "、".join(makers)} if makers else {"share": share}
        unknown = one.reached is None if price else one.standing is Standing.UNKNOWN
        verdict = Verdict.UNKNOWN if unknown else Verdict.TRUE if share is not None else Verdict.FALSE
        found.append(Finding(rule, indicator.indicator_id, "", verdict, evidence))
    return found


def of_funds(funds: Iterable[FundStanding], limits: Limits) -> list[Finding]:
    """Return what is so of guarantee funds."""
    standings = [one for one in funds if one.fund.kind is FundKind.GUARANTEE]
    said = {one.subject: str(one.values["share"]) for one in claim_rates(standings, limits)}
    found = []
    for one in standings:
        name, share = one.fund.fund_id, said.get(one.fund.fund_id)
        evidence = {"name": one.fund.name, "name_en": one.fund.name_en} | ({"share": share} if share else {})
        unknown = one.claim_rate is None
        verdict = Verdict.UNKNOWN if unknown else Verdict.TRUE if share else Verdict.FALSE
        found.append(Finding(IndustryRule.CLAIM_RATE, name, "", verdict, evidence))
    return found


def of_towns(missing: Mapping[str, int], period: str, names: Mapping[str, tuple[str, str]]) -> list[Finding]:
    """Return which towns still owe numbers of a month that is due; each month is a thing of its own."""
    found = []
    for town, count in missing.items():
        name, name_en = names.get(town, (town, town))
        evidence = {"name": name, "name_en": name_en, "period": period, "count": str(count)}
        verdict = Verdict.TRUE if count else Verdict.FALSE
        found.append(Finding(IndustryRule.NO_REPORT, town, period, verdict, evidence))
    return found
