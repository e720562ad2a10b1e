"""Files of plans and attendance: the lines of a plan, the days of a sheet; persons by identity number only."""

from collections.abc import Mapping, Sequence

from commands.tables import TableRow, read_table
from revenue.notice import Change, fen_of
from revenue.plan import Basis, PlanLine, Weighting
from revenue.refusal import Refusal, RefusedError
from revenue.rule import LineClass
from stores.roster_protocol import RosterStore
from texts.loader import Texts

LINE_COLUMNS: Mapping[str, Sequence[str]] = {
    "kind": ("class", "用途"),
    "purpose": ("purpose", "事由"),
    "basis": ("basis", "方式"),
    "amount": ("amount", "金额", "金额（元）"),
    "rate": ("rate", "标准", "标准（元）"),
    "weighting": ("weighting", "权数"),
    "payee": ("payee", "收款人"),
}
DAY_COLUMNS: Mapping[str, Sequence[str]] = {
    "id_number": ("id_number", "身份证号"),
    "days": ("days", "天数", "出勤天数"),
}
CHANGE_COLUMNS: Mapping[str, Sequence[str]] = {
    "label": ("what", "项目"),
    "old": ("old", "原来", "原公示"),
    "new": ("new", "更正", "更正为"),
}
_BASES = {
    "按天": Basis.DAY_RATE,
    "按月": Basis.MONTHLY_WAGE,
    "按权数": Basis.WEIGHTS,
    "收款人": Basis.PAYEE,
    **{basis.value: basis for basis in Basis},
}
_WEIGHTINGS = {
    "": Weighting.EQUAL,
    "平均": Weighting.EQUAL,
    "积分": Weighting.POINTS,
    "容量": Weighting.POWER,
    "天数": Weighting.DAYS,
    **{weighting.value: weighting for weighting in Weighting},
}


def _classes() -> dict[str, LineClass]:
    """Return the classes by the words people write: the identifier and the printed name of both languages."""
    found = {kind.value: kind for kind in LineClass}
    for language in ("zh", "en"):
        texts = Texts(language)
        found |= {texts(f"payout.class.{kind.value}").casefold(): kind for kind in LineClass}
    return found


def read_lines(content: bytes) -> tuple[PlanLine, ...]:
    """Return the lines of a plan from a file.

    Raises
    ------
    TableRefusedError
        The file is no table we can read.
    RefusedError
        Every row that cannot be understood.
    """
    rows = read_table(content, LINE_COLUMNS, frozenset({"rate", "weighting", "payee"}))
    classes, lines, problems = _classes(), [], []
    for place, row in enumerate(rows, 1):
        try:
            lines.append(_line(row, str(place), classes))
        except (KeyError, ValueError):
            problems.append(Refusal("line_row", {}, row.number))
    if problems or not lines:
        raise RefusedError(problems or [Refusal("roster_empty")])
    return tuple(lines)


def _line(row: TableRow, line_id: str, classes: Mapping[str, LineClass]) -> PlanLine:
    cells = {name: row.cells.get(name, "").strip() for name in LINE_COLUMNS}
    return PlanLine(
        line_id,
        classes[cells["kind"].casefold()],
        cells["purpose"][:60],
        fen_of(cells["amount"]),
        _BASES[cells["basis"].casefold()],
        fen_of(cells["rate"]) if cells["rate"] else 0,
        _WEIGHTINGS[cells["weighting"].casefold()],
        payee=cells["payee"][:60],
    )


def read_days(content: bytes, rosters: RosterStore) -> dict[str, int]:
    """Return days by person from a file with identity numbers.

    Raises
    ------
    TableRefusedError
        The file is no table we can read.
    RefusedError
        Every row whose person or number is not known.
    """
    rows = read_table(content, DAY_COLUMNS)
    numbers = {row.number: "".join(row.cells["id_number"].split()).upper() for row in rows}
    known = rosters.identified(set(numbers.values()))
    days: dict[str, int] = {}
    problems: list[Refusal] = []
    for row in rows:
        text, person = row.cells["days"].strip(), known.get(numbers[row.number])
        if person is None:
            problems.append(Refusal("sheet_stranger", {}, row.number))
        elif not (text.isascii() and text.isdigit() and len(text) <= 3):
            problems.append(Refusal("roster_number", {"text": text[:20]}, row.number))
        elif person in days:
            problems.append(Refusal("sheet_twice", {}, row.number))
        else:
            days[person] = int(text)
    if problems:
        raise RefusedError(problems)
    return days


def read_changes(content: bytes) -> tuple[Change, ...]:
    """Return what a correction changes, from a file.

    Raises
    ------
    TableRefusedError
        The file is no table we can read.
    RefusedError
        Every row that says too little.
    """
    found, problems = [], []
    for row in read_table(content, CHANGE_COLUMNS):
        cells = [row.cells.get(name, "").strip()[:80] for name in CHANGE_COLUMNS]
        if all(cells):
            found.append(Change(*cells))
        else:
            problems.append(Refusal("change_row", {}, row.number))
    if problems or not found:
        raise RefusedError(problems or [Refusal("nothing_to_correct")])
    return tuple(found)
