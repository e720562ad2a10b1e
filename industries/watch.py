"""What somebody should look at: behind the path, no report, a fallen price, claims that eat a fund. Pure.

What nobody knows raises nothing: an indicator without a path is not behind, and a price without a month before
has not fallen.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from industries.attainment import Attainment, Standing
from industries.fund import FundStanding
from industries.indicator import IndicatorKind
from industries.rules import FundKind, Limits
from texts.loader import Texts


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
