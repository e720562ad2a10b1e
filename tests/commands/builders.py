"""Real stores, a standing clock and the invented district for tests of commands."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from commands.accounts import Accounts
from commands.authenticate import Authenticate
from commands.passwords import Passwords
from commands.readings import Readings
from domain.account import AuditEntry, Role, Scope, User
from domain.clock import ManualClock
from domain.errors import StoreUnavailableError
from domain.plant import Registry
from stores.latest import LatestCache
from stores.memory import MemoryStore
from stores.records.store import SqlRecordStore
from tests.access.people import registry

START = datetime(2026, 7, 1, 2, 30, tzinfo=UTC)
PASSWORD = "tabu-lemo-4827-koni-vasi"
QUICK = Passwords(memory_kib=64, passes=1)


@dataclass(frozen=True)
class Office:
    records: SqlRecordStore
    store: MemoryStore
    clock: ManualClock
    field_clock: ManualClock
    district: Registry
    latest: LatestCache

    def accounts(self) -> Accounts:
        return Accounts(self.records, QUICK, self.clock, self.district, self.field_clock)

    def authenticate(self) -> Authenticate:
        return Authenticate(self.records, QUICK, self.clock)

    def readings(self) -> Readings:
        return Readings(self.records, self.store, self.district, self.clock, self.field_clock, self.latest)

    def audited(self) -> list[tuple[str, str, str]]:
        return [(entry.action, entry.subject, entry.outcome) for entry in self.entries()]

    def entries(self) -> list[AuditEntry]:
        return self.records.audit(START)[::-1]

    def add(self, user_id: str, *roles: Role, scope: Scope | None = None) -> None:
        hashed = QUICK.hash(PASSWORD)
        wide = scope or Scope(everything=True)
        self.records.add_user(User(user_id, f"{user_id}（虚构）", frozenset(roles), wide, hashed))


class DeafAudit(SqlRecordStore):
    """A records store whose audit cannot be written."""

    def add_audit(self, entry: AuditEntry) -> None:
        raise StoreUnavailableError(f"the audit of {entry.action} cannot be written")


@contextmanager
def office(folder: Path, records: type[SqlRecordStore] = SqlRecordStore) -> Iterator[Office]:
    clock, field_clock = ManualClock(START), ManualClock(START)
    kept = records.at(folder / "records.sqlite")
    district = registry()
    try:
        yield Office(kept, MemoryStore(field_clock), clock, field_clock, district, LatestCache())
    finally:
        kept.close()
