"""Setting up from the browser: the list of plants in and out, a new device found and written, every setting explained.

What touches files and wires stands behind `SetupDesk`: only who polls a wire may ask there, so a question to a device is
queued and answered later. The first account is made once, with a word only who started the program was shown.
"""

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from access.guard import guarded, open_to_anyone, require
from access.passwords import chars_min, password_problem
from access.permissions import Permission
from access.principal import Principal, console_principal
from access.throttle import Throttle
from commands.accounts import Accounts, NewUser
from commands.audit import Audited, command
from commands.passwords import Passwords
from domain.account import Role, Scope
from domain.clock import Clock
from domain.errors import WordedError
from stores.protocol import RecordStore
from texts.loader import Texts

P = Permission
SWEEP_MAX = 32  # units asked one after the other at a time


class SetupRefusedError(WordedError):
    """A step of setting up is refused."""

    area = "setup"


@dataclass(frozen=True, slots=True)
class SettingRow:
    """One setting as it is in force; a secret shows the file it stands in, never itself."""

    name: str
    variable: str
    value: str
    default: str
    is_default: bool


@dataclass(frozen=True, slots=True)
class RegistryPreview:
    """What a workbook would change, in words; with ``problems`` nothing can be kept. ``parent`` is what it is held against."""

    changes: tuple[str, ...]
    problems: tuple[str, ...]
    parent: int


@dataclass(frozen=True, slots=True)
class Question:
    """A question to a wire: which gateway and unit, for which plant; ``profile`` where a person names it.

    With ``last_unit`` every unit up to it is asked who it is, one after the other.
    """

    plant_id: str
    gateway_id: str
    unit: int
    profile: str = ""
    name: str = ""
    rated_kw: float = 0.0
    strings: int = 0
    last_unit: int = 0


@dataclass(frozen=True, slots=True)
class Finding:
    """What a unit said: ``waiting`` while it is asked; the profile it seems to be, and live values read by it
    (``is_unread``: it gave none). Of a sweep: ``units`` that answered with what they seem to be, and which is being asked.
    """

    waiting: bool = False
    problem: str = ""
    profile: str = ""
    model: str = ""
    serial: str = ""
    is_sure: bool = False
    candidates: tuple[tuple[str, float], ...] = ()
    values: tuple[tuple[str, str, str], ...] = ()
    is_unread: bool = False
    units: tuple[tuple[int, str, float], ...] = ()
    asking: int = 0
    question: Question | None = field(default=None)


class SetupDesk(Protocol):
    """What setting up needs of the program. Texts are those of who asks."""

    def settings(self) -> Sequence[SettingRow]:
        """Return every setting."""
        ...

    def export(self, form: str) -> tuple[str, bytes]:
        """Return the list of plants as ``xlsx``, ``yaml`` (files in a ZIP) or an empty ``template``: name and content."""
        ...

    def preview(self, content: bytes, texts: Texts) -> RegistryPreview:
        """Return what a workbook, or a ZIP of YAML files, would change."""
        ...

    def keep(self, content: bytes, parent: int, user_id: str, texts: Texts) -> int:
        """Put it in force; return the number of the revision."""
        ...

    def sees(self, principal: Principal, plant_id: str) -> bool:
        """Tell whether there is such a plant in somebody's scope."""
        ...

    def ask(self, question: Question, user_id: str) -> str:
        """Queue a question to a wire; return the ticket of its answer."""
        ...

    def answer(self, ticket: str, user_id: str, texts: Texts) -> Finding | None:
        """Return what came of one's own question, None for an unknown ticket."""
        ...

    def add(self, finding: Finding, user_id: str, texts: Texts) -> tuple[str, int]:
        """Write a found device into its plant; return its id and the number of the revision."""
        ...


@guarded
class SettingUp(Audited):
    """The acts of who sets the program up."""

    def __init__(
        self, records: RecordStore, desk: SetupDesk, clock: Clock, field_clock: Clock | None = None
    ) -> None:
        super().__init__(records, clock, field_clock)
        self._desk = desk

    @require(P.CHANGE_REGISTRY)
    def settings(self, principal: Principal) -> Sequence[SettingRow]:  # noqa: ARG002 (the guard's)
        """Return every setting as it is in force."""
        return self._desk.settings()

    @require(P.CHANGE_REGISTRY)
    def counts(self, principal: Principal) -> Mapping[str, int]:  # noqa: ARG002 (the guard's)
        """Return how many open accounts there are by role, for the list of what is still to do."""
        users = [one for one in self._records.users() if not one.disabled]
        return {role.value: sum(role in one.roles for one in users) for role in Role}

    @command(P.CHANGE_REGISTRY, "registry.export")
    def export(self, principal: Principal, form: str) -> tuple[str, bytes]:
        """Return the list of plants as a file."""
        _check_whole(principal)
        name, content = self._desk.export(form)
        self._note(principal, "registry.export", name, "done", {"bytes": str(len(content))})
        return name, content

    @require(P.CHANGE_REGISTRY)
    def preview(self, principal: Principal, content: bytes, texts: Texts) -> RegistryPreview:
        """Return what a file would change; nothing is kept."""
        _check_whole(principal)
        return self._desk.preview(content, texts)

    @command(P.CHANGE_REGISTRY, "registry.import")
    def keep(self, principal: Principal, content: bytes, parent: int, texts: Texts) -> int:
        """Put a previewed file in force; return the number of the revision.

        Raises
        ------
        SetupRefusedError
            It has faults, changes nothing, or something else was put in force since it was previewed.
        """
        _check_whole(principal)
        found = self._desk.preview(content, texts)
        if found.problems:
            raise SetupRefusedError("registry.has_problems", count=len(found.problems))
        if found.parent != parent:
            raise SetupRefusedError("registry.moved_on")
        if not found.changes:
            raise SetupRefusedError("registry.no_change")
        number = self._desk.keep(content, parent, principal.user_id, texts)
        detail = {"changes": str(len(found.changes)), "bytes": str(len(content))}
        self._note(principal, "registry.import", f"revision {number}", "done", detail)
        return number

    @command(P.CHANGE_REGISTRY, "device.ask")
    def ask(self, principal: Principal, question: Question) -> str:
        """Queue a question to a wire; return the ticket of its answer."""
        if not self._desk.sees(principal, question.plant_id):
            raise SetupRefusedError("device.no_gateway")
        ticket = self._desk.ask(question, principal.user_id)
        upto = f"-{question.last_unit}" if question.last_unit else ""
        detail = {"unit": f"{question.unit}{upto}"}
        self._note(principal, "device.ask", question.gateway_id, "done", detail)
        return ticket

    @require(P.CHANGE_REGISTRY)
    def answer(self, principal: Principal, ticket: str, texts: Texts) -> Finding | None:
        """Return what came of one's own question."""
        return self._desk.answer(ticket, principal.user_id, texts)

    @command(P.CHANGE_REGISTRY, "device.add")
    def add(self, principal: Principal, ticket: str, texts: Texts) -> tuple[str, int]:
        """Write the device a question found into its plant; return its id and the number of the revision.

        Raises
        ------
        SetupRefusedError
            Nothing was found, or nobody can say what it is.
        """
        found = self._desk.answer(ticket, principal.user_id, texts)
        if found is None or found.waiting or found.problem or not found.profile:
            raise SetupRefusedError("device.nothing")
        device_id, number = self._desk.add(found, principal.user_id, texts)
        self._note(principal, "device.add", device_id, "done", {"revision": str(number)})
        return device_id, number


def _check_whole(principal: Principal) -> None:
    """Refuse the whole list to who is responsible for a part of the district."""
    if not principal.scope.everything:
        raise SetupRefusedError("registry.whole_only")


@guarded
class FirstStart(Audited):
    """The first account, where there is none yet. ``word`` was told to who started the program, and to nobody else."""

    def __init__(self, records: RecordStore, passwords: Passwords, clock: Clock, word: str) -> None:
        super().__init__(records, clock)
        self._passwords = passwords
        self._word = word
        self._wrong = Throttle()

    @open_to_anyone
    def is_open(self) -> bool:
        """Tell whether nobody has an account yet."""
        return bool(self._word) and not self._records.users()

    @open_to_anyone
    def begin(self, word: str, new: Mapping[str, Any], address: str) -> str:
        """Make the administrator's account with the password he chose; return its name.

        Raises
        ------
        SetupRefusedError
            The word is wrong, the password is not good enough, or somebody was quicker.
        CommandError
            The name is unfit.
        """
        now_s = self._clock.monotonic()
        wait_s = self._wrong.wait_s(address, now_s)
        if wait_s > 0:
            raise SetupRefusedError("first.wait", seconds=int(wait_s) + 1)
        if not self.is_open():
            raise SetupRefusedError("first.done")
        if not hmac.compare_digest(word.strip().encode(), self._word.encode()):
            self._wrong.wrong(address, now_s)
            raise SetupRefusedError("first.wrong_word")
        user_id, name, password = (str(new.get(one, "")) for one in ("user", "name", "password"))
        roles = frozenset({Role.ADMIN})
        if password_problem(password, roles, (user_id, name)) is not None:
            raise SetupRefusedError("first.weak", count=chars_min(roles))
        language = "en" if new.get("language") == "en" else "zh"
        made = NewUser(user_id, name, roles, Scope(everything=True), language)
        accounts = Accounts(self._records, self._passwords, self._clock)
        console = replace(console_principal(language), address=address)
        with self._records.transaction():
            accounts.add(console, made, must_change=False)
            user = self._records.user(user_id)
            assert user is not None, "it was added in this transaction"
            self._records.replace_user(replace(user, password_hash=self._passwords.hash(password)))
        return user_id
