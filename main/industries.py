"""The reader of `config/industries.yaml`: units, indicators, targets, seasons; every fault at once.

The overlay's file, when there is one, stands in place of the delivered one as a whole.
"""

from decimal import Decimal
from pathlib import Path

import yaml

from domain.errors import ConfigurationError
from industries.indicator import EntryUnit, Indicator, IndicatorKind
from main.configuration import RegistryProblemsError, node_of
from main.registry.fields import Choice, Day, Flag, Number, Text, Whole, number_text
from main.registry.problem import Problem, Problems, nearest
from main.registry.reader import Reader
from main.registry.records import Field, Many, Record, Row, Shares
from texts.loader import Texts

NAME = "industries.yaml"
MONTHS = tuple(range(1, 13))
_ID = Text(r"[a-z][a-z0-9_]*", "fungus_bags", 48)
_LONG = Text(length_max=400)
_UNIT = Record(
    "entry_unit",
    (
        Field("id", _ID),
        Field("name", Text()),
        Field("name_en", Text()),
        Field("base", _ID),
        Field("factor", Number(0.000001, 1_000_000_000)),
    ),
)
_INDICATOR = Record(
    "indicator",
    (
        Field("id", _ID),
        Field("industry", _ID),
        Field("name", Text()),
        Field("name_en", Text()),
        Field("kind", Choice(tuple(one.value for one in IndicatorKind))),
        Field("unit", _ID),
        Field("target", Number(0.000001, 1_000_000_000_000), None),
        Field("valid_from", Day()),
        Field("document", Text()),
        Field("sentence", _LONG),
        Field("owner", Text(), ""),
        Field("counting", _LONG),
        Field("path", Shares(Text(r"[a-z0-9]{1,9}", "6", 9), Number(0, 1)), None),
        Field("path_assumed", Flag(), True),
    ),
)
_INDUSTRIES = Record(
    "industries",
    (Field("format", Whole(1, 1)), Field("units", Many(_UNIT)), Field("indicators", Many(_INDICATOR))),
)


def load_industries(config: Path, overlay: Path | None, texts: Texts | None = None) -> tuple[Indicator, ...]:
    """Return the indicators; without a file there are none.

    Raises
    ------
    RegistryProblemsError
        A ConfigurationError that lists every fault.
    """
    indicators, problems = read_industries(config, overlay, texts)
    if problems:
        raise RegistryProblemsError(problems)
    return indicators


def read_industries(
    config: Path, overlay: Path | None, texts: Texts | None = None
) -> tuple[tuple[Indicator, ...], list[Problem]]:
    """Return the indicators and every fault of their file."""
    problems = Problems(texts)
    path = next((p / NAME for p in (overlay, config) if p is not None and (p / NAME).is_file()), None)
    row = None if path is None else _read(path, problems)
    if row is None:
        return (), problems.sorted()
    units, indicators = row.get("units") or (), row.get("indicators") or ()
    _check_twice(units, problems)
    _check_twice(indicators, problems)
    names = [name for unit in units if (name := unit.get("id")) is not None]
    for one in indicators:
        _check_unit(one, names, problems)
        _check_path(one, problems)
    if problems.found:
        return (), problems.sorted()
    by_id = {unit["id"]: _unit(unit) for unit in units}
    return tuple(_indicator(one, by_id) for one in indicators), []


def _read(path: Path, problems: Problems) -> Row | None:
    try:
        node = node_of(path.read_text("utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError, ValueError) as error:
        problems.add(str(path), 0, "", "not_yaml", reason=str(error).splitlines()[0])
        return None
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read ({error.strerror})") from error
    if node is None:
        problems.add(str(path), 0, "", "empty_file")
        return None
    return Reader(str(path), problems).record(_INDUSTRIES, node)


def _check_twice(rows: tuple[Row, ...], problems: Problems) -> None:
    seen: dict[str, int] = {}
    for row in rows:
        name = row.get("id")
        if name is None:
            continue
        if name in seen:
            problems.add(row.file, row.line, name, "written_twice", line=seen[name])
        seen.setdefault(name, row.line)


def _check_unit(row: Row, names: list[str], problems: Problems) -> None:
    unit = row.get("unit")
    if unit is not None and unit not in names:
        problems.add(
            row.file,
            row.at("unit"),
            "unit",
            "bad_choice",
            suggestion=nearest(unit, names),
            value=unit,
            options=", ".join(names),
        )


def _check_path(row: Row, problems: Problems) -> None:
    """Note months that are none, are missing, fall behind the month before, or end short of the target."""
    path = row.get("path")
    if path is None:
        return
    months = [str(month) for month in MONTHS]
    line, options = row.at("path"), ", ".join(months)
    for key in path:
        if key not in months:
            problems.add(row.file, line, f"path.{key}", "bad_choice", value=key, options=options)
    before = 0.0
    for month in months:
        if month not in path:
            problems.add(row.file, line, f"path.{month}", "missing_key", record="indicator")
            continue
        low = 1.0 if month == months[-1] else before
        if path[month] < low:
            problems.add(
                row.file,
                line,
                f"path.{month}",
                "out_of_range",
                value=number_text(path[month]),
                low=number_text(low),
                high=1,
            )
        before = path[month]


def _exact(value: float) -> Decimal:
    return Decimal(number_text(value))


def _unit(row: Row) -> EntryUnit:
    return EntryUnit(row["id"], row["name"], row["name_en"], row["base"], _exact(row["factor"]))


def _indicator(row: Row, units: dict[str, EntryUnit]) -> Indicator:
    target, path = row["target"], row["path"] or {}
    return Indicator(
        indicator_id=row["id"],
        industry=row["industry"],
        name=row["name"],
        name_en=row["name_en"],
        kind=IndicatorKind(row["kind"]),
        unit=units[row["unit"]],
        target=None if target is None else _exact(target),
        valid_from=row["valid_from"],
        document=row["document"],
        sentence=row["sentence"],
        owner=row["owner"],
        counting=row["counting"],
        path={int(month): _exact(share) for month, share in path.items()},
        path_assumed=row["path_assumed"],
    )
