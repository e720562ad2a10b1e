"""Stores named on the command line: ``duckdb:FILE``, ``influx:URL/BUCKET``, or the one of the settings."""

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from domain.clock import Clock
from domain.errors import CommandError
from domain.plant import DeviceKind
from main.settings import Settings
from stores.protocol import ListingStore


def named_store(
    name: str,
    settings: Settings,
    devices: Mapping[str, DeviceKind],
    clock: Clock,
    token_file: Path | None = None,
) -> ListingStore:
    """Open the store that was named.

    Raises
    ------
    CommandError
        The name is none, or its token cannot be read.
    """
    kind, _, where = name.partition(":")
    if kind == "duckdb":
        from stores.duckdb import DuckDbStore

        path = Path(where) if where else settings.data_dir / "samples" / "samples.duckdb"
        return DuckDbStore(path, clock, devices, memory_limit_mb=settings.store_memory_mb)
    if kind != "influx":
        raise CommandError(f"{name!r}: name a store as duckdb:FILE or influx:URL/BUCKET")
    from stores.influx import InfluxStore

    url, bucket = influx_address(where, settings)
    token = _token(settings, token_file)
    return InfluxStore(url, bucket, devices, org=settings.influx_org, token=token, clock=clock)


def influx_address(where: str, settings: Settings) -> tuple[str, str]:
    """Return address and bucket of ``http://host:8086/bucket``; nothing means those of the settings."""
    if not where and settings.influx_url:
        return settings.influx_url, settings.influx_bucket
    parts = urlsplit(where)
    bucket = parts.path.strip("/")
    if parts.scheme not in {"http", "https"} or not parts.netloc or not bucket or "/" in bucket:
        raise CommandError(
            f"influx:{where}: give address and bucket, such as influx:http://127.0.0.1:8086/pvmon"
        )
    return f"{parts.scheme}://{parts.netloc}", bucket


def _token(settings: Settings, token_file: Path | None) -> str:
    if token_file is not None:
        try:
            return token_file.read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{token_file}: cannot be read ({error})") from error
    token = settings.influx_token()
    return token.get_secret_value() if token else ""
