"""The stability watch: households that fell become questions to their town, closed by a visit, deleted in time."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from access.guard import guarded, require
from access.permissions import Permission
from access.principal import Principal
from commands.audit import command
from commands.industry_base import IndustryCommands
from domain.clock import Clock
from domain.errors import RecordRejectedError
from domain.plant import Registry
from industries.income import IncomePart, SourceYear, by_source, fallen_households
from industries.report import refuse
from industries.rules import IndustryRules
from industries.watch import judged_period
from stores.industry_protocol import IndustryRecords

Incomes = Callable[[Sequence[str]], Iterable[IncomePart]]
NOTE_CHARS_MIN = 4


@dataclass(frozen=True, slots=True)
class HouseholdIncome:
    """What a household received by source, this year and the year before over the same months."""

    village_id: str
    household_id: str
    year: int
    through_month: int
    sources: tuple[SourceYear, ...]

    @property
    def source_count(self) -> int:
        """From how many sources money came this year."""
        return sum(one.now_fen > 0 for one in self.sources)


@guarded
class Stability(IndustryCommands):
    """Asking, closing, deleting."""

    def __init__(
        self,
        records: IndustryRecords,
        registry: Registry,
        rules: IndustryRules,
        clock: Clock,
        field_clock: Clock,
        incomes: Incomes,
    ) -> None:
        super().__init__(records, registry, rules, clock, field_clock)
        self._incomes = incomes

    @command(Permission.CHECK_REPORT, "stability.ask")
    def ask(self, principal: Principal) -> int:
        """Ask about the households that fell against the same months of last year; return how many are new.

        Only months are compared whose reports are due: what is paid in arrears has not fallen. Who asks learns a
        number and no household. What is past its day a daily job deletes.
        """
        self._whole_district(principal)
        limits = self._rules.limits
        period = judged_period(self._today, limits.due_day)
        towns = {one.village_id: one.town_id for one in self._registry.villages}
        parts = list(self._incomes(list(towns)))
        found = fallen_households(
            parts,
            int(period[:4]),
            int(period[5:]),
            limits.income_fall,
            towns,
            self._field_clock.now(),
            limits.question_days,
        )
        with self._carry_out(principal, "stability.ask", period[:4], {"found": str(len(found))}):
            return self._store.add_questions(found)

    @require(Permission.VIEW_PEOPLE)
    def household(self, principal: Principal, village_id: str, household_id: str) -> HouseholdIncome:
        """Return what a household of a village in scope received by source, year against year; audited."""
        self._village(principal, village_id)
        theirs = [one for one in self._incomes([village_id]) if one.household_id == household_id]
        if not theirs:
            raise refuse("not_found", text=household_id[:40])
        today = self._today
        self._note(principal, "people.look", f"{village_id} {household_id}"[:120], "done", {"what": "income"})
        rows = tuple(by_source(theirs, today.year, today.month))
        return HouseholdIncome(village_id, household_id, today.year, today.month, rows)

    @command(Permission.VIEW_PEOPLE, "stability.close")
    def close(self, principal: Principal, question_id: str, note: str) -> None:
        """Close a question of one's own town with the note of a visit."""
        mine = {one.question_id for one in self._store.questions(sorted(principal.scope.town_ids))}
        if not principal.scope.town_ids or question_id not in mine:
            raise refuse("not_found", text=question_id[:40])
        if len(note.strip()) < NOTE_CHARS_MIN:
            raise refuse("no_reason")
        try:
            with self._carry_out(principal, "stability.close", question_id):
                at = self._clock.now()
                self._store.close_question(question_id, note.strip()[:400], principal.user_id, at)
        except RecordRejectedError as error:
            raise refuse("decided", text=question_id[:40]) from error
