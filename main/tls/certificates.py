"""An authority of our own, and the certificates it gives to servers and gateways.

P-256 keys; the authority lasts ten years, what it gives out a year, so that a lost one ends by itself; one that
is taken back stands on a list the broker reads.
"""

import ipaddress
import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from domain.clock import Clock
from domain.errors import ConfigurationError

AUTHORITY_DAYS, GIVEN_DAYS, LIST_DAYS = 3650, 365, 400
RENEW_BEFORE = timedelta(days=60)
_EARLY = timedelta(hours=1)  # a machine whose clock is a little slow must not refuse a new certificate


@dataclass(frozen=True, slots=True)
class Given:
    """A certificate and its key, as files. ``made`` False: the one that was there is still good."""

    certificate: Path
    key: Path
    made: bool


class Authority:
    """Gives certificates; its own key stays in ``folder``.

    Raises
    ------
    ConfigurationError
        Its files cannot be read, or belong to each other no longer.
    """

    def __init__(self, folder: Path, clock: Clock, name: str = "pvmon") -> None:
        self.folder = folder
        self._clock = clock
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / "ca.crt").exists():
            self._make(name)
        self.certificate_file = folder / "ca.crt"
        try:
            self._certificate = x509.load_pem_x509_certificate(self.certificate_file.read_bytes())
            key = load_pem_private_key((folder / "ca.key").read_bytes(), None)
        except (OSError, ValueError) as error:
            raise ConfigurationError(
                f"{folder}: ca.crt and ca.key cannot be read ({error}); bring them back from a backup"
            ) from error
        if (
            not isinstance(key, ec.EllipticCurvePrivateKey)
            or key.public_key() != self._certificate.public_key()
        ):
            raise ConfigurationError(
                f"{folder}: ca.key does not belong to ca.crt; bring both back from a backup"
            )
        self._key = key

    def _make(self, name: str) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{name} authority")])
        made = (
            self._builder(subject, subject, AUTHORITY_DAYS)
            .public_key(key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(signs=True), critical=True)
            .sign(key, SHA256())
        )
        _write_key(self.folder / "ca.key", key)
        (self.folder / "ca.crt").write_bytes(made.public_bytes(Encoding.PEM))

    def _builder(self, subject: x509.Name, issuer: x509.Name, days: int) -> x509.CertificateBuilder:
        now = self._clock.now()
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _EARLY)
            .not_valid_after(now + timedelta(days=days))
        )

    def server(self, name: str, addresses: Sequence[str], folder: Path) -> Given:
        """Give a certificate for a server reached under ``addresses`` (names or numbers)."""
        return self._given(name, folder, ExtendedKeyUsageOID.SERVER_AUTH, addresses)

    def client(self, name: str, folder: Path) -> Given:
        """Give a certificate that says who a client is."""
        return self._given(name, folder, ExtendedKeyUsageOID.CLIENT_AUTH, ())

    def _given(
        self, name: str, folder: Path, purpose: x509.ObjectIdentifier, addresses: Sequence[str]
    ) -> Given:
        folder.mkdir(parents=True, exist_ok=True)
        certificate, key_file = folder / f"{name}.crt", folder / f"{name}.key"
        if self._still_good(certificate, key_file, addresses):
            return Given(certificate, key_file, made=False)
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        builder = (
            self._builder(subject, self._certificate.subject, GIVEN_DAYS)
            .public_key(key.public_key())
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        )
        if addresses:
            names = x509.SubjectAlternativeName([_general_name(address) for address in addresses])
            builder = builder.add_extension(names, critical=False)
        _write_key(key_file, key)
        certificate.write_bytes(builder.sign(self._key, SHA256()).public_bytes(Encoding.PEM))
        return Given(certificate, key_file, made=True)

    def _still_good(self, certificate: Path, key_file: Path, addresses: Sequence[str]) -> bool:
        if not certificate.exists() or not key_file.exists():
            return False
        found = x509.load_pem_x509_certificate(certificate.read_bytes())
        if found.issuer != self._certificate.subject or found.serial_number in self._taken_back():
            return False
        return found.not_valid_after_utc - self._clock.now() > RENEW_BEFORE and _addresses_of(found) == {
            _general_name(address) for address in addresses
        }

    def take_back(self, certificate: Path) -> None:
        """Put a certificate on the list of those that hold no longer.

        Raises
        ------
        ConfigurationError
            There is no such certificate.
        """
        try:
            serial = x509.load_pem_x509_certificate(certificate.read_bytes()).serial_number
        except (OSError, ValueError) as error:
            raise ConfigurationError(f"{certificate}: is no certificate that could be taken back") from error
        known = self._taken_back() | {serial: self._clock.now().isoformat()}
        (self.folder / "taken_back.json").write_text(
            json.dumps({str(k): v for k, v in known.items()}), "utf-8"
        )

    def _taken_back(self) -> dict[int, str]:
        path = self.folder / "taken_back.json"
        if not path.exists():
            return {}
        return {int(serial): str(at) for serial, at in json.loads(path.read_text("utf-8")).items()}

    def write_list(self, target: Path) -> None:
        """Write the list of those that were taken back, signed, as the broker reads it."""
        now = self._clock.now()
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self._certificate.subject)
            .last_update(now - _EARLY)
            .next_update(now + timedelta(days=LIST_DAYS))
        )
        for serial, at in self._taken_back().items():
            entry = x509.RevokedCertificateBuilder().serial_number(serial)
            builder = builder.add_revoked_certificate(
                entry.revocation_date(datetime.fromisoformat(at).astimezone(UTC)).build()
            )
        target.write_bytes(builder.sign(self._key, SHA256()).public_bytes(Encoding.PEM))


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs,
        crl_sign=signs,
        encipher_only=False,
        decipher_only=False,
    )


def _general_name(address: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(address))
    except ValueError:
        return x509.DNSName(address)


def _addresses_of(certificate: x509.Certificate) -> set[x509.GeneralName]:
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return set()
    return set(found.value)


def _write_key(path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    path.unlink(missing_ok=True)
    text = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(text)


def end_of(certificate: Path) -> datetime:
    """Return when a certificate ends."""
    return x509.load_pem_x509_certificate(certificate.read_bytes()).not_valid_after_utc


def ends_of(folder: Path) -> list[tuple[str, datetime]]:
    """Return every certificate below a folder and when it ends, the next one first."""
    found: Iterable[Path] = folder.rglob("*.crt") if folder.is_dir() else ()
    return sorted(((str(path.relative_to(folder)), end_of(path)) for path in found), key=lambda each: each[1])
