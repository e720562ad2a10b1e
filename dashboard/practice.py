"""The practice copy in the browser: its own address, its own application, and a mark on everything that leaves it.

Below ``/practice/`` a request goes to the copy of who asks, found by his real session; everything else goes to the real
application, so neither can show what is the other's. In a copy a file that cannot be marked does not leave, and what
would pay is refused.
"""

from collections.abc import Callable, Iterable
from typing import Any, Protocol

from flask import Flask, Response, g, redirect, request
from flask_wtf.csrf import generate_csrf
from markupsafe import escape
from werkzeug.http import parse_cookie

from access.permissions import Permission
from access.principal import Principal
from commands.authenticate import Authenticate
from commands.papers.practice_mark import marked
from commands.practice import CHECKER, PracticeSeats, may_practise
from dashboard import guard, plain

PREFIX = "/practice/"
HOME = "/app/practice"
_SEAT = f"{PREFIX}seat"
_REFUSED = frozenset({"paper_bank"})  # endpoints that would let money leave
_OPEN_KINDS = frozenset({"text/html", "application/json", "text/plain"})

_BANNER = """<style>
body {{ padding-bottom: 76px; }}
.practice {{ position: fixed; left: 0; right: 0; bottom: 0; z-index: 2000; display: flex; flex-wrap: wrap; gap: 4px 12px;
 align-items: center; padding: 6px 12px; background: #7a1f1f; color: #fff; font: 14px/1.4 system-ui, "PingFang SC",
 "Microsoft YaHei", "Noto Sans CJK SC", sans-serif; }}
.practice b {{ font-size: 16px; letter-spacing: .1em; }} .practice form {{ margin: 0; }}
.practice a, .practice button {{ display: inline-block; width: auto; min-height: 32px; margin: 0; padding: 4px 10px; color: #fff;
 background: transparent; border: 1px solid #fff; border-radius: 6px; font: inherit; text-decoration: none; cursor: pointer; }}
.practice-over {{ position: fixed; inset: 0; z-index: 1999; display: flex; align-items: center; justify-content: center;
 pointer-events: none; color: #c92a2a; opacity: .09; font: 700 22vmin/1 sans-serif; transform: rotate(-25deg); }}
@media print {{ .practice a, .practice form {{ display: none; }} .practice {{ color: #000; background: #fff; border: 1px solid #000; }}
 .practice-over {{ opacity: .16; }} }}
</style><div class="practice-over" aria-hidden="true">{mark}</div>
<aside class="practice" aria-label="{mark}"><b>{mark}</b><span>{about}</span>
<form method="post" action="{seat_path}"><input type="hidden" name="csrf_token" value="{csrf}">
<input type="hidden" name="seat" value="{other}"><input type="hidden" name="back" value="{back}"><button>{switch}</button></form>
<a href="{home}">{leave}</a></aside>"""


class Copies(Protocol):
    """Applications over copies."""

    def application(self, principal: Principal) -> Any | None:
        """Return the application over a person's copy, None where there is none."""
        ...


class PracticeFront:
    """The way to the real application, or to a copy. A WSGI application."""

    def __init__(self, real: Flask, copies: Copies, authenticate: Authenticate) -> None:
        self._real = real
        self._copies = copies
        self._authenticate = authenticate
        self._cookie = guard.guard_of(real).cookie

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer a request."""
        if not str(environ.get("PATH_INFO", "")).startswith(PREFIX):
            return self._real(environ, start_response)
        copy = self._copy_of(environ)
        if copy is None:
            answer = redirect(HOME, code=303)  # the real guard says there who may
            return answer(environ, start_response)
        found: Iterable[bytes] = copy(environ, start_response)
        return found

    def _copy_of(self, environ: dict[str, Any]) -> Any | None:
        token = parse_cookie(environ).get(self._cookie, "")
        address = str(environ.get("REMOTE_ADDR", ""))
        principal = self._authenticate.principal(token, address, active=False) if token else None
        return (
            self._copies.application(principal) if principal is not None and may_practise(principal) else None
        )


def install(server: Flask, seats: PracticeSeats) -> None:
    """Make an application one of a copy: refuse what would pay, mark what leaves, let people change their seat."""

    def sit(principal: Principal) -> Any:
        seats.sit(principal, request.form.get("seat", ""))
        back = request.form.get("back", "")
        return redirect(back if back.startswith(PREFIX) and "//" not in back else f"{PREFIX}todo", code=303)

    server.add_url_rule(_SEAT, "practice_seat", guard.page(Permission.VIEW_OVERVIEW)(sit), methods=["POST"])
    guard.guard_of(server).check_routes(server)
    server.before_request(_refuse_paying)
    server.after_request(_mark)


def _refuse_paying() -> Response | None:
    if request.endpoint in _REFUSED:
        return plain.error_answer(422, plain.words()("practice.no_bank"))
    return None


def _mark(response: Response) -> Response:
    """Mark what leaves; a kind that cannot be marked stays."""
    kind = response.mimetype or ""
    if response.status_code in {301, 302, 303, 304} or request.path.startswith(
        (f"{PREFIX}assets/", f"{PREFIX}_dash-component-suites/")
    ):
        return response
    response.direct_passthrough = False
    if kind == "text/html":
        page = response.get_data(as_text=True)
        head, body, rest = page.partition("</body>")
        response.set_data(head + _banner() + body + rest)
        return response
    if kind in _OPEN_KINDS and "Content-Disposition" not in response.headers:
        return response
    done = marked(response.get_data(), kind, plain.words()("practice.mark_long"))
    if done is None:
        return plain.error_answer(422, plain.words()("practice.no_file"))
    response.set_data(done)
    name = response.headers.get("Content-Disposition", "")
    response.headers["Content-Disposition"] = name.replace('filename="', 'filename="practice-')
    return response


def _banner() -> str:
    said = plain.words()
    principal = g.get("principal")
    checks = isinstance(principal, Principal) and principal.user_id == CHECKER
    seat = "checker" if checks else "own"
    return _BANNER.format(
        mark=escape(said("practice.mark")),
        about=escape(said(f"practice.seat.{seat}")),
        switch=escape(said(f"practice.sit.{'own' if checks else 'checker'}")),
        other="" if checks else CHECKER,
        back=escape(request.full_path.rstrip("?") if request.method == "GET" else f"{PREFIX}todo"),
        leave=escape(said("practice.leave")),
        csrf=escape(generate_csrf()),
        seat_path=_SEAT,
        home=HOME,
    )
