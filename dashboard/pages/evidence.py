"""Evidence sheets, of an alert or of any span of a plant: for the grid company or the insurer."""

from datetime import timedelta
from typing import Any

from flask import Flask, Response, request

from access.permissions import Permission
from access.principal import Principal
from dashboard import guard, plain
from dashboard.components.words import MISSING, date_time, number, percent
from dashboard.pages.base import Site
from dashboard.pages.one_alert import facts_of as alert_facts
from dashboard.pages.work_words import as_typed, fault_name, instant_of, place, work_of, yuan
from dashboard.print_sheet import polyline, sheet, top_of
from domain.errors import CommandError
from queries.evidence import EvidenceView
from texts.loader import Texts

_EVIDENCE = """<h1>{{ words("work.evidence.title") }}</h1><p><b>{{ where }} · {{ fault }}</b></p>
{% if facts %}<table>{% for name, value in facts %}<tr><th>{{ name }}</th><td>{{ value }}</td></tr>{% endfor %}</table>{% endif %}
{% if lines %}<h2>{{ words("work.evidence.curve") }}</h2>
<svg viewBox="-40 -6 690 236" role="img" aria-label="{{ words("work.evidence.curve") }}">
<rect x="{{ band.x }}" y="0" width="{{ band.width }}" height="200" fill="#eee"/>
<path d="M0 0V200H640" fill="none" stroke="#000"/>
{% for one in expected %}<polyline points="{{ one }}" fill="none" stroke="#777" stroke-width="1.5" stroke-dasharray="5 3"/>{% endfor %}
{% for one in actual %}<polyline points="{{ one }}" fill="none" stroke="#000" stroke-width="2"/>{% endfor %}
<text x="-4" y="8" text-anchor="end" font-size="10">{{ top }} kW</text><text x="-4" y="200" text-anchor="end" font-size="10">0</text>
<text x="0" y="216" font-size="10">{{ first }}</text><text x="640" y="216" text-anchor="end" font-size="10">{{ last }}</text></svg>
<p class="small">{{ words("work.evidence.legend") }}</p>
<table>{% for name, value in lines %}<tr><th>{{ name }}</th><td>{{ value }}</td></tr>{% endfor %}</table>
{% else %}<p>{{ words("work.evidence.none") }}</p>{% endif %}
{% if life %}<h2>{{ words("work.order.history") }}</h2><ul>{% for one in life %}<li>{{ one }}</li>{% endfor %}</ul>{% endif %}"""
_FORM = """{% if problem %}<p class="problem" role="alert">{{ problem }}</p>{% endif %}
<form method="get" action="{{ action }}"><p><b>{{ where }}</b></p>
<label for="device">{{ words("work.field.device") }}</label>
<select id="device" name="device" style="width:100%;min-height:48px"><option value="">{{ where }}</option>
{% for value, label in devices %}<option value="{{ value }}"{% if value == device %} selected{% endif %}>{{ label }}</option>{% endfor %}</select>
<label for="from">{{ words("care.evidence.from") }}</label><input id="from" name="from" type="datetime-local" value="{{ start }}" required>
<label for="to">{{ words("care.evidence.to") }}</label><input id="to" name="to" type="datetime-local" value="{{ end }}" required>
<button class="primary">{{ words("care.evidence.print") }}</button></form>
<a class="button" href="{{ back }}">{{ words("access.back") }}</a>"""
_WIDTH, _HEIGHT = 640.0, 200.0
_DAY = timedelta(days=1)


def register(server: Flask, site: Site) -> None:
    """Register the sheets."""
    sheets = _Sheets(site)
    allowed = guard.page(Permission.VIEW_ALERTS)
    prefix = site.prefix
    server.add_url_rule(f"{prefix}queue/<alert_id>/evidence", "alert_evidence", allowed(sheets.evidence))
    server.add_url_rule(f"{prefix}plants/<plant_id>/evidence", "plant_evidence", allowed(sheets.span))


class _Sheets:
    """The sheets."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def evidence(self, principal: Principal, alert_id: str) -> Response:
        """Return the evidence sheet of an alert, for the grid company or the insurer."""
        texts, site = plain.words(), self._site
        view = work_of(site).views.alert(principal, alert_id)
        alert = view.row.alert
        found = site.queries.evidence.of(principal, alert)
        return sheet(
            principal,
            self._site.services.sources,
            texts("work.evidence.title"),
            _EVIDENCE,
            where=place(alert, site.services.sources.registry, texts),
            fault=fault_name(alert, texts),
            facts=alert_facts(view, texts, site.services.sources.clock.now()),
            life=[f"{date_time(one.at)} {texts(f'work.alert_state.{one.state.value}')}" for one in view.life],
            **({} if found is None else _drawn(found, texts)),
        )

    def span(self, principal: Principal, plant_id: str) -> Response:
        """Return the evidence of a span (``?from=&to=&device=``), or the form that asks for one."""
        sources = self._site.services.sources
        plant = principal.plant(plant_id, sources.registry)
        start, end = instant_of(request.args.get("from", "")), instant_of(request.args.get("to", ""))
        if start is None or end is None:
            return self._form(principal, plant_id)
        device_id = request.args.get("device", "")
        try:
            found = self._site.queries.evidence.span(principal, plant_id, device_id, start, end)
        except CommandError as error:
            return self._form(principal, plant_id, str(error), status=422)
        texts = plain.words()
        device = sources.registry.devices_by_id.get(device_id)
        name = plant.label(texts.language)
        return sheet(
            principal,
            self._site.services.sources,
            texts("work.evidence.title"),
            _EVIDENCE,
            where=f"{name} {device.name}" if device is not None else name,
            fault=texts("care.evidence.span"),
            facts=[],
            life=[],
            **({} if found is None else _drawn(found, texts)),
        )

    def _form(self, principal: Principal, plant_id: str, problem: str = "", *, status: int = 200) -> Response:
        sources, texts = self._site.services.sources, plain.words()
        plant = principal.plant(plant_id, sources.registry)
        now = sources.clock.now()
        return plain.document(
            texts("work.evidence.title"),
            _FORM,
            status,
            problem=problem,
            where=plant.label(texts.language),
            devices=[(one.device_id, one.name) for one in plant.devices if one.rated_power_kw > 0],
            device=request.args.get("device", ""),
            start=request.args.get("from") or as_typed(now - _DAY),
            end=request.args.get("to") or as_typed(now),
            action=f"{self._site.prefix}plants/{plant_id}/evidence",
            back=f"{self._site.prefix}plants/{plant_id}",
        )


def _drawn(found: EvidenceView, texts: Texts) -> dict[str, Any]:
    top = top_of(found.actual_kw, found.expected_kw)
    count = max(len(found.instants) - 1, 1)
    step = (found.instants[-1] - found.instants[0]) / count
    left = (found.start - found.instants[0]) / step / count * _WIDTH if step else 0.0
    right = (found.end - found.instants[0]) / step / count * _WIDTH if step else _WIDTH
    band_kwh = f"{number(found.lost_low_kwh, 1)} – {number(found.lost_high_kwh, 1)} kWh"
    lines = {
        "span": f"{date_time(found.start)} – {date_time(found.end)}",
        "minutes": number(found.minutes_low),
        "band": band_kwh,
        "yuan": _yuan_band(found),
        "peers": number(found.peers),
        "quality": percent(found.completeness),
    }
    return {
        "actual": polyline(found.actual_kw, top, _WIDTH, _HEIGHT),
        "expected": polyline(found.expected_kw, top, _WIDTH, _HEIGHT),
        "band": {"x": f"{max(left, 0):.1f}", "width": f"{max(right - max(left, 0), 0):.1f}"},
        "top": f"{top:g}",
        "first": date_time(found.instants[0]),
        "last": date_time(found.instants[-1]),
        "lines": [(texts(f"work.evidence.{name}"), value) for name, value in lines.items()]
        + _voltage_lines(found, texts),
    }


def _yuan_band(found: EvidenceView) -> str:
    price, low, high = found.price, found.lost_low_kwh, found.lost_high_kwh
    if price is None or low is None or high is None:
        return MISSING
    return f"{yuan(price.of(low).total_fen)} – {yuan(price.of(high).total_fen)}"


def _voltage_lines(found: EvidenceView, texts: Texts) -> list[tuple[str, str]]:
    volts = found.voltage
    if volts is None:
        return []
    limits = texts("care.evidence.limits", low=number(volts.low_v), high=number(volts.high_v))
    said = texts(
        "care.evidence.minutes",
        high=number(volts.minutes_high),
        low=number(volts.minutes_low),
        most=number(volts.greatest_v, 1),
    )
    return [(texts("care.evidence.outside", limits=limits), said)]
