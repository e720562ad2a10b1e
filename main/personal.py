"""What people keep for themselves, and who stands in for whom, put together."""

from commands.deputies import Deputies
from commands.own_things import OwnThings
from dashboard.services import PersonalServices
from domain.clock import SystemClock
from main.build import Options
from main.payout import key_path
from stores.records.personal import SqlPersonalStore
from stores.records.sealing import Sealer
from stores.records.store import SqlRecordStore


def personal_store(options: Options, records: SqlRecordStore) -> SqlPersonalStore:
    """Return the store of it."""
    return SqlPersonalStore(records.database, Sealer(key_path(options.settings)))


def personal_services(options: Options, records: SqlRecordStore) -> PersonalServices:
    """Return the commands on it."""
    store, real = personal_store(options, records), SystemClock()
    return PersonalServices(OwnThings(store, real), Deputies(records, store, real, options.clock))
