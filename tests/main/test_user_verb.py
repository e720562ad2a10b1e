import argparse
import json
from pathlib import Path

import pytest

from commands.account_orders import account_orders
from domain.errors import CommandError
from main.cli import Context
from main.control import ControlServer
from main.verbs.user import VERB, records_path
from stores.records.store import SqlRecordStore
from tests.commands.builders import Office, office
from texts.loader import LANGUAGES, Texts


def run(data: Path, *words: str, language: str = "zh", as_json: bool = False) -> int:
    context = Context(data / "config", data, Texts(language), as_json)
    parser = argparse.ArgumentParser()
    VERB.arguments(parser, context.texts)
    return VERB.run(parser.parse_args(words), context)


def test_an_account_is_added_listed_and_reset_and_each_password_shows_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, "add", "wang", "--name", "王五", "--role", "keeper", "--scope-plant", "a") == 0
    added = capsys.readouterr().out
    assert str(records_path(tmp_path)) in added
    assert added.count("一次性密码") == 1
    run(tmp_path, "list")
    listed = capsys.readouterr().out
    assert "wang  王五  [keeper]  a  待换密码" in listed
    run(tmp_path, "reset-password", "wang", as_json=True)
    told = json.loads(capsys.readouterr().out)
    assert told["user"] == "wang"
    assert told["password"] not in added + listed
    records = SqlRecordStore.at(records_path(tmp_path))
    kept = records.user("wang")
    records.close()
    assert kept is not None
    assert told["password"] not in kept.password_hash


def test_a_running_instance_does_the_writing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with _running(tmp_path) as running:
        run(tmp_path, "add", "wang", "--role", "om", "--role", "keeper", "--all", language="en")
        assert "done by the running pvmon" in capsys.readouterr().out
        assert running.records.user("wang") is not None
        run(tmp_path, "list", as_json=True)
        assert [user["user"] for user in json.loads(capsys.readouterr().out)["users"]] == ["wang"]
        with pytest.raises(CommandError, match="already"):
            run(tmp_path, "add", "wang", "--role", "om", "--all")
    assert not records_path(tmp_path).exists()


class _running:  # noqa: N801 (reads as a word)
    """An instance with its accounts and a control socket on this data folder."""

    def __init__(self, data: Path) -> None:
        self._office = office(data / "elsewhere")
        self._data = data

    def __enter__(self) -> Office:
        made = self._office.__enter__()
        self._server = ControlServer(self._data, account_orders(made.accounts()))
        self._server.start()
        return made

    def __exit__(self, *raised: object) -> None:
        self._server.stop()
        self._office.__exit__(None, None, None)


@pytest.mark.parametrize("words", [(), ("--all", "--scope-plant", "a")])
def test_a_scope_must_be_given_and_only_one_way(tmp_path: Path, words: tuple[str, ...]) -> None:
    with pytest.raises(CommandError, match="either --all"):
        run(tmp_path, "add", "wang", "--role", "om", *words)
    assert not records_path(tmp_path).exists()


@pytest.mark.parametrize("language", LANGUAGES)
def test_help_is_there_in_both_languages(
    language: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    with pytest.raises(SystemExit):
        run(tmp_path, "add", "--help", language=language)
    assert "--scope-village" in capsys.readouterr().out


def test_the_account_is_kept_where_the_settings_keep_records(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere.sqlite"
    monkeypatch.setenv("PVMON_RECORDS_URL", f"sqlite:///{elsewhere}")
    assert run(tmp_path, "add", "wang", "--role", "om", "--all") == 0
    assert str(elsewhere) in capsys.readouterr().out
    assert not records_path(tmp_path).exists()
    records = SqlRecordStore.at(elsewhere)
    assert records.user("wang") is not None
    records.close()
