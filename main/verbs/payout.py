"""`pvmon payout`: plans, attendance, payments, notices, traces; asks the running instance when there is one."""

import contextlib
from collections.abc import Mapping
from typing import Any

from main.cli import Context
from main.verbs.acts import ActVerb, Spec


def _acts() -> Mapping[str, Spec]:
    from main.payout_table import BY_NAME

    return BY_NAME


def _here(context: Context, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Carry out an act on the data folder; with daily energy, where the samples can be opened."""
    from domain.clock import SystemClock
    from domain.errors import StoreError
    from main.build import authenticate_on, open_records, open_store, options_from
    from main.payout import open_desk
    from main.payout_table import carry_out
    from main.settings import load_settings

    settings = load_settings(config_dir=context.config, data_dir=context.data)
    options = options_from(settings)
    with contextlib.ExitStack() as undo:
        records = open_records(settings)
        undo.callback(records.close)
        samples = None
        with contextlib.suppress(StoreError):
            samples = open_store(options)
            undo.callback(samples.close)
        desk = open_desk(settings, records, samples, options.registry, SystemClock())
        return carry_out(desk, authenticate_on(records, options.clock), payload)


VERB = ActVerb("payout", "payout", _acts, _here)
