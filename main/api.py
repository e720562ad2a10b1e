"""Builds the data interface over what the pages are built over."""

import logging
from collections.abc import Sequence
from functools import lru_cache

from api.server import ApiArea, ApiServices
from commands.tokens import Tokens
from dashboard.services import Services
from domain.clock import SystemClock
from domain.errors import ConfigurationError
from domain.timespan import day_of
from industries.indicator import Indicator
from industries.rules import IndustryRules
from main.build import Options
from main.industries import load_industries
from queries.exchange import Exchange
from queries.industry_exchange import IndustryExchange
from stores.records.store import SqlRecordStore

log = logging.getLogger(__name__)


def data_interface(options: Options, records: SqlRecordStore, services: Services) -> ApiArea:
    """Return the part of the web server below /api/."""
    settings = options.settings

    @lru_cache(maxsize=1)
    def rules() -> IndustryRules:
        try:
            return load_industries(settings.config_dir, settings.overlay_dir)
        except ConfigurationError as error:
            log.warning("the data interface shows no indicators: %s", error)
            return IndustryRules()

    def indicators() -> Sequence[Indicator]:
        return rules().in_force(day_of(options.clock.now()))

    exchange = Exchange(
        services.sources,
        services.keeper,
        services.money_queries,
        services.work.views if services.work is not None else None,
        indicators,
        services.industries.queries.attainments if services.industries is not None else None,
        IndustryExchange(services.industries.queries) if services.industries is not None else None,
    )
    tokens = Tokens(records, SystemClock(), options.clock)
    return ApiArea(
        ApiServices(tokens, exchange, SystemClock(), options.clock, per_minute=settings.api_per_minute)
    )
