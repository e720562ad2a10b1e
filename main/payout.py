"""Payout put together: commands, documents and queries over one set of stores."""

from dataclasses import dataclass
from pathlib import Path

from commands.documents import Documents
from commands.households import Households
from commands.notices import Notices
from commands.payments import Payments
from commands.plans import Plans
from commands.public_notices import PublicNotices
from commands.rosters import Rosters
from dashboard.payout_services import PayoutServices
from domain.clock import Clock, SystemClock
from domain.plant import Registry
from main.backup.parts import PEOPLE_KEY
from main.distribution_rules import load_rules
from main.settings import Settings
from queries.benefit_watch import BenefitWatch
from queries.payout import Payout
from revenue.rule import RuleVersion
from stores.dossiers import Dossiers
from stores.payout import PayoutStores
from stores.protocol import MeasurementStore
from stores.records.household_codes import SqlHouseholdCodes
from stores.records.rosters import SqlRosterStore
from stores.records.sealing import Sealer
from stores.records.store import SqlRecordStore


@dataclass(frozen=True, slots=True)
class PayoutDesk:
    """Everything about payout that a page or a verb may use."""

    stores: PayoutStores
    plans: Plans
    payments: Payments
    notices: Notices
    rosters: Rosters
    documents: Documents
    queries: Payout
    watch: BenefitWatch
    registry: Registry
    rules: tuple[RuleVersion, ...]
    clock: Clock
    public: PublicNotices
    households: Households

    @property
    def services(self) -> PayoutServices:
        """What the pages get of it."""
        return PayoutServices(
            self.plans,
            self.payments,
            self.notices,
            self.rosters,
            self.documents,
            self.queries,
            self.watch,
            self.public,
            self.households,
        )


def key_path(settings: Settings) -> Path:
    """Return where the key of personal data lies."""
    return settings.data_dir / PEOPLE_KEY


def open_desk(
    settings: Settings,
    records: SqlRecordStore,
    samples: MeasurementStore | None,
    registry: Registry,
    clock: Clock,
) -> PayoutDesk:
    """Return the desk over records and samples.

    Raises
    ------
    ConfigurationError
        The distribution rules have faults; lists every one.
    StoreUnavailableError
        The key of personal data cannot be read or made.
    """
    overlay = settings.overlay_dir
    rules = load_rules(settings.config_dir, overlay if overlay.is_dir() else None)
    sealer, public = Sealer(key_path(settings)), settings.public_url
    rosters = SqlRosterStore(records.database, sealer)
    stores = PayoutStores(records, records, Dossiers(records), rosters)
    real = SystemClock()
    codes = SqlHouseholdCodes(records.database, sealer)
    households = Households(stores, registry, rules, real, clock, codes, public)
    return PayoutDesk(
        stores,
        Plans(stores, registry, rules, real, clock),
        Payments(stores, registry, rules, real, clock),
        Notices(stores, registry, rules, real, clock),
        Rosters(stores, registry, rules, real, clock),
        Documents(stores, registry, rules, real, clock, households),
        Payout(stores, samples, registry, rules, clock),
        BenefitWatch(stores, samples, registry, records),
        registry,
        rules,
        clock,
        PublicNotices(stores, registry, clock, public),
        households,
    )
