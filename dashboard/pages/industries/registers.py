"""Registers in the browser: operators, bases (also those under panels), contracts, incomes; typed one by one or as a file.

A typed entry is a file of one row: both go through the same examination and the same act.
"""

from typing import Any

from flask import Flask, Response, redirect, request
from flask_wtf.csrf import generate_csrf

from access.permissions import Permission
from access.principal import Principal
from commands.industry_registers import columns_of
from commands.papers.sheets import Cells, workbook
from commands.tables import TableRefusedError
from dashboard import guard, plain
from dashboard.pages.base import Site
from dashboard.pages.industries.parts import industries_of
from domain.errors import CommandError
from industries.base import BASE, CONTRACT, OPERATOR, OperatorKind
from industries.income import INCOME
from industries.report import ReportRefusedError
from texts.loader import Texts

KINDS = (OPERATOR, BASE, CONTRACT, INCOME)
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_CELL_MAX = 400
_PAGE = """<p class="note">{% for one in kinds %}{% if one.id == kind %}<b>{{ one.name }}</b>{% else %}
<a href="{{ prefix }}register/{{ one.id }}">{{ one.name }}</a>{% endif %} {% endfor %}</p>
{% if said %}<p class="note" role="status"><b>{{ said }}</b></p>{% endif %}
{% for one in problems %}<p class="problem" role="alert">{{ one }}</p>{% endfor %}
<form method="post" enctype="multipart/form-data" action="{{ action }}">
<input type="hidden" name="csrf_token" value="{{ csrf }}"><input type="hidden" name="act" value="file">
<label for="file">{{ words("registers.file") }}</label>
<input id="file" name="file" type="file" accept=".xlsx,.csv" required>
<button class="primary">{{ words("registers.take") }}</button></form>
<a class="button" href="{{ prefix }}papers/register-template/{{ kind }}">{{ words("registers.template") }}</a>
<h1 style="margin-top:2rem">{{ words("registers.one") }}</h1>
<form method="post" enctype="multipart/form-data" action="{{ action }}"><input type="hidden" name="csrf_token" value="{{ csrf }}">
<input type="hidden" name="act" value="one">
{% for one in fields %}<label for="f-{{ one.id }}">{{ one.name }}{% if one.optional %} {{ words("registers.optional") }}{% endif %}</label>
<input id="f-{{ one.id }}" name="cell.{{ one.id }}" value="{{ one.value }}" maxlength="400" autocomplete="off"
{% if one.options %} list="o-{{ one.id }}"{% endif %}{% if not one.optional %} required{% endif %}>
{% if one.options %}<datalist id="o-{{ one.id }}">{% for id, name in one.options %}<option value="{{ id }}">{{ name }}</option>{% endfor %}
</datalist>{% endif %}{% endfor %}
<button class="primary">{{ words("registers.save") }}</button></form>
{% if counted %}<h1 style="margin-top:2rem">{{ words("registers.there", count=count) }}</h1>{% endif %}
{% for one in there %}<p class="note">{% if one.href %}<a href="{{ one.href }}">{{ one.id }}</a>{% else %}{{ one.id }}{% endif %}
 {{ one.text }}</p>{% endfor %}
<a class="button" href="{{ prefix }}industries">{{ words("access.back") }}</a>"""
_SHOWN = 50


def register(server: Flask, site: Site) -> None:
    """Register the pages and the templates."""
    pages, prefix = _Registers(site), site.prefix
    look = guard.page(Permission.ENTER_REPORT)
    put = guard.page(Permission.ENTER_REPORT, uploads=True)
    server.add_url_rule(f"{prefix}register/<kind>", "register", look(pages.show), methods=["GET"])
    server.add_url_rule(f"{prefix}register/<kind>", "register_keep", put(pages.keep), methods=["POST"])
    path = f"{prefix}papers/register-template/<kind>"
    server.add_url_rule(path, "register_template", look(pages.template), methods=["GET"])


class _Registers:
    """The handlers."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def show(
        self, principal: Principal, kind: str, problems: tuple[str, ...] = (), status: int = 200
    ) -> Response:
        """Show what is there, the form and the file."""
        texts, kind = plain.words(), _known(kind)
        entries = industries_of(self._site).queries.register(principal, kind)
        return plain.document(
            texts(f"registers.kind.{kind}"),
            _PAGE,
            status,
            kind=kind,
            kinds=[{"id": one, "name": texts(f"registers.kind.{one}")} for one in KINDS],
            said=texts("registers.kept") if "kept" in request.args else "",
            problems=problems,
            fields=self._fields(principal, kind, texts),
            count=len(entries),
            counted=kind != INCOME,
            there=[
                {
                    "id": entry_id,
                    "text": text,
                    "href": f"{self._site.prefix}bases/{entry_id}" if kind == BASE else "",
                }
                for entry_id, text in entries[:_SHOWN]
            ],
            prefix=self._site.prefix,
            action=f"{self._site.prefix}register/{kind}",
            csrf=generate_csrf(),
        )

    def _fields(self, principal: Principal, kind: str, texts: Texts) -> list[dict[str, Any]]:
        required, optional = columns_of(kind)
        options = self._options(principal, kind, texts)
        return [
            {
                "id": name,
                "name": texts(f"industries.column.{name}"),
                "optional": name in optional,
                "value": request.form.get(f"cell.{name}", "")[:_CELL_MAX],
                "options": options.get(name, ()),
            }
            for name in (*required, *optional)
        ]

    def _options(self, principal: Principal, kind: str, texts: Texts) -> dict[str, list[tuple[str, str]]]:
        queries, registry = industries_of(self._site).queries, self._site.services.sources.registry
        villages = queries.villages(principal)
        names = [(one, registry.village_label(one, texts.language)) for one in villages]
        found = {"village_id": names, "village": names}
        if kind == OPERATOR:
            found["kind"] = [(one.value, texts(f"registers.operator.{one.value}")) for one in OperatorKind]
        if kind == BASE:
            rules = queries.rules(principal)
            found["industry"] = [(one.industry_id, one.name) for one in rules.industries]
            found["indicator_id"] = [(one.indicator_id, one.name) for one in rules.indicators]
            found["operator_id"] = queries.register(principal, OPERATOR)
            found["plant_id"] = [(one.plant_id, one.name) for one in principal.plants(registry)]
        if kind in {CONTRACT, INCOME}:
            found["base_id"] = found["base"] = [(one.base_id, one.name) for one in queries.bases(principal)]
        return found

    def keep(self, principal: Principal, kind: str) -> Any:
        """Keep a file, or one typed entry; all rows or none."""
        texts, kind = plain.words(), _known(kind)
        sent = request.files.get("file")
        content = (
            sent.read() if sent is not None and request.form.get("act") == "file" else _typed(kind, texts)
        )
        registers = industries_of(self._site).registers
        try:
            if kind == INCOME:
                registers.import_income(principal, content)
            else:
                registers.import_register(principal, kind, content)
        except ReportRefusedError as error:
            return self.show(principal, kind, tuple(one.words(texts) for one in error.faults), 422)
        except TableRefusedError as error:
            return self.show(principal, kind, (error.words(texts),), 422)
        return redirect(f"{self._site.prefix}register/{kind}?kept=1", code=303)

    def template(self, principal: Principal, kind: str) -> Response:  # noqa: ARG002 (the guard's)
        """Download an empty workbook with the headings."""
        texts, kind = plain.words(), _known(kind)
        required, optional = columns_of(kind)
        heads = tuple(texts(f"industries.column.{name}") for name in (*required, *optional))
        answer = Response(workbook([Cells(texts(f"registers.kind.{kind}"), heads, ())]), mimetype=_XLSX)
        answer.headers["Content-Disposition"] = f'attachment; filename="{kind}.xlsx"'
        return answer


def _known(kind: str) -> str:
    if kind not in KINDS:
        raise CommandError(
            plain.words()("industries.fault.bad_kind", text=kind[:20], options=", ".join(KINDS))
        )
    return kind


def _typed(kind: str, texts: Texts) -> bytes:
    """Return a typed entry as a workbook of one row."""
    required, optional = columns_of(kind)
    names = [name for name in (*required, *optional) if name in required or request.form.get(f"cell.{name}")]
    heads = tuple(texts(f"industries.column.{name}") for name in names)
    row = tuple(request.form.get(f"cell.{name}", "").strip()[:_CELL_MAX] for name in names)
    return workbook([Cells("1", heads, (row,))])
