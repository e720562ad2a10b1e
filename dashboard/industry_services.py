"""What the pages of industries are given."""

from dataclasses import dataclass

from commands.fund_payments import FundPayments
from commands.funds import Funds
from commands.industry_alerts import IndustryAlerts
from commands.industry_papers import IndustryPapers
from commands.industry_registers import IndustryRegisters
from commands.industry_reports import IndustryReports
from commands.stability import Stability
from queries.fund_cases import FundCases
from queries.industries import IndustryQueries
from queries.industry_alerts import IndustryAlertViews
from queries.town_report import TownReports
from queries.village_reports import VillageReports


@dataclass(frozen=True, slots=True)
class IndustryServices:
    """Commands and views of the other industries."""

    reports: IndustryReports
    registers: IndustryRegisters
    funds: Funds
    stability: Stability
    papers: IndustryPapers
    queries: IndustryQueries
    payments: FundPayments
    cases: FundCases
    alerts: IndustryAlerts
    alert_views: IndustryAlertViews
    villages: VillageReports
    town_reports: TownReports
