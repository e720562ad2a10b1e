"""The registry as tables: which sheets and columns a workbook has, records to rows, rows to records."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from typing import Any

from main.registry.facts import Facts, by_id, event_id
from main.registry.fields import Scalar
from main.registry.problem import Problems, nearest
from main.registry.reader import Node, Reader
from main.registry.records import (
    ACCOUNT,
    ACT,
    BOX,
    CAPACITY,
    DESIGN,
    DEVICE,
    DISTRICT,
    EARLIER_MONTH,
    GATEWAY,
    OWNERSHIP,
    PLANT,
    TOWN,
    VILLAGE,
    VILLAGE_EVENT,
    Field,
    Many,
    One,
    Record,
    Row,
    Shares,
    TextList,
)

FIRST_ROW = 3  # of data: keys stand in row 1, explanations in row 2


def _flat(record: Record) -> Record:
    """Return a record without its lists of records: what fits into one row."""
    return Record(
        record.name, tuple(one for one in record.fields if not isinstance(one.type, Many | One | Shares))
    )


_OF_PLANT = Field("plant", PLANT.fields[0].type)
_DISTRICT = Record("district", (*_flat(DISTRICT).fields, *BOX.fields))
_SHARE = Record(
    "share",
    (
        _OF_PLANT,
        *_flat(ACT).fields,
        Field("village", VILLAGE.fields[0].type),
        Field("share_kw", next(f.type.value for f in ACT.fields if isinstance(f.type, Shares))),
    ),
)


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet: its name, what a row is, whether rows begin with the plant they belong to, whether it may lack."""

    name: str
    record: Record
    owner: bool = False
    may_lack: bool = False

    @property
    def fields(self) -> tuple[Field, ...]:
        """Columns of the sheet."""
        return (_OF_PLANT, *self.record.fields) if self.owner else self.record.fields

    @staticmethod
    def heading_key(record: Record, column: Field) -> str:
        """Return the key of the words that explain a column."""
        name = record.name
        if record is _DISTRICT and column in BOX.fields:
            name = BOX.name
        elif column is _OF_PLANT:
            name = "share"
        return f"registry.column.{name}.{column.name}"


_PARTS: Mapping[str, Record] = {
    "capacities": CAPACITY,
    "gateways": GATEWAY,
    "devices": DEVICE,
    "accounts": ACCOUNT,
    "designs": DESIGN,
    "earlier_months": EARLIER_MONTH,
}
_MAY_LACK = frozenset({"designs", "earlier_months"})  # a list made before there were such sheets still enters
SHEETS = (
    Sheet("district", _DISTRICT),
    Sheet("towns", TOWN),
    Sheet("villages", VILLAGE),
    Sheet("events", VILLAGE_EVENT),
    Sheet("plants", _flat(PLANT)),
    *(Sheet(name, record, owner=True, may_lack=name in _MAY_LACK) for name, record in _PARTS.items()),
    Sheet("shares", _SHARE),
)


def tables(facts: Facts) -> dict[str, list[list[Any]]]:
    """Return the rows of every sheet in the order of its columns; None where nothing is written."""
    district = facts.district
    found: dict[str, list[list[Any]]] = {sheet.name: [] for sheet in SHEETS}
    if district is not None:
        values = {**district.values, **district["box"].values}
        found["district"].append([values[one.name] for one in _DISTRICT.fields])
    for name, rows in (("towns", facts.towns), ("villages", facts.villages), ("events", facts.events)):
        record = next(sheet.record for sheet in SHEETS if sheet.name == name)
        found[name] = [_cells(record, row) for row in rows.values()]
    for plant_id, plant in facts.plants.items():
        found["plants"].append(_cells(_flat(PLANT), plant))
        for name, record in _PARTS.items():
            found[name] += [[plant_id, *_cells(record, row)] for row in plant[name]]
    for plant_id, ownership in facts.ownership.items():
        found["shares"] += [
            [plant_id, act["valid_from"], act["source"], village, kw]
            for act in ownership["acts"]
            for village, kw in act["shares_kw"].items()
        ]
    return found


def _cells(record: Record, row: Row) -> list[Any]:
    return [
        ", ".join(row[one.name]) if isinstance(one.type, TextList) else row[one.name] for one in record.fields
    ]


@dataclass
class ReadSheet:
    """A sheet as found: its title, and each row by number with its cells by column."""

    title: str
    rows: list[tuple[int, dict[str, Scalar]]] = field(default_factory=list)


def check_columns(sheet: Sheet, title: str, columns: Sequence[str], problems: Problems) -> None:
    """Note columns that are missing or strange."""
    names = [one.name for one in sheet.fields]
    for name in columns:
        if name and name not in names:
            problems.add(title, 1, name, "column_strange", suggestion=nearest(name, names), column=name)
    for one in sheet.fields:
        if one.name not in columns:
            problems.add(title, 1, one.name, "column_missing", column=one.name)


def facts_of(found: Mapping[str, ReadSheet], problems: Problems) -> Facts:
    """Return the records of a workbook; every fault is noted with its sheet, row and column."""
    read = {
        sheet.name: _records(sheet, found[sheet.name], problems) for sheet in SHEETS if sheet.name in found
    }

    def rows(name: str) -> list[Row]:
        return [row for _, row in read.get(name, [])]

    identify = partial(by_id, problems=problems)
    plants = identify(rows("plants"), what="plant", identify=lambda row: row.get("id"))
    parts = {name: _by_plant(name, read.get(name, []), plants, problems) for name in _PARTS}
    return Facts(
        district=_district(rows("district"), problems),
        towns=identify(rows("towns"), what="town", identify=lambda row: row.get("id")),
        villages=identify(rows("villages"), what="village", identify=lambda row: row.get("id")),
        events=identify(rows("events"), what="village_event", identify=event_id),
        plants={
            key: _with_parts(row, {n: parts[n].get(key, ()) for n in _PARTS}) for key, row in plants.items()
        },
        ownership=_ownership(rows("shares"), problems),
    )


def _records(sheet: Sheet, found: ReadSheet, problems: Problems) -> list[tuple[str | None, Row]]:
    reader = Reader(found.title, problems)
    record = Record(sheet.record.name, sheet.fields)
    rows = []
    for number, cells in found.rows:
        pairs = [(Scalar("str", name), _node(record, name, cell, number)) for name, cell in cells.items()]
        row = reader.record(record, Node(number, pairs=pairs))
        owner = row.get("plant") if sheet.owner else None
        values = {key: value for key, value in row.values.items() if not (sheet.owner and key == "plant")}
        rows.append((owner, Row(values, row.file, row.line, row.lines, row.incomplete)))
    return rows


def _node(record: Record, name: str, cell: Scalar, number: int) -> Node:
    wanted = next((one for one in record.fields if one.name == name), None)
    if wanted is not None and isinstance(wanted.type, TextList) and cell.tag != "formula":
        parts = [part.strip() for part in cell.text.replace("，", ",").replace("、", ",").split(",")]
        return Node(number, items=[Node(number, scalar=Scalar("str", part)) for part in parts if part])
    if wanted is not None and isinstance(wanted.type, TextList):
        return Node(number, items=[Node(number, scalar=cell)])
    return Node(number, scalar=cell)


def _by_plant(
    name: str, rows: Iterable[tuple[str | None, Row]], plants: Mapping[str, Row], problems: Problems
) -> dict[str, tuple[Row, ...]]:
    found: dict[str, tuple[Row, ...]] = {}
    for owner, row in rows:
        if owner is not None and owner not in plants:
            problems.add(
                row.file, row.line, "plant", "unknown_plant", suggestion=nearest(owner, plants), id=owner
            )
        elif owner is not None:
            found[owner] = (*found.get(owner, ()), row)
    assert name in _PARTS
    return found


def _with_parts(plant: Row, parts: Mapping[str, tuple[Row, ...]]) -> Row:
    values = {**plant.values, **parts}
    ordered = {key: values[key] for key in PLANT.keys if key in values}
    return Row(ordered, plant.file, plant.line, plant.lines, plant.incomplete)


def _district(rows: Sequence[Row], problems: Problems) -> Row | None:
    if not rows:
        return None
    for extra in rows[1:]:
        problems.add(extra.file, extra.line, "", "one_district")
    row = rows[0]
    box = {key: row.get(key) for key in BOX.keys}
    values = {key: value for key, value in row.values.items() if key not in box}
    broken = any(value is None for value in box.values())
    values["box"] = Row(box, row.file, row.line, row.lines, incomplete=broken)
    values["towns"] = ()
    ordered = {key: values[key] for key in DISTRICT.keys if key in values}
    return Row(ordered, row.file, row.line, row.lines, row.incomplete)


def _ownership(rows: Iterable[Row], problems: Problems) -> dict[str, Row]:
    groups: dict[tuple[str, date], list[Row]] = {}
    broken: set[str | None] = set()
    for row in rows:
        if row.incomplete:
            broken.add(row.get("plant"))  # its sum would be off for a reason already told
        else:
            groups.setdefault((row["plant"], row["valid_from"]), []).append(row)
    acts: dict[str, list[Row]] = {}
    for (plant_id, _), group in groups.items():
        act = _act(group, problems)
        acts.setdefault(plant_id, []).append(replace(act, incomplete=plant_id in broken))
    return {
        plant_id: Row(
            {OWNERSHIP.fields[0].name: plant_id, "acts": tuple(found)}, found[0].file, found[0].line
        )
        for plant_id, found in acts.items()
    }


def _act(group: Sequence[Row], problems: Problems) -> Row:
    first = group[0]
    shares: dict[str, float] = {}
    lines: dict[str, int] = {}
    for row in group:
        if row["source"] != first["source"]:
            problems.add(
                row.file,
                row.line,
                "source",
                "act_differs",
                plant=first["plant"],
                day=first["valid_from"],
                first=first["source"],
                second=row["source"],
            )
        village = row["village"]
        if village in shares:
            problems.add(row.file, row.line, "village", "written_twice", line=lines[f"shares_kw.{village}"])
        shares[village] = row["share_kw"]
        lines[f"shares_kw.{village}"] = row.line
    values = {"valid_from": first["valid_from"], "source": first["source"], "shares_kw": shares}
    return Row(values, first.file, first.line, lines)
