"""`pvmon industry`: reports, registers and funds of the other industries; asks the running instance when there is one."""

from collections.abc import Mapping
from contextlib import closing
from typing import Any

from main.cli import Context
from main.verbs.acts import ActVerb, Spec


def _acts() -> Mapping[str, Spec]:
    from main.industry_acts import BY_NAME

    return BY_NAME


def _here(context: Context, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Carry out an act on the records of the data folder."""
    from domain.clock import SystemClock
    from main.build import authenticate_on, open_records, options_from
    from main.industry_acts import carry_out
    from main.industry_desk import industry_services
    from main.settings import load_settings

    settings = load_settings(config_dir=context.config, data_dir=context.data)
    options = options_from(settings)
    with closing(open_records(settings)) as records:
        services = industry_services(settings, records, options.registry, SystemClock())
        return carry_out(services, authenticate_on(records, options.clock), payload)


VERB = ActVerb("industry", "industries", _acts, _here)
