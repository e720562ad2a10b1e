"""QR labels for plant gates and devices: a sheet to be printed, cut and stuck; a scan opens the page of the plant."""

from collections.abc import Iterable
from html import escape
from urllib.parse import quote

from commands.papers.labels import qr_svg
from domain.plant import Device, Plant, Registry
from main.field.sheet import page
from texts.loader import Texts

_GATE_MM, _DEVICE_MM = 46.0, 30.0
_PATH = "/app/plants/"
STYLE = """@page { size: A4; margin: 10mm; }
body { margin: 0 auto; max-width: 190mm; background: #fff; color: #000; font: 10pt/1.35
  "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "WenQuanYi Micro Hei", sans-serif; }
.labels { display: flex; flex-wrap: wrap; gap: 4mm; padding: 4mm 0; break-after: page; }
.label { display: flex; gap: 3mm; align-items: center; width: 91mm; box-sizing: border-box; padding: 2mm;
  border: 1px dashed #777; break-inside: avoid; overflow-wrap: anywhere; }
.gate { width: 100%; font-size: 1.5em; } .label b { display: block; } .label small { display: block; }
.label svg { flex: none; } @media (max-width: 600px) { .label { width: 100%; } }"""


def url_of(base: str, plant_id: str, device_id: str = "") -> str:
    """Return the address a label opens: the page of the plant, at the device where there is one."""
    address = base.rstrip("/") + _PATH + quote(plant_id)
    return f"{address}?tab=curves&device={quote(device_id)}" if device_id else address


def label_sheet(plants: Iterable[Plant], registry: Registry, base: str, texts: Texts) -> str:
    """Return a page with one group of labels a plant: its gate first, then every device."""
    groups = []
    for plant in plants:
        town = registry.towns_by_id[plant.town_id]
        english = texts.language == "en"
        name, place = (plant.name_en, town.name_en) if english else (plant.name, town.name)
        labels = [_label(url_of(base, plant.plant_id), name, f"{place} · {plant.plant_id}", "gate", texts)]
        labels += [_device_label(device, name, base, texts) for device in plant.devices]
        groups.append(f'<section class="labels">{"".join(labels)}</section>')
    title = texts("finding.labels.title")
    sample = f"<p><b>{escape(texts('finding.sheet.sample'))}</b></p>" if registry.sample else ""
    return page(title, sample + "\n".join(groups), texts, STYLE)


def _device_label(device: Device, plant_name: str, base: str, texts: Texts) -> str:
    serial = texts("finding.labels.serial", serial=device.serial_number) if device.serial_number else ""
    below = " · ".join(part for part in (device.device_id, serial) if part)
    return _label(
        url_of(base, device.plant_id, device.device_id), f"{plant_name} {device.name}", below, "", texts
    )


def _label(url: str, name: str, below: str, kind: str, texts: Texts) -> str:
    code = qr_svg(url, _GATE_MM if kind else _DEVICE_MM)
    hint = texts("finding.labels.hint")
    return (
        f'<div class="label {kind}">{code}<div><b>{escape(name)}</b>{escape(below)}'
        f"<small>{escape(hint)}</small></div></div>"
    )
