"""Reads `config/distribution_rules.yaml`; every fault of the file at once, with what is allowed."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from domain.errors import ConfigurationError
from revenue.rule import ForbiddenUse, LineClass, RuleVersion, ShareBase

FILE = "distribution_rules.yaml"
_KEYS: Mapping[str, type] = {
    "id": str,
    "valid_from": date,
    "source": str,
    "name": str,
    "name_en": str,
    "counts": list,
    "base": str,
    "allowed": list,
    "notice_days": int,
    "answer_days": int,
    "attendance_before_pay": bool,
    "equal_division_forbidden": bool,
    "binding": bool,
    "forbidden": list,
}
_PERCENT = "min_share_percent"


def load_rules(config: Path, overlay: Path | None = None) -> tuple[RuleVersion, ...]:
    """Return every rule version; those of the overlay win by id. Without a file there is none.

    Raises
    ------
    ConfigurationError
        Lists every fault.
    """
    found: dict[str, RuleVersion] = {}
    problems: list[str] = []
    for folder in (config, overlay):
        path = folder / FILE if folder is not None else None
        if path is not None and path.exists():
            for number, row in enumerate(_rows(path, problems), 1):
                rule = _rule(row, f"{path}: rule {number}", problems)
                if rule is not None:
                    found[rule.rule_id] = rule
    if problems:
        raise ConfigurationError("\n".join(problems))
    return tuple(sorted(found.values(), key=lambda rule: (rule.valid_from, rule.rule_id)))


def _rows(path: Path, problems: list[str]) -> list[Any]:
    try:
        data = yaml.safe_load(path.read_text("utf-8"))
    except yaml.YAMLError as error:
        problems.append(f"{path}: no sound YAML: {str(error).splitlines()[0]}")
        return []
    rows = data.get("rules") if isinstance(data, dict) else None
    if not isinstance(rows, list):
        problems.append(f"{path}: expected a list `rules:`")
        return []
    return rows


def _rule(row: Any, where: str, problems: list[str]) -> RuleVersion | None:
    if not isinstance(row, dict):
        problems.append(f"{where}: expected keys and values")
        return None
    faults = [f"{where}: unknown key {key!r}" for key in row if key not in {*_KEYS, _PERCENT}]
    faults += [
        f"{where}: {key} is missing or no {kind.__name__}"
        for key, kind in _KEYS.items()
        if not isinstance(row.get(key), kind) or (kind is int and isinstance(row.get(key), bool))
    ]
    percent = row.get(_PERCENT)
    if percent is not None and not (isinstance(percent, int) and 0 < percent <= 100):
        faults.append(f"{where}: {_PERCENT} is null or a whole number from 1 to 100")
    if not faults:
        faults = _value_faults(row, where)
    problems.extend(faults)
    return None if faults else _built(row)


def _value_faults(row: Mapping[str, Any], where: str) -> list[str]:
    classes = {kind.value for kind in LineClass}
    faults = [
        f"{where}: {key} names {name!r}; known: {', '.join(sorted(classes))}"
        for key in ("counts", "allowed")
        for name in row[key]
        if name not in classes
    ]
    if row["base"] not in {base.value for base in ShareBase}:
        faults.append(f"{where}: base is gross or net")
    faults += [
        f"{where}: {key} must not be negative" for key in ("notice_days", "answer_days") if row[key] < 0
    ]
    faults += [
        f"{where}: each forbidden use has id, zh, en, words"
        for use in row["forbidden"]
        if not (
            isinstance(use, dict)
            and set(use) == {"id", "zh", "en", "words"}
            and isinstance(use["words"], list)
        )
    ]
    return faults


def _built(row: Mapping[str, Any]) -> RuleVersion:
    return RuleVersion(
        row["id"],
        row["valid_from"],
        row["source"],
        row["name"],
        row["name_en"],
        row.get(_PERCENT),
        frozenset(LineClass(name) for name in row["counts"]),
        ShareBase(row["base"]),
        frozenset(LineClass(name) for name in row["allowed"]),
        tuple(
            ForbiddenUse(use["id"], use["zh"], use["en"], tuple(str(word) for word in use["words"]))
            for use in row["forbidden"]
        ),
        row["notice_days"],
        row["answer_days"],
        attendance_before_pay=row["attendance_before_pay"],
        equal_division_forbidden=row["equal_division_forbidden"],
        binding=row["binding"],
    )
