"""The morning's call list on paper: whom to telephone about what, where people have no channel."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from domain.notification import Timing
from domain.timespan import day_of
from texts.loader import Texts

CALLS = "calls"  # folder of the data folder
_DAY_S = 86_400.0


def morning_s(timing: Timing) -> float:
    """Return when the list is made, in UTC seconds of the day: with the other lists of the day."""
    any_day = datetime(2026, 7, 1, tzinfo=UTC).date()
    local = datetime.combine(any_day, timing.list_at, ZoneInfo(timing.zone))
    return local.timestamp() % _DAY_S


def write_calls(calls: Sequence[Mapping[str, str]], folder: Path, now: datetime) -> int:
    """Write the day's list, ready to be printed; return its lines. Nobody to call: no paper."""
    if not calls:
        return 0
    texts, day = Texts("zh"), day_of(now)
    lines = [texts("notify.calls.title", day=day), *(texts("notify.calls.line", **one) for one in calls)]
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"{day}.txt"
    half = path.with_suffix(".part")
    half.write_text("\n".join(lines) + "\n", "utf-8")
    half.chmod(0o600)
    half.replace(path)
    return len(calls)
