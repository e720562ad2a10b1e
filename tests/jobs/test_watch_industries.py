"""Alerts of industries on a real store: late reports, the path, prices, claims; people act, are told, and it ends."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from alerts.handling import HandlingRefusedError
from cases.refusal import CaseRefusedError
from commands.funds import ClaimOrder, Contribution
from commands.industry_alerts import IndustryAlerts
from commands.industry_reports import ReportOrder
from domain.alert import Alert, AlertState, Severity
from domain.errors import AccessDeniedError
from domain.industry import Report, ReporterKind, ReportMark
from domain.notification import Event, When
from jobs.send_notifications import Delivery, Teller
from jobs.watch_industries import IndustryWatch
from main.configuration import load_alert_rules
from main.industry_jobs import WATCH
from queries.industries import IndustryQueries
from queries.industry_alerts import IndustryAlertViews
from tests.alerts.makers import notifying, receiver, route
from tests.commands.industry_world import (
    ACCOUNTANT,
    AUDITOR,
    CLERK,
    COUNTY,
    OTHER_CLERK,
    PHOTO,
    ROOT,
    TOWNS,
    VILLAGES,
    IndustryOffice,
    open_office,
)
from tests.jobs.test_send_notifications import Ears

HERE, THERE = TOWNS[:2]
DUE = datetime(2026, 8, 6, 1, 0, tzinfo=UTC)  # 09:00 of the day after the reports of July are due


@dataclass
class Watchroom:
    office: IndustryOffice
    views: IndustryAlertViews
    acts: IndustryAlerts
    watch: IndustryWatch

    def to(self, instant: datetime) -> str:
        self.office.clock.advance((instant - self.office.clock.now()).total_seconds())
        return self.watch.step()

    def open(self, rule: str) -> list[Alert]:
        return [one for one in self.office.records.open_alerts() if one.rule == rule]

    def told(self, town: str, amount: str, period: str = "2026-07", indicator: str = "fungus_bags") -> None:
        order = replace(self.office.report(town, amount, period), indicator_id=indicator)
        self.office.reports().submit(COUNTY_CLERK, [order], confirmed=True)

    def everything(self, town: str, period: str = "2026-07") -> None:
        orders = [
            ReportOrder(one.indicator_id, town, period, "0", mark=ReportMark.ZERO)
            for one in self.office.rules.in_force(DUE.date())
        ]
        self.office.reports().submit(COUNTY_CLERK, orders, confirmed=True)


COUNTY_CLERK = replace(CLERK, user_id="filler", scope=COUNTY.scope)


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Watchroom]:
    office = open_office(tmp_path)
    queries = IndustryQueries(office.records, office.registry, office.rules, office.clock, lambda _ids: [])
    views = IndustryAlertViews(office.records, office.registry, office.clock, queries)
    rules = load_alert_rules(ROOT / "config").rules
    watch = IndustryWatch(office.records, office.clock, rules, lambda owed: views.findings(WATCH, owed))
    acts = IndustryAlerts(office.records, office.registry, office.clock, office.clock)
    yield Watchroom(office, views, acts, watch)
    office.records.close()


def test_nobody_is_late_before_the_day_reports_are_due(room: Watchroom) -> None:
    room.to(DUE - timedelta(days=1))
    assert {one.part for one in room.open("I02")} == {"2026-06"}  # July may still come


def test_a_late_town_is_an_alert_of_its_month_and_ends_by_itself_with_the_report(room: Watchroom) -> None:
    room.to(DUE)
    late = {one.subject: one for one in room.open("I02")}
    assert set(late) == set(TOWNS)
    assert late[HERE].severity is Severity.S2
    assert late[HERE].evidence["count"] == str(len(room.office.rules.in_force(DUE.date())))
    room.everything(HERE)
    room.to(DUE + timedelta(hours=1))
    assert HERE not in {one.subject for one in room.open("I02")}
    ended = room.office.records.alert(late[HERE].alert_id)
    assert ended is not None
    assert ended.state is AlertState.RESOLVED
    assert "0 changed" in room.to(DUE + timedelta(hours=2))  # what has not changed is not written again


def test_a_month_that_is_still_owed_stays_open_when_the_next_month_is_due(room: Watchroom) -> None:
    room.to(DUE)
    for town in TOWNS[1:]:
        room.everything(town)
    room.to(DUE + timedelta(days=31))
    months = {(one.subject, one.part) for one in room.open("I02") if one.subject in {HERE, THERE}}
    assert months == {(HERE, "2026-07"), (HERE, "2026-08"), (THERE, "2026-08")}
    room.everything(HERE)
    room.to(DUE + timedelta(days=31, hours=1))
    assert (HERE, "2026-07") not in {(one.subject, one.part) for one in room.open("I02")}


def test_a_report_sent_back_reopens_the_same_alert(room: Watchroom) -> None:
    room.to(DUE)
    [first] = [one for one in room.open("I02") if one.subject == HERE]
    room.everything(HERE)
    room.to(DUE + timedelta(hours=1))
    room.office.reports().send_back(COUNTY, "2026-07", HERE, "fungus_bags", "单位不对")
    room.to(DUE + timedelta(hours=2))
    [again] = [one for one in room.open("I02") if one.subject == HERE]
    assert (again.alert_id, again.reopened, again.evidence["count"]) == (first.alert_id, 1, "1")


def test_behind_the_path_names_who_makes_the_gap_and_silence_does_not_heal_it(room: Watchroom) -> None:
    for town, amount in zip(TOWNS, ("1", "1250", "1250", "1250"), strict=True):
        room.told(town, amount)  # 5,000 of 10,000 are due by July
    room.to(DUE)
    [behind] = room.open("I01")
    assert (behind.subject, behind.evidence["share"], behind.evidence["towns"]) == (
        "fungus_bags",
        "75.0 %",
        room.office.registry.towns[0].name,
    )
    reports = room.office.reports()
    for town in TOWNS:
        reports.send_back(COUNTY, "2026-07", town, "fungus_bags", "重报")
    room.to(DUE + timedelta(hours=1))
    assert room.open("I01") == [behind]  # nobody knows any more: neither worse nor well
    orders = [replace(room.office.report(town, "1250"), reason="重报") for town in TOWNS]
    reports.submit(COUNTY_CLERK, orders, confirmed=True)
    room.to(DUE + timedelta(hours=2))
    assert room.open("I01") == []


def test_a_fallen_price_is_an_alert_until_the_next_month_does_not_fall(room: Watchroom) -> None:
    for period, value in (("2026-06", "10"), ("2026-07", "7"), ("2026-08", "7")):
        kept = Report(
            "fungus_price",
            ReporterKind.TOWN,
            HERE,
            period,
            1,
            Decimal(value),
            value,
            ReportMark.ENTERED,
            "x",
            DUE,
        )
        room.office.records.add_reports([kept])
    room.to(DUE)
    [fallen] = room.open("I03")
    assert (fallen.subject, fallen.evidence["share"]) == ("fungus_price", "30.0 %")
    room.to(DUE + timedelta(days=31))
    assert room.open("I03") == []


def test_people_acknowledge_silence_shelve_hand_over_and_reopen_as_with_plants(room: Watchroom) -> None:
    room.to(DUE)
    [late] = [one for one in room.open("I02") if one.subject == HERE]
    name, until = late.alert_id, DUE + timedelta(days=2)
    assert room.acts.acknowledge(CLERK, name, 0).acknowledged_by == "clerk"
    with pytest.raises(HandlingRefusedError):
        room.acts.acknowledge(COUNTY, name, 1)
    assert room.acts.hand_over(CLERK, name, 1, "镇长（虚构）").owner == "镇长（虚构）"
    assert room.acts.silence(CLERK, name, 2, until, "补报中").silenced_until == until
    assert room.acts.shelve(COUNTY, name, 3, until, "会后再办").shelved_until == until
    assert [one.is_quiet for one in room.views.list(CLERK).open if one.alert.alert_id == name] == [True]
    assert room.acts.release(COUNTY, name, 4).silenced_until is None
    assert room.acts.note(COUNTY, name, 5, "已电话催报").acts == 6
    assert room.acts.reopen(COUNTY, name, 6, "还没有报").reopened == 1
    view = room.views.one(CLERK, name)
    assert len(view.acts) == 7
    assert ("alert.shelve", "done") in room.office.audited()


def test_a_town_acts_on_its_own_alerts_and_sees_no_other_towns(room: Watchroom) -> None:
    room.told(HERE, "1")
    room.to(DUE)
    [theirs] = [one for one in room.open("I02") if one.subject == THERE]
    [behind] = room.open("I01")
    with pytest.raises(CaseRefusedError):
        room.acts.acknowledge(CLERK, theirs.alert_id, 0)
    with pytest.raises(CaseRefusedError):
        room.acts.acknowledge(
            CLERK, behind.alert_id, 0
        )  # the district's: seen by all, handled by the district
    with pytest.raises(AccessDeniedError):
        room.views.one(CLERK, theirs.alert_id)
    with pytest.raises(AccessDeniedError):
        room.acts.acknowledge(AUDITOR, theirs.alert_id, 0)
    seen = {one.alert.subject for one in room.views.list(CLERK).open}
    assert seen == {HERE, "fungus_bags"}
    assert room.acts.acknowledge(OTHER_CLERK, theirs.alert_id, 0).acts == 1


def test_late_reports_are_reminded_of_on_the_notification_routes_until_taken(room: Watchroom) -> None:
    people = notifying(
        receiver("town", role="town", town_ids=frozenset({HERE})),
        receiver("field", role="field"),  # routes that name no rules are about plants
        routes=(
            route(Severity.S2, when=When.DAYTIME, role="town", rules=frozenset({"I02"})),
            route(Severity.S1, Severity.S2, when=When.AT_ONCE, role="field"),
        ),
    )
    office, ears = room.office, Ears()
    teller = Teller(office.records, office.registry, people, office.clock)
    delivery = Delivery(office.records, {"wecom": ears}, office.clock)
    room.to(DUE)
    for _ in range(4):
        office.clock.advance(24.5 * 3600)
        teller.think()
        delivery.deliver(wait=True)
    delivery.close()
    assert [one.event for one in ears.heard] == [Event.FIRING, Event.REMINDER, Event.REMINDER]
    assert {one.receiver_id for one in ears.heard} == {"town"}
    assert "镇0 2026-07" in ears.heard[0].title


def test_a_fund_that_granted_much_of_what_came_in_is_an_alert_until_more_money_comes(room: Watchroom) -> None:
    def came(fen: int, reference: str) -> None:
        funds = room.office.funds()
        given = Contribution("fungus_guarantee", DUE.date(), fen, "区财政（虚构）", reference)
        funds.confirm(COUNTY, funds.contribute(ACCOUNTANT, given))

    room.to(DUE)
    assert room.open("I04") == []  # before the first contribution nobody knows a rate
    came(1_000_00, "1")
    funds, day = room.office.funds(), DUE.date()
    order = ClaimOrder("fungus_guarantee", "coop", VILLAGES[0], "", "冰雹", day, 1_000_00, 300_00)
    funds.decide(COUNTY, funds.claim(CLERK, order, [PHOTO]).claim_id, 300_00)
    room.to(DUE + timedelta(hours=1))
    [high] = room.open("I04")
    assert (high.subject, high.evidence["share"]) == ("fungus_guarantee", "30.0 %")
    came(9_000_00, "2")
    room.to(DUE + timedelta(hours=2))
    assert room.open("I04") == []
