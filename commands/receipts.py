"""Receipts: what a bank movement pays, confirmed by a second person, and the money in each village's books."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from access.guard import guarded, require
from access.permissions import Permission
from access.principal import Principal
from commands.audit import command
from commands.money_base import MoneyCommands, MoneyRefusedError, refused
from domain.errors import LedgerRefusedError, MoneyError
from domain.ledger import Entry, reversal
from domain.money_fact import MoneyFact
from revenue.arrears import Arrears, approved_claims
from revenue.bookkeeping import Voucherhead, receipt_entry
from revenue.income import split_on
from revenue.receipt import (
    MOVEMENT,
    REMITTANCE,
    VOID,
    Item,
    Movement,
    Payers,
    Proposal,
    Remittance,
    VillageCash,
    movement_of,
    payers_of,
    propose,
    remit,
    remittance_of,
    subsidy_items,
)
from revenue.tariff import SUBSIDY
from texts.loader import Texts

_WORDS = Texts("zh")  # summaries of vouchers are kept as written, in the language of the books


@dataclass(frozen=True, slots=True)
class OpenMovement:
    """A movement that pays nothing yet, and what it probably pays."""

    movement: Movement
    entered_by: str
    proposal: Proposal | None


@guarded
class Receipts(MoneyCommands):
    """Matching and booking of receipts."""

    @require(Permission.VIEW_INCOME)
    def waiting(self, principal: Principal) -> list[OpenMovement]:
        """Return movements nobody matched yet, oldest first, each with a proposal where one fits to the fen."""
        self._needs_everything(principal)
        done, payers = {one.movement_id for one in self._remittances()}, self._payers()
        left = self._arrears().open_items()
        found = []
        for fact in self._money.facts(MOVEMENT):
            movement = movement_of(fact)
            if fact.identity in done:
                continue
            proposal = propose(movement, left, payers)
            if proposal is not None and proposal.certain:
                left = [item for item in left if item not in proposal.items]
            found.append(OpenMovement(movement, fact.made_by, proposal))
        return sorted(found, key=lambda one: (one.movement.on, one.movement.reference))

    @command(Permission.CHECK_MONEY, "receipt.confirm")
    def confirm(
        self, principal: Principal, movement_id: str, items: Sequence[Item] | None = None
    ) -> Remittance:
        """Confirm what a movement pays (the proposal when ``items`` is left out) and book it in the villages."""
        self._needs_everything(principal)
        fact = self._waiting_fact(movement_id)
        movement = movement_of(fact)
        arrears = self._arrears()
        if items is None:
            proposal = propose(movement, arrears.open_items(), self._payers())
            if proposal is None or not proposal.certain:
                raise MoneyRefusedError("no_proposal", fen=movement.fen)
            items = proposal.items
        return self._remit(principal, fact, movement, items, arrears)

    @command(Permission.CHECK_MONEY, "receipt.confirm_subsidy")
    def confirm_subsidy(
        self,
        principal: Principal,
        movement_id: str,
        fen_by_plant: Mapping[str, int],
        first_period: str,
        last_period: str,
    ) -> Remittance:
        """Confirm a late subsidy that names plants and months but no energy: attributed by what was earned."""
        self._needs_everything(principal)
        fact = self._waiting_fact(movement_id)
        arrears = self._arrears()
        named = [item for item in arrears.open_items() if first_period <= item.period <= last_period]
        items: list[Item] = []
        for plant_id, fen in sorted(fen_by_plant.items()):
            try:
                items += subsidy_items(plant_id, SUBSIDY, fen, named)
            except MoneyError as error:
                raise MoneyRefusedError("sums", reason=error) from error
        return self._remit(principal, fact, movement_of(fact), items, arrears)

    @command(Permission.CHECK_MONEY, "receipt.undo")
    def undo(self, principal: Principal, movement_id: str, reason: str) -> int:
        """Undo a wrong match: its entries are reversed, the movement waits again; return how many entries."""
        self._needs_everything(principal)
        found = [one for one in self._remittances() if one.movement_id == movement_id]
        if not found:
            raise MoneyRefusedError("not_found", what=movement_id)
        remittance = found[-1]
        entries = list(self._undoing(remittance, principal, reason))
        content = {"reason": reason[:200]}
        void = MoneyFact(VOID, remittance.identity, content, principal.user_id, self._clock.now())
        with self._carry_out(principal, "receipt.undo", movement_id[:200], content):
            self._keep([void])
            self._post(entries)
        return len(entries)

    # ------------------------------------------------------------------ helpers

    def _waiting_fact(self, movement_id: str) -> MoneyFact:
        fact = self._fact(MOVEMENT, movement_id)
        if any(one.movement_id == fact.identity for one in self._remittances()):
            raise MoneyRefusedError("matched_before", movement=movement_of(fact).reference)
        return fact

    def _undoing(self, remittance: Remittance, principal: Principal, reason: str) -> Iterable[Entry]:
        for village in sorted({cash.village_id for cash in remittance.cash}):
            voucher = self._money.voucher(remittance.key_of(village))
            if voucher is None:
                continue
            maker = voucher.entry.made_by
            self._two_persons(principal, [maker])
            yield reversal(
                voucher.entry,
                key=f"undo:{voucher.entry.key}",
                booked_on=self._today(),
                summary=_WORDS("ledger.summary.receipt_undone", reason=reason[:100]),
                made_by=maker,
                checked_by=principal.user_id,
            )

    def _remit(
        self,
        principal: Principal,
        fact: MoneyFact,
        movement: Movement,
        items: Sequence[Item],
        arrears: Arrears,
    ) -> Remittance:
        maker = self._two_persons(principal, [fact.made_by])
        before = [one for one in self._remittances(void=True) if one.movement_id == fact.identity]
        total = sum(item.fen for item in items)
        if total != movement.fen:
            raise MoneyRefusedError("not_the_movement", fen=movement.fen, items_fen=total)
        cash = self._cash(items, arrears)
        remittance = Remittance(fact.identity, tuple(items), tuple(cash), movement.on, len(before) + 1)
        entries = list(self._entries(remittance, movement, maker, principal.user_id))
        with self._carry_out(
            principal, "receipt.confirm", fact.identity[:200], {"vouchers": str(len(entries))}
        ):
            self._keep([remittance.fact(principal.user_id, self._clock.now())])
            self._post(entries)
        return remittance

    def _cash(self, items: Sequence[Item], arrears: Arrears) -> list[VillageCash]:
        found: list[VillageCash] = []
        subsidies = [cash for one in self._remittances() for cash in one.cash if cash.component == SUBSIDY]
        for item in items:
            open_fen = arrears.open_fen(item)
            if item.fen <= 0 or item.fen > open_fen:
                raise MoneyRefusedError("not_open", plant=item.plant_id, period=item.period, fen=open_fen)
            if item.component == SUBSIDY:
                made = self._subsidy_cash(item, [*subsidies, *found])
            elif not arrears.is_settled(item.plant_id, item.period):
                raise MoneyRefusedError("not_settled", plant=item.plant_id, period=item.period)
            else:
                dues = arrears.dues_fen(item.plant_id, item.period)
                made = remit(item, open_fen, dues, arrears.deficits_fen(item.plant_id))
            arrears.take_item(item)
            for cash in made:
                arrears.take_cash(cash)
            found += made
        return found

    def _subsidy_cash(self, item: Item, earlier: Sequence[VillageCash]) -> list[VillageCash]:
        plant = self._registry.plants_by_id[item.plant_id]
        day = date(int(item.period[:4]), int(item.period[5:]), 1)
        shares, act_from = self._shares_w(plant, day)
        before: dict[str, int] = {}
        for cash in earlier:
            same_act = cash.period >= f"{act_from:%Y-%m}" and cash.village_id in shares
            if cash.component == SUBSIDY and cash.plant_id == item.plant_id and same_act:
                before[cash.village_id] = before.get(cash.village_id, 0) + cash.paid_fen
        parts = split_on(item.fen, shares, before)
        return [
            VillageCash(village, item.plant_id, item.period, SUBSIDY, fen)
            for village, fen in sorted(parts.items())
        ]

    def _entries(
        self, remittance: Remittance, movement: Movement, maker: str, checker: str
    ) -> Iterable[Entry]:
        due: dict[str, dict[str, int]] = {}
        subsidy: dict[str, dict[str, int]] = {}
        for cash in remittance.cash:
            into = (subsidy if cash.component == SUBSIDY else due).setdefault(cash.village_id, {})
            into[cash.plant_id] = into.get(cash.plant_id, 0) + cash.paid_fen
        belongs_to = min(date(int(i.period[:4]), int(i.period[5:]), 1) for i in remittance.items)
        for village in sorted({*due, *subsidy}):
            if not sum(due.get(village, {}).values()) + sum(subsidy.get(village, {}).values()):
                continue
            head = Voucherhead(
                key=remittance.key_of(village),
                village_id=village,
                booked_on=movement.on,
                belongs_to=belongs_to,
                summary=_WORDS("ledger.summary.receipt", payer=movement.payer, reference=movement.reference),
                source_kind="receipt",
                source_id=remittance.identity,
                made_by=maker,
                checked_by=checker,
            )
            yield receipt_entry(
                head,
                remittance.identity,
                due_fen=due.get(village, {}),
                subsidy_fen=subsidy.get(village, {}),
            )

    def _post(self, entries: Sequence[Entry]) -> None:
        try:
            self._money.post(entries, self._clock.now())
        except LedgerRefusedError as error:
            raise refused(error) from error

    def _remittances(self, *, void: bool = False) -> list[Remittance]:
        gone = set() if void else {fact.identity for fact in self._money.facts(VOID)}
        every = [remittance_of(fact) for fact in self._money.facts(REMITTANCE)]
        return [one for one in every if one.identity not in gone]

    def _payers(self) -> Payers:
        return payers_of(self._remittances(), map(movement_of, self._money.facts(MOVEMENT)))

    def _arrears(self) -> Arrears:
        lines = [line for line, _ in self._statements()]
        claims = approved_claims(self._openings(), self._money)
        return Arrears.of(lines, self._settlements().values(), self._remittances(), claims)

    @staticmethod
    def _needs_everything(principal: Principal) -> None:
        """Refuse who sees a part only: one movement pays plants of the whole district."""
        if not principal.scope.everything:
            raise MoneyRefusedError("whole_district")
