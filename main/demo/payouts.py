"""A year of invented plans, payments and notices for every village, made by the commands people use.

The people, their numbers and accounts are invented: every identity number names a thirtieth of February. The
clock of these acts walks through the past year, so that notices hang out their days before anybody reviews.
"""

import hashlib
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import groupby

from access.principal import Principal
from commands.plans import DraftOrder, StepOrder
from domain.account import Role, Scope
from domain.clock import ManualClock
from domain.plant import Registry
from main.payout import PayoutDesk
from revenue.approval import Meeting, Outcome, Step
from revenue.attendance import Sheet
from revenue.payment import ReplyLine
from revenue.plan import Basis, PlanLine, Weighting
from revenue.rule import LineClass

PEOPLE = 6
_TURN_S = 0.02
_RATE_FEN = 6_000
_PAPER = "演示材料（虚构）".encode()
_SURNAMES = "王李张刘陈杨赵黄周吴"
_GIVEN = "文秀明芳建国桂兰志强春梅"
MakeDesk = Callable[[ManualClock], PayoutDesk]


@dataclass(frozen=True)
class PayoutsMade:
    """What was made; ``broken`` names the first notice or voucher that is not sound."""

    plans: int
    notices: int
    broken: str = ""


@dataclass(frozen=True)
class _Cast:
    desk: PayoutDesk
    clock: ManualClock
    accountant: Principal
    township: Principal

    @property
    def today(self) -> date:
        return (self.clock.now() + timedelta(hours=8)).date()

    def forward(self, days: int) -> None:
        self.clock.advance(days * 86_400)


def make_payouts(
    make_desk: MakeDesk,
    villages: Sequence[str],
    months: Sequence[date],
    now: datetime,
    stopping: threading.Event | None = None,
) -> PayoutsMade:
    """Make a plan of each quarter of ``months``, from the proposal to the closing; the newest is left open.

    Between two villages the pages get their turn.
    """
    stopping = stopping or threading.Event()
    spans = [list(span) for _, span in groupby(months, lambda one: (one.year, (one.month - 1) // 3))]
    plans = notices = 0
    for number, span in enumerate(spans):
        start = datetime(span[-1].year, span[-1].month, 1, 2, tzinfo=UTC) + timedelta(days=62)
        room = timedelta(days=len(villages) // 40 + 20)
        for place, village in enumerate(villages):
            if stopping.wait(_TURN_S):
                return PayoutsMade(plans, notices)
            clock = ManualClock(min(start, now - room))
            cast = _cast(make_desk(clock), clock)
            stop = _last_step(place) if number == len(spans) - 1 else Step.CLOSED
            with cast.desk.stores.records.transaction():
                notices += _plan(cast, village, span, place, stop)
            plans += 1
    return PayoutsMade(plans, notices, _broken(make_desk(ManualClock(now)), villages))


def owners_of(registry: Registry) -> list[str]:
    """Return the villages that own a share of a plant."""
    return sorted({v for plant in registry.plants for act in plant.ownership[-1:] for v in act.shares_kw})


def months_before(today: date) -> list[date]:
    """Return the eleven months whose books are settled, oldest first."""
    place = today.year * 12 + today.month - 1
    return [date((place - back) // 12, (place - back) % 12 + 1, 1) for back in range(12, 1, -1)]


def _cast(desk: PayoutDesk, clock: ManualClock) -> _Cast:
    def person(role: Role) -> Principal:
        return Principal(role.value, role.value, frozenset({role}), Scope(everything=True), address="demo")

    return _Cast(desk, clock, person(Role.ACCOUNTANT), person(Role.TOWNSHIP))


def _last_step(place: int) -> Step:
    """Return how far the newest plan of a village is: the demonstration shows every state."""
    return (Step.DRAFTED, Step.DECIDED, Step.PUBLISHED, Step.FILED, Step.READY, Step.PAID_IN_PART)[place % 6]


def _dice(*words: object) -> int:
    return int(hashlib.sha256("|".join(map(str, words)).encode()).hexdigest()[:8], 16)


def _roster_file(village: str) -> bytes:
    """Return a village's invented people; no number of them can be somebody's."""
    rows = ["户号,姓名,身份证号,村民小组,积分,容量kW,开户银行,银行账号"]
    names: set[str] = set()
    for place in range(1, PEOPLE + 1):
        throw = _dice(village, place)
        name = _SURNAMES[throw % 10] + _GIVEN[throw // 10 % 12] + _GIVEN[throw // 120 % 12]
        while name in names:
            name += _GIVEN[(throw + len(names)) % 12]
        names.add(name)
        town = int(village[6:9])
        year = 1930 + town // 100 * 20 + town % 100
        number = f"611002{year}0230{village[-2:]}{place}{'XYZW'[1 + throw % 3]}"
        account = f"62170000{int(village[-6:]):06d}{place:04d}"
        rows.append(f"H{place:03d},{name},{number},{place % 3 + 1}组,{throw % 5 + 1},5,样例银行,{account}")
    return "\n".join(rows).encode()


def _lines(available_fen: int, months: int) -> tuple[PlanLine, ...]:
    days = min(3 * 20 * months, available_fen // 2 // _RATE_FEN)
    lines = []
    if days:
        lines.append(PlanLine("1", LineClass.POSTS, "道路保洁", days * _RATE_FEN, Basis.DAY_RATE, _RATE_FEN))
    if available_fen >= PEOPLE * 100:
        lines.append(
            PlanLine(
                "2", LineClass.AID, "困难补助", available_fen // 5, Basis.WEIGHTS, weighting=Weighting.POINTS
            )
        )
        works = available_fen // 10
        lines.append(
            PlanLine("3", LineClass.WORKS, "村道修补", works, Basis.PAYEE, payee="样例施工队（虚构）")
        )
    return tuple(lines)


def _plan(cast: _Cast, village: str, span: Sequence[date], place: int, stop: Step) -> int:
    """Take a village's plan of a span up to ``stop``; return how many notices were made."""
    desk, rosters = cast.desk, cast.desk.stores.rosters
    if rosters.roster_on(village, span[-1]) is None:
        first = span[0]
        desk.rosters.import_file(cast.accountant, village, first, "名册（样例）.csv", _roster_file(village))
    empty = desk.plans.draft(cast.accountant, DraftOrder(village, span[0], span[-1], ()))
    lines = _lines(empty.plan.available_fen, len(span))
    plan_id = desk.plans.draft(
        cast.accountant, DraftOrder(village, span[0], span[-1], lines, "样例")
    ).plan.plan_id
    if stop is Step.DRAFTED:
        return 0
    for step in (Step.PROPOSED, Step.DISCUSSED, Step.REVIEWED, Step.DECIDED):
        order = StepOrder(plan_id, step, cast.today, Meeting(30, 24, 21), _PAPER)
        desk.plans.step(cast.accountant, order)
    if stop is Step.DECIDED:
        return 0
    desk.notices.publish(cast.accountant, plan_id, named=True)
    if place % 9 == 0:
        desk.plans.object_to(cast.accountant, plan_id, "样例异议：请核对积分", cast.today)
    if stop is Step.PUBLISHED:
        return 1
    cast.forward(8)
    if place % 9 == 0:
        desk.plans.answer(cast.accountant, plan_id, 1, Outcome.DISMISSED, "样例答复：已核对名册")
    _check(cast, plan_id, Step.TOWNSHIP_REVIEWED)
    _check(cast, plan_id, Step.FILED)
    if stop is Step.FILED:
        return 1
    _release(cast, plan_id)
    return 1 if stop is Step.READY else 1 + _pay(cast, plan_id, place, stop)


def _check(cast: _Cast, plan_id: str, step: Step) -> None:
    number = f"样例〔{cast.today.year}〕{_dice(plan_id, step) % 900 + 1}号"
    cast.desk.plans.check(cast.township, StepOrder(plan_id, step, cast.today, None, _PAPER, number))


def _release(cast: _Cast, plan_id: str) -> None:
    desk = cast.desk
    dossier = desk.plans.dossier(cast.accountant, plan_id)
    roster = desk.stores.rosters.roster(dossier.plan.roster_id)
    posts = next((line for line in dossier.plan.lines if line.basis is Basis.DAY_RATE), None)
    if posts is not None and roster is not None:
        left, months = posts.fen // posts.rate_fen, dossier.plan.months()
        for month in months:
            held: dict[str, int] = {}
            for member in roster.active[:3]:
                held[member.person_id] = days = min(20, left)
                left -= days
            sheet = Sheet(posts.line_id, month, held, month.replace(day=28), "")
            desk.plans.attendance(cast.accountant, plan_id, sheet, _PAPER)
    for one in desk.payments.to_confirm(cast.township, plan_id):
        desk.payments.confirm(cast.township, plan_id, one.payee_id, one.account_id)
    _check(cast, plan_id, Step.READY)


def _pay(cast: _Cast, plan_id: str, place: int, stop: Step) -> int:
    """Pay a plan, some lines coming back once; publish and close; return how many notices were made."""
    desk = cast.desk
    if desk.plans.dossier(cast.accountant, plan_id).entitlements:
        cast.forward(1)
        returned = {1} if place % 5 == 0 or stop is Step.PAID_IN_PART else set()
        _reply(cast, plan_id, returned)
        if stop is Step.PAID_IN_PART:
            return 0
        if returned:
            cast.forward(1)
            _reply(cast, plan_id, set())
    else:
        desk.plans.note_payment(cast.accountant, plan_id)
    for line in desk.plans.dossier(cast.accountant, plan_id).plan.lines:
        if line.basis is Basis.PAYEE:
            desk.payments.pay_works(cast.township, plan_id, line.line_id)
    desk.notices.publish(cast.accountant, plan_id, named=True)
    _check(cast, plan_id, Step.CLOSED)
    return 1


def _reply(cast: _Cast, plan_id: str, returned: set[int]) -> None:
    batch = cast.desk.payments.batch(cast.accountant, plan_id).batches[-1]
    lines = [
        ReplyLine(
            one.number,
            one.fen,
            one.number not in returned,
            cast.today,
            "户名不符（样例）" if one.number in returned else "",
        )
        for one in batch.lines
    ]
    content = f"{batch.batch_id} {sorted(returned)}".encode()
    cast.desk.payments.reply(cast.accountant, batch.batch_id, content, lines)


def _broken(desk: PayoutDesk, villages: Sequence[str]) -> str:
    """Return the first notice that does not agree with the books, or what the ledger's own check found."""
    looker = Principal("demo", "demo", frozenset({Role.AUDITOR}), Scope(everything=True), address="demo")
    for village in villages:
        for one in desk.notices.verify_all(looker, village):
            if not one.is_sound:
                return f"{one.notice.plan_id} {one.notice.code}"
    return desk.stores.ledger.verify().broken
