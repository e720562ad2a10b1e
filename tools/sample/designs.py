"""Design energies and earlier months of the sample: invented, of the size such a district has.

Hours a year and how they fall on the months are what an open solar resource gives for 33.9 N 109.9 E; one plant in
eight has no feasibility report at hand, and every second one no statements of the year before.
"""

import random
from collections.abc import Sequence
from datetime import date

from main.registry.emit import row
from main.registry.records import DESIGN, EARLIER_MONTH, Row

_HOURS_A_YEAR = 1_090.0
_SHARES = (0.066, 0.067, 0.086, 0.097, 0.104, 0.101, 0.102, 0.096, 0.077, 0.073, 0.066, 0.065)
_LOSS_PERCENT = 0.7
_WITHOUT_REPORT = 8
_EARLIER_YEAR = 2025


def make_designs(position: int, capacities: Sequence[Row]) -> tuple[Row, ...]:
    """Return a design for each capacity a plant had; none for one plant in eight."""
    if position % _WITHOUT_REPORT == _WITHOUT_REPORT - 1:
        return ()
    return tuple(
        row(
            {
                "valid_from": one["valid_from"],
                **{
                    f"kwh_{month:02d}": float(round(one["dc_capacity_kw"] * _HOURS_A_YEAR * share))
                    for month, share in enumerate(_SHARES, 1)
                },
                "yearly_loss_percent": _LOSS_PERCENT,
                "source": "样例可研报告（虚构）",
            },
            DESIGN,
        )
        for one in capacities
    )


def make_earlier_months(position: int, capacities: Sequence[Row]) -> tuple[Row, ...]:
    """Return the months of the year before for every second plant."""
    if position % 2:
        return ()
    chance = random.Random(position)  # noqa: S311 (invented numbers)
    dc_kw = capacities[-1]["dc_capacity_kw"]
    return tuple(
        row(
            {
                "month": date(_EARLIER_YEAR, month, 1),
                "energy_kwh": float(round(dc_kw * _HOURS_A_YEAR * share * chance.uniform(0.82, 0.98))),
                "source": "样例结算单（虚构）",
            },
            EARLIER_MONTH,
        )
        for month, share in enumerate(_SHARES, 1)
    )
