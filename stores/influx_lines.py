"""Batches as line protocol. Nearly all of the time goes into writing floats, so nothing else is done per value."""

import math
from collections.abc import Mapping, Sequence

from domain.measurement import Batch, Quality
from domain.plant import DeviceKind
from stores.influx_names import (
    DELAY_MS,
    FIELD_COUNT,
    LAYOUT,
    ORIGIN,
    epoch_us,
    key_text,
    layout_number,
    odd_field,
)

Values = Sequence[float | None]
_TEMPLATES_MAX = 2048


class LineBuilder:
    """Writes lines; keeps what repeats: a device's escaped key, and a template per set of present quantities.

    Not thread safe: the store's writer owns it.
    """

    def __init__(self, devices: Mapping[str, DeviceKind]) -> None:
        self._templates: dict[tuple[tuple[str, ...], tuple[bool, ...] | None], str] = {}
        self._layouts: dict[tuple[str, ...], int] = {}
        self.register(devices)

    def register(self, devices: Mapping[str, DeviceKind]) -> None:
        """Take another set of devices."""
        self._keys = {name: f"{kind.value},device={key_text(name)}" for name, kind in devices.items()}

    def layout(self, quantities: tuple[str, ...]) -> int:
        """Return the number of a tuple of quantities."""
        number = self._layouts.get(quantities)
        if number is None:
            number = self._layouts[quantities] = layout_number(quantities)
        return number

    def batch(self, batch: Batch) -> str:
        """Return the line of a batch."""
        measured_us = epoch_us(batch.measured_at)
        delay = ""
        if batch.received_at is not None:
            delay = f",{DELAY_MS}={(epoch_us(batch.received_at) - measured_us) / 1000:.0f}"
        if batch.qualities is None or not any(batch.qualities):
            return self.row(
                batch.device_id, measured_us, batch.quantities, batch.values, int(batch.origin), delay
            )
        return self._odd(batch, measured_us, delay)

    def row(
        self,
        device_id: str,
        measured_us: int,
        quantities: tuple[str, ...],
        values: Values,
        origin: int,
        delay: str = "",
    ) -> str:
        """Return the line of good values; None and NaN are left out, an infinite one is a ValueError."""
        try:
            finite = math.isfinite(sum(values))  # type: ignore[arg-type]
        except TypeError:
            finite = False
        if finite:
            template = self._template(quantities, None)
            return template % (self._keys[device_id], *values, origin, delay, measured_us)
        present = tuple([value is not None and value == value for value in values])  # noqa: PLR0124 (NaN)
        said = [value for value, there in zip(values, present, strict=True) if there and value is not None]
        if any(map(math.isinf, said)):
            raise ValueError(f"{device_id}: a value is infinite")
        return self._template(quantities, present) % (
            self._keys[device_id],
            *said,
            origin,
            delay,
            measured_us,
        )

    def _template(self, quantities: tuple[str, ...], present: tuple[bool, ...] | None) -> str:
        key = (quantities, present)
        found = self._templates.get(key)
        if found is None:
            if len(self._templates) >= _TEMPLATES_MAX:
                self._templates.clear()
            names = [name for place, name in enumerate(quantities) if present is None or present[place]]
            found = self._templates[key] = self._made(quantities, names)
        return found

    def _made(self, quantities: tuple[str, ...], fields: Sequence[str]) -> str:
        values = "".join(f"{name}=%s," for name in fields)
        ours = f"{LAYOUT}={self.layout(quantities)},{FIELD_COUNT}={len(fields)},{ORIGIN}=%s%s"
        return f"%s {values}{ours} %d000"

    def _odd(self, batch: Batch, measured_us: int, delay: str) -> str:
        fields: list[str] = []
        values: list[float] = []
        for name, value, quality in zip(batch.quantities, batch.values, batch.qualities or (), strict=True):
            missing = value is None or math.isnan(value)
            if value is not None and math.isinf(value):
                raise ValueError(f"{batch.device_id}: a value is infinite")
            if quality is not Quality.GOOD and quality:
                fields.append(odd_field(name, quality, missing=missing))
                values.append(1.0 if missing or value is None else value)
            elif value is not None and not missing:
                fields.append(name)
                values.append(value)
        return self._made(batch.quantities, fields) % (
            self._keys[batch.device_id],
            *values,
            int(batch.origin),
            delay,
            measured_us,
        )
