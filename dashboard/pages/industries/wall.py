"""The industries on the wall screen: targets as bars with their path, who has reported, the funds; nobody's name."""

from typing import Any

from access.permissions import Permission
from access.principal import Principal
from dashboard import plain
from dashboard.components.words import number
from dashboard.pages.base import Site
from dashboard.pages.industries.parts import amount, industries_of, named, percent
from industries.attainment import Attainment, Standing
from texts.loader import Texts

_COLOURS = {
    Standing.AHEAD: "#51cf66",
    Standing.ON_PATH: "#4dabf7",
    Standing.BEHIND: "#ff6b6b",
    Standing.UNKNOWN: "#91a7bd",
}
_WAN_FEN = 1_000_000.0
_SLIDE = """<div class="two"><div class="card"><h2>{{ words("industry_map.wall.targets", period=period) }}</h2>
{% if not targets %}<p>{{ words("industry_map.wall.nothing") }}</p>{% endif %}
{% for one in targets %}<p style="margin:.6rem 0 .2rem">{{ one.name }} <b>{{ one.reached }}</b></p>
<svg viewBox="0 0 1000 46" style="flex:none;height:2.6rem" role="img" aria-label="{{ one.said }}" preserveAspectRatio="none">
<rect width="1000" height="34" y="6" fill="#27425d"/><rect width="{{ one.width }}" height="34" y="6" fill="{{ one.colour }}"/>
{% if one.path is not none %}<rect x="{{ one.path }}" width="6" height="46" fill="#ffd43b"/>{% endif %}</svg>
<span class="note">{{ one.said }}</span>{% endfor %}
<h2 style="margin-top:1.4rem">{{ words("industry_map.wall.standing") }}</h2><ol>{% for name, count in standings %}
<li><span>{{ name }}</span><span>{{ count }}</span></li>{% endfor %}</ol>
</div>
<div class="card"><h2>{{ words("industry_map.wall.reports") }}</h2><ol><li><span>{{ reported }}</span></li>
{% if late %}<li><span class="mark">{{ late }}</span></li>{% endif %}<li><span>{{ bases }}</span></li></ol>
<h2 style="margin-top:1.4rem">{{ words("industry_map.wall.funds") }}</h2><ol>{% for name, left in funds %}
<li><span>{{ name }}</span><span>{{ left }}</span></li>{% endfor %}</ol></div></div>"""


def may_show(site: Site, principal: Principal) -> bool:
    """Tell whether there is such a slide for who looks: industries are kept here, and it may be seen."""
    return site.services.industries is not None and principal.may(Permission.VIEW_INDUSTRIES)


def industry_slide(site: Site, principal: Principal, texts: Texts) -> str:
    """Return the slide."""
    queries = industries_of(site).queries
    period = queries.period(principal)
    view = queries.overview(principal, period)
    complete = sum(not one.missing for one in view.towns)
    late = sum(bool(one.missing) for one in view.towns) if view.is_due else 0
    counts = {
        standing: sum(one.standing is standing and one.target is not None for one in view.rows)
        for standing in Standing
    }
    return plain.rendered(
        _SLIDE,
        words=texts,
        period=period,
        targets=[_target(one, texts) for one in view.rows if one.target],
        reported=texts("industry_map.wall.reported", there=complete, count=len(view.towns)),
        late=texts("industry_map.wall.late", count=late) if late else "",
        bases=texts("industry_map.wall.bases", count=len(queries.bases(principal))),
        standings=[
            (texts(f"industries.standing.{standing.value}"), count)
            for standing, count in counts.items()
            if count
        ],
        funds=[
            (
                named(one.fund, texts),
                number(one.balance_fen / _WAN_FEN, 1),
            )
            for one in view.funds
        ],
    )


def _target(one: Attainment, texts: Texts) -> dict[str, Any]:
    assert one.target, "asked only where there is one"
    share = min(float((one.reached or 0) / one.target), 1.0)
    path = None if one.expected is None else min(float(one.expected / one.target), 1.0)
    return {
        "name": named(one.indicator, texts),
        "reached": amount(one.indicator, one.reached, texts),
        "width": f"{share * 1000:.0f}",
        "path": None if path is None else f"{path * 994:.0f}",
        "colour": _COLOURS[one.standing],
        "said": texts(
            "industry_map.wall.of_target",
            share=percent(one.share),
            path=percent(None if one.expected is None else one.expected / one.target),
        ),
    }
