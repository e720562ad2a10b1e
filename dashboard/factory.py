"""Builds the web application: Flask with the guard in front, plain pages, and Dash below /app/.

Everything is made inside `create_app`; two applications can live in one process.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from dash import Dash, html
from flask import Flask, Response, g, request

from dashboard import compression, exports, guard, health, login, second_factor, security, shell
from dashboard.pages import (
    case_papers,
    deputy,
    desk,
    evidence,
    first,
    notify,
    one_alert,
    order,
    order_new,
    own_things,
    practice,
    public,
    public_contacts,
    readings,
    report_form,
    reports,
    screen,
    setup,
    share,
    stops,
    work_prints,
)
from dashboard.pages.alerts import AlertsPage
from dashboard.pages.base import Page, Site, language_of
from dashboard.pages.compare import ComparePage
from dashboard.pages.data import DataPage
from dashboard.pages.industries import alerts as industry_alerts
from dashboard.pages.industries import forms as industry_forms
from dashboard.pages.industries import fund_case, fund_forms, household, report_page
from dashboard.pages.industries import registers as industry_registers
from dashboard.pages.industries.alerts import IndustryAlertsPage
from dashboard.pages.industries.one import BasePage, OneIndustryPage
from dashboard.pages.industries.overview import AssessmentPage, IndustriesPage
from dashboard.pages.industries.people import FundsPage, QuestionsPage, VillagePage, VillagesPage
from dashboard.pages.money import entry as money_entry
from dashboard.pages.money import match as money_match
from dashboard.pages.money import print as money_print
from dashboard.pages.money.income import IncomePage
from dashboard.pages.money.ledger import LedgerPage
from dashboard.pages.money.reconciliation import ReconciliationPage
from dashboard.pages.orders import OrdersPage
from dashboard.pages.overview import OverviewPage
from dashboard.pages.payout import attendance as payout_attendance
from dashboard.pages.payout import forms as payout_forms
from dashboard.pages.payout import objections as payout_objections
from dashboard.pages.payout import pay_forms, payees, plan_desk, prints
from dashboard.pages.payout.money import NoticesPage, PaymentsPage, RosterPage, TracePage
from dashboard.pages.payout.plans import OnePlanPage, PlansPage
from dashboard.pages.plant import OnePlantPage
from dashboard.pages.plants import PlantsPage
from dashboard.pages.queue import QueuePage
from dashboard.pages.reports import ReportsPage
from dashboard.pages.todo import TodoPage
from dashboard.pages.work_month import WorkMonthPage
from dashboard.services import DashboardSettings, Services, queries_over
from texts.loader import LANGUAGES, Texts

PREFIX = "/app/"
BUILD_HEADER = "X-Pvmon-Build"
_INDEX = """<!DOCTYPE html>
<html lang="@lang@" data-build="@build@">
<head>
{%metas%}
<title>{%title%}</title>
<link rel="icon" type="image/svg+xml" href="/app/assets/icon.svg">
{%css%}
</head>
<body>
{%app_entry%}
<noscript>@noscript@</noscript>
<footer>
{%config%}
{%scripts%}
{%renderer%}
</footer>
</body>
</html>"""


class PvmonDash(Dash):
    """Dash whose index says the language of the reader."""

    site: Site

    def interpolate_index(self, **kwargs: Any) -> str:  # type: ignore[override]
        """Return the index page in the language of this request."""
        principal = g.get("principal")
        texts = self.site.texts[language_of(principal)]
        page: str = super().interpolate_index(**kwargs)  # type: ignore[no-untyped-call]
        return (
            page.replace("@lang@", "zh-CN" if texts.language == "zh" else "en", 1)
            .replace("@build@", self.site.settings.build, 1)
            .replace("Loading...", texts("components.loading"), 1)  # Dash's own first word
            .replace("@noscript@", texts("components.no_script"), 1)
            .replace("@title@", texts("components.product"), 1)
        )


def pages() -> tuple[Page, ...]:
    """Return every Dash page: the one list."""
    return (
        TodoPage(),
        OverviewPage(),
        PlantsPage(),
        OnePlantPage(),
        ComparePage(),
        DataPage(),
        ReportsPage(),
        IncomePage(),
        ReconciliationPage(),
        LedgerPage(),
        PlansPage(),
        OnePlanPage(),
        PaymentsPage(),
        NoticesPage(),
        TracePage(),
        RosterPage(),
        QueuePage(),
        OrdersPage(),
        WorkMonthPage(),
        AlertsPage(),
        IndustriesPage(),
        IndustryAlertsPage(),
        OneIndustryPage(),
        BasePage(),
        AssessmentPage(),
        VillagesPage(),
        VillagePage(),
        FundsPage(),
        QuestionsPage(),
    )


_FORMS = (
    readings, money_print, money_entry, money_match, payout_forms, pay_forms, plan_desk, prints, payout_attendance, payout_objections,
    payees, public,
    screen, order, order_new, one_alert, stops, desk, work_prints, reports, report_form, industry_forms,
    industry_alerts, fund_case, industry_registers, fund_forms, report_page, household, case_papers, public_contacts, notify, evidence,
    own_things, deputy, setup, first, practice,
)  # fmt: skip


def create_app(
    services: Services, settings: DashboardSettings, areas: Sequence[guard.Area] = (), prefix: str = PREFIX
) -> Flask:
    """Return the application, ready for a WSGI server; ``areas`` ask for tokens instead of sessions.

    Raises
    ------
    ConfigurationError
        The secret key is too short, or a callback states no permission.
    """
    server = Flask("pvmon", static_folder=None)
    server.secret_key = settings.secret_key
    site = Site(
        services,
        queries_over(services.sources, services.keeper),
        settings,
        {language: Texts(language) for language in LANGUAGES},
        prefix,
    )
    every = pages()
    guard.install(
        server,
        services,
        known_path=lambda path: shell.find(every, path, prefix) is not None,
        prefix=prefix,
        https=settings.https,
        areas=areas,
    )
    login.install(server)
    second_factor.install(server)
    health.register(server, services, settings.metrics_token)
    for module in _FORMS:
        module.register(server, site)
    exports.register(server, site, every)
    share.register(server, site, every)
    for area in areas:
        area.register(server)
    server.after_request(_say_build(settings.build))
    server.before_request(_take_language(services, prefix))
    compression.install(server, prefix)
    app = _dash(server, site, every)
    shell.register(app, site, every)
    for page in every:
        page.register(app, site)
    guard.check_callbacks(app)
    security.install(server, app, https=settings.https)
    return server


def _dash(server: Flask, site: Site, every: tuple[Page, ...]) -> PvmonDash:
    options: dict[str, Any] = {
        "server": server,
        "url_base_pathname": site.prefix,
        "assets_ignore": r"(NOTICE|.*\.txt)$",
        "use_pages": False,
        "include_pages_meta": False,
        "serve_locally": True,
        "compress": False,
        "suppress_callback_exceptions": True,
        "update_title": None,
        "title": "@title@",
        "index_string": _INDEX,
        "enable_mcp": False,
        "add_log_handler": False,
        "meta_tags": [{"name": "viewport", "content": "width=device-width, initial-scale=1"}],
        **guard.DASH_OPTIONS,
    }
    app = PvmonDash("dashboard", **options)
    app.site = site
    app.layout = lambda: _frame(site, every)
    return app


def _frame(site: Site, every: tuple[Page, ...]) -> Any:
    """Return the frame for who asks; nothing when Dash itself asks, before its first request is let in."""
    principal = g.get("principal")
    return html.Div() if principal is None else shell.frame(site, every, principal)


def _say_build(build: str) -> Any:
    def after(response: Response) -> Response:
        response.headers[BUILD_HEADER] = build
        return response

    return after


def _take_language(services: Services, prefix: str) -> Any:
    """Keep the language chosen by ``?lang=`` with the account, so that it follows its owner."""

    def before() -> None:
        principal, wanted = g.get("principal"), request.args.get("lang", "")
        chosen = request.method == "GET" and wanted in LANGUAGES and request.path.startswith(prefix)
        if not chosen or principal is None or principal.language == wanted:
            return
        services.accounts.change_own_language(principal, wanted)
        g.principal = replace(principal, language=wanted)

    return before
