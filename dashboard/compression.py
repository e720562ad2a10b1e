"""Compression: each static text file once per process, answers of callbacks quickly.

Scripts weigh 4 MB; compressed they are 1.2 MB, which a village line notices. Compressing on every request
would cost a tenth of a second each time, so the compressed form is kept (about 2 MB in all).
"""

import gzip
import threading
from collections.abc import Callable

from flask import Flask, Response, request

_LEAST_BYTES = 2_000
_FILES_MAX = 200
_ANSWER_LEAST_BYTES = 4_000
_TEXT = frozenset(
    {"text/javascript", "application/javascript", "text/css", "application/json", "image/svg+xml"}
)


class _Packed:
    """Compressed files by path and ETag."""

    def __init__(self) -> None:
        self._files: dict[tuple[str, str], bytes] = {}
        self._lock = threading.Lock()

    def get(self, key: tuple[str, str], content: Callable[[], bytes]) -> bytes:
        """Return the compressed form, made at the first call."""
        with self._lock:
            found = self._files.get(key)
        if found is None:
            found = gzip.compress(content(), 6)
            with self._lock:
                if len(self._files) >= _FILES_MAX:
                    self._files.clear()
                self._files[key] = found
        return found


def install(server: Flask, prefix: str) -> None:
    """Compress what a browser that takes gzip asks for below ``prefix``."""
    packed = _Packed()
    static = (f"{prefix}_dash-component-suites/", f"{prefix}assets/")

    def after(response: Response) -> Response:
        is_static = request.path.startswith(static)
        if not _compressible(response):
            return response
        if is_static:
            etag = response.headers.get("ETag", "")
            response.direct_passthrough = False
            _replace(response, packed.get((request.full_path, etag), response.get_data))
        elif response.mimetype == "application/json" and (response.content_length or 0) > _ANSWER_LEAST_BYTES:
            _replace(response, gzip.compress(response.get_data(), 1))
        return response

    server.after_request(after)


def _compressible(response: Response) -> bool:
    return (
        response.status_code == 200
        and response.mimetype in _TEXT
        and "Content-Encoding" not in response.headers
        and "gzip" in request.headers.get("Accept-Encoding", "")
        and (response.content_length or _LEAST_BYTES + 1) > _LEAST_BYTES
    )


def _replace(response: Response, content: bytes) -> None:
    close = getattr(response.response, "close", None)
    if close is not None:  # the file behind a static answer
        response.call_on_close(close)
    response.set_data(content)
    response.headers["Content-Encoding"] = "gzip"
    response.headers["Content-Length"] = str(len(content))
    response.vary.add("Accept-Encoding")
