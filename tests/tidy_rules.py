"""House rules no linter knows, each a function from a file's text to its faults; tests/test_tidy.py applies them."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
FUNCTION_LINES_MAX = 50
FILE_LINES_MAX = 500
FILE_BYTES_MAX = 1_000_000
_BUILT = {".git", ".venv", ".hypothesis", "data", "build", "screenshots"}  # at the top only
_TEXT_SUFFIXES = {
    ".py", ".md", ".yaml", ".yml", ".toml", ".sh", ".css", ".js", ".html", ".csv", ".txt", ".conf", ".json", ".mako",
    ".ini", ".c", ".example", "",
}  # fmt: skip


def _is_ours(path: Path) -> bool:
    parts = path.relative_to(ROOT).parts
    if parts[0] in _BUILT or parts[-1] == ".env" or path.suffix == ".pyc":
        return False
    return not any(part == "__pycache__" or part.endswith(("_cache", ".egg-info")) for part in parts)


def files() -> Iterator[Path]:
    """Every file of the tree that belongs to it, sorted."""
    for path in sorted(ROOT.rglob("*")):
        if _is_ours(path) and path.is_file():
            yield path


def python_files() -> list[Path]:
    """Every Python file of ours."""
    return [path for path in files() if path.suffix == ".py"]


def text_files() -> list[Path]:
    """Every text file of ours: code, words, documents; not what others wrote."""
    return [p for p in files() if p.suffix in _TEXT_SUFFIXES and "third_party" not in p.parts]


def name(path: Path) -> str:
    """Path from the root, for people."""
    return path.relative_to(ROOT).as_posix()


@cache
def _tree(source: str) -> ast.Module:
    return ast.parse(source)


def _functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def _is_docstring(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def long_functions(source: str) -> list[str]:
    """Functions whose body, docstring left out, has more than 50 lines."""
    faults = []
    for function in _functions(_tree(source)):
        body = function.body[1:] if _is_docstring(function.body[0]) else function.body
        if not body:
            continue
        lines = (body[-1].end_lineno or 0) - body[0].lineno + 1
        if lines > FUNCTION_LINES_MAX:
            faults.append(f"{function.name} has {lines} lines, {FUNCTION_LINES_MAX} at most")
    return faults


def too_many_lines(source: str) -> list[str]:
    """A file of more than 500 lines."""
    count = len(source.splitlines())
    return [f"{count} lines, {FILE_LINES_MAX} at most"] if count > FILE_LINES_MAX else []


_WRITE_NAME = re.compile(
    r"^(write_(single_|multiple_)?(coils?|registers?|file_record)|mask_write_\w+|read_?write_(multiple_)?registers"
    r"|Write(Single|Multiple)(Coils?|Registers?)\w*|MaskWrite\w+|ReadWriteMultiple\w+|WriteFileRecord\w*)$"
)
WRITE_CODES = frozenset({5, 6, 15, 16, 21, 22, 23})


def _write_name(node: ast.AST) -> str | None:
    if isinstance(node, ast.Attribute):
        return node.attr
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.alias):
        return node.name.rpartition(".")[2]
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return node.name
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    return None


def _last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _given_codes(node: ast.AST) -> Iterator[int]:
    """Function codes given to a request: ``function_code=6``, ``function_code = 6``, ``BlockRead(6, ...)``."""
    values: list[ast.expr] = []
    if isinstance(node, ast.keyword) and node.arg in {"function", "function_code"}:
        values = [node.value]
    elif isinstance(node, ast.Assign):
        values = [node.value for target in node.targets if _last_name(target) == "function_code"]
    elif isinstance(node, ast.Call) and _last_name(node.func) == "BlockRead":
        values = node.args[:1]
    for value in values:
        if isinstance(value, ast.Constant) and isinstance(value.value, int):
            yield value.value


def modbus_writes(source: str) -> list[str]:
    """Anything that could write to a device: a library's write call by any name, or a write function code."""
    faults = []
    for node in ast.walk(_tree(source)):
        found = _write_name(node)
        if found is not None and _WRITE_NAME.match(found):
            faults.append(f"line {getattr(node, 'lineno', '?')}: {found} writes to a device")
        faults.extend(
            f"line {getattr(node, 'lineno', '?')}: function code {code} writes to a device"
            for code in _given_codes(node)
            if code in WRITE_CODES
        )
    return faults


def config_imports(source: str) -> list[str]:
    """`import config`: a folder of facts, not a package; Python would silently make a namespace of it."""
    faults: list[str] = []
    for node in ast.walk(_tree(source)):
        modules: list[str] = []
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            modules = [node.module or ""]
        faults.extend(f"line {node.lineno}: imports {m}" for m in modules if m.split(".")[0] == "config")  # type: ignore[attr-defined]
    return faults


def batching_writes(source: str) -> list[str]:
    """A write API of InfluxDB's client that is not the synchronous one: the others drop rows in the end."""
    faults = []
    for node in ast.walk(_tree(source)):
        if not (
            isinstance(node, ast.Call) and _last_name(node.func) in {"write_api", "WriteApi", "WriteOptions"}
        ):
            continue
        options = {word.arg: _last_name(word.value) for word in node.keywords}
        if options.get("write_options") != "SYNCHRONOUS":
            faults.append(f"line {node.lineno}: writes without write_options=SYNCHRONOUS")
    return faults


_UNFINISHED = re.compile(r"\b(" + "|".join(("FIX" + "ME", "TO" + "DO", "XX" + "X")) + r")\b")


def unfinished(text: str) -> list[str]:
    """Notes of work left undone."""
    return [
        f"line {number}: {match.group()}"
        for number, line in enumerate(text.splitlines(), 1)
        for match in _UNFINISHED.finditer(line)
    ]


_NEVER = {"utcnow", "utcfromtimestamp", "today"}
_CLOCK_CALLS = {
    ("time", "time"),
    ("time", "time_ns"),
    ("datetime", "now"),
    ("time", "localtime"),
    ("time", "gmtime"),
}


def naive_time(source: str) -> list[str]:
    """Calls that ask the machine for the time, or make an instant without a zone."""
    faults = []
    for node in ast.walk(_tree(source)):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        owner = node.func.value
        owner_name = _last_name(owner)
        call = (owner_name, node.func.attr)
        if call in _CLOCK_CALLS or (owner_name in {"datetime", "date"} and call[1] in _NEVER):
            faults.append(f"line {node.lineno}: {'.'.join(call)}() asks the machine; ask the injected Clock")
        elif call == ("datetime", "fromtimestamp") and len(node.args) < 2 and not node.keywords:
            faults.append(f"line {node.lineno}: datetime.fromtimestamp() without a zone")
    return faults


def not_one_docstring(source: str) -> list[str]:
    """An ``__init__.py`` that is anything but one docstring."""
    body = _tree(source).body
    return [] if len(body) == 1 and _is_docstring(body[0]) else ["must be one docstring and nothing else"]


_MACHINE_PATH = re.compile(
    r"(?<![\w.\-/*}~])/(?:wo" + r"rk|ro" + r"ot|ho" + r"me/\w+|Us" + r"ers/\w+)/|[A-Z]:\\\\?Us" + "ers"
)


def machine_paths(text: str) -> list[str]:
    """Absolute paths of somebody's machine."""
    return [
        f"line {number}: {line.strip()[:80]}"
        for number, line in enumerate(text.splitlines(), 1)
        if _MACHINE_PATH.search(line)
    ]


_FOREIGN_URL = re.compile(r"(?:https?:)?//((?:[a-z0-9-]+\.)+[a-z]{2,})", re.IGNORECASE)
NAMESPACE_HOSTS = frozenset({"www.w3.org"})  # names of XML vocabularies, never fetched


def foreign_urls(text: str) -> list[str]:
    """Addresses a browser would fetch from somewhere else."""
    return [
        f"line {number}: {match.group()}"
        for number, line in enumerate(text.splitlines(), 1)
        for match in _FOREIGN_URL.finditer(line)
        if match.group(1).lower() not in NAMESPACE_HOSTS
    ]


_ASSERTING_CALLS = re.compile(r"^(assert_\w+|raises|warns|fail|deprecated_call|expect)$")


def _asserts(node: ast.AST, helpers: set[str]) -> bool:
    for inner in ast.walk(node):
        if isinstance(inner, ast.Assert):
            return True
        if isinstance(inner, ast.Call):
            called = (
                inner.func.attr if isinstance(inner.func, ast.Attribute) else getattr(inner.func, "id", "")
            )
            if _ASSERTING_CALLS.match(called) or called in helpers:
                return True
    return False


def _is_fixture(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    marks = [d.func if isinstance(d, ast.Call) else d for d in function.decorator_list]
    return any(_last_name(mark) == "fixture" for mark in marks)


def tests_without_assertion(source: str) -> list[str]:
    """Test functions that cannot fail but by accident. Helpers of the same file that assert count."""
    tree = _tree(source)
    functions = list(_functions(tree))
    helpers: set[str] = set()
    while True:
        more = {f.name for f in functions if f.name not in helpers and _asserts(f, helpers)}
        if not more:
            break
        helpers |= more
    tests = [f for f in functions if f.name.startswith("test_") and not _is_fixture(f)]
    return [f"{f.name} asserts nothing" for f in tests if f.name not in helpers]


_PERSON = re.compile(
    r"(?<![0-9A-Za-z.])[1-6]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])[0-3]\d{4}[0-9Xx](?![0-9A-Za-z])"
)


def identity_check_digit(first_17: str) -> str:
    """Check digit of a citizen's identity number (GB 11643, ISO 7064 MOD 11-2)."""
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    total = sum(int(digit) * weight for digit, weight in zip(first_17, weights, strict=True))
    return "10X98765432"[total % 11]


def identity_numbers(text: str) -> list[str]:
    """Identity numbers a real person could have; invented ones must fail their own check digit."""
    return [
        f"line {number}: an identity number with a right check digit"
        for number, line in enumerate(text.splitlines(), 1)
        for match in _PERSON.finditer(line)
        if identity_check_digit(match.group()[:17]) == match.group()[17].upper()
    ]


def unhashed_requirements(text: str) -> list[str]:
    """Locked lines without a hash, and lines that name an index."""
    faults = [f"{line.strip()}: no index belongs here" for line in text.splitlines() if re.match(r"\s*(-i|-f|--index|--extra-index|--find|--trusted)", line)]  # fmt: skip
    joined = re.sub(r"\\\n\s*", " ", text)
    for line in joined.splitlines():
        if re.match(r"^[A-Za-z0-9]", line) and "--hash=sha256:" not in line:
            faults.append(f"{line.split()[0]} has no hash")
    return faults


DOORS: dict[str, tuple[str, ...]] = {  # library: the files, or folders, that may import it
    "pymodbus": ("collectors/modbus.py", "simulator/"),
    "serial": ("collectors/dlt645.py", "notifiers/sms.py"),  # a meter's bus; a modem
    "paho": (
        "collectors/mqtt.py",
        "collectors/mqtt_ear.py",
        "collectors/edge_line.py",
        "simulator/",
        "notifiers/mqtt.py",
    ),
    "apprise": ("notifiers/apprise.py",),
    "amqtt": ("simulator/", "main/demo/"),
    "influxdb_client": ("stores/influx_client.py",),
    "duckdb": ("stores/duckdb.py",),
    "pyarrow": ("stores/duckdb", "stores/influx", "jobs/transfer_samples.py"),
    "sqlalchemy": ("stores/records/", "stores/migrations/"),
    "alembic": ("stores/records/migrate.py", "stores/migrations/"),
    "sqlite3": (
        "collectors/spool",
        "collectors/history.py",
        "stores/records/",
        "main/probes.py",
        "main/handover.py",
    ),
    "cryptography": ("main/backup/", "main/tls/", "stores/records/sealing.py"),
    "pvlib": ("simulator/", "kpis/expected.py"),
    "prometheus_client": ("dashboard/health.py",),
    "apscheduler": ("jobs/schedule.py",),
    "reportlab": ("commands/papers/",),
    "segno": ("commands/papers/",),
    "PIL": ("commands/papers/", "commands/reading_rules.py", "tests/"),
    "pyotp": ("commands/second_factor.py",),
    "argon2": ("commands/passwords.py",),
    "waitress": ("main/web.py",),
    "pydantic": ("main/settings.py",),
    "yaml": ("inverters/reader.py", "main/", "texts/loader.py", "simulator/"),
    "dash": ("dashboard/",),
    "dash_mantine_components": ("dashboard/",),
    "dash_ag_grid": ("dashboard/",),
    "plotly": ("dashboard/",),
    "flask": ("dashboard/", "api/"),  # two faces of one server
    "flask_wtf": ("dashboard/",),
    "xlrd": ("commands/money_files.py",),
    "pypdf": ("commands/", "tests/"),
}


def imported_libraries(source: str) -> set[str]:
    """Top-level names a file imports, at any depth of the code."""
    found: set[str] = set()
    for node in ast.walk(_tree(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found.add((node.module or "").partition(".")[0])
    return found


def wrong_doors(path: str, source: str) -> list[str]:
    """Foreign libraries imported by a file that is not their door."""
    return [
        f"{path}: {library} comes in through {', '.join(DOORS[library])} only"
        for library in sorted(imported_libraries(source) & set(DOORS))
        if not path.startswith(DOORS[library])
    ]
