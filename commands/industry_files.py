"""Workbooks of reports and registers: the template people fill, and what its rows say."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from commands.papers.sheets import Cells, workbook
from commands.tables import TableRow, read_table
from domain.industry import Report, ReporterKind, ReportMark
from domain.plant import Registry
from industries.base import Base
from industries.report import ReportFault
from industries.rules import IndustryRules
from texts.loader import LANGUAGES, Texts

COLUMNS = ("indicator", "reporter", "period", "amount", "unit", "mark", "reason", "note")
OPTIONAL = frozenset({"unit", "mark", "reason", "note"})
_MONTH = re.compile(r"(\d{4})[-/.年](\d{1,2})")


@dataclass(frozen=True, slots=True)
class ReportRow:
    """One row of a workbook, its words matched to ids; what could not be matched stays as written."""

    row: int
    indicator_id: str
    reporter_kind: ReporterKind
    reporter_id: str
    period: str
    text: str
    unit_id: str
    mark: ReportMark
    reason: str
    note: str


@dataclass(frozen=True, slots=True)
class ReadReports:
    """The rows of a workbook; ``empty`` counts those without a number."""

    rows: tuple[ReportRow, ...]
    empty: int
    faults: tuple[ReportFault, ...]


def heads(name: str) -> tuple[str, ...]:
    """Return the headings a column may have: both languages and its own name."""
    return (*(Texts(language)(f"industries.column.{name}") for language in LANGUAGES), name)


def read_reports(
    content: bytes, rules: IndustryRules, registry: Registry, bases: Mapping[str, Base], today: date
) -> ReadReports:
    """Return what a workbook says.

    Raises
    ------
    TableRefusedError
        It is no table, or a column is missing.
    """
    names = _Names(rules, registry, bases, today)
    rows, faults, empty = [], [], 0
    for line in read_table(content, {name: heads(name) for name in COLUMNS}, OPTIONAL):
        row, fault = names.row(line)
        if fault is not None:
            faults.append(fault)
        elif row is None:
            empty += 1
        else:
            rows.append(row)
    return ReadReports(tuple(rows), empty, tuple(faults))


class _Names:
    """Words people write → ids."""

    def __init__(
        self, rules: IndustryRules, registry: Registry, bases: Mapping[str, Base], today: date
    ) -> None:
        self._indicators = {
            _plain(word): one.indicator_id
            for one in rules.in_force(today)
            for word in (one.indicator_id, one.name, one.name_en)
        }
        self._units = {
            _plain(word): one.unit_id for one in rules.units for word in (one.unit_id, one.name, one.name_en)
        }
        self._towns = {
            _plain(word): one.town_id
            for one in registry.towns
            for word in (one.town_id, one.name, one.name_en)
        }
        self._villages = _village_words(registry)
        self._bases = {_plain(word): key for key, one in bases.items() for word in (one.name, one.base_id)}
        self._marks = {
            _plain(word): mark
            for mark in (ReportMark.ZERO, ReportMark.SAME)
            for word in (mark.value, *(Texts(one)(f"industries.mark.{mark.value}") for one in LANGUAGES))
        }

    def row(self, line: TableRow) -> tuple[ReportRow | None, ReportFault | None]:
        cells = {name: line.cells.get(name, "") for name in COLUMNS}
        mark = self._marks.get(_plain(cells["mark"]))
        if cells["mark"] and mark is None:
            options = "、".join(Texts("zh")(f"industries.mark.{one}") for one in ("zero", "same"))
            return None, _fault(line, "bad_kind", text=cells["mark"][:20], options=options)
        if not cells["amount"] and mark is None:
            return None, None
        indicator = self._indicators.get(_plain(cells["indicator"]))
        if indicator is None:
            return None, _fault(line, "no_indicator", text=cells["indicator"][:40])
        kind, reporter = self._reporter(cells["reporter"])
        if not reporter:
            return None, _fault(line, "no_reporter", text=cells["reporter"][:40])
        month = _MONTH.match(cells["period"])
        if month is None:
            return None, _fault(line, "bad_period", text=cells["period"][:20])
        unit = self._units.get(_plain(cells["unit"]), cells["unit"])
        text = "0" if mark is ReportMark.ZERO and not cells["amount"] else cells["amount"]
        period = f"{month.group(1)}-{int(month.group(2)):02d}"
        given = (text, unit, mark or ReportMark.ENTERED, cells["reason"], cells["note"])
        return ReportRow(line.number, indicator, kind, reporter, period, *given), None

    def _reporter(self, word: str) -> tuple[ReporterKind, str]:
        plain = _plain(word)
        if plain in self._towns:
            return ReporterKind.TOWN, self._towns[plain]
        if plain in self._villages:
            return ReporterKind.VILLAGE, self._villages[plain]
        return ReporterKind.BASE, self._bases.get(plain, "")


def _village_words(registry: Registry) -> dict[str, str]:
    """Return code and town·village of every village, and its bare name where no other village has it."""
    found: dict[str, str] = {}
    bare: dict[str, set[str]] = {}
    for one in registry.villages:
        labels = (registry.village_label(one.village_id, language) for language in LANGUAGES)
        found |= {_plain(word): one.village_id for word in (one.village_id, *labels)}
        for word in (one.name, one.name_en):
            bare.setdefault(_plain(word), set()).add(one.village_id)
    return {word: next(iter(ids)) for word, ids in bare.items() if len(ids) == 1} | found


def template(
    rules: IndustryRules,
    reporters: Mapping[str, str],
    period: str,
    last: Iterable[Report],
    texts: Texts,
    today: date,
) -> bytes:
    """Return the workbook to fill: a row for every reporter and indicator, with last month's number beside it.

    ``reporters`` maps ids to the names written into the rows.
    """
    before = {(one.indicator_id, one.reporter_id): one for one in last}
    names = (*COLUMNS, "last_month")
    english = texts.language == "en"
    rows = []
    for reporter_id, name in reporters.items():
        for one in rules.in_force(today):
            known = before.get((one.indicator_id, reporter_id))
            shown = "" if known is None else f"{one.shown(known.value):f}"
            rows.append(
                (
                    one.name_en if english else one.name,
                    name,
                    period,
                    "",
                    one.unit.name_en if english else one.unit.name,
                    "",
                    "",
                    "",
                    shown,
                )
            )
    columns = tuple(texts(f"industries.column.{name}") for name in names)
    return workbook([Cells(texts("industries.paper.template"), columns, tuple(rows))])


def _fault(line: TableRow, key: str, **values: object) -> ReportFault:
    return ReportFault(key, refuses=True, values=values, row=line.number)


def _plain(text: str) -> str:
    return "".join(text.split()).casefold()
