"""A small world for tests of payout: three villages with money on their accounts, invented people, four accounts."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from access.principal import Principal
from commands.documents import Documents
from commands.households import Households
from commands.notices import Notices
from commands.payments import Payments
from commands.plans import DraftOrder, Plans, StepOrder
from commands.public_notices import PublicNotices
from commands.rosters import Rosters
from dashboard.payout_services import PayoutServices
from domain.account import Role, Scope
from domain.clock import ManualClock
from domain.plant import Registry, Town, Village
from domain.roster import Roster
from queries.benefit_watch import BenefitWatch
from queries.payout import Payout
from revenue.accounts import CostKind
from revenue.approval import ORDER, Meeting, Step
from revenue.attendance import Sheet
from revenue.bookkeeping import Voucherhead, receipt_entry, settlement_entry
from revenue.dossier import Dossier
from revenue.payment import Batch, ReplyLine
from revenue.plan import Basis, PlanLine, Weighting
from revenue.rule import LineClass, RuleVersion
from stores.dossiers import Dossiers
from stores.payout import PayoutStores
from stores.records.rosters import SqlRosterStore
from stores.records.sealing import Sealer
from stores.records.store import SqlRecordStore
from tests.revenue.builders import rule

TOWN = "611002999"
VILLAGES = tuple(f"{TOWN}2{number:02d}" for number in (1, 2, 3))
START = datetime(2026, 10, 8, 2, tzinfo=UTC)
FIRST, LAST = date(2026, 7, 1), date(2026, 9, 1)
PAPER = b"signed"


def number_of(person: int) -> str:
    """An identity number nobody has: the thirtieth of February."""
    return f"61100219000230{person:03d}Z"


def roster_file(people: int, first: int = 1, extra: str = "") -> bytes:
    """A roster with accounts; weights 1, 2, 3, …"""
    rows = ["户号,姓名,身份证号,村民小组,积分,容量kW,开户银行,银行账号,收款人身份证号,状态,备注"]
    rows += [
        f"H{n:03d},村民{n:03d}甲,{number_of(n)},{'一二三'[n % 3]}组,{n % 5 + 1},5,农商银行,621700000000{n:04d},,,"
        for n in range(first, first + people)
    ]
    return ("\n".join(rows) + "\n" + extra).encode()


def plan_lines(aid_fen: int = 120_001, works_fen: int = 300_000) -> tuple[PlanLine, ...]:
    """Posts by days, aid by points, a work."""
    return (
        PlanLine("1", LineClass.POSTS, "道路保洁", 900_000, Basis.DAY_RATE, 6_000),
        PlanLine("2", LineClass.AID, "困难补助", aid_fen, Basis.WEIGHTS, weighting=Weighting.POINTS),
        PlanLine("3", LineClass.WORKS, "村道修补", works_fen, Basis.PAYEE, payee="修路队（虚构）"),
    )


@dataclass
class World:
    """Stores, commands and people; ``clock`` stands until it is moved."""

    folder: Path
    rules: tuple[RuleVersion, ...] = field(default_factory=lambda: (rule(),))
    clock: ManualClock = field(default_factory=lambda: ManualClock(START))

    def __post_init__(self) -> None:
        self.records = SqlRecordStore.at(self.folder / "records.sqlite")
        rosters = SqlRosterStore(self.records.database, Sealer(self.folder / "people.key"))
        self.stores = PayoutStores(self.records, self.records, Dossiers(self.records), rosters)
        town = Town(TOWN, "样例镇", "Sample", 33.8, 109.9)
        villages = tuple(
            Village(key, f"样例{place}村", f"Sample{place}", TOWN, date(2010, 1, 1))
            for place, key in enumerate(VILLAGES, 1)
        )
        self.registry = Registry("样例区", (town,), villages, (), sample=True)
        given = (self.stores, self.registry, self.rules, self.clock, self.clock)
        self.plans, self.payments = Plans(*given), Payments(*given)
        self.notices, self.rosters = Notices(*given), Rosters(*given)
        self.accountant = self._person("accountant", Role.ACCOUNTANT)
        self.township = self._person("township", Role.TOWNSHIP)
        self.county = self._person("county", Role.COUNTY)
        self.settlement = self._person("settlement", Role.SETTLEMENT)

    def _person(self, name: str, role: Role) -> Principal:
        return Principal(name, name, frozenset({role}), Scope(town_ids=frozenset({TOWN})))

    def services(
        self, public: PublicNotices | None = None, households: Households | None = None
    ) -> PayoutServices:
        """Return what the pages of payout are given."""
        given = (self.stores, self.registry, self.rules, self.clock, self.clock)
        return PayoutServices(
            self.plans,
            self.payments,
            self.notices,
            self.rosters,
            Documents(*given, households),
            Payout(self.stores, None, self.registry, self.rules, self.clock),
            BenefitWatch(self.stores, None, self.registry, self.records),
            public,
            households,
        )

    def close(self) -> None:
        """Let go."""
        self.records.close()

    @property
    def today(self) -> date:
        """The day in the village."""
        return (self.clock.now() + timedelta(hours=8)).date()

    def fund(self, village: str, gross_fen: int = 600_000, months: int = 3, year: int = 2026) -> None:
        """Book and pay in some months' income, a tenth of it costs."""
        entries = []
        for place in range(months):
            month = date(year, 7 + place, 1)
            key = f"{village}:{month:%Y-%m}"
            costs = {CostKind.OPERATION: gross_fen // 10}
            head = Voucherhead(
                f"statement:{key}", village, month, month, "电费", "statement", key, "settlement"
            )
            settled = settlement_entry(head, "p", gross_fen=gross_fen, vat_fen=0, costs_fen=costs)
            assert settled is not None
            paid = Voucherhead(f"receipt:{key}", village, month, month, "到账", "receipt", key, "settlement")
            due = {"p": gross_fen - gross_fen // 10}
            entries += [settled, receipt_entry(paid, f"lot:{key}", due_fen=due, subsidy_fen={})]
        self.records.post(entries, self.clock.now())

    def enrol(self, village: str, people: int = 12, first: int = 1) -> Roster:
        """Import a roster."""
        day = date(2026, 1, 1)
        return self.rosters.import_file(self.accountant, village, day, "名册.csv", roster_file(people, first))

    def draft(
        self, village: str, lines: tuple[PlanLine, ...] | None = None, year: int = FIRST.year
    ) -> Dossier:
        """Draft the plan of a quarter."""
        span = (FIRST.replace(year=year), LAST.replace(year=year))
        order = DraftOrder(village, *span, plan_lines() if lines is None else lines)
        return self.plans.draft(self.accountant, order)

    def meet(self, plan_id: str) -> Dossier:
        """Hold the four meetings."""
        found = None
        for step in (Step.PROPOSED, Step.DISCUSSED, Step.REVIEWED, Step.DECIDED):
            order = StepOrder(plan_id, step, self.today, Meeting(30, 24, 20), PAPER)
            found = self.plans.step(self.accountant, order)
        assert found is not None
        return found

    def attend(self, dossier: Dossier, line_id: str = "1", days: int = 10) -> Dossier:
        """Enter signed sheets of two persons for every month."""
        roster = self.stores.rosters.roster(dossier.plan.roster_id)
        assert roster is not None
        held = {one.person_id: days for one in roster.members[:2]}
        for month in dossier.plan.months():
            sheet = Sheet(line_id, month, held, month.replace(day=28), "")
            dossier = self.plans.attendance(self.accountant, dossier.plan.plan_id, sheet, PAPER)
        return dossier

    def check(self, plan_id: str, step: Step) -> Dossier:
        """Let the township take a checker's step."""
        number = f"样镇〔2026〕{ORDER.index(step)}号"
        return self.plans.check(self.township, StepOrder(plan_id, step, self.today, None, PAPER, number))

    def confirm_all(self, plan_id: str) -> int:
        """Confirm payees one by one."""
        waiting = self.payments.to_confirm(self.township, plan_id)
        for one in waiting:
            self.payments.confirm(self.township, plan_id, one.payee_id, one.account_id)
        return len(waiting)

    def release(
        self,
        village: str,
        lines: tuple[PlanLine, ...] | None = None,
        year: int = FIRST.year,
        days: int = 10,
    ) -> Dossier:
        """Take a plan from nothing to ready."""
        plan_id = self.draft(village, lines, year).plan.plan_id
        self.meet(plan_id)
        self.notices.publish(self.accountant, plan_id)
        self.clock.advance(8 * 86_400)
        self.check(plan_id, Step.TOWNSHIP_REVIEWED)
        self.check(plan_id, Step.FILED)
        self.attend(self.plans.dossier(self.accountant, plan_id), days=days)
        self.confirm_all(plan_id)
        return self.check(plan_id, Step.READY)

    def send(self, plan_id: str) -> Batch:
        """Make a bank file."""
        return self.payments.batch(self.accountant, plan_id).batches[-1]

    def answer(self, batch: Batch, returned: frozenset[int] = frozenset(), mark: str = "") -> Dossier:
        """Take a reply in which some lines came back."""
        lines = reply_of(batch, self.today, returned)
        content = f"{batch.batch_id}{sorted(returned)}{mark}".encode()
        return self.payments.reply(self.accountant, batch.batch_id, content, lines)


def reply_of(batch: Batch, on: date, returned: frozenset[int] = frozenset()) -> list[ReplyLine]:
    """A bank's reply."""
    return [
        ReplyLine(one.number, one.fen, one.number not in returned, on, "户名不符" * (one.number in returned))
        for one in batch.lines
    ]
