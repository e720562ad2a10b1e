"""SqlRecordStore: everything relational behind one transaction manager, on SQLite or PostgreSQL."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from domain.clock import Clock, SystemClock
from stores.records import (  # noqa: F401 (importing them puts their tables into METADATA)
    access_schema,
    case_schema,
    day_schema,
    household_codes,
    industry_schema,
    ledger_schema,
    notification_schema,
    personal,
    questions,
    roster_schema,
)
from stores.records.acts import Audits, Jobs
from stores.records.alerts import Alerts
from stores.records.cases import Cases
from stores.records.database import Database, sqlite_url
from stores.records.days import DayRecords
from stores.records.handling import Handlings
from stores.records.industries import Industries
from stores.records.ledger import Ledger
from stores.records.migrate import bring_up_to_date
from stores.records.money_facts import MoneyFacts
from stores.records.notifications import Notifications
from stores.records.readings import Readings
from stores.records.sample_accounts import SampleAccounts
from stores.records.tokens import Tokens
from stores.records.users import Sessions, Users


class SqlRecordStore(
    Users,
    Sessions,
    Audits,
    Jobs,
    Readings,
    Alerts,
    Cases,
    Handlings,
    Notifications,
    Ledger,
    MoneyFacts,
    SampleAccounts,
    DayRecords,
    Industries,
    Tokens,
):
    """Implements stores.protocol.RecordStore and stores.ledger_protocol.MoneyStore. Thread safe.

    Parameters
    ----------
    url : str
        ``sqlite:///path`` (`sqlite_url`) or ``postgresql+psycopg://user:password@host/name``.
    clock : Clock
        Real time, for the name of a backup.

    Raises
    ------
    StoreVersionError
        A newer program wrote it; the message says what to do.
    StoreUnavailableError
        It cannot be opened or written; the message says what to do.
    """

    def __init__(self, url: str, clock: Clock | None = None) -> None:
        self._database = Database(url)
        try:
            self.backup = bring_up_to_date(self._database, clock or SystemClock())
        except Exception:
            self._database.abandon()
            raise

    @classmethod
    def at(cls, path: Path, clock: Clock | None = None) -> "SqlRecordStore":
        """Open the SQLite file ``path``, made when it is missing."""
        return cls(sqlite_url(path), clock)

    @property
    def name(self) -> str:
        """File or address of the database, without its password."""
        return self._database.name

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Open one transaction: everything this thread keeps inside is kept together, or not at all."""
        with self._database.writing():
            yield

    @property
    def database(self) -> Database:
        """The database underneath: for stores that share its transactions, for copies and backups."""
        return self._database

    def close(self) -> None:
        """Let go of the database."""
        self._database.close()
