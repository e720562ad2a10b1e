"""One small form for acts on money: which thing, a reason, a button; the act answers in words."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from dash import Input, Output, State, dcc, html

from access.permissions import Permission
from access.principal import Principal
from commands.money_base import MoneyRefusedError
from dashboard import guard
from dashboard.pages.base import Component, Site
from texts.loader import Texts

Do = Callable[[Principal, str, str], str]


@dataclass(frozen=True, slots=True)
class Form:
    """A form by its name; words are at ``moneyviews.form.<name>``. ``has_reason`` asks why."""

    name: str
    permission: Permission
    has_reason: bool = True

    def shown(
        self, principal: Principal, options: Sequence[tuple[str, str]], texts: Texts
    ) -> list[Component]:
        """Return the form for who may act and has something to act on, else nothing."""
        if not principal.may(self.permission) or not options:
            return []
        choices: list[Any] = [{"label": label, "value": value} for value, label in options]
        which = texts(f"moneyviews.form.{self.name}.which")
        parts: list[Component] = [
            html.Label(which, htmlFor=self._id("which"), className="visually-hidden"),
            html.Div(
                dcc.Dropdown(id=self._id("which"), options=choices, placeholder=which, searchable=True),
                style={"minWidth": "240px", "flex": "1"},
            ),
        ]
        why = texts("moneyviews.form.reason")
        reason: Any = dcc.Input(
            id=self._id("reason"),
            type="text",
            placeholder=why,
            maxLength=200,
            style={} if self.has_reason else {"display": "none"},
        )
        words = texts(f"moneyviews.form.{self.name}.act")
        button = html.Button(words, id=self._id("act"), type="button", className="button")
        said = html.Div(id=self._id("said"), role="status")
        label = html.Label(why, htmlFor=self._id("reason"), className="visually-hidden")
        return [html.Div([*parts, label, reason, button, said], className="toolbar")]

    def register(self, app: Any, site: Site, do: Do) -> None:
        """Register the act; what is refused is said in words."""

        @guard.secured(
            app,
            Output(self._id("said"), "children"),
            Input(self._id("act"), "n_clicks"),
            State(self._id("which"), "value"),
            State(self._id("reason"), "value"),
            permission=self.permission,
            takes=(int, str, str),
            prevent_initial_call=True,
        )
        def act(principal: Principal, clicks: int | None, which: str | None, reason: str | None) -> str:
            texts = site.words(principal)
            if not clicks or not which:
                return texts("moneyviews.form.choose") if clicks else ""
            try:
                return do(principal, which, reason or "")
            except MoneyRefusedError as error:
                return error.words(texts)

    def _id(self, part: str) -> str:
        return f"{self.name.replace('_', '-')}-{part}"
