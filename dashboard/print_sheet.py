"""Sheets for paper, A4 or A5: black on white, no script, every fact with its name; and a curve as plain SVG."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from flask import Response, make_response, render_template_string, request
from numpy.typing import NDArray

from access.principal import Principal
from dashboard import plain
from dashboard.components.words import date_time
from queries.sources import Sources

SIZES = ("A4", "A5")
_SHELL = """<!doctype html>
<html lang="{{ 'zh-CN' if words.language == 'zh' else 'en' }}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>{{ title }}</title>
<style>
@page { size: {{ size }}; margin: 12mm; }
body { margin: 0 auto; padding: 6mm; max-width: 190mm; background: #fff; color: #000; font: {{ '10pt' if size == 'A5' else '11pt' }}/1.5
  "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "WenQuanYi Micro Hei", sans-serif; }
h1 { font-size: 1.5em; margin: 0 0 2mm; } h2 { font-size: 1.1em; margin: 4mm 0 1mm; border-bottom: 1px solid #000; }
.safety { border: 2px solid #000; padding: 2mm 3mm; font-weight: 700; font-size: 1.1em; margin: 2mm 0; }
table { width: 100%; border-collapse: collapse; } td, th { border: 1px solid #555; padding: 1mm 2mm; text-align: left;
  vertical-align: top; } th { font-weight: 600; white-space: nowrap; }
.form th { width: 26mm; } @media screen { table { display: block; overflow-x: auto; } .form { display: table; } }
ol, ul { margin: 1mm 0; padding-left: 6mm; } .blank { height: 9mm; } .small { font-size: .85em; }
svg { width: 100%; height: auto; } img { max-width: 48%; } h2 { break-after: avoid; } tr, .form, .safety { break-inside: avoid; }
@media screen { th { white-space: normal; } } @media print { .screen { display: none; } body { padding: 0; max-width: none; } }
</style></head><body>{% if sample %}<p><b>{{ words("work.sheet.sample") }}</b></p>{% endif %}
__BODY__
<p class="small">{{ words("work.sheet.printed", at=printed_at, by=printed_by) }}</p></body></html>"""


def sheet(principal: Principal, sources: Sources, title: str, body: str, /, **values: Any) -> Response:
    """Return a sheet of the size asked for (``?size=A5``) for whom it is printed.

    ``body`` is a Jinja template into which ``values`` are escaped.
    """
    size = request.args.get("size", "A4")
    page = render_template_string(
        _SHELL.replace("__BODY__", body),
        title=title,
        words=plain.words(),
        size=size if size in SIZES else "A4",
        sample=sources.registry.sample,
        printed_at=date_time(sources.clock.now()),
        printed_by=principal.display_name,
        **values,
    )
    return make_response(page, 200)


def polyline(values: NDArray[np.float64], top: float, width: float, height: float) -> list[str]:
    """Return the points of a curve, one text for each stretch without a gap."""
    if not len(values) or top <= 0:
        return []
    step = width / max(len(values) - 1, 1)
    stretches: list[list[str]] = [[]]
    for number, value in enumerate(values):
        if np.isfinite(value):
            stretches[-1].append(f"{number * step:.1f},{height - value / top * height:.1f}")
        elif stretches[-1]:
            stretches.append([])
    return [" ".join(points) for points in stretches if points]


def top_of(*curves: Sequence[float] | NDArray[np.float64]) -> float:
    """Return a round number above every value, 1 where there is none."""
    known = [float(value) for curve in curves for value in curve if np.isfinite(value)]
    most = max(known, default=0.0)
    if most <= 0:
        return 1.0
    unit = 10.0 ** np.floor(np.log10(most))
    return float(np.ceil(most / unit) * unit)
