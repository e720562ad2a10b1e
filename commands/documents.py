"""Documents on order: each is permitted, scoped, noted in the audit, and made of the books as they are now."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from access.guard import guarded, require
from access.permissions import Permission
from access.principal import Principal
from commands.bank_file import BankFile
from commands.households import Households, SlipCode
from commands.notice_facts import notice_facts
from commands.papers import reports
from commands.papers.audit_package import originals_of, package
from commands.papers.bank import bank_csv, bank_xlsx
from commands.papers.notice_sheet import NoticeFacts, broadcast, classes, page, sheet, sheets
from commands.papers.report_sheets import report_sheets
from commands.papers.sheets import Cells, workbook
from commands.papers.slips import Slip, slips_pdf
from commands.papers.statement import lines_of, months_text
from commands.papers.step_papers import attendance_paper, step_paper
from commands.papers.voucher_sheets import voucher_sheets
from commands.payout import PayoutCommands
from domain.clock import Clock
from domain.document import Document as SharedDocument
from domain.money import Money
from domain.plant import Registry
from revenue.approval import PAPER_STEPS, Step, StepTaken
from revenue.dossier import Dossier, HeirNamed, Lapsed, NoticePosted, SheetKept
from revenue.notice import Notice, totals_in_page
from revenue.plan import PlanLine, verdict_of
from revenue.refusal import refuse
from revenue.rule import RuleVersion
from stores.payout import PayoutStores
from texts.loader import Texts


@dataclass(frozen=True, slots=True)
class Document:
    """A file as it leaves."""

    name: str
    content: bytes
    content_type: str


PDF = "application/pdf"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@guarded
class Documents(PayoutCommands):
    """Documents of plans, notices, payments and books. With ``households`` slips carry their codes."""

    def __init__(
        self,
        stores: PayoutStores,
        registry: Registry,
        rules: Sequence[RuleVersion],
        clock: Clock,
        field_clock: Clock,
        households: Households | None = None,
    ) -> None:
        super().__init__(stores, registry, rules, clock, field_clock)
        self._households = households

    @require(Permission.VIEW_INCOME)
    def notice_page(self, principal: Principal, plan_id: str, number: int, texts: Texts) -> str:
        """Return a notice as a page, names masked; its totals are read back before it is shown."""
        dossier, notice = self._notice(principal, plan_id, number)
        made = page(notice, self._facts(principal, dossier, notice, texts), texts)
        if totals_in_page(made) != {total.kind.value: total.fen for total in notice.totals}:
            raise refuse("amount_label")
        return made

    @require(Permission.VIEW_INCOME)
    def notice_classes(self, principal: Principal, plan_id: str, number: int, texts: Texts) -> SharedDocument:
        """Return a notice by its classes, to be passed on; no person is read for it."""
        dossier, notice = self._notice(principal, plan_id, number)
        nobody = replace(notice, rows=(), changes=(), reason="")
        return classes(nobody, notice_facts(self._stores, self._registry, dossier, nobody, texts), texts)

    @require(Permission.VIEW_PEOPLE)
    def notice_sheet(self, principal: Principal, plan_id: str, number: int, texts: Texts) -> Document:
        """Return a notice as PDF for the board, names as the village decided."""
        dossier, notice = self._notice(principal, plan_id, number)
        content = sheet(notice, self._facts(principal, dossier, notice, texts), texts)
        return self._given(principal, f"notice-{plan_id}-{number}.pdf", content, PDF)

    @require(Permission.VIEW_PEOPLE)
    def notice_sheets(
        self, principal: Principal, wanted: Iterable[tuple[str, int]], texts: Texts
    ) -> Document:
        """Return notices, each a plan and its number, as one PDF: all of a township to be printed at once."""
        found = [self._notice(principal, plan_id, number) for plan_id, number in wanted]
        if not found:
            raise refuse("nothing_to_print")
        content = sheets(
            [(one, self._facts(principal, dossier, one, texts)) for dossier, one in found], texts
        )
        return self._given(principal, "notices.pdf", content, PDF, len(found))

    @require(Permission.VIEW_INCOME)
    def broadcast(self, principal: Principal, plan_id: str, number: int, texts: Texts) -> str:
        """Return the text for the loudspeaker."""
        _, notice = self._notice(principal, plan_id, number)
        return broadcast(notice, self._label(notice.village_id, texts), texts)

    @require(Permission.VIEW_PEOPLE)
    def slips(self, principal: Principal, plan_ids: Iterable[str], texts: Texts) -> Document:
        """Return a slip for every household of plans, four an A4."""
        slips: list[Slip] = []
        for plan_id in plan_ids:
            dossier = self._dossier(principal, plan_id)
            codes = self._households.issue(principal, plan_id) if self._households is not None else {}
            slips += self._slips(dossier, codes, texts)
        return self._given(principal, "slips.pdf", slips_pdf(slips, texts), PDF, len(slips))

    @require(Permission.VIEW_INCOME)
    def five_lines(self, principal: Principal, entitlement_id: str, texts: Texts) -> list[str]:
        """Return how an amount came about, in five lines; no name is in them."""
        dossier = self._dossier(principal, entitlement_id.partition("/")[0])
        standing = dossier.standings().get(entitlement_id)
        if standing is None:
            raise refuse("no_entitlement", entitlement=entitlement_id[:60])
        return lines_of(dossier.plan, standing, texts)

    @require(Permission.VIEW_PEOPLE)
    def bank_list(self, principal: Principal, file: BankFile, texts: Texts, form: str = "xlsx") -> Document:
        """Return the bank file of a batch, XLSX or CSV."""
        self._village(principal, file.village_id)
        village = self._label(file.village_id, texts)
        content = bank_csv(file, village, texts) if form == "csv" else bank_xlsx(file, village, texts)
        name = f"{file.batch.batch_id}.{'csv' if form == 'csv' else 'xlsx'}"
        return self._given(principal, name, content, "text/csv" if form == "csv" else XLSX, len(file.rows))

    @require(Permission.VIEW_INCOME)
    def step_paper(
        self, principal: Principal, plan_id: str, step: Step, texts: Texts, upload: str = ""
    ) -> Document:
        """Return the paper of a step, ready filled."""
        if step not in PAPER_STEPS:
            raise refuse("no_step_paper", step=step.value)
        dossier = self._dossier(principal, plan_id)
        rule, plan = self._rule(dossier), dossier.plan
        taken = dossier.approval.taken(step)
        content = step_paper(
            plan,
            rule,
            verdict_of(plan, rule),
            step,
            self._label(plan.village_id, texts),
            texts,
            meeting=taken.meeting if taken else None,
            upload=upload,
        )
        return self._given(principal, f"{step.value}-{plan_id}.pdf", content, PDF)

    @require(Permission.VIEW_PEOPLE)
    def attendance_paper(
        self, principal: Principal, plan_id: str, line_id: str, month: date, texts: Texts
    ) -> Document:
        """Return a blank attendance sheet of a line and month, printed from the roster."""
        dossier = self._dossier(principal, plan_id)
        roster = self._roster(dossier)
        line = next((one for one in dossier.plan.lines if one.line_id == line_id), None)
        if roster is None or line is None or not line.is_by_days:
            raise refuse("sheet_line", line=line_id[:20])
        people = self._stores.rosters.people([one.person_id for one in roster.active])
        rows = [(one.household_id, people[one.person_id].name) for one in roster.active]
        village = self._label(dossier.plan.village_id, texts)
        content = attendance_paper(line, f"{month:%Y-%m}", village, rows, texts)
        return self._given(principal, f"attendance-{plan_id}-{line_id}.pdf", content, PDF, len(rows))

    @require(Permission.VIEW_INCOME)
    def reports(
        self,
        principal: Principal,
        village_ids: Iterable[str],
        first: str,
        last: str,
        texts: Texts,
        form: str = "xlsx",
    ) -> Document:
        """Return the four reports of villages for periods such as 2026-07, as a workbook or on A4 (``pdf``)."""
        tables: list[Cells] = []
        for village_id in village_ids:
            self._village(principal, village_id)
            vouchers = self._stores.ledger.vouchers([village_id], last_period=last)
            label, name = self._label(village_id, texts), _namer(texts)
            made = (
                reports.balance_sheet(vouchers, label, first, last, name, texts),
                reports.public_movements(vouchers, label, first, last, texts),
                reports.position(vouchers, label, last, name, texts),
                reports.result(vouchers, label, first, last, name, texts),
            )
            tables += [one if form == "pdf" else _tabbed(one, village_id) for one in made]
        if form == "pdf":
            content = report_sheets(tables, texts)
            return self._given(principal, f"reports-{first}-{last}.pdf", content, PDF, len(tables))
        return self._given(principal, f"reports-{first}-{last}.xlsx", workbook(tables), XLSX, len(tables))

    @require(Permission.VIEW_INCOME)
    def voucher_sheets(
        self, principal: Principal, village_ids: Iterable[str], first: str, last: str, texts: Texts
    ) -> Document:
        """Return the voucher sheets of villages for periods such as 2026-07, as one PDF for the binder."""
        books = []
        for village_id in village_ids:
            self._village(principal, village_id)
            found = self._stores.ledger.vouchers([village_id], last_period=last)
            vouchers = [one for one in found if one.period >= first]
            if vouchers:
                books.append((self._label(village_id, texts), vouchers))
        if not books:
            raise refuse("nothing_to_print")
        content, count = voucher_sheets(books, _namer(texts), texts), sum(len(one) for _, one in books)
        return self._given(principal, f"vouchers-{first}-{last}.pdf", content, PDF, count)

    @require(Permission.VIEW_INCOME)
    def audit_package(self, principal: Principal, village_id: str) -> Document:
        """Return everything of a village an auditor can check with tools of his own."""
        self._village(principal, village_id)
        dossiers = self._stores.dossiers.of_villages([village_id])
        ledger = self._stores.ledger
        own, originals = ledger.vouchers([village_id]), originals_of(ledger, ledger.vouchers([village_id]))
        papers = self._papers(dossiers, {one.file_hash for one in originals if one.file_hash})
        content = package(dossiers, own, ledger.vouchers(), papers, originals)
        return self._given(principal, f"audit-{village_id}.zip", content, "application/zip")

    @require(Permission.VIEW_INCOME)
    def bulk(
        self, principal: Principal, what: str, village_ids: Sequence[str], first: str, last: str, texts: Texts
    ) -> Document:
        """Return one kind of paper of villages at once: what a township prints for all of its own."""
        if what == "vouchers":
            return self.voucher_sheets(principal, village_ids, first, last, texts)
        if what in {"reports", "workbook"}:
            form = "pdf" if what == "reports" else "xlsx"
            return self.reports(principal, village_ids, first, last, texts, form)
        if what == "package":
            if len(village_ids) != 1:
                raise refuse("one_village")
            return self.audit_package(principal, village_ids[0])
        plans = sorted(
            self._stores.dossiers.of_villages(village_ids, first, last), key=lambda one: one.plan.plan_id
        )
        if what == "slips":
            return self.slips(principal, [one.plan.plan_id for one in plans], texts)
        if what != "notices":
            raise refuse("nothing_to_print")
        wanted = [(one.plan.plan_id, notice.number) for one in plans for notice in one.notices]
        return self.notice_sheets(principal, wanted, texts)

    def _papers(self, dossiers: Iterable[Dossier], codes: set[str]) -> dict[str, bytes]:
        """Return what was signed, photographed or proved, by its hash; ``codes`` are those of originals."""
        for dossier in dossiers:
            for act in dossier.acts:
                if isinstance(act.deed, StepTaken) and act.deed.paper:
                    codes.add(act.deed.paper)
                if isinstance(act.deed, SheetKept):
                    codes.add(act.deed.sheet.photo)
                if isinstance(act.deed, NoticePosted):
                    codes.add(act.deed.photo)
                if isinstance(act.deed, HeirNamed | Lapsed):
                    codes.add(act.deed.document)
        found = {code: self._records.photo(code) for code in codes}
        return {code: kept[1] for code, kept in found.items() if kept is not None}

    def _given(
        self, principal: Principal, name: str, content: bytes, content_type: str, count: int = 1
    ) -> Document:
        self._note(
            principal, "document.export", name, "done", {"count": str(count), "bytes": str(len(content))}
        )
        return Document(name, content, content_type)

    def _label(self, village_id: str, texts: Texts) -> str:
        return self._registry.village_label(village_id, texts.language)

    def _notice(self, principal: Principal, plan_id: str, number: int) -> tuple[Dossier, Notice]:
        dossier = self._dossier(principal, plan_id)
        for notice in dossier.notices:
            if notice.number == number:
                return dossier, notice
        raise refuse("no_notice", code=f"{plan_id} {number}")

    def _facts(self, principal: Principal, dossier: Dossier, notice: Notice, texts: Texts) -> NoticeFacts:
        persons = {row.person_id for row in notice.rows}
        self._note(principal, "people.look", notice.plan_id, "done", {"count": str(len(persons))})
        return notice_facts(self._stores, self._registry, dossier, notice, texts)

    def _slips(self, dossier: Dossier, codes: Mapping[str, SlipCode], texts: Texts) -> list[Slip]:
        """Return a slip for each household: every reason, and the five lines of the largest amount."""
        standings = dossier.standings()
        people = self._stores.rosters.people({one.person_id for one in dossier.entitlements})
        households: dict[str, list[str]] = {}
        for one in dossier.entitlements:
            households.setdefault(one.household_id, []).append(one.entitlement_id)
        plan, slips = dossier.plan, []
        for household, ids in sorted(households.items()):
            owed = sorted((standings[key] for key in ids), key=lambda one: -one.entitlement.fen)
            rows = tuple(
                (_reason(plan.line(one.entitlement.line_id), texts), str(Money(one.entitlement.fen)))
                for one in owed
            )
            total = Money(sum(one.entitlement.fen for one in owed))
            name = people[owed[0].entitlement.person_id].name
            slips.append(
                Slip(
                    self._label(plan.village_id, texts),
                    household,
                    name,
                    months_text(plan),
                    total,
                    rows,
                    tuple(lines_of(plan, owed[0], texts)),
                    code=codes.get(household),
                )
            )
        return slips


def _reason(line: PlanLine, texts: Texts) -> str:
    return f"{texts(f'papers.class.{line.kind.value}')}·{line.purpose}"


def _namer(texts: Texts) -> Callable[[str], str]:
    """Return what names an account."""

    def name(code: str) -> str:
        key = f"ledger.account.{code}"
        return texts(key) if key in texts else code

    return name


def _tabbed(cells: Cells, village_id: str) -> Cells:
    return Cells(f"{village_id[-3:]} {cells.name}", cells.heads, cells.rows, cells.fen, cells.lead)
