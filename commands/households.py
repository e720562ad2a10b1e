"""Household look-up: codes on slips, and what they open: a household's own lines, and nothing else.

A slip carries a QR code with a random token, and ten digits that open together with the last four digits of a
payee account. Only keyed hashes are kept. A code ends with the next slip of its household and when somebody
ends it. Wrong tries cost time, by address and by code; the answer to a wrong code is always the same.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from access.guard import guarded, open_to_anyone
from access.permissions import Permission
from access.principal import Principal
from access.throttle import Throttle
from commands.audit import command
from commands.papers.statement import lines_of
from commands.payout import PayoutCommands
from domain.account import Scope
from domain.clock import Clock
from domain.errors import CommandError
from domain.plant import Registry
from domain.roster import masked_account, masked_name
from revenue.dossier import Dossier
from revenue.payment import Standing
from revenue.rule import RuleVersion
from stores.household_protocol import CodeKind, HouseholdCode, HouseholdCodeStore, KnownCode
from stores.payout import PayoutStores
from texts.loader import Texts

NUMBER_DIGITS = 10
TAIL_DIGITS = 4
ROOT = "/h/"
_TOKEN_BYTES = 16
_TOKEN_CHARS_MAX = 64
_NOTED_MAX = 20_000
_VIEWS_MAX = 5_000


class CodeRefusedError(CommandError):
    """A code opens nothing. ``wait_s`` is how long to wait before the next try, 0 for a wrong code."""

    def __init__(self, wait_s: float = 0.0) -> None:
        super().__init__("this code opens nothing")
        self.wait_s = wait_s


@dataclass(frozen=True, slots=True)
class SlipCode:
    """What is printed on a slip."""

    address: str = field(repr=False)
    number: str = field(repr=False)

    @property
    def spaced(self) -> str:
        """The ten digits as they are read: 123 456 7890."""
        return f"{self.number[:3]} {self.number[3:6]} {self.number[6:]}"


@dataclass(frozen=True, slots=True)
class HouseholdLine:
    """One amount of a household. ``state`` is a payment state, ``open`` before anything was sent."""

    name: str  # masked
    purpose: str
    kind: str
    fen: int
    state: str
    reason: str = ""
    paid_on: date | None = None
    account: str = ""  # masked


@dataclass(frozen=True, slots=True)
class HouseholdView:
    """What a household sees of itself."""

    village_id: str
    household_id: str
    plan_id: str
    first_month: date
    last_month: date
    lines: tuple[HouseholdLine, ...]
    five: tuple[str, ...]
    total_fen: int
    paid_fen: int


@guarded
class Households(PayoutCommands):
    """Codes and look-ups. Without ``base_url`` (a public host) the look-up is off and slips carry no code."""

    def __init__(
        self,
        stores: PayoutStores,
        registry: Registry,
        rules: tuple[RuleVersion, ...],
        clock: Clock,
        field_clock: Clock,
        codes: HouseholdCodeStore | None = None,
        base_url: str = "",
    ) -> None:
        super().__init__(stores, registry, rules, clock, field_clock)
        self._codes = codes
        self._base_url = base_url.rstrip("/")
        self._by_address = Throttle(free=10, wait_max_s=600.0, forget_s=3600.0)
        self._by_code = Throttle(free=5, wait_max_s=3600.0, forget_s=86_400.0)
        self._noted: dict[tuple[str, date], None] = {}
        self._views: dict[tuple[str, str, int, str], HouseholdView] = {}

    @open_to_anyone
    def is_on(self) -> bool:
        """Tell whether households can look."""
        return bool(self._base_url) and self._codes is not None

    @command(Permission.VIEW_PEOPLE, "household.issue")
    def issue(self, principal: Principal, plan_id: str) -> Mapping[str, SlipCode]:
        """Return a new code for each household of a plan; nothing while the look-up is off.

        Codes of the same plan stay good (a slip may be printed twice), those of earlier plans end.
        """
        if self._codes is None or not self._base_url:
            return {}
        dossier = self._dossier(principal, plan_id)
        households = sorted({one.household_id for one in dossier.entitlements})
        made: dict[str, SlipCode] = {}
        kept: list[HouseholdCode] = []
        for household in households:
            token, number = secrets.token_urlsafe(_TOKEN_BYTES), _digits()
            place = (dossier.plan.village_id, household, plan_id)
            kept += [
                HouseholdCode(CodeKind.QR, token, *place),
                HouseholdCode(CodeKind.NUMBER, number, *place),
            ]
            made[household] = SlipCode(f"{self._base_url}{ROOT}{token}", number)
        with self._carry_out(principal, "household.issue", plan_id, {"count": str(len(made))}):
            self._codes.issue_codes(kept, principal.user_id, self._clock.now())
        return made

    @command(Permission.CHANGE_PEOPLE, "household.end")
    def end(self, principal: Principal, village_id: str, household_id: str) -> int:
        """End every code of a household, for a slip that was lost; return how many."""
        self._village(principal, village_id)
        if self._codes is None:
            return 0
        with self._carry_out(principal, "household.end", f"{village_id} {household_id}"):
            return self._codes.end_codes(village_id, household_id, self._clock.now())

    @open_to_anyone
    def by_token(self, token: str, address: str, texts: Texts) -> HouseholdView:
        """Return what the token of a slip opens.

        Raises
        ------
        CodeRefusedError
            It opens nothing, or there were too many wrong tries.
        """
        self._wait(address)
        known = None
        if self._codes is not None and self._base_url and len(token) <= _TOKEN_CHARS_MAX:
            known = self._codes.code(CodeKind.QR, token)
        if known is None:
            raise self._wrong(address)
        return self._view(known, address, texts)

    @open_to_anyone
    def by_number(self, number: str, tail: str, address: str, texts: Texts) -> HouseholdView:
        """Return what ten digits and the last four digits of a payee account open.

        Raises
        ------
        CodeRefusedError
            They open nothing, or there were too many wrong tries.
        """
        digits, last = _only_digits(number), _only_digits(tail)
        fits = len(digits) == NUMBER_DIGITS and len(last) == TAIL_DIGITS
        self._wait(address, digits if fits else "")
        known = None
        if fits and self._codes is not None and self._base_url:
            known = self._codes.code(CodeKind.NUMBER, digits)
        if known is None or not self._ends_with(known, last):
            raise self._wrong(address, digits if fits else "")
        self._by_code.right(digits)
        return self._view(known, address, texts)

    # ------------------------------------------------------------------ helpers

    def _wait(self, address: str, code: str = "") -> None:
        now_s = self._clock.monotonic()
        wait_s = self._by_address.wait_s(address, now_s)
        if code:
            wait_s = max(wait_s, self._by_code.wait_s(code, now_s))
        if wait_s > 0:
            if self._by_address.tell_once(address):
                self._note(_somebody("", address), "household.look", "", "refused", {"reason": "throttled"})
            raise CodeRefusedError(wait_s)

    def _wrong(self, address: str, code: str = "") -> CodeRefusedError:
        now_s = self._clock.monotonic()
        self._by_address.wrong(address, now_s)
        if code:
            self._by_code.wrong(code, now_s)
        return CodeRefusedError()

    def _ends_with(self, known: KnownCode, tail: str) -> bool:
        """Tell whether a payee account of the household ends so; every account is compared, found or not."""
        dossier = self._stores.dossiers.of_plan(known.plan_id)
        if dossier is None:
            return False
        payees = {one.payee_id for one in dossier.entitlements if one.household_id == known.household_id}
        numbers = [account.number for account in self._stores.rosters.accounts(payees).values()]
        return any([secrets.compare_digest(number[-TAIL_DIGITS:], tail) for number in numbers])  # noqa: C419

    def _view(self, known: KnownCode, address: str, texts: Texts) -> HouseholdView:
        dossier = self._stores.dossiers.of_plan(known.plan_id)
        if dossier is None:
            raise self._wrong(address)
        self._note_once(known, address)
        key = (known.plan_id, known.household_id, dossier.sequence, texts.language)
        view = self._views.get(key)  # good until the next act on the plan
        if view is None:
            while len(self._views) >= _VIEWS_MAX:
                self._views.pop(next(iter(self._views)), None)
            view = self._views[key] = self._made(known, dossier, texts)
        return view

    def _made(self, known: KnownCode, dossier: Dossier, texts: Texts) -> HouseholdView:
        standings = [
            one for one in dossier.standings().values() if one.entitlement.household_id == known.household_id
        ]
        standings.sort(key=lambda one: -one.entitlement.fen)
        people = self._stores.rosters.people({one.entitlement.person_id for one in standings})
        plan = dossier.plan
        return HouseholdView(
            known.village_id,
            known.household_id,
            known.plan_id,
            plan.first_month,
            plan.last_month,
            tuple(
                self._line(dossier, one, masked_name(people[one.entitlement.person_id].name))
                for one in standings
            ),
            tuple(lines_of(plan, standings[0], texts)) if standings else (),
            sum(one.entitlement.fen for one in standings),
            sum(one.paid_fen + one.sent_fen for one in standings),
        )

    def _line(self, dossier: Dossier, stands: Standing, name: str) -> HouseholdLine:
        one = stands.entitlement
        line = dossier.plan.line(one.line_id)
        last = stands.attempts[-1] if stands.attempts and not stands.lapsed_fen else None
        account = ""
        if last is not None:
            known = self._stores.rosters.accounts_by_id([last.line.account_id])
            account = masked_account(known[last.line.account_id].number) if known else ""
        return HouseholdLine(
            name,
            line.purpose,
            line.kind.value,
            one.fen,
            stands.state,
            last.reason if last else "",
            last.on if last else None,
            account,
        )

    def _note_once(self, known: KnownCode, address: str) -> None:
        """Keep one entry a household and day: it looks at its own, and looks often."""
        key = (f"{known.village_id} {known.household_id}", self._today)
        if key in self._noted:
            return
        self._note(_somebody("household", address), "household.look", key[0], "done")
        if len(self._noted) >= _NOTED_MAX:
            self._noted.clear()
        self._noted[key] = None


def _somebody(user_id: str, address: str) -> Principal:
    return Principal(user_id, "", frozenset(), Scope(), address=address)


def _digits() -> str:
    return "".join(secrets.choice("0123456789") for _ in range(NUMBER_DIGITS))


def _only_digits(text: str) -> str:
    kept = text[:40].translate(str.maketrans("０１２３４５６７８９", "0123456789"))
    return "".join(char for char in kept if char.isascii() and char.isdecimal())
