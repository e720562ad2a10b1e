"""What a benchmark hands on, and how it is printed: a table a person reads and docs/bench.md keeps."""

import platform
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

Figures = Mapping[str, float | str]
_SECTION = "<!-- bench:{name} -->\n{body}\n<!-- /bench:{name} -->"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One benchmark that ran. ``error`` is empty when it came through."""

    name: str
    about: str
    seconds: float
    figures: Figures
    error: str = ""


def shown(value: float | str) -> str:
    """Return a figure with about four significant digits; whole numbers with separators."""
    if isinstance(value, str):
        return value
    if float(value).is_integer():
        return f"{int(value):,}"
    return f"{value:,.1f}" if abs(value) >= 1000 else f"{value:.4g}"


def table(outcome: Outcome) -> str:
    """Return the figures of one benchmark as a Markdown table."""
    if outcome.error:
        return f"did not come through: {outcome.error}"
    rows = [f"| `{key}` | {shown(value)} |" for key, value in outcome.figures.items()]
    return "\n".join(["| figure | value |", "|---|---:|", *rows])


def section(outcome: Outcome, *, at: datetime, machine: str, command: str) -> str:
    """Return the section docs/bench.md keeps of one benchmark: what, when, where, how, figures."""
    body = (
        f"### {outcome.name}\n\n{outcome.about}\n\n"
        f"{at:%Y-%m-%d %H:%M} UTC · {machine} · `{command}` · {outcome.seconds:.0f} s\n\n{table(outcome)}"
    )
    return _SECTION.format(name=outcome.name, body=body)


def with_section(document: str, name: str, text: str) -> str:
    """Return ``document`` with the section of ``name`` replaced, or added at its end."""
    pattern = re.compile(rf"<!-- bench:{re.escape(name)} -->.*?<!-- /bench:{re.escape(name)} -->", re.DOTALL)
    if pattern.search(document):
        return pattern.sub(lambda _: text, document)
    return f"{document.rstrip()}\n\n{text}\n"


def machine_line() -> str:
    """Return processor, cores, memory, system and Python of this machine in one line."""
    import os

    model = _first_match(Path("/proc/cpuinfo"), r"model name\s*:\s*(.+)") or platform.machine()
    memory_kib = _first_match(Path("/proc/meminfo"), r"MemTotal:\s*(\d+)")
    memory = f", {int(memory_kib) / 1024**2:.0f} GiB" if memory_kib else ""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{model}, {cores} cores{memory}, {platform.system()} {platform.release()}, Python {platform.python_version()}"


def _first_match(path: Path, pattern: str) -> str | None:
    try:
        found = re.search(pattern, path.read_text("utf-8"))
    except OSError:
        return None
    return found.group(1).strip() if found else None
