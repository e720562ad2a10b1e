"""Every fault of the files about people and contracts, for `pvmon check`."""

from pathlib import Path

from domain.plant import Registry
from main.care.maintenance import load_maintenance
from main.care.notifying import load_notifying
from main.configuration import RegistryProblemsError
from main.registry.problem import Problem
from main.reports import load_reports
from texts.loader import Texts


def check_care(config: Path, registry: Registry, texts: Texts | None = None) -> None:
    """Read them all.

    Raises
    ------
    RegistryProblemsError
        Lists every fault.
    """
    problems: list[Problem] = []
    for load in (load_notifying, load_maintenance):
        try:
            load(config, registry, texts)
        except RegistryProblemsError as error:
            problems += error.problems
    if not problems:
        targets = [one.target_id for one in load_notifying(config, registry, texts).targets]
        load_reports(config, targets, texts)
    if problems:
        raise RegistryProblemsError(problems)
