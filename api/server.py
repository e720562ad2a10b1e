"""The data interface on the web server: the door (token, rate), one view per route, problems for errors."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import Flask, Response, g, request

from access.guard import MARK, check
from access.permissions import Permission
from access.principal import Principal
from access.rate import RateLimit
from api import answers
from api.cursor import CursorError, cursor_of, key_of, question_of
from api.openapi import CSV, JSON, document
from api.params import ParameterError, read_params
from api.route import Key, Route, Values
from api.routes import routes
from api.shapes import as_lines, as_object
from commands.tokens import Caller, TokenRefusedError, Tokens
from domain.clock import Clock
from domain.errors import AccessDeniedError, CommandError
from queries.exchange import Exchange, page_of
from queries.exchange_rows import TokenRow

log = logging.getLogger(__name__)
PREFIX = "/api/v1"
PER_MINUTE, BURST = 120, 60


@dataclass(frozen=True, slots=True)
class ApiServices:
    """What the interface needs of the program. ``clock`` is the real one, ``field_clock`` that of samples."""

    tokens: Tokens
    exchange: Exchange
    clock: Clock
    field_clock: Clock
    per_minute: float = PER_MINUTE


class ApiArea:
    """`dashboard.guard.Area`: the part of the server that asks for tokens instead of sessions."""

    prefix = "/api/"

    def __init__(self, services: ApiServices) -> None:
        self._services = services
        self._limit = RateLimit(services.per_minute, BURST)
        self.routes: Sequence[Route] = routes(services.exchange, self._myself)
        self._documents: dict[str, dict[str, Any]] = {}

    def register(self, server: Flask) -> None:
        """Add a view for each route."""
        for route in self.routes:
            view = _View(route)
            setattr(view, MARK, route.permission)
            server.add_url_rule(f"{PREFIX}{route.rule}", f"api.{route.name}", view, methods=["GET"])

        def described() -> Response:
            return self._description()

        setattr(described, MARK, Permission.ANYONE)
        server.add_url_rule(f"{PREFIX}/openapi.json", "api.openapi", described, methods=["GET"])

    def before(self) -> Response | None:
        """Let a request with a good token pass, or answer it."""
        given = request.headers.get("Authorization", "")
        scheme, _, text = given.partition(" ")
        if scheme.lower() != "bearer":
            return answers.problem(401)
        try:
            caller = self._services.tokens.caller(text.strip()[:200], request.remote_addr or "")
        except TokenRefusedError as refusal:
            if refusal.wait_s <= 0:
                return answers.problem(401, str(refusal))
            return answers.problem(429, str(refusal), headers={"Retry-After": str(int(refusal.wait_s) + 1)})
        wait_s, left = self._limit.take(caller.token.token_id, self._services.clock.monotonic())
        if wait_s > 0:
            return answers.problem(429, headers={"Retry-After": str(int(wait_s) + 1)})
        g.principal, g.caller, g.left = caller.principal, caller, left
        return None

    def error(self, status: int, reason: str, incident: str) -> Response:
        """Answer an error as a problem."""
        return answers.problem(status, "" if status >= 500 else reason, incident)

    def _description(self) -> Response:
        if answers.wanted_form((JSON,)) is None:
            return answers.problem(406)
        read_params((), request.args.to_dict(flat=False), {})
        language = answers.language()
        if language not in self._documents:
            self._documents[language] = document(self.routes, PREFIX, language)
        return answers.in_json(self._documents[language])

    def _myself(self, _principal: Principal) -> TokenRow:
        caller: Caller = g.caller
        scope = caller.principal.scope
        return TokenRow(
            caller.token.token_id,
            caller.token.label,
            tuple(sorted(caller.token.areas)),
            caller.token.expires_at,
            scope.everything,
            tuple(sorted(scope.town_ids)),
            tuple(sorted(scope.village_ids)),
            tuple(sorted(scope.plant_ids)),
            self._services.field_clock.now(),
        )


class _View:
    """Answers one route."""

    def __init__(self, route: Route) -> None:
        self._route = route
        self.__name__ = route.name

    def __call__(self, **path: str) -> Response:
        """Answer a request."""
        route = self._route
        principal = check(g.get("principal"), route.permission)
        form = answers.wanted_form((JSON, CSV) if route.is_list else (JSON,))
        if form is None:
            return answers.problem(406)
        try:
            values = read_params(route.all_params, request.args.to_dict(flat=False), path)
            return self._answer(principal, values, form)
        except (ParameterError, CursorError) as error:
            return answers.problem(400 if isinstance(error, ParameterError) else 422, str(error))
        except CommandError as error:
            return answers.problem(422, str(error))
        except AccessDeniedError:
            return answers.problem(404)

    def _answer(self, principal: Principal, values: Values, form: str) -> Response:
        route = self._route
        if not route.is_list:
            return answers.in_json(as_object(route.ask(principal, values)))
        rows, following = self._page(principal, values)
        if form == CSV:
            spread = route.spread(values) if route.spread is not None else ()
            return answers.in_csv(as_lines(route.row, rows, spread), following)
        return answers.in_json({"items": [as_object(row) for row in rows], "next": following})

    def _page(self, principal: Principal, values: Values) -> tuple[list[Any], str | None]:
        route, count = self._route, values["limit"]
        assert route.key is not None
        question = question_of(request.path, values)
        after: Key | None = key_of(values["cursor"], question) if values["cursor"] else None
        if route.pages is not None:
            rows = route.pages(principal, values, after, count + 1)
            page = rows[:count]
            key = route.key(page[-1]) if len(rows) > count else None
        else:
            try:
                page, key = page_of(route.ask(principal, values), route.key, after, count)
            except TypeError as error:  # a key of other kinds than this list's
                raise CursorError("cursor: does not belong to this list") from error
        return page, None if key is None else cursor_of(key, question)
