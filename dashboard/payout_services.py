"""What the pages of payout are given: commands for what people order, queries for what they see."""

from dataclasses import dataclass

from commands.documents import Documents
from commands.households import Households
from commands.notices import Notices
from commands.payments import Payments
from commands.plans import Plans
from commands.public_notices import PublicNotices
from commands.rosters import Rosters
from queries.benefit_watch import BenefitWatch
from queries.payout import Payout


@dataclass(frozen=True, slots=True)
class PayoutServices:
    """Everything about payout that a page may use."""

    plans: Plans
    payments: Payments
    notices: Notices
    rosters: Rosters
    documents: Documents
    queries: Payout
    watch: BenefitWatch
    public: PublicNotices | None = None
    households: Households | None = None
