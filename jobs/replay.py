"""The whole engine over recorded samples, on their own clock: samples in, tables of days and alerts out.

Nothing is kept and nothing else is touched: the store, the clock and the network are not asked. Plants are
taken one by one, so the memory is that of the samples and of one plant.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from alerts.context import Context
from alerts.engine import judge
from alerts.rule import AlertRule
from domain.plant import Plant
from domain.series import PlantSeries
from jobs.replay_samples import PLANT, FileProblem, Samples
from jobs.replay_tables import Tables
from kpis.build_series import build_series
from kpis.prepare import Prepared, lendable, prepared
from kpis.series_daily import daily_of


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a replay read and wrote. ``findings``: device, quantity, flag, words, of whole columns."""

    rows: int
    plants: int
    devices: int
    first: str
    last: str
    files: Mapping[str, int]
    problems: tuple[FileProblem, ...] = ()
    findings: tuple[tuple[str, str, str, str], ...] = ()


@dataclass(frozen=True)
class Rules:
    """The rules to judge by, and what they are told besides the series."""

    rules: Sequence[AlertRule] = ()
    context: Context = field(default_factory=Context)


def replay(
    samples: Samples, plants: Mapping[str, Plant], out: Path, rules: Rules, step_s: float | None = None
) -> Replayed:
    """Run the engine over the samples and write the tables to ``out``."""
    tables = Tables(out)
    findings: list[tuple[str, str, str, str]] = []

    def judged() -> Iterator[PlantSeries]:
        for one in prepared_of(samples, plants, step_s):
            plant = plants[one.series.plant_id]
            tables.add_plant(one.series, daily_of(one.series, plant), rules.context.prices)
            findings.extend(
                (each.device_id, each.quantity, str(each.flag.name).lower(), each.detail)
                for each in one.findings
            )
            yield one.series

    tables.add_alerts(judge(judged(), rules.rules, rules.context))
    files = tables.close()
    at = samples.table["measured_at"]
    return Replayed(
        len(samples.table),
        int(samples.table[PLANT].nunique()),
        int(samples.table["device_id"].nunique()),
        at.min().isoformat(),
        at.max().isoformat(),
        files,
        samples.problems,
        tuple(findings),
    )


def series_of(
    samples: Samples, plants: Mapping[str, Plant], step_s: float | None = None
) -> Iterator[PlantSeries]:
    """Yield the series of each plant of the samples, one at a time."""
    for plant_id, rows in samples.table.groupby(PLANT, sort=True, observed=True):
        yield build_series(plants[str(plant_id)], rows, step_s)


def prepared_of(
    samples: Samples, plants: Mapping[str, Plant], step_s: float | None = None
) -> Iterator[Prepared]:
    """Yield the series of each plant with flags, irradiance and expected power.

    Where some plant has no irradiance of its own, the samples are gone through twice: first for what plants
    can lend one another.
    """
    others = []
    names = {str(name) for name in samples.table[PLANT].unique()}
    placed = [name for name in names if plants[name].latitude == plants[name].latitude]
    if len(placed) > 1 and _some_dark(samples, names):
        others = [(plants[each.plant_id], lendable(each)) for each in series_of(samples, plants, step_s)]
    for series in series_of(samples, plants, step_s):
        yield prepared(series, plants[series.plant_id], others)


def _some_dark(samples: Samples, names: set[str]) -> bool:
    """Tell whether some plant has no irradiance in the plane."""
    if "irradiance_poa_w_m2" not in samples.table.columns:
        return True
    lit = samples.table.loc[samples.table["irradiance_poa_w_m2"].notna(), PLANT].unique()
    return len(names - {str(name) for name in lit}) > 0


def plants_of(samples: Samples, known: Mapping[str, Plant]) -> dict[str, int]:
    """Return the plants of the samples that nobody described, with their rows."""
    counts = samples.table[PLANT].value_counts()
    return {str(name): int(count) for name, count in counts.items() if str(name) not in known}
