"""The conversation with an InfluxDB server of either generation: lines in, InfluxQL out, errors told apart.

The only importer of influxdb_client. Writing is synchronous: the call returns when the server has the lines,
or raises; the library's batching mode (which drops rows in the end) and its own retries are off, because the
spool is what keeps and retries.
"""

import gzip
import io
import json
import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pyarrow as pa
import urllib3
from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.client.write_api import SYNCHRONOUS
from influxdb_client.domain.bucket_retention_rules import BucketRetentionRules
from influxdb_client.domain.dbrp_create import DBRPCreate
from influxdb_client.rest import ApiException
from influxdb_client.service.dbr_ps_service import DBRPsService
from pyarrow import csv

from domain.errors import StoreDeniedError, StoreError, StoreUnavailableError
from stores.influx_names import ident

log = logging.getLogger(__name__)

_CSV, _JSON = "application/csv", "application/json"
_CONNECT_S = 5.0
_COMPRESSION = 1  # higher levels cost six times the time for a fifth of the size
_SENTINEL = "SHOW DATABASES"
_TEXT_COLUMNS = ("name", "tags", "device", "plant", "quantities", "fieldKey", "fieldType")


class TooLargeError(Exception):
    """The server takes no body of this size."""


class RefusedLinesError(Exception):
    """At least one of the lines can never be kept; the server may have kept the others."""


class _MissingDatabaseError(Exception):
    """The database is not there."""


@dataclass(frozen=True)
class Answer:
    """Status and body of an HTTP answer."""

    status: int
    body: bytes
    retry_after_s: float = 0.0

    @property
    def reason(self) -> str:
        """What the server says went wrong."""
        try:
            said = json.loads(self.body)
        except ValueError:
            return self.body.decode("utf-8", "replace").strip()[:300]
        return str(said.get("error") or said.get("message") or said)[:300] if isinstance(said, dict) else ""


class InfluxClient:
    """One server and one database (bucket) on it.

    Parameters
    ----------
    url : str
        Such as ``http://influxdb:8086``.
    database : str
        Database of 1.x, bucket of 2.x; made when missing, to keep for ever.
    org, token : str
        Of 2.x; for 1.x a token ``user:password`` is a login, an empty one none.
    timeout_s : float
        Longest wait for an answer. [s]
    """

    def __init__(self, url: str, database: str, *, org: str, token: str, timeout_s: float = 60.0) -> None:
        self.database = database
        self.url = url.rstrip("/")
        self._org = org
        self._timeout = (int(_CONNECT_S * 1000), int(timeout_s * 1000))
        self._client = self._made(token)
        self._pool = self._client.api_client.rest_client.pool_manager
        self._writer = self._made(token)
        self._writer.api_client.set_default_header("Content-Encoding", "gzip")
        self._write_api = self._writer.write_api(write_options=SYNCHRONOUS)
        self._generation: int | None = None
        self._login = {}
        if token:
            self._login = {"Authorization": f"Token {token}"}
            if ":" in token:
                self._login = dict(urllib3.make_headers(basic_auth=token))
        self._asking = threading.Lock()
        self._making = threading.Lock()
        self._version = ""

    def _made(self, token: str) -> Any:
        return InfluxDBClient(self.url, token, org=self._org, timeout=self._timeout, retries=False)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()
        self._writer.close()

    @property
    def generation(self) -> int:
        """1 or 2 (and above): asked once.

        Raises
        ------
        StoreUnavailableError
            Nobody answers.
        """
        with self._asking:
            if self._generation is None:
                version = self._ask_version()
                self._generation = 1 if version.startswith("1.") else 2
                log.info("InfluxDB %s at %s", version, self.url)
            return self._generation

    def _ask_version(self) -> str:
        answer = self._http("GET", "/ping")
        if answer.status >= 300:
            raise StoreUnavailableError(f"{self.url}/ping answers {answer.status}: {answer.reason}")
        return self._version

    def version(self) -> str:
        """Return what the server calls its version."""
        return self._version

    # HTTP

    def _http(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        connect_ms, read_ms = self._timeout
        try:
            answer = self._pool.request(
                method,
                f"{self.url}{path}",
                body=body,
                headers={**self._login, **(headers or {})},
                timeout=urllib3.Timeout(connect=connect_ms / 1000, read=read_ms / 1000),
                retries=False,
            )
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise self._away(error) from error
        self._version = answer.headers.get("X-Influxdb-Version", "").removeprefix("v") or self._version
        return Answer(answer.status, answer.data, _seconds(answer.headers.get("Retry-After")))

    def _away(self, error: Exception) -> StoreUnavailableError:
        return StoreUnavailableError(f"InfluxDB at {self.url} does not answer: {error}")

    def _check(self, answer: Answer) -> None:
        """Raise what the status means; 2xx means well."""
        if answer.status < 300:
            return
        said = f"InfluxDB at {self.url} answers {answer.status}: {answer.reason}"
        if answer.status in {401, 403}:
            message = f"{said}. The token is not accepted: put a valid one into the file PVMON_INFLUX_TOKEN_FILE names"
            raise StoreDeniedError(message)
        if answer.status == 404:
            raise _MissingDatabaseError(said)
        if answer.status == 413:
            raise TooLargeError(said)
        if answer.status in {400, 422}:
            raise RefusedLinesError(answer.reason)
        raise StoreUnavailableError(said, answer.retry_after_s)

    # lines in

    def write(self, lines: bytes) -> None:
        """Hand over lines; when this returns, the server has them.

        Raises
        ------
        StoreUnavailableError
            Away, overloaded, or it does not accept the token; nothing may be taken as kept.
        TooLargeError, RefusedLinesError
            Send less; or look for the bad line.
        """
        body = gzip.compress(lines, _COMPRESSION)
        try:
            self._check(self._posted(body))
        except _MissingDatabaseError:
            self.create()
            try:
                self._check(self._posted(body))
            except _MissingDatabaseError as error:
                raise StoreUnavailableError(f"{error}") from error

    def _posted(self, body: bytes) -> Answer:
        if self.generation == 1:
            where = urlencode({"db": self.database, "precision": "ns"})
            return self._http("POST", f"/write?{where}", body, {"Content-Encoding": "gzip"})
        try:
            self._write_api.write(self.database, self._org, body)
        except ApiException as error:
            return self._refusal(error)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise self._away(error) from error
        return Answer(204, b"")

    def _refusal(self, error: ApiException) -> Answer:
        if not error.status:
            raise self._away(error) from error
        body = error.body or b""
        wait_s = _seconds(error.headers.get("Retry-After") if error.headers else None)
        return Answer(int(error.status), body if isinstance(body, bytes) else str(body).encode(), wait_s)

    def create(self, retention_days: int = 0) -> None:
        """Make the database (the bucket and its InfluxQL name); one that is there keeps its rows and its retention.

        Parameters
        ----------
        retention_days : int
            How long rows stay; 0 for ever. [d]
        """
        log.info("making database %s", self.database)
        if self.generation == 1:
            duration = f"{retention_days}d" if retention_days else "INF"
            text = f"CREATE DATABASE {ident(self.database)} WITH DURATION {duration} NAME autogen"
            self._check_query(self._queried(text, _JSON))
            return
        try:
            self._create_bucket(retention_days)
        except ApiException as error:
            self._check_query(self._refusal(error))

    def retention_days(self) -> int:
        """Return how long the server keeps rows, 0 for ever. [d]"""
        if self.generation > 1:
            bucket = self._bucket()
            rules = [rule.every_seconds for rule in bucket.retention_rules] if bucket else []
            return max(rules, default=0) // 86_400
        answer = self._queried(f"SHOW RETENTION POLICIES ON {ident(self.database)}", _JSON)
        self._check_query(answer)
        (policy,) = json.loads(answer.body)["results"][0]["series"][0]["values"]
        hours, unit, _ = str(policy[1]).partition("h")  # "9600h0m0s", or "0s" for ever
        return int(hours) // 24 if unit else 0

    def _create_bucket(self, retention_days: int) -> None:
        """Make bucket and name; threads come here one by one, another process may be as quick as this one."""
        with self._making:
            bucket = self._bucket() or self._made_bucket(retention_days)
            mappings = DBRPsService(self._client.api_client)  # type: ignore[no-untyped-call]
            wanted = DBRPCreate(  # type: ignore[no-untyped-call]
                org=self._org,
                bucket_id=bucket.id,
                database=self.database,
                retention_policy="autogen",
                default=True,
            )
            if not self._is_mapped(mappings):
                try:
                    mappings.post_dbrp(wanted)  # type: ignore[no-untyped-call]
                except ApiException:
                    if not self._is_mapped(mappings):
                        raise

    def _bucket(self) -> Any:
        return self._client.buckets_api().find_bucket_by_name(self.database)

    def _made_bucket(self, retention_days: int) -> Any:
        kept = BucketRetentionRules(type="expire", every_seconds=retention_days * 86_400)  # type: ignore[no-untyped-call]
        try:
            return self._client.buckets_api().create_bucket(
                bucket_name=self.database, retention_rules=kept, org=self._org
            )
        except ApiException:
            found = self._bucket()
            if found is None:
                raise
            return found

    def _is_mapped(self, mappings: Any) -> bool:
        return bool(mappings.get_dbr_ps(org=self._org, db=self.database).content)

    # InfluxQL out

    def _queried(self, text: str, accept: str) -> Answer:
        where = urlencode(
            {"db": self.database, "org": self._org} if self.generation > 1 else {"db": self.database}
        )
        headers = {
            "Accept": accept,
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept-Encoding": "gzip",
        }
        return self._http("POST", f"/query?{where}", urlencode({"q": text}).encode(), headers)

    def _check_query(self, answer: Answer) -> None:
        try:
            self._check(answer)
        except _MissingDatabaseError as error:
            raise StoreUnavailableError(f"{error}") from error
        except (RefusedLinesError, TooLargeError) as error:
            raise StoreError(f"InfluxDB at {self.url} cannot answer: {error}") from error

    def query(self, text: str) -> list[pa.Table]:
        """Return one table per statement (and set of columns) that has rows; statements without rows leave none.

        The CSV form of an answer is silent about a statement that failed: a last statement is added that always
        has an answer and is only carried out when all before it were.

        Raises
        ------
        StoreUnavailableError
            Away, or it stopped half way.
        """
        for _ in range(2):
            try:
                answer = self._queried(f"{text}; {_SENTINEL}", _CSV)
                self._check(answer)
            except _MissingDatabaseError:
                self.create()
                continue
            except (RefusedLinesError, TooLargeError) as error:
                raise StoreError(f"InfluxDB at {self.url} cannot answer: {error}") from error
            blocks = answer.body.rstrip(b"\n").split(b"\n\n")
            if blocks[-1].startswith(b"name,tags,name"):
                return [_table(block) for block in blocks[:-1]]
            self._explain(text)
        raise StoreUnavailableError(f"InfluxDB at {self.url} stopped in the middle of an answer; ask again")

    def _explain(self, text: str) -> None:
        """Ask again in the form that names errors; make the database when that is what is missing."""
        answer = self._queried(text, _JSON)
        self._check_query(answer)
        results = json.loads(answer.body).get("results", [])
        reasons = [str(result["error"]) for result in results if "error" in result]
        unmade = (
            "database not found",
            "default retention policy not set",  # what 2.x says of a SHOW
            "not executed",  # all that 1.x says of several statements
        )
        if not results or any(reason.startswith(unmade) for reason in reasons):
            self.create()
        elif reasons:
            raise StoreUnavailableError(f"InfluxDB at {self.url} could not carry out a query: {reasons[0]}")

    def delete(self, measurement: str, start: datetime, end: datetime) -> None:
        """Delete the rows of a measurement from ``start`` to before ``end``.

        Raises
        ------
        StoreUnavailableError
            Away, or it does not do that now; rows may be gone in part.
        """
        if self.generation == 1:
            span = f"time >= '{start:%Y-%m-%dT%H:%M:%SZ}' AND time < '{end:%Y-%m-%dT%H:%M:%SZ}'"
            self._check_query(self._queried(f"DELETE FROM {ident(measurement)} WHERE {span}", _JSON))  # noqa: S608 (our own names)
            return
        last = end - timedelta(microseconds=1)  # this interface takes both ends in
        try:
            self._client.delete_api().delete(
                start, last, f'_measurement="{measurement}"', bucket=self.database, org=self._org
            )
        except ApiException as error:
            self._check_query(self._refusal(error))
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise self._away(error) from error

    def size_bytes(self) -> int:
        """Return the size on disk as 1.x tells it; 0 where the server does not tell."""
        if self.generation > 1:
            return 0
        answer = self._queried("SHOW STATS FOR 'shard'", _JSON)
        self._check_query(answer)
        results = json.loads(answer.body).get("results", [])
        return sum(
            int(row[series["columns"].index("diskBytes")])
            for result in results
            for series in result.get("series", [])
            if series.get("tags", {}).get("database") == self.database
            for row in series["values"]
        )


def _seconds(text: str | None) -> float:
    """Return the seconds of a Retry-After header, 0 where it says none."""
    return float(text) if text and text.strip().isdigit() else 0.0


def _table(block: bytes) -> pa.Table:
    """Return one block of an answer; texts and instants are named, everything else is a number."""
    names = block[: block.index(b"\n")].decode().split(",")
    types = {name: pa.float64() for name in names}
    types |= {name: pa.string() for name in _TEXT_COLUMNS if name in types}
    if "key" in types:  # SHOW TAG VALUES
        types |= {"key": pa.string(), "value": pa.string()}
    types |= {"time": pa.int64()} if "time" in types else {}
    return csv.read_csv(io.BytesIO(block), convert_options=csv.ConvertOptions(column_types=types))
