"""The house rules hold in the whole tree, and each rule notices what it forbids."""

from collections.abc import Callable

import pytest

from tests import tidy_rules as rules

Rule = Callable[[str], list[str]]

BIG_FILES = {  # path: why it is above 1 MB. An entry whose file is gone or small is an error.
    "dashboard/assets/third_party/20-plotly-cartesian.min.js": "plotly.js (cartesian), so that charts need no network",
    "dashboard/assets/third_party/fonts/wqy-microhei.ttc": "the open Chinese TrueType font that documents embed",
}
MAY_ASK_THE_TIME = {"domain/clock.py"}
GENERATED = ("stores/migrations/versions/",)


def _faults(rule: Rule, paths: list[str]) -> list[str]:
    return [f"{path}: {fault}" for path in paths for fault in rule((rules.ROOT / path).read_text("utf-8"))]


def _python(*, tests: bool = True) -> list[str]:
    names = [rules.name(path) for path in rules.python_files()]
    return [n for n in names if tests or not n.startswith(("tests/", "bench/"))]


def _text() -> list[str]:
    return [rules.name(path) for path in rules.text_files()]


def test_the_tree_is_seen() -> None:
    assert {"domain/money.py", "tests/test_tidy.py", "main/cli.py"} <= set(_python())
    assert not [n for n in _python() if n.startswith((".venv", "build"))]


def test_no_function_is_longer_than_fifty_lines() -> None:
    assert _faults(rules.long_functions, [n for n in _python() if not n.startswith(GENERATED)]) == []


def test_no_file_is_longer_than_five_hundred_lines() -> None:
    assert _faults(rules.too_many_lines, _python()) == []


def test_nothing_can_write_to_a_device() -> None:
    assert _faults(rules.modbus_writes, [n for n in _python() if n != "tests/test_tidy.py"]) == []


def test_nobody_imports_the_config_folder() -> None:
    assert _faults(rules.config_imports, _python()) == []
    assert not list((rules.ROOT / "config").rglob("*.py"))


def test_no_work_is_left_as_a_note() -> None:
    assert _faults(rules.unfinished, [n for n in _text() if n != "requirements-dev.txt"]) == []


def test_only_the_clock_asks_the_time() -> None:
    asked = [n for n in _python(tests=False) if n not in MAY_ASK_THE_TIME]
    assert _faults(rules.naive_time, asked) == []


def test_every_foreign_library_has_one_door() -> None:
    ours = [n for n in _python(tests=False) if not n.startswith(("tools/", "docker/"))]
    assert [f for n in ours for f in rules.wrong_doors(n, (rules.ROOT / n).read_text("utf-8"))] == []


def test_a_library_that_comes_in_by_a_wrong_door_is_noticed() -> None:
    assert rules.wrong_doors("kpis/energy.py", "def f():\n    from duckdb import connect") != []
    assert rules.wrong_doors("stores/duckdb.py", "import duckdb, os") == []


def test_lines_are_written_synchronously() -> None:
    assert _faults(rules.batching_writes, _python(tests=False)) == []
    written = rules.batching_writes(
        (rules.ROOT / "stores/influx_client.py").read_text("utf-8").replace("SYNCHRONOUS)", "OTHER)")
    )
    assert len(written) == 1
    assert len(rules.batching_writes("client.write_api()")) == 1


def test_every_init_is_one_docstring() -> None:
    inits = [n for n in _python() if n.endswith("__init__.py")]
    assert len(inits) > 20
    assert _faults(rules.not_one_docstring, inits) == []


def test_every_python_file_lies_in_a_package() -> None:
    loose = {
        rules.name(path.parent)
        for path in rules.python_files()
        if not (path.parent / "__init__.py").exists()
        and rules.name(path.parent) not in {".", "tools", "docker"}
    }
    assert {folder for folder in loose if not folder.startswith("stores/migrations")} == set()


def test_no_file_is_larger_than_a_megabyte_without_a_reason() -> None:
    large = {rules.name(p) for p in rules.files() if p.stat().st_size > rules.FILE_BYTES_MAX}
    assert large == set(BIG_FILES), "a large file needs a reason in BIG_FILES, and a reason needs its file"


def test_no_path_of_somebodys_machine_is_written_down() -> None:
    assert _faults(rules.machine_paths, _text()) == []


def test_no_identity_number_of_a_possible_person_is_written_down() -> None:
    assert _faults(rules.identity_numbers, _text()) == []


def test_the_dashboard_fetches_nothing_from_elsewhere() -> None:
    own = [n for n in _text() if n.startswith("dashboard/")]
    assert _faults(rules.foreign_urls, own) == []


def test_every_test_can_fail() -> None:
    tests = [n for n in _python() if n.startswith("tests/")]
    assert _faults(rules.tests_without_assertion, tests) == []


def test_every_locked_dependency_has_a_hash_and_no_index() -> None:
    assert _faults(rules.unhashed_requirements, ["requirements.txt", "requirements-dev.txt"]) == []


def test_the_smaller_lock_is_part_of_the_larger_one() -> None:
    def pins(name: str) -> set[str]:
        lines = (rules.ROOT / name).read_text("utf-8").splitlines()
        return {line.split()[0] for line in lines if "==" in line and not line.startswith((" ", "#"))}

    assert pins("requirements.txt")
    assert pins("requirements.txt") <= pins("requirements-dev.txt")


NOBODY = "61100219000230123"  # a thirtieth of February
LONG = "def f() -> None:\n" + "    x = 1\n" * 51


@pytest.mark.parametrize(
    ("rule", "planted", "innocent"),
    [
        (rules.long_functions, LONG, LONG.replace("    x = 1\n", "", 1)),
        (rules.too_many_lines, "x = 1\n" * 501, "x = 1\n" * 500),
        (rules.modbus_writes, "client.write_register(1, 2)", "sheet.write_row(1, 2)"),
        (
            rules.modbus_writes,
            "from pymodbus.pdu import WriteMultipleRegistersRequest",
            "from pymodbus import pdu",
        ),
        (rules.modbus_writes, "getattr(client, 'write_coils')(0)", "getattr(client, 'read_coils')(0)"),
        (rules.modbus_writes, "class A:\n    function_code = 16", "class A:\n    function_code = 3"),
        (rules.modbus_writes, "BlockRead(6, 0, 1)", "BlockRead(4, 0, 1)"),
        (rules.modbus_writes, "request(function=5)", "request(function=3)"),
        (rules.config_imports, "import config", "import configparser"),
        (rules.config_imports, "from config.plants import x", "from main.configuration import x"),
        (rules.unfinished, "# TO" + "DO later", "# todo list of the village"),
        (rules.naive_time, "datetime.now()", "clock.now()"),
        (rules.naive_time, "datetime.datetime.utcnow()", "datetime.fromtimestamp(0, UTC)"),
        (rules.naive_time, "time.time()", "time.monotonic()"),
        (rules.naive_time, "date.today()", "day.isoformat()"),
        (rules.naive_time, "datetime.fromtimestamp(0)", "datetime.fromtimestamp(0, tz=UTC)"),
        (rules.not_one_docstring, '"""A."""\nx = 1', '"""A."""'),
        (rules.machine_paths, "open('/ho" + "me/li/x')", "open('/srv/pvmon/x')"),
        (rules.machine_paths, "see /ro" + "ot/notes", "see docs/ro" + "ot/notes"),
        (rules.identity_numbers, NOBODY + rules.identity_check_digit(NOBODY), NOBODY + "Z"),
        (
            rules.identity_numbers,
            "6110021900010112" + "3" + rules.identity_check_digit("6110021900010112" + "3"),
            "611002107201",
        ),
        (rules.foreign_urls, "https://cdn.jsdelivr.net/x.js", 'xmlns="http://www.w3.org/2000/svg"'),
        (rules.foreign_urls, "src='//unpkg.com/x'", "href='/app/plants'"),
        (rules.tests_without_assertion, "def test_a():\n    f()", "def test_a():\n    assert f()"),
        (
            rules.tests_without_assertion,
            "def look(): f()\ndef test_a():\n    look()",
            "def look(): assert f()\ndef test_a():\n    look()",
        ),
        (rules.unhashed_requirements, "a==1\n", "a==1 \\\n    --hash=sha256:ab\n"),
        (rules.unhashed_requirements, "--index-url x\n", "# via x\n"),
    ],
)
def test_each_rule_notices_what_it_forbids_and_nothing_else(rule: Rule, planted: str, innocent: str) -> None:
    assert rule(planted)
    assert rule(innocent) == []
