"""What an alert rests on, in words: the values its rule saw, each with its name and unit."""

from collections.abc import Iterator

from alerts.inhibition import FORMER_PARENT
from alerts.lifecycle import LAST_TRUE
from alerts.message import rule_name
from dashboard.components.words import number, percent, quantity_name
from domain.alert import Alert
from domain.quantity import is_known
from texts.loader import Texts

_HIDDEN = frozenset({"name", "name_en", LAST_TRUE})  # told as the alert's place, or for the engine alone
_SHARES = (
    "_share",
    "_ratio",
    "_loss",
    "_dispersion",
    "efficiency",
    "ratio_to_median",
    "ratio_to_peers",
    "ratio_to_usual",
)
_UNITS = {"_v": "V", "_a": "A", "_c": "°C", "_min": "min", "_kwh": "kWh", "_percent": "%", "_mb": "MB"}
_KILO = 1000.0


def evidence_lines(alert: Alert, texts: Texts) -> list[tuple[str, str]]:
    """Return names and values; amounts of money stand elsewhere."""
    return list(_lines(alert, texts))


def _lines(alert: Alert, texts: Texts) -> Iterator[tuple[str, str]]:
    for name, value in alert.evidence.items():
        if name in _HIDDEN or name.endswith("_fen"):
            continue
        key = f"evidence.{name}"
        said = rule_name(value.partition("-")[0], texts) if name == FORMER_PARENT else _said(name, value)
        yield (texts(key) if key in texts else quantity_name(name, texts) if is_known(name) else name), said


def _said(name: str, value: str) -> str:
    """Return a value with its unit; a text stays as it is."""
    try:
        figure = float(value)
    except ValueError:
        return value
    if name.endswith(_SHARES):
        return percent(figure, 1)
    if name.endswith("_w"):
        return f"{number(figure / _KILO, 2)} kW" if abs(figure) >= _KILO else f"{number(figure)} W"
    if name.endswith("_ohm"):
        return f"{number(figure / _KILO)} kΩ"
    unit = next((unit for end, unit in _UNITS.items() if name.endswith(end)), "")
    return f"{value} {unit}".rstrip()
