"""How this process runs: one typed table, filled from the environment; every field is in docs/settings.md.

Only the wiring reads `Settings`; everyone else is given the one value needed. Secrets come from files
(``PVMON_…_FILE``), never from a value in the environment that any `ps` or crash report could show.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from domain.errors import ConfigurationError
from main.registry.problem import nearest

PREFIX = "PVMON_"
SECRET_LENGTH_MIN = 16
_DEFAULT_WORDS = re.compile(
    r"(change.?me|changeit|default|example|password|passw0rd|secret|admin|pvmon|token|123456|qwerty)",
    re.IGNORECASE,
)
_FORBIDDEN = {
    "DASH_MCP_ENABLED": "it would open the pages' callbacks to any program without a login; unset it",
}
# Read elsewhere: the language before there are settings, and what the tests are told.
OTHER_VARIABLES = frozenset(
    {
        "PVMON_LANG",
        "PVMON_REQUIRE",
        "PVMON_TEST_DATA",
        "PVMON_TEST_INFLUX_ORG",
        "PVMON_TEST_INFLUX_TOKEN",
        "PVMON_TEST_INFLUX_URL",
    }
)
_LOCAL_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})


class Settings(BaseSettings):
    """How this process runs. Frozen; unknown ``PVMON_`` variables are refused by `load_settings`."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid", env_ignore_empty=True)

    config_dir: Path = Field(Path("config"), description="Folder of the delivered configuration, read-only.")
    data_dir: Path = Field(
        Path("data"),
        description="Folder of everything written: samples, records, queue, changed configuration.",
    )
    profiles_dir: Path | None = Field(
        None,
        description="Folder of device profiles that add to or replace those of the program; read at the start.",
    )
    host: str = Field("127.0.0.1", description="Address the web server listens on.")
    port: int = Field(8050, ge=1, le=65_535, description="Port the web server listens on.")
    public_url: str = Field(
        "",
        pattern=r"^(https?://[^\s/]+(/[^\s]*)?)?$",
        description="Address people type, such as https://pv.example.cn; empty: that of host and port.",
    )
    language: Literal["zh", "en"] = Field(
        "zh", description="Language of prints and of people who chose none."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="How much is logged.")
    store: Literal["duckdb", "influx"] = Field("duckdb", description="Where measurements are kept.")
    store_memory_mb: int = Field(
        512, ge=64, le=65_536, description="Most memory DuckDB takes for its work. [MB]"
    )
    records_url: str = Field(
        "",
        description="SQLAlchemy address of users, job runs and audit; empty: an SQLite file in the data folder.",
    )
    records_password_file: Path | None = Field(
        None, description="File with the password that goes into records_url."
    )
    influx_url: str = Field("", description="Address of InfluxDB when store is influx.")
    influx_org: str = Field("pvmon", description="Organisation in InfluxDB.")
    influx_bucket: str = Field("pvmon", description="Bucket (database) in InfluxDB.")
    influx_token_file: Path | None = Field(None, description="File with the token of InfluxDB.")
    mqtt_url: str = Field(
        "",
        pattern=r"^(mqtts?://[^\s/@]+)?$",
        description="Broker, such as mqtts://broker:8883, without user and password; empty: no broker.",
    )
    mqtt_user: str = Field("", description="User name at the broker.")
    mqtt_password_file: Path | None = Field(None, description="File with the password at the broker.")
    mqtt_ca_file: Path | None = Field(
        None, description="Certificate of the authority the broker is checked against; empty: the system's."
    )
    mqtt_certificate_file: Path | None = Field(None, description="Our client certificate at the broker.")
    mqtt_key_file: Path | None = Field(None, description="Key of the client certificate.")
    edge_plant: str = Field(
        "",
        pattern=r"^[A-Za-z0-9_.-]*$",
        description="Plant whose devices `pvmon edge` polls on this machine.",
    )
    session_secret_file: Path | None = Field(
        None,
        description="File with the key that signs cookies; empty: made once and kept in the data folder.",
    )
    live_days: int = Field(90, ge=7, le=3660, description="Days one-minute rows stay in the live file. [d]")
    archive_years: int = Field(3, ge=0, le=100, description="Years one-minute rows stay in the archive. [a]")
    backup_dir: Path | None = Field(
        None, description="Folder of the backups; empty: backup in the data folder."
    )
    backup_second_dir: Path | None = Field(
        None, description="Second place of every backup, on another disk or machine (stick, share)."
    )
    backup_keep_days: int = Field(7, ge=1, le=3660, description="Days of which the newest backup stays. [d]")
    backup_keep_months: int = Field(3, ge=0, le=600, description="Months of which the newest backup stays.")
    metrics_token_file: Path | None = Field(
        None, description="File with the token that opens /metrics from elsewhere; empty: this machine only."
    )
    api_per_minute: int = Field(
        120, ge=1, le=100_000, description="Requests a minute a token of the data interface may make."
    )
    proxy_hops: int = Field(
        0,
        ge=0,
        le=3,
        description="Reverse proxies in front whose headers are believed; public_url must then be https.",
    )
    tls_certificate_file: Path | None = Field(
        None,
        description="Certificate (PEM) the pages are served with; empty: on loopback plain, elsewhere our own.",
    )
    tls_key_file: Path | None = Field(None, description="Key of that certificate.")
    screen_token_file: Path | None = Field(
        None,
        description="File with the token that opens the wall screen without a login; empty: a login only.",
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 (the library's signature)
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 (the library's signature)
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 (the library's signature)
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take what the caller gives, then the environment; nothing else."""
        return init_settings, env_settings

    @model_validator(mode="after")
    def _agree(self) -> Self:
        for name, reason in forbidden(os.environ):
            raise ValueError(f"{name}: {reason}")
        self.check_secrets()
        if self.store == "influx" and not (self.influx_url and self.influx_token_file):
            raise ValueError("store influx needs PVMON_INFLUX_URL and PVMON_INFLUX_TOKEN_FILE")
        if self.mqtt_user and self.mqtt_password_file is None:
            raise ValueError("mqtt_user needs PVMON_MQTT_PASSWORD_FILE")
        if (self.mqtt_certificate_file is None) != (self.mqtt_key_file is None):
            raise ValueError("mqtt_certificate_file and mqtt_key_file go together")
        if (self.tls_certificate_file is None) != (self.tls_key_file is None):
            raise ValueError("tls_certificate_file and tls_key_file go together")
        if re.search(r"://[^/@\s]*:[^/@\s]+@", self.records_url):
            raise ValueError("records_url holds a password; put it into PVMON_RECORDS_PASSWORD_FILE")
        if self.public_url.startswith("http://") and self._public_host() not in _LOCAL_HOSTS:
            raise ValueError(
                "public_url must begin with https:// (logins would cross the network in the clear)"
            )
        return self

    def _public_host(self) -> str:
        return (
            self.public_url.removeprefix("http://").partition("/")[0].rpartition(":")[0]
            or (self.public_url.removeprefix("http://").partition("/")[0])
        )

    @property
    def overlay_dir(self) -> Path:
        """Folder of the configuration written by commands."""
        return self.data_dir / "config"

    def influx_token(self) -> SecretStr | None:
        """Return the token of InfluxDB, None when no file is named; ConfigurationError when it is no good."""
        return _secret("influx_token_file", self.influx_token_file)

    def mqtt_password(self) -> SecretStr | None:
        """Return the password at the broker, None when no file is named; ConfigurationError when it is no good."""
        return _secret("mqtt_password_file", self.mqtt_password_file)

    def records_password(self) -> SecretStr | None:
        """Return the password of the records database, None when no file is named."""
        return _secret("records_password_file", self.records_password_file)

    def session_secret(self) -> SecretStr | None:
        """Return the key that signs cookies, None when no file is named; ConfigurationError when it is no good."""
        return _secret("session_secret_file", self.session_secret_file)

    def metrics_token(self) -> SecretStr | None:
        """Return the token that opens /metrics, None when no file is named."""
        return _secret("metrics_token_file", self.metrics_token_file)

    def screen_token(self) -> SecretStr | None:
        """Return the token of the wall screen, None when no file is named."""
        return _secret("screen_token_file", self.screen_token_file)

    def check_secrets(self) -> None:
        """Read every named secret once, so that a bad one stops the start and not the night.

        Raises
        ------
        ConfigurationError
            A file is missing, empty, short or holds a default.
        """
        self.secret_values()

    def secret_values(self) -> list[str]:
        """Return every secret that is named, so that the log can mask it."""
        read = (
            self.influx_token,
            self.mqtt_password,
            self.records_password,
            self.session_secret,
            self.metrics_token,
            self.screen_token,
        )
        return [found.get_secret_value() for each in read if (found := each()) is not None]


def _secret(field: str, path: Path | None) -> SecretStr | None:
    if path is None:
        return None
    name = f"{PREFIX}{field.upper()}"
    try:
        text = path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not text"
        raise ConfigurationError(f"{name}: {path} cannot be read ({reason})") from error
    reason = weakness(text)
    if reason:
        raise ConfigurationError(
            f"{name}: {path} {reason}; write a random one: openssl rand -hex 32 > {path}"
        )
    return SecretStr(text)


def weakness(secret: str) -> str:
    """Return why ``secret`` may not be used, or an empty string. The reason never repeats it."""
    if not secret:
        return "is empty"
    if len(secret) < SECRET_LENGTH_MIN:
        return f"has {len(secret)} characters, {SECRET_LENGTH_MIN} at least"
    if len(set(secret)) < 6:
        return "repeats a few characters"
    if len(_DEFAULT_WORDS.sub("", secret)) < SECRET_LENGTH_MIN // 2:
        return "is a default or example"
    return ""


class _Given(Settings):
    """Settings of a mapping and nothing else: the process's own environment stays out."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 (the library's signature)
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003 (the library's signature)
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 (the library's signature)
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 (the library's signature)
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take only what is given."""
        return (init_settings,)


def load_settings(environment: Mapping[str, str] | None = None, **given: object) -> Settings:
    """Return the settings of ``environment`` (the process's own by default), what is ``given`` on top.

    ``given`` comes from the command line; None means not said.

    Raises
    ------
    ConfigurationError
        A value is wrong, a secret is weak, a ``PVMON_`` variable is not known, or a forbidden one is set.
        Every fault is named, no secret is repeated.
    """
    found = os.environ if environment is None else environment
    faults = [f"{name}: {reason}" for name, reason in forbidden(found)] + _unknown(found)
    values: dict[str, Any] = {
        name: found[variable]
        for name in Settings.model_fields
        if found.get(variable := f"{PREFIX}{name.upper()}")
    }
    values |= {name: value for name, value in given.items() if value is not None}
    try:
        settings = _Given(**values)
    except ValidationError as error:
        faults += [
            _said(one["loc"], one["msg"]) for one in error.errors(include_input=False, include_url=False)
        ]
        raise ConfigurationError("\n".join(faults)) from None
    if faults:
        raise ConfigurationError("\n".join(faults))
    return settings


def forbidden(environment: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return variables that must not be set, each with the reason."""
    return [(name, reason) for name, reason in _FORBIDDEN.items() if _is_on(environment.get(name, ""))]


def _is_on(value: str) -> bool:
    return value.strip().lower() not in {"", "0", "false", "no", "off"}


def _unknown(environment: Mapping[str, str]) -> list[str]:
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields} | OTHER_VARIABLES
    return [
        f"{name}: there is no such setting{f'; did you mean {meant}?' if meant else ''}"
        for name in sorted(environment)
        if name.startswith(PREFIX) and name not in known
        for meant in (nearest(name, known),)
    ]


def _said(place: tuple[int | str, ...], reason: str) -> str:
    where = f"{PREFIX}{str(place[0]).upper()}" if place else "settings"
    return f"{where}: {reason.removeprefix('Value error, ')}"
