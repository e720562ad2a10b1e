"""What must be documented is: quantities, settings, verbs, profiles, decisions, words in both languages."""

import re
import shlex
from pathlib import Path

import pytest
import yaml

from domain.quantity import quantity, vocabulary
from main.__main__ import VERBS, _parser
from main.cli import Exit
from texts.loader import LANGUAGES, Texts

ROOT = Path(__file__).parent.parent
KINDS = {"gauge": "遥测", "counter": "遥脉", "state": "遥信"}
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
PLACEHOLDER = re.compile(r"\{([a-z_][a-z0-9_]*)(?=[}:!])")
OUTSIDE_THE_TREE = ("http://", "https://", "mailto:")


def _read(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def _quantity_rows() -> dict[str, tuple[str, str, str]]:
    table = _read("GLOSSARY.md").partition("## 物理量")[2]
    rows = re.findall(r"^\| (.+?) \| `(\w+)` \| (.+?) \| (.+?) \|$", table, re.MULTILINE)
    return {name: (words, unit, kind) for words, name, unit, kind in rows}


@pytest.mark.parametrize("name", vocabulary())
def test_every_quantity_is_in_the_glossary_with_its_unit_and_kind(name: str) -> None:
    found = quantity(name.replace("NN", "01"))
    words, unit, kind = _quantity_rows()[name]
    assert (unit, kind) == (found.unit, KINDS[found.kind.value])
    assert re.search(r"[\u4e00-\u9fff]", words), "a Chinese name"


def test_the_glossary_knows_no_quantity_the_program_does_not() -> None:
    assert set(_quantity_rows()) == set(vocabulary())


def test_no_two_quantities_have_the_same_chinese_name() -> None:
    names = [words for words, _, _ in _quantity_rows().values()]
    assert {name for name in names if names.count(name) > 1} == set()


def test_every_identifier_of_the_glossary_exists_in_the_code() -> None:
    concepts = _read("GLOSSARY.md").partition("## 已定的词")[0]
    rows = [line.split("|") for line in concepts.splitlines() if line.startswith("| ")]
    named = {name for row in rows if len(row) > 4 for name in re.findall(r"`(\w+)", row[3])}
    code = "\n".join(
        path.read_text("utf-8")
        for folder in ("domain", "inverters", "collectors", "jobs", "access", "industries", "commands")
        for path in (ROOT / folder).rglob("*.py")
    )
    assert len(named) > 40
    assert {name for name in named if not re.search(rf"\b{name}\b", code)} == set()


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_verb_has_help_a_paragraph_and_examples(verb: str, language: str) -> None:
    texts = Texts(language)
    assert "\n" not in texts(f"cli.{verb}.help")
    assert len(texts(f"cli.{verb}.about")) > 30
    assert f"pvmon {verb}" in texts(f"cli.{verb}.examples") or f" {verb}" in texts(f"cli.{verb}.examples")
    assert "%" not in texts(f"cli.{verb}.help").replace("%%", "")


def _examples(language: str) -> list[str]:
    texts = Texts(language)
    keys = ["cli.examples", *(f"cli.{verb}.examples" for verb in VERBS)]
    lines = [line.strip() for key in keys for line in texts(key).splitlines()]
    return [re.split(r"\s{3,}", line)[0] for line in lines if line.startswith("pvmon ")]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_example_of_the_command_line_is_a_command_it_takes(
    language: str, capsys: pytest.CaptureFixture[str]
) -> None:
    refused = []
    for example in _examples(language):
        try:
            _parser(Texts(language)).parse_args(shlex.split(example)[1:])
        except SystemExit as stop:
            if stop.code:
                refused.append(f"{example}: {capsys.readouterr().err.splitlines()[-1]}")
    assert len(_examples(language)) > 25
    assert refused == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_both_languages_give_the_same_examples(language: str) -> None:
    def plain(example: str) -> list[str]:
        return [word for word in shlex.split(example) if word.isascii() and word != "Zhang"]

    assert [plain(e) for e in _examples(language)] == [plain(e) for e in _examples("zh")]


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_is_in_the_readme(verb: str) -> None:
    for name in ("README.md", "README.en.md"):
        assert re.search(rf"`pvmon {verb}\b", _read(name)), name


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_exit_code_is_documented(language: str) -> None:
    words = Texts(language)("cli.examples")
    assert all(re.search(rf"\b{int(code)}\b", words) for code in Exit)


def test_every_setting_is_documented() -> None:
    settings = pytest.importorskip("main.settings", reason="there are no settings yet").Settings
    document = _read("docs/settings.md")
    prefix = settings.model_config.get("env_prefix", "")
    names = [f"{prefix}{field}".upper() for field in settings.model_fields]
    assert [name for name in names if f"`{name}`" not in document] == []
    assert all(field.description for field in settings.model_fields.values())


def test_every_profile_is_in_the_list_of_devices() -> None:
    profiles = {path.stem for path in (ROOT / "inverters/profiles").glob("*.yaml")}
    listed = set(re.findall(r"^\| `(\w+)` \|", _read("docs/devices.md"), re.MULTILINE))
    assert profiles == listed


def test_the_basis_of_each_profile_is_told_as_the_profile_tells_it() -> None:
    rows = re.findall(r"^\| `(\w+)` \|[^|]*\|[^|]*\| (\S+) \|", _read("docs/devices.md"), re.MULTILINE)
    for name, basis in rows:
        quality = yaml.safe_load(_read(f"inverters/profiles/{name}.yaml")).get("quality", {})
        assert (basis == "录制") == bool(quality.get("recorded_case")), name


def _folders() -> set[str]:
    return {path.parent.name for path in ROOT.glob("*/__init__.py")} | {"config", "docs"}


@pytest.mark.parametrize("document", ["README.md", "README.en.md", "ARCHITECTURE.md"])
def test_every_top_folder_is_on_the_map(document: str) -> None:
    text = _read(document)
    assert {folder for folder in _folders() if f"`{folder}/`" not in text} == set()


def test_the_map_shows_no_folder_that_is_not_there() -> None:
    for document in ("README.md", "README.en.md", "ARCHITECTURE.md"):
        named = set(re.findall(r"^\| `(\w+)/`", _read(document), re.MULTILINE))
        assert {folder for folder in named if not (ROOT / folder).is_dir()} == set(), document


def test_the_architecture_names_only_files_that_exist() -> None:
    named = re.findall(r"`([a-z_]+/[\w/]+\.(?:py|yaml|md|toml))`", _read("ARCHITECTURE.md"))
    assert len(named) > 20
    assert {name for name in named if not (ROOT / name).exists()} == set()


def _documents() -> list[Path]:
    return [
        *sorted(ROOT.glob("*.md")),
        *sorted((ROOT / "docs").rglob("*.md")),
        *sorted(ROOT.glob("*/README.md")),
    ]


@pytest.mark.parametrize("path", _documents(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_link_leads_somewhere(path: Path) -> None:
    targets = [link.partition("#")[0] for link in LINK.findall(path.read_text("utf-8"))]
    inside = {target for target in targets if target and not target.startswith(OUTSIDE_THE_TREE)}
    assert {target for target in inside if not (path.parent / target).exists()} == set()


def test_every_make_target_the_documents_name_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", _read("Makefile"), re.MULTILINE))
    named = {
        name for path in _documents() for name in re.findall(r"`make ([a-z-]+)", path.read_text("utf-8"))
    }
    assert named <= targets


def test_decisions_have_a_number_each_and_are_listed() -> None:
    files = sorted((ROOT / "docs/adr").glob("[0-9]*.md"))
    numbers = [path.name[:4] for path in files]
    assert len(numbers) == len(set(numbers))
    index = _read("docs/adr/README.md")
    for path in files:
        title = path.read_text("utf-8").splitlines()[0].removeprefix("# ")
        assert title.startswith(path.name[:4])
        assert f"[{path.name[:4]}]({path.name}) | {title[5:]}" in index


def test_every_decision_has_context_decision_and_consequences_on_half_a_page() -> None:
    for path in (ROOT / "docs/adr").glob("[0-9]*.md"):
        text = path.read_text("utf-8")
        assert re.findall(r"^## (\w+)", text, re.MULTILINE) == ["Context", "Decision", "Consequences"], (
            path.name
        )
        assert len(text.splitlines()) <= 60, path.name


def _dependencies() -> set[str]:
    import tomllib

    project = tomllib.loads(_read("pyproject.toml"))["project"]
    lines = [*project["dependencies"], *project["optional-dependencies"]["server"]]
    return {re.split(r"[\[<>=; ]", line)[0] for line in lines}


def test_every_runtime_dependency_has_its_reason_and_licence() -> None:
    rows = re.findall(
        r"^\| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", _read("docs/adr/0020-runtime-dependencies.md"), re.MULTILINE
    )
    explained = {name.split()[0] for packages, _, _ in rows for name in packages.split(", ")} - {
        "package",
        "---",
    }
    assert explained == _dependencies()


def test_every_promise_about_money_names_tests_that_are_there() -> None:
    table = _read("docs/reliability.md").partition("## 钱 / Money")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (\d+) \| .+? \| (.+?) \|$", table, re.MULTILINE)
    assert [int(number) for number, _ in rows] == list(range(1, 25))
    absent = set()
    for number, cell in rows:
        file = ""
        for path, name in re.findall(r"`([^`:]+)::(\w+)`", cell):
            file = path if path != "…" else file
            if not re.search(rf"^ *def {name}\(", _read(f"tests/{file}"), re.MULTILINE):
                absent.add((number, file, name))
        assert file, f"row {number} names no test"
    assert absent == set()


def test_the_languages_have_the_same_words_with_the_same_places() -> None:
    chinese, english = Texts("zh"), Texts("en")
    assert set(chinese.keys()) == set(english.keys())
    differing = {
        key
        for key in chinese.keys()  # noqa: SIM118 (Texts is no dict)
        if set(PLACEHOLDER.findall(chinese(key))) != set(PLACEHOLDER.findall(english(key)))
    }
    assert differing == set()


def test_no_chinese_is_left_in_the_english_words() -> None:
    texts = Texts("en")
    chinese = re.compile(r"[\u4e00-\u9fff]")
    kept = {"languages", "language", "other_language"}  # the name of a language is written in itself
    found = {key for key in texts.keys() if chinese.search(texts(key)) and not kept & set(key.split("."))}  # noqa: SIM118
    assert found == set()


def test_the_licence_is_the_one_the_project_names() -> None:
    assert "Apache License" in _read("LICENSE")
    assert 'license = { text = "Apache-2.0" }' in _read("pyproject.toml")


def test_the_changelog_has_a_place_for_what_is_not_released() -> None:
    assert re.search(r"^## \[Unreleased\]$", _read("CHANGELOG.md"), re.MULTILINE)
