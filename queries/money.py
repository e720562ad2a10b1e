"""What pages and exports show of money in: statements, receipts, arrears, villages' income, journal, balances."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from access.guard import guarded, out_of_scope, require
from access.permissions import Permission
from access.principal import Principal
from domain.clock import Clock
from domain.ledger import Balance, Closing, Lot, Verification, Voucher
from domain.plant import Registry
from domain.timespan import day_of
from queries.money_views import (
    ArrearsView,
    Energies,
    IncomeMonth,
    JournalPage,
    ReceiptView,
    Reconciled,
    StatementView,
    TrialRow,
    reconcile,
    trial_balance,
)
from queries.payee_flags import PayeeFlags
from queries.plan_dues import PlanDues
from revenue.arrears import Arrears, approved_claims
from revenue.income import carry_forward
from revenue.money_calendar import Due, closes_due, receipts_due, statements_due
from revenue.opening import EARLIER, opening_of
from revenue.opening import KIND as OPENING
from revenue.receipt import MOVEMENT, REMITTANCE, VOID, Remittance, movement_of, remittance_of
from revenue.reconciliation import Step, differences, numbers_of, span
from revenue.red_flags import CLOSED as FLAG_CLOSED
from revenue.red_flags import Flag, money_waits, quick_steps, same_pairs, same_photos, without_statement
from revenue.settlement import KIND as SETTLEMENT
from revenue.settlement import Settlement, lines_in_force, newest, settlement_of
from revenue.statement import KIND as STATEMENT
from revenue.statement import GridStatement, statement_of
from revenue.tariff import SUBSIDY
from stores.ledger_protocol import MoneyRecords


@dataclass(frozen=True, slots=True)
class _State:
    lines: list[GridStatement]
    settlements: dict[tuple[str, str], Settlement]
    remittances: list[Remittance]
    arrears: Arrears


@guarded
class MoneyQueries:
    """Money within the scope of who asks. ``energies`` gives our own energies of a plant and days."""

    def __init__(
        self,
        records: MoneyRecords,
        registry: Registry,
        clock: Clock,
        energies: Energies,
        payees: PayeeFlags | None = None,
        plans: PlanDues | None = None,
    ) -> None:
        self._money = records
        self._registry = registry
        self._clock = clock
        self._energies = energies
        self._payees = payees
        self._plans = plans

    @require(Permission.VIEW_INCOME)
    def periods(self, principal: Principal) -> list[str]:
        """Return months with statements in scope, newest first."""
        plants = self._plants(principal)
        return sorted({f.period for f in self._money.facts(STATEMENT, plant_ids=plants)}, reverse=True)

    @require(Permission.VIEW_INCOME)
    def statements(self, principal: Principal, period: str) -> list[StatementView]:
        """Return a month's statements, one row a plant."""
        state = self._state(self._plants(principal), period, period)
        found: dict[str, StatementView] = {}
        for line in state.lines:
            row = found.setdefault(
                line.plant_id,
                StatementView(
                    line.plant_id,
                    self._registry.plants_by_id[line.plant_id].label(principal.language),
                    period,
                    line.number,
                    line.kwh,
                    is_settled=(line.plant_id, period) in state.settlements,
                ),
            )
            if line.component == SUBSIDY:
                row.subsidy_fen = (row.subsidy_fen or 0) + line.fen
            else:
                row.base_fen = (row.base_fen or 0) + line.fen
                row.price = line.yuan_per_kwh
        for fact in self._money.facts(
            STATEMENT, plant_ids=set(found), first_period=period, last_period=period
        ):
            if fact.file_hash and str(fact.content["number"]) == found[fact.plant_id].number:
                shown = self._money.photo(fact.file_hash) is not None
                found[fact.plant_id].photo_identity = fact.identity if shown else ""
        came = _newest_days(state.remittances)
        for row in found.values():
            row.received_fen = state.arrears.received.get((row.plant_id, period, "benchmark"), 0)
            row.subsidy_received_fen = state.arrears.received.get((row.plant_id, period, SUBSIDY), 0)
            settled = state.settlements.get((row.plant_id, period))
            row.costs_fen = sum(settled.costs_fen.values()) if settled else None
            row.vat_fen = settled.vat_fen + settled.institution_vat_fen if settled else None
            row.net_fen = settled.net_fen if settled else None
            row.received_on = came.get((row.plant_id, period))
            self._against_meter(row, [line for line in state.lines if line.plant_id == row.plant_id])
        return [found[key] for key in sorted(found)]

    def _against_meter(self, row: StatementView, lines: list[GridStatement]) -> None:
        """Say how far the statement's energy is from that of our meter over the same days."""
        first, end = span(row.period, lines)
        numbers = numbers_of(lines, None, self._energies.metered_kwh(row.plant_id, first, end), 0, 0)
        if numbers.statement_kwh is not None and numbers.metered_kwh is not None:
            row.meter_off_kwh = numbers.statement_kwh - numbers.metered_kwh
            row.is_meter_off = any(one.step is Step.METER for one in differences(numbers, end, self._today()))

    @require(Permission.VIEW_INCOME)
    def arrears(self, principal: Principal) -> list[ArrearsView]:
        """Return accrued, received and open by plant and year, subsidies apart."""
        plants = self._plants(principal)
        rows = self._state(plants).arrears.rows()  # a receipt pays plants of others too
        known = self._registry.plants_by_id
        said = principal.language
        return [ArrearsView(known[row.plant_id].label(said), row) for row in rows if row.plant_id in plants]

    @require(Permission.VIEW_INCOME)
    def receipts(self, principal: Principal) -> list[ReceiptView]:
        """Return bank movements, newest first: for who sees the district all of them, else those of own villages."""
        done = {one.movement_id: one for one in self._remittances()}
        villages = self._villages(principal)
        found = []
        for fact in self._money.facts(MOVEMENT):
            movement, match = movement_of(fact), done.get(fact.identity)
            own = [c for c in match.cash if c.village_id in villages] if match else []
            if not principal.scope.everything and not own:
                continue
            paid = sum(cash.paid_fen for cash in own)
            found.append(
                ReceiptView(fact.identity, movement, fact.made_by, match is not None, paid, len(own))
            )
        return sorted(found, key=lambda one: one.movement.on, reverse=True)

    @require(Permission.VIEW_INCOME)
    def income(self, principal: Principal, village_id: str) -> list[IncomeMonth]:
        """Return a village's months: net by its shares, cash that came, deficit carried; oldest first."""
        village_id = self._village(principal, village_id)
        state = self._state(None)
        nets: dict[str, int] = {}
        for settlement in state.settlements.values():
            for part in settlement.parts:
                if part.village_id == village_id:
                    nets[settlement.period] = nets.get(settlement.period, 0) + part.net_fen
        cash: dict[str, tuple[int, int]] = {}
        for remittance in state.remittances:
            for one in remittance.cash:
                if one.village_id == village_id:
                    month = f"{remittance.on:%Y-%m}"
                    energy, subsidy = cash.get(month, (0, 0))
                    is_subsidy = one.component == SUBSIDY
                    cash[month] = (
                        energy + (0 if is_subsidy else one.paid_fen),
                        subsidy + (one.paid_fen if is_subsidy else 0),
                    )
        months = sorted({*nets, *cash})
        carried = carry_forward([(month, nets.get(month, 0)) for month in months])
        earlier = [
            IncomeMonth(line.period, line.fen, 0, 0, 0, 0, is_before_books=True)
            for fact in self._money.facts(OPENING, village_ids=[village_id])
            for line in sorted(opening_of(fact).lines, key=lambda one: one.period)
            if line.item == EARLIER
        ]
        return earlier + [
            IncomeMonth(
                one.period,
                nets.get(one.period),
                *cash.get(one.period, (0, 0)),
                one.distributable_fen,
                one.deficit_carried_fen,
            )
            for one in carried
        ]

    @require(Permission.VIEW_INCOME)
    def reconciliation(self, principal: Principal, period: str) -> list[Reconciled]:
        """Return the numbers of each plant and month, each difference classed, owned and aged."""
        plants = self._plants(principal)
        state = self._state(plants, period, period)
        today = self._today()
        return [
            reconcile(
                self._registry.plants_by_id[plant_id],
                period,
                [line for line in state.lines if line.plant_id == plant_id],
                state.arrears,
                self._energies,
                today,
                principal.language,
            )
            for plant_id in sorted(plants)
        ]

    @require(Permission.VIEW_INCOME)
    def flags(self, principal: Principal, period: str) -> list[Flag]:
        """Return what an auditor would ask about, without what somebody closed with a reason."""
        plants, villages, today = self._plants(principal), self._villages(principal), self._today()
        metered = {p for p in plants if self._energies.metered_kwh(p, *_month_days(period))}
        statements = self._money.facts(STATEMENT, plant_ids=plants, first_period=period, last_period=period)
        settlements = self._money.facts(SETTLEMENT, plant_ids=plants, first_period=period, last_period=period)
        entered = {f"{fact.plant_id} {period}": fact.made_at for fact in statements}
        checked = {f"{fact.plant_id} {period}": fact.made_at for fact in settlements}
        movements = [(f.identity, str(f.content["photo"])) for f in self._money.facts(MOVEMENT)]
        found = [
            *without_statement(metered, {fact.plant_id for fact in statements}, period),
            *quick_steps(entered, checked),
            *same_photos(movements if principal.scope.everything else ()),
            *same_pairs(self._money.vouchers(villages, period, period)),
        ]
        for village in sorted(villages):
            found += money_waits(self._money.lots(village), today)
        if self._payees is not None:
            found += self._payees.of_villages(villages)
        closed = {fact.identity for fact in self._money.facts(FLAG_CLOSED)}
        return [flag for flag in found if flag.identity not in closed]

    @require(Permission.VIEW_INCOME)
    def calendar(self, principal: Principal, months: int = 3) -> list[Due]:
        """Return what is due or overdue, oldest first."""
        plants, today = self._plants(principal), self._today()
        periods = [_month_back(today, back) for back in range(1, months + 1)]
        state = self._state(plants)
        found: list[Due] = []
        for plant_id in plants:
            stated = {line.period for line in state.lines if line.plant_id == plant_id}
            found += statements_due(self._registry.plants_by_id[plant_id], periods, stated, today)
        found += receipts_due(state.arrears.open_items(), today)
        through = {closing.village_id: closing.period for closing in self._money.closings()}
        for village in self._villages(principal):
            booked = {v.period for v in self._money.vouchers([village], first_period=min(periods))}
            done = booked & set(periods)
            found += closes_due(village, done, through.get(village, ""), today)
        if self._plans is not None:
            found += self._plans.of_villages(self._villages(principal), today)
        return sorted(found)

    @require(Permission.VIEW_INCOME)
    def journal(
        self, principal: Principal, village_id: str, first: str, last: str, account: str = ""
    ) -> JournalPage:
        """Return the vouchers of a village, with the platform's numbers and what was reversed."""
        village_id = self._village(principal, village_id)
        vouchers = self._money.vouchers([village_id], first, last, account=account)
        numbers = {
            fact.identity: str(fact.content["number"])
            for fact in self._money.facts("platform_voucher", village_ids=[village_id])
        }
        reversed_keys = self._money.reversed_keys([v.entry.key for v in vouchers])
        return JournalPage(tuple(vouchers), numbers, reversed_keys)

    @require(Permission.VIEW_INCOME)
    def trial(self, principal: Principal, village_id: str, period: str | None = None) -> list[TrialRow]:
        """Return the balances of a village by account."""
        village_id = self._village(principal, village_id)
        balances: list[Balance] = self._money.balances([village_id], through_period=period)
        return trial_balance(balances)

    @require(Permission.VIEW_INCOME)
    def lots(self, principal: Principal, village_id: str) -> list[Lot]:
        """Return the receipts of a village with what is left of each."""
        return self._money.lots(self._village(principal, village_id))

    @require(Permission.VIEW_INCOME)
    def closings(self, principal: Principal, village_id: str) -> list[Closing]:
        """Return the closed periods of a village."""
        return self._money.closings([self._village(principal, village_id)])

    @require(Permission.VIEW_INCOME)
    def verify(self, principal: Principal) -> Verification:
        """Check the whole ledger, every village: the chain has no parts."""
        if not principal.scope.everything:
            raise out_of_scope(principal, "district", "*")
        return self._money.verify()

    @require(Permission.VIEW_INCOME)
    def books(
        self, principal: Principal, village_id: str | None = None
    ) -> tuple[list[Voucher], list[Balance]]:
        """Return vouchers and balances of one village, or of all in scope, for an export."""
        villages = [self._village(principal, village_id)] if village_id else sorted(self._villages(principal))
        return self._money.vouchers(villages), self._money.balances(villages)

    @require(Permission.VIEW_INCOME)
    def villages(self, principal: Principal) -> list[tuple[str, str]]:
        """Return villages in scope, (id, town·village), by id."""
        language = principal.language
        return [(v, self._registry.village_label(v, language)) for v in sorted(self._villages(principal))]

    # ------------------------------------------------------------------ helpers

    def _today(self) -> date:
        return day_of(self._clock.now())

    def _plants(self, principal: Principal) -> set[str]:
        return {plant.plant_id for plant in principal.plants(self._registry)}

    def _villages(self, principal: Principal) -> set[str]:
        scope = principal.scope
        return {
            v.village_id
            for v in self._registry.villages
            if scope.everything or v.village_id in scope.village_ids or v.town_id in scope.town_ids
        }

    def _village(self, principal: Principal, village_id: str) -> str:
        if village_id not in self._villages(principal):
            raise out_of_scope(principal, "village", village_id)
        return village_id

    def _remittances(self) -> list[Remittance]:
        gone = {fact.identity for fact in self._money.facts(VOID)}
        every = [remittance_of(fact) for fact in self._money.facts(REMITTANCE)]
        return [one for one in every if one.identity not in gone]

    def _state(self, plants: set[str] | None, first: str = "", last: str = "9999-99") -> _State:
        facts = self._money.facts(STATEMENT, plant_ids=plants, first_period=first, last_period=last)
        lines = lines_in_force(statement_of(fact) for fact in facts)
        settlements = newest(
            settlement_of(f)
            for f in self._money.facts(SETTLEMENT, plant_ids=plants, first_period=first, last_period=last)
        )
        remittances = self._remittances()
        claims = [
            claim
            for claim in approved_claims(map(opening_of, self._money.facts(OPENING)), self._money)
            if first <= claim.period <= last and (plants is None or claim.plant_id in plants)
        ]
        arrears = Arrears.of(lines, settlements.values(), remittances, claims)
        return _State(lines, settlements, remittances, arrears)


def _newest_days(remittances: Iterable[Remittance]) -> dict[tuple[str, str], date]:
    """Return the newest day on which something of a plant and month came."""
    found: dict[tuple[str, str], date] = {}
    for one in remittances:
        for item in one.items:
            key = (item.plant_id, item.period)
            found[key] = max(found.get(key, one.on), one.on)
    return found


def _month_days(period: str) -> tuple[date, date]:
    year, month = int(period[:4]), int(period[5:7])
    return date(year, month, 1), date(year + month // 12, month % 12 + 1, 1)


def _month_back(today: date, back: int) -> str:
    place = today.year * 12 + today.month - 1 - back
    return f"{place // 12}-{place % 12 + 1:02d}"
