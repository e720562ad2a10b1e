"""What is held against the books: the platform's balances, subsidised hours, advices of villages, late subsidies."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from access.guard import guarded, out_of_scope, require
from access.permissions import Permission
from access.principal import Principal
from access.villages import sees_village
from domain.clock import Clock
from domain.plant import Plant, Registry
from domain.roster import Roster
from domain.timespan import day_of
from revenue import platform
from revenue.income import split_signed
from revenue.opening import HOURS_USED, Opening, opening_of
from revenue.opening import KIND as OPENING
from revenue.ownership import shares_on, watts
from revenue.platform import BooksStatus, ComparedRow
from revenue.receipt import ADVICE, MOVEMENT, REMITTANCE, VOID, Remittance, movement_of, remittance_of
from revenue.settlement import lines_in_force
from revenue.statement import KIND as STATEMENT
from revenue.statement import statement_of
from revenue.tariff import HOURS, SUBSIDY, SubsidyCounter, Tariffs, subsidy_counter
from stores.ledger_protocol import MoneyRecords
from stores.roster_protocol import RosterStore


@dataclass(frozen=True, slots=True)
class HoursView:
    """How much of a plant's subsidised life is used. ``first_period`` is the first month that counts here."""

    plant_id: str
    plant: str
    counter: SubsidyCounter
    first_period: str
    opening_hours: Decimal
    kwh: Decimal

    def is_over(self, today: date) -> bool:
        """Whether the subsidy ended, by hours or by years."""
        ends = self.counter.ends_on
        return self.counter.left_hours == 0 or (ends is not None and today >= ends)


@dataclass(frozen=True, slots=True)
class AdviceView:
    """A village's part of a remittance (汇款通知), and who confirmed that it arrived. [fen]"""

    remittance_id: str
    on: date
    payer: str
    reference: str
    lines: tuple[tuple[str, str, str, int], ...]  # plant, month, component, fen
    fen: int
    recovered_fen: int
    confirmed_by: str
    confirmed_at: datetime | None


@dataclass(frozen=True, slots=True)
class RosterLook:
    """A roster as a preview shows it: which, from when, how many may be paid. Empty where the village has none."""

    roster_id: str = ""
    valid_from: date | None = None
    persons: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class VillageSubsidy:
    """What a village gets of a late subsidy, with its roster of the year earned and of the day it came. [fen]"""

    village_id: str
    fen: int
    then: RosterLook
    now: RosterLook

    @property
    def joined(self) -> int:
        """How many are on the newer roster alone."""
        return len(self.now.persons - self.then.persons)

    @property
    def left(self) -> int:
        """How many are on the older roster alone."""
        return len(self.then.persons - self.now.persons)


@guarded
class MoneyChecksView:
    """Views within the scope of who asks."""

    def __init__(
        self,
        records: MoneyRecords,
        rosters: RosterStore | None,
        registry: Registry,
        tariffs: Tariffs,
        clock: Clock,
    ) -> None:
        self._money = records
        self._rosters = rosters
        self._registry = registry
        self._tariffs = tariffs
        self._clock = clock

    @require(Permission.VIEW_INCOME)
    def status(self, principal: Principal, village_id: str) -> BooksStatus:
        """Return whether a village's books here are the official ones."""
        village_id = self._village(principal, village_id)
        facts = self._money.facts(platform.STATUS, village_ids=[village_id])
        return platform.status_on(facts, village_id, self._today())

    @require(Permission.VIEW_INCOME)
    def codes(self, principal: Principal) -> Mapping[str, str]:  # noqa: ARG002 (the guard has checked)
        """Return the platform's code of each of our accounts, by the newest file."""
        kept = self._money.facts(platform.CODES)
        return {str(ours): str(code) for ours, code in kept[-1].content.items()} if kept else {}

    @require(Permission.VIEW_INCOME)
    def compared(self, principal: Principal, village_id: str, period: str) -> list[ComparedRow] | None:
        """Return our balances at the end of a month beside the platform's; None before its sheet was brought."""
        village_id = self._village(principal, village_id)
        kept = self._money.facts(
            platform.BALANCES, village_ids=[village_id], first_period=period, last_period=period
        )
        if not kept:
            return None
        theirs = {str(code): int(fen) for code, fen in kept[-1].content.items()}
        ours = self._money.balances([village_id], through_period=period)
        return platform.compare(ours, theirs, self.codes(principal))

    @require(Permission.VIEW_INCOME)
    def hours(self, principal: Principal) -> list[HoursView]:
        """Return the counter of subsidised hours of each plant, the one that ends first in front."""
        plants = {plant.plant_id: plant for plant in principal.plants(self._registry)}
        facts = self._money.facts(STATEMENT, plant_ids=set(plants))
        kwh: dict[tuple[str, str], Decimal] = {}
        for line in lines_in_force(statement_of(fact) for fact in facts):
            if line.component != SUBSIDY and line.kwh is not None:
                kwh[line.plant_id, line.period] = line.kwh  # components share one energy
        begins = self._begins(set(plants))
        found = [
            self._hours(plant, begins.get(key), kwh, principal.language) for key, plant in plants.items()
        ]
        return sorted(found, key=lambda one: (_left(one), one.plant_id))

    def _begins(self, plant_ids: set[str]) -> dict[str, tuple[str, Decimal]]:
        """Return first month that counts and hours used before it, by plant: as entered, else as books opened."""
        found = {
            line.plant_id: (f"{opening.on:%Y-%m}", Decimal(line.fen) / 100)
            for opening in map(opening_of, self._money.facts(OPENING))
            for line in opening.lines
            if line.item == HOURS_USED
        }
        entered = self._money.facts(HOURS, plant_ids=plant_ids)
        return found | {fact.plant_id: (fact.period, Decimal(fact.content["hours"])) for fact in entered}

    def _hours(
        self,
        plant: Plant,
        begin: tuple[str, Decimal] | None,
        kwh: Mapping[tuple[str, str], Decimal],
        language: str,
    ) -> HoursView:
        first, before = begin or (f"{plant.grid_date:%Y-%m}", Decimal(0))
        energy = sum(
            (
                value
                for (plant_id, month), value in kwh.items()
                if plant_id == plant.plant_id and month >= first
            ),
            Decimal(0),
        )
        tariff, capacity = self._tariffs.of(plant.plant_id), Decimal(str(plant.ac_capacity_kw))
        counter = subsidy_counter(tariff, plant.grid_date, capacity, energy, before)
        return HoursView(plant.plant_id, plant.label(language), counter, first, before, energy)

    @require(Permission.VIEW_INCOME)
    def advices(self, principal: Principal, village_id: str) -> list[AdviceView]:
        """Return the remittance advices of a village, newest first, those not confirmed in front."""
        village_id = self._village(principal, village_id)
        gone = {fact.identity for fact in self._money.facts(VOID)}
        confirmed = {fact.identity: fact for fact in self._money.facts(ADVICE, village_ids=[village_id])}
        movements = {fact.identity: movement_of(fact) for fact in self._money.facts(MOVEMENT)}
        found = []
        for remittance in map(remittance_of, self._money.facts(REMITTANCE)):
            own = [cash for cash in remittance.cash if cash.village_id == village_id]
            if not own or remittance.identity in gone:
                continue
            movement = movements[remittance.movement_id]
            done = confirmed.get(f"{remittance.identity}|{village_id}")
            found.append(
                AdviceView(
                    remittance.identity,
                    remittance.on,
                    movement.payer,
                    movement.reference,
                    _lines(remittance, village_id),
                    sum(cash.paid_fen for cash in own),
                    sum(cash.recovered_fen for cash in own),
                    done.made_by if done else "",
                    done.made_at if done else None,
                )
            )
        found.sort(key=lambda one: (one.on, one.remittance_id), reverse=True)
        return sorted(found, key=lambda one: bool(one.confirmed_by))

    @require(Permission.VIEW_INCOME)
    def openings_waiting(self, principal: Principal) -> list[Opening]:
        """Return opening states in scope that no second person approved yet."""
        found = [opening_of(fact) for fact in self._money.facts(OPENING)]
        seen = [one for one in found if sees_village(principal, self._registry, one.village_id)]
        posted = self._money.posted_keys([one.key for one in seen])
        return [one for one in seen if one.key not in posted]

    @require(Permission.VIEW_INCOME)
    def reversals_asked(self, principal: Principal, village_id: str) -> list[tuple[str, str]]:
        """Return vouchers somebody asked to reverse and nobody has reversed, (key, reason)."""
        village_id = self._village(principal, village_id)
        asked = {
            fact.identity: str(fact.content["reason"])
            for fact in self._money.facts("reversal_request", village_ids=[village_id])
        }
        done = self._money.reversed_keys(list(asked))
        return [(key, reason) for key, reason in asked.items() if key not in done]

    @require(Permission.VIEW_INCOME)
    def subsidy_preview(
        self, principal: Principal, fen_by_plant: Mapping[str, int], last_period: str, roster_on: date
    ) -> list[VillageSubsidy]:
        """Return what each village would get of a late subsidy, its roster of the year earned beside that of a day.

        Shares are those in force in the last month the money belongs to; the receipt itself splits month by month.
        """
        earned = _last_day(last_period)
        sums: dict[str, int] = {}
        for plant_id, fen in sorted(fen_by_plant.items()):
            plant = principal.plant(plant_id, self._registry)
            shares = shares_on(plant, earned, self._registry.villages_by_id)
            for village, part in split_signed(fen, {v: watts(kw) for v, kw in shares.items()}).items():
                sums[village] = sums.get(village, 0) + part
        return [
            VillageSubsidy(village, fen, self._look(village, earned), self._look(village, roster_on))
            for village, fen in sorted(sums.items())
        ]

    def _look(self, village_id: str, day: date) -> RosterLook:
        roster: Roster | None = self._rosters.roster_on(village_id, day) if self._rosters else None
        if roster is None:
            return RosterLook()
        persons = frozenset(member.person_id for member in roster.active)
        return RosterLook(roster.roster_id, roster.valid_from, persons)

    def _today(self) -> date:
        return day_of(self._clock.now())

    def _village(self, principal: Principal, village_id: str) -> str:
        village = self._registry.villages_by_id.get(village_id)
        scope = principal.scope
        if village is None or not (
            scope.everything or village_id in scope.village_ids or village.town_id in scope.town_ids
        ):
            raise out_of_scope(principal, "village", village_id)
        return village_id


def _lines(remittance: Remittance, village_id: str) -> tuple[tuple[str, str, str, int], ...]:
    return tuple(
        (cash.plant_id, cash.period, cash.component, cash.paid_fen)
        for cash in remittance.cash
        if cash.village_id == village_id
    )


def _left(one: HoursView) -> Decimal:
    left = one.counter.left_hours
    return Decimal("Infinity") if left is None else left


def _last_day(period: str) -> date:
    return date(int(period[:4]), int(period[5:7]), 28)
