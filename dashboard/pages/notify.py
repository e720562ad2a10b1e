"""Ways out and the log: which target can be used, a test message each, and why somebody was told or was not."""

from datetime import datetime

from flask import Flask, Response, request
from flask_wtf.csrf import generate_csrf

from access.permissions import Permission
from access.principal import Principal
from commands.notifications import Notifications
from dashboard import guard, plain
from dashboard.components.words import date_time
from dashboard.pages.base import Site
from dashboard.pages.work_words import words_of
from domain.errors import AccessDeniedError, CommandError, NotifyError

_DAYS = 2.0
_ROWS_SHOWN = 200
_PAGE = """{% if problem %}<p class="problem" role="alert">{{ problem }}</p>{% endif %}
{% if said %}<p class="note" role="status"><b>{{ said }}</b></p>{% endif %}
{% if not may_send %}<p class="problem">{{ words("notify.verb.sample") }}</p>{% endif %}
{% for one in targets %}<form method="post" action="{{ action }}"><input type="hidden" name="csrf_token" value="{{ csrf }}">
<input type="hidden" name="target" value="{{ one.target }}"><p><b>{{ one.target }}</b> · {{ one.kind }} ·
 {{ words("care.notify." ~ ("usable" if one.usable else "not_usable")) }}</p>
<button>{{ words("care.notify.test") }}</button></form>{% endfor %}
{% for one in faults %}<p class="problem">{{ one }}</p>{% endfor %}
<h1 style="margin-top:2rem">{{ words("care.notify.log") }}</h1>
{% for one in log %}<p class="note">{{ one.at }} {% if one.link %}<a href="{{ one.link }}">{{ one.alert }}</a>{% else %}{{ one.alert }}{% endif %}
 · {{ one.receiver or "—" }}：{{ one.reason }}</p>{% else %}<p class="note">{{ words("notify.verb.nothing") }}</p>{% endfor %}
<a class="button" href="{{ prefix }}calls" target="_blank">{{ words("care.notify.calls") }}</a>
<a class="button" href="{{ prefix }}work">{{ words("work.month.title") }}</a>"""


def register(server: Flask, site: Site) -> None:
    """Register the page where this process knows the channels."""
    pages = _Pages(site)
    path, allowed = f"{site.prefix}notify", guard.page(Permission.CHANGE_NOTIFYING)
    server.add_url_rule(path, "notify", allowed(pages.show), methods=["GET"])
    server.add_url_rule(path, "notify_test", allowed(pages.test), methods=["POST"])


class _Pages:
    """The page and its one act."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def show(self, principal: Principal) -> Response:
        """Show targets and log."""
        return self._answer(principal)

    def test(self, principal: Principal) -> Response:
        """Send a test message; say whether the target took it."""
        target, words = request.form.get("target", "")[:64], plain.words()
        try:
            self._notifications().test(principal, target)
        except NotifyError as error:
            return self._answer(principal, str(error), status=422)
        except CommandError as error:
            return self._answer(principal, words_of(error, words), status=422)
        return self._answer(principal, said=words("care.notify.sent", target=target))

    def _notifications(self) -> Notifications:
        work = self._site.services.work
        if work is None or work.notifications is None:
            raise AccessDeniedError("channels are not kept in this process")
        return work.notifications

    def _answer(
        self, principal: Principal, problem: str = "", *, said: str = "", status: int = 200
    ) -> Response:
        words, site, told = plain.words(), self._site, self._notifications()
        known = told.targets(principal)
        rows = [
            {
                **row,
                "at": date_time(datetime.fromisoformat(row["at"])),
                "link": f"{site.prefix}queue/{row['alert']}" if row["alert"].count(",") == 0 else "",
            }
            for row in told.log(principal, None, _DAYS)[:_ROWS_SHOWN]
        ]
        return plain.document(
            words("care.notify.title"),
            _PAGE,
            status,
            problem=problem,
            said=said,
            may_send=known["may_send"],
            targets=known["targets"],
            faults=known["faults"],
            log=rows,
            action=f"{site.prefix}notify",
            prefix=site.prefix,
            csrf=generate_csrf(),
        )
