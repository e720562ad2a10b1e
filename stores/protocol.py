"""What every store promises. The measurement promises are spelled out in tests/stores/contract.py."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import Enum
from typing import Protocol, runtime_checkable

import pandas as pd

from domain.account import AuditEntry, Session, User
from domain.frame import MeasurementFrame
from domain.kpi import DailyKpi
from domain.measurement import Batch, Origin
from domain.plant import DeviceKind
from domain.records import ImportedFile, JobRun, MeterReading
from domain.timespan import Interval
from stores.notification_protocol import HandlingStore
from stores.sample_account_protocol import SampleAccountStore


@dataclass(frozen=True, slots=True)
class WriteResult:
    """What became of a write. ``rejected`` pairs the position in the given sequence with the reason."""

    accepted: int
    duplicates: int = 0
    rejected: Sequence[tuple[int, str]] = ()


@dataclass(frozen=True, slots=True)
class StoreStatus:
    """Age and size of a store, for people and for /readyz."""

    name: str
    rows: int
    size_bytes: int
    oldest: datetime | None
    newest: datetime | None
    detail: Mapping[str, str] = field(default_factory=dict)


class MeasurementStore(Protocol):
    """Keeps batches; key is (device, measured_at), so twice is once. Thread safe."""

    def register(self, devices: Mapping[str, DeviceKind]) -> None:
        """Take another set of devices that may be written (the registry was changed)."""
        ...

    def write(self, batches: Sequence[Batch]) -> WriteResult:
        """Keep ``batches`` durably. The same batch twice leaves one copy; the first one written stays.

        Raises
        ------
        StoreUnavailableError
            Nothing was kept; try again later.
        """
        ...

    def write_table(self, quantities: Sequence[str], table: pd.DataFrame, origin: Origin) -> WriteResult:
        """Keep a whole table at once (imports, history).

        ``table`` has ``device_id`` (str or categorical), ``measured_at`` (datetime64[ns, UTC]) and a float
        column per quantity (NaN: missing); every value is good.
        """
        ...

    def write_tables(
        self, tables: Sequence[tuple[Sequence[str], pd.DataFrame]], origin: Origin
    ) -> WriteResult:
        """Keep several tables, each with its quantities, in as few commits as their size allows.

        Positions of refused rows count through all tables, in order.
        """
        ...

    def read(
        self,
        device_ids: Sequence[str],
        quantities: Sequence[str],
        interval: Interval,
        *,
        every: timedelta | None = None,
        origins: Sequence[Origin] | None = None,
    ) -> MeasurementFrame:
        """Return rows with ``start <= measured_at < end``.

        With ``every``, one row per device and bucket (named by its start, aligned to the epoch): gauges are
        averaged over good values, counters and states take the last good one.
        """
        ...

    def latest(self, device_ids: Sequence[str], not_before: datetime) -> list[Batch]:
        """Return the newest batch of each device, not older than ``not_before``; silent ones are left out."""
        ...

    def power_curves(
        self,
        groups: Mapping[str, Sequence[str]],
        quantity: str,
        interval: Interval,
        every: timedelta,
    ) -> pd.DataFrame:
        """Return summed power of groups of devices (a plant's inverters).

        Columns ``group`` (str), ``instant`` (datetime64[ns, UTC], bucket start), ``value`` (sum over devices
        of the mean good value in the bucket), ``devices`` (how many had one). Sorted; empty buckets absent.
        """
        ...

    def daily_aggregates(
        self, device_ids: Sequence[str], quantity: str, interval: Interval, zone: str
    ) -> pd.DataFrame:
        """Return what a counter did per device and local day, pushed down to the engine.

        Columns ``device_id``, ``day`` (datetime.date), ``first``, ``last``, ``low``, ``high`` (Wh, good values
        only), ``first_at``, ``last_at`` (datetime64[ns, UTC]), ``readings`` (int), ``steps_back`` (int: times
        the counter was lower than the reading before it on that day). Sorted by device and day. Energy is
        made of this by kpis.energy, never by max - min.
        """
        ...

    def put_daily(self, kpis: Sequence[DailyKpi]) -> None:
        """Keep daily KPIs; the same plant and day again replaces the old row."""
        ...

    def daily(self, plant_ids: Sequence[str], first: date, last: date) -> list[DailyKpi]:
        """Return kept daily KPIs, both days included, sorted by plant and day."""
        ...

    def take_dirty_days(self, count_max: int = 1000) -> list[tuple[str, date]]:
        """Return (device_id, UTC date) pairs that got data since they were last taken, oldest first."""
        ...

    def mark_dirty(self, days: Sequence[tuple[str, date]]) -> None:
        """Put days back (a computation failed)."""
        ...

    def status(self) -> StoreStatus:
        """Return age and size."""
        ...

    def close(self) -> None:
        """Let go of files; writing afterwards is an error."""
        ...


@dataclass(frozen=True, slots=True)
class Held:
    """Whose rows and daily KPIs a store has, whatever the registry says today."""

    devices: Mapping[str, DeviceKind]
    plant_ids: frozenset[str]


class ListingStore(MeasurementStore, Protocol):
    """A store that can tell what it has."""

    def held(self) -> Held:
        """Return the devices and plants of which it ever kept something."""
        ...

    def quantities(self, device_ids: Sequence[str]) -> tuple[str, ...]:
        """Return every quantity that devices of the same kinds as these ever had."""
        ...


class MonthForm(Enum):
    """How a month of measurements is kept."""

    LIVE = "live"  # rows as they came, in the database
    ARCHIVED = "archived"  # rows as they came, in files
    ROLLED_UP = "rolled_up"  # gauges averaged, counters and states the last of each period


@dataclass(frozen=True, slots=True)
class StoredMonth:
    """Measurements of one kind of device in one UTC month (``2026-11``), as they are kept.

    A month may be there twice: archived, and live again with rows that came late.
    """

    kind: str
    month: str
    form: MonthForm
    rows: int
    size_bytes: int | None = None


@runtime_checkable
class RetainingStore(Protocol):
    """A store that can make its old months smaller; reads go on as before."""

    def months(self) -> list[StoredMonth]:
        """Return what is kept in which form, oldest first."""
        ...

    def roll_up_month(self, kind: str, month: str, every: timedelta) -> StoredMonth:
        """Replace the rows of a month by one row per device and period of ``every``. Safe to repeat.

        Gauges are averaged over good values (rounded to a thousandth of their unit), counters and states
        keep the last good one; a row is named by the start of its period.

        Raises
        ------
        StoreUnavailableError
            The new rows could not be written or differ; every row is still where it was.
        """
        ...


@runtime_checkable
class ArchivingStore(RetainingStore, Protocol):
    """A store that moves months into files of their own before they are old enough to be rolled up."""

    def archive_month(self, kind: str, month: str) -> StoredMonth:
        """Write a month to files, check them against the rows, then drop the rows. Safe to repeat.

        Raises
        ------
        StoreUnavailableError
            The files could not be written or differ; every row is still where it was.
        """
        ...


class LatestValues(Protocol):
    """The newest batch of each device, kept in memory or read from a store."""

    def update(self, batches: Sequence[Batch]) -> None:
        """Take newer batches; an older one changes nothing."""
        ...

    def get(self, device_id: str) -> Batch | None:
        """Return the newest batch of a device, None when it never reported."""
        ...

    def many(self, device_ids: Sequence[str]) -> Iterator[Batch]:
        """Yield the newest batch of each device that reported."""
        ...


class UserStore(Protocol):
    """Accounts."""

    def add_user(self, user: User) -> None:
        """Keep a new account; RecordRejectedError when the id is taken."""
        ...

    def user(self, user_id: str) -> User | None:
        """Return an account."""
        ...

    def users(self) -> list[User]:
        """Return every account, by id."""
        ...

    def replace_user(self, user: User) -> None:
        """Change an account."""
        ...


class SessionStore(Protocol):
    """Logins."""

    def open_session(self, session: Session, keep_newest: int) -> None:
        """Keep a new session and end the oldest ones of the same user beyond ``keep_newest``."""
        ...

    def session(self, token_hash: str) -> Session | None:
        """Return a session."""
        ...

    def touch_session(self, token_hash: str, seen_at: datetime) -> None:
        """Note that it was used."""
        ...

    def note_factor(self, token_hash: str, at: datetime) -> None:
        """Note that the second factor was given again."""
        ...

    def end_session(self, token_hash: str) -> None:
        """End one session."""
        ...

    def end_sessions_of(self, user_id: str) -> int:
        """End every session of a user; return how many."""
        ...


class AuditStore(Protocol):
    """What people did: only added."""

    def add_audit(self, entry: AuditEntry) -> None:
        """Keep an entry; an act that cannot be audited must not happen."""
        ...

    def audit(self, since: datetime, count_max: int = 500) -> list[AuditEntry]:
        """Return entries, newest first."""
        ...


class JobStore(Protocol):
    """Which period of which job is done."""

    def begin_job(self, job: str, period: str, at: datetime) -> bool:
        """Claim a period; False when it is done or somebody has it (a claim older than an hour is void)."""
        ...

    def finish_job(
        self, job: str, period: str, at: datetime, *, failed: bool = False, detail: str = ""
    ) -> None:
        """Say how it ended."""
        ...

    def job_runs(self, job: str | None = None, count_max: int = 100) -> list[JobRun]:
        """Return runs, newest first."""
        ...


class ReadingStore(Protocol):
    """Hand-read meters and imported files."""

    def add_reading(self, reading: MeterReading) -> None:
        """Keep a reading; RecordRejectedError when the id is taken."""
        ...

    def readings(self, plant_id: str, interval: Interval) -> list[MeterReading]:
        """Return readings that were not replaced, oldest first."""
        ...

    def add_photo(self, sha256: str, content_type: str, content: bytes) -> None:
        """Keep a picture once."""
        ...

    def photo(self, sha256: str) -> tuple[str, bytes] | None:
        """Return content type and bytes of a picture."""
        ...

    def add_import(self, imported: ImportedFile) -> bool:
        """Note an import; False when the same file came before."""
        ...


class RecordStore(
    UserStore,
    SessionStore,
    AuditStore,
    JobStore,
    ReadingStore,
    SampleAccountStore,
    HandlingStore,
    Protocol,
):
    """Everything relational, behind one transaction manager."""

    def transaction(self) -> AbstractContextManager[None]:
        """Open one transaction: everything this thread keeps inside is kept together, or not at all."""
        ...

    def close(self) -> None:
        """Let go of the database."""
        ...
