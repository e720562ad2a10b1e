"""F07, F18, F19: what an inverter says of itself: stopped by a fault, insulation, arc or earth fault."""

import re

import numpy as np

from alerts.codes import told
from alerts.condition import Bounds, Limits
from alerts.context import Meaning
from alerts.judgement import Bools, Judgement, shortfall, verdicts
from alerts.rule import Daylight
from alerts.scene import Scene

STOP_BOUNDS: Bounds = {"rank": (1, 3), "dawn_min": (0, 120), "run_share": (0.0, 0.2)}
INSULATION_BOUNDS: Bounds = {"resistance_kohm": (1, 10_000)}
NO_BOUNDS: Bounds = {}
_ARC = re.compile(r"\barc\b|\bafci\b|ground(ing)? fault|earth(ing)? fault", re.IGNORECASE)


def judge_stop(scene: Scene, limits: Limits) -> Judgement:
    """F07. TRUE: the status is a fault, or a grave code is there and nothing is produced.

    Codes of dawn (low DC, insulation test) vanish by themselves: the first ``dawn_min`` of a bright day do
    not count.
    """

    def grave(code: Meaning) -> bool:
        return code.state == "fault" or (
            code.rank >= limits["rank"] and code.category not in {"comms", "meter"}
        )

    true, known = told(scene, grave)
    with np.errstate(invalid="ignore"):
        stands = ~(scene.share > limits["run_share"])
        runs = scene.share > limits["run_share"]
    settled = scene.to_units(_bright_for(scene, limits["dawn_min"] * 60.0))
    return Judgement(
        scene.subjects,
        verdicts((known | runs) & settled, true & stands, runs),
        {"power_w": scene.power_w},
        lost_w=shortfall(scene.expected_w, np.nan_to_num(scene.power_w)),
    )


def _bright_for(scene: Scene, least_s: float) -> Bools:
    """Return where it has been bright for a while without a break [plants, instants]."""
    bright = scene.daylight(Daylight.D2)
    need = round(least_s / scene.step_s)
    if need == 0:
        return bright
    total = np.cumsum(bright, axis=1)
    last_dark = np.maximum.accumulate(np.where(bright, 0, total), axis=1)
    return bright & (total - last_dark > need)


def judge_insulation(scene: Scene, limits: Limits) -> Judgement:
    """F18. TRUE: an insulation or residual-current code, or a resistance under the limit."""
    true, known = told(scene, lambda code: code.category == "insulation" and code.rank >= 1)
    resistance = scene.quantity("insulation_resistance_ohm")
    with np.errstate(invalid="ignore"):
        low = (resistance > 0) & (resistance < limits["resistance_kohm"] * 1000.0)
    measures = {"insulation_resistance_ohm": resistance}
    return Judgement(scene.subjects, verdicts(known | np.isfinite(resistance), true | low), measures)


def judge_arc(scene: Scene, limits: Limits) -> Judgement:  # noqa: ARG001
    """F19. TRUE: a code of an arc or an earth fault. It never clears by itself: somebody must have looked."""
    true, known = told(scene, lambda code: code.rank >= 1 and bool(_ARC.search(code.name)))
    return Judgement(scene.subjects, verdicts(known, true, np.zeros_like(true)))
