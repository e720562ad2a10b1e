"""What pages show of the other industries: attainment, reports, bases, funds, the whole income of a village."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from access.guard import guarded, require
from access.permissions import Permission
from access.principal import Principal
from access.villages import check_town, sees_village, towns_seen, villages_seen
from domain.clock import Clock
from domain.errors import AccessDeniedError
from domain.industry import (
    IncomeQuestion,
    RegisterEntry,
    Report,
    ReporterKind,
    ReportStep,
    month_before,
    year_before,
)
from domain.plant import Registry
from domain.timespan import day_of
from industries import watch
from industries.attainment import Attainment, attain
from industries.base import BASE, CONTRACT, OPERATOR, Base, base_of, contract_of, operator_of
from industries.base_progress import expected_of_base, reached_of_bases
from industries.income import IncomePart, by_source
from industries.indicator import Indicator, IndicatorKind
from industries.rules import Fund, IndustryRules
from queries.industry_trend import trend
from queries.industry_views import (
    AssessmentRow,
    BaseRow,
    BaseView,
    FormRow,
    FundView,
    IndicatorView,
    IndustriesView,
    TownReports,
    VillagePlant,
    VillageView,
)
from revenue.settlement import KIND as SETTLEMENT
from revenue.settlement import newest, settlement_of
from stores.fund_books import CLAIM, CONTRIBUTION, DECISION, PAYMENT, ROUND, standing_in
from stores.industry_protocol import IndustryRecords

PAYMENTS_MONTHS = 12
REMEMBERED = 24  # months whose reports are kept in memory
Incomes = Callable[[Sequence[str]], Iterable[IncomePart]]


@guarded
class IndustryQueries:
    """Views of industries. ``incomes`` gives what villages' households received."""

    def __init__(
        self,
        records: IndustryRecords,
        registry: Registry,
        rules: IndustryRules,
        clock: Clock,
        incomes: Incomes,
    ) -> None:
        self._records = records
        self._registry = registry
        self._rules = rules
        self._clock = clock
        self._incomes = incomes
        self._remembered: dict[tuple[str, ...], tuple[tuple[int, int], list[Report]]] = {}
        self._registers: dict[str, tuple[int, list[RegisterEntry], list[Base]]] = {}

    @property
    def _today(self) -> date:
        return day_of(self._clock.now())

    @require(Permission.VIEW_INDUSTRIES)
    def rules(self, principal: Principal) -> IndustryRules:  # noqa: ARG002 (who asks has been checked)
        """Return what the district decided."""
        return self._rules

    @require(Permission.VIEW_INDUSTRIES)
    def period(self, principal: Principal, wanted: str = "") -> str:  # noqa: ARG002
        """Return a month that is not ahead, by default the last whole one."""
        now = f"{self._today:%Y-%m}"
        sound = len(wanted) == len(now) and wanted[4] == "-" and wanted[:4].isdigit() and wanted[5:].isdigit()
        if sound and "01" <= wanted[5:] <= "12" and wanted <= now:
            return wanted
        return month_before(now)

    @require(Permission.VIEW_INDUSTRIES)
    def today(self, principal: Principal) -> date:  # noqa: ARG002
        """Return the field's day."""
        return self._today

    @require(Permission.VIEW_INDUSTRIES)
    def towns(self, principal: Principal) -> list[str]:
        """Return the towns in scope."""
        return towns_seen(principal, self._registry)

    @require(Permission.VIEW_INDUSTRIES)
    def villages(self, principal: Principal) -> list[str]:
        """Return the villages in scope."""
        return villages_seen(principal, self._registry)

    @require(Permission.VIEW_INDUSTRIES)
    def overview(self, principal: Principal, period: str) -> IndustriesView:
        """Return every indicator against its path, who has not reported, and the funds."""
        reports, due_on = self._year(period), self._due_on(period)
        indicators = self._rules.in_force(_last_day(period))
        rows = self._attained(indicators, period, reports)
        towns = [
            self._town_reports(one, period, reports, indicators)
            for one in towns_seen(principal, self._registry)
        ]
        funds = [standing_in(self._records, one) for one in self._funds()]
        missing = {one.town_id: one.missing for one in towns}
        last = month_before(period)
        prices = [one for one in indicators if one.kind is IndicatorKind.PRICE]
        earlier = reports if last[:4] == period[:4] else self._year(last)
        before = self._attained(prices, last, earlier)
        notices = (
            *watch.behind(rows),
            *watch.price_drops(rows, before, self._rules.limits),
            *watch.claim_rates(funds, self._rules.limits),
            *watch.unreported(missing, due_on, self._today),
        )
        is_due = self._today > due_on
        return IndustriesView(period, due_on, is_due, tuple(rows), tuple(towns), tuple(funds), notices)

    @require(Permission.VIEW_INDUSTRIES)
    def attainments(self, principal: Principal, period: str) -> list[Attainment]:  # noqa: ARG002
        """Return every indicator against its path."""
        return self._attained(self._rules.in_force(_last_day(period)), period, self._year(period))

    @require(Permission.VIEW_INDUSTRIES)
    def indicator(self, principal: Principal, indicator_id: str, period: str) -> IndicatorView:
        """Return one indicator with its bases; towns out of scope are in the sums and not in the list."""
        indicator = self._indicator(indicator_id, period)
        first = f"{int(period[:4]) - 1}-01"
        one = {"indicator_ids": [indicator_id], "last_period": period}
        reports = self._read(
            ("towns", indicator_id, period), kind=ReporterKind.TOWN, first_period=first, **one
        )
        bases = [one for one in self._bases(principal) if one.indicator_id == indicator_id]
        since = f"{period[:4]}-01"
        own = self._read(("bases", indicator_id, period), kind=ReporterKind.BASE, first_period=since, **one)
        rows, month = self._base_rows(bases, own), int(period[5:])
        reached = reached_of_bases(indicator, month, own)
        rows = [
            replace(
                row,
                reached=reached.get(row.base.base_id),
                expected=expected_of_base(indicator, month, row.base),
            )
            for row in rows
        ]
        rows.sort(key=lambda row: (row.gap is None, row.gap or 0, row.base.base_id))
        return IndicatorView(
            self._attained([indicator], period, reports)[0],
            tuple(trend(indicator, first, period, reports)),
            tuple(rows),
            tuple(self._differing(bases, [one for one in own if one.period == period], reports, period)),
        )

    @require(Permission.VIEW_INDUSTRIES)
    def register(self, principal: Principal, kind: str) -> list[tuple[str, str]]:
        """Return ids and names of a register's entries in scope; payments of bases are only counted on pages."""
        seen, bases = (
            set(villages_seen(principal, self._registry)),
            {one.base_id for one in self._bases(principal)},
        )
        found = []
        for one in self._register(kind)[0]:
            content = one.content
            if content.get("village_id") in seen or content.get("base_id") in bases:
                found.append((one.entry_id, str(content.get("name") or content.get("kind") or "")))
        return found

    @require(Permission.VIEW_INDUSTRIES)
    def reports(self, principal: Principal, period: str) -> list[Report]:
        """Return the newest versions of a month's reports, of towns, villages and bases in scope."""
        seen = {
            *towns_seen(principal, self._registry),
            *villages_seen(principal, self._registry),
            *(one.base_id for one in self._bases(principal)),
        }
        found = self._records.reports(first_period=period, last_period=period)
        return [one for one in found if one.reporter_id in seen]

    @require(Permission.VIEW_INDUSTRIES)
    def bases(self, principal: Principal) -> list[Base]:
        """Return the bases in scope."""
        return self._bases(principal)

    @require(Permission.VIEW_INDUSTRIES)
    def base(self, principal: Principal, base_id: str) -> BaseView:
        """Return one base; under a plant with what the plant brought in the same months."""
        base = next((one for one in self._bases(principal) if one.base_id == base_id), None)
        if base is None:
            raise AccessDeniedError(f"base {base_id[:40]!r} is not within the scope of {principal.user_id}")
        operators = {one.entry_id: operator_of(one.content) for one in self._register(OPERATOR)[0]}
        contracts = [contract_of(one.content) for one in self._register(CONTRACT)[0]]
        return BaseView(
            base,
            operators.get(base.operator_id),
            tuple(one for one in contracts if one.base_id == base_id),
            tuple(self._records.reports(kind=ReporterKind.BASE, reporter_ids=[base_id]))[-24:],
            self._rules.indicator(base.indicator_id, self._today),
            self._registry.plants_by_id.get(base.plant_id),
            self._plant_net_fen(base.plant_id) if base.plant_id else None,
        )

    @require(Permission.VIEW_INDUSTRIES)
    def village(self, principal: Principal, village_id: str, year: int | None = None) -> VillageView:
        """Return the whole income of a village as far as this system sees it."""
        if not sees_village(principal, self._registry, village_id):
            raise AccessDeniedError(
                f"village {village_id[:20]!r} is not within the scope of {principal.user_id}"
            )
        today = self._today
        chosen = today.year if year is None else min(year, today.year)
        through = today.month if chosen == today.year else 12
        parts = list(self._incomes([village_id]))
        this_year = [one for one in parts if one.period[:4] == str(chosen)]
        bases = [one for one in self._bases(principal) if village_id in {one.village_id, *one.villages}]
        names = [one.base_id for one in bases]
        own = self._records.reports(
            kind=ReporterKind.BASE, reporter_ids=names, first_period=year_before(f"{today:%Y-%m}")
        )
        return VillageView(
            village_id,
            chosen,
            through,
            tuple(by_source(parts, chosen, through)),
            len({one.household_id for one in this_year if one.household_id}),
            tuple(self._village_plants(village_id, chosen, through)),
            tuple(self._base_rows(bases, own)),
        )

    @require(Permission.ENTER_REPORT)
    def form(self, principal: Principal, town_id: str, period: str) -> list[FormRow]:
        """Return the lines of a town's report."""
        check_town(principal, self._registry, town_id)
        kept = {
            (one.indicator_id, one.period): one
            for one in self._records.reports(
                kind=ReporterKind.TOWN,
                reporter_ids=[town_id],
                first_period=year_before(period),
                last_period=period,
            )
        }
        return [
            FormRow(
                one,
                kept.get((one.indicator_id, period)),
                kept.get((one.indicator_id, month_before(period))),
                kept.get((one.indicator_id, year_before(period))),
            )
            for one in self._rules.in_force(_last_day(period))
        ]

    @require(Permission.VIEW_INDUSTRIES)
    def assessment(self, principal: Principal, period: str) -> tuple[list[Attainment], list[AssessmentRow]]:
        """Return the indicators with a target, and each town's share of its path with how it reported this year."""
        reports = self._year(period)
        in_force = self._rules.in_force(_last_day(period))
        judged = self._attained([one for one in in_force if one.target is not None], period, reports)
        versions = self._year(period, every_version=True)
        rows = [
            self._assessed(town, period, judged, versions, len(in_force))
            for town in towns_seen(principal, self._registry)
        ]
        return judged, rows

    @require(Permission.VIEW_INCOME)
    def funds(self, principal: Principal) -> list[FundView]:
        """Return the funds; claims and rounds only of villages in scope."""
        decisions = {one.identity: one for one in self._records.facts(DECISION)}
        payments = self._records.facts(PAYMENT)
        claims, rounds = self._records.facts(CLAIM), self._records.facts(ROUND)
        contributions = self._records.facts(CONTRIBUTION)
        wide = principal.scope.everything
        return [
            FundView(
                standing_in(self._records, fund),
                tuple(one for one in contributions if one.content["fund"] == fund.fund_id and wide),
                tuple(
                    (one, decisions.get(one.identity))
                    for one in claims
                    if one.content["fund"] == fund.fund_id
                    and sees_village(principal, self._registry, one.village_id)
                ),
                tuple(
                    (one, decisions.get(one.identity))
                    for one in rounds
                    if one.content["fund"] == fund.fund_id and wide
                ),
                sum(
                    one.content["fund"] == fund.fund_id
                    and self._records.voucher(f"{PAYMENT}:{one.identity}") is None
                    for one in payments
                ),
            )
            for fund in self._funds()
        ]

    @require(Permission.VIEW_INDUSTRIES)
    def fund_name(self, principal: Principal, fund_id: str, language: str) -> str:  # noqa: ARG002
        """Return a fund's name in a language."""
        found = self._rules.fund(fund_id, self._today)
        return fund_id if found is None else found.name_en if language == "en" else found.name

    @require(Permission.VIEW_PEOPLE)
    def questions(self, principal: Principal) -> list[IncomeQuestion]:
        """Return the questions about households, to people of their own town and to nobody else."""
        return self._records.questions(sorted(principal.scope.town_ids)) if principal.scope.town_ids else []

    # ------------------------------------------------------------------ inside

    def _funds(self) -> list[Fund]:
        names = dict.fromkeys(one.fund_id for one in self._rules.funds)
        found = [self._rules.fund(one, self._today) for one in names]
        return [one for one in found if one is not None]

    def _year(self, period: str, *, every_version: bool = False) -> list[Report]:
        """Return the towns' reports of a year up to a month."""
        return self._read(
            ("year", period, str(every_version)),
            kind=ReporterKind.TOWN,
            first_period=f"{period[:4]}-01",
            last_period=period,
            every_version=every_version,
        )

    def _read(self, key: tuple[str, ...], **wanted: Any) -> list[Report]:
        """Return reports; remembered until a report or step is added."""
        head, known = self._records.reports_head(), self._remembered.get(key)
        if known is None or known[0] != head:
            known = (head, self._records.reports(**wanted))
            if len(self._remembered) >= REMEMBERED:
                self._remembered.clear()
            self._remembered[key] = known
        return known[1]

    def _villages(self, period: str) -> dict[str, int]:
        """Return how many villages each town has."""
        day = _last_day(period)
        counts = dict.fromkeys((one.town_id for one in self._registry.towns), 0)
        for one in self._registry.villages:
            if one.valid_from <= day and (one.valid_to is None or day < one.valid_to):
                counts[one.town_id] += 1
        return counts

    def _attained(
        self, indicators: Sequence[Indicator], period: str, reports: Iterable[Report]
    ) -> list[Attainment]:
        villages, behind = self._villages(period), self._rules.limits.behind
        by_indicator: dict[str, list[Report]] = {}
        for one in reports:
            by_indicator.setdefault(one.indicator_id, []).append(one)
        return [
            attain(one, period, by_indicator.get(one.indicator_id, ()), villages, behind)
            for one in indicators
        ]

    def _indicator(self, indicator_id: str, period: str) -> Indicator:
        found = self._rules.indicator(indicator_id, _last_day(period))
        if found is None:
            raise AccessDeniedError(f"there is no indicator {indicator_id[:40]!r}")
        return found

    def _due_on(self, period: str) -> date:
        year, month = int(period[:4]), int(period[5:])
        return date(year + month // 12, month % 12 + 1, self._rules.limits.due_day)

    def _town_reports(
        self, town: str, period: str, reports: Iterable[Report], indicators: Sequence[Indicator]
    ) -> TownReports:
        names = {one.indicator_id for one in indicators}
        there = [
            one
            for one in reports
            if one.reporter_id == town and one.period == period and one.counts and one.indicator_id in names
        ]
        due_on = self._due_on(period)
        late = sum(day_of(one.made_at) > due_on for one in there if one.version == 1)
        checked = sum(one.step is ReportStep.CHECKED for one in there)
        return TownReports(town, len(names), len(there), late, checked)

    def _register(self, kind: str) -> tuple[list[RegisterEntry], list[Base]]:
        """Return a register, and as bases where it is theirs; remembered until something is added to it."""
        head, known = self._records.entries_head(kind), self._registers.get(kind)
        if known is None or known[0] != head:
            entries = self._records.entries(kind)
            known = (head, entries, [base_of(one.content) for one in entries] if kind == BASE else [])
            self._registers[kind] = known
        return known[1], known[2]

    def _bases(self, principal: Principal) -> list[Base]:
        seen = set(villages_seen(principal, self._registry))
        return [one for one in self._register(BASE)[1] if one.village_id in seen]

    def _base_rows(self, bases: Iterable[Base], reports: Iterable[Report]) -> list[BaseRow]:
        names = {one.entry_id: str(one.content["name"]) for one in self._register(OPERATOR)[0]}
        newest = {one.reporter_id: one for one in reports}
        return [BaseRow(one, names.get(one.operator_id, ""), newest.get(one.base_id)) for one in bases]

    def _differing(
        self, bases: Iterable[Base], own: Iterable[Report], towns: Iterable[Report], period: str
    ) -> list[tuple[str, Decimal, Decimal]]:
        """Return the towns where town and bases both reported and do not agree: compared, never forced."""
        home = {one.base_id: one.village_id[:9] for one in bases}
        sums: dict[str, Decimal] = {}
        for one in own:
            if one.reporter_id in home and one.counts:
                town = home[one.reporter_id]
                sums[town] = sums.get(town, Decimal(0)) + one.value
        return [
            (one.reporter_id, one.value, sums[one.reporter_id])
            for one in towns
            if one.period == period and one.reporter_id in sums and sums[one.reporter_id] != one.value
        ]

    def _village_plants(self, village_id: str, year: int, through: int) -> list[VillagePlant]:
        """Return the village's part of each plant, and what it came to in both years."""
        shares = {}
        for plant in self._registry.plants:
            act = plant.ownership_on(self._today)
            share = act.shares_kw.get(village_id, 0.0) if act else 0.0
            if share > 0:
                shares[plant.plant_id] = (plant, share)
        facts = self._records.facts(SETTLEMENT, plant_ids=list(shares)) if shares else []
        sums: dict[tuple[str, int], int] = {}
        for (plant_id, period), one in newest(settlement_of(fact) for fact in facts).items():
            fen = [part.net_fen for part in one.parts if part.village_id == village_id]
            if fen and int(period[5:]) <= through:
                place = (plant_id, int(period[:4]))
                sums[place] = sums.get(place, 0) + sum(fen)
        return [
            VillagePlant(plant, share, sums.get((name, year)), sums.get((name, year - 1)))
            for name, (plant, share) in shares.items()
        ]

    def _plant_net_fen(self, plant_id: str) -> int | None:
        settled = newest(settlement_of(one) for one in self._records.facts(SETTLEMENT, plant_ids=[plant_id]))
        months = sorted(period for _, period in settled)[-PAYMENTS_MONTHS:]
        return sum(settled[plant_id, one].net_fen for one in months) if months else None

    def _assessed(
        self,
        town: str,
        period: str,
        judged: Sequence[Attainment],
        versions: Iterable[Report],
        indicators: int,
    ) -> AssessmentRow:
        theirs = [one for one in versions if one.reporter_id == town]
        shares = []
        for one in judged:
            mine = next(each for each in one.towns if each.town_id == town)
            known = mine.reached is not None and mine.expected
            shares.append(
                mine.reached / mine.expected if known and mine.reached is not None and mine.expected else None
            )
        first = [one for one in theirs if one.version == 1]
        return AssessmentRow(
            town,
            tuple(shares),
            int(period[5:]) * indicators,
            sum(day_of(one.made_at) <= self._due_on(one.period) for one in first),
            sum(one.version > 1 for one in theirs),
            sum(one.step is ReportStep.RETURNED for one in theirs),
        )


def _last_day(period: str) -> date:
    """Return the first day after which nothing of the month comes: the 28th is in every month."""
    return date(int(period[:4]), int(period[5:]), 28)
