"""Plain server-rendered pages (login, landing, errors): no script, readable on any phone, both languages."""

import re
import unicodedata
from typing import Any

from flask import Response, current_app, g, make_response, request

from access.permissions import Permission
from access.principal import Principal
from texts.loader import LANGUAGES, Texts

LANGUAGE_COOKIE = "pvmon_lang"
DRAFTS = "pvmon_drafts"  # where the server keeps the address of drafts, when it keeps any
_LANGUAGE_AGE_S = 365 * 24 * 3600
_POST_FORM = re.compile(r"""<form[^>]*method=["']?post""", re.IGNORECASE)
_ERROR_KEYS = frozenset({400, 401, 403, 404, 413, 422, 429, 500, 503})

_SHELL = """<!doctype html>
<html lang="{{ 'zh-CN' if words.language == 'zh' else 'en' }}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{{ title }} · {{ words("access.product") }}</title>
<link rel="icon" type="image/svg+xml" href="/app/assets/icon.svg">
<style>
:root { --ink: #17324d; --soft: #51677d; --ground: #f2f6f8; --card: #fff; --line: #c7d3dd; --blue: #1864ab;
  --green: #2b8a3e; --bad: #b42318; --badground: #fdeeec; color-scheme: light dark; }
@media (prefers-color-scheme: dark) { :root { --ink: #e3ebf2; --soft: #a9bacb; --ground: #101820;
  --card: #18242f; --line: #37485a; --blue: #74b0ea; --green: #69c37c; --bad: #ff9c92; --badground: #3a1d1b; }
  .primary { color: #0d1720 !important; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; background: var(--ground); color: var(--ink); font: 16px/1.6 system-ui,
  -apple-system, "Segoe UI", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif;
  display: flex; flex-direction: column; align-items: center; }
header { width: 100%; max-width: 26rem; padding: 2.5rem 1rem 1rem; display: flex; align-items: center; gap: .75rem; }
header svg { flex: none; }
header b { font-size: 1.15rem; line-height: 1.35; }
main { width: calc(100% - 2rem); max-width: 26rem; background: var(--card); border: 1px solid var(--line);
  border-radius: 12px; padding: 1.5rem; }
h1 { font-size: 1.3rem; margin: 0 0 1rem; }
label { display: block; margin: 1rem 0 .25rem; font-weight: 600; }
input { width: 100%; min-height: 48px; padding: 0 .75rem; font: inherit; color: inherit; background: transparent;
  border: 1px solid var(--soft); border-radius: 8px; }
button, .button { display: block; width: 100%; min-height: 48px; margin-top: 1.25rem; padding: .6rem 1rem;
  font: inherit; font-weight: 600; text-align: center; text-decoration: none; border-radius: 8px; cursor: pointer;
  border: 1px solid var(--blue); color: var(--blue); background: transparent; }
.primary { background: var(--blue); color: #fff; }
:focus-visible { outline: 3px solid var(--green); outline-offset: 2px; }
.problem { margin: 0 0 1rem; padding: .75rem; border-radius: 8px; color: var(--bad); background: var(--badground); }
.note { color: var(--soft); margin: .25rem 0 0; font-size: .95rem; overflow-wrap: anywhere; }
#draft { margin-top: 1rem; position: sticky; bottom: 0; background: var(--card); } .draft-offer { padding: .75rem; border: 1px solid var(--line); border-radius: 8px; margin: 0 0 1rem; }
.draft-offer button { display: inline-block; width: auto; margin: .5rem .5rem 0 0; }
footer { padding: 1.25rem 1rem 2rem; color: var(--soft); font-size: .95rem; }
footer a { color: var(--blue); display: inline-block; padding: .75rem; }
</style>
</head>
<body>
<header>
<svg width="44" height="44" viewBox="0 0 44 44" aria-hidden="true"><circle cx="31" cy="12" r="7"
  fill="#f2b705"/><path d="M4 38 L12 20 H34 L42 38 Z" fill="#1864ab"/><path d="M9 27 H37 M6 33 H40 M19 20 L16 38
  M27 20 L30 38" stroke="#fff" stroke-width="1.6" fill="none"/></svg>
<b>{{ words("access.product") }}</b>
</header>
<main>
<h1>{{ title }}</h1>
__BODY__
__DRAFT__
</main>
<footer>{% for code, name in languages %}{% if code != words.language -%}
<a href="?{{ kept }}lang={{ code }}" lang="{{ code }}" hreflang="{{ code }}">{{ name }}</a>
{%- endif %}{% endfor %}</footer>
</body>
</html>
"""

_DRAFT = """<div id="draft" class="note" role="status" aria-live="polite" hidden data-address="{{ draft_address }}"
 data-title="{{ title }}" data-saved="{{ words("own.saved") }}" data-ended="{{ words("own.ended") }}"
 data-offline="{{ words("own.offline") }}" data-offer="{{ words("own.offer") }}" data-go="{{ words("own.go") }}"
 data-drop="{{ words("own.discard") }}"><span></span></div><script src="/app/assets/60-drafts.js" defer></script>"""

_ENDED = """<p class="problem" role="alert">{{ words("own.session_ended") }}</p>
<a class="button primary" href="/login?next={{ there | urlencode }}">{{ words("own.log_in_again") }}</a>"""

_ERROR = """<p>{{ shown }}</p>
{% if reason %}<p class="problem">{{ reason }}</p>{% endif %}
{% if incident %}<p class="note">{{ words("access.error.incident", id=incident) }}</p>{% endif %}
<a class="button" href="/">{{ words("access.home") }}</a>"""


def language() -> str:
    """Return the language of this request: asked for, the account's, remembered; Chinese otherwise."""
    asked = request.args.get("lang")
    if asked in LANGUAGES:
        return asked
    principal = g.get("principal")
    if isinstance(principal, Principal):
        return principal.language
    remembered = request.cookies.get(LANGUAGE_COOKIE)
    return remembered if remembered in LANGUAGES else "zh"


def words() -> Texts:
    """Return the words of this request's language."""
    return Texts(language())


def document(title: str, body: str, status: int = 200, kept: str = "", **values: Any) -> Response:
    """Return a whole page.

    Parameters
    ----------
    title : str
    body : str
        A Jinja template of the part inside ``main``; ``values`` and ``words`` are escaped into it.
    kept : str
        Query parameters the language link keeps, ending in ``&``.
    """
    said = words()
    languages = (("zh", "中文"), ("en", "English"))
    draft_address = _draft_address() if _POST_FORM.search(body) else ""
    source = _SHELL.replace("__BODY__", body).replace("__DRAFT__", _DRAFT if draft_address else "")
    values["draft_address"] = draft_address
    values = {"factor_stale": _factor_stale(), "factor_problem": g.get("factor_problem", "")} | values
    page = rendered(source, title=title, words=said, languages=languages, kept=kept, **values)
    response = make_response(page, status)
    asked = request.args.get("lang")
    if asked in LANGUAGES:
        response.set_cookie(
            LANGUAGE_COOKIE,
            asked,
            max_age=_LANGUAGE_AGE_S,
            samesite="Lax",
            httponly=True,
            secure=request.is_secure,
        )
    return response


def taken() -> None:
    """Say that the form of this request was taken although the answer shows it again: its draft goes."""
    g.form_taken = True


def session_ended(there: str) -> Response:
    """Return what is shown when a form was sent after its session had ended."""
    return document(words()("access.error.title", status=401), _ENDED, 401, there=there)


def _draft_address() -> str:
    """Return where a form half filled is kept; nowhere for who is not wholly logged in."""
    principal = g.get("principal")
    whole = isinstance(principal, Principal) and principal.may(Permission.CHANGE_OWN_ACCOUNT)
    address: str = current_app.extensions.get(DRAFTS, "")
    return address if whole and not principal.must_change_password else ""


def _factor_stale() -> bool:
    principal = g.get("principal")
    return isinstance(principal, Principal) and principal.factor_stale


def rendered(source: str, **values: Any) -> str:
    """Return a template of ours with ``values`` escaped into it; compiled once for the life of the server."""
    known: dict[str, Any] = current_app.extensions.setdefault("pvmon_templates", {})
    template = known.get(source)
    if template is None:
        template = known.setdefault(source, current_app.jinja_env.from_string(source))
    page: str = template.render(**values)
    return page


def error_answer(status: int, reason: str, incident: str = "") -> Response:
    """Return an error as JSON for scripts and as a page for people; never a trace."""
    said = words()
    shown = said(f"access.error.{status if status in _ERROR_KEYS else 400}")
    if request.method != "GET" and request.accept_mimetypes.best != "text/html":
        answer = {"error": shown, "reason": reason, "incident": incident}
        response = make_response({key: value for key, value in answer.items() if value}, status)
    else:
        response = document(
            said("access.error.title", status=status),
            _ERROR,
            status,
            shown=shown,
            reason=reason if status == 422 else "",
            incident=incident,
        )
    return response


def one_line(text: str, chars_max: int = 200) -> str:
    """Return text safe for one line of a log: no control characters, no line breaks of any alphabet."""
    cut = text[:chars_max]
    return "".join("?" if unicodedata.category(char) in {"Cc", "Cf", "Zl", "Zp"} else char for char in cut)
