"""What people keep for themselves, and who stands in for whom, put together; and the job that forgets old drafts."""

from datetime import datetime
from typing import TYPE_CHECKING

from commands.deputies import Deputies
from commands.own_things import DRAFT_DAYS, OwnThings
from dashboard.services import PersonalServices
from domain.clock import SystemClock
from jobs.schedule import Job
from main.build import Options
from main.payout import key_path
from stores.records.personal import SqlPersonalStore
from stores.records.sealing import Sealer
from stores.records.store import SqlRecordStore

if TYPE_CHECKING:
    from main.instance import Instance

_DAY_S = 86_400.0
_FORGET_AT_S = 18 * 3600.0  # 02:00 in Shangzhou, in UTC seconds of the day


def personal_store(options: Options, records: SqlRecordStore) -> SqlPersonalStore:
    """Return the store of it."""
    return SqlPersonalStore(records.database, Sealer(key_path(options.settings)))


def personal_services(options: Options, records: SqlRecordStore) -> PersonalServices:
    """Return the commands on it."""
    store, real = personal_store(options, records), SystemClock()
    return PersonalServices(OwnThings(store, real), Deputies(records, store, real, options.clock))


def personal_jobs(instance: "Instance") -> list[Job]:
    """Return the job that deletes drafts nobody came back to: what was typed may name persons."""
    store = personal_store(instance.options, instance.records)

    def forget(period: datetime) -> str:  # noqa: ARG001 (a draft's age is real time)
        return f"{store.prune_drafts(SystemClock().now() - DRAFT_DAYS)} drafts"

    return [Job("forget_drafts", _DAY_S, forget, offset_s=_FORGET_AT_S)]
