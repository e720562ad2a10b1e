"""Dossiers of plans, kept as acts among the money facts: only added, sealed to each other, folded when read."""

import threading
from collections.abc import Collection, Sequence

from domain.errors import LedgerRefusedError
from domain.money_fact import FactMark, MoneyFact
from revenue.dossier import Act, Dossier, after, deed_of
from revenue.refusal import refuse
from stores.ledger_protocol import MoneyFactStore

KIND = "plan_act"
_CACHED_MAX = 4_000


def village_of(plan_id: str) -> str:
    """Return the village of a plan by its id."""
    return plan_id.partition("-")[0]


def period_of(plan_id: str) -> str:
    """Return the first month of a plan by its id, such as ``2026-07``."""
    first = plan_id.split("-")[1] if plan_id.count("-") >= 2 else ""
    return f"{first[:4]}-{first[4:]}"


class Dossiers:
    """Reads and adds acts. A dossier once folded is remembered and continued. Thread safe."""

    def __init__(self, facts: MoneyFactStore) -> None:
        self._facts = facts
        self._known: dict[str, Dossier] = {}
        self._lock = threading.Lock()

    def of_plan(self, plan_id: str) -> Dossier | None:
        """Return the dossier of a plan, None without one."""
        known = self._known.get(plan_id)
        if known is not None and self._is_current(known):
            return known
        village, period = village_of(plan_id), period_of(plan_id)
        found = self._read([village], period, period)
        return next((one for one in found if one.plan.plan_id == plan_id), None)

    def _is_current(self, dossier: Dossier) -> bool:
        """Tell whether the last act remembered is kept and no later one is: two looks by key instead of a replay."""
        last = dossier.acts[-1]
        names = [f"{last.plan_id}#{last.sequence + place}" for place in (0, 1)]
        found = self._facts.fact_marks(KIND, identities=names)
        return [one.identity for one in found] == names[:1] and _ends_at(dossier, found[0])

    def of_villages(
        self, village_ids: Collection[str] | None = None, first: str = "", last: str = "9999-99"
    ) -> list[Dossier]:
        """Return the dossiers of villages (None: all) whose plan begins within periods, oldest first."""
        return self._read(village_ids, first, last)

    def add(self, acts: Sequence[Act], dossier: Dossier | None) -> Dossier:
        """Keep acts that follow ``dossier``; return the dossier after them.

        Raises
        ------
        RefusedError
            Somebody else has just added an act to the same plan; nothing was kept.
        """
        facts = [
            MoneyFact(
                KIND,
                f"{act.plan_id}#{act.sequence}",
                act.content(),
                act.by,
                act.at,
                village_id=act.village_id,
                period=period_of(act.plan_id),
            )
            for act in acts
        ]
        try:
            is_new = self._facts.add_facts(facts)
        except LedgerRefusedError as error:
            raise refuse("changed_meanwhile") from error
        if not all(is_new):
            raise refuse("changed_meanwhile")
        for act in acts:
            dossier = after(dossier, act)
        assert dossier is not None, "acts are never none"
        with self._lock:
            self._known[dossier.plan.plan_id] = dossier
        return dossier

    def _read(self, villages: Collection[str] | None, first: str, last: str) -> list[Dossier]:
        marks: dict[str, list[FactMark]] = {}
        for mark in self._facts.fact_marks(KIND, village_ids=villages, first_period=first, last_period=last):
            marks.setdefault(mark.identity.partition("#")[0], []).append(mark)
        with self._lock:
            found = [one for key, rows in marks.items() if (one := self._current(key, rows)) is not None]
        if len(found) < len(marks):  # something is new, or was rolled back: read what the acts say
            facts = self._facts.facts(KIND, village_ids=villages, first_period=first, last_period=last)
            with self._lock:
                found = self._folded(facts)
        return sorted(found, key=lambda one: (one.plan.first_month, one.plan.plan_id))

    def _current(self, plan_id: str, rows: Sequence[FactMark]) -> Dossier | None:
        """Return a remembered dossier when it holds every act that is kept."""
        known = self._known.get(plan_id)
        whole = known is not None and known.sequence == len(rows) and _ends_at(known, rows[-1])
        return known if whole else None

    def _folded(self, facts: Sequence[MoneyFact]) -> list[Dossier]:
        grouped: dict[str, list[MoneyFact]] = {}
        for fact in facts:
            grouped.setdefault(fact.identity.partition("#")[0], []).append(fact)
        found: list[Dossier] = []
        for plan_id, rows in grouped.items():
            known = self._known.get(plan_id)
            if known is not None and not _fits(known, rows):  # from a transaction that was rolled back
                known = None
            for place, fact in enumerate(rows, 1):
                if known is None or place > known.sequence:
                    known = after(known, _act(plan_id, place, fact))
            if known is not None:
                self._known[plan_id] = known
                found.append(known)
        while len(self._known) > _CACHED_MAX:
            self._known.pop(next(iter(self._known)))
        return found


def _fits(known: Dossier, rows: Sequence[MoneyFact]) -> bool:
    """Tell whether a remembered dossier is a beginning of what is kept."""
    return known.sequence <= len(rows) and _ends_at(known, rows[known.sequence - 1])


def _ends_at(known: Dossier, kept: MoneyFact | FactMark) -> bool:
    """Tell whether the last act of a remembered dossier is the one that is kept."""
    last = known.acts[-1]
    return (kept.made_at, kept.made_by) == (last.at, last.by)


def _act(plan_id: str, sequence: int, fact: MoneyFact) -> Act:
    return Act(plan_id, fact.village_id, sequence, deed_of(fact.content), fact.made_by, fact.made_at)
