"""Age and size of the DuckDB store."""

# ruff: noqa: S608 (names and numbers in these texts come from the store's own catalog, never from outside)

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from domain.plant import DeviceKind
from stores.duckdb_catalog import Catalog, table_name
from stores.duckdb_read import Fetch
from stores.protocol import Held, StoreStatus


def status_of(fetch: Fetch, catalog: Catalog, path: Path) -> StoreStatus:
    """Return the status; ends of archived months come from their notes, live ones from the tables."""

    def build(catalog: Catalog) -> str | None:
        selects = [
            "SELECT count(*) AS rows, epoch_us(min(measured_at)) AS first, epoch_us(max(measured_at)) AS last "
            f"FROM {table_name(key)}"
            for key in catalog.tables
        ]
        return " UNION ALL ".join(selects) or None

    table = fetch(build)
    live = [] if table is None else [row for row in table.to_pylist() if row["rows"]]
    archives = list(catalog.archives.values())
    firsts = [row["first"] for row in live] + [archive.first_us for archive in archives]
    lasts = [row["last"] for row in live] + [archive.last_us for archive in archives]
    live_rows = sum(row["rows"] for row in live)
    live_bytes = sum(
        file.stat().st_size for file in (path, path.with_name(path.name + ".wal")) if file.exists()
    )
    archive_bytes = sum(archive.size_bytes for archive in archives)
    return StoreStatus(
        name="duckdb",
        rows=live_rows + sum(archive.rows for archive in archives),
        size_bytes=live_bytes + archive_bytes,
        oldest=_instant(min(firsts, default=None)),
        newest=_instant(max(lasts, default=None)),
        detail={
            "path": str(path),
            "live_rows": str(live_rows),
            "live_bytes": str(live_bytes),
            "archived_months": str(len(archives)),
            "archive_bytes": str(archive_bytes),
            "devices": str(len(catalog.device_ids)),
        },
    )


def held_of(fetch: Fetch, catalog: Catalog) -> Held:
    """Return whose rows and daily KPIs the file has."""
    plants = fetch(lambda _: "SELECT DISTINCT plant_id FROM daily_kpi")
    kinds = dict(catalog.device_kinds)  # a copy: another thread may add to it
    return Held(
        {device_id: DeviceKind(kind) for device_id, kind in kinds.items()},
        frozenset() if plants is None else frozenset(plants["plant_id"].to_pylist()),
    )


def _instant(measured_us: int | None) -> datetime | None:
    if measured_us is None:
        return None
    moment: datetime = np.datetime64(measured_us, "us").astype(datetime)
    return moment.replace(tzinfo=UTC)


def snapshot_to(cursor: Any, target: Path) -> None:
    """Copy the cursor's database, as one transaction sees it, into a new file."""
    (name,) = cursor.execute("SELECT current_database()").fetchone()
    quoted = str(target).replace("'", "''")
    cursor.execute(f"ATTACH '{quoted}' AS pvmon_snapshot")
    try:
        cursor.execute(f'COPY FROM DATABASE "{name}" TO pvmon_snapshot')
    finally:
        cursor.execute("DETACH pvmon_snapshot")
