"""Free ports: nobody gets one that was given to somebody who does not listen yet."""

import pytest

from domain.errors import ConfigurationError
from main import ports


@pytest.fixture(autouse=True)
def _few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "_PORTS", range(31_900, 31_960))
    monkeypatch.setattr(ports, "_given", set())
    monkeypatch.setattr("secrets.randbelow", lambda _: 0)


def test_two_who_ask_before_either_listens_get_different_ports() -> None:
    first, second = ports.free_ports(8), ports.free_ports(8)
    assert len({*first, *second}) == 16


def test_when_all_were_given_they_are_given_again() -> None:
    given = [port for _ in range(12) for port in ports.free_ports(10)]
    assert len(given) == 120
    assert set(given) <= set(range(31_900, 31_960))


def test_more_than_there_are_is_an_error_that_says_where() -> None:
    with pytest.raises(ConfigurationError, match="31900"):
        ports.free_ports(61)
