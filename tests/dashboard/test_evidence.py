"""What an alert rests on is told by name and unit, never by the name a rule uses for it."""

import ast
from pathlib import Path

import pytest

from alerts.inhibition import FORMER_PARENT
from alerts.lifecycle import LAST_TRUE
from dashboard.components.evidence import evidence_lines
from domain.alert import Severity
from tests.alerts.makers import alert
from texts.loader import Texts

CONDITIONS = Path(__file__).parents[2] / "alerts" / "conditions"


def measures() -> set[str]:
    """Names of the values conditions show: the third of a judgement, and what is called ``measures``."""
    found: set[str] = set()
    for path in CONDITIONS.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            shown: list[ast.AST] = []
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Judgement":
                shown += node.args[2:3]
            if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "").startswith("measure"):
                shown.append(node.value)
            for part in shown:
                for one in ast.walk(part):
                    keys = one.keys if isinstance(one, ast.Dict) else []
                    found |= {str(key.value) for key in keys if isinstance(key, ast.Constant)}
    return found


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_value_a_rule_shows_has_a_name(language: str) -> None:
    texts = Texts(language)
    shown = measures()
    assert len(shown) > 30
    assert {name for name in shown if f"evidence.{name}" not in texts} == set()


def test_values_come_with_their_units_and_money_stands_elsewhere() -> None:
    said = {
        "power_w": "0",
        "expected_power_w": "61240",
        "ratio_to_median": "0.412",
        "insulation_resistance_ohm": "52000",
        "internal_temperature_c": "71.2",
        "voltage_v": "251.3",
        "falls": "4",
        "why": "间歇",
        "at_risk_benchmark_fen": "12000",
        "name": "香菇",
        LAST_TRUE: "2026-06-18T11:00+00:00",
        FORMER_PARENT: "F01-yecun-04-20260618T010000",
    }
    assert evidence_lines(alert("a", Severity.S2, evidence=said), Texts("zh")) == [
        ("功率", "0 W"),
        ("应发功率", "61.24 kW"),
        ("与中位数之比", "41.2 %"),
        ("绝缘电阻", "52 kΩ"),
        ("机内温度", "71.2 °C"),
        ("电压", "251.3 V"),
        ("当日跌落次数", "4"),
        ("原因", "间歇"),
        ("原先归在哪条告警下", "电站通信中断"),
    ]


def test_a_value_nobody_named_yet_is_shown_as_it_is() -> None:
    assert evidence_lines(alert("a", Severity.S2, evidence={"new_thing": "7"}), Texts("en")) == [
        ("new_thing", "7")
    ]
