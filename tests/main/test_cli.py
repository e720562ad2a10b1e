import subprocess
import sys
from pathlib import Path

import pytest

from main.__main__ import main
from main.cli import global_options_first

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    "words",
    [
        "--config c --data d --json check",
        "check --config c --data d --json",
        "--json check --data d --config c",
    ],
)
def test_global_options_may_stand_before_and_after_the_verb(words: str) -> None:
    hoisted = global_options_first(words.split())
    assert hoisted[-1] == "check"
    assert sorted(hoisted[:-1]) == sorted(["--config", "c", "--data", "d", "--json"])
    assert hoisted[hoisted.index("--config") + 1] == "c"
    assert hoisted[hoisted.index("--data") + 1] == "d"


def test_the_form_with_an_equals_sign_is_a_global_option_too() -> None:
    assert global_options_first(["check", "--data=d", "--lang=en"]) == ["--data=d", "--lang=en", "check"]


def test_options_of_a_verb_and_what_follows_two_dashes_stay_where_they_are() -> None:
    words = ["decode", "--address", "5", "--", "--json"]
    assert global_options_first(words) == words


def test_a_global_option_without_its_value_is_told_by_the_parser(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["check", "--config"])
    assert stopped.value.code == 2
    assert "--config" in capsys.readouterr().err


def test_a_verb_reads_the_folder_named_after_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["check", "--config", str(tmp_path / "nowhere")])
    assert code != 0
    assert "nowhere" in capsys.readouterr().out + capsys.readouterr().err


def test_help_of_the_whole_brings_no_heavy_library_along() -> None:
    code = (
        "import sys\n"
        "from main.__main__ import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        "print([name for name in ('pandas', 'duckdb', 'dash', 'sqlalchemy', 'pymodbus') if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.splitlines()[-1] == "[]"
