"""Subsidies by rule and area, and funds that pay a part of a loss: what is due to whom, to the fen. Pure.

The books are the ledger's (a fund has books of its own there); here is only arithmetic and refusal.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal

from domain.errors import MoneyError
from industries.report import ReportFault
from industries.rules import Fund, FundKind, SubsidyRule


@dataclass(frozen=True, slots=True)
class SubsidyLine:
    """What a payee applied for: area (or another count) in entry units, in a village. ``row`` of the file or 0."""

    payee_id: str
    village_id: str
    amount: Decimal
    document: str = ""
    row: int = 0


@dataclass(frozen=True, slots=True)
class SubsidyDue:
    """What a line comes to. [fen] ``is_capped``: the rule's most for one payee was reached."""

    line: SubsidyLine
    fen: int
    is_capped: bool


@dataclass(frozen=True, slots=True)
class Claim:
    """A loss of a base or grower of which a guarantee fund is asked to pay a part. [fen]

    ``evidence`` are SHA-256 of photos and papers; without one nothing is paid.
    """

    claim_id: str
    fund_id: str
    payee_id: str
    village_id: str
    base_id: str
    cause: str
    happened_on: str
    loss_fen: int
    asked_fen: int
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FundStanding:
    """Where a fund stands. [fen]

    Attributes
    ----------
    received_fen, awarded_fen, paid_fen : int
        Since the beginning: contributions, what was granted, what left the account (less what came back).
    asked_fen : int
        Claims nobody decided yet.
    """

    fund: Fund
    received_fen: int
    awarded_fen: int
    paid_fen: int
    asked_fen: int = 0

    @property
    def balance_fen(self) -> int:
        """What stands on the account."""
        return self.received_fen - self.paid_fen

    @property
    def free_fen(self) -> int:
        """What is not promised to anybody."""
        return self.received_fen - self.awarded_fen

    @property
    def room_fen(self) -> int | None:
        """How much may still come in; None: no cap."""
        return None if self.fund.cap_fen is None else self.fund.cap_fen - self.balance_fen

    @property
    def coverage_ratio(self) -> Decimal | None:
        """Free money over the claims that wait; None where none waits."""
        return Decimal(self.free_fen) / self.asked_fen if self.asked_fen else None

    @property
    def claim_rate(self) -> Decimal | None:
        """Granted over received; None before the first contribution."""
        return Decimal(self.awarded_fen) / self.received_fen if self.received_fen else None


def subsidy_fen(rule: SubsidyRule, amount: Decimal) -> tuple[int, bool]:
    """Return what an amount comes to, part fen dropped, and whether the payee's most was reached."""
    if amount < rule.least:
        return 0, False
    fen = int((amount * rule.fen_per_unit).to_integral_value(ROUND_DOWN))
    most = rule.payee_fen_max
    return (most, True) if most is not None and fen > most else (fen, False)


def work_out(rule: SubsidyRule, lines: Iterable[SubsidyLine]) -> list[SubsidyDue]:
    """Return what every line comes to."""
    return [SubsidyDue(line, *subsidy_fen(rule, line.amount)) for line in lines]


def round_faults(
    rule: SubsidyRule,
    lines: Sequence[SubsidyLine],
    land_mu: Mapping[str, Decimal],
    served: Mapping[str, str],
) -> list[ReportFault]:
    """Return what is wrong with a round: every fault of every row.

    Parameters
    ----------
    land_mu : mapping
        What each village may have at most, in entry units.
    served : mapping
        Payees who got something by this rule in the same year, each with the round.
    """
    found: list[ReportFault] = []
    seen: dict[str, int] = {}
    total: dict[str, Decimal] = {}

    def fault(line: SubsidyLine, key: str, **values: object) -> None:
        found.append(ReportFault(key, refuses=True, values=values, row=line.row))

    for line in lines:
        if not line.payee_id:
            fault(line, "no_payee")
        elif line.payee_id in seen:
            fault(line, "payee_twice", payee=line.payee_id, other=seen[line.payee_id])
        elif line.payee_id in served:
            fault(line, "payee_served", payee=line.payee_id, round=served[line.payee_id])
        seen.setdefault(line.payee_id, line.row)
        if line.amount <= 0:
            fault(line, "negative")
        elif line.amount < rule.least:
            fault(line, "too_little", least=rule.least)
        total[line.village_id] = total.get(line.village_id, Decimal(0)) + line.amount
        if line.village_id not in land_mu:
            fault(line, "no_village", village=line.village_id)
        elif total[line.village_id] > land_mu[line.village_id]:
            fault(
                line,
                "land",
                value=f"{total[line.village_id]:,f}",
                land=f"{land_mu[line.village_id]:,f}",
            )
    return found


def payable_fen(fund: Fund, loss_fen: int) -> int:
    """Return the most a fund pays of a loss: its coverage, part fen dropped, and never above its limit."""
    if type(loss_fen) is not int or loss_fen < 0:
        raise MoneyError(f"a loss is whole fen and not negative, got {loss_fen!r}")
    share = fund.coverage if fund.coverage is not None else Decimal(1)
    fen = int((Decimal(loss_fen) * share).to_integral_value(ROUND_DOWN))
    return fen if fund.claim_fen_max is None else min(fen, fund.claim_fen_max)


def claim_faults(fund: Fund, claim: Claim, industry: str = "") -> list[ReportFault]:
    """Return why a claim cannot be taken: a fund that pays none, another industry, no loss, too much, no evidence.

    ``industry`` is that of the base where one is named.
    """
    found = []
    if fund.kind is not FundKind.GUARANTEE:
        found.append(ReportFault("no_claims", refuses=True))
    if industry and industry not in fund.industries:
        found.append(ReportFault("other_industry", refuses=True))
    if claim.loss_fen <= 0 or claim.asked_fen <= 0:
        found.append(ReportFault("no_loss", refuses=True))
    else:
        most = payable_fen(fund, claim.loss_fen)
        if claim.asked_fen > most:
            values = {"asked": yuan(claim.asked_fen), "most": yuan(most)}
            found.append(ReportFault("above_coverage", refuses=True, values=values))
    if not claim.evidence:
        found.append(ReportFault("no_evidence", refuses=True))
    return found


def award_faults(standing: FundStanding, fen: int) -> list[ReportFault]:
    """Return why an amount cannot be granted: the fund has not that much free."""
    if fen > standing.free_fen:
        values = {"wanted": yuan(fen), "free": yuan(standing.free_fen)}
        return [ReportFault("fund_short", refuses=True, values=values)]
    return []


def contribution_faults(standing: FundStanding, fen: int) -> list[ReportFault]:
    """Return why a contribution cannot be booked: nothing, or above the cap."""
    if fen <= 0:
        return [ReportFault("no_amount", refuses=True)]
    room = standing.room_fen
    if room is not None and fen > room:
        return [ReportFault("above_cap", refuses=True, values={"room": yuan(max(room, 0))})]
    return []


def yuan(fen: int) -> str:
    """Return fen as yuan with two decimals."""
    whole, rest = divmod(abs(fen), 100)
    return f"{'-' if fen < 0 else ''}{whole:,}.{rest:02d}"
