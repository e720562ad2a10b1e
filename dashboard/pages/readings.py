"""The keeper's page: type what the meter shows, with a photo. Plain HTML, for any phone and any line.

``/app/readings/<plant_id>`` shows the form and the last readings; a photo is at ``…/photo/<sha256>``.
"""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import Flask, Response, redirect, request
from flask_wtf.csrf import generate_csrf

from access.permissions import Permission
from access.principal import Principal
from commands.reading_rules import PHOTO_BYTES_MAX, NewReading, ReadingRefusedError, meter_of
from dashboard import guard, plain
from dashboard.components.words import local, number
from dashboard.pages.base import Site
from domain.errors import CommandError
from domain.plant import Plant
from domain.timespan import DEFAULT_ZONE

_TYPED = "%Y-%m-%dT%H:%M"
_PAGE = """<p class="note">{{ plant }} · {{ words("pages.readings.meter", number=meter) }}{% if ratio != 1 %} ·
{{ words("pages.readings.ratio", ratio=ratio_text) }}{% endif %}</p>
{% if saved %}<p class="note" role="status"><b>{{ words("pages.readings.saved") }}</b></p>{% endif %}
{% if problem %}<p class="problem" role="alert">{{ problem }}</p>{% endif %}
<form method="post" enctype="multipart/form-data" action="{{ action }}">
<input type="hidden" name="csrf_token" value="{{ csrf }}">
<label for="display">{{ words("pages.readings.display") }}</label>
<input id="display" name="display" inputmode="decimal" autocomplete="off" required maxlength="16"
 value="{{ typed.display }}" autofocus>
<label for="at">{{ words("pages.readings.at") }}</label>
<input id="at" name="at" type="datetime-local" required value="{{ typed.at }}" max="{{ now }}">
<label for="photo">{{ words("pages.readings.photo") }}</label>
<input id="photo" name="photo" type="file" accept="image/jpeg,image/png" capture="environment">
<p class="note">{{ words("pages.readings.photo_note") }}</p>
<label for="note">{{ words("pages.readings.note") }}</label>
<input id="note" name="note" maxlength="200" autocomplete="off" value="{{ typed.note }}">
<button class="primary">{{ words("pages.readings.save") }}</button>
</form>
<h1 style="margin-top:2rem">{{ words("pages.readings.recent") }}</h1>
{% if not recent %}<p class="note">{{ words("pages.readings.none") }}</p>{% endif %}
{% for one in recent %}<p class="note">{{ one.at }} · <b>{{ one.shown }} kWh</b>{% if one.note %} · {{ one.note }}{% endif %}
{% if one.photo %} · <a href="{{ action }}/photo/{{ one.photo }}">{{ words("pages.readings.see_photo") }}</a>{% endif %}</p>
{% endfor %}
<a class="button" href="{{ home }}">{{ words("access.back") }}</a>"""


def register(server: Flask, site: Site) -> None:
    """Register form and photo; the guard lets only who is logged in come this far."""
    pages = _Pages(site)
    path = f"{site.prefix}readings/<plant_id>"
    allowed = guard.page(Permission.ENTER_READING)
    uploads = guard.page(Permission.ENTER_READING, uploads=True)
    seen = guard.page(Permission.VIEW_PLANT)
    server.add_url_rule(path, "readings", allowed(pages.form), methods=["GET"])
    server.add_url_rule(path, "readings_enter", uploads(pages.enter), methods=["POST"])
    server.add_url_rule(f"{path}/photo/<sha256>", "readings_photo", seen(pages.photo), methods=["GET"])


class _Pages:
    """The keeper's pages."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def form(self, principal: Principal, plant_id: str) -> Response:
        """Show the form."""
        plant = self._plant(principal, plant_id)
        return self._show(principal, plant, saved="saved" in request.args)

    def enter(self, principal: Principal, plant_id: str) -> Any:
        """Keep a reading, or say why not with everything typed still there."""
        plant = self._plant(principal, plant_id)
        try:
            self._site.services.readings.enter(principal, self._typed(plant))
        except ReadingRefusedError as refusal:
            return self._show(principal, plant, refusal.words(plain.words()), status=422)
        except CommandError as error:
            return self._show(principal, plant, str(error), status=422)
        return redirect(f"{self._site.prefix}readings/{plant.plant_id}?saved=1", code=303)

    def photo(self, principal: Principal, plant_id: str, sha256: str) -> Response:
        """Show the picture of a reading."""
        content_type, content = self._site.services.readings.photo(principal, plant_id, sha256)
        return Response(content, mimetype=content_type)

    def _plant(self, principal: Principal, plant_id: str) -> Plant:
        return principal.plant(plant_id, self._site.services.sources.registry)

    def _typed(self, plant: Plant) -> NewReading:
        text = request.form.get("display", "").strip().replace(",", "").replace("，", "")
        try:
            display_kwh = float(text)
        except ValueError:
            raise ReadingRefusedError("number") from None
        typed_at = request.form.get("at", "")
        try:
            read_at = datetime.strptime(typed_at, _TYPED).replace(tzinfo=ZoneInfo(plant.time_zone))
        except ValueError:
            raise ReadingRefusedError("time", text=typed_at[:40]) from None
        sent = request.files.get("photo")
        content = sent.read(PHOTO_BYTES_MAX + 1) if sent is not None else b""
        return NewReading(plant.plant_id, read_at, display_kwh, request.form.get("note", "").strip(), content)

    def _show(
        self, principal: Principal, plant: Plant, problem: str = "", *, status: int = 200, saved: bool = False
    ) -> Response:
        texts, site = plain.words(), self._site
        now = site.services.sources.clock.now()
        try:
            meter = meter_of(plant, now)
        except ReadingRefusedError as refusal:
            raise CommandError(refusal.words(texts)) from refusal
        recent = [
            {
                "at": local(one.read_at).strftime("%Y-%m-%d %H:%M"),
                "shown": number(one.forward_wh / 1000.0 / meter.ratio, 2),
                "note": one.note,
                "photo": one.photo,
            }
            for one in site.services.readings.recent(principal, plant.plant_id, 8)
        ]
        shown_now = now.astimezone(ZoneInfo(plant.time_zone or DEFAULT_ZONE)).strftime(_TYPED)
        return plain.document(
            texts("pages.readings.title"),
            _PAGE,
            status,
            plant=(plant.name_en or plant.name) if texts.language == "en" else plant.name,
            meter=meter.device.serial_number or meter.device.device_id,
            ratio=meter.ratio,
            ratio_text=f"{meter.ratio:g}",
            action=f"{site.prefix}readings/{plant.plant_id}",
            home=site.plant_path(plant.plant_id),
            csrf=generate_csrf(),
            problem=problem,
            saved=saved,
            now=shown_now,
            recent=recent,
            typed={
                "display": request.form.get("display", ""),
                "at": request.form.get("at", shown_now),
                "note": request.form.get("note", ""),
            },
        )
