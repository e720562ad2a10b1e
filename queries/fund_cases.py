"""One claim or round with all its money: granted, batches, what the bank said; and money traced both ways."""

from dataclasses import dataclass

from access.guard import guarded, require
from access.permissions import Permission
from access.principal import Principal
from access.villages import sees_village
from domain.errors import AccessDeniedError
from domain.money_fact import MoneyFact
from domain.plant import Registry
from revenue.fund_entries import book_of
from revenue.payment import Attempt, Batch
from stores.fund_books import (
    CLAIM,
    CONTRIBUTION,
    DECISION,
    PAYMENT,
    RETURN,
    ROUND,
    ROUND_STEP,
    attempts_of,
    batches_of,
    is_released,
    open_amounts,
)
from stores.industry_protocol import IndustryRecords


@dataclass(frozen=True, slots=True)
class BatchView:
    """A batch with what the bank said of every line."""

    batch: Batch
    is_released: bool
    attempts: tuple[Attempt, ...]


@dataclass(frozen=True, slots=True)
class Moved:
    """A part of a payment (or, negative, of one that came back) and the contribution it comes from. [fen]"""

    contribution_id: str
    source_id: str
    payee_id: str
    voucher: int
    fen: int


@dataclass(frozen=True, slots=True)
class FundCase:
    """One claim or round.

    ``open_fen`` is what each payee is still owed and has not under way; ``waiting`` are payments noted at the bank
    that nobody booked yet.
    """

    fact: MoneyFact
    decision: MoneyFact | None
    published: MoneyFact | None
    granted: dict[str, int]
    open_fen: dict[str, int]
    batches: tuple[BatchView, ...]
    moved: tuple[Moved, ...]

    waiting: tuple[MoneyFact, ...] = ()

    @property
    def is_round(self) -> bool:
        """Whether it is a round of subsidies."""
        return self.fact.kind == ROUND

    @property
    def papers(self) -> tuple[str, ...]:
        """SHA-256 of its evidence, or of the photo of its notice."""
        if not self.is_round:
            return tuple(self.fact.content["evidence"])
        return () if self.published is None else (str(self.published.content["paper"]),)


@dataclass(frozen=True, slots=True)
class ContributionRow:
    """Money that came to a fund; in the books once a second person confirmed it."""

    fact: MoneyFact
    is_booked: bool


@guarded
class FundCases:
    """Views of claims, rounds and their money."""

    def __init__(self, records: IndustryRecords, registry: Registry) -> None:
        self._records = records
        self._registry = registry

    @require(Permission.VIEW_INCOME)
    def case(self, principal: Principal, source_id: str) -> FundCase:
        """Return a claim or round in scope: a claim to its village, a round to the district."""
        found = [
            *self._records.facts(CLAIM, identity=source_id),
            *self._records.facts(ROUND, identity=source_id),
        ]
        fact = found[0] if found else None
        wide = principal.scope.everything
        if fact is None or not (wide or sees_village(principal, self._registry, fact.village_id)):
            raise AccessDeniedError(
                f"no claim or round {source_id[:40]!r} within the scope of {principal.user_id}"
            )
        decisions = self._records.facts(DECISION, identity=source_id)
        steps = self._records.facts(ROUND_STEP, identity=f"{source_id}|published")
        decision = decisions[0] if decisions else None
        granted = {} if decision is None else {str(k): int(v) for k, v in decision.content["payees"].items()}
        batches = tuple(
            BatchView(one, is_released(self._records, one), tuple(attempts_of(self._records, one)))
            for one in batches_of(self._records, source_id)
        )
        moved = [one for one in self._moved(str(fact.content["fund"])) if one.source_id == source_id]
        waiting = [
            one
            for one in self._records.facts(PAYMENT)
            if one.content["source"] == source_id
            and "batch" not in one.content
            and self._records.voucher(f"{PAYMENT}:{one.identity}") is None
        ]
        return FundCase(
            fact,
            decision,
            steps[0] if steps else None,
            granted,
            open_amounts(self._records, source_id),
            batches,
            tuple(moved),
            tuple(waiting),
        )

    @require(Permission.VIEW_INCOME)
    def spent(self, principal: Principal, contribution_id: str) -> list[Moved]:
        """Return where a contribution went: every payment drawn from it, and what came back to it."""
        found = self._records.facts(CONTRIBUTION, identity=contribution_id)
        if not found or not principal.scope.everything:
            raise AccessDeniedError(
                f"no contribution {contribution_id[:40]!r} within the scope of {principal.user_id}"
            )
        moved = self._moved(str(found[0].content["fund"]))
        return [one for one in moved if one.contribution_id == contribution_id]

    @require(Permission.VIEW_INCOME)
    def contributions(self, principal: Principal, fund_id: str) -> list[ContributionRow]:
        """Return what came to a fund, newest first, to those who see the whole district."""
        if not principal.scope.everything:
            return []
        found = [one for one in self._records.facts(CONTRIBUTION) if one.content["fund"] == fund_id]
        return [
            ContributionRow(one, self._records.voucher(f"{CONTRIBUTION}:{one.identity}") is not None)
            for one in sorted(found, key=lambda one: one.made_at, reverse=True)
        ]

    @require(Permission.VIEW_INCOME)
    def evidence(self, principal: Principal, source_id: str, sha256: str) -> tuple[str, bytes]:
        """Return a paper of a claim, or the photo of a round's notice, to those who see the case."""
        view = self.case(principal, source_id)
        found = self._records.photo(sha256) if sha256 in view.papers else None
        if found is None:
            raise AccessDeniedError(f"no paper {sha256[:12]!r} belongs to {source_id[:40]!r}")
        return found

    def _moved(self, fund_id: str) -> list[Moved]:
        payments = {one.identity: one for one in self._records.facts(PAYMENT)}
        found = []
        for voucher in self._records.vouchers([book_of(fund_id)]):
            entry = voucher.entry
            fact = payments.get(entry.source_id) if entry.source_kind in {PAYMENT, RETURN} else None
            if fact is None:
                continue
            source, payee = str(fact.content["source"]), str(fact.content["payee"])
            found += [
                Moved(one.lot_id, source, payee, voucher.sequence, -one.fen)
                for one in entry.postings
                if one.lot_id
            ]
        return found
