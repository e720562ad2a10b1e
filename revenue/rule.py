"""Rule versions of distribution (收益分配规则): dated data with a source; a plan is judged under the one of its day.

`config/distribution_rules.yaml` holds them. What varies by year or province is there; this file only judges.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from domain.money import Money
from revenue.refusal import refuse


class LineClass(StrEnum):
    """What a plan line is for (用途类别)."""

    POSTS = "posts"  # 公益岗位
    LABOUR = "labour"  # 参加村级公益事业的劳务
    WORKS = "works"  # 小型公益事业
    REWARD = "reward"  # 奖励
    AID = "aid"  # 补助
    RELIEF = "relief"  # 临时救助
    RETAINED = "retained"  # 村集体留存


_WORK = frozenset({LineClass.POSTS, LineClass.LABOUR})


class ShareBase(StrEnum):
    """What a least share is a share of."""

    GROSS = "gross"  # 发电收益
    NET = "net"  # after the deductions


@dataclass(frozen=True, slots=True)
class ForbiddenUse:
    """A use the rule forbids, and the words by which a plan line betrays it."""

    use_id: str
    zh: str
    en: str
    words: tuple[str, ...] = ()

    def found_in(self, text: str) -> str:
        """Return the word that was found, empty without one."""
        plain = "".join(text.split()).casefold()
        return next((word for word in self.words if word.casefold() in plain), "")


@dataclass(frozen=True, slots=True)
class RuleVersion:
    """One version of the rule.

    Attributes
    ----------
    min_share_percent : int or None
        Least part of the base for the classes in ``counts``; None: no limit.
    binding : bool
        Falling short blocks a plan; otherwise it only warns.
    equal_division_forbidden : bool
        Giving every household the same for nothing (简单分钱) is refused.
    """

    rule_id: str
    valid_from: date
    source: str
    name_zh: str
    name_en: str
    min_share_percent: int | None
    counts: frozenset[LineClass]
    base: ShareBase
    allowed: frozenset[LineClass]
    forbidden: tuple[ForbiddenUse, ...]
    notice_days: int
    answer_days: int
    attendance_before_pay: bool
    equal_division_forbidden: bool
    binding: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a plan stands under a rule: the share of both bases, and what is short of the one that counts."""

    rule_id: str
    counted: Money
    required: Money
    of_gross: Fraction | None
    of_net: Fraction | None
    base: ShareBase
    limited: bool
    binding: bool

    @property
    def short(self) -> Money:
        """What is missing to the least share; zero when all is well."""
        return Money(max(0, self.required.fen - self.counted.fen))

    @property
    def ok(self) -> bool:
        """Whether the rule is kept."""
        return self.short.fen == 0

    @property
    def share(self) -> Decimal | None:
        """The share of the base that counts, to a hundredth of a percent; None where the rule has no limit."""
        share = self.of_net if self.base is ShareBase.NET else self.of_gross
        if not self.limited or share is None:
            return None
        return (Decimal(share.numerator) / Decimal(share.denominator)).quantize(Decimal("0.0001"))


def judge(rule: RuleVersion, planned: Mapping[LineClass, Money], gross: Money, net: Money) -> Verdict:
    """Judge the parts of a plan. The verdict depends on these alone, and more for posts never makes it worse."""
    counts = rule.counts or _WORK  # without a least share the usual two classes are shown
    counted = Money(sum(money.fen for kind, money in planned.items() if kind in counts))
    base = net if rule.base is ShareBase.NET else gross
    percent = rule.min_share_percent or 0
    required = Money(max(0, -(-base.fen * percent // 100)))  # rounded up to the fen
    return Verdict(
        rule.rule_id,
        counted,
        required,
        Fraction(counted.fen, gross.fen) if gross.fen > 0 else None,
        Fraction(counted.fen, net.fen) if net.fen > 0 else None,
        rule.base,
        rule.min_share_percent is not None,
        rule.binding,
    )


def rule_on(rules: Sequence[RuleVersion], day: date) -> RuleVersion:
    """Return the version in force on ``day``.

    Raises
    ------
    RefusedError
        None was in force yet.
    """
    found = [rule for rule in rules if rule.valid_from <= day]
    if not found:
        raise refuse("no_rule", day=day)
    return max(found, key=lambda rule: rule.valid_from)


def rule_named(rules: Iterable[RuleVersion], rule_id: str) -> RuleVersion:
    """Return a version by its id: a plan is judged under the version it was made under, for ever.

    Raises
    ------
    RefusedError
        The version is no longer in the file.
    """
    for rule in rules:
        if rule.rule_id == rule_id:
            return rule
    raise refuse("rule_gone", rule=rule_id)
