"""The description of the data interface in OpenAPI 3.1, made of its routes and rows; nothing is typed twice."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from access.areas import AREA_PERMISSIONS, Area
from api.route import Route
from api.shapes import field_names, schema_of
from texts.loader import Texts

VERSION = "1.0.0"
PROBLEM = "application/problem+json"
CSV = "text/csv"
JSON = "application/json"
_REFUSALS = (400, 401, 403, 404, 406, 422, 429, 500, 503)


def document(routes: Sequence[Route], prefix: str, language: str) -> dict[str, Any]:
    """Return the whole description."""
    texts = Texts(language)
    rows = {route.row for route in routes}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": texts("api.title"),
            "version": VERSION,
            "description": texts("api.about"),
        },
        "servers": [{"url": prefix}],
        "security": [{"token": []}],
        "tags": [{"name": area.value, "description": texts(f"api.area.{area.value}")} for area in Area],
        "paths": {
            **{route.path: {"get": _operation(route, texts)} for route in routes},
            "/openapi.json": {"get": _own(texts)},
        },
        "components": {
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": texts("api.security")}
            },
            "schemas": {
                **{row.__name__: schema_of(row, _words(row, texts)) for row in sorted(rows, key=str)},
                "Problem": _problem(texts),
            },
            "responses": {str(code): _refusal(code, texts) for code in _REFUSALS},
        },
    }


@lru_cache(maxsize=8)
def _fields(row: type) -> tuple[str, ...]:
    return field_names(row)


def _words(row: type, texts: Texts) -> Mapping[str, str]:
    words = {name: texts(f"api.field.{name}") for name in _fields(row)}
    return words | {"": texts(f"api.row.{row.__name__}")}


def _operation(route: Route, texts: Texts) -> dict[str, Any]:
    areas = [area.value for area in Area if route.permission in AREA_PERMISSIONS[area]]
    needs = texts("api.needs", areas=", ".join(areas)) if areas else texts("api.needs_any")
    return {
        "operationId": route.name,
        "summary": texts(f"api.route.{route.name}"),
        "description": needs,
        "tags": areas,
        "parameters": [param.described(texts(f"api.param.{param.name}")) for param in route.all_params],
        "responses": {"200": _answer(route, texts), "304": _unchanged(texts)} | _refusals(),
    }


def _refusals() -> dict[str, Any]:
    return {str(code): {"$ref": f"#/components/responses/{code}"} for code in _REFUSALS}


def _answer(route: Route, texts: Texts) -> dict[str, Any]:
    one = {"$ref": f"#/components/schemas/{route.row.__name__}"}
    content: dict[str, Any] = {JSON: {"schema": one}}
    if route.is_list:
        content = {
            JSON: {
                "schema": {
                    "type": "object",
                    "properties": {
                        "items": {"type": "array", "items": one},
                        "next": {"type": ["string", "null"], "description": texts("api.next")},
                    },
                    "required": ["items", "next"],
                    "additionalProperties": False,
                }
            },
            CSV: {"schema": {"type": "string", "description": texts("api.csv")}},
        }
    return {"description": texts("api.answered"), "headers": _headers(texts), "content": content}


def _headers(texts: Texts) -> dict[str, Any]:
    return {"ETag": {"description": texts("api.etag"), "schema": {"type": "string"}}}


def _unchanged(texts: Texts) -> dict[str, Any]:
    return {"description": texts("api.unchanged"), "headers": _headers(texts)}


def _refusal(code: int, texts: Texts) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": texts(f"api.problem.{code}"), "content": {PROBLEM: {"schema": schema}}}


def _problem(texts: Texts) -> dict[str, Any]:
    return {
        "type": "object",
        "description": texts("api.problem_about"),
        "properties": {
            "type": {"type": "string"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string"},
            "incident": {"type": "string"},
        },
        "required": ["type", "title", "status"],
        "additionalProperties": False,
    }


def _own(texts: Texts) -> dict[str, Any]:
    return {
        "operationId": "openapi",
        "summary": texts("api.route.openapi"),
        "description": texts("api.needs_any"),
        "parameters": [],
        "responses": {
            "200": {
                "description": texts("api.answered"),
                "headers": _headers(texts),
                "content": {JSON: {"schema": {"type": "object"}}},
            },
            "304": _unchanged(texts),
        }
        | _refusals(),
    }
