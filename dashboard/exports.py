"""Export of what is seen: one route makes the page as this person sees it, and gives its tables as CSV, XLSX or PDF."""

from urllib.parse import parse_qsl

from flask import Flask, Response, abort, request

from access.permissions import Permission
from access.principal import Principal
from commands.papers.document import document_pdf
from commands.papers.seen import seen_csv, seen_xlsx
from dashboard import guard, shell
from dashboard.components.seen import EXPORT_PATH, tables_in
from dashboard.components.words import date_time
from dashboard.pages.base import Page, Site
from domain.document import Document

_ARGS_MAX = 20
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def register(server: Flask, site: Site, pages: tuple[Page, ...]) -> None:
    """Register the route; the page's own permission and scope hold for what is exported."""

    def export(principal: Principal) -> Response:
        path, query = request.args.get("page", ""), request.args.get("query", "")
        args = dict(parse_qsl(query)[:_ARGS_MAX])
        layout, title = shell.show(site, pages, principal, path, args)
        tables = tables_in(layout, title.partition(" · ")[0])
        wanted = request.args.get("table", "0")
        place = int(wanted) if wanted.isdecimal() and len(wanted) < 4 else len(tables)
        if place >= len(tables):
            abort(404)
        name = path.strip("/").replace("/", "-")[len(site.prefix) - 2 :].strip("-") or "overview"
        if request.args.get("form") == "csv":
            return _file(f"{name}-{place + 1}.csv", seen_csv(tables[place]), "text/csv; charset=utf-8")
        lead = [title, f"{path}?{query}" if query else path, date_time(site.services.sources.clock.now())]
        if request.args.get("form") == "pdf":
            document = Document(title, (lead[1],), tuple(tables), lead[2])
            return _file(f"{name}.pdf", document_pdf(document), "application/pdf")
        return _file(f"{name}.xlsx", seen_xlsx(tables, lead), _XLSX)

    server.add_url_rule(f"{site.prefix}{EXPORT_PATH}", "export", guard.page(Permission.VIEW_OVERVIEW)(export))


def _file(name: str, content: bytes, content_type: str) -> Response:
    answer = Response(content, content_type=content_type)
    safe = "".join(char for char in name if char.isascii() and (char.isalnum() or char in "-_."))
    answer.headers["Content-Disposition"] = f'attachment; filename="{safe}"'
    return answer
