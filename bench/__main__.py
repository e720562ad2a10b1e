"""`python -m bench [NAME ...] [--quick] [--write]`: runs the benchmarks, each in a process of its own.

Every bench/<name>.py with a function ``run(quick: bool) -> Mapping[str, float | str]`` is one. ``--write``
renews its section of docs/bench.md with machine, date and command.
"""

import argparse
import ast
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from bench.figure import Outcome, machine_line, section, table, with_section
from domain.clock import SystemClock

FOLDER = Path(__file__).parent
DOCUMENT = FOLDER.parent / "docs" / "bench.md"
_ANSWER = "@figures "
_CHILD = (
    "import importlib, json, sys; "
    "figures = importlib.import_module('bench.' + sys.argv[1]).run(quick=sys.argv[2] == '1'); "
    f"print('{_ANSWER}' + json.dumps(dict(figures)))"
)


def benchmarks(folder: Path = FOLDER) -> dict[str, str]:
    """Return the benchmarks of a folder and the first line of each one's docstring."""
    found = {}
    for path in sorted(folder.glob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        if any(isinstance(node, ast.FunctionDef) and node.name == "run" for node in tree.body):
            found[path.stem] = (ast.get_docstring(tree) or "").partition("\n")[0]
    found.pop("__main__", None)
    return found


def run_one(name: str, about: str, *, quick: bool, root: Path = FOLDER.parent) -> Outcome:
    """Run one benchmark in a process of its own."""
    begun = time.perf_counter()
    command = [sys.executable, "-c", _CHILD, name, "1" if quick else "0"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - begun
    answers = [line for line in done.stdout.splitlines() if line.startswith(_ANSWER)]
    if done.returncode != 0 or not answers:
        last = (done.stderr.strip() or f"exit code {done.returncode}, no figures").splitlines()[-1]
        return Outcome(name, about, seconds, {}, last)
    return Outcome(name, about, seconds, json.loads(answers[-1].removeprefix(_ANSWER)))


def main(words: Sequence[str] | None = None) -> int:
    """Run what is asked for; return 1 when a benchmark did not come through."""
    known = benchmarks()
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which (default all): {', '.join(known)}")
    parser.add_argument("--quick", action="store_true", help="less data, rougher figures")
    parser.add_argument("--write", action="store_true", help="renew docs/bench.md")
    args = parser.parse_args(words)
    unknown = [name for name in args.names if name not in known]
    if unknown:
        parser.error(f"no benchmark {', '.join(unknown)}; there are {', '.join(known)}")
    machine, failed = machine_line(), False
    print(f"{machine}\n", flush=True)
    for name in args.names or known:
        outcome = run_one(name, known[name], quick=args.quick)
        failed = failed or bool(outcome.error)
        print(f"## {name}: {outcome.about} ({outcome.seconds:.0f} s)\n\n{table(outcome)}\n", flush=True)
        if args.write and not outcome.error:
            command = f"python -m bench {name}{' --quick' if args.quick else ''}"
            text = section(outcome, at=SystemClock().now(), machine=machine, command=command)
            DOCUMENT.write_text(with_section(DOCUMENT.read_text("utf-8"), name, text), "utf-8")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
