"""From settings to the parts of the program: the one place that chooses implementations."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from collectors.history import History
from collectors.mqtt import Broker
from collectors.spool import Spool
from commands.authenticate import Authenticate
from commands.passwords import Passwords
from domain.clock import Clock, SystemClock
from domain.errors import ConfigurationError
from domain.plant import DeviceKind, Registry, WireProtocol
from inverters.profile import DeviceProfile, load_profiles
from jobs.generation import Generation
from main.configuration import load_registry
from main.settings import Settings
from stores.duckdb import DuckDbStore
from stores.mark_protocol import MarkStore
from stores.protocol import MeasurementStore
from stores.records.database import sqlite_url, with_password
from stores.records.store import SqlRecordStore

log = logging.getLogger(__name__)
_MQTT_PORT, _MQTTS_PORT = 1883, 8883
_SYSTEM_CA = "/etc/ssl/certs/ca-certificates.crt"


@dataclass(frozen=True)
class Options:
    """What a process is made of. ``clock`` is field time; ``broker`` None where no gateway publishes."""

    settings: Settings
    registry: Registry
    profiles: Mapping[str, DeviceProfile]
    clock: Clock
    broker: Broker | None = None
    demonstration: bool = False

    @property
    def data(self) -> Path:
        """Folder of everything written."""
        return self.settings.data_dir


def options_from(settings: Settings) -> Options:
    """Read configuration and profiles.

    Raises
    ------
    ConfigurationError
        Lists every problem of every file.
    """
    overlay = settings.overlay_dir
    profiles = load_profiles(settings.profiles_dir)
    registry = load_registry(settings.config_dir, overlay if overlay.is_dir() else None, profiles=profiles)
    return Options(settings, registry, profiles, SystemClock(), broker_from(settings, registry))


def broker_from(settings: Settings, registry: Registry) -> Broker | None:
    """Return the broker to listen at: the one of the settings, else the one the gateways are told."""
    if settings.mqtt_url:
        at = urlsplit(settings.mqtt_url)
        secure = at.scheme == "mqtts"
        password = settings.mqtt_password()
        return Broker(
            at.hostname or "127.0.0.1",
            at.port or (_MQTTS_PORT if secure else _MQTT_PORT),
            username=settings.mqtt_user or None,
            password=password.get_secret_value() if password else None,
            ca_file=str(settings.mqtt_ca_file or _SYSTEM_CA) if secure else None,
            certificate=str(settings.mqtt_certificate_file) if settings.mqtt_certificate_file else None,
            key=str(settings.mqtt_key_file) if settings.mqtt_key_file else None,
        )
    found = next((g for g in registry.gateways() if g.protocol is WireProtocol.MQTT), None)
    if found is None and any(gateway.edge for gateway in registry.gateways()):
        log.warning("villages send on what they read, but no broker is set: give PVMON_MQTT_URL")
    return Broker(found.host, found.port) if found else None


def device_kinds(registry: Registry) -> dict[str, DeviceKind]:
    """Return the kind of every device, by id."""
    return {device.device_id: device.kind for device in registry.devices()}


def open_store(options: Options) -> MeasurementStore:
    """Open the sample store the settings name."""
    settings = options.settings
    if settings.store == "influx":
        from stores.influx import InfluxStore

        token = settings.influx_token()
        return InfluxStore(
            settings.influx_url,
            settings.influx_bucket,
            device_kinds(options.registry),
            org=settings.influx_org,
            token=token.get_secret_value() if token else "",
        )
    folder = options.data / "samples"
    folder.mkdir(parents=True, exist_ok=True)
    return DuckDbStore(
        folder / "samples.duckdb",
        options.clock,
        device_kinds(options.registry),
        memory_limit_mb=settings.store_memory_mb,
        ends_tidy=not options.demonstration,  # its folder is made anew each time
    )


def records_address(settings: Settings) -> str:
    """Return the address of the records, its password put in; without a name an SQLite file in the data folder."""
    if not settings.records_url:
        return sqlite_url(settings.data_dir / "records" / "records.sqlite")
    password = settings.records_password()
    url = settings.records_url
    return with_password(url, password.get_secret_value()) if password else url


def open_records(settings: Settings) -> SqlRecordStore:
    """Open the records the settings name."""
    return SqlRecordStore(records_address(settings))


def open_spool(data: Path) -> Spool:
    """Open the queue of a data folder."""
    folder = data / "spool"
    folder.mkdir(parents=True, exist_ok=True)
    return Spool(folder / "spool.sqlite")


def generation_of(history: History, store: MeasurementStore, clock: Clock) -> Generation | None:
    """Return what finds a store that was put back, where the store can keep a mark."""
    return (
        Generation(history, store, clock, SystemClock().monotonic) if isinstance(store, MarkStore) else None
    )


def refuse_single_process_store(settings: Settings, verb: str) -> None:
    """Say plainly why a server role cannot run on the embedded store.

    Raises
    ------
    ConfigurationError
        The store lets one process in; the roles are several.
    """
    if settings.store == "duckdb":
        raise ConfigurationError(
            f"`pvmon {verb}` is one of several processes, and a DuckDB file lets only one in: "
            "use `pvmon run`, or set PVMON_STORE=influx with PVMON_INFLUX_URL and PVMON_INFLUX_TOKEN_FILE"
        )


def with_data(settings: Settings, data: Path) -> Settings:
    """Return the settings with another data folder."""
    return settings.model_copy(update={"data_dir": data})


def with_registry(options: Options, registry: Registry) -> Options:
    """Return the options with another registry."""
    return replace(options, registry=registry)


def authenticate_on(records: SqlRecordStore, field_clock: Clock) -> Authenticate:
    """Return logins for acts of the command line: by password, never half way to a second factor."""
    return Authenticate(records, Passwords(), SystemClock(), field_clock=field_clock)
