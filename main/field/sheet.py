"""The acceptance sheet (接入验收单) of a plant: what each device said beside a blank for what its display shows.

A page for paper: black on white, no script, nothing fetched from elsewhere.
"""

from collections.abc import Sequence
from datetime import datetime
from html import escape
from zoneinfo import ZoneInfo

from domain.plant import Registry
from domain.timespan import DEFAULT_ZONE
from main.field.report import Report
from texts.loader import Texts

_SHOWN = (  # what a technician can find on a display, in the order it is looked up
    "ac_active_power_w",
    "meter_active_power_w",
    "ac_energy_today_wh",
    "ac_energy_total_wh",
    "meter_energy_forward_wh",
    "meter_energy_reverse_wh",
    "ac_phase_a_voltage_v",
    "ac_line_ab_voltage_v",
    "ac_phase_a_current_a",
    "grid_frequency_hz",
    "dc_power_w",
    "dc_mppt_01_voltage_v",
    "dc_string_01_voltage_v",
    "dc_string_01_current_a",
    "internal_temperature_c",
    "irradiance_poa_w_m2",
    "irradiance_ghi_w_m2",
    "ambient_temperature_c",
    "module_temperature_c",
    "wind_speed_m_s",
    "plant_active_power_w",
    "plant_energy_total_wh",
)
_KILO = {"W": "kW", "Wh": "kWh", "var": "kvar"}
STYLE = """@page { size: A4; margin: 12mm; }
body { margin: 0 auto; padding: 6mm; max-width: 190mm; background: #fff; color: #000; font: 11pt/1.5
  "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "WenQuanYi Micro Hei", sans-serif; }
h1 { font-size: 1.4em; margin: 0 0 2mm; } h2 { font-size: 1.05em; margin: 5mm 0 1mm; break-after: avoid; }
table { width: 100%; border-collapse: collapse; break-inside: avoid; }
td, th { border: 1px solid #555; padding: 1mm 2mm; text-align: left; } td.number { text-align: right; }
td.blank { width: 28%; } .bad { font-weight: 700; text-decoration: underline; } .small { font-size: .85em; }
.sign td { height: 14mm; vertical-align: top; } @media print { .screen { display: none; } }"""


def page(title: str, body: str, texts: Texts, style: str = STYLE) -> str:
    """Return a whole page for paper; ``body`` is HTML already."""
    language = "zh-CN" if texts.language == "zh" else "en"
    return (
        f'<!doctype html>\n<html lang="{language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title>\n<style>\n{style}\n</style></head><body>\n{body}\n</body></html>\n"
    )


def acceptance_sheet(
    target: str, reports: Sequence[Report], registry: Registry, now: datetime, texts: Texts
) -> str:
    """Return the sheet as HTML; ``target`` is a plant or a device."""
    device = registry.devices_by_id.get(target)
    plant = registry.plants_by_id[device.plant_id if device else target]
    name = plant.label(texts.language)
    title = texts("finding.sheet.title", plant=name)
    at = now.astimezone(ZoneInfo(plant.time_zone or DEFAULT_ZONE)).strftime("%Y-%m-%d %H:%M")
    answered = sum("error" not in one for one in reports)
    parts = [f"<h1>{escape(title)}</h1>"]
    if registry.sample:
        parts.append(f"<p><b>{escape(texts('finding.sheet.sample'))}</b></p>")
    about = texts(
        "finding.sheet.about",
        plant=plant.plant_id,
        at=at,
        devices=len(reports),
        answered=answered,
        ac=f"{plant.ac_capacity_kw:g}",
    )
    parts.append(f"<p>{escape(about)}</p>")
    parts += [_device(one, texts) for one in reports]
    parts.append(_signatures(texts))
    return page(title, "\n".join(parts), texts)


def _device(report: Report, texts: Texts) -> str:
    head = texts(
        "finding.sheet.device",
        name=report["name"],
        device=report["device"],
        profile=report["profile"],
        gateway=report["gateway"],
        unit=report["unit"],
    )
    heading = f"<h2>{escape(head)}</h2>"
    if "error" in report:
        return f'{heading}<p class="bad">{escape(texts("finding.sheet.silent", why=report["error"]))}</p>'
    rows = [_serial_row(report, texts)]
    values = {value["name"]: value for value in report["values"] if value.get("value") is not None}
    rows += [_row(values[name], texts) for name in _SHOWN if name in values]
    rows += [
        _row(value, texts)
        for name, value in values.items()
        if name not in _SHOWN and value["verdict"] == "inconsistent"
    ]
    rows.append(_clock_row(report, texts))
    heads = "".join(
        f"<th>{escape(texts(f'finding.sheet.head.{name}'))}</th>"
        for name in ("what", "read", "display", "ok")
    )
    return f"{heading}<table><tr>{heads}</tr>{''.join(rows)}</table>"


def _serial_row(report: Report, texts: Texts) -> str:
    told, listed = report["serial_number"], report["listed_serial_number"]
    said = told or "—"
    if listed and told and told != listed:
        said = texts("finding.sheet.other_serial", told=told, listed=listed)
    return _cells(texts("finding.sheet.serial"), said, bad=bool(listed and told and told != listed))


def _clock_row(report: Report, texts: Texts) -> str:
    offset_s = report["clock_offset_s"]
    said = "—" if offset_s is None else texts("finding.sheet.seconds", seconds=f"{offset_s:+.0f}")
    return _cells(texts("finding.sheet.clock"), said, bad=offset_s is not None and abs(offset_s) > 300)


def _row(value: Report, texts: Texts) -> str:
    number, unit = value["value"], value["unit"]
    if unit in _KILO:
        number, unit = f"{number / 1000:.2f}", _KILO[unit]
    verdict = value["verdict"]
    mark = "" if verdict == "plausible" else f"（{texts(f'finding.verdict.{verdict}')}）"
    name = value["name"]
    named = texts(f"finding.quantity.{name}") if name in _SHOWN else name
    return _cells(named, f"{number} {unit}{mark}", bad=verdict != "plausible")


def _cells(name: str, said: str, *, bad: bool) -> str:
    kind = "number bad" if bad else "number"
    return (
        f'<tr><td>{escape(name)}</td><td class="{kind}">{escape(said)}</td>'
        '<td class="blank">&nbsp;</td><td>□</td></tr>'
    )


def _signatures(texts: Texts) -> str:
    cells = "".join(
        f"<td>{escape(texts(f'finding.sheet.sign.{who}'))}</td>" for who in ("technician", "plant", "checker")
    )
    note = escape(texts("finding.sheet.note"))
    return f'<p class="small">{note}</p><table class="sign"><tr>{cells}</tr></table>'
