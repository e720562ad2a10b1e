"""Reports: the brief of a day, a month of a plant, a town or a village, and the assessment of the towns (考核).

Each is a `Document` without personal data, so that print, spreadsheet, message and picture say the same. A part whose
permission the reader lacks is left out, as on the start page.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal

from access.guard import check, guarded, require
from access.permissions import Permission
from access.principal import Principal
from cases.deadlines import is_overdue
from cases.monthly import Workload
from domain.clock import Clock
from domain.document import Document, SeenTable
from domain.errors import AccessDeniedError
from domain.plant import Plant, Registry
from domain.timespan import day_of
from queries.money import MoneyQueries
from queries.payout import Payout
from queries.report_parts import (
    PlantSum,
    days_of_month,
    in_percent,
    in_yuan,
    known_sum,
    named_sums,
    plant_sum,
    rounded,
)
from queries.report_tables import (
    Cell,
    assessed,
    cause_name,
    causes_table,
    days_table,
    income_table,
    owned_table,
    said,
    table,
)
from queries.work import Work
from stores.day_protocol import DayStore
from texts.loader import Texts

P = Permission
BRIEF, PLANT, TOWNSHIP, VILLAGE, ASSESSMENT = KINDS = ("brief", "plant", "township", "village", "assessment")
NEEDED: Mapping[str, Permission] = {
    BRIEF: P.VIEW_PLANT,
    PLANT: P.VIEW_PLANT,
    TOWNSHIP: P.VIEW_PLANT,
    VILLAGE: P.VIEW_INCOME,
    ASSESSMENT: P.VIEW_OVERVIEW,
}
_ASSESSED = (
    *("town", "plants", "capacity", "energy", "attainment", "availability"),
    *("orders", "on_time", "arrival", "repair", "paid"),
)
_WORST = 10
_ALERTS = 30
_ORDERS = 30


@guarded
class Reports:
    """Documents within the scope of who asks; ``work``, ``money`` and ``payout`` where this server has them."""

    def __init__(
        self,
        registry: Registry,
        clock: Clock,
        days: DayStore | None,
        work: Work | None = None,
        money: MoneyQueries | None = None,
        payout: Payout | None = None,
    ) -> None:
        self._registry = registry
        self._clock = clock
        self._days = days
        self._work = work
        self._money = money
        self._payout = payout

    @require(P.VIEW_OVERVIEW)
    def kinds(self, principal: Principal) -> list[str]:
        """Return the kinds of report a reader may see."""
        has = {VILLAGE: self._money is not None}
        return [kind for kind in KINDS if principal.may(NEEDED[kind]) and has.get(kind, True)]

    @require(P.VIEW_OVERVIEW)
    def subjects(self, principal: Principal, kind: str) -> list[tuple[str, str]]:
        """Return what a kind of report can be about, as id and name; one nameless subject for the whole scope."""
        registry = self._registry
        plants = principal.plants(registry)
        if kind == PLANT:
            return [(one.plant_id, one.name) for one in plants]
        if kind == TOWNSHIP:
            here = {one.town_id for one in plants}
            return [(one.town_id, one.name) for one in registry.towns if one.town_id in here]
        if kind == VILLAGE and self._money is not None and principal.may(P.VIEW_INCOME):
            return self._money.villages(principal)
        return [("all", "")] if kind in {BRIEF, ASSESSMENT} else []

    @require(P.VIEW_OVERVIEW)
    def document(self, principal: Principal, kind: str, subject: str, day: date, texts: Texts) -> Document:
        """Return a report; ``day`` is its day, or any day of its month.

        Raises
        ------
        AccessDeniedError
            There is no such report or subject for this reader.
        """
        make: dict[str, Callable[[Principal, str, date, Texts], Document]] = {
            BRIEF: self._brief,
            PLANT: self._plant,
            TOWNSHIP: self._township,
            VILLAGE: self._village,
            ASSESSMENT: self._assessment,
        }
        known = [name for name, _ in self.subjects(principal, kind)] if kind in make else []
        if subject not in known:
            raise AccessDeniedError(f"no report {kind[:20]!r} of {subject[:40]!r} for {principal.user_id}")
        check(principal, NEEDED[kind])
        return make[kind](principal, subject, day, texts)

    @require(P.VIEW_PLANT)
    def values(self, principal: Principal, day: date) -> Mapping[str, str | Decimal | None]:
        """Return what forms may ask for of a month: of the whole scope, and with ``:id`` of a town or a plant."""
        registry = self._registry
        first, last = days_of_month(day, self._today())
        plants = principal.plants(registry)
        sums = [self._sum(plant, first, last) for plant in plants]
        found: dict[str, str | Decimal | None] = {
            "district": registry.district,
            "month": f"{first:%Y-%m}",
            "first": f"{first}",
            "last": f"{last}",
            **named_sums(sums),
        }
        for town in registry.towns:
            here = [one for one in sums if one.plant.town_id == town.town_id]
            if here:
                found |= {f"{key}:{town.town_id}": value for key, value in named_sums(here).items()}
        for one in sums:
            found |= {f"{key}:{one.plant.plant_id}": value for key, value in named_sums([one]).items()}
        for town_id, fen in (self._paid(principal, first) or {}).items():
            found[f"paid_yuan:{town_id}"] = in_yuan(fen)
        return found

    # ------------------------------------------------------------------ kinds

    def _brief(self, principal: Principal, _subject: str, day: date, texts: Texts) -> Document:
        plants = principal.plants(self._registry)
        sums = [self._sum(plant, day, day) for plant in plants]
        lines = [self._energy_line(sums, texts, day)]
        worst = sorted((one for one in sums if one.lost_kwh), key=lambda one: -(one.lost_kwh or 0.0))[:_WORST]
        tables = [self._plants_table("reports.table.worst", worst, texts)]
        if self._work is not None and principal.may(P.VIEW_ALERTS):
            tables.append(self._alerts_table(principal, lines, texts))
        if self._work is not None and principal.may(P.VIEW_CASES):
            tables.append(self._orders_table(principal, lines, texts))
        return self._document(texts("reports.title.brief", day=day), lines, tables, texts)

    def _plant(self, principal: Principal, subject: str, day: date, texts: Texts) -> Document:
        plant = principal.plant(subject, self._registry)
        first, last = days_of_month(day, self._today())
        days = self._days
        figures = [] if days is None else days.day_figures(subject, first, last)
        rows = [one for one in figures if not one.device_id]
        losses = [] if days is None else days.day_losses(subject, first, last)
        lines = [
            self._energy_line([plant_sum(plant, rows, losses)], texts, first, last),
            *self._statement_line(principal, subject, first, texts),
        ]
        tables = [causes_table(losses, texts), days_table(rows, texts)]
        title = texts("reports.title.plant", name=plant.label(texts.language), month=f"{first:%Y-%m}")
        return self._document(title, lines, tables, texts)

    def _township(self, principal: Principal, subject: str, day: date, texts: Texts) -> Document:
        registry = self._registry
        town = registry.towns_by_id[subject]
        first, last = days_of_month(day, self._today())
        plants = [one for one in principal.plants(registry) if one.town_id == subject]
        sums = [self._sum(plant, first, last) for plant in plants]
        lines = [self._energy_line(sums, texts, first, last)]
        load = self._workloads(principal, first).get(subject)
        if load is not None:
            lines.append(
                texts(
                    "reports.line.work",
                    registered=load.registered,
                    closed=load.closed,
                    open=load.open_at_end,
                    overdue=load.overdue_at_end,
                )
            )
        name = town.label(texts.language)
        tables = [self._plants_table("reports.table.plants", sums, texts)]
        return self._document(
            texts("reports.title.township", name=name, month=f"{first:%Y-%m}"), lines, tables, texts
        )

    def _village(self, principal: Principal, subject: str, day: date, texts: Texts) -> Document:
        registry, money = self._registry, self._money
        assert money is not None, "a village is no subject without money"
        first, last = days_of_month(day, self._today())
        sums = [(self._sum(plant, first, last), share) for plant, share in self._owned(subject, last)]
        own = known_sum(None if one.energy_kwh is None else one.energy_kwh * share for one, share in sums)
        income = money.income(principal, subject)
        here = next((one for one in income if one.period == f"{first:%Y-%m}"), None)
        lines = [texts("reports.line.village", plants=len(sums), kwh=said(rounded(own)))]
        if here is not None:
            cash = in_yuan(here.cash_fen + here.subsidy_cash_fen)
            lines.append(texts("reports.line.income", net=said(in_yuan(here.net_fen)), cash=said(cash)))
        tables = [
            owned_table(sums, texts),
            income_table(income[-12:], texts),
            *self._plans_table(principal, subject, first, texts),
        ]
        name = registry.village_label(subject, texts.language)
        title = texts("reports.title.village", name=name, month=f"{first:%Y-%m}")
        return self._document(title, lines, tables, texts)

    def _assessment(self, principal: Principal, _subject: str, day: date, texts: Texts) -> Document:
        registry = self._registry
        first, last = days_of_month(day, self._today())
        loads, paid = self._workloads(principal, first), self._paid(principal, first)
        rows: list[tuple[Cell, ...]] = []
        for town in registry.towns:
            plants = [one for one in principal.plants(registry) if one.town_id == town.town_id]
            if plants:
                sums = [self._sum(plant, first, last) for plant in plants]
                name = town.label(texts.language)
                fen = None if paid is None else paid.get(town.town_id)
                rows.append((name, *assessed(sums, loads.get(town.town_id)), in_yuan(fen)))
        rows.sort(key=lambda row: -(row[4] if isinstance(row[4], Decimal) else Decimal(-1)))
        lines = [texts("reports.line.assessment", towns=len(rows), first=first, last=last)]
        assessed_table = table(texts, "reports.table.assessment", _ASSESSED, rows)
        title = texts("reports.title.assessment", month=f"{first:%Y-%m}")
        return self._document(title, lines, [assessed_table], texts)

    # ------------------------------------------------------------------ parts

    def _today(self) -> date:
        return day_of(self._clock.now())

    def _sum(self, plant: Plant, first: date, last: date) -> PlantSum:
        days = self._days
        if days is None:
            return plant_sum(plant, (), ())
        return plant_sum(
            plant, days.day_figures(plant.plant_id, first, last), days.day_losses(plant.plant_id, first, last)
        )

    def _owned(self, village_id: str, day: date) -> list[tuple[Plant, float]]:
        """Return the plants a village owns a share of on a day, and the share."""
        found: list[tuple[Plant, float]] = []
        for plant in self._registry.plants:
            act = plant.ownership_on(day)
            share_kw = act.shares_kw.get(village_id, 0) if act is not None else 0
            if act is not None and share_kw > 0:
                found.append((plant, float(share_kw) / float(sum(act.shares_kw.values()))))
        return found

    def _document(
        self, title: str, lines: Sequence[str], tables: Sequence[SeenTable], texts: Texts
    ) -> Document:
        key = "reports.footer_sample" if self._registry.sample else "reports.footer"
        at = self._clock.now()
        return Document(title, tuple(lines), tuple(tables), texts(key, day=day_of(at)))

    def _energy_line(
        self, sums: Sequence[PlantSum], texts: Texts, first: date, last: date | None = None
    ) -> str:
        known = [one for one in sums if one.energy_kwh is not None]
        fens = [one.lost_fen for one in known]
        lost = None if not known or None in fens else sum(fen or 0 for fen in fens)
        return texts(
            "reports.line.energy",
            span=f"{first}" if last is None else f"{first} – {last}",
            known=len(known),
            plants=len(sums),
            energy=said(rounded(known_sum(one.energy_kwh for one in sums))),
            expected=said(rounded(known_sum(one.expected_kwh for one in sums))),
            lost=said(rounded(known_sum(one.lost_kwh for one in sums))),
            yuan=said(in_yuan(lost)),
        )

    def _plants_table(self, title: str, sums: Sequence[PlantSum], texts: Texts) -> SeenTable:
        towns = self._registry.towns_by_id
        rows = [
            (
                one.plant.label(texts.language),
                towns[one.plant.town_id].label(texts.language),
                rounded(one.energy_kwh),
                rounded(one.hours_h, 2),
                in_percent(one.attainment),
                in_percent(one.availability),
                rounded(one.lost_kwh),
                in_yuan(one.lost_fen),
                cause_name(one.main_cause, texts),
            )
            for one in sums
        ]
        heads = ("plant", "town", "energy", "hours", "attainment", "availability", "lost", "yuan", "cause")
        return table(texts, title, heads, rows)

    def _alerts_table(self, principal: Principal, lines: list[str], texts: Texts) -> SeenTable:
        assert self._work is not None, "asked before"
        queue = self._work.queue(principal)
        rows = sorted((row for trip in queue.trips for row in trip.rows), key=lambda row: row.alert.severity)
        counts = {
            level: sum(row.alert.severity.name == level for row in rows) for level in ("S1", "S2", "S3", "S4")
        }
        lines.append(
            texts("reports.line.alerts", count=len(rows), yuan=said(in_yuan(queue.at_risk_fen)), **counts)
        )
        return table(
            texts,
            "reports.table.alerts",
            ("severity", "plant", "alert", "since", "risk"),
            [
                (
                    texts(f"alerts.page.sev.{row.alert.severity.name}"),
                    row.plant.label(texts.language) if row.plant is not None else None,
                    texts(f"alerts.rule.{row.alert.rule}.name"),
                    f"{day_of(row.alert.since)}",
                    in_yuan(row.alert.at_risk_fen),
                )
                for row in rows[:_ALERTS]
            ],
        )

    def _orders_table(self, principal: Principal, lines: list[str], texts: Texts) -> SeenTable:
        assert self._work is not None, "asked before"
        now, plants = self._clock.now(), self._registry.plants_by_id
        cases = self._work.cases(principal)
        late = sum(is_overdue(case, now) for case in cases)
        lines.append(texts("reports.line.orders", count=len(cases), overdue=late))
        return table(
            texts,
            "reports.table.orders",
            ("number", "plant", "state", "due", "late"),
            [
                (
                    case.number,
                    plants[case.plant_id].label(texts.language) if case.plant_id in plants else None,
                    texts(f"cases.state.{case.state.value}"),
                    f"{day_of(case.due_at)}" if case.due_at else None,
                    texts("reports.yes") if is_overdue(case, now) else None,
                )
                for case in sorted(cases, key=lambda case: not is_overdue(case, now))[:_ORDERS]
            ],
        )

    def _statement_line(self, principal: Principal, plant_id: str, first: date, texts: Texts) -> list[str]:
        if self._money is None or not principal.may(P.VIEW_INCOME):
            return []
        rows = [
            one for one in self._money.statements(principal, f"{first:%Y-%m}") if one.plant_id == plant_id
        ]
        return [
            texts("reports.line.statement", kwh=f"{one.kwh:,}", net=said(in_yuan(one.net_fen)))
            for one in rows
        ]

    def _plans_table(
        self, principal: Principal, village_id: str, first: date, texts: Texts
    ) -> list[SeenTable]:
        if self._payout is None:
            return []
        plans = [one for one in self._payout.plans(principal) if one.village_id == village_id]
        here = [one for one in plans if one.last_month.year == first.year]
        rows = [
            (
                f"{one.first_month:%Y-%m} – {one.last_month:%Y-%m}",
                texts(f"payout.step.{one.step.value}"),
                in_yuan(one.available.fen),
                in_yuan(one.paid.fen),
                in_yuan(one.open.fen),
            )
            for one in here
        ]
        return [
            table(texts, "reports.table.plans", ("month", "state", "distributable", "paid", "unpaid"), rows)
        ]

    def _workloads(self, principal: Principal, month: date) -> Mapping[str, Workload]:
        if self._work is None or not principal.may(P.VIEW_CASES):
            return {}
        return {load.key: load for _, load in self._work.month(principal, month).towns}

    def _paid(self, principal: Principal, month: date) -> Mapping[str, int] | None:
        """Return what reached households of plans that end in the month, by town; None without the right. [fen]"""
        if self._payout is None or not principal.may(P.VIEW_INCOME):
            return None
        villages, found = self._registry.villages_by_id, dict[str, int]()
        for plan in self._payout.plans(principal):
            if plan.last_month == month and plan.village_id in villages:
                town = villages[plan.village_id].town_id
                found[town] = found.get(town, 0) + plan.paid.fen
        return found
