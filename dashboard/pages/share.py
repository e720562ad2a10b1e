"""What is pasted into a group: every brief, notice, order and report as words to copy and as one long picture.

One address serves all of them (``/app/share?kind=…``); each kind makes a document that holds no personal data, by the
query or command whose permission and scope hold as on its page.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

from flask import Flask, Response, abort, request

from access.permissions import Permission
from access.principal import Principal
from commands.papers.document import FORMS, document_text
from dashboard import guard, plain, shell
from dashboard.components.seen import PICTURED, SHARE_PATH, tables_in
from dashboard.components.words import date_time
from dashboard.pages.base import Page, Site
from dashboard.pages.desk import SCRIPT
from dashboard.pages.industries.parts import industries_of, named, town_name
from dashboard.pages.industries.report_page import echo_of
from dashboard.pages.order import facts_of, recovery_words
from dashboard.pages.payout.parts import payout_of
from dashboard.pages.work_month import month_asked, rule_heads, rule_row, workload_heads, workload_row
from dashboard.pages.work_words import brief_text, copy_text, fault_name, place, work_of
from domain.case import CaseKind
from domain.document import Document, SeenTable
from domain.errors import AccessDeniedError, CommandError
from domain.timespan import day_of
from texts.loader import Texts

_SHARED_FORMS = frozenset({"png", "txt"})
_PERSONAL_FACTS = ("assignee", "key", "contractor", "escalated")
_PAGE = """<p class="note">{{ words("share.about") }}</p>
<label for="words">{{ words("share.words") }}</label>
<textarea id="words" readonly rows="8" style="width:100%;font:inherit">{{ told }}</textarea>
<button type="button" class="primary" data-copy="words" data-done="{{ words("desk.copied") }}"
 data-failed="{{ words("desk.not_copied") }}">{{ words("desk.copy") }}</button>
<a class="button" href="{{ picture }}" download>{{ words("share.picture") }}</a>
<a href="{{ picture }}"><img src="{{ picture }}" alt="{{ words("share.picture_of", title=title) }}"
 style="width:100%;height:auto;margin-top:1rem;border:1px solid var(--line)"></a>
<script src="{{ script }}" defer></script>"""
Make = Callable[[Principal, str, Texts], Document]


@dataclass(frozen=True, slots=True)
class _Kinds:
    """The documents there are, each by what it is about."""

    site: Site
    pages: tuple[Page, ...]

    def by_name(self) -> Mapping[str, Make]:
        """Return what makes each kind."""
        return {
            "brief": self.brief,
            "alert": self.alert,
            "order": self.order,
            "notice": self.notice,
            "month": self.month,
            "town-report": self.town_report,
            "page": self.page,
        }

    def brief(self, principal: Principal, _about: str, texts: Texts) -> Document:
        """Return the list of what waits to be repaired."""
        view = work_of(self.site).views.queue(principal)
        title, *lines = brief_text(view, self.site.services.sources.registry, texts).splitlines()
        return self._document(title, [one for one in lines if one.strip()], texts)

    def alert(self, principal: Principal, about: str, texts: Texts) -> Document:
        """Return one alert."""
        alert, registry = work_of(self.site).views.alert(principal, about).row.alert, self._registry()
        title = f"{alert.severity.name} {place(alert, registry, texts)} · {fault_name(alert, texts)}"
        return self._document(title, [copy_text(alert, registry, texts)], texts)

    def order(self, principal: Principal, about: str, texts: Texts) -> Document:
        """Return one order without anybody's name or telephone; cases of persons have no picture."""
        view = work_of(self.site).views.order(principal, about)
        if view.case.kind is not CaseKind.ORDER:
            abort(404)
        hidden = {texts(f"work.fact.{name}") for name in _PERSONAL_FACTS}
        facts = [
            f"{name}：{value}" for name, value in facts_of(view, texts, full=False) if name not in hidden
        ]
        lines = [view.case.subject, texts(f"cases.state.{view.case.state.value}"), *facts]
        lines += [f"{place}. {one}" for place, one in enumerate(view.case.checklist, 1)]
        told = recovery_words(view.case, texts)
        title = f"{texts(f'cases.kind.{view.case.kind.value}')} {view.case.number}"
        return self._document(title, [*lines, *([told] if told else [])], texts)

    def notice(self, principal: Principal, about: str, texts: Texts) -> Document:
        """Return a notice by its classes; persons stand on its page only."""
        plan_id, _, number = about.rpartition("/")
        if not number.isdecimal() or len(number) > 4:
            abort(404)
        return payout_of(self.site).documents.notice_classes(principal, plan_id, int(number), texts)

    def month(self, principal: Principal, about: str, texts: Texts) -> Document:
        """Return a month of work by town and contractor; by person it is on its page only."""
        month = month_asked(about, day_of(self.site.services.sources.clock.now()))
        view = work_of(self.site).views.month(principal, month)
        heads = tuple(head for head, _ in workload_heads(texts))
        tables = [
            SeenTable(texts(f"work.month.{name}"), heads, tuple(tuple(workload_row(*one)) for one in rows))
            for name, rows in (("towns", view.towns), ("contractors", view.contractors))
        ]
        rules = tuple(tuple(rule_row(one, texts)) for one in view.rules)
        tables.append(
            SeenTable(texts("work.month.rules"), tuple(head for head, _ in rule_heads(texts)), rules)
        )
        return self._document(texts("work.month.of", month=f"{month:%Y-%m}"), [], texts, tables)

    def town_report(self, principal: Principal, about: str, texts: Texts) -> Document:
        """Return a town's report of a month, every number in words; who entered it stays on the page."""
        town, _, period = about.partition("/")
        services = industries_of(self.site)
        found = services.town_reports.lines(principal, town, period)
        rules = services.queries.rules(principal)
        lines = [
            f"{named(one.indicator, texts)}：{rules.entered_in(one.newest.entered, texts.language)}，"
            f"{echo_of(one, rules, texts)}"
            for one in found
        ]
        title = f"{town_name(self.site, town, texts)} {period} {texts('industry_reports.title')}"
        return self._document(title, lines or [texts("industry_reports.none")], texts)

    def page(self, principal: Principal, about: str, texts: Texts) -> Document:
        """Return the tables of a page that names no person, as this reader sees it."""
        path, _, query = about.partition("?")
        args = dict(parse_qsl(query)[:20])
        found = shell.find(self.pages, path, self.site.prefix)
        if found is None or found[0].path not in PICTURED or args.get("tab") == "papers":
            abort(404)
        layout, title = shell.show(self.site, self.pages, principal, path, args)
        named_tables = tables_in(layout, title.partition(" · ")[0])
        return self._document(title, [], texts, named_tables)

    def _registry(self) -> Any:
        return self.site.services.sources.registry

    def _document(
        self, title: str, lines: list[str], texts: Texts, tables: list[SeenTable] | None = None
    ) -> Document:
        sources = self.site.services.sources
        marks = [texts("components.mark.sample")] if sources.registry.sample else []
        foot = texts("share.footer", at=date_time(sources.clock.now()))
        return Document(title, tuple(lines), tuple(tables or ()), " · ".join([foot, *marks]))


def register(server: Flask, site: Site, pages: tuple[Page, ...]) -> None:
    """Register the address."""
    kinds = _Kinds(site, pages).by_name()

    def share(principal: Principal) -> Response:
        make = kinds.get(request.args.get("kind", ""))
        form, about = request.args.get("form", ""), request.args.get("id", "")[:2_000]
        if make is None or form not in {"", *_SHARED_FORMS}:
            abort(404)
        texts = site.words(principal)
        try:
            document = make(principal, about, texts)
        except (AccessDeniedError, CommandError):
            abort(404)  # not there and not yours are one answer
        if form:
            content_type, content = FORMS[form][0], FORMS[form][1](document)
            answer = Response(content, content_type=content_type)
            answer.headers["Content-Disposition"] = f'inline; filename="{request.args["kind"]}.{form}"'
            return answer
        picture = share_address(site, request.args["kind"], about, form="png")
        return plain.document(
            document.title,
            _PAGE,
            told=f"{document_text(document)}\n{document.footer}",
            picture=picture,
            script=f"{site.prefix}{SCRIPT}",
        )

    view = guard.page(Permission.VIEW_OVERVIEW)(share)
    server.add_url_rule(f"{site.prefix}{SHARE_PATH}", "share", view, methods=["GET"])


def share_address(site: Site, kind: str, about: str = "", **more: str) -> str:
    """Return the address under which something is shared."""
    return f"{site.prefix}{SHARE_PATH}?{urlencode({'kind': kind, 'id': about, **more})}"
