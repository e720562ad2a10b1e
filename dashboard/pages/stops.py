"""Maintenance tags and planned outages: hang one, note one, take one off. Plain HTML."""

from datetime import datetime, timedelta
from typing import Any

from flask import Flask, Response, redirect, request
from flask_wtf.csrf import generate_csrf

from access.permissions import Permission
from access.principal import Principal
from commands.alert_handling import NewStop
from commands.reading_rules import PHOTO_BYTES_MAX
from dashboard import guard, plain
from dashboard.components.words import date_time
from dashboard.pages.base import Site
from dashboard.pages.work_words import as_typed, sent_photo, typed_instant, words_of, work_of
from domain.errors import CommandError
from domain.handling import StopKind

_TAG = timedelta(hours=4)
_PAGE = """{% if problem %}<p class="problem" role="alert">{{ problem }}</p>{% endif %}
{% for one in stops %}<form method="post" action="{{ action }}"><input type="hidden" name="csrf_token" value="{{ csrf }}">
<input type="hidden" name="end" value="{{ one.stop_id }}"><p class="note"><b>{{ one.words }}</b></p>
<button>{{ words("work.stops.end") }}</button></form>{% endfor %}
{% for kind in ("maintenance", "outage") %}<h1 style="margin-top:2rem">{{ words("handling.stop." ~ kind) }}</h1>
<form method="post" enctype="multipart/form-data" action="{{ action }}">
<input type="hidden" name="csrf_token" value="{{ csrf }}"><input type="hidden" name="kind" value="{{ kind }}">
{% if kind == "maintenance" %}<label for="plant">{{ words("work.field.plant") }}</label>
<input id="plant" name="plant" list="plants" autocomplete="off" required>
<datalist id="plants">{% for one in plants %}<option value="{{ one }}">{% endfor %}</datalist>
<label for="device">{{ words("work.field.device") }}</label><input id="device" name="device" autocomplete="off">
{% else %}<label for="feeder">{{ words("work.field.feeder") }}</label>
<input id="feeder" name="feeder" list="feeders" autocomplete="off" required>
<datalist id="feeders">{% for one in feeders %}<option value="{{ one }}">{% endfor %}</datalist>
<label for="from">{{ words("work.field.from") }}</label>
<input id="from" name="from" type="datetime-local" value="{{ now }}">
<label for="photo">{{ words("work.field.announcement") }}</label>
<input id="photo" name="photo" type="file" accept="image/jpeg,image/png" capture="environment">{% endif %}
<label for="{{ kind }}-until">{{ words("work.field.until") }}</label>
<input id="{{ kind }}-until" name="until" type="datetime-local" value="{{ end }}" required>
<label for="{{ kind }}-reason">{{ words("work.field.reason") }}</label>
<input id="{{ kind }}-reason" name="reason" maxlength="200" autocomplete="off" required>
<button class="primary">{{ words("work.stops.add_" ~ kind) }}</button></form>{% endfor %}
<a class="button" href="{{ prefix }}queue">{{ words("work.queue.title") }}</a>"""


def register(server: Flask, site: Site) -> None:
    """Register the page."""
    pages = _Pages(site)
    path = f"{site.prefix}stops"
    server.add_url_rule(path, "stops", guard.page(Permission.HANDLE_ALERTS)(pages.show), methods=["GET"])
    enter = guard.page(Permission.HANDLE_ALERTS, uploads=True)(pages.enter)
    server.add_url_rule(path, "stops_enter", enter, methods=["POST"])


class _Pages:
    """The page of tags and outages."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def show(self, principal: Principal) -> Response:
        """Show what is in force, and the two forms."""
        return self._answer(principal)

    def enter(self, principal: Principal) -> Any:
        """Add or end one."""
        handling = work_of(self._site).handling
        try:
            if "end" in request.form:
                handling.end_stop(principal, request.form["end"])
            else:
                handling.add_stop(principal, self._typed(principal))
        except CommandError as error:
            return self._answer(principal, words_of(error, plain.words()), status=422)
        return redirect(f"{self._site.prefix}stops", code=303)

    def _typed(self, principal: Principal) -> NewStop:
        form, now = request.form, self._site.services.sources.clock.now()
        plants = {one.name: one for one in principal.plants(self._site.services.sources.registry)}
        plant = plants.get(form.get("plant", "").strip())
        end: datetime = typed_instant("until") or now
        return NewStop(
            StopKind.OUTAGE if form.get("kind") == "outage" else StopKind.MAINTENANCE,
            typed_instant("from") or now,
            end,
            form.get("reason", ""),
            plant.plant_id if plant is not None else "",
            form.get("device", "").strip(),
            form.get("feeder", "").strip(),
            sent_photo(PHOTO_BYTES_MAX),
        )

    def _answer(self, principal: Principal, problem: str = "", *, status: int = 200) -> Response:
        texts, site = plain.words(), self._site
        registry, now = site.services.sources.registry, site.services.sources.clock.now()
        mine = principal.plants(registry)
        standing = [
            {
                "stop_id": one.stop_id,
                "words": f"{texts(f'handling.stop.{one.kind.value}')} {one.feeder or one.plant_id} {one.device_id} "
                f"{date_time(one.start)} – {date_time(one.end)} {one.reason}",
            }
            for one in work_of(site).views.queue(principal).stops
        ]
        return plain.document(
            texts("work.queue.stops"),
            _PAGE,
            status,
            problem=problem,
            stops=standing,
            plants=sorted(plant.name for plant in mine),
            feeders=sorted({plant.feeder for plant in mine if plant.feeder}),
            now=as_typed(now),
            end=as_typed(now + _TAG),
            action=f"{site.prefix}stops",
            prefix=site.prefix,
            csrf=generate_csrf(),
        )
