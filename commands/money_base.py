"""What commands on money share: the store with its books, the registry, tariffs, and what is in force."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from access.principal import Principal
from commands.audit import Audited
from domain.clock import Clock
from domain.errors import CommandError, LedgerRefusedError
from domain.money_fact import MoneyFact
from domain.plant import Plant, Registry
from domain.timespan import day_of
from revenue.deduction import KIND as DEDUCTION
from revenue.deduction import Deduction, deduction_of
from revenue.opening import KIND as OPENING
from revenue.opening import Opening, opening_of
from revenue.ownership import shares_on, watts
from revenue.refusal import words_of
from revenue.settlement import KIND as SETTLEMENT
from revenue.settlement import Settlement, lines_in_force, newest, settlement_of
from revenue.statement import KIND as STATEMENT
from revenue.statement import GridStatement, statement_of
from revenue.tariff import Tariffs
from stores.ledger_protocol import MoneyRecords
from texts.loader import Texts


@dataclass(frozen=True, slots=True)
class Said:
    """A value of a refusal that has words of its own."""

    key: str
    values: Mapping[str, object]

    def words(self, texts: Texts) -> str:
        """Return it in the reader's language."""
        return texts(self.key, **self.values)


class MoneyRefusedError(CommandError):
    """An act on money that cannot be done. ``key`` and ``values`` are its words (``ledger.refused.<key>``)."""

    def __init__(self, key: str, /, **values: object) -> None:
        self.key = key
        self.values = values
        super().__init__(self.words(Texts("en")))

    def words(self, texts: Texts) -> str:
        """Return why, in the reader's language."""
        said = {k: _in_words(v, texts) for k, v in self.values.items()}
        return texts(f"ledger.refused.{self.key}", **said)


def _in_words(value: object, texts: Texts) -> object:
    if isinstance(value, Said):
        return value.words(texts)
    return words_of(value, texts) if isinstance(value, Exception) else value


def refused(error: LedgerRefusedError) -> MoneyRefusedError:
    """Return what the books refused as the refusal of a command, with words for people."""
    return MoneyRefusedError(error.reason, **error.values)


class MoneyCommands(Audited):
    """Base of the commands on money. ``clock`` is real time, ``field_clock`` decides the day of a voucher."""

    def __init__(
        self, records: MoneyRecords, registry: Registry, tariffs: Tariffs, clock: Clock, field_clock: Clock
    ) -> None:
        super().__init__(records, clock, field_clock)
        self._money = records
        self._registry = registry
        self._tariffs = tariffs

    def _today(self) -> date:
        return day_of(self._field_clock.now())

    def _keep(self, facts: Collection[MoneyFact]) -> list[bool]:
        try:
            return self._money.add_facts(list(facts))
        except LedgerRefusedError as error:
            raise refused(error) from error

    def _fact(self, kind: str, identity: str) -> MoneyFact:
        found = self._money.facts(kind, identity=identity)
        if not found:
            raise MoneyRefusedError("not_found", what=f"{kind} {identity}")
        return found[0]

    def _plant(self, principal: Principal, plant_id: str) -> Plant:
        return principal.plant(plant_id, self._registry)

    def _village(self, principal: Principal, village_id: str) -> str:
        """Return a village in scope; one that is not there and one out of sight get the same answer."""
        village = self._registry.villages_by_id.get(str(village_id))
        scope = principal.scope
        seen = village is not None and (
            scope.everything or village.village_id in scope.village_ids or village.town_id in scope.town_ids
        )
        if not seen:
            raise MoneyRefusedError("no_village", village=str(village_id)[:40])
        return str(village_id)

    def _shares_w(self, plant: Plant, day: date) -> tuple[dict[str, int], date]:
        act = plant.ownership_on(day)
        if act is None:
            raise MoneyRefusedError("no_shares", plant=plant.name, day=day)
        shares = shares_on(plant, day, self._registry.villages_by_id)
        return {village: watts(kw) for village, kw in shares.items()}, act.valid_from

    def _statements(self, **wanted: Any) -> list[tuple[GridStatement, str]]:
        """Return statement lines in force, each with who brought it."""
        facts = self._money.facts(STATEMENT, **wanted)
        makers = {fact.identity: fact.made_by for fact in facts}
        return [(line, makers[line.identity]) for line in lines_in_force(statement_of(f) for f in facts)]

    def _openings(self) -> list[Opening]:
        """Return the opening states of villages, approved or not."""
        return [opening_of(fact) for fact in self._money.facts(OPENING)]

    def _deductions(self, **wanted: Any) -> list[Deduction]:
        return [deduction_of(fact) for fact in self._money.facts(DEDUCTION, **wanted)]

    def _settlements(self, **wanted: Any) -> dict[tuple[str, str], Settlement]:
        return newest(settlement_of(fact) for fact in self._money.facts(SETTLEMENT, **wanted))

    @staticmethod
    def _two_persons(principal: Principal, makers: Iterable[str]) -> str:
        """Return the maker when another person asks; one person never does both parts."""
        every = sorted(set(makers))
        if principal.user_id in every:
            raise MoneyRefusedError("same_person", person=principal.user_id)
        return every[0] if every else ""
