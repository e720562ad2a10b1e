"""The wall screen: slides in turn, plain HTML that reloads itself, readable from five metres; nobody's name.

``/screen/`` is open to who is logged in, and to a screen that brings the token of PVMON_SCREEN_TOKEN_FILE as
``?key=``. Nothing moves between samples, and nothing is invented: an old value is grey and says its age.
"""

import hmac
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import numpy as np
from flask import Flask, Response, g, make_response, redirect, request

from access.permissions import Permission
from access.principal import Principal
from dashboard import guard, plain
from dashboard.components.overview_figures import plant_label
from dashboard.components.state import reason_text, worst_of
from dashboard.components.words import age, clock_time, local, number, power_mw, programme_energy
from dashboard.pages.base import Site
from dashboard.pages.industries.wall import industry_slide, may_show
from dashboard.print_sheet import polyline, top_of
from domain.account import Role, Scope
from queries.overview import OverviewView
from queries.snapshot import PlantNow
from texts.loader import Texts

SLIDES = ("curve", "map", "rank", "industries")
SECONDS = 15
STALE = timedelta(minutes=10)
_ROWS = 5
_WIDTH, _HEIGHT = 1700.0, 420.0
_LIGHT = {"#267d39": "#51cf66", "#c92a2a": "#ff6b6b", "#7048a8": "#b197fc", "#c2410c": "#ff922b", "#1864ab": "#4dabf7",
          "#5c7389": "#91a7bd", "#66717d": "#adb5bd"}  # fmt: skip
_PAGE = """<!doctype html><html lang="{{ 'zh-CN' if words.language == 'zh' else 'en' }}"><head><meta charset="utf-8">
<meta http-equiv="refresh" content="{{ seconds }};url={{ next }}"><title>{{ words("screen.title") }}</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>
html { font-size: min(1vw, 1.78vh); } * { box-sizing: border-box; }
body { margin: 0; height: 100vh; overflow: hidden; background: #0b1622; color: #e9f0f7; padding: 1.6rem 2.2rem; display: flex;
  flex-direction: column; gap: 1.4rem; font: 1.9rem/1.35 "PingFang SC","Microsoft YaHei","Noto Sans CJK SC",sans-serif;
  font-variant-numeric: tabular-nums; }
header { display: flex; justify-content: space-between; align-items: baseline; } h1 { font-size: 2.6rem; margin: 0; }
h2 { font-size: 2.1rem; margin: 0 0 .6rem; color: #a9c3dc; font-weight: 500; } header span { color: #a9c3dc; }
.tiles { display: grid; grid-template-columns: repeat(4, 1fr); gap: 1.4rem; }
.tile, .card { background: #13263a; border-radius: .6rem; padding: 1.1rem 1.5rem; } .card { flex: 1; min-height: 0; display: flex; flex-direction: column; }
.tile b { display: block; font-size: 4.9rem; line-height: 1.15; font-weight: 600; white-space: nowrap; }
.tile small { font-size: 1.7rem; color: #a9c3dc; }
.old b { color: #91a7bd; } .two { display: grid; grid-template-columns: 1.35fr 1fr; gap: 1.4rem; flex: 1; min-height: 0; }
svg { width: 100%; flex: 1; min-height: 0; display: block; } ol { list-style: none; margin: 0; padding: 0; }
li { display: flex; justify-content: space-between; gap: 1rem; padding: .65rem 0; border-top: 1px solid #27425d; }
li:first-child { border-top: 0; } li span:last-child { color: #ffd8a8; text-align: right; } .note { color: #a9c3dc; }
.mark { color: #ffd43b; } @media (max-width: 767px) { html { font-size: 8px; } body { height: auto; overflow: visible; } .tiles, .two { grid-template-columns: 1fr; } }
</style></head><body><header><h1>{{ district }} {{ words("screen.title") }}{% if mark %} <span class="mark">{{ mark }}</span>{% endif %}</h1>
<span>{{ at }}</span></header>
<div class="tiles">{% for one in tiles %}<div class="tile{{ ' old' if one.old }}">{{ one.name }}<b>{{ one.value }} <small>{{ one.unit }}</small></b>
<span class="note">{{ one.note }}</span></div>{% endfor %}</div>
{% if slide == "curve" %}<div class="card"><h2>{{ words("screen.curve") }}</h2>
<svg viewBox="-100 -16 1860 486" role="img" aria-label="{{ words("screen.curve") }}"><path d="M0 0V420H1700" fill="none" stroke="#4a6580"/>
{% for one in yesterday %}<polyline points="{{ one }}" fill="none" stroke="#91a7bd" stroke-width="2.5" stroke-dasharray="9 7"/>{% endfor %}
{% for one in today %}<polyline points="{{ one }}" fill="none" stroke="#4dabf7" stroke-width="5"/>{% endfor %}
<text x="-8" y="10" text-anchor="end" font-size="28" fill="#a9c3dc">{{ top }}</text>
{% for x, label in hours %}<text x="{{ x }}" y="456" text-anchor="middle" font-size="28" fill="#a9c3dc">{{ label }}</text>{% endfor %}
</svg><span class="note">{{ words("screen.legend") }}</span></div>
{% elif slide == "industries" %}{{ industries|safe }}
{% else %}<div class="two">{% if slide == "map" %}<div class="card"><h2>{{ words("screen.map") }}</h2>
<svg viewBox="0 0 1000 620" role="img" aria-label="{{ words("screen.map") }}">
{% for one in towns %}<text x="{{ one.x }}" y="{{ one.y }}" text-anchor="middle" font-size="24" fill="#8fabc5">{{ one.name }}</text>{% endfor %}
{% for one in dots %}<circle cx="{{ one.x }}" cy="{{ one.y }}" r="{{ one.r }}" fill="{{ one.colour }}" stroke="#0b1622" stroke-width="1.5"/>{% endfor %}
</svg></div><div class="card"><h2>{{ words("screen.worst") }}</h2>{% if not worst %}<p>{{ words("screen.all_well") }}</p>{% endif %}
<ol>{% for name, why in worst %}<li><span>{{ name }}</span><span>{{ why }}</span></li>{% endfor %}</ol></div>
{% else %}<div class="card"><h2>{{ words("screen.best") }}</h2><ol>{% for name, hours in best %}<li><span>{{ name }}</span><span>{{ hours }} h</span></li>{% endfor %}</ol></div>
<div class="card"><h2>{{ words("screen.least") }}</h2><ol>{% for name, hours in least %}<li><span>{{ name }}</span><span>{{ hours }} h</span></li>{% endfor %}</ol></div>
{% endif %}</div>{% endif %}</body></html>"""


def register(server: Flask, site: Site) -> None:
    """Register the screen: a login or the token opens it."""

    def screen() -> Any:
        given, token = request.args.get("key", ""), site.settings.screen_token
        known = bool(token) and hmac.compare_digest(given.encode(), token.encode())
        principal = g.get("principal")
        if not known and (principal is None or not principal.may(Permission.VIEW_OVERVIEW)):
            return redirect("/login?next=/screen/")
        return _screen(site, _everything() if known else principal, given if known else "")

    server.add_url_rule("/screen/", "screen", guard.open_page(screen), methods=["GET"])


def _everything() -> Principal:
    """Return who looks from the wall: sees all, changes nothing, is nobody."""
    return Principal("screen", "screen", frozenset({Role.AUDITOR}), Scope(everything=True))


def _screen(site: Site, principal: Principal, key: str) -> Response:
    texts, wanted = plain.words(), request.args.get("slide", "")
    slides = SLIDES if may_show(site, principal) else SLIDES[:-1]
    slide = wanted if wanted in slides else slides[0]
    following = slides[(slides.index(slide) + 1) % len(slides)]
    kept = {"slide": following, "key": key, "lang": texts.language if request.args.get("lang") else ""}
    view = site.queries.overview.view(principal)
    sources = site.services.sources
    registry = sources.registry
    district = registry.district_en if texts.language == "en" and registry.district_en else registry.district
    page = plain.rendered(
        _PAGE,
        words=texts,
        seconds=SECONDS,
        next=f"/screen/?{urlencode({k: v for k, v in kept.items() if v})}",
        district=district,
        at=local(sources.clock.now()).strftime("%Y-%m-%d %H:%M"),
        mark=texts("components.mark.sample") if registry.sample else "",
        tiles=_tiles(view, site, principal, texts),
        slide=slide,
        **(
            {"industries": industry_slide(site, principal, texts)}
            if slide == "industries"
            else _SLIDE[slide](view, site, texts)
        ),
    )
    answer = make_response(page, 200)
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer


def _tiles(view: OverviewView, site: Site, principal: Principal, texts: Texts) -> list[dict[str, Any]]:
    now = site.services.sources.clock.now()
    oldest = view.oldest_used
    is_old = oldest is not None and now - oldest > STALE
    energy, unit = programme_energy(view.energy_kwh, texts)
    if oldest is not None:
        said = texts("screen.oldest", age=age(oldest, now, texts))
    elif view.daylight:
        said = texts("screen.no_value")
    else:
        said = texts("screen.night", time=clock_time(view.heat_map.sunrise))
    tiles: list[dict[str, Any]] = [
        {
            "name": texts("screen.power"),
            "value": power_mw(view.power_kw),
            "unit": "MW",
            "note": said,
            "old": is_old,
        },
        {
            "name": texts("screen.reporting"),
            "value": f"{view.reporting}/{view.live}",
            "unit": texts("screen.plants"),
            "note": texts("screen.by_hand", count=view.manual + view.file),
        },
        {
            "name": texts("screen.energy"),
            "value": energy,
            "unit": unit,
            "note": texts("screen.of_plants", count=view.energy_plants),
        },
    ]
    money = _money(site, principal)
    if money is not None:
        came, paid = money
        tiles.append(
            {
                "name": texts("screen.money"),
                "value": number(came / 1e6, 2),
                "unit": texts("screen.wan_yuan"),
                "note": texts("screen.paid", wan=number(paid / 1e6, 2)),
            }
        )
    return tiles


def _money(site: Site, principal: Principal) -> tuple[int, int] | None:
    """Return what came for villages this year, and what reached households of it; None without the right. [fen]"""
    services = site.services
    if services.money_queries is None or not principal.may(Permission.VIEW_INCOME):
        return None
    year = local(services.sources.clock.now()).year
    receipts = services.money_queries.receipts(principal)
    came = sum(one.own_fen for one in receipts if one.movement.on.year == year)
    plans = services.payout.queries.plans(principal) if services.payout is not None else []
    return came, sum(row.paid.fen for row in plans if row.last_month.year == year)


def _curve(view: OverviewView, site: Site, texts: Texts) -> dict[str, Any]:  # noqa: ARG001 (slides share a shape)
    today, yesterday = view.curve.today_kw / 1e3, view.curve.yesterday_kw / 1e3
    top = top_of(today, yesterday)
    step = _WIDTH / 24
    return {
        "today": polyline(today, top, _WIDTH, _HEIGHT),
        "yesterday": polyline(yesterday, top, _WIDTH, _HEIGHT),
        "top": f"{top:g} MW",
        "hours": [(f"{hour * step:.0f}", f"{hour:02d}:00") for hour in range(0, 25, 4)],
    }


def _map(view: OverviewView, site: Site, texts: Texts) -> dict[str, Any]:
    registry = site.services.sources.registry
    places = [(t.longitude, t.latitude) for t in registry.towns]
    places += [(now.plant.longitude, now.plant.latitude) for now in view.plants]
    put = _projection(places, 1000.0, 620.0)
    bad = {found.now.plant.plant_id for found in view.worst}

    def dot(now: PlantNow) -> dict[str, str]:
        x, y = put(now.plant.longitude, now.plant.latitude)
        colour = worst_of(now)[1]
        radius = "15" if now.plant.plant_id in bad else "10"
        return {"x": f"{x:.0f}", "y": f"{y:.0f}", "r": radius, "colour": _LIGHT.get(colour, colour)}

    towns = []
    for town in registry.towns:
        x, y = put(town.longitude, town.latitude)
        name = town.name_en if texts.language == "en" else town.name.removesuffix("街道").removesuffix("镇")
        towns.append({"x": f"{x:.0f}", "y": f"{y + 24:.0f}", "name": name})
    rows = [
        (
            plant_label(found.now, texts.language),
            reason_text(found, texts, age(found.since, view.taken_at, texts)),
        )
        for found in view.worst[:_ROWS]
    ]
    return {"towns": towns, "dots": [dot(now) for now in view.plants], "worst": rows}


def _projection(places: Sequence[tuple[float, float]], width: float, height: float) -> Any:
    """Return what puts a place on the drawing: north up, a degree of longitude as wide as it is there."""
    where = np.array(places or [(110.0, 34.0)])
    low, high = where.min(axis=0), where.max(axis=0)
    squeeze = float(np.cos(np.radians(where[:, 1].mean())))
    spread = np.maximum((high - low) * (squeeze, 1.0), 1e-6)
    scale = min((width - 80) / spread[0], (height - 80) / spread[1])
    middle = (low + high) / 2

    def put(longitude: float, latitude: float) -> tuple[float, float]:
        x = width / 2 + (longitude - middle[0]) * squeeze * scale
        return float(x), float(height / 2 - (latitude - middle[1]) * scale)

    return put


def _rank(view: OverviewView, site: Site, texts: Texts) -> dict[str, Any]:  # noqa: ARG001 (slides share a shape)
    known = sorted(
        ((now.equivalent_hours_h, plant_label(now, texts.language)) for now in view.plants if now.equivalent_hours_h is not None),
        reverse=True,
    )  # fmt: skip
    rows = [(name, number(hours, 2)) for hours, name in known]
    return {"best": rows[:_ROWS], "least": rows[_ROWS:][-_ROWS:][::-1]}


_SLIDE = {"curve": _curve, "map": _map, "rank": _rank}
