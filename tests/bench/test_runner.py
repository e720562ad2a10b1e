"""The benchmark runner finds benchmarks, isolates them, and keeps figures with their circumstances."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from bench.__main__ import benchmarks, main, run_one
from bench.figure import Outcome, machine_line, section, shown, table, with_section

AT = datetime(2026, 7, 1, 4, 0, tzinfo=UTC)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "bench"
    folder.mkdir()
    (folder / "__init__.py").write_text('"""Benchmarks."""\n')
    (folder / "helper.py").write_text('"""Not a benchmark."""\nX = 1\n')
    (folder / "good.py").write_text(
        '"""Counts.\n\nMore."""\n\ndef run(quick=False):\n    return {"n": 1 if quick else 2}\n'
    )
    (folder / "bad.py").write_text(
        '"""Breaks."""\n\ndef run(quick=False):\n    raise OSError("libmodbus is missing")\n'
    )
    return tmp_path


def test_a_benchmark_is_a_file_with_run(root: Path) -> None:
    assert benchmarks(root / "bench") == {"bad": "Breaks.", "good": "Counts."}


def test_the_runner_is_no_benchmark_itself() -> None:
    assert not {"__main__", "figure"} & set(benchmarks())


@pytest.mark.parametrize(("quick", "expected"), [(True, 1), (False, 2)])
def test_a_benchmark_is_told_whether_to_be_quick(root: Path, quick: bool, expected: int) -> None:
    outcome = run_one("good", "Counts.", quick=quick, root=root)
    assert (outcome.error, outcome.figures) == ("", {"n": expected})


def test_a_benchmark_that_breaks_says_why_and_has_no_figures(root: Path) -> None:
    outcome = run_one("bad", "Breaks.", quick=True, root=root)
    assert outcome.figures == {}
    assert "libmodbus is missing" in outcome.error
    assert "libmodbus is missing" in table(outcome)


def test_an_unknown_benchmark_is_a_mistake_in_the_command() -> None:
    with pytest.raises(SystemExit) as stop:
        main(["no_such_benchmark"])
    assert stop.value.code == 2


@pytest.mark.parametrize(
    ("value", "text"),
    [(1250.0, "1,250"), (8.123456, "8.123"), (12345.67, "12,345.7"), ("n/a", "n/a"), (0.00123, "0.00123")],
)
def test_figures_are_short(value: float | str, text: str) -> None:
    assert shown(value) == text


def test_a_section_tells_machine_date_and_command() -> None:
    text = section(
        Outcome("good", "Counts.", 3.2, {"n": 2}), at=AT, machine="2 cores", command="python -m bench good"
    )
    assert all(
        part in text for part in ("2026-07-01 04:00 UTC", "2 cores", "`python -m bench good`", "| `n` | 2 |")
    )


def test_writing_again_replaces_the_section_and_leaves_the_others() -> None:
    def made(name: str, n: int) -> str:
        return section(Outcome(name, "", 1, {"n": n}), at=AT, machine="m", command="c")

    document = with_section(with_section("# Figures\n", "a", made("a", 1)), "b", made("b", 7))
    again = with_section(document, "a", made("a", 2))
    assert again.startswith("# Figures")
    assert again.count("<!-- bench:a -->") == 1
    assert "| `n` | 2 |" in again
    assert "| `n` | 7 |" in again
    assert "| `n` | 1 |" not in again


def test_the_machine_is_named_with_its_cores_and_python() -> None:
    assert "cores" in machine_line()
    assert "Python 3." in machine_line()
