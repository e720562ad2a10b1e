"""`pvmon registry`: the spreadsheet out and in; nothing changes when a row is wrong; every change can be undone."""

import argparse
import errno
import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from domain.clock import ManualClock
from domain.errors import CommandError, ConfigurationError, StoreUnavailableError
from main.cli import Context, Exit
from main.configuration import check, load_registry, read_facts
from main.registry import revisions
from main.registry.changes import changes_between
from main.registry.fields import Scalar, number_text
from main.registry.workbook import scalar_of
from main.verbs.registry import RegistryVerb, read_spreadsheet
from tests.conftest import ROOT
from tests.main.registry_files import FILES, change, read_profiles_once, write
from texts.loader import Texts

NOON = datetime(2026, 7, 1, 4, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _profiles(monkeypatch: pytest.MonkeyPatch) -> None:
    read_profiles_once(monkeypatch)


@pytest.fixture
def context(tmp_path: Path) -> Context:
    return Context(write(tmp_path / "config"), tmp_path / "data", Texts("en"), False)


@pytest.fixture
def book(context: Context, tmp_path: Path) -> Path:
    path = tmp_path / "plants.xlsx"
    run(context, "export", str(path))
    return path


def run(context: Context, *words: str) -> int:
    verb = RegistryVerb(ManualClock(NOON))
    parser = argparse.ArgumentParser()
    verb.arguments(parser, context.texts)
    return verb.run(parser.parse_args(words), context)


def overlay(context: Context) -> Path:
    return context.data / "config"


def edit(book: Path, cells: dict[tuple[str, str], Any], remove: tuple[tuple[str, int], ...] = ()) -> None:
    """Change cells (sheet, address), then take away rows."""
    opened = openpyxl.load_workbook(book)
    pages = {page.title.split()[0]: page for page in opened.worksheets}
    for (sheet, address), value in cells.items():
        pages[sheet][address] = value
    for sheet, row in remove:
        pages[sheet].delete_rows(row)
    opened.save(book)


def assert_row_refused(
    context: Context, book: Path, capsys: pytest.CaptureFixture[str], fault: tuple[str, str, str, str]
) -> None:
    """Import ``book``: the row of ``fault`` (sheet, cell, key, words) is named, and nothing is changed."""
    sheet, cell, key, words = fault
    capsys.readouterr()
    assert run(context, "import", str(book), "--yes", "--user", "me") == Exit.PROBLEM
    said = capsys.readouterr().out
    assert any(
        line.startswith(f"plants.xlsx[{sheet} ") and f"]:{cell[1:]}: {key}: " in line and words in line
        for line in said.splitlines()
    ), said
    assert not context.data.exists()


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_export_and_import_change_nothing(
    context: Context, book: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(context, "import", str(book), "--yes", "--user", "me") == Exit.OK
    assert "nothing changes" in capsys.readouterr().out
    assert not context.data.exists()


def test_the_whole_sample_survives_the_spreadsheet(tmp_path: Path) -> None:
    path = tmp_path / "plants.xlsx"
    sample = Context(ROOT / "config", tmp_path / "data", Texts("zh"), False)
    assert run(sample, "export", str(path)) == Exit.OK
    again = read_spreadsheet(path)
    delivered = read_facts(ROOT / "config", None)
    assert changes_between(delivered, again) == []
    assert all(row.same_as(again.plants[key]) for key, row in delivered.plants.items())
    assert all(row.same_as(again.ownership[key]) for key, row in delivered.ownership.items())


def test_a_saved_copy_of_another_program_changes_nothing_either(context: Context, book: Path) -> None:
    edit(book, {})
    assert changes_between(read_facts(context.config, None), read_spreadsheet(book)) == []


def test_an_import_is_previewed_written_and_in_force(
    context: Context, book: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(book, {("plants", "B3"): "新名", ("devices", "K3"): "SN-1", ("district", "D3"): True})
    assert run(context, "import", str(book), "--dry-run") == Exit.OK
    said = capsys.readouterr().out
    assert "plant alpha: name from 甲镇电站 to 新名" in said
    assert "device alpha-inv-1: serial_number from — to SN-1" in said
    assert "0 added · 3 changed · 0 taken away" in said
    assert not context.data.exists(), "a preview writes nothing"

    assert run(context, "import", str(book), "--yes", "--user", "张三") == Exit.OK
    registry = load_registry(context.config, overlay(context))
    assert registry.plants_by_id["alpha"].name == "新名"
    assert registry.devices_by_id["alpha-inv-1"].serial_number == "SN-1"
    assert registry.sample
    assert "revisions/1/plants/alpha.yaml" in registry.sources["alpha"]
    assert registry.sources["beta"].startswith(str(context.config))
    (revision,) = revisions.history(overlay(context))
    assert (revision.user, revision.at, revision.action) == ("张三", NOON, "import")
    assert revisions.is_intact(overlay(context), revision)
    assert run(context, "import", str(book), "--yes") == Exit.OK
    assert len(revisions.history(overlay(context))) == 1, "the same workbook again changes nothing"


def test_what_is_not_in_the_spreadsheet_is_taken_away(context: Context, book: Path) -> None:
    edit(book, {}, remove=(("plants", 4), ("capacities", 4), ("devices", 6)))
    assert run(context, "import", str(book), "--yes", "--user", "me") == Exit.OK
    registry = load_registry(context.config, overlay(context))
    assert list(registry.plants_by_id) == ["alpha"]
    removed = (overlay(context) / "revisions/1/removed.yaml").read_text("utf-8")
    assert "plants: [beta]" in removed


def test_a_list_of_ones_own_stands_alone_when_the_delivered_sample_changes(
    context: Context, book: Path
) -> None:
    change(context.config, "district.yaml", "box:", "sample: true\nbox:")
    assert run(context, "import", str(book), "--yes", "--user", "me") == Exit.OK
    assert not load_registry(context.config, overlay(context)).sample
    removed = (overlay(context) / "revisions/1/removed.yaml").read_text("utf-8")
    assert "everything: true" in removed
    write(context.config, {"plants/gamma.yaml": FILES["plants/beta.yaml"].replace("beta", "gamma")})
    change(context.config, "plants/alpha.yaml", "甲镇电站", "改了的样例")
    registry = load_registry(context.config, overlay(context))
    assert {plant.plant_id: plant.name for plant in registry.plants} == {
        "alpha": "甲镇电站",
        "beta": "乙镇电站",
    }


def test_an_id_taken_away_may_be_gone_from_the_delivered_files_later(context: Context, book: Path) -> None:
    edit(book, {}, remove=(("plants", 4), ("capacities", 4), ("devices", 6)))
    assert run(context, "import", str(book), "--yes", "--user", "me") == Exit.OK
    (context.config / "plants/beta.yaml").unlink()
    assert check(context.config, overlay(context)) == []


def test_a_new_act_and_a_removed_share_arrive_exactly(context: Context, book: Path) -> None:
    edit(book, {("shares", "E3"): 59.5, ("shares", "E4"): 30.5})
    assert run(context, "import", str(book), "--yes", "--user", "me") == Exit.OK
    act = load_registry(context.config, overlay(context)).plants_by_id["alpha"].ownership[0]
    assert list(act.shares_kw.values()) == [59.5, 30.5, 10]


ROW_FAULTS = [
    ("plants", "B3", "=1+1", "name", "formula"),
    ("plants", "E3", "north", "latitude", '"north" is not a number'),
    ("plants", "A4", None, "id", "needs this key"),
    ("plants", "D3", 611002109, "town", "no town 611002109"),
    ("plants", "H3", "alive", "connection", 'did you mean "live"?'),
    ("devices", "E3", "huawei_sun200", "profile", 'did you mean "huawei_sun2000"?'),
    ("devices", "G4", 1, "unit", "exists twice"),
    ("devices", "A3", "alfa", "plant", "no plant alfa"),
    ("shares", "E3", 61, "shares_kw", "add up to 101 kW"),
    ("shares", "E3", "=60", "share_kw", "formula"),
    ("shares", "D3", "611002100209", "shares_kw", "no village 611002100209"),
    ("shares", "D4", "611002100201", "village", "written twice"),
    ("shares", "C4", "another act", "source", "names two sources"),
    ("events", "C3", "611002101201,611002100201", "change", "renamed needs 1"),
    ("events", "C3", "=A1", "from", "formula"),
    ("accounts", "D3", "2017/02/30", "valid_from", "is not a date"),
    ("villages", "A4", "611002100201", "id", "exists twice"),
]


@pytest.mark.parametrize(("sheet", "cell", "value", "key", "words"), ROW_FAULTS)
def test_a_wrong_row_is_named_and_nothing_is_changed(
    context: Context,
    book: Path,
    capsys: pytest.CaptureFixture[str],
    sheet: str,
    cell: str,
    value: object,
    key: str,
    words: str,
) -> None:
    edit(book, {(sheet, cell): value, ("plants", "C3"): "a sound change"})
    assert_row_refused(context, book, capsys, (sheet, cell, key, words))


def test_every_wrong_row_is_named_at_once(
    context: Context, book: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(book, {("plants", "E3"): "x", ("plants", "F4"): "y", ("gateways", "C3"): "z"})
    assert run(context, "import", str(book)) == Exit.PROBLEM
    assert "has 3 fault(s)" in capsys.readouterr().out


def test_text_that_begins_like_a_formula_stays_text(context: Context, book: Path, tmp_path: Path) -> None:
    for value in ("=1+1", "+86", "-x", "@sum"):
        facts = read_facts(context.config, None)
        facts.plants["alpha"].values["name"] = value  # type: ignore[index]
        from main.registry.workbook import write_workbook

        path = tmp_path / "text.xlsx"
        write_workbook(path, facts)
        with zipfile.ZipFile(path) as archive:
            pages = [archive.read(n).decode() for n in archive.namelist() if "worksheets/sheet" in n]
        assert not any("<f>" in page for page in pages)
        assert read_spreadsheet(path).plants["alpha"]["name"] == value


def test_missing_sheets_columns_and_an_empty_template_are_said(
    context: Context, book: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(book, {("plants", "B1"): "nmae"})
    assert run(context, "import", str(book)) == Exit.PROBLEM
    said = capsys.readouterr().out
    assert 'column "name" is missing' in said
    assert 'did you mean "name"?' in said
    template = tmp_path / "template.xlsx"
    assert run(context, "template", str(template)) == Exit.OK
    assert run(context, "import", str(template)) == Exit.PROBLEM
    assert capsys.readouterr().out.count("this sheet is still empty") == 4
    opened = openpyxl.load_workbook(template)
    assert [page.title.split()[0] for page in opened.worksheets][1:3] == ["district", "towns"]
    plants = next(page for page in opened.worksheets if page.title.startswith("plants"))
    assert plants["A1"].value == "id *"
    assert plants["A2"].value == "电站编号\nplant id"
    del opened["shares 份额"]
    opened.save(template)
    assert run(context, "import", str(template)) == Exit.PROBLEM
    assert 'sheet "shares 份额" is missing' in capsys.readouterr().out


def test_a_file_that_is_no_workbook_is_refused(context: Context, tmp_path: Path) -> None:
    path = tmp_path / "plants.xlsx"
    for content in (b"", b"id;name\n", b"PK\x03\x04 broken"):
        path.write_bytes(content)
        with pytest.raises(CommandError, match=r"not a readable \.xlsx"):
            run(context, "import", str(path))
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "no workbook")
    with pytest.raises(CommandError, match=r"not a readable \.xlsx"):
        run(context, "import", str(path))
    with pytest.raises(CommandError, match=r"not a readable \.xlsx"):
        run(context, "import", str(tmp_path / "nowhere.xlsx"))


def test_a_workbook_that_unpacks_to_gigabytes_is_refused(context: Context, tmp_path: Path) -> None:
    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"\0" * 201_000_000)
    with pytest.raises(CommandError, match="unpacks to"):
        run(context, "import", str(path))


def test_an_existing_file_is_not_overwritten_unasked(context: Context, book: Path) -> None:
    before = book.read_bytes()
    with pytest.raises(CommandError, match="--overwrite"):
        run(context, "export", str(book))
    assert book.read_bytes() == before
    assert run(context, "export", str(book), "--overwrite") == Exit.OK


def test_without_a_terminal_nothing_is_written_unless_told(context: Context, book: Path) -> None:
    edit(book, {("plants", "B3"): "新名"})
    with pytest.raises(CommandError, match="--yes"):
        run(context, "import", str(book), "--user", "me")
    assert not context.data.exists()


def test_undo_goes_back_step_by_step_and_history_only_grows(
    context: Context, book: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = []
    for name in ("第一", "第二"):
        edit(book, {("plants", "B3"): name})
        assert run(context, "import", str(book), "--yes", "--user", "me") == Exit.OK
    for _ in range(2):
        assert run(context, "undo", "--user", "me") == Exit.OK
        names.append(load_registry(context.config, overlay(context)).plants_by_id["alpha"].name)
    assert names == ["第一", "甲镇电站"]
    with pytest.raises(CommandError, match="nothing to undo"):
        run(context, "undo", "--user", "me")
    edit(book, {("plants", "B3"): "第三"})
    assert run(context, "import", str(book), "--yes", "--user", "me") == Exit.OK
    assert run(context, "undo", "--user", "me") == Exit.OK
    assert load_registry(context.config, overlay(context)).plants_by_id["alpha"].name == "甲镇电站"
    capsys.readouterr()
    assert run(context, "history") == Exit.OK
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(" · ")[3] for line in lines] == ["import", "import", "undo", "undo", "import", "undo"]


def test_undo_after_an_import_upon_an_undo_returns_to_what_was_before_it(
    context: Context, book: Path
) -> None:
    for name in ("第一", "第二"):
        edit(book, {("plants", "B3"): name})
        run(context, "import", str(book), "--yes", "--user", "me")
    run(context, "undo", "--user", "me")
    edit(book, {("plants", "B3"): "第三"})
    run(context, "import", str(book), "--yes", "--user", "me")
    names = []
    for _ in range(2):
        run(context, "undo", "--user", "me")
        names.append(load_registry(context.config, overlay(context)).plants_by_id["alpha"].name)
    assert names == ["第一", "甲镇电站"]


def test_a_machine_reads_changes_and_history(
    context: Context, book: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    machine = Context(context.config, context.data, context.texts, True)
    edit(book, {("plants", "B3"): "新名"})
    capsys.readouterr()
    assert run(machine, "import", str(book), "--yes", "--user", "me") == Exit.OK
    answer = json.loads(capsys.readouterr().out)
    assert answer["written"] is True
    (change,) = answer["changes"]
    assert (change["what"], change["id"], change["key"], change["new"]) == ("plant", "alpha", "name", "新名")
    assert run(machine, "history") == Exit.OK
    answer = json.loads(capsys.readouterr().out)
    assert answer["current"] == 1
    assert answer["revisions"][0]["intact"] is True


def test_a_crash_before_the_rename_leaves_the_old_state(
    context: Context, book: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit(book, {("plants", "B3"): "第一"})
    run(context, "import", str(book), "--yes", "--user", "me")
    before = tree(overlay(context))

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(revisions, "_put_in_force", crash)
    edit(book, {("plants", "B3"): "第二"})
    with pytest.raises(KeyboardInterrupt):
        run(context, "import", str(book), "--yes", "--user", "me")
    monkeypatch.undo()
    assert load_registry(context.config, overlay(context)).plants_by_id["alpha"].name == "第一"
    assert before.items() <= tree(overlay(context)).items()
    assert run(context, "import", str(book), "--yes", "--user", "me") == Exit.OK
    assert load_registry(context.config, overlay(context)).plants_by_id["alpha"].name == "第二"


def test_tampered_and_lost_revisions_are_found(
    context: Context, book: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(book, {("plants", "B3"): "第一"})
    run(context, "import", str(book), "--yes", "--user", "me")
    path = overlay(context) / "revisions/1/plants/alpha.yaml"
    path.write_text(path.read_text("utf-8").replace("第一", "第壹"), "utf-8")
    assert [one.code for one in check(context.config, overlay(context))] == ["revision_altered"]
    assert run(context, "history") == Exit.OK
    assert "were altered" in capsys.readouterr().out
    (overlay(context) / revisions.CURRENT).write_text("7\n", "utf-8")
    assert [one.code for one in check(context.config, overlay(context))] == ["revision_missing"]
    (overlay(context) / revisions.CURRENT).write_text("x\n", "utf-8")
    with pytest.raises(ConfigurationError, match="expected the number"):
        check(context.config, overlay(context))


def test_a_file_laid_beside_the_revisions_is_reported(context: Context, book: Path) -> None:
    edit(book, {("plants", "B3"): "第一"})
    run(context, "import", str(book), "--yes", "--user", "me")
    write(overlay(context), {"plants/beta.yaml": "id: beta\n"})
    assert [one.code for one in check(context.config, overlay(context))] == ["overlay_by_hand"]
    with pytest.raises(CommandError, match="move the file away"):
        revisions.undo(overlay(context), "me", NOON)


def test_a_data_folder_that_cannot_be_written_is_said(context: Context, book: Path) -> None:
    edit(book, {("plants", "B3"): "第一"})
    context.data.write_text("a file where a folder should be", "utf-8")
    with pytest.raises(ConfigurationError, match="cannot be read"):
        run(context, "import", str(book), "--yes", "--user", "me")


def test_a_full_disk_changes_nothing_and_is_said(
    context: Context, book: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit(book, {("plants", "B3"): "第一"})

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(revisions, "_write", full)
    with pytest.raises(StoreUnavailableError, match="No space left"):
        run(context, "import", str(book), "--yes", "--user", "me")
    assert revisions.history(overlay(context)) == []
    assert load_registry(context.config, overlay(context)).plants_by_id["alpha"].name == "甲镇电站"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (True, Scalar("bool", "true", True)),
        (3, Scalar("int", "3", True)),
        (3.0, Scalar("int", "3", True)),
        (3.25, Scalar("float", "3.25", True)),
        (datetime(2020, 1, 2), Scalar("date", "2020-01-02", True)),
        (" x", Scalar("str", " x", True)),
    ],
)
def test_cells_become_text_with_a_kind(value: object, expected: Scalar) -> None:
    assert scalar_of(value) == expected


def test_numbers_are_written_short_and_plain() -> None:
    assert [number_text(v) for v in (50.0, 53.46, 0.1, 1e-7, 62730.0)] == [
        "50",
        "53.46",
        "0.1",
        "0.0000001",
        "62730",
    ]
