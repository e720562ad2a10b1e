"""State badges: an icon, a word and a colour, for both axes of a plant."""

from dash import html

from dashboard.components.markup import aria
from dashboard.components.theme import DATA_COLOUR, OPERATION_COLOUR
from queries.ranking import Finding
from queries.snapshot import PlantNow
from queries.states import DataState, OperationState
from texts.loader import Texts

_ABNORMAL = frozenset({OperationState.FAULT, OperationState.STOPPED, OperationState.DERATED})


def icon(name: str) -> html.Span:
    """Return one of the icons of assets/pvmon.css, silent for screen readers (a word stands beside it)."""
    return html.Span(className=f"icon icon-{name}", **aria(hidden="true"))


def badge(kind: str, value: str, colour: str, word: str) -> html.Span:
    """Return icon and word in the colour of a state."""
    return html.Span([icon(f"{kind}-{value}"), html.Span(word)], className="badge", style={"--state": colour})


def data_badge(state: DataState, texts: Texts) -> html.Span:
    """Return the badge of the data axis."""
    return badge("data", state.value, DATA_COLOUR[state], texts(f"components.data.{state.value}"))


def operation_badge(state: OperationState, texts: Texts) -> html.Span:
    """Return the badge of the operation axis."""
    return badge(
        "operation", state.value, OPERATION_COLOUR[state], texts(f"components.operation.{state.value}")
    )


def worst_of(now: PlantNow) -> tuple[str, str, str]:
    """Return text key, colour and icon name of the axis that needs a look more."""
    if now.data in {DataState.FRESH, DataState.LATE} and (
        now.operation in _ABNORMAL or now.data is DataState.FRESH
    ):
        name = f"operation.{now.operation.value}"
        return f"components.{name}", OPERATION_COLOUR[now.operation], name.replace(".", "-")
    name = f"data.{now.data.value}"
    return f"components.{name}", DATA_COLOUR[now.data], name.replace(".", "-")


def reason_text(found: Finding, texts: Texts, since: str) -> str:
    """Return why a plant needs a look, in words with its numbers."""
    share = "" if found.share is None else f"{found.share * 100:.0f} %"
    return texts(f"components.reason.{found.reason.value}", count=found.count, share=share, since=since)
