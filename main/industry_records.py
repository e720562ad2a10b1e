"""The records of `config/industries.yaml`: keys, types, defaults; and how rows become rules."""

from decimal import Decimal
from typing import Any

from industries.indicator import EntryUnit, Indicator, IndicatorKind
from industries.rules import Fund, FundKind, Industry, IndustryRules, Limits, SubsidyRule
from main.registry.fields import Choice, Day, Flag, Number, Text, Whole, number_text
from main.registry.records import Field, Many, One, Record, Row, Shares, TextList

ID = Text(r"[a-z][a-z0-9_]*", "fungus_bags", 48)
_LONG = Text(length_max=400)
_AMOUNT = Number(0.01, 1_000_000_000_000)
_SHARE = Number(0, 1)
_NAMES = (Field("id", ID), Field("name", Text()), Field("name_en", Text()))
_INDUSTRY = Record("industry", _NAMES)
_UNIT = Record("entry_unit", (*_NAMES, Field("base", ID), Field("factor", Number(0.000001, 1_000_000_000))))
_INDICATOR = Record(
    "indicator",
    (
        Field("id", ID),
        Field("industry", ID),
        Field("name", Text()),
        Field("name_en", Text()),
        Field("kind", Choice(tuple(one.value for one in IndicatorKind))),
        Field("unit", ID),
        Field("target", Number(0.000001, 1_000_000_000_000), None),
        Field("valid_from", Day()),
        Field("document", Text()),
        Field("sentence", _LONG),
        Field("owner", Text(), ""),
        Field("counting", _LONG),
        Field("path", Shares(Text(r"[a-z0-9]{1,9}", "6", 9), _SHARE), None),
        Field("path_assumed", Flag(), True),
        Field("is_area", Flag(), False),
        Field("rise_max", Number(1, 1_000_000), None),
        Field("per_mu_max", Number(0.000001, 1_000_000_000), None),
        Field("limits_assumed", Flag(), True),
        Field("tasks", Shares(Text(r"\d{9}", "611002100", 9), Number(0, 1_000_000_000_000)), None),
    ),
)
_FUND = Record(
    "fund",
    (
        Field("id", ID),
        Field("kind", Choice(tuple(one.value for one in FundKind))),
        Field("name", Text()),
        Field("name_en", Text()),
        Field("industries", TextList(ID)),
        Field("valid_from", Day()),
        Field("document", Text()),
        Field("sentence", _LONG),
        Field("cap_yuan", _AMOUNT, None),
        Field("coverage", _SHARE, None),
        Field("claim_yuan_max", _AMOUNT, None),
        Field("terms_assumed", Flag(), True),
    ),
)
_SUBSIDY = Record(
    "subsidy_rule",
    (
        Field("id", ID),
        Field("fund", ID),
        Field("indicator", ID),
        Field("valid_from", Day()),
        Field("yuan_per_unit", _AMOUNT),
        Field("least", Number(0, 1_000_000), 0.0),
        Field("payee_yuan_max", _AMOUNT, None),
        Field("document", Text()),
        Field("rate_assumed", Flag(), True),
    ),
)
_LIMITS = Record(
    "limits",
    (
        Field("due_day", Whole(1, 28), 5),
        Field("behind", _SHARE, 0.1),
        Field("price_drop", _SHARE, 0.2),
        Field("claim_rate", _SHARE, 0.1),
        Field("neighbour_ratio", Number(1, 1000), 3.0),
        Field("village_mu", Number(1, 10_000_000), 30_000.0),
        Field("income_fall", _SHARE, 0.3),
        Field("question_days", Whole(1, 3650), 180),
        Field("notice_days", Whole(0, 90), 7),
        Field("document", Text(), ""),
        Field("lands", Shares(Text(r"\d{12}", "611002100201", 12), Number(1, 10_000_000)), None),
    ),
)
FILE = Record(
    "industries",
    (
        Field("format", Whole(1, 1)),
        Field("industries", Many(_INDUSTRY), ()),
        Field("units", Many(_UNIT)),
        Field("indicators", Many(_INDICATOR)),
        Field("funds", Many(_FUND), ()),
        Field("subsidy_rules", Many(_SUBSIDY), ()),
        Field("limits", One(_LIMITS), None),
    ),
)


def rules_of(row: Row) -> IndustryRules:
    """Return the rules a sound file says."""
    units = {unit["id"]: _unit(unit) for unit in row["units"]}
    return IndustryRules(
        tuple(Industry(one["id"], one["name"], one["name_en"]) for one in row["industries"]),
        tuple(units.values()),
        tuple(_indicator(one, units) for one in row["indicators"]),
        tuple(_fund(one) for one in row["funds"]),
        tuple(_subsidy(one) for one in row["subsidy_rules"]),
        Limits() if row["limits"] is None else _limits(row["limits"]),
    )


def _exact(value: Any) -> Decimal:
    return Decimal(number_text(value))


def _maybe(value: Any) -> Decimal | None:
    return None if value is None else _exact(value)


def _fen(value: Any) -> int | None:
    return None if value is None else int((_exact(value) * 100).to_integral_value())


def _unit(row: Row) -> EntryUnit:
    return EntryUnit(row["id"], row["name"], row["name_en"], row["base"], _exact(row["factor"]))


def _indicator(row: Row, units: dict[str, EntryUnit]) -> Indicator:
    return Indicator(
        indicator_id=row["id"],
        industry=row["industry"],
        name=row["name"],
        name_en=row["name_en"],
        kind=IndicatorKind(row["kind"]),
        unit=units[row["unit"]],
        target=_maybe(row["target"]),
        valid_from=row["valid_from"],
        document=row["document"],
        sentence=row["sentence"],
        owner=row["owner"],
        counting=row["counting"],
        path={int(month): _exact(share) for month, share in (row["path"] or {}).items()},
        path_assumed=row["path_assumed"],
        is_area=row["is_area"],
        rise_max=_maybe(row["rise_max"]),
        per_mu_max=_maybe(row["per_mu_max"]),
        limits_assumed=row["limits_assumed"],
        tasks={town: _exact(task) for town, task in (row["tasks"] or {}).items()},
    )


def _fund(row: Row) -> Fund:
    return Fund(
        row["id"],
        FundKind(row["kind"]),
        row["name"],
        row["name_en"],
        tuple(row["industries"]),
        row["valid_from"],
        row["document"],
        row["sentence"],
        _fen(row["cap_yuan"]),
        _maybe(row["coverage"]),
        _fen(row["claim_yuan_max"]),
        row["terms_assumed"],
    )


def _subsidy(row: Row) -> SubsidyRule:
    return SubsidyRule(
        row["id"],
        row["fund"],
        row["indicator"],
        row["valid_from"],
        _fen(row["yuan_per_unit"]) or 0,
        _exact(row["least"]),
        _fen(row["payee_yuan_max"]),
        row["document"],
        row["rate_assumed"],
    )


def _limits(row: Row) -> Limits:
    return Limits(
        due_day=row["due_day"],
        behind=_exact(row["behind"]),
        price_drop=_exact(row["price_drop"]),
        claim_rate=_exact(row["claim_rate"]),
        neighbour_ratio=_exact(row["neighbour_ratio"]),
        village_mu=_exact(row["village_mu"]),
        income_fall=_exact(row["income_fall"]),
        question_days=row["question_days"],
        notice_days=row["notice_days"],
        document=row["document"],
        lands={village: _exact(mu) for village, mu in (row["lands"] or {}).items()},
    )
