"""`pvmon doctor`, the asking half: gathers facts about this machine and hands them to main/doctor.py. Changes nothing."""

import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote, urlsplit

from domain.clock import SystemClock
from domain.errors import ConfigurationError, StoreVersionError
from domain.plant import Registry, WireProtocol
from main import control, doctor
from main.backup.health import judge_backups
from main.backup.shelf import Journal
from main.backup.work import backup_folder
from main.configuration import load_registry
from main.doctor import Finding, StoreFacts
from main.ports import refuse_used_port
from main.settings import load_settings

_WATCH_S = 0.3  # how long wall and monotonic clock are compared
_TOOL_S = 5.0
_CONNECT_S = 3.0
_MQTT_PORT, _MQTTS_PORT = 1883, 8883

_CENTRE_ONLY = {"duckdb", "port", "fonts", "samples", "records", "backup"}
Probe = Callable[[], Sequence[Finding]]


@dataclass(frozen=True, slots=True)
class Place:
    """What is examined. ``broker`` is None where the configuration does not name one."""

    config: Path
    data: Path
    samples: Path
    records: Path
    host: str
    port: int
    broker: tuple[str, int] | None = None
    edge: str = ""  # the plant this machine polls for the centre

    @classmethod
    def of(cls, config: Path, data: Path) -> "Place":
        """Return the place of these folders under the settings in force, or under the defaults if those are off."""
        try:
            settings = load_settings(config_dir=config, data_dir=data)
        except ConfigurationError:
            settings = load_settings({}, config_dir=config, data_dir=data)
        url = urlsplit(settings.mqtt_url)
        port = url.port or (_MQTTS_PORT if url.scheme == "mqtts" else _MQTT_PORT)
        return cls(
            config,
            data,
            data / "samples" / "samples.duckdb",
            data / "records" / "records.sqlite",
            settings.host,
            settings.port,
            (url.hostname, port) if url.hostname else None,
            settings.edge_plant,
        )


def _settings() -> Finding:
    try:
        load_settings()
    except ConfigurationError as error:
        return doctor.judge_settings(str(error))
    return doctor.judge_settings("")


def probes(place: Place) -> list[tuple[str, Probe]]:
    """Return every check in the order of the report; a village's machine has neither store, records nor pages."""
    found = _all_probes(place)
    if not place.edge:
        return found
    return [one for one in found if one[0] not in _CENTRE_ONLY] + [("edge", lambda: [_edge(place)])]


def _edge(place: Place) -> Finding:
    from main.edge import STATUS

    return doctor.judge_edge(control.call(place.data, STATUS, timeout_s=_TOOL_S))


def _all_probes(place: Place) -> list[tuple[str, Probe]]:
    return [
        ("python", lambda: [doctor.judge_python(sys.version_info[:3])]),
        ("sqlite", lambda: [doctor.judge_sqlite(sqlite3.sqlite_version_info)]),
        ("duckdb", lambda: [doctor.judge_duckdb(_duckdb_version())]),
        ("disk", lambda: [doctor.judge_disk(str(place.data), free_bytes(place.data))]),
        ("folder", lambda: [doctor.judge_folder(str(place.data), unwritable(place.data))]),
        ("port", lambda: [_port(place)]),
        ("clock", lambda: [_clock()]),
        ("fonts", lambda: [doctor.judge_fonts(chinese_families())]),
        ("settings", lambda: [_settings()]),
        ("configuration", lambda: _configured(place)),
        ("samples", lambda: _samples(place)),
        ("records", lambda: [doctor.judge_store("records", _records(place))]),
        ("backup", lambda: judge_backups(Journal(_backups(place)).entries(), SystemClock().now())),
    ]


def _backups(place: Place) -> Path:
    try:
        return backup_folder(load_settings(config_dir=place.config, data_dir=place.data))
    except ConfigurationError:
        return place.data / "backup"


def _duckdb_version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("duckdb")
    except PackageNotFoundError:
        return ""


def _existing(path: Path) -> Path:
    """Return the nearest folder that exists: where ``path`` would be made."""
    absolute = path.absolute()
    return next(folder for folder in (absolute, *absolute.parents) if folder.exists())


def free_bytes(path: Path) -> int:
    """Return the free space of the file system ``path`` is, or would be, on."""
    return shutil.disk_usage(_existing(path)).free


def unwritable(path: Path) -> str:
    """Return why ``path`` (or the folder it would be made in) cannot be written; empty when it can."""
    folder = _existing(path)
    if not folder.is_dir():
        return f"{folder} is not a folder"
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"\0")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        return error.strerror or str(error)
    return ""


def _port(place: Place) -> Finding:
    try:
        refuse_used_port(place.host, place.port)
    except ConfigurationError as error:
        cause = error.__cause__
        reason = (cause.strerror if isinstance(cause, OSError) else "") or str(error)
        ours = control.is_running(place.data) or control.is_running(place.data / "demo")
        return doctor.judge_port(place.host, place.port, reason, running=ours)
    return doctor.judge_port(place.host, place.port, "", running=False)


def _clock() -> Finding:
    clock = SystemClock()
    wall, steady = clock.now(), clock.monotonic()
    time.sleep(_WATCH_S)
    now = clock.now()
    step_s = (now - wall).total_seconds() - (clock.monotonic() - steady)
    built = datetime.fromtimestamp(Path(__file__).stat().st_mtime, UTC)
    return doctor.judge_clock(now, built, step_s, synchronised=_synchronised())


def _tool(*words: str) -> str | None:
    """Return what a tool of the system prints, None when it is missing or refuses."""
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=_TOOL_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None


def _synchronised() -> bool | None:
    said = _tool("timedatectl", "show", "--property=NTPSynchronized", "--value")
    return {"yes": True, "no": False}.get((said or "").strip())


def chinese_families() -> int | None:
    """Return how many font families cover Chinese, None without fontconfig."""
    listing = _tool("fc-list", ":lang=zh", "family")
    return None if listing is None else len(set(listing.split("\n")) - {""})


def _configured(place: Place) -> list[Finding]:
    """Judge the configuration, and the broker where its gateways need one."""
    try:
        registry = load_registry(place.config, place.data / "config")
    except ConfigurationError as error:
        return [doctor.judge_configuration(0, 0, str(error))]
    counted = doctor.judge_configuration(len(registry.plants), sum(1 for _ in registry.devices()), "")
    return [counted, _broker(place, registry)] + ([] if place.edge else [_villages(place, registry)])


def _villages(place: Place, registry: Registry) -> Finding:
    """Ask the running instance when it last heard of the collectors in villages."""
    plants = sorted({gateway.plant_id for gateway in registry.gateways() if gateway.edge})
    if not plants:
        return doctor.judge_villages(plants, None)
    told = control.call(place.data, "villages", timeout_s=_TOOL_S)
    return doctor.judge_villages(plants, told)


def _broker(place: Place, registry: Registry) -> Finding:
    gateways = sum(gateway.protocol is WireProtocol.MQTT or gateway.edge for gateway in registry.gateways())
    if not gateways or place.broker is None:
        return doctor.judge_broker(gateways, "", "")
    host, port = place.broker
    return doctor.judge_broker(gateways, f"{host}:{port}", unreachable(host, port))


def unreachable(host: str, port: int) -> str:
    """Return why nobody answers there; empty when somebody does."""
    try:
        with socket.create_connection((host, port), timeout=_CONNECT_S):
            return ""
    except OSError as error:
        return error.strerror or str(error)


def _samples(place: Place) -> list[Finding]:
    facts, now = _told(place) if control.is_running(place.data) else (_looked(place), SystemClock().now())
    return [doctor.judge_store("samples", facts), doctor.judge_age(facts, now)]


def _told(place: Place) -> tuple[StoreFacts, datetime]:
    """Return what the running instance says of its store, and its field time."""
    said = control.call(place.data, "status", timeout_s=_TOOL_S) or {}
    newest, now = said.get("newest"), said.get("field_time")
    facts = StoreFacts(
        str(place.samples),
        exists=True,
        owned=True,
        rows=said.get("rows"),
        size_bytes=int(said.get("size_bytes", 0)),
        newest=datetime.fromisoformat(newest) if newest else None,
    )
    return facts, datetime.fromisoformat(now) if now else SystemClock().now()


def _looked(place: Place) -> StoreFacts:
    """Return what opening the store shows while nobody has it."""
    exists = place.samples.exists()
    return doctor.store_facts(str(place.samples), exists=exists, opens=lambda: _open_samples(place.samples))


def _open_samples(path: Path) -> StoreFacts:
    from stores.duckdb import DuckDbStore

    store = DuckDbStore(path, SystemClock(), {})
    try:
        status = store.status()
    finally:
        store.close()
    return StoreFacts(
        str(path), exists=True, rows=status.rows, size_bytes=status.size_bytes, newest=status.newest
    )


def _records(place: Place) -> StoreFacts:
    path = str(place.records)
    if control.is_running(place.data):
        return StoreFacts(path, exists=True, owned=True)
    return doctor.store_facts(path, exists=place.records.exists(), opens=lambda: open_records(place.records))


def open_records(path: Path) -> StoreFacts:
    """Look into the records without changing them.

    Raises
    ------
    StoreVersionError
        A migration this program does not know was applied.
    """
    from stores.records.migrate import known_revisions

    connection = sqlite3.connect(f"file:{quote(str(path.absolute()))}?mode=ro", uri=True, timeout=_CONNECT_S)
    try:
        applied = {str(row[0]) for row in connection.execute("SELECT version_num FROM alembic_version")}
    finally:
        connection.close()
    unknown = applied - set(known_revisions())
    if unknown:
        raise StoreVersionError(f"migration {', '.join(sorted(unknown))} is not known here")
    return StoreFacts(str(path), exists=True, size_bytes=path.stat().st_size)
