"""The season of the guide, done as docs/industries_season.md says on a fresh data folder: its files, its commands."""

import re
import shlex
from pathlib import Path

import pytest

from domain.account import Role, Scope, User
from main.__main__ import main
from stores.fund_books import standing_in
from stores.records.store import SqlRecordStore
from tests.commands.builders import PASSWORD, QUICK
from tests.commands.industry_world import PHOTO, ROOT, open_office

pytestmark = pytest.mark.slow

PEOPLE = {"zhen": Role.TOWNSHIP, "kuaiji": Role.ACCOUNTANT, "qu": Role.COUNTY}
GUIDE = ROOT / "docs" / "industries_season.md"
BLOCK = re.compile(r"```(csv [^\n]+|sh)\n(.*?)```", re.DOTALL)


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[tuple[str, int]]]:
    folder = tmp_path_factory.mktemp("season")
    data, codes = folder / "data", list[tuple[str, int]]()
    (data / "records").mkdir(parents=True)
    records, hashed = SqlRecordStore.at(data / "records" / "records.sqlite"), QUICK.hash(PASSWORD)
    for name, role in PEOPLE.items():
        records.add_user(User(name, f"{name}（虚构）", frozenset({role}), Scope(everything=True), hashed))
        (folder / f"{name}.txt").write_text(PASSWORD + "\n")
    records.close()
    (folder / "照片.jpg").write_bytes(PHOTO)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for kind, text in BLOCK.findall(GUIDE.read_text("utf-8")):
            if kind.startswith("csv "):
                (folder / kind.removeprefix("csv ")).write_text(text, "utf-8")
                continue
            for line in text.splitlines():
                words = shlex.split(line)[1:]
                codes.append((line, main(["--config", str(ROOT / "config"), "--data", str(data), *words])))
    return folder, codes


def test_every_command_of_the_guide_does_what_it_says(followed: tuple[Path, list[tuple[str, int]]]) -> None:
    folder, codes = followed
    assert [line for line, code in codes if code] == []
    assert len(codes) == 29
    assert (folder / "银行.xlsx").read_bytes().startswith(b"PK")


def test_the_guide_ends_in_the_balances_it_should(followed: tuple[Path, list[tuple[str, int]]]) -> None:
    folder, _ = followed
    records = SqlRecordStore.at(folder / "data" / "records" / "records.sqlite")
    rules = open_office(folder).rules
    left = {one.fund_id: standing_in(records, one).balance_fen for one in rules.funds}
    sound = records.verify().is_sound
    records.close()
    assert left == {"fungus_guarantee": 80_000_00, "artichoke_subsidy": 4_000_00, "natural_disaster": 0}
    assert sound


def test_both_languages_of_the_guide_give_the_same_files_and_commands() -> None:
    english = GUIDE.with_name("industries_season.en.md").read_text("utf-8")
    assert BLOCK.findall(english) == BLOCK.findall(GUIDE.read_text("utf-8"))
