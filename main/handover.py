"""The A4 sheet `pvmon doctor --report` writes for the next IT officer: facts in, one web page out."""

import platform
import sqlite3
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape
from importlib.metadata import version
from pathlib import Path

from domain.account import User
from main.backup.archive import program_version
from main.backup.shelf import Entry, last
from main.doctor import Finding, readable_bytes, words_of
from main.settings import Settings
from texts.loader import Texts

_STYLE = """@page{size:A4;margin:14mm} body{font:10pt/1.35 "Noto Sans CJK SC","WenQuanYi Micro Hei",sans-serif;
max-width:182mm;margin:auto} h1{font-size:15pt} h2{font-size:11pt;margin:4mm 0 1mm} table{border-collapse:collapse;
width:100%} td{border:.2mm solid #888;padding:.6mm 1.5mm;vertical-align:top} td:first-child{width:45mm}"""
_LIBRARIES = ("duckdb", "sqlalchemy", "dash", "pymodbus", "paho-mqtt", "influxdb-client")


@dataclass(frozen=True)
class Facts:
    """What stands on the sheet. ``certificates``: file and end. ``since``: when samples began."""

    settings: Settings
    now: datetime
    users: Sequence[User]
    certificates: Sequence[tuple[str, datetime]]
    free_bytes: int
    samples_bytes: int
    since: datetime | None
    entries: Sequence[Entry]
    findings: Sequence[Finding]


def sheet(facts: Facts, texts: Texts) -> str:
    """Return the page."""
    words = _words(texts)
    sections = [
        (words("versions"), list(versions())),
        (words("places"), list(_places(facts.settings))),
        (words("accounts"), list(_accounts(facts.users, texts)) or [("—", words("none"))]),
        (words("certificates"), list(_certificates(facts, texts)) or [("—", words("none"))]),
        (words("disk"), [(str(facts.settings.data_dir), _disk(facts, texts))]),
        (words("backups"), list(_backups(facts.entries, texts))),
        (words("findings"), list(_findings(facts.findings, texts))),
    ]
    body = "".join(f"<h2>{escape(title)}</h2><table>{_rows(rows)}</table>" for title, rows in sections)
    made = words("made", at=f"{facts.now:%Y-%m-%d %H:%M} UTC", version=program_version())
    return (
        f'<!doctype html><html lang="{texts.language}"><meta charset="utf-8"><title>{escape(words("title"))}</title>'
        f"<style>{_STYLE}</style><h1>{escape(words('title'))}</h1><p>{escape(made)}</p>{body}"
        f"<p>{escape(words('signatures'))}</p></html>\n"
    )


class _words:  # noqa: N801 (reads as a verb where it is used)
    def __init__(self, texts: Texts) -> None:
        self._texts = texts

    def __call__(self, key: str, **values: object) -> str:
        return self._texts(f"handover.report.{key}", **values)


def _rows(rows: Sequence[tuple[str, str]]) -> str:
    return "".join(f"<tr><td>{escape(name)}</td><td>{escape(value)}</td></tr>" for name, value in rows)


def versions() -> Iterator[tuple[str, str]]:
    """Yield what runs here, by name."""
    yield "pvmon", program_version()
    yield "Python", sys.version.split()[0]
    yield "SQLite", sqlite3.sqlite_version
    yield "OS", platform.platform()
    for name in _LIBRARIES:
        yield name, version(name)


def _places(settings: Settings) -> Iterator[tuple[str, str]]:
    yield "config", str(settings.config_dir.absolute())
    yield "data", str(settings.data_dir.absolute())
    yield "web", settings.public_url or f"http://{settings.host}:{settings.port}"
    yield "store", f"{settings.store} {settings.influx_url}".strip()
    yield "records", settings.records_url or "SQLite"
    yield "broker", settings.mqtt_url or "—"


def _accounts(users: Sequence[User], texts: Texts) -> Iterator[tuple[str, str]]:
    for user in users:
        roles = ", ".join(sorted(texts(f"demo.roles.{role.value}") for role in user.roles))
        yield user.user_id, f"{roles} ({_words(texts)('disabled')})" if user.disabled else roles


def _certificates(facts: Facts, texts: Texts) -> Iterator[tuple[str, str]]:
    for name, end in facts.certificates:
        yield name, _words(texts)("expires", at=f"{end:%Y-%m-%d}", days=(end - facts.now).days)


def _disk(facts: Facts, texts: Texts) -> str:
    sizes = {"free": readable_bytes(facts.free_bytes), "size": readable_bytes(facts.samples_bytes)}
    days = (facts.now - facts.since) / timedelta(days=1) if facts.since else 0.0
    if days < 1 or not facts.samples_bytes:
        return _words(texts)("steady", **sizes)
    return _words(texts)("forecast", **sizes, days=f"{facts.free_bytes / (facts.samples_bytes / days):,.0f}")


def _backups(entries: Sequence[Entry], texts: Texts) -> Iterator[tuple[str, str]]:
    for key, what, other in (("last_backup", "backup", False), ("last_copy", "copy", True), ("last_trial", "restore_test", False)):  # fmt: skip
        done = last(entries, what, other_disk=other)
        yield _words(texts)(key), f"{done.at:%Y-%m-%d %H:%M} UTC {Path(done.file).name}" if done else "—"
    yield _words(texts)("safe"), _words(texts)("safe_note")


def _findings(findings: Sequence[Finding], texts: Texts) -> Iterator[tuple[str, str]]:
    for finding in findings:
        found, cure = words_of(finding, texts)
        verdict = texts(f"doctor.verdict.{finding.verdict}")
        yield texts(f"doctor.{finding.check}.title"), f"[{verdict}] {found}{' → ' if cure else ''}{cure}"
