"""What a backup is made of: each part copied while it is in use, and counted."""

import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from domain.clock import Clock
from main.configuration import load_registry
from main.settings import Settings
from stores.duckdb import DuckDbStore
from stores.protocol import MeasurementStore
from stores.records.backup import copy_sqlite, copy_to_file, damage_of, rows_of, sums_of
from stores.records.database import Database
from stores.records.schema import REVISION

RECORDS = Path("records") / "records.sqlite"
PEOPLE_KEY = Path("records") / "people.key"
SPOOL = Path("spool") / "spool.sqlite"
SAMPLES = Path("samples") / "samples.duckdb"
DELIVERED, CHANGED = Path("delivered-config"), Path("config")


@dataclass(frozen=True)
class Sources:
    """Where the parts are. ``store`` None: another process has the samples, or there are none."""

    settings: Settings
    records: Database
    store: MeasurementStore | None
    clock: Clock


def stage(sources: Sources, folder: Path) -> dict[str, Any]:
    """Copy every part into ``folder``, in the layout of a data folder; return what was counted.

    Raises
    ------
    StoreError
        A part cannot be read, or there is no room.
    """
    return {
        "records": _records(sources, folder),
        "configuration": _configuration(sources, folder),
        "samples": _samples(sources, folder),
        "spool": _spool(sources, folder),
        "people": _people_key(sources, folder),
    }


def _records(sources: Sources, folder: Path) -> dict[str, Any]:
    target = folder / RECORDS
    target.parent.mkdir(parents=True)
    made = copy_to_file(sources.records, target)
    return {
        "revision": REVISION,
        "rows": sum(one.rows for one in made),
        "tables": {one.table: [one.rows, one.sum] for one in made},
    }


def _configuration(sources: Sources, folder: Path) -> dict[str, Any]:
    delivered, changed = sources.settings.config_dir, sources.settings.overlay_dir
    shutil.copytree(delivered, folder / DELIVERED)
    if changed.is_dir():
        shutil.copytree(changed, folder / CHANGED)
    return {"plants": len(load_registry(delivered, changed if changed.is_dir() else None).plants)}


def _people_key(sources: Sources, folder: Path) -> dict[str, Any]:
    """Copy the key of names and accounts: without it nobody reads them, and the archive is sealed anyway."""
    source = sources.settings.data_dir / PEOPLE_KEY
    if not source.exists():
        return {"left_out": "no person is kept here"}
    content = source.read_bytes()
    target = folder / PEOPLE_KEY
    target.parent.mkdir(parents=True, exist_ok=True)
    target.touch(mode=0o600)
    target.write_bytes(content)
    return {"sha256": hashlib.sha256(content).hexdigest()}


def _samples(sources: Sources, folder: Path) -> dict[str, Any]:
    if not isinstance(sources.store, DuckDbStore):
        return {"left_out": "kept on a server of its own: `pvmon store copy` takes them into a file"}
    target = folder / SAMPLES
    target.parent.mkdir(parents=True)
    sources.store.snapshot(target.parent)
    return {"rows": _sample_rows(target, sources.clock)}


def _sample_rows(path: Path, clock: Clock) -> int:
    store = DuckDbStore(path, clock, {}, memory_limit_mb=256, threads=1)
    try:
        return store.status().rows
    finally:
        store.close()


def _spool(sources: Sources, folder: Path) -> dict[str, Any]:
    source = sources.settings.data_dir / SPOOL
    if not source.exists():
        return {"left_out": "this process has no queue"}
    target = folder / SPOOL
    target.parent.mkdir(parents=True)
    copy_sqlite(source, target)
    return {"rows": rows_of(target, "queue")}


def faults_of(folder: Path, counted: dict[str, Any], clock: Clock) -> list[str]:
    """Open every part that was brought back and hold it against what was counted; return what is wrong."""
    checks = (_records_faults, _configuration_faults, _samples_faults, _spool_faults, _people_faults)
    faults: list[str] = []
    for check in checks:
        try:
            faults += check(folder, counted, clock)
        except Exception as error:
            faults.append(f"{check.__name__.strip('_').removesuffix('_faults')}: {error}")
    return faults


def _records_faults(folder: Path, counted: dict[str, Any], clock: Clock) -> list[str]:  # noqa: ARG001
    path = folder / RECORDS
    damage = damage_of(path)
    if damage:
        return [f"records: {damage}"]
    if counted["records"]["revision"] != REVISION:
        return []  # an older program's; it is brought up to date, and checked, when it is opened
    found = {one.table: [one.rows, one.sum] for one in sums_of(path)}
    wanted = counted["records"]["tables"]
    return [
        f"records: {name} differs from what was backed up"
        for name in wanted
        if wanted[name] != found.get(name)
    ]


def _configuration_faults(folder: Path, counted: dict[str, Any], clock: Clock) -> list[str]:  # noqa: ARG001
    changed = folder / CHANGED
    registry = load_registry(folder / DELIVERED, changed if changed.is_dir() else None)
    wanted = counted["configuration"]["plants"]
    return (
        []
        if len(registry.plants) == wanted
        else [f"configuration: {len(registry.plants)} plants, not {wanted}"]
    )


def _samples_faults(folder: Path, counted: dict[str, Any], clock: Clock) -> list[str]:
    wanted = counted["samples"].get("rows")
    if wanted is None:
        return []
    found = _sample_rows(folder / SAMPLES, clock)
    return [] if found == wanted else [f"samples: {found} rows, not {wanted}"]


def _spool_faults(folder: Path, counted: dict[str, Any], clock: Clock) -> list[str]:  # noqa: ARG001
    wanted = counted["spool"].get("rows")
    if wanted is None:
        return []
    damage = damage_of(folder / SPOOL)
    found = -1 if damage else rows_of(folder / SPOOL, "queue")
    return [] if found == wanted else [f"spool: {damage or f'{found} rows, not {wanted}'}"]


def _people_faults(folder: Path, counted: dict[str, Any], clock: Clock) -> list[str]:  # noqa: ARG001
    wanted = counted.get("people", {}).get("sha256")
    if wanted is None:
        return []
    path = folder / PEOPLE_KEY
    path.chmod(0o600)
    same = hashlib.sha256(path.read_bytes()).hexdigest() == wanted
    return [] if same else ["people: the key of names and accounts is not the one that was backed up"]
