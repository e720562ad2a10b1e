"""Mutation campaign: lines of a folder deleted or turned round, one at a time, in a copy; the tests must fail each time.

    .venv/bin/python tools/mutate.py --count 60 --seed 1 [--folder cases] [MODULE …]

Mutants are statements deleted and conditions negated. Each one runs the test files that name its module, then
further ones: those of what is built on it, or what ``--tests`` names; a mutant no test
fails on is printed as survivor.
"""

import argparse
import ast
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
REVENUE = "revenue"
PARTS: tuple[str, ...] = (
    "revenue",
    "tests",
    "domain",
    "commands",
    "queries",
    "stores",
    "texts",
    "access",
    "config",
    "main",
)
PARTS += (
    "alerts",
    "cases",
    "kpis",
    "inverters",
    "industries",
    "simulator",
    "collectors",
    "jobs",
    "notifiers",
)
PARTS += ("dashboard", "api", "bench", "pyproject.toml")
_INDUSTRIES = (
    "tests/commands/test_funds.py",
    "tests/commands/test_industry_reports.py",
    "tests/jobs/test_watch_industries.py",
    "tests/main/test_industries.py",
    "tests/acceptance/test_industry_story.py",
)
_MONEY_IN = (
    "tests/commands/test_money_in.py",
    "tests/queries/test_money_checks.py",
    "tests/commands/test_openings.py",
    "tests/jobs/test_remind_money.py",
)
_MONEY_OUT = (
    "tests/acceptance/test_payout_story.py",
    "tests/commands/test_documents.py",
    "tests/queries/test_benefit_watch.py",
)
_OUT = frozenset(  # the modules from a village's net income to a household's card
    [
        "approval",
        "attendance",
        "distribution",
        "dossier",
        "figures",
        "notice",
        "payee_flags",
        "payment",
        "plan",
        "record",
        "rule",
        "stability",
        "trace",
    ]
)
LIMIT_S = 300
_DELETED = ast.Assign | ast.AugAssign | ast.Return | ast.Raise | ast.Expr | ast.Continue


@dataclass(frozen=True)
class Mutant:
    """One change of one file: lines first to last become ``text``."""

    path: Path
    first: int
    last: int
    text: str
    what: str


def mutants(path: Path) -> Iterator[Mutant]:
    """Yield every mutant of a file."""
    lines = path.read_text("utf-8").splitlines()
    for function in ast.walk(ast.parse("\n".join(lines))):
        if not isinstance(function, ast.FunctionDef):
            continue
        for node in ast.walk(function):
            if isinstance(node, ast.If | ast.While):
                yield _negated(path, lines, node)
            elif isinstance(node, _DELETED) and not _is_docstring(node):
                yield _deleted(path, lines, node)


def _is_docstring(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _deleted(path: Path, lines: list[str], node: ast.stmt) -> Mutant:
    last = node.end_lineno or node.lineno
    indent = lines[node.lineno - 1][: node.col_offset]
    return Mutant(path, node.lineno, last, f"{indent}pass", f"deleted: {lines[node.lineno - 1].strip()}")


def _negated(path: Path, lines: list[str], node: ast.If | ast.While) -> Mutant:
    test, last = node.test, node.test.end_lineno or node.lineno
    before = lines[test.lineno - 1][: test.col_offset]
    after = lines[last - 1][test.end_col_offset :]
    inside = lines[test.lineno - 1 : last]
    inside[-1] = inside[-1][: test.end_col_offset]
    inside[0] = inside[0][test.col_offset :]
    text = f"{before}not ({' '.join(part.strip() for part in inside)}){after}"
    return Mutant(path, test.lineno, last, text, f"negated: {text.strip()}")


def further_of(module: Path) -> Sequence[str]:
    """Return the tests of what is built on a module."""
    folder = module.parent.name
    if folder == REVENUE:
        return _MONEY_OUT if module.stem in _OUT else _MONEY_IN
    return _INDUSTRIES if folder in {"industries", "commands"} else ()


def tests_of(module: Path, copy: Path, further: Sequence[str] | None) -> list[list[str]]:
    """Return the test files that name a module, and the further ones (None: those of `further_of`)."""
    folder = module.parent.name
    named = re.compile(rf"{folder}\.{module.stem}\b|from {folder} import .*\b{module.stem}\b")
    own = sorted((copy / "tests" / folder).glob("test_*.py"))
    found = [str(path.relative_to(copy)) for path in own if named.search(path.read_text("utf-8"))]
    more = further_of(module) if further is None else further
    return [found, [one for one in more if one not in found]]


def survives(mutant: Mutant, copy: Path, further: Sequence[str] | None = None) -> bool | None:
    """Put a mutant into the copy, run its tests, put the file back; tell whether every test passed, None: no time."""
    target = copy / mutant.path.relative_to(ROOT)
    kept = target.read_text("utf-8")
    lines = kept.splitlines()
    lines[mutant.first - 1 : mutant.last] = [mutant.text]
    target.write_text("\n".join(lines) + "\n", "utf-8")
    try:
        return all(_passes(files, copy) for files in tests_of(target, copy, further) if files)
    except subprocess.TimeoutExpired:
        return None
    finally:
        target.write_text(kept, "utf-8")


def _passes(files: Sequence[str], copy: Path) -> bool:
    environment = {**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
    words = ["-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "--hypothesis-seed=0"]
    done = subprocess.run(
        [sys.executable, *words, *files],
        cwd=copy,
        env=environment,
        capture_output=True,
        timeout=LIMIT_S,
        check=False,
    )
    return done.returncode == 0


def main() -> int:
    """Run the campaign; return 1 when a mutant survived."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("modules", nargs="*", help="names of files of the folder, all without any")
    parser.add_argument("--folder", default=REVENUE, help="revenue, industries, commands, cases, …")
    parser.add_argument("--tests", nargs="*", help="further test files")
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    paths = [
        path
        for path in sorted((ROOT / args.folder).glob("*.py"))
        if path.stem != "__init__" and (not args.modules or path.stem in args.modules)
    ]
    every = [mutant for path in paths for mutant in mutants(path)]
    chosen = random.Random(args.seed).sample(every, min(args.count, len(every)))  # noqa: S311 (a sample)
    begun, alive, slow = time.monotonic(), [], 0
    with tempfile.TemporaryDirectory() as name:
        copy = Path(name)
        for part in PARTS:
            source = ROOT / part
            if source.is_dir():
                shutil.copytree(source, copy / part, ignore=shutil.ignore_patterns("__pycache__"))
            elif source.exists():
                shutil.copy(source, copy / part)
        for number, mutant in enumerate(chosen, 1):
            found = survives(mutant, copy, args.tests)
            words = {True: "SURVIVED", False: "killed", None: "no time"}[found]
            place = f"{mutant.path.relative_to(ROOT)}:{mutant.first}"
            print(f"{number} {words}: {place}: {mutant.what}", flush=True)
            alive += [mutant] if found else []
            slow += found is None
    killed = len(chosen) - len(alive) - slow
    spent = time.monotonic() - begun
    print(
        f"{len(every)} mutants, {len(chosen)} tried, {killed} killed, {len(alive)} alive, {slow} without answer, {spent:.0f} s"
    )
    return int(bool(alive))


if __name__ == "__main__":
    sys.exit(main())
