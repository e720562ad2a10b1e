"""Comparison: curves of anything over any span, strings of an inverter over a day, plants and inverters ranked.

The choosers are plain forms that lead to an address: what is shown can be sent to somebody, and the way back works.
"""

from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from typing import Any
from urllib.parse import urlencode

from dash import dcc, html

from access.permissions import Permission
from dashboard.components.card import card, empty, graph, table
from dashboard.components.compare_figures import comparison_figure, curve_name, string_figure
from dashboard.components.loss_figures import RANKING, ranked_cells
from dashboard.components.words import MISSING, number, percent, quantity_name
from dashboard.pages.base import Component, Site, Visit
from dashboard.pages.own_things import views_bar
from domain.errors import AccessDeniedError
from domain.plant import Device, DeviceKind, Plant
from domain.timespan import day_of
from queries.compare import PICKS_MAX, PLANT_POWER, Compare, Comparison, Pick, RankRow, picks_of, span_of
from queries.fleet_ranking import FleetRanking, RankedUnit
from texts.loader import LANGUAGES, Texts

CHART, HEAT = "compare-chart", "compare-strings"
MODES = ("curves", "strings", "ranking", "units")
_SPANS = (1, 7, 30, 365)
UNITS_SHOWN = 100
_OFFERED = (
    *("plant_power", "plant_energy", "ac_active_power_w", "dc_power_w", "ac_line_ab_voltage_v"),
    *("ac_phase_a_current_a", "grid_frequency_hz", "power_factor", "internal_temperature_c"),
    *("insulation_resistance_ohm", "lifetime_produced_energy_wh", "dc_string_01_current_a"),
)


def typed_quantity(text: str) -> str:
    """Return the quantity whose words, in either language, or whose identifier a person typed."""
    return _by_words().get(text.strip(), text)


@cache
def _by_words() -> Mapping[str, str]:
    strings = [f"dc_string_{number:02d}_current_a" for number in range(1, 65)]
    return {
        quantity_name(name, Texts(language)): name for name in (*_OFFERED, *strings) for language in LANGUAGES
    }


class ComparePage:
    """``/app/compare?mode=&picks=&from=&to=&before=&plant=``."""

    path = "/compare"
    permission = Permission.VIEW_PLANT
    title = "compare.title"

    def layout(self, visit: Visit) -> Component:
        """Return the choosers and what was asked for."""
        asked = _Asked(visit)
        modes = {"curves": _curves, "strings": _strings, "ranking": _ranking, "units": _units}
        body = modes[asked.mode](asked)
        heading = html.H1(visit.texts(self.title), className="visually-hidden")
        views = views_bar(visit, "compare", asked.query())
        return html.Div([heading, _modes(asked), *body, *views], className="page")

    def register(self, app: Any, site: Site) -> None:
        """No callbacks: every choice is an address."""


class _Asked:
    """What the address asks for, made sound."""

    def __init__(self, visit: Visit) -> None:
        args, self.texts, self.visit = visit.args, visit.texts, visit
        self.compare = Compare(visit.site.services.sources)
        self.today = day_of(visit.site.services.sources.clock.now())
        self.mode = args.get("mode", "") if args.get("mode") in MODES else MODES[0]
        self.first, self.last = span_of(args.get("from", ""), args.get("to", ""), self.today)
        self.before = args.get("before") == "1"
        self.plants = self.compare.plants(visit.principal)
        known = {plant.plant_id: plant for plant in self.plants}
        self.plant: Plant | None = known.get(args.get("plant", "")) or (
            self.plants[0] if self.plants else None
        )
        wanted = args.get("picks", "")
        if args.get("device") and args.get("quantity"):
            wanted = f"{wanted},{args['device']}:{typed_quantity(args['quantity'])}"
        self.picks = picks_of(wanted)
        if not self.picks and self.plant is not None:
            self.picks = [Pick(self.plant.plant_id, PLANT_POWER)]
        self.device = args.get("device", "")

    def address(self, **changed: str) -> str:
        """Return the address of the same with something changed."""
        return f"{self.visit.site.prefix}compare?{self.query(**changed)}"

    def query(self, **changed: str) -> str:
        """Return the part of the address that says what is shown."""
        values = {
            "mode": self.mode,
            "picks": ",".join(map(str, self.picks)),
            "from": self.first.isoformat(),
            "to": self.last.isoformat(),
            "before": "1" if self.before else "",
            "plant": self.plant.plant_id if self.plant else "",
            "device": self.device if self.mode == "strings" else "",
            **changed,
        }
        return urlencode({k: v for k, v in values.items() if v})


def _modes(asked: _Asked) -> Component:
    texts = asked.texts
    modes = [
        dcc.Link(
            texts(f"compare.mode.{mode}"),
            href=asked.address(mode=mode),
            className="button chosen" if mode == asked.mode else "button",
        )
        for mode in MODES
    ]
    spans = [
        dcc.Link(
            texts("compare.days", count=days),
            href=asked.address(
                **{
                    "from": (asked.today - timedelta(days=days - 1)).isoformat(),
                    "to": asked.today.isoformat(),
                }
            ),
            className="button",
        )
        for days in _SPANS
    ]
    return html.Div([*modes, html.Span(className="grow"), *spans, *_around(asked)], className="toolbar")


def _around(asked: _Asked) -> list[Component]:
    """Return the links to the span before and after."""
    days = timedelta(days=(asked.last - asked.first).days + 1)

    def moved(by: timedelta, key: str) -> Component:
        where = {"from": (asked.first + by).isoformat(), "to": (asked.last + by).isoformat()}
        return dcc.Link(asked.texts(key), href=asked.address(**where), className="button")

    after = [moved(days, "compare.later")] if asked.last < asked.today else []
    return [moved(-days, "compare.earlier"), *after]


def _form(asked: _Asked, fields: list[Component], button: str) -> Component:
    hidden = {
        "mode": asked.mode,
        "picks": ",".join(map(str, asked.picks)),
        "before": "1" if asked.before else "",
    }
    kept = [dcc.Input(type="hidden", name=name, value=value) for name, value in hidden.items() if value]
    return html.Form(
        [*kept, *fields, html.Button(asked.texts(button), type="submit", className="button")],
        method="GET",
        action=f"{asked.visit.site.prefix}compare",
        className="toolbar",
    )


def _days(asked: _Asked) -> list[Component]:
    return [
        html.Label(
            [
                asked.texts(f"compare.{name}"),
                dcc.Input(
                    type="text", name=name, value=day.isoformat(), pattern=r"\d{4}-\d{2}-\d{2}", size="10"
                ),
            ]
        )
        for name, day in (("from", asked.first), ("to", asked.last))
    ]


def _select(asked: _Asked, name: str, options: list[tuple[str, str]], chosen: str) -> Component:
    """Return a choice as the browser's own list; a radio group would be too long."""
    return html.Label(
        [
            asked.texts(f"compare.{name}"),
            dcc.Input(
                type="text", name=name, value=chosen, list=f"compare-{name}", size="22", autoComplete="off"
            ),
            html.Datalist(
                [html.Option(label, value=value) for value, label in options], id=f"compare-{name}"
            ),
        ]
    )


def _plant_choice(asked: _Asked) -> Component:
    options = [(plant.plant_id, plant.label(asked.texts.language)) for plant in asked.plants]
    return _select(asked, "plant", options, asked.plant.plant_id if asked.plant else "")


def _inverters(plant: Plant | None) -> tuple[Device, ...]:
    return () if plant is None else tuple(plant.devices_of(DeviceKind.INVERTER))


def _curves(asked: _Asked) -> list[Component]:
    texts = asked.texts
    found = asked.compare.curves(
        asked.visit.principal, asked.picks, asked.first, asked.last, year_before=asked.before
    )
    devices = [(asked.plant.plant_id, texts("compare.whole_plant"))] if asked.plant else []
    devices += [(one.device_id, one.name) for one in (asked.plant.devices if asked.plant else ())]
    quantities = [
        (quantity_name(name, texts), "") for name in _OFFERED
    ]  # what is chosen is typed as its words
    add = [
        _plant_choice(asked),
        _select(asked, "device", devices, asked.plant.plant_id if asked.plant else ""),
        _select(asked, "quantity", quantities, quantity_name(PLANT_POWER, texts)),
        *_days(asked),
    ]
    before = dcc.Link(
        texts(f"compare.{'without' if asked.before else 'with'}_year_before"),
        href=asked.address(before="" if asked.before else "1"),
    )
    days = (asked.last - asked.first).days + 1
    title = texts("compare.of_span", first=asked.first, last=asked.last, days=days)
    height = 460
    chart = graph(CHART, comparison_figure(found, texts), _summary(found, texts), texts, height)
    return [
        _form(asked, add, "compare.add"),
        card(
            title,
            [chart if found.curves else empty(texts("compare.nothing")), _chosen(asked, found)],
            aside=before,
        ),
    ]


def _chosen(asked: _Asked, found: Comparison) -> Component:
    """Return the lines with a way to drop each."""
    shown: dict[Pick, str] = {}
    for curve in found.curves:
        shown.setdefault(curve.pick, curve_name(curve, asked.texts))
    items: list[Component] = []
    for pick, name in shown.items():
        left = ",".join(str(one) for one in asked.picks if one != pick)
        drop = dcc.Link(
            asked.texts("compare.drop"),
            href=asked.address(picks=left),
            title=f"{asked.texts('compare.drop')} {name}",
        )
        items.append(html.Li([html.Span(name), " ", drop]))
    items += [
        html.Li(asked.texts("compare.third_unit", what=quantity_name(pick.quantity, asked.texts)))
        for pick in found.unit_refused
    ]
    return html.Ul(items, className="picks")


def _summary(found: Comparison, texts: Texts) -> str:
    minutes = int(found.step_s // 60)
    width = texts("compare.width_days") if minutes >= 1440 else texts("compare.width", minutes=minutes)
    return texts("compare.summary", count=len(found.curves), most=PICKS_MAX, width=width)


def _strings(asked: _Asked) -> list[Component]:
    texts, inverters = asked.texts, _inverters(asked.plant)
    wanted = asked.device or (inverters[0].device_id if inverters else "")
    fields = [
        _plant_choice(asked),
        _select(asked, "device", [(one.device_id, one.name) for one in inverters], wanted),
        *_days(asked)[1:],
    ]
    body: Component = empty(texts("compare.no_strings"))
    title = texts("compare.mode.strings")
    try:
        found = asked.compare.strings(asked.visit.principal, wanted, asked.last) if wanted else None
    except AccessDeniedError:
        found = None
    if found is not None:
        title = f"{found.device.name} · {found.day}"
        if found.strings:
            said = texts(
                "compare.strings_summary", count=len(found.strings), name=found.device.name, day=found.day
            )
            height = max(220, 60 + 20 * len(found.strings))
            body = graph(HEAT, string_figure(found, texts), said, texts, height)
    return [_form(asked, fields, "compare.show"), card(title, body)]


def _ranking(asked: _Asked) -> list[Component]:
    texts = asked.texts
    rows = asked.compare.ranking(asked.visit.principal, asked.first, asked.last)
    names = (
        "place",
        "plant_name",
        "hours",
        "before",
        "change",
        "produced",
        "exported",
        "completeness",
        "known_days",
    )
    heads = [(texts(f"compare.column.{name}"), name != "plant_name") for name in names]
    title = texts("compare.ranking_of", first=asked.first, last=asked.last)
    lines = [_rank_line(place, row, asked) for place, row in enumerate(rows, 1)]
    known = any(row.hours_h is not None for row in rows)
    body = table(heads, lines, title) if known else empty(texts("compare.no_days"))
    return [_form(asked, _days(asked), "compare.show"), card(title, body)]


def _units(asked: _Asked) -> list[Component]:
    """Return the inverters of the fleet, the weakest against its own plant first."""
    texts = asked.texts
    found = FleetRanking(asked.visit.site.services.sources).units(
        asked.visit.principal, asked.first, asked.last
    )
    known = [one for one in found if one.unit.ratio is not None]
    title = texts("compare.units_of", first=asked.first, last=asked.last)
    heads = [("place", True), ("plant_name", False)]
    cells = [(texts(f"compare.column.{name}"), right) for name, right in heads]
    cells += [(texts(f"detection.column.{name}"), name != "device") for name in RANKING]
    lines = [_unit_line(place, one, asked) for place, one in enumerate(known[:UNITS_SHOWN], 1)]
    said = texts("compare.units_summary", shown=len(lines), count=len(found), unknown=len(found) - len(known))
    body: list[Component] = [table(cells, lines, title)] if lines else [empty(texts("compare.no_days"))]
    return [_form(asked, _days(asked), "compare.show"), card(title, [html.P(said), *body])]


def _unit_line(place: int, one: RankedUnit, asked: _Asked) -> list[Any]:
    plant = one.plant
    path = f"{asked.visit.site.plant_path(plant.plant_id)}?tab=strings&device={one.unit.device.device_id}"
    link = dcc.Link(plant.label(asked.texts.language), href=path)
    return [str(place), link, *ranked_cells(one.unit, asked.texts)]


def _rank_line(place: int, row: RankRow, asked: _Asked) -> list[Any]:
    change = None if row.hours_h is None or not row.before_h else row.hours_h / row.before_h - 1
    return [
        str(place) if row.hours_h is not None else MISSING,
        dcc.Link(row.plant.label(asked.texts.language), href=asked.visit.site.plant_path(row.plant.plant_id)),
        number(row.hours_h, 2),
        number(row.before_h, 2),
        percent(change, 1, signed=True),
        number(row.produced_kwh),
        number(row.exported_kwh),
        percent(row.completeness, 1),
        str(row.days),
    ]
