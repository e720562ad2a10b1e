"""Builds what the pages of work are given."""

from commands.alert_handling import AlertHandling
from commands.cases import Cases
from dashboard.services import WorkServices
from domain.clock import SystemClock
from main.build import Options
from main.care.orders import work_of, work_sources
from main.care.telling import maintenance_of, notifications_of
from queries.desk import Desk
from queries.public_contacts import PublicContacts
from stores.records.store import SqlRecordStore


def work_services(options: Options, records: SqlRecordStore) -> WorkServices:
    """Return commands and views of work over the records."""
    real, field = SystemClock(), options.clock
    return WorkServices(
        Cases(records, options.registry, maintenance_of(options), real, field),
        AlertHandling(records, options.registry, real, field),
        work_of(options, records),
        Desk(work_sources(options, records)),
        PublicContacts(options.registry, maintenance_of(options)),
        notifications_of(options, records),
    )
