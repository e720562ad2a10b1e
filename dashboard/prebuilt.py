"""Answers of callbacks that are the same for everybody with the same rights: made once a picture, then handed out.

A callback says with ``shared=`` on what its answer rests (the moment of the picture); beside it the answer rests on
roles, scope, language and what was posted, timers aside. Session, origin, CSRF and permission are checked as ever.
"""

import json
import threading
from collections.abc import Callable, Hashable, Mapping
from typing import Any

from flask import Flask, Response, g, request

from access.guard import check, permission_of
from access.principal import Principal

_ANSWERS_MAX = 200
_KEY = "prebuilt_key"
Rest = Callable[[], Hashable]


class Prebuilt:
    """Finished answers by what they rest on. Thread safe."""

    def __init__(self) -> None:
        self._answers: dict[Hashable, tuple[bytes, str, str]] = {}
        self._lock = threading.Lock()

    def install_first(self, server: Flask) -> None:
        """Keep answers as they leave: registered first, it runs when everything else has had its turn."""
        server.after_request(self._keep)

    def install_last(self, server: Flask) -> None:
        """Answer when every check is behind."""
        server.before_request(self._answer)

    def ask(self, callback: Any, body: Mapping[str, Any], principal: Principal) -> None:
        """Note what the answer of this request rests on; nothing for a callback that shares none."""
        rest: Rest | None = getattr(callback, "__shared__", None)
        permission = permission_of(callback)
        if rest is None or permission is None:
            return
        check(principal, permission)
        posted = [body.get("output"), _values(body.get("inputs")), _values(body.get("state"))]
        packed = "gzip" in request.headers.get("Accept-Encoding", "")
        who = (principal.roles, principal.only, principal.scope, principal.language)
        setattr(g, _KEY, (json.dumps(posted, sort_keys=True), who, packed, rest()))

    def _answer(self) -> Response | None:
        key = g.get(_KEY)
        found = self._answers.get(key) if key is not None else None
        if found is None:
            return None
        g.pop(_KEY)
        content, content_type, encoding = found
        answer = Response(content, content_type=content_type)
        if encoding:
            answer.headers["Content-Encoding"] = encoding
            answer.vary.add("Accept-Encoding")
        return answer

    def _keep(self, response: Response) -> Response:
        key = g.get(_KEY)
        if key is not None and response.status_code == 200:
            encoding = response.headers.get("Content-Encoding", "")
            with self._lock:
                while len(self._answers) >= _ANSWERS_MAX:
                    self._answers.pop(next(iter(self._answers)))
                self._answers[key] = (response.get_data(), response.content_type or "", encoding)
        return response


def _values(parts: Any) -> list[Any]:
    """Return what was posted, timers aside."""
    return [
        one for one in parts or [] if not (isinstance(one, dict) and one.get("property") == "n_intervals")
    ]
