"""Nothing reaches this machine or its network, whatever the address is dressed as."""

import socket
from typing import Any

import pytest

from domain.clock import SystemClock
from domain.errors import ConfigurationError, NotifyError, NotifyRefusedError
from notifiers.addresses import checked_address, is_public
from notifiers.webhook import Webhook
from tests.notifiers.peers import peer
from tests.stores.records.case_contract import message

PRIVATE = [
    "127.0.0.1", "127.9.9.9", "0.0.0.0", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.10",
    "169.254.169.254", "100.64.0.1", "100.100.100.200", "192.0.0.8", "198.18.0.1", "224.0.0.1", "239.255.255.250",
    "240.0.0.1", "255.255.255.255", "192.0.2.1", "198.51.100.7", "203.0.113.9", "::", "::1", "fe80::1", "fc00::1",
    "fd12:3456::1", "ff02::1", "2001:db8::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254",
    "2002:7f00:1::", "2002:a00:1::1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2001:0:4136:e378:8000:63bf:80ff:fffe",
]  # fmt: skip
WRITTEN = [
    "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "127.0.0.1.", "localhost", "0", "::1", "169.254.169.254",
    "[::1]", "127.0.0.1@example.cn", "example.cn/x", "ex ample.cn", "exa%6dple.cn", "",
    "\uff11\uff12\uff17.0.0.1", "ｌocalhost", "例子.cn",
]  # fmt: skip


@pytest.mark.parametrize("address", PRIVATE)
def test_no_disguise_makes_a_private_address_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["223.5.5.5", "8.8.8.8", "2400:3200::1", "::ffff:223.5.5.5"])
def test_an_address_of_the_open_internet_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("host", WRITTEN)
def test_no_spelling_leads_into_this_machine(host: str) -> None:
    with pytest.raises(NotifyError):
        checked_address(host, 443, frozenset())


def test_a_name_with_one_private_address_among_public_ones_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, 443)) for ip in ("223.5.5.5", "10.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_a, **_k: answers)
    with pytest.raises(NotifyRefusedError, match="private_hosts"):
        checked_address("hooks.example.cn", 443, frozenset())


def test_a_name_that_changes_between_check_and_use_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection goes to the address that was checked; the name is not resolved again."""
    asked: list[str] = []
    connected: list[tuple[str, int]] = []

    def resolve(host: str, port: int, **_options: Any) -> list[Any]:
        asked.append(host)
        ip = "223.5.5.5" if len(asked) == 1 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, port))]

    def connect(address: tuple[str, int], _timeout: float) -> socket.socket:
        connected.append(address)
        raise OSError(113, "No route to host")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(socket, "create_connection", connect)
    with pytest.raises(NotifyError):
        Webhook("https://hooks.example.cn/x", "", frozenset(), SystemClock()).send(message("n1"))
    assert connected == [("223.5.5.5", 443)]


@pytest.mark.parametrize("port", [22, 25, 80, 6379, 8050, 502])
def test_only_a_few_ports_are_allowed(port: int) -> None:
    with pytest.raises(NotifyRefusedError, match=f"port {port}"):
        checked_address("hooks.example.cn", port, frozenset())


def test_a_listener_on_this_machine_receives_nothing_unless_it_is_named() -> None:
    with peer() as there:
        for url in (f"https://{there.host}/hook", f"https://localhost:{there.port}/hook"):
            with pytest.raises(NotifyError):
                Webhook(url, "", frozenset(), SystemClock()).send(message("n1"))
        with pytest.raises(ConfigurationError, match="https"):
            Webhook(there.url, "", frozenset(), SystemClock())
        assert there.raw == []
        Webhook(there.url, "", frozenset({there.host}), SystemClock()).send(message("n1"))
        assert there.ids() == ["n1"]


@pytest.mark.parametrize(
    "url", ["https://user:hunter77@h.example.cn/", "ftp://h.example.cn/", "https:///x", "https://h:x/"]
)
def test_an_odd_address_is_refused_without_being_repeated(url: str) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        Webhook(url, "", frozenset(), SystemClock())
    assert "hunter77" not in str(refusal.value)
