"""Tiles and cards: the two boxes everything stands in."""

from collections.abc import Sequence
from typing import Any

from dash import ClientsideFunction, Input, Output, State, dcc, html

from dashboard.components.markup import aria
from dashboard.components.state import icon
from dashboard.components.theme import graph_config
from texts.loader import Texts

Component = Any


def definition(key: str, texts: Texts) -> Component:
    """Return the question mark that shows the definition of a figure (source, formula, period).

    The words stand in the label and are shown by the style sheet while it has pointer or focus: a tap
    works, a screen reader reads them, and no script is needed.
    """
    words = texts("components.definition_of", text=texts(f"pages.definition.{key}"))
    return html.Button(icon("help"), className="help", type="button", **aria(label=words))


def tile(
    label: str, value: str, unit: str, note: Sequence[Any] | str, *, key: str, texts: Texts, dim: bool = False
) -> Component:
    """Return one figure with its name, unit, a line of context and its definition."""
    return html.Div(
        [
            html.Div([html.Span(label), definition(key, texts)], className="tile-head"),
            html.Div(
                [html.Span(value, className="tile-value"), html.Span(unit, className="tile-unit")],
                className="tile-figure dim" if dim else "tile-figure",
            ),
            html.Div(note, className="tile-note"),
        ],
        className="tile",
    )


def card(
    title: str,
    children: Any,
    *,
    aside: Any = None,
    class_name: str = "",
    key: str = "",
    texts: Texts | None = None,
) -> Component:
    """Return a titled box; ``aside`` stands right of the title."""
    extra = [] if aside is None else [html.Div(aside, className="card-aside")]
    if key and texts is not None:
        extra.append(definition(key, texts))
    return html.Section(
        [
            html.Div([html.H2(title), *extra], className="card-head"),
            html.Div(children, className="card-body"),
        ],
        className=f"card {class_name}".strip(),
    )


def graph(graph_id: str, figure: dict[str, Any], summary: str, texts: Texts, height: int) -> Component:
    """Return a chart with its one-sentence text summary (also what a screen reader gets)."""
    drawn = dcc.Graph(figure=figure, **_graph_options(graph_id, texts, height))
    return _with_summary(graph_id, [html.Div(drawn, **_described(graph_id))], summary)


def later_graph(graph_id: str, figure: dict[str, Any], summary: str, texts: Texts, height: int) -> Component:
    """Return a chart that is drawn when it comes into sight, or when the browser has nothing else to do.

    Its figure is the data of the store ``<graph_id>-figure``; the page registers `draw_later` for it.
    """
    box = html.Div(id=f"{graph_id}-box", style={"minHeight": f"{height}px"}, **_described(graph_id))
    return _with_summary(
        graph_id,
        [
            dcc.Store(id=f"{graph_id}-figure", data=figure),
            dcc.Store(id=f"{graph_id}-options", data=_graph_options(graph_id, texts, height)),
            box,
        ],
        summary,
    )


def draw_later(app: Any, graph_id: str) -> None:
    """Register what draws a `later_graph`, and draws it again when its figure changes."""
    app.clientside_callback(
        ClientsideFunction("pvmon", "drawLater"),
        Output(f"{graph_id}-box", "children"),
        Input(f"{graph_id}-figure", "data"),
        State(f"{graph_id}-options", "data"),
    )


def _graph_options(graph_id: str, texts: Texts, height: int) -> dict[str, Any]:
    return {
        "id": graph_id,
        "config": graph_config(texts.language),
        "style": {"height": f"{height}px"},
        "responsive": True,
    }


def _described(graph_id: str) -> dict[str, Any]:
    return {"role": "img", **aria(labelledby=f"{graph_id}-summary")}


def _with_summary(graph_id: str, drawn: list[Component], summary: str) -> Component:
    return html.Div(
        [*drawn, html.P(summary, id=f"{graph_id}-summary", className="summary")], className="graph"
    )


def facts(rows: Sequence[tuple[str, Any]]) -> Component:
    """Return names and values as a definition list."""
    return html.Dl(
        [part for name, value in rows for part in (html.Dt(name), html.Dd(value))], className="facts"
    )


def empty(words: str) -> Component:
    """Return what stands where there is nothing to show, with the reason."""
    return html.Div(words, className="empty")


def table(heads: Sequence[tuple[str, bool]], rows: Sequence[Sequence[Any]], label: str) -> Component:
    """Return a plain table; a head with True is a number, set to the right."""
    classes = ["number" if is_number else "" for _, is_number in heads]
    return html.Div(
        html.Table(
            [
                html.Thead(
                    html.Tr(
                        [
                            html.Th(head, className=kind, scope="col")
                            for (head, _), kind in zip(heads, classes, strict=True)
                        ]
                    )
                ),
                html.Tbody(
                    [
                        html.Tr(
                            [html.Td(cell, className=kind) for cell, kind in zip(row, classes, strict=True)]
                        )
                        for row in rows
                    ]
                ),
            ],
            className="plain",
        ),
        className="table-scroll",
        tabIndex=0,
        role="region",
        **aria(label=label),
    )
