"""The second person's part: settling months into the villages' books, receipts, openings, closing, reversing.

Every act here needs CHECK_MONEY and another person than the one who entered: made_by is who brought the paper,
checked_by who acts here. Entries of one act and its facts are one transaction.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from access.guard import guarded
from access.permissions import Permission
from access.principal import Principal
from commands.audit import command
from commands.money_base import MoneyCommands, MoneyRefusedError, refused
from domain.errors import ConfigurationError, LedgerRefusedError, MoneyError
from domain.ledger import Entry, Voucher, reversal
from domain.plant import Plant
from revenue.bookkeeping import Voucherhead, settlement_entry
from revenue.deduction import sums
from revenue.opening import KIND as OPENING
from revenue.opening import opening_entry, opening_of
from revenue.refusal import words_of
from revenue.settlement import Settlement, settle
from revenue.statement import GridStatement
from revenue.tariff import SUBSIDY
from texts.loader import Texts

_WORDS = Texts("zh")  # summaries of vouchers are kept as written, in the language of the books


@dataclass(frozen=True, slots=True)
class SettleOutcome:
    """What settling a month did. ``problems`` pairs a plant with why it was left out."""

    settled: tuple[Settlement, ...]
    unchanged: int
    vouchers: int
    problems: tuple[tuple[str, str], ...]


@guarded
class Books(MoneyCommands):
    """Booking what others entered."""

    @command(Permission.CHECK_MONEY, "opening.approve")
    def approve_openings(self, principal: Principal, village_ids: Sequence[str]) -> list[Voucher]:
        """Book the opening states of villages, each as its first voucher; all or none."""
        wanted = {self._village(principal, village) for village in village_ids}
        facts = {fact.village_id: fact for fact in self._money.facts(OPENING, village_ids=wanted)}
        entries = []
        for village in sorted(wanted):
            fact = facts.get(village) or self._fact(OPENING, village)
            maker = self._two_persons(principal, [fact.made_by])
            words = _WORDS("ledger.summary.opening")
            try:
                entries.append(opening_entry(opening_of(fact), words, maker, principal.user_id))
            except MoneyError as error:
                raise MoneyRefusedError("sums", reason=error) from error
        with self._carry_out(principal, "opening.approve", ", ".join(sorted(wanted))[:200]):
            return self._post(entries)

    @command(Permission.CHECK_MONEY, "month.settle")
    def settle_month(
        self,
        principal: Principal,
        period: str,
        plant_ids: Collection[str] | None = None,
        booked_on: date | None = None,
    ) -> SettleOutcome:
        """Settle a month's statements into the books of the owners, each plant by itself.

        A plant that was settled before is left alone while nothing changed; after a correction the old
        entries are reversed and the month is entered anew, both in the open period.
        """
        work = _Settling(self, principal, period, booked_on or self._today())
        outcome = work.run(plant_ids)
        if not outcome.settled:
            return outcome
        detail = {"plants": str(len(outcome.settled)), "vouchers": str(outcome.vouchers)}
        with self._carry_out(principal, "month.settle", period, detail):
            at = self._clock.now()
            self._keep([one.fact(principal.user_id, at) for one in outcome.settled])
            self._post(work.entries)
        return outcome

    def _post(self, entries: Sequence[Entry]) -> list[Voucher]:
        try:
            return self._money.post(entries, self._clock.now())
        except LedgerRefusedError as error:
            raise refused(error) from error


class _Settling:
    """Works out the settlements of one month; posts nothing itself."""

    def __init__(self, books: Books, principal: Principal, period: str, booked_on: date) -> None:
        self._books = books
        self._principal = principal
        self._period = period
        self._booked_on = booked_on
        self.entries: list[Entry] = []
        self._begins: dict[str, date] = {}

    def run(self, plant_ids: Collection[str] | None) -> SettleOutcome:
        wanted = self._plants(plant_ids)
        self._begins = {one.village_id: one.on for one in self._books._openings()}  # noqa: SLF001
        lines: dict[str, list[tuple[GridStatement, str]]] = {}
        for line, maker in self._books._statements(  # noqa: SLF001 (this class is a part of Books)
            plant_ids=wanted, first_period=self._period, last_period=self._period
        ):
            if line.component != SUBSIDY:
                lines.setdefault(line.plant_id, []).append((line, maker))
        deductions = self._books._deductions(  # noqa: SLF001
            plant_ids=wanted, first_period=self._period, last_period=self._period
        )
        earlier = self._books._settlements(plant_ids=wanted)  # noqa: SLF001
        settled, problems, unchanged = [], [], 0
        for plant_id in sorted(lines):
            plant = wanted[plant_id]
            costs = sums(one for one in deductions if one.plant_id == plant_id)
            try:
                one = self._one(plant, lines[plant_id], costs, earlier)
            except MoneyRefusedError as error:
                problems.append((plant_id, error.words(Texts(self._principal.language))))
                continue
            except (MoneyError, ConfigurationError) as error:
                problems.append((plant_id, words_of(error, Texts(self._principal.language))))
                continue
            if one is None:
                unchanged += 1
            else:
                settled.append(one)
        return SettleOutcome(tuple(settled), unchanged, len(self.entries), tuple(problems))

    def _plants(self, plant_ids: Collection[str] | None) -> dict[str, Plant]:
        registry = self._books._registry  # noqa: SLF001
        seen = {plant.plant_id: plant for plant in self._principal.plants(registry)}
        return {key: plant for key, plant in seen.items() if plant_ids is None or key in plant_ids}

    def _one(
        self,
        plant: Plant,
        lines: Sequence[tuple[GridStatement, str]],
        costs: Mapping[Any, int],
        earlier: Mapping[tuple[str, str], Settlement],
    ) -> Settlement | None:
        books = self._books
        maker = books._two_persons(self._principal, [by for _, by in lines])  # noqa: SLF001
        first = lines[0][0].first_of_month
        shares, act_from = books._shares_w(plant, first)  # noqa: SLF001
        begin = max((day for village, day in self._begins.items() if village in shares), default=first)
        if first < begin.replace(day=1):
            raise MoneyRefusedError("before_opening", plant=plant.plant_id, period=self._period, day=begin)
        old = earlier.get((plant.plant_id, self._period))
        others = [
            one
            for (plant_id, period), one in earlier.items()
            if plant_id == plant.plant_id and period != self._period
        ]
        new = settle(
            [line for line, _ in lines],
            costs,
            books._tariffs.of(plant.plant_id),  # noqa: SLF001
            shares,
            act_from,
            others,
            old.revision + 1 if old else 1,
        )
        if old is not None and _same(old, new):
            return None
        if old is not None:
            self.entries += self._reversals(old, maker)
        self.entries += self._entries(plant, new, maker)
        return new

    def _reversals(self, old: Settlement, maker: str) -> Iterable[Entry]:
        for part in old.parts:
            voucher = self._books._money.voucher(old.key_of(part.village_id))  # noqa: SLF001
            if voucher is not None:
                yield reversal(
                    voucher.entry,
                    key=f"undo:{old.key_of(part.village_id)}",
                    booked_on=self._booked_on,
                    summary=_WORDS("ledger.summary.corrected", period=old.period, number=voucher.number),
                    made_by=maker,
                    checked_by=self._principal.user_id,
                )

    def _entries(self, plant: Plant, new: Settlement, maker: str) -> Iterable[Entry]:
        for part in new.parts:
            head = Voucherhead(
                key=new.key_of(part.village_id),
                village_id=part.village_id,
                booked_on=self._booked_on,
                belongs_to=date(int(new.period[:4]), int(new.period[5:]), 1),
                summary=_WORDS("ledger.summary.settlement", plant=plant.name, period=new.period),
                source_kind="settlement",
                source_id=new.identity,
                made_by=maker,
                checked_by=self._principal.user_id,
            )
            entry = settlement_entry(
                head,
                plant.plant_id,
                gross_fen=part.gross_fen,
                vat_fen=part.vat_fen,
                costs_fen=part.costs_fen,
            )
            if entry is not None:
                yield entry


def _same(old: Settlement, new: Settlement) -> bool:
    def said(one: Settlement) -> tuple[Any, ...]:
        return (one.gross_fen, one.institution_vat_fen, one.vat_fen, dict(one.costs_fen), one.act_from)

    return said(old) == said(new)
