"""Answers of the data interface: JSON or CSV by Accept, with an ETag; problems as application/problem+json."""

import csv
import hashlib
import io
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from flask import Response, request

from api.openapi import CSV, JSON, PROBLEM
from texts.loader import LANGUAGES, Texts

CACHE = "private, no-cache"
_KNOWN = (400, 401, 403, 404, 405, 406, 422, 429, 500, 503)


def language() -> str:
    """Return the language asked for; Chinese otherwise."""
    return request.accept_languages.best_match(list(LANGUAGES), "zh") or "zh"


def wanted_form(forms: Sequence[str]) -> str | None:
    """Return which of the forms the caller takes, None when it takes none."""
    if not request.headers.get("Accept", "").strip():
        return forms[0]
    return request.accept_mimetypes.best_match(list(forms))


def problem(
    status: int, detail: str = "", incident: str = "", headers: Mapping[str, str] | None = None
) -> Response:
    """Return a refusal as RFC 9457 has it."""
    title = Texts(language())(f"api.problem.{status if status in _KNOWN else 400}")
    told = {"type": "about:blank", "title": title, "status": status, "detail": detail, "incident": incident}
    body = orjson.dumps({key: value for key, value in told.items() if value != ""})
    response = Response(body, status, mimetype=PROBLEM, headers=dict(headers or {}))
    if status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="pvmon"'
    return response


def in_json(content: Any) -> Response:
    """Return content as JSON, or 304 when the caller has it."""
    return _tagged(orjson.dumps(content), JSON)


def in_csv(lines: Sequence[Sequence[str]], following: str | None) -> Response:
    """Return a table as CSV for spreadsheets (UTF-8 with BOM), or 304 when the caller has it."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(lines)
    response = _tagged(text.getvalue().encode("utf-8-sig"), CSV)
    if following is not None:
        response.headers["X-Next-Cursor"] = following
    return response


def _tagged(body: bytes, mimetype: str) -> Response:
    tag = hashlib.sha256(body).hexdigest()[:32]
    unchanged = request.if_none_match.contains(tag)
    response = Response(b"" if unchanged else body, 304 if unchanged else 200, mimetype=mimetype)
    response.set_etag(tag)
    response.headers["Cache-Control"] = CACHE
    response.vary.update(("Accept", "Accept-Language", "Authorization"))
    return response
