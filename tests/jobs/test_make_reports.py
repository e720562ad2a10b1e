"""Reports by schedule: the right day, every subject, files that are whole, and a target that fails spoils nothing."""

from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

import pytest

from access.principal import Principal
from domain.account import Role, Scope
from domain.document import Document
from domain.errors import NotifyError
from jobs.make_reports import ReportMaker, ReportPlan, Send
from queries.report_runs import made_line, read_made
from tests.dashboard.fixtures import World, bare, few_plants, sample_registry
from tests.queries.report_world import keep_days, reports

TODAY = date(2026, 6, 18)
READER = Principal("reports", "reports", frozenset({Role.AUDITOR}), Scope(everything=True))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = bare(tmp_path_factory.mktemp("reports"), few_plants(sample_registry()))
    keep_days(made)
    yield made
    made.close()


def maker(world: World, folder: Path, send: Send | None = None) -> ReportMaker:
    return ReportMaker(reports(world), READER, folder, world.registry, send)


def test_the_brief_of_yesterday_is_two_files(world: World, tmp_path: Path) -> None:
    told = maker(world, tmp_path).make(ReportPlan("brief", "brief", 25_200.0), TODAY)
    assert told == "1 reports, 2 files, 2026-06-17"
    found = sorted(str(one.relative_to(tmp_path)) for one in tmp_path.rglob("*") if one.is_file())
    assert found == ["brief/2026-06-17/brief.pdf", "brief/2026-06-17/brief.xlsx"]
    assert (tmp_path / found[0]).read_bytes().startswith(b"%PDF")


def test_a_monthly_report_waits_for_its_day_and_is_about_the_month_before(
    world: World, tmp_path: Path
) -> None:
    plan = ReportPlan("plants", "plant", 0.0, month_day=5, forms=("txt",))
    assert maker(world, tmp_path).make(plan, TODAY) == "not today"
    told = maker(world, tmp_path).make(plan, date(2026, 7, 5))
    count = len(world.registry.plants)
    assert told == f"{count} reports, {count} files, 2026-06-30"
    assert {one.stem for one in (tmp_path / "plant/2026-06").iterdir()} == set(world.registry.plants_by_id)


def test_targets_get_the_files_and_one_that_fails_is_told(world: World, tmp_path: Path) -> None:
    sent: list[tuple[str, str, int]] = []

    def send(target: str, document: Document, files: Sequence[Path]) -> None:
        if target == "broken":
            raise NotifyError("nobody answers")
        sent.append((target, document.title, len(files)))

    plan = ReportPlan("brief", "brief", 0.0, targets=("broken", "mail"))
    told = maker(world, tmp_path, send).make(plan, TODAY)
    assert sent == [("mail", "2026-06-17 运维日报", 2)]
    assert told.endswith("broken: nobody answers")
    assert len(list(tmp_path.rglob("*.pdf"))) == 1


def test_the_line_of_a_run_is_read_as_it_was_written() -> None:
    assert read_made(made_line(3, 6, TODAY)) == ("3", "6", "2026-06-18", "")
    assert read_made(f"{made_line(1, 2, TODAY)}; mail: refused") == ("1", "2", "2026-06-18", "mail: refused")
    assert read_made("not today") is None
