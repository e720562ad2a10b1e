"""SQL texts of the DuckDB store: one place that knows how months, archives and qualities are read."""

# ruff: noqa: S608 (names and numbers in these texts come from the store's own catalog, never from outside)

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from domain.measurement import Origin
from domain.quantity import Kind, quantity
from domain.timespan import Interval
from stores.duckdb_catalog import Archive, Catalog, MonthKey, instant_sql, instant_us, months_of, table_name

_IN_LIST_MAX = 64
DAY_US = 86_400_000_000


@dataclass(frozen=True, slots=True)
class Selection:
    """Which rows: devices (numbers, None for all of the kind), a stretch of time, origins (None for all)."""

    kind: str
    numbers: tuple[int, ...] | None
    interval: Interval
    origins: tuple[Origin, ...] | None = None

    def where(self) -> str:
        """Return the condition."""
        parts = [
            f"measured_at >= {instant_sql(self.interval.start)}",
            f"measured_at < {instant_sql(self.interval.end)}",
        ]
        if self.numbers is not None:
            parts.append(_in_list(self.numbers))
        if self.origins is not None:
            parts.append(f"origin IN ({', '.join(str(int(origin)) for origin in self.origins) or 'NULL'})")
        return " AND ".join(parts)


def _in_list(numbers: Sequence[int]) -> str:
    low, high = min(numbers), max(numbers)
    if high - low + 1 == len(numbers):
        return f"device BETWEEN {low} AND {high}"
    listed = ", ".join(str(number) for number in numbers)
    if len(numbers) <= _IN_LIST_MAX:
        return f"device IN ({listed})"
    return f"device BETWEEN {low} AND {high} AND device IN (SELECT unnest([{listed}]))"


def selection(
    catalog: Catalog,
    kind: str,
    numbers: Sequence[int],
    interval: Interval,
    origins: Sequence[Origin] | None = None,
) -> Selection:
    """Return a selection; naming every device of a kind is the same as naming none."""
    every = len(numbers) == catalog.kind_size(kind)
    return Selection(
        kind, None if every else tuple(numbers), interval, None if origins is None else tuple(origins)
    )


def good(catalog: Catalog, name: str) -> str:
    """Return the condition under which the value of ``name`` is good."""
    number = catalog.quantity_numbers.get(name, 0)
    return f"(quality IS NULL OR NOT contains(quality, ',{number}:'))"


def _decoded(name: str, archive: Archive) -> str:
    scale = archive.scales.get(name)
    if scale is None:
        return f'"{name}"'
    sign, factor = scale
    operator = "*" if sign == "x" else "/"
    return f'("{name}"::DOUBLE {operator} {factor!r}::DOUBLE) AS "{name}"'


def _column(name: str, columns: Sequence[str], archive: Archive | None) -> str:
    if name not in columns:
        return f'NULL::DOUBLE AS "{name}"'
    return f'"{name}"' if archive is None else _decoded(name, archive)


def archive_source(archive: Archive) -> str:
    """Return the FROM item that reads an archived month."""
    files = ", ".join("'" + path.replace("'", "''") + "'" for path in archive.files)
    return f"read_parquet([{files}])"


def _touched(archive: Archive, interval: Interval) -> Archive | None:
    """Return the part of an archived month whose files (one a UTC day) may hold rows of ``interval``."""
    start, end = instant_us(interval.start), instant_us(interval.end)
    if start > archive.last_us or end <= archive.first_us:
        return None
    first = (interval.start.astimezone(UTC)).date().isoformat()
    last = (interval.end.astimezone(UTC)).date().isoformat()
    files = tuple(path for path in archive.files if first <= _day_of_file(path) <= last)
    if not files:
        return None
    return Archive(
        files,
        archive.rows,
        archive.size_bytes,
        archive.columns,
        archive.scales,
        archive.first_us,
        archive.last_us,
        archive.every_s,
    )


def _day_of_file(path: str) -> str:
    return path.rsplit("/", 1)[-1][:10]


def parts(catalog: Catalog, chosen: Selection, keys: Sequence[str], names: Sequence[str]) -> list[str]:
    """Return one SELECT per table and archived month that may hold rows; ``names`` are quantities."""
    first, last = months_of(chosen.interval)
    found: list[str] = []
    months: list[MonthKey] = sorted(
        key
        for key in {*catalog.tables, *catalog.archives}
        if key[0] == chosen.kind and first <= key[1] <= last
    )
    for key in months:
        archive = catalog.archives.get(key)
        touched = None if archive is None else _touched(archive, chosen.interval)
        if touched is not None:
            columns = [*keys, *(_column(name, touched.columns, touched) for name in names)]
            found.append(f"SELECT {', '.join(columns)} FROM {archive_source(touched)} WHERE {chosen.where()}")
        table = catalog.tables.get(key)
        if table is not None:
            columns = [*keys, *(_column(name, table, None) for name in names)]
            found.append(f"SELECT {', '.join(columns)} FROM {table_name(key)} WHERE {chosen.where()}")
    return found


def union(selects: Sequence[str]) -> str:
    """Return the rows of all ``selects``."""
    return " UNION ALL ".join(selects)


def bucket(every: timedelta) -> str:
    """Return the start of the epoch-aligned bucket ``measured_at`` falls into, in microseconds."""
    width = round(every.total_seconds() * 1_000_000)
    if width <= 0:
        raise ValueError(f"a bucket of {every} has no width")
    return f"(epoch_us(measured_at) // {width}) * {width}"


def bucketed(catalog: Catalog, selects: Sequence[str], names: Sequence[str], every: timedelta) -> str:
    """Return one row per device and bucket: gauges averaged, counters and states the last, all of good values."""
    columns = []
    for name in names:
        condition = good(catalog, name)
        if quantity(name).kind is Kind.GAUGE:
            columns.append(f'avg("{name}") FILTER ({condition}) AS "{name}"')
        else:
            columns.append(f'arg_max("{name}", measured_at) FILTER ({condition}) AS "{name}"')
    listed = "".join(f", {column}" for column in columns)
    return (
        f"SELECT device, {bucket(every)} AS measured_us{listed} "
        f"FROM ({union(selects)}) GROUP BY device, measured_us"
    )


def curves(
    catalog: Catalog, selects: Sequence[str], name: str, every: timedelta, pairs: Sequence[tuple[int, int]]
) -> str:
    """Return (group, bucket, sum of the devices' means, devices); ``pairs`` are (device, group)."""
    devices = ", ".join(str(device) for device, _ in pairs)
    groups = ", ".join(str(group) for _, group in pairs)
    means = (
        f'SELECT device, {bucket(every)} AS bucket, avg("{name}") AS mean FROM ({union(selects)}) '
        f'WHERE "{name}" IS NOT NULL AND {good(catalog, name)} GROUP BY device, bucket'
    )
    return (
        f"SELECT g.grp, m.bucket, sum(m.mean) AS value, count(*) AS devices FROM ({means}) m "
        f"JOIN (SELECT unnest([{devices}]) AS device, unnest([{groups}]) AS grp) g ON m.device = g.device "
        "GROUP BY g.grp, m.bucket ORDER BY g.grp, m.bucket"
    )


def local_day(interval: Interval, zone: str) -> str:
    """Return the local day of ``measured_at`` as a number of days since 1970, with the zone's history."""
    text = ""
    for until, offset_s in _offsets(interval, zone):
        number = f"(epoch_us(measured_at) + {offset_s * 1_000_000}) // {DAY_US}"
        text += (
            number if until is None else f"CASE WHEN measured_at < {instant_sql(until)} THEN {number} ELSE "
        )
    return text + " END" * text.count("CASE")


def _offset_s(at: datetime, zone: ZoneInfo) -> int:
    offset = at.astimezone(zone).utcoffset()
    return 0 if offset is None else int(offset.total_seconds())


def _offsets(interval: Interval, zone: str) -> list[tuple[datetime | None, int]]:
    """Return the offsets of ``zone`` in an interval, each with the instant it ends (None for the last)."""
    tz = ZoneInfo(zone)
    found: list[tuple[datetime | None, int]] = []
    at = interval.start.astimezone(UTC)
    end = max(interval.end.astimezone(UTC), at)
    while at < end:
        following = min(at + timedelta(days=1), end)
        before, after = _offset_s(at, tz), _offset_s(following, tz)
        if before != after:
            low, high = at, following
            while high - low > timedelta(seconds=1):
                middle = low + timedelta(seconds=int((high - low).total_seconds()) // 2)
                low, high = (middle, high) if _offset_s(middle, tz) == before else (low, middle)
            found.append((high, before))
        at = following
    found.append((None, _offset_s(end, tz)))
    return found


def daily(selects: Sequence[str], name: str, condition: str, day: str) -> str:
    """Return the ends of a counter per device and local day.

    The first and last value are not asked for: on a day on which nothing stepped back they are the lowest
    and the highest, and finding them otherwise costs a third of the time.
    """
    return (
        f'SELECT device, {day} AS day, min("{name}") AS low, max("{name}") AS high, '
        f'min(measured_at) AS first_at, max(measured_at) AS last_at, count("{name}") AS readings '
        f'FROM ({union(selects)}) WHERE "{name}" IS NOT NULL AND {condition} GROUP BY device, day'
    )


def odd_days(
    selects: Sequence[str], name: str, condition: str, day: str, days: Mapping[str, Sequence[int]]
) -> str:
    """Return first and last value and the number of backward steps on the (device, day) pairs in ``days``."""
    devices = ", ".join(str(number) for number in days["device"])
    numbers = ", ".join(str(number) for number in days["day"])
    return (
        "SELECT device, day, arg_min(value, measured_at) AS first, arg_max(value, measured_at) AS last, "
        "count(*) FILTER (step_wh < 0) AS steps_back FROM ("
        "SELECT device, day, measured_at, value, "
        "value - lag(value) OVER (PARTITION BY device, day ORDER BY measured_at) AS step_wh "
        f'FROM (SELECT device, measured_at, "{name}" AS value, {day} AS day FROM ({union(selects)}) '
        f'WHERE "{name}" IS NOT NULL AND {condition}) '
        f"SEMI JOIN (SELECT unnest([{devices}]) AS device, unnest([{numbers}]) AS day) USING (device, day)) "
        "GROUP BY device, day"
    )
