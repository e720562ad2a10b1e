"""Whether a second factor is asked for, and where it is kept."""

from collections.abc import Mapping
from typing import Any

from access.principal import console_principal
from commands.second_factor import SecondFactors
from domain.clock import SystemClock
from main.build import Options
from main.control import Action
from main.network import is_loopback
from main.payout import key_path
from main.settings import Settings
from stores.records.sealing import Sealer
from stores.records.store import SqlRecordStore
from stores.records.tokens import SqlFactorStore

DROP = "second_factor.drop"


def second_factors(options: Options, records: SqlRecordStore) -> SecondFactors | None:
    """Return the second factors; None in a demonstration that only this machine reaches: its people are invented."""
    if options.demonstration and is_loopback(options.settings.host):
        return None
    return factors_of(options.settings, records)


def factors_of(settings: Settings, records: SqlRecordStore) -> SecondFactors:
    """Return the second factors beside the records, their secrets sealed with the key of personal data."""
    factors = SqlFactorStore(records.database, Sealer(key_path(settings)))
    return SecondFactors(records, factors, SystemClock())


def factor_orders(settings: Settings, records: SqlRecordStore) -> Mapping[str, Action]:
    """Return what the command line may order; it acts as the console."""

    def dropped(payload: Mapping[str, Any]) -> Mapping[str, Any]:
        user_id = str(payload.get("user", ""))
        factors_of(settings, records).drop(console_principal(), user_id)
        return {"user": user_id}

    return {DROP: dropped}
