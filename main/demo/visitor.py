"""Visits the pages as a person's browser would, without a browser: logs in, opens pages, runs their router."""

import http.cookiejar
import re
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from typing import Any

import orjson

_TIMEOUT_S = 60.0
_CSRF = re.compile(r'name="csrf_token" value="([^"]+)"')
_ROUTER = ("page", "children")


@dataclass(frozen=True, slots=True)
class Visited:
    """How one page answered. ``problem`` is empty when all is well."""

    path: str
    status: int
    ms: float
    problem: str = ""


class Visitor:
    """One person with a cookie jar."""

    def __init__(self, base: str) -> None:
        self._base = base
        self._jar = http.cookiejar.CookieJar()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self._jar))
        self._router: dict[str, Any] | None = None

    def _ask(
        self, path: str, data: bytes | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, str]:
        request = urllib.request.Request(self._base + path, data=data, headers=headers or {})  # noqa: S310 (our own loopback address)
        try:
            with self._opener.open(request, timeout=_TIMEOUT_S) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode(errors="replace")

    def log_in(self, user: str, password: str) -> bool:
        """Log in through the form; tell whether it worked."""
        _, form = self._ask("/login")
        token = _CSRF.search(form)
        fields = {"user": user, "password": password, "csrf_token": token[1] if token else ""}
        self._ask("/login", urllib.parse.urlencode(fields).encode(), {"Origin": self._base})
        return self._ask("/app/_dash-dependencies")[0] == 200

    def _find_router(self) -> dict[str, Any]:
        if self._router is None:
            _, text = self._ask("/app/_dash-dependencies")
            output = ".".join(_ROUTER)
            self._router = next(each for each in orjson.loads(text) if output in each["output"])
        return self._router

    def visit(self, path: str) -> Visited:
        """Open a page: its document, then the callback that fills it."""
        start = time.perf_counter()
        status, _ = self._ask(path)
        problem = "" if status == 200 else "the document was refused"
        if status == 200:
            status, problem = self._fill(path)
        return Visited(path, status, (time.perf_counter() - start) * 1e3, problem)

    def _fill(self, path: str) -> tuple[int, str]:
        router = self._find_router()
        where = urllib.parse.urlsplit(path)
        values = {"pathname": where.path, "search": f"?{where.query}" if where.query else ""}
        names = re.findall(r"([\w-]+)\.([\w-]+)", router["output"])
        body = {
            "output": router["output"],
            "outputs": [{"id": name, "property": prop} for name, prop in names],
            "inputs": [{**each, "value": values.get(each["property"])} for each in router["inputs"]],
            "changedPropIds": ["url.pathname"],
            "parsedChangedPropsIds": ["url.pathname"],
            "state": [{**each, "value": None} for each in router["state"]],
        }
        token = next((cookie.value for cookie in self._jar if cookie.name.startswith("csrf")), None) or ""
        headers = {"Content-Type": "application/json", "Origin": self._base, "X-CSRFToken": token}
        status, text = self._ask("/app/_dash-update-component", orjson.dumps(body), headers)
        if status != 200:
            return status, text[:200]
        trouble = '"className":"page trouble"' in text.replace('": "', '":"')
        return status, "it says that something is wrong" if trouble else ""
