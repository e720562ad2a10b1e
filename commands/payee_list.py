"""The list of officials and their relatives (干部及亲属名单): which of the persons we pay stand on it, by our ids."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from access.guard import guarded
from access.permissions import Permission
from access.principal import Principal
from commands.audit import Audited, command
from commands.authenticate import Authenticate
from commands.console import logged_in
from commands.money_base import MoneyRefusedError
from commands.money_words import file_of
from commands.tables import TableRefusedError, read_table
from domain.clock import Clock
from domain.errors import CommandError
from domain.money_fact import MoneyFact
from revenue.payee_flags import LIST
from stores.ledger_protocol import MoneyRecords
from stores.roster_protocol import RosterStore
from texts.loader import Texts

_COLUMNS: Mapping[str, tuple[str, ...]] = {"id_number": ("身份证号", "公民身份号码", "id_number")}


@dataclass(frozen=True, slots=True)
class ListKept:
    """How many rows a list had and how many of them are persons we know."""

    rows: int
    known: int


@guarded
class PayeeList(Audited):
    """Keeping the list. Only our ids are kept: identity numbers of people we do not pay are thrown away."""

    def __init__(self, records: MoneyRecords, rosters: RosterStore, clock: Clock, field_clock: Clock) -> None:
        super().__init__(records, clock, field_clock)
        self._money = records
        self._rosters = rosters

    @command(Permission.CHECK_MONEY, "payee_list.import")
    def keep(self, principal: Principal, content: bytes) -> ListKept:
        """Keep a list; the newest one holds. Bring it again when a roster changed."""
        if not principal.scope.everything:
            raise MoneyRefusedError("whole_district")
        rows = read_table(content, _COLUMNS)
        numbers = {row.cells["id_number"].strip().upper() for row in rows} - {""}
        persons = sorted(set(self._rosters.identified(numbers).values()))
        at = self._clock.now()
        identity = hashlib.sha256(f"{at.isoformat()}|{persons}".encode()).hexdigest()
        fact = MoneyFact(LIST, identity, {"persons": persons, "rows": len(numbers)}, principal.user_id, at)
        detail = {"rows": str(len(numbers)), "known": str(len(persons))}
        with self._carry_out(principal, "payee_list.import", identity[:12], detail):
            self._money.add_facts([fact])
        return ListKept(len(numbers), len(persons))


def payee_list_order(
    lists: PayeeList, authenticate: Authenticate
) -> Callable[[Mapping[str, Any]], Mapping[str, Any]]:
    """Return the order of the command line that keeps the list."""

    def kept(payload: Mapping[str, Any]) -> Mapping[str, Any]:
        texts = Texts(str(payload.get("lang") or "zh"))
        try:
            with logged_in(authenticate, payload) as principal:
                done = lists.keep(principal, file_of(payload))
        except (MoneyRefusedError, TableRefusedError) as error:
            raise CommandError(error.words(texts)) from error
        return {"listed": done.rows, "known": done.known}

    return kept
