"""What every answer carries and what the server refuses to start with: headers, CSP, key file, limits.

server.secret_key = security.secret_key(data)
guard.install(server, ...)          # then login.install(server), Dash, callbacks
guard.check_callbacks(app)
security.install(server, app)       # last: the hashes of inline scripts are known only now
"""

import base64
import hashlib
import os
import re
import secrets
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from flask import Flask, Response, request

from domain.errors import ConfigurationError

BODY_BYTES_MAX = 1024 * 1024
KEY_CHARS_MIN = 32
_KEY_FILE = "web.key"
_YEAR_S = 365 * 24 * 3600
_STATIC_PARTS = ("_dash-component-suites/", "assets/", "_favicon.ico")
_INLINE_SCRIPT = re.compile(r"<script(?P<attributes>[^>]*)>(?P<code>.*?)</script>", re.DOTALL | re.IGNORECASE)
_FIXED = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",  # none at all would break the https check of CSRF
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), geolocation=(), microphone=(), payment=(), usb=()",
}
_REFUSED_SWITCHES = ("DASH_MCP_ENABLED", "DASH_DEBUG", "FLASK_DEBUG", "WERKZEUG_DEBUG_PIN")
PRIVATE = "private, no-cache"  # what programs may keep and must ask about again
_OFF = frozenset({"", "0", "false", "no", "off"})


def secret_key(data: Path) -> str:
    """Return the key that signs cookies, made at the first start in ``data``/secrets with mode 0600.

    Raises
    ------
    ConfigurationError
        Others may read the file, or it does not hold a good key.
    """
    path = data / "secrets" / _KEY_FILE
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _kept_key(path)
    except OSError as error:
        raise ConfigurationError(
            f"{path}: the key cannot be written ({error.strerror}); choose a folder with --data that can"
        ) from error
    key = secrets.token_urlsafe(48)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(key)
        file.flush()
        os.fsync(file.fileno())
    return key


def _kept_key(path: Path) -> str:
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ConfigurationError(f"{path}: others may read the key; run: chmod 600 {path}")
    key = path.read_text("utf-8", errors="replace").strip()
    if len(key) < KEY_CHARS_MIN or len(set(key)) < KEY_CHARS_MIN // 4:
        raise ConfigurationError(
            f"{path}: not a key of at least {KEY_CHARS_MIN} random characters; remove the file, "
            "a new one is made at the next start and everybody logs in again"
        )
    return key


def refuse_switches(environment: Mapping[str, str]) -> None:
    """Refuse to start with switches that open a way around the login.

    Raises
    ------
    ConfigurationError
        Names the switch.
    """
    for name in _REFUSED_SWITCHES:
        if environment.get(name, "").strip().lower() not in _OFF:
            raise ConfigurationError(
                f"the environment sets {name}, which opens the pages to anybody; unset it"
            )


def install(server: Flask, app: Any, *, https: bool = False) -> None:
    """Set limits and headers of ``server``; call it last, when every page and callback of ``app`` is there.

    The hashes of the inline scripts are computed here and only these scripts are allowed. Dash adds one
    while it renders its first page, so the page is rendered once, outside of any person's request.
    """
    refuse_switches(os.environ)
    prefix = app.config.requests_pathname_prefix
    with server.test_request_context(prefix):
        html = app.index()
    text = html if isinstance(html, str) else html.get_data(as_text=True)
    scripts = sorted({*app.csp_hashes(), *_inline_hashes(text)})
    server.config["MAX_CONTENT_LENGTH"] = BODY_BYTES_MAX
    server.after_request(_Headers(prefix, scripts, https=https).add)


def is_static(path: str, prefix: str) -> bool:
    """Tell whether a path is a component script, an asset or the icon: nothing about anybody."""
    return path.startswith(tuple(prefix + part for part in _STATIC_PARTS))


def _inline_hashes(html: str) -> list[str]:
    hashes = []
    for script in _INLINE_SCRIPT.finditer(html):
        attributes = script["attributes"].lower()
        if "src=" not in attributes and "json" not in attributes and script["code"]:
            digest = hashlib.sha256(script["code"].encode()).digest()
            hashes.append(f"'sha256-{base64.b64encode(digest).decode()}'")
    return hashes


class _Headers:
    """Adds the headers."""

    def __init__(self, prefix: str, scripts: Sequence[str], *, https: bool) -> None:
        self._prefix = prefix
        self._https = https
        self._scripts = scripts

    def add(self, response: Response) -> Response:
        for name, value in _FIXED.items():
            response.headers.setdefault(name, value)
        response.headers["Content-Security-Policy"] = self._policy()
        if self._https:
            response.headers["Strict-Transport-Security"] = f"max-age={_YEAR_S}"
        if is_static(request.path, self._prefix) and response.status_code in {200, 304}:
            self._cache(response)
        elif "ETag" not in response.headers or response.headers.get("Cache-Control") != PRIVATE:
            response.headers["Cache-Control"] = "no-store"
        return response

    def _cache(self, response: Response) -> None:
        """Let a browser keep what has a version in its address; ask again for the rest."""
        versioned = response.cache_control.max_age is not None or "m" in request.args
        keep = f"public, max-age={_YEAR_S}, immutable"
        response.headers["Cache-Control"] = keep if versioned else "no-cache"

    def _policy(self) -> str:
        scripts = " ".join(("'self'", *self._scripts))
        return (
            f"default-src 'self'; script-src {scripts}; style-src 'self' 'unsafe-inline'; "
            "img-src 'self' data: blob:; font-src 'self' data:; worker-src 'self' blob:; connect-src 'self'; "
            "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
        )
