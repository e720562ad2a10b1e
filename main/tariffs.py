"""The reader of `config/tariffs.yaml`: prices, taxation, end of subsidy, ceilings; every fault at once.

The overlay's file, when there is one, stands in place of the delivered one as a whole.
"""

from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from domain.errors import ConfigurationError
from domain.plant import Registry
from main.configuration import RegistryProblemsError, node_of
from main.registry.fields import Choice, Day, Text, Whole
from main.registry.problem import Problem, Problems, nearest
from main.registry.reader import Reader
from main.registry.records import Field, Many, One, Record, Row, TextList
from revenue.accounts import CostKind
from revenue.tariff import PriceComponent, Seller, Tariff, Tariffs, Taxation, TaxRegime
from texts.loader import Texts

NAME = "tariffs.yaml"
ALL = "all"
_DECIMAL = Text(r"-?\d{1,3}\.\d{1,6}", "0.3545", 12)
_PLANTS = TextList(Text(r"[a-z0-9-]+", ALL, 48))
_PRICE = Record(
    "price",
    (
        Field("plants", _PLANTS),
        Field("component", Text(r"[a-z_]{2,24}", "benchmark", 24)),
        Field("valid_from", Day()),
        Field("yuan_per_kwh", _DECIMAL),
        Field("source", Text(), ""),
    ),
)
_TAXATION = Record(
    "taxation",
    (
        Field("plants", _PLANTS),
        Field("valid_from", Day()),
        Field("seller", Choice(tuple(one.value for one in Seller))),
        Field("regime", Choice(tuple(one.value for one in TaxRegime))),
        Field("source", Text(), ""),
    ),
)
_SUBSIDY = Record("subsidy", (Field("hours", Whole(1, 100_000)), Field("years", Whole(1, 50))))
_CEILING = Record(
    "ceiling",
    (
        Field("cost", Choice(tuple(one.value for one in CostKind))),
        Field("fen_per_w_year", Whole(1, 1000)),
        Field("source", Text(), ""),
    ),
)
_TARIFFS = Record(
    "tariffs",
    (
        Field("prices", Many(_PRICE), ()),
        Field("taxation", Many(_TAXATION), ()),
        Field("subsidy", One(_SUBSIDY), None),
        Field("ceilings", Many(_CEILING), ()),
    ),
)


def load_tariffs(
    config: Path, overlay: Path | None, registry: Registry, texts: Texts | None = None
) -> Tariffs:
    """Return the tariffs; without a file there are none, and whatever needs a price says so.

    Raises
    ------
    RegistryProblemsError
        A ConfigurationError that lists every fault.
    """
    tariffs, problems = read_tariffs(config, overlay, registry, texts)
    if problems:
        raise RegistryProblemsError(problems)
    return tariffs


def read_tariffs(
    config: Path, overlay: Path | None, registry: Registry, texts: Texts | None = None
) -> tuple[Tariffs, list[Problem]]:
    """Return the tariffs and every fault of their file."""
    problems = Problems(texts)
    path = next((p / NAME for p in (overlay, config) if p is not None and (p / NAME).is_file()), None)
    if path is None:
        return Tariffs(), []
    row = _read(path, problems)
    if row is None or problems.found:
        return Tariffs(), problems.sorted()
    for one in (*row["prices"], *row["taxation"]):
        _check_plants(one, registry, problems)
    _check_twice(row["prices"], ("component", "valid_from"), problems)
    _check_twice(row["taxation"], ("valid_from",), problems)
    if problems.found:
        return Tariffs(), problems.sorted()
    by_plant = {plant.plant_id: _tariff(plant.plant_id, row) for plant in registry.plants}
    ceilings = {CostKind(one["cost"]): int(one["fen_per_w_year"]) for one in row["ceilings"]}
    return Tariffs(by_plant, ceilings), []


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
    return Reader(str(path), problems).record(_TARIFFS, node)


def _check_plants(row: Row, registry: Registry, problems: Problems) -> None:
    for plant in row["plants"]:
        if plant != ALL and plant not in registry.plants_by_id:
            known = (*registry.plants_by_id, ALL)
            problems.add(
                row.file,
                row.at("plants"),
                "plants",
                "unknown_plant",
                suggestion=nearest(plant, known),
                id=plant,
            )


def _check_twice(rows: tuple[Row, ...], keys: tuple[str, ...], problems: Problems) -> None:
    seen: dict[tuple[Any, ...], int] = {}
    for row in rows:
        for plant in row["plants"]:
            key = (plant, *(row[name] for name in keys))
            if key in seen:
                problems.add(row.file, row.line, keys[0], "written_twice", line=seen[key])
            seen.setdefault(key, row.line)


def _own(rows: tuple[Row, ...], plant_id: str) -> list[Row]:
    """Return the rows of a plant, those for all first, so that its own of the same day win."""
    shared = [row for row in rows if ALL in row["plants"]]
    return [*shared, *(row for row in rows if plant_id in row["plants"])]


def _tariff(plant_id: str, row: Row) -> Tariff:
    prices: dict[tuple[str, Any], PriceComponent] = {}
    for one in _own(row["prices"], plant_id):
        price = PriceComponent(
            one["component"], one["valid_from"], Decimal(one["yuan_per_kwh"]), one["source"]
        )
        prices[price.component, price.valid_from] = price
    taxed: dict[Any, Taxation] = {}
    for one in _own(row["taxation"], plant_id):
        taxed[one["valid_from"]] = Taxation(
            one["valid_from"], Seller(one["seller"]), TaxRegime(one["regime"]), one["source"]
        )
    subsidy = row["subsidy"]
    return Tariff(
        plant_id,
        tuple(sorted(prices.values(), key=lambda p: (p.valid_from, p.component))),
        tuple(taxed[day] for day in sorted(taxed)),
        int(subsidy["hours"]) if subsidy else None,
        int(subsidy["years"]) if subsidy else None,
    )
