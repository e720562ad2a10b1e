"""How the pages are reached: plain on loopback only, TLS or a named proxy elsewhere."""

import contextlib
import http.client
import json
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, request

from domain.clock import SystemClock
from domain.errors import ConfigurationError
from main.network import Reach, is_loopback, reach_of
from main.settings import load_settings
from main.tls.certificates import Authority
from main.tls.front import context_of
from main.web import WebServer

EVERYWHERE = "0.0.0.0"


def _app() -> Flask:
    app = Flask("told", static_folder=None)

    @app.route("/told")
    def told() -> dict[str, Any]:
        return {"address": request.remote_addr, "scheme": request.scheme, "secure": request.is_secure}

    @app.route("/large")
    def large() -> bytes:
        return b"x" * 3_000_000

    return app


@contextmanager
def _served(reach: Reach) -> Iterator[WebServer]:
    server = WebServer(_app(), reach)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def _settings(folder: Path, **given: object) -> Any:
    return load_settings({}, data_dir=folder, **given)


def _port(server: WebServer) -> int:
    return int(server.url.rpartition(":")[2])


@pytest.fixture
def own(tmp_path: Path) -> Reach:
    """How a server on every address is reached, with a certificate of its own."""
    from dataclasses import replace

    found = reach_of(_settings(tmp_path, host=EVERYWHERE, public_url="https://pv.example.cn"), SystemClock())
    return replace(found, host="127.0.0.1", port=0)


def test_loopback_is_plain_and_any_other_address_is_https(tmp_path: Path) -> None:
    for host in ("127.0.0.1", "localhost", "::1"):
        assert not reach_of(_settings(tmp_path, host=host), SystemClock()).is_tls
    assert not (tmp_path / "tls").exists()
    for host in (EVERYWHERE, "192.0.2.8", "pv.example.cn"):
        found = reach_of(_settings(tmp_path, host=host), SystemClock())
        assert found.is_tls
        assert found.authority == tmp_path / "tls" / "ca.crt"


def test_what_is_not_loopback_never_serves_plain() -> None:
    for host in (EVERYWHERE, "192.0.2.8", "::"):
        assert not is_loopback(host)
        with pytest.raises(ConfigurationError, match="plain http"):
            WebServer(_app(), Reach(host, 0))


def test_the_own_certificate_is_believed_by_who_has_the_authority_and_tells_who_calls(own: Reach) -> None:
    with _served(own) as server:
        trusted = ssl.create_default_context(cafile=str(own.authority))
        connection = http.client.HTTPSConnection("127.0.0.1", _port(server), context=trusted, timeout=20)
        connection.request("GET", "/told", headers={"X-Forwarded-For": "198.51.100.1"})
        assert json.load(connection.getresponse()) == {
            "address": "127.0.0.1",
            "scheme": "https",
            "secure": True,
        }
        connection.request("GET", "/large")
        assert len(connection.getresponse().read()) == 3_000_000
        connection.close()
        stranger = http.client.HTTPSConnection(
            "127.0.0.1", _port(server), context=ssl.create_default_context(), timeout=20
        )
        with contextlib.closing(stranger), pytest.raises(ssl.SSLCertVerificationError):
            stranger.request("GET", "/told")


def test_old_protocols_and_plain_http_get_nothing_from_the_front(own: Reach) -> None:
    with _served(own) as server:
        plain = socket.create_connection(("127.0.0.1", _port(server)), timeout=20)
        plain.sendall(b"GET /told HTTP/1.1\r\nHost: x\r\n\r\n")
        with plain:
            assert b"address" not in _all_of(plain)
    assert own.certificate is not None
    assert own.key is not None
    assert context_of(own.certificate, own.key).minimum_version is ssl.TLSVersion.TLSv1_2


def _all_of(connection: socket.socket) -> bytes:
    found = b""
    try:
        while part := connection.recv(4096):
            found += part
    except OSError:
        return found
    return found


def test_the_server_behind_the_front_answers_nobody_who_goes_around(own: Reach) -> None:
    with _served(own) as server:
        inner = int(server._server.effective_port)
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", inner, timeout=20)) as connection:
            connection.request("GET", "/told")
            assert connection.getresponse().status == 403


def test_a_certificate_that_is_there_is_kept(tmp_path: Path) -> None:
    folder = tmp_path / "tls"
    given = Authority(folder, SystemClock()).server("server", ["pv.example.cn"], folder)
    before = given.certificate.read_bytes()
    reach_of(_settings(tmp_path, host=EVERYWHERE), SystemClock())
    assert given.certificate.read_bytes() == before


def test_given_files_are_used_and_must_belong_together(tmp_path: Path) -> None:
    one = Authority(tmp_path / "a", SystemClock()).server("one", ["localhost"], tmp_path)
    other = Authority(tmp_path / "a", SystemClock()).server("other", ["localhost"], tmp_path)
    with pytest.raises(ConfigurationError, match="go together"):
        _settings(tmp_path, tls_certificate_file=one.certificate)
    settings = _settings(tmp_path, tls_certificate_file=one.certificate, tls_key_file=one.key)
    assert reach_of(settings, SystemClock()).certificate == one.certificate
    with pytest.raises(ConfigurationError, match="no certificate with its key"):
        WebServer(_app(), Reach("127.0.0.1", 0, one.certificate, other.key))


def test_behind_a_proxy_only_what_it_took_over_https_is_answered(tmp_path: Path) -> None:
    settings = _settings(tmp_path, host=EVERYWHERE, proxy_hops=1, public_url="https://pv.example.cn")
    found = reach_of(settings, SystemClock())
    assert (found.hops, found.is_tls) == (1, False)
    with _served(Reach("127.0.0.1", 0, hops=1)) as server:

        def ask(**headers: str) -> tuple[int, bytes]:
            sent = {name.replace("_", "-"): value for name, value in headers.items()}
            asked = http.client.HTTPConnection("127.0.0.1", _port(server), timeout=20)
            with contextlib.closing(asked) as connection:
                connection.request("GET", "/told", headers=sent)
                answer = connection.getresponse()
                return answer.status, answer.read()

        status, body = ask(X_Forwarded_For="203.0.113.5, 198.51.100.7", X_Forwarded_Proto="https")
        assert (status, json.loads(body)["address"], json.loads(body)["scheme"]) == (
            200,
            "198.51.100.7",
            "https",
        )
        assert ask(X_Forwarded_For="198.51.100.7", X_Forwarded_Proto="http")[0] == 403
        assert ask(X_Forwarded_For="198.51.100.7")[0] == 403
        assert ask()[0] == 200  # this machine's own health check


def test_a_proxy_is_not_believed_without_an_https_address(tmp_path: Path) -> None:
    found = reach_of(_settings(tmp_path, host=EVERYWHERE, proxy_hops=1), SystemClock())
    assert found.is_tls
    assert found.hops == 0
