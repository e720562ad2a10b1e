"""A roster file row by row: which columns there are, what a row must say, who may not be there twice."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from commands.tables import TableRow, extra_columns, read_table
from domain.roster import MemberState
from revenue.refusal import Refusal, RefusedError

COLUMNS: Mapping[str, Sequence[str]] = {
    "household": ("household", "户号"),
    "name": ("name", "姓名"),
    "id_number": ("id_number", "身份证号"),
    "group": ("group", "村民小组", "组"),
    "points": ("points", "积分", "权数"),
    "power_kw": ("power_kw", "容量", "容量kW"),
    "bank": ("bank", "开户银行"),
    "account": ("account", "银行账号", "社保卡号"),
    "payee": ("payee", "收款人身份证号"),
    "state": ("state", "状态"),
    "note": ("note", "备注"),
}
_OPTIONAL = frozenset({"group", "points", "power_kw", "bank", "account", "payee", "state", "note"})
_STATES = {
    "": MemberState.ACTIVE,
    "在册": MemberState.ACTIVE,
    "active": MemberState.ACTIVE,
    "退出": MemberState.LEFT,
    "left": MemberState.LEFT,
    "死亡": MemberState.DIED,
    "died": MemberState.DIED,
}
_SAME_NAME = frozenset({"同名", "same name"})


@dataclass(frozen=True, slots=True)
class RosterRow:
    """One row, understood. Names and numbers do not show when it is printed."""

    row: int
    household_id: str
    name: str = field(repr=False)
    id_number: str = field(repr=False)
    group: str
    points: int
    power_w: int
    bank: str
    account: str = field(repr=False)
    payee_id_number: str = field(repr=False)
    state: MemberState
    note: str

    @property
    def is_active(self) -> bool:
        """Whether this person may get something new."""
        return self.state is MemberState.ACTIVE


def read_roster(content: bytes) -> tuple[list[RosterRow], list[Refusal]]:
    """Return the rows of a file that can be understood, and every problem.

    Raises
    ------
    TableRefusedError
        The file is no table we can read.
    RefusedError
        It has a column we do not want: data that are not needed are not taken.
    """
    strange = extra_columns(content, COLUMNS)
    if strange:
        raise RefusedError([Refusal("roster_column", {"name": name[:30]}) for name in strange])
    table = read_table(content, COLUMNS, _OPTIONAL)
    rows: list[RosterRow] = []
    problems: list[Refusal] = []
    for line in table:
        try:
            rows.append(_row(line))
        except RefusedError as error:
            problems.extend(error.reasons)
    if not table:
        problems.append(Refusal("roster_empty"))
    problems.extend(_twice(rows))
    return rows, problems


def _row(line: TableRow) -> RosterRow:
    cells = {name: line.cells.get(name, "").strip() for name in COLUMNS}
    number = "".join(cells["id_number"].split()).upper()
    problems = [
        Refusal(key, {}, line.number)
        for key, wrong in (
            ("roster_household", not cells["household"]),
            ("roster_name", not cells["name"]),
            ("roster_state", cells["state"].casefold() not in _STATES),
            ("roster_id", len(number) != 18 or not number.isascii() or not number[:17].isdigit()),
        )
        if wrong
    ]
    account = "".join(cells["account"].split())
    if account and not (account.isascii() and account.isdigit() and 12 <= len(account) <= 24):
        problems.append(Refusal("roster_account", {"text": f"…{account[-4:]}"}, line.number))
    points = _whole(cells["points"], line.number, problems)
    power_w = _watts(cells["power_kw"], line.number, problems)
    if problems:
        raise RefusedError(problems)
    return RosterRow(
        line.number,
        cells["household"][:40],
        cells["name"][:40],
        number,
        cells["group"][:40],
        points,
        power_w,
        cells["bank"][:60],
        account,
        "".join(cells["payee"].split()).upper(),
        _STATES[cells["state"].casefold()],
        cells["note"],
    )


def _whole(text: str, row: int, problems: list[Refusal]) -> int:
    if not text:
        return 0
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        problems.append(Refusal("roster_number", {"text": text[:20]}, row))
        return 0
    return int(text)


def _watts(text: str, row: int, problems: list[Refusal]) -> int:
    whole, _, places = text.partition(".")
    if len(places) > 3 or (places and not (places.isascii() and places.isdigit())):
        problems.append(Refusal("roster_number", {"text": text[:20]}, row))
        return 0
    return _whole(whole, row, problems) * 1000 + int(places.ljust(3, "0") if places else 0)


def _twice(rows: Sequence[RosterRow]) -> Iterator[Refusal]:
    by_number: dict[str, int] = {}
    by_name: dict[str, RosterRow] = {}
    for row in rows:
        if row.id_number in by_number:
            yield Refusal("roster_id_twice", {"other": by_number[row.id_number]}, row.row)
        by_number.setdefault(row.id_number, row.row)
        other = by_name.get(row.name)
        told_apart = row.note.casefold() in _SAME_NAME
        if other is not None and other.id_number != row.id_number and not told_apart:
            yield Refusal("roster_name_twice", {"other": other.row}, row.row)
        by_name.setdefault(row.name, row)
