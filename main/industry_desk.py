"""The other industries put together: commands and queries over one set of stores."""

from collections.abc import Iterable, Sequence

from commands.fund_payments import FundPayments
from commands.funds import Funds
from commands.industry_alerts import IndustryAlerts
from commands.industry_papers import IndustryPapers
from commands.industry_registers import IndustryRegisters
from commands.industry_reports import IndustryReports
from commands.stability import Stability
from dashboard.industry_services import IndustryServices
from domain.clock import Clock, SystemClock
from domain.plant import Registry
from industries.income import IncomePart
from main.industries import load_industries
from main.payout import key_path
from main.settings import Settings
from queries.fund_cases import FundCases
from queries.industries import IndustryQueries
from queries.industry_alerts import IndustryAlertViews
from queries.town_report import TownReports
from queries.village_reports import VillageReports
from stores.dossiers import Dossiers
from stores.incomes import income_parts
from stores.records.rosters import SqlRosterStore
from stores.records.sealing import Sealer
from stores.records.store import SqlRecordStore


def industry_services(
    settings: Settings, records: SqlRecordStore, registry: Registry, field_clock: Clock
) -> IndustryServices:
    """Return everything about the other industries.

    Raises
    ------
    ConfigurationError
        `industries.yaml` has faults; lists every one.
    """
    overlay = settings.overlay_dir
    rules = load_industries(settings.config_dir, overlay if overlay.is_dir() else None)
    given = (records, registry, rules, SystemClock(), field_clock)
    dossiers = Dossiers(records)
    rosters = SqlRosterStore(records.database, Sealer(key_path(settings)))

    def incomes(village_ids: Sequence[str]) -> Iterable[IncomePart]:
        return income_parts(records, dossiers, village_ids)

    queries = IndustryQueries(records, registry, rules, field_clock, incomes)
    return IndustryServices(
        IndustryReports(*given),
        IndustryRegisters(*given),
        Funds(*given),
        Stability(*given, incomes),
        IndustryPapers(*given),
        queries,
        FundPayments(*given, rosters),
        FundCases(records, registry),
        IndustryAlerts(records, registry, SystemClock(), field_clock),
        IndustryAlertViews(records, registry, field_clock, queries),
        VillageReports(records, registry, rules, field_clock),
        TownReports(records, registry, rules, field_clock),
    )
