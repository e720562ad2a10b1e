"""The tables of a page, read back out of its layout: what is exported is what is seen."""

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from dash import html

from dashboard.components.words import MISSING
from domain.document import SeenTable
from texts.loader import Texts

EXPORT_PATH = "export"
SHARE_PATH = "share"
# pages whose tables name no person: they may leave as a picture
PICTURED = frozenset(
    {
        *("/", "/plants", "/plants/<plant_id>", "/compare", "/data", "/alerts", "/income", "/reconciliation"),
        *("/plans", "/notices", "/industries", "/industries/<indicator>", "/bases/<base>", "/assessment"),
    }
)
_NUMBER = re.compile(r"[+-]?\d{1,3}(,\d{3})*(\.\d+)?|[+-]?\d+(\.\d+)?")


def tables_in(layout: Any, name: str) -> list[SeenTable]:
    """Return every table and grid of a layout in order; ``name`` names those that have no label."""
    return [table for table in _tables(layout, name) if table.heads]


def _tables(node: Any, label: str) -> Iterator[SeenTable]:
    if isinstance(node, list | tuple):
        for one in node:
            yield from _tables(one, label)
        return
    kind = getattr(node, "_type", "")
    if kind == "Table":
        yield _plain(node, label)
    elif kind == "AgGrid":
        yield _grid(node, label)
    elif hasattr(node, "children"):
        said = getattr(node, "aria-label", None) if hasattr(node, "aria-label") else None
        yield from _tables(node.children, said if isinstance(said, str) else label)


def _plain(node: Any, label: str) -> SeenTable:
    rows = list(_of_kind(node, "Tr"))
    heads = list(_of_kind(rows[0], "Th")) if rows else []
    numbers = [getattr(head, "className", "") == "number" for head in heads]
    cells = [list(_of_kind(row, "Td")) for row in rows[1:]]
    return SeenTable(
        label,
        tuple(text_of(head) for head in heads),
        tuple(
            tuple(_value(text_of(cell), number=number) for cell, number in zip(row, numbers, strict=False))
            for row in cells
        ),
    )


def _grid(node: Any, label: str) -> SeenTable:
    columns: Sequence[Mapping[str, Any]] = [one for one in node.columnDefs if "field" in one]
    return SeenTable(
        label,
        tuple(str(one.get("headerName") or one["field"]) for one in columns),
        tuple(tuple(_of_row(row.get(one["field"])) for one in columns) for row in node.rowData or ()),
    )


def _of_row(value: Any) -> str | Decimal | None:
    if value is None or isinstance(value, str):
        return value or None
    if isinstance(value, bool | list | dict):
        return str(value)
    return Decimal(str(round(float(value), 6)))


def _value(text: str, *, number: bool) -> str | Decimal | None:
    if text in {"", MISSING}:
        return None
    if number and _NUMBER.fullmatch(text):
        return Decimal(text.replace(",", ""))
    return text


def _of_kind(node: Any, kind: str) -> Iterator[Any]:
    if isinstance(node, list | tuple):
        for one in node:
            yield from _of_kind(one, kind)
    elif getattr(node, "_type", "") == kind:
        yield node
    elif hasattr(node, "children"):
        yield from _of_kind(node.children, kind)


def text_of(node: Any) -> str:
    """Return the words of a component and everything in it."""
    if node is None:
        return ""
    if isinstance(node, list | tuple):
        return " ".join(part for one in node if (part := text_of(one)))
    if hasattr(node, "_type"):
        return text_of(getattr(node, "children", None))
    return str(node).strip()


def export_links(
    tables: list[SeenTable],
    path: str,
    args: dict[str, str],
    texts: Texts,
    prefix: str,
    *,
    pictured: bool = False,
) -> Any:
    """Return the links under a page that has tables, nothing under another; ``pictured``: it may be shared."""
    if not tables:
        return None
    asked = {"page": path, "query": urlencode(args)}

    def link(words: str, **more: str) -> Any:
        return html.A(
            words, href=f"{prefix}{EXPORT_PATH}?{urlencode({**asked, **more})}", className="plain-export"
        )

    several = len(tables) > 1
    csvs = [
        link(f"CSV {table.name}" if several else "CSV", form="csv", table=str(place))
        for place, table in enumerate(tables)
    ]
    shared: list[Any] = []
    if pictured and args.get("tab") != "papers":
        about = urlencode({"kind": "page", "id": f"{path}?{urlencode(args)}" if args else path})
        shared = [html.A(texts("share.link"), href=f"{prefix}{SHARE_PATH}?{about}", className="plain-export")]
    files = [link("XLSX", form="xlsx"), link("PDF", form="pdf"), *csvs]
    return html.Div(
        [html.Span(texts("components.export")), *files, *shared],
        className="exports",
    )
