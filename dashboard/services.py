"""What the pages are given: the promises behind them, and the few settings of the web part."""

from dataclasses import dataclass, field

from commands.accounts import Accounts
from commands.alert_handling import AlertHandling
from commands.authenticate import Authenticate
from commands.cases import Cases
from commands.deputies import Deputies
from commands.money_desk import MoneyDesk
from commands.notifications import Notifications
from commands.own_things import OwnThings
from commands.practice import Practice
from commands.readings import Readings
from commands.setting_up import FirstStart, SettingUp
from dashboard.industry_services import IndustryServices
from dashboard.payout_services import PayoutServices
from queries.alerts import Alerts
from queries.curves import Curves
from queries.data_age import DataAge
from queries.desk import Desk
from queries.evidence import Evidence
from queries.money import MoneyQueries
from queries.money_checks import MoneyChecksView
from queries.overview import Overview
from queries.plant import PlantPage
from queries.plant_days import PlantDaysQuery
from queries.plants import Plants
from queries.public_contacts import PublicContacts
from queries.sample_accounts import SampleAccounts
from queries.snapshot import SnapshotKeeper
from queries.sources import Sources
from queries.work import Work


@dataclass(frozen=True, slots=True)
class WorkServices:
    """Work on faults: commands on cases and alerts, and their views."""

    cases: Cases
    handling: AlertHandling
    views: Work
    desk: Desk
    contacts: PublicContacts | None = None
    notifications: Notifications | None = None


@dataclass(frozen=True, slots=True)
class PersonalServices:
    """What a person keeps for himself, and who stands in for him."""

    own: OwnThings
    deputies: Deputies


@dataclass(frozen=True, slots=True)
class SetupServices:
    """Setting up, and the first account while there is none."""

    up: SettingUp
    first: FirstStart | None = None


@dataclass(frozen=True, slots=True)
class Services:
    """Commands for what people order, sources for what they see."""

    authenticate: Authenticate
    accounts: Accounts
    readings: Readings
    sources: Sources
    money: MoneyDesk | None = None
    money_queries: MoneyQueries | None = None
    money_checks: MoneyChecksView | None = None
    payout: PayoutServices | None = None
    work: WorkServices | None = None
    industries: IndustryServices | None = None
    personal: PersonalServices | None = None
    setup: SetupServices | None = None
    practice: Practice | None = None
    keeper: SnapshotKeeper = field(
        init=False
    )  # the one picture of the district, for pages and data interface

    def __post_init__(self) -> None:
        object.__setattr__(self, "keeper", SnapshotKeeper(self.sources))


@dataclass(frozen=True, slots=True)
class DashboardSettings:
    """Settings of the web part.

    Attributes
    ----------
    secret_key : str
        Signs form cookies; from the data folder, at least 32 characters.
    https : bool
        People reach the server over https, perhaps through a proxy.
    demo_clock : bool
        Field time is not real time: every page says so.
    build : str
        Changes with every release; an open page of another build asks to be reloaded.
    screen_token : str
        Opens the wall screen without a login; empty: a login only.
    metrics_token : str
        Opens /metrics from elsewhere; empty: this machine only.
    """

    secret_key: str
    https: bool = False
    demo_clock: bool = False
    build: str = "0.1.0"
    metrics_token: str = ""
    screen_token: str = ""


@dataclass(frozen=True, slots=True)
class Queries:
    """Every query of the pages over one shared picture of the district."""

    keeper: SnapshotKeeper
    overview: Overview
    plants: Plants
    plant: PlantPage
    curves: Curves
    data_age: DataAge
    evidence: Evidence
    alerts: Alerts
    plant_days: PlantDaysQuery
    samples: SampleAccounts


def queries_over(sources: Sources, keeper: SnapshotKeeper | None = None) -> Queries:
    """Return the queries over ``sources``, on a picture that is there already or their own."""
    keeper = keeper or SnapshotKeeper(sources)
    return Queries(
        keeper,
        Overview(sources, keeper),
        Plants(sources, keeper),
        PlantPage(sources, keeper),
        Curves(sources),
        DataAge(sources, keeper),
        Evidence(sources),
        Alerts(sources),
        PlantDaysQuery(sources),
        SampleAccounts(sources),
    )
