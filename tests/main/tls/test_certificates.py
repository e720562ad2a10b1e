"""Certificates last, are renewed in time, can be taken back, and a foreign key is noticed."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from domain.clock import ManualClock
from domain.errors import ConfigurationError
from main.tls.certificates import AUTHORITY_DAYS, GIVEN_DAYS, Authority, end_of, ends_of

NOW = datetime(2026, 7, 1, tzinfo=UTC)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


def test_a_certificate_stays_until_sixty_days_before_its_end(tmp_path: Path, clock: ManualClock) -> None:
    assert Authority(tmp_path, clock).client("p1", tmp_path).made
    later = ManualClock(NOW + timedelta(days=GIVEN_DAYS - 61))
    assert not Authority(tmp_path, later).client("p1", tmp_path).made
    latest = ManualClock(NOW + timedelta(days=GIVEN_DAYS - 59))
    assert Authority(tmp_path, latest).client("p1", tmp_path).made
    assert end_of(tmp_path / "p1.crt") == latest.now() + timedelta(days=GIVEN_DAYS)


def test_other_addresses_need_another_certificate(tmp_path: Path, clock: ManualClock) -> None:
    authority = Authority(tmp_path, clock)
    assert authority.server("server", ["10.1.2.3", "pv.example"], tmp_path).made
    assert not authority.server("server", ["pv.example", "10.1.2.3"], tmp_path).made
    assert authority.server("server", ["10.1.2.4"], tmp_path).made


def test_keys_are_for_their_owner_only(tmp_path: Path, clock: ManualClock) -> None:
    Authority(tmp_path, clock).client("p1", tmp_path)
    assert {path.stat().st_mode & 0o777 for path in tmp_path.glob("*.key")} == {0o600}


def test_one_that_was_taken_back_is_on_the_list_and_another_is_given(
    tmp_path: Path, clock: ManualClock
) -> None:
    authority = Authority(tmp_path, clock)
    authority.client("p1", tmp_path)
    serial = x509.load_pem_x509_certificate((tmp_path / "p1.crt").read_bytes()).serial_number
    authority.take_back(tmp_path / "p1.crt")
    authority.write_list(tmp_path / "list.crl")
    revoked = x509.load_pem_x509_crl((tmp_path / "list.crl").read_bytes())
    assert [each.serial_number for each in revoked] == [serial]
    assert authority.client("p1", tmp_path).made


def test_a_key_of_another_authority_is_noticed(tmp_path: Path, clock: ManualClock) -> None:
    Authority(tmp_path / "a", clock)
    Authority(tmp_path / "b", clock)
    (tmp_path / "a" / "ca.key").write_bytes((tmp_path / "b" / "ca.key").read_bytes())
    with pytest.raises(ConfigurationError, match="does not belong"):
        Authority(tmp_path / "a", clock)


def test_what_ends_first_is_listed_first(tmp_path: Path, clock: ManualClock) -> None:
    Authority(tmp_path, clock).client("p1", tmp_path / "gateways")
    assert ends_of(tmp_path) == [
        ("gateways/p1.crt", NOW + timedelta(days=GIVEN_DAYS)),
        ("ca.crt", NOW + timedelta(days=AUTHORITY_DAYS)),
    ]
    assert ends_of(tmp_path / "nothing") == []
