"""One household's income by source on a plain page, to those who may see people; every look is audited."""

from typing import Any
from urllib.parse import quote

from flask import Flask, redirect, request

from access.permissions import Permission
from access.principal import Principal
from dashboard import guard, plain
from dashboard.components.words import MISSING
from dashboard.pages.base import Site
from dashboard.pages.industries.parts import industries_of, yuan
from domain.errors import CommandError
from industries.report import ReportRefusedError

_PAGE = """<p class="note">{{ village }} · {{ words("industries.page.through", month=month) }}</p>
<table style="width:100%;border-collapse:collapse;font-size:.9rem"><caption class="note" style="text-align:left">{{ words("industries.page.income_by_source") }}</caption>
<thead><tr>{% for head in heads %}<th scope="col" style="text-align:{{ "left" if loop.first else "right" }}">{{ head }}</th>{% endfor %}</tr></thead>
<tbody>{% for row in rows %}<tr>{% for cell in row %}<td style="padding:.4rem 0 .4rem .5rem;text-align:{{ "left" if loop.first else "right" }}">{{ cell }}</td>
{% endfor %}</tr>{% endfor %}</tbody></table>
<p class="note">{{ words("industries.page.source_count") }} {{ count }}</p>
<p class="note">{{ words("industries.page.only_seen") }}</p>
<a class="button" href="{{ prefix }}village/{{ village_id }}">{{ words("access.back") }}</a>"""


def register(server: Flask, site: Site) -> None:
    """Register the page."""
    look = guard.page(Permission.VIEW_PEOPLE)(_Pages(site).show)
    server.add_url_rule(f"{site.prefix}household-income/<village>", "household_income", look, methods=["GET"])


class _Pages:
    """The handler."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def show(self, principal: Principal, village: str) -> Any:
        """Show the household asked for; without one, go where it is asked for."""
        texts, household = plain.words(), request.args.get("household", "").strip()
        if not household:
            return redirect(f"{self._site.prefix}village/{quote(village)}")
        try:
            found = industries_of(self._site).stability.household(principal, village, household)
        except ReportRefusedError as error:
            raise CommandError(error.words(texts)) from error
        rows: list[list[Any]] = [
            [
                texts(f"industries.source.{one.source.value}"),
                yuan(one.now_fen),
                yuan(one.before_fen),
                change(one.now_fen, one.before_fen),
            ]
            for one in found.sources
        ]
        now, before = sum(one.now_fen for one in found.sources), sum(one.before_fen for one in found.sources)
        rows.append([texts("industries.page.total"), yuan(now), yuan(before), change(now, before)])
        return plain.document(
            f"{texts('industries.page.household')} {household}",
            _PAGE,
            village=self._site.services.sources.registry.village_label(village, texts.language),
            village_id=village,
            month=found.through_month,
            heads=(
                texts("industries.page.source"),
                str(found.year),
                str(found.year - 1),
                texts("industries.page.change"),
            ),
            rows=rows,
            count=found.source_count,
            prefix=self._site.prefix,
        )


def change(now: int, before: int) -> str:
    """Return the change against the year before, a dash without one."""
    return MISSING if before <= 0 else f"{(now - before) / before:+.1%}"
