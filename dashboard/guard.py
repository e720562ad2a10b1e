"""The guard in front of every page and callback: session, origin, CSRF, permission; the default answer is no.

guard.install(server, services, prefix="/app/", known_path=pages.known)
app = dash.Dash(server=server, url_base_pathname="/app/", **guard.DASH_OPTIONS)
@guard.secured(app, Output("total", "children"), Input("day", "value"),
               permission=Permission.VIEW_OVERVIEW, takes=(str,))
def show_total(principal, day): ...
guard.check_callbacks(app)      # refuses to start when a callback states no permission
"""

import logging
import secrets
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any, Protocol
from urllib.parse import quote, urlsplit

from flask import Flask, Response, abort, current_app, g, redirect, request
from flask_wtf.csrf import CSRFProtect, generate_csrf
from werkzeug.exceptions import HTTPException

from access.guard import MARK, FactorStaleError, check, permission_of
from access.permissions import Permission
from access.principal import Principal
from commands.accounts import Accounts
from commands.authenticate import Authenticate
from dashboard import plain
from dashboard.callback_body import body_problem, only_ticks, takes_uploads
from dashboard.fresh_factor import renewed
from dashboard.prebuilt import Prebuilt, Rest
from dashboard.security import KEY_CHARS_MIN, is_static
from domain.errors import AccessDeniedError, CommandError, ConfigurationError, StoreUnavailableError

log = logging.getLogger(__name__)
CSRF_COOKIE = "csrf_token"
CSRF_HEADER = "X-CSRFToken"
DASH_OPTIONS: Mapping[str, Any] = {"csrf_token_name": CSRF_COOKIE, "csrf_header_name": CSRF_HEADER}
IDLE_HEADER = "X-Idle-S"  # a page may say how long nobody touched it [s]
IDLE_AFTER_S = 60.0
UPLOAD_BYTES_MAX = 28 * 1024 * 1024  # a 20 MB file in base64 and its frame
SECOND_FACTOR = "/second-factor"
OPEN_PATHS = frozenset({"/", "/login", "/logout", "/livez", "/readyz", "/metrics"})
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_EXTENSION = "pvmon_guard"


class Services(Protocol):
    """What the guard and the login pages need of the program."""

    @property
    def authenticate(self) -> Authenticate:
        """Logins and sessions."""
        ...

    @property
    def accounts(self) -> Accounts:
        """Own password and language."""
        ...


class Area(Protocol):
    """A part of the server with a door of its own: below ``prefix`` it asks for tokens instead of sessions."""

    prefix: str

    def register(self, server: Flask) -> None:
        """Add its routes, each with its permission."""
        ...

    def before(self) -> Response | None:
        """Let a request pass with ``g.principal`` set, or answer it."""
        ...

    def error(self, status: int, reason: str, incident: str) -> Response:
        """Answer an error in its own form."""
        ...


class Guard:
    """What `install` leaves at ``server.extensions["pvmon_guard"]``."""

    def __init__(
        self,
        services: Services,
        prefix: str,
        known_path: Callable[[str], bool],
        *,
        https: bool,
        areas: Sequence[Area] = (),
    ) -> None:
        self.services = services
        self.prefix = prefix
        self.known_path = known_path
        self.https = https
        self.areas = areas
        self.callbacks: Mapping[str, Any] | None = None  # set by check_callbacks
        self.prebuilt = Prebuilt()
        self.households_look = False  # whether the landing shows the way to the household look-up

    @property
    def start(self) -> str:
        """Where a login leads when no page was asked for: what waits for who logs in."""
        return f"{self.prefix}todo"

    @property
    def cookie(self) -> str:
        """Name of the session cookie."""
        return "__Host-pvmon_session" if self.https else "pvmon_session"

    def before(self) -> Any:
        """Let a request pass, or answer it."""
        self._check_origin()
        path = request.path
        area = self.area_of(path)
        if area is not None:
            return area.before()
        token = request.cookies.get(self.cookie, "")
        is_callback = path == f"{self.prefix}_dash-update-component"
        view = current_app.view_functions.get(request.endpoint or "")
        if is_callback or getattr(view, "__uploads__", False):
            request.max_content_length = UPLOAD_BYTES_MAX
        g.principal = self._principal(token, active=not is_callback and not _says_idle()) if token else None
        if self._is_open(path):
            return None
        if g.principal is None:
            return self._send_to_login()
        if g.principal.stage and path not in {SECOND_FACTOR, "/logout"}:
            return self._send_to(SECOND_FACTOR)
        if (
            not g.principal.stage
            and g.principal.must_change_password
            and path not in {"/password", "/logout"}
        ):
            return self._send_to("/password")
        if is_callback:
            body = self._checked_body()
            if not only_ticks(body) and not _says_idle():
                self.services.authenticate.used(token)
            assert self.callbacks is not None, "the body was checked against them"
            self.prebuilt.ask(self.callbacks[body["output"]]["callback"], body, g.principal)
        elif request.endpoint in {self.prefix, f"{self.prefix}<path:path>"} and not self.known_path(path):
            abort(404)
        return None

    def area_of(self, path: str) -> Area | None:
        """Return the area a path lies in."""
        return next((area for area in self.areas if path.startswith(area.prefix)), None)

    def check_routes(self, server: Flask) -> None:
        """Refuse to start when a view of ours states no permission; Dash's own need a login."""
        bare = [
            rule.rule
            for rule in server.url_map.iter_rules()
            if rule.endpoint != rule.rule  # Dash names its endpoints by their path
            and rule.rule not in OPEN_PATHS
            and not is_static(rule.rule, self.prefix)
            and permission_of(server.view_functions[rule.endpoint]) is None
        ]
        if bare:
            raise ConfigurationError(
                f"routes without a permission, use guard.page: {', '.join(sorted(bare))}"
            )

    def after(self, response: Response) -> Response:
        """Give pages the CSRF cookie that the scripts send back as a header."""
        view = current_app.view_functions.get(request.endpoint or "")
        is_page = request.method == "GET" and response.status_code == 200
        if is_page and response.mimetype == "text/html" and getattr(view, "__form__", True):
            response.set_cookie(CSRF_COOKIE, generate_csrf(), samesite="Lax", secure=self.https, path="/")
        return response

    def _principal(self, token: str, *, active: bool) -> Principal | None:
        return self.services.authenticate.principal(token, address_of_request(), active=active)

    def _is_open(self, path: str) -> bool:
        view = current_app.view_functions.get(request.endpoint or "")
        if path in OPEN_PATHS or getattr(view, "__open__", False):
            return True
        return request.method in {"GET", "HEAD"} and is_static(path, self.prefix)

    def _send_to_login(self) -> Any:
        wanted = request.full_path.rstrip("?")
        return self._send_to(f"/login?next={quote(wanted, safe='/')}")

    def _send_to(self, location: str) -> Any:
        is_own = not request.path.startswith(f"{self.prefix}_")  # not Dash's own
        if is_own and request.method == "GET":
            return redirect(location)
        if is_own and request.accept_mimetypes.best == "text/html" and location.startswith("/login"):
            return plain.session_ended(_page_of_form())
        return {"error": "login", "login": location.partition("?")[0]}, 401

    def _check_origin(self) -> None:
        if request.method in _SAFE_METHODS:
            return
        site = request.headers.get("Sec-Fetch-Site", "same-origin")
        origin = request.headers.get("Origin")
        if site not in {"same-origin", "none"} or (origin is not None and not self._is_ours(origin)):
            log.warning("request from a foreign page refused: %s", plain.one_line(origin or site))
            abort(403)

    def _is_ours(self, origin: str) -> bool:
        parts = urlsplit(origin)
        scheme = "https" if self.https else request.scheme
        return parts.scheme == scheme and parts.netloc == request.host

    def _checked_body(self) -> Any:
        """Return the body of a callback; the session is known to be good by now."""
        if self.callbacks is None:
            log.error("callbacks refused: guard.check_callbacks(app) was not called")
            abort(403)
        if not request.is_json:
            abort(415)
        try:
            body = request.get_json()
        except RecursionError:
            abort(400, description="nested too deeply")
        refusal = body_problem(body, self.callbacks)
        if refusal is not None:
            status, reason = refusal
            log.warning("callback refused: %s", reason)
            abort(status, description=reason)
        limit = current_app.config.get("MAX_CONTENT_LENGTH") or UPLOAD_BYTES_MAX
        if (request.content_length or 0) > limit and not takes_uploads(self.callbacks[body["output"]]):
            abort(413)
        return body


def install(
    server: Flask,
    services: Services,
    *,
    known_path: Callable[[str], bool],
    prefix: str = "/app/",
    https: bool = False,
    areas: Sequence[Area] = (),
) -> Guard:
    """Put the guard in front of ``server``; call it before anything else is registered there.

    Parameters
    ----------
    known_path : callable
        Tells whether a path below ``prefix`` is a page; any other gets 404 instead of Dash's index.
    prefix : str
        Where Dash is mounted, beginning and ending with a slash.
    https : bool
        People reach the server over https (perhaps through a proxy): cookies become Secure.
    areas : sequence of Area
        Parts that ask for tokens; their routes are added by `Area.register`.

    Raises
    ------
    ConfigurationError
        The server has no good secret key.
    """
    if len(server.secret_key or "") < KEY_CHARS_MIN:
        raise ConfigurationError(f"the server's secret key is missing or shorter than {KEY_CHARS_MIN}")
    guard = Guard(services, prefix, known_path, https=https, areas=areas)
    server.config.update(
        SESSION_COOKIE_NAME="__Host-pvmon_form" if https else "pvmon_form",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=https,
        WTF_CSRF_TIME_LIMIT=None,  # bound to the session, which ends by itself
        WTF_CSRF_HEADERS=[CSRF_HEADER],
    )
    server.extensions[_EXTENSION] = guard
    guard.prebuilt.install_first(server)
    server.before_request(guard.before)
    CSRFProtect(server)
    guard.prebuilt.install_last(server)
    server.after_request(guard.after)
    for kind in (HTTPException, AccessDeniedError, CommandError, StoreUnavailableError, Exception):
        server.register_error_handler(kind, _answer_error)
    return guard


def guard_of(server: Flask) -> Guard:
    """Return the guard of a server."""
    found: Guard = server.extensions[_EXTENSION]
    return found


def current_principal() -> Principal:
    """Return who asks in this request; 401 when nobody is logged in."""
    principal = g.get("principal")
    if not isinstance(principal, Principal):
        abort(401)
    return principal


def address_of_request() -> str:
    """Return the address the request came from (behind a proxy: as ProxyFix was told)."""
    return request.remote_addr or ""


def page(
    permission: Permission, *, uploads: bool = False, money: bool = False
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorate a layout function or a Flask view: it gets the principal first, 403 without the permission.

    ``uploads``: the view takes files, so its body may be up to 28 MB instead of 1 MB. ``money``: its form may
    bring a code of the second factor, which is taken first.
    """

    def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(view)
        def permitted(*args: Any, **kwargs: Any) -> Any:
            principal = check(current_principal(), permission)
            if money:
                principal = _with_code(principal)
            return view(principal, *args, **kwargs)

        setattr(permitted, MARK, permission)
        permitted.__uploads__ = uploads  # type: ignore[attr-defined]
        return permitted

    return decorate


def _with_code(principal: Principal) -> Principal:
    guard = guard_of(current_app)
    token = request.cookies.get(guard.cookie, "")
    return renewed(guard.services.authenticate, principal, token, address_of_request())


def open_page(view: Callable[..., Any], *, form: bool = True) -> Callable[..., Any]:
    """Decorate a view that everybody may open without a login; it must protect itself.

    ``form`` False: nothing is sent back from its pages, so they set no cookie.
    """

    @wraps(view)
    def opened(*args: Any, **kwargs: Any) -> Any:
        return view(*args, **kwargs)

    setattr(opened, MARK, Permission.ANYONE)
    opened.__open__ = True  # type: ignore[attr-defined]
    opened.__form__ = form  # type: ignore[attr-defined]
    return opened


def csrf_value() -> str:
    """Return what a plain form sends back."""
    return str(generate_csrf())


def secured(
    app: Any,
    *outputs_inputs: Any,
    permission: Permission,
    takes: Sequence[type | tuple[type, ...]] | None = None,
    uploads: bool = False,
    shared: Rest | None = None,
    **options: Any,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register a Dash callback with a stated permission; the function gets the principal first.

    Parameters
    ----------
    app : dash.Dash
    *outputs_inputs
        Output, Input and State as for ``app.callback``.
    permission : Permission
        What the caller must be allowed.
    takes : sequence of types, optional
        Type of each Input and State in order (None always passes, int passes for float, bool only for bool);
        another type is answered with 422.
    uploads : bool
        The callback takes files: texts may be long and the body up to 28 MB.
    shared : callable, optional
        What the answer rests on beside roles, scope, language and inputs; it is then made once for all of them.
    **options
        Further options of ``app.callback`` (prevent_initial_call, running, ...).
    """

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def permitted(*args: Any, **kwargs: Any) -> Any:
            principal = check(current_principal(), permission)
            if takes is not None and not _types_fit(args, takes):
                abort(422, description="a value is of another type")
            return function(principal, *args, **kwargs)

        setattr(permitted, MARK, permission)
        permitted.__uploads__ = uploads  # type: ignore[attr-defined]
        permitted.__shared__ = shared  # type: ignore[attr-defined]
        app.callback(*outputs_inputs, **options)(permitted)
        return permitted

    return register


def check_callbacks(app: Any, *, internal: Sequence[str] = ()) -> None:
    """Refuse to start when a callback states no permission; from then on only these callbacks are answered.

    Parameters
    ----------
    app : dash.Dash
    internal : sequence of str
        Outputs of Dash's own callbacks that need a login but no permission (its page router).

    Raises
    ------
    ConfigurationError
        Names the outputs.
    """
    from dash._callback import GLOBAL_CALLBACK_MAP

    callbacks: dict[str, Any] = {**GLOBAL_CALLBACK_MAP, **app.callback_map}
    bare = [
        output
        for output, spec in callbacks.items()
        if "callback" in spec and permission_of(spec["callback"]) is None and output not in internal
    ]
    if bare:
        names = ", ".join(sorted(bare))
        raise ConfigurationError(f"callbacks without a permission, register them with guard.secured: {names}")
    guard = guard_of(app.server)
    guard.check_routes(app.server)
    guard.callbacks = callbacks


def _types_fit(args: Sequence[Any], takes: Sequence[type | tuple[type, ...]]) -> bool:
    return len(args) == len(takes) and all(
        value is None or _fits(value, wanted) for value, wanted in zip(args, takes, strict=True)
    )


def _fits(value: Any, wanted: type | tuple[type, ...]) -> bool:
    kinds = wanted if isinstance(wanted, tuple) else (wanted,)
    if isinstance(value, bool):
        return bool in kinds
    return isinstance(value, kinds) or (isinstance(value, int) and float in kinds)


def _page_of_form() -> str:
    """Return the page of ours that a form was sent from; where it was sent to, when the browser does not say."""
    parts = urlsplit(request.referrer or "")
    if parts.netloc != request.host or not parts.path.startswith("/"):
        return request.path
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def _says_idle() -> bool:
    try:
        return float(request.headers.get(IDLE_HEADER, "0")) > IDLE_AFTER_S
    except ValueError:
        return False


def _answer_error(error: Exception) -> Any:
    """Answer an error without a trace: ours by kind, the unexpected with an incident id to find it in the log."""
    if isinstance(error, HTTPException):
        if error.response is not None or (error.code or 500) < 400:
            return error
        status, reason = error.code or 500, error.name
        if status in {400, 404, 422}:
            reason = error.description or reason
    else:
        status, reason = _status_of(error), _reason(error)
    incident = ""
    if status >= 500:
        incident = secrets.token_hex(4)
        log.error("incident %s at %s %s", incident, request.method, request.path, exc_info=error)
        reason = ""
    guard = guard_of(current_app)
    area = guard.area_of(request.path)
    if area is not None:
        return area.error(status, reason, incident)
    if isinstance(error, FactorStaleError) and request.method == "GET":
        return redirect(f"{SECOND_FACTOR}?next={quote(request.full_path.rstrip('?'), safe='/')}")
    return plain.error_answer(status, reason, incident)


def _reason(error: Exception) -> str:
    """Return what an error says in the reader's language where it has words of its own."""
    words = getattr(error, "words", None)
    return str(words(plain.words())) if callable(words) else str(error)


def _status_of(error: Exception) -> int:
    if isinstance(error, AccessDeniedError):
        return 403
    if isinstance(error, CommandError):
        return 422
    return 503 if isinstance(error, StoreUnavailableError) else 500
