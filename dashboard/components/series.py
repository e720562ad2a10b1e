"""Arrays on their way into a figure: plain lists with None for gaps, or packed numbers for whole matrices."""

from base64 import b64encode
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def listed(values: Floats, decimals: int = 1) -> list[float | None]:
    """Return a list with None for NaN, so that a gap stays a gap."""
    rounded = np.round(values, decimals)
    return [value if value == value else None for value in rounded.tolist()]  # noqa: PLR0124 (NaN differs from itself)


def packed(values: Floats) -> dict[str, str]:
    """Return a matrix in Plotly's packed form: 32-bit floats in base64, NaN for gaps."""
    rows, columns = values.shape
    content = np.ascontiguousarray(values, dtype="<f4").tobytes()
    return {"dtype": "f4", "bdata": b64encode(content).decode("ascii"), "shape": f"{rows}, {columns}"}


def trimmed(values: Floats) -> Floats:
    """Return ``values`` up to the last known one: a curve ends where its data end."""
    known = np.flatnonzero(np.isfinite(values))
    return values[: known[-1] + 1] if known.size else values[:0]


def line(values: Floats, x0: str, step_s: float, name: str, **changes: Any) -> dict[str, Any]:
    """Return a line over an evenly spaced time axis; gaps are drawn as gaps."""
    trace: dict[str, Any] = {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x0": x0,
        "dx": step_s * 1000.0,
        "y": listed(values),
        "connectgaps": False,
    }
    trace.update(changes)
    return trace
