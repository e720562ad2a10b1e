"""The part of InfluxDB 2.x's interface the store uses, over a server of 1.x that keeps the rows.

It checks our half of the conversation: token, gzip, organisation, bucket and mapping made before the first
line is taken. It is no InfluxDB 2.x; that one is asked where PVMON_TEST_INFLUX_URL names one.
"""

import contextlib
import gzip
import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

ORG, TOKEN = "pvmon", "invented-token-of-the-tests"


class SecondGeneration(ThreadingHTTPServer):
    """Buckets, mappings, and what was asked."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, behind: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.behind = behind
        self.buckets: dict[str, str] = {}
        self.mappings: set[str] = set()
        self.writes: list[dict[str, str]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: SecondGeneration

    def do_GET(self) -> None:
        path, given = self._parts()
        if path == "/ping":
            self._say(204)
        elif self._is_refused():
            self._say(401, {"code": "unauthorized", "message": "unauthorized access"})
        elif path == "/api/v2/buckets":
            found = [self._bucket(name) for name in self.server.buckets if name == given.get("name")]
            self._say(200, {"buckets": found})
        elif path == "/api/v2/orgs":
            self._say(200, {"orgs": [{"id": "00000000000000aa", "name": ORG}]})
        else:
            self._say(200, {"content": [self._mapping(n) for n in self.server.mappings if n == given["db"]]})

    def do_POST(self) -> None:
        path, given = self._parts()
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self._is_refused():
            self._say(401, {"code": "unauthorized", "message": "unauthorized access"})
        elif path == "/api/v2/buckets":
            name = json.loads(body)["name"]
            if name in self.server.buckets:  # as 2.7 answers
                self._say(422, {"code": "conflict", "message": f"bucket with name {name} already exists"})
                return
            self.server.buckets[name] = f"{len(self.server.buckets):016x}"
            self._say(201, self._bucket(name))
        elif path == "/api/v2/dbrps":
            name = json.loads(body)["database"]
            self.server.mappings.add(name)
            self._relay(
                "/query", urllib.parse.urlencode({"q": f'CREATE DATABASE "{name}"'}).encode(), keep=False
            )
            self._say(201, self._mapping(name))
        elif given.get("bucket", given.get("db")) not in self.server.mappings:
            self._say(404, {"code": "not found", "message": "bucket not found"})
        elif path == "/api/v2/write":
            self.server.writes.append({**given, "encoding": self.headers["Content-Encoding"]})
            query = urllib.parse.urlencode({"db": given["bucket"], "precision": given["precision"]})
            self._relay(f"/write?{query}", gzip.decompress(body))
        elif path == "/api/v2/delete":
            self._delete(given["bucket"], json.loads(body))
        else:
            self._relay(f"/query?db={given['db']}", body)

    def _delete(self, bucket: str, asked: dict[str, str]) -> None:
        """Delete as 2.x does: from ``start`` to ``stop``, both included, what the predicate names."""
        measurement = asked["predicate"].partition("=")[2]
        text = f"DELETE FROM {measurement} WHERE time >= '{asked['start']}' AND time <= '{asked['stop']}'"
        self._relay(f"/query?db={bucket}", urllib.parse.urlencode({"q": text}).encode(), keep=False)
        self._say(204)

    def _parts(self) -> tuple[str, dict[str, str]]:
        parts = urllib.parse.urlsplit(self.path)
        return parts.path, dict(urllib.parse.parse_qsl(parts.query))

    def _is_refused(self) -> bool:
        return self.headers.get("Authorization") != f"Token {TOKEN}"

    def _bucket(self, name: str) -> dict[str, Any]:
        return {
            "id": self.server.buckets[name],
            "name": name,
            "retentionRules": [],
            "orgID": "00000000000000aa",
        }

    def _mapping(self, name: str) -> dict[str, Any]:
        return {
            "id": self.server.buckets[name],
            "orgID": "00000000000000aa",
            "bucketID": self.server.buckets[name],
            "database": name,
            "retention_policy": "autogen",
            "default": True,
        }

    def _relay(self, path: str, body: bytes, *, keep: bool = True) -> None:
        headers = {
            "Accept": self.headers.get("Accept", ""),
            "Content-Type": "application/x-www-form-urlencoded",
        }
        request = urllib.request.Request(self.server.behind + path, data=body, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                status, said = answer.status, answer.read()
        except urllib.error.HTTPError as error:
            status, said = error.code, error.read()
        if keep:
            self._send(status, said)

    def _say(self, status: int, document: dict[str, Any] | None = None) -> None:
        self._send(status, b"" if document is None else json.dumps(document).encode(), "application/json")

    def _send(self, status: int, body: bytes, kind: str = "text/csv") -> None:
        self.send_response(status)
        self.send_header("X-Influxdb-Version", "v2.7.12")
        if status != 204:
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if status != 204:
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the library's name)
        """Keep quiet."""


@contextlib.contextmanager
def second_generation(behind: str) -> Iterator[SecondGeneration]:
    """Serve for as long as the block lasts."""
    with SecondGeneration(behind) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()
