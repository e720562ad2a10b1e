"""The reader of `config/industries.yaml`: units, indicators, targets, seasons; every fault at once.

The overlay's file, when there is one, stands in place of the delivered one as a whole.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from domain.errors import ConfigurationError
from industries.rules import IndustryRules
from main.configuration import RegistryProblemsError, node_of
from main.industry_records import FILE, rules_of
from main.registry.fields import number_text
from main.registry.problem import Problem, Problems, nearest
from main.registry.reader import Reader
from main.registry.records import Row
from texts.loader import Texts

NAME = "industries.yaml"
MONTHS = tuple(range(1, 13))


def load_industries(config: Path, overlay: Path | None, texts: Texts | None = None) -> IndustryRules:
    """Return the rules; without a file there are none.

    Raises
    ------
    RegistryProblemsError
        A ConfigurationError that lists every fault.
    """
    rules, problems = read_industries(config, overlay, texts)
    if problems:
        raise RegistryProblemsError(problems)
    return rules


def read_industries(
    config: Path, overlay: Path | None, texts: Texts | None = None
) -> tuple[IndustryRules, list[Problem]]:
    """Return the rules and every fault of their file."""
    problems = Problems(texts)
    path = next((p / NAME for p in (overlay, config) if p is not None and (p / NAME).is_file()), None)
    row = None if path is None else _read(path, problems)
    if row is None:
        return IndustryRules(), problems.sorted()
    for name in ("industries", "units", "indicators", "funds", "subsidy_rules"):
        _check_twice(row.get(name) or (), problems)
    _check_names(row, problems)
    for one in row.get("indicators") or ():
        _check_path(one, problems)
    if problems.found:
        return IndustryRules(), problems.sorted()
    return rules_of(row), []


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
    return Reader(str(path), problems).record(FILE, node)


def _check_twice(rows: Sequence[Row], problems: Problems) -> None:
    """Note an id that stands twice from the same day on: a newer version has a newer day."""
    seen: dict[tuple[str, Any], int] = {}
    for row in rows:
        name = row.get("id")
        if name is None:
            continue
        place = (name, row.get("valid_from"))
        if place in seen:
            problems.add(row.file, row.line, name, "written_twice", line=seen[place])
        seen.setdefault(place, row.line)


def _ids(rows: Sequence[Row]) -> list[str]:
    return [name for row in rows if (name := row.get("id")) is not None]


def _check_names(row: Row, problems: Problems) -> None:
    """Note names of units, industries, funds and indicators that nothing has."""
    units, industries = _ids(row.get("units") or ()), _ids(row.get("industries") or ())
    indicators, funds = _ids(row.get("indicators") or ()), _ids(row.get("funds") or ())
    for one in row.get("indicators") or ():
        _check_name(one, "unit", one.get("unit"), units, problems)
        _check_name(one, "industry", one.get("industry"), industries, problems)
    for one in row.get("funds") or ():
        for industry in one.get("industries") or ():
            _check_name(one, "industries", industry, industries, problems)
    for one in row.get("subsidy_rules") or ():
        _check_name(one, "fund", one.get("fund"), funds, problems)
        _check_name(one, "indicator", one.get("indicator"), indicators, problems)


def _check_name(row: Row, key: str, word: str | None, known: Sequence[str], problems: Problems) -> None:
    if word is None or word in known:
        return
    problems.add(
        row.file,
        row.at(key),
        key,
        "bad_choice",
        suggestion=nearest(word, known),
        value=word,
        options=", ".join(dict.fromkeys(known)),
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
