"""`pvmon payout`, done as docs/revenue_out.md says, after docs/revenue_quarter.md: three villages from net income to the year's end."""

import io
import json
import re
import shlex
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from beancount import loader
from pypdf import PdfReader

from domain.account import Role, Scope, User
from domain.clock import SystemClock
from domain.ledger import is_cash
from main import build
from main.__main__ import main
from main.settings import load_settings
from revenue.notice import totals_in_text
from revenue.rule import LineClass
from stores.dossiers import Dossiers
from stores.records.store import SqlRecordStore
from tests.commands.builders import PASSWORD, QUICK
from tests.conftest import ROOT
from tests.main.test_revenue_verb import BLOCK, PEOPLE, V1, V2, V3
from texts.loader import Texts

pytestmark = pytest.mark.slow

GUIDE = ROOT / "docs" / "revenue_out.md"
BEGIN = datetime(2026, 5, 11, 1, tzinfo=UTC)
WAIT = re.compile(r"# \+(\d+)")
OWED_FEN = 180_000 + 108_000 + 100_001


def commands_of(text: str, names: dict[str, str] | None = None) -> Iterator[str]:
    """Yield the lines of a shell block with its loops unrolled."""
    lines, place, names = text.splitlines(), 0, names or {}
    while place < len(lines):
        line = lines[place].strip()
        place += 1
        if not line.startswith("for "):
            for name, value in names.items():
                line = line.replace(f"${name}", value)
            yield line
            continue
        name, values = re.fullmatch(r"for (\w) in ([^;]+); do", line).groups()  # type: ignore[union-attr]
        body, depth = [], 1
        while depth:
            inner = lines[place].strip()
            place += 1
            depth += inner.startswith("for ") - (inner == "done")
            body.append(inner)
        for value in values.split():
            yield from commands_of("\n".join(body[:-1]), {**names, name: value})


class Office:
    """A new user's folder; the days pass as the guide says."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.data, self.day = folder, folder / "data", BEGIN
        (self.data / "records").mkdir(parents=True)
        records = SqlRecordStore.at(self.data / "records" / "records.sqlite")
        town = Scope(town_ids=frozenset({V1[:9]}))
        for name, (role, scope) in {**PEOPLE, "village": (Role.ACCOUNTANT, town)}.items():
            records.add_user(User(name, f"{name}（虚构）", frozenset({role}), scope, QUICK.hash(PASSWORD)))
            (folder / f"{name}.txt").write_text(PASSWORD + "\n")
        records.close()
        (folder / "照片.jpg").write_bytes(b"photo")
        self.codes: list[tuple[str, int]] = []

    def now(self) -> datetime:
        self.day += timedelta(milliseconds=1)
        return self.day

    def follow(self, guide: Path) -> None:
        for kind, text in BLOCK.findall(guide.read_text("utf-8")):
            if kind.startswith("csv "):
                (self.folder / kind.removeprefix("csv ")).write_text(text, "utf-8")
                continue
            for line in commands_of(text):
                waited = WAIT.match(line)
                if waited:
                    self.day += timedelta(days=int(waited.group(1)))
                elif line.startswith("pvmon "):
                    given = [
                        "--config",
                        str(ROOT / "config"),
                        "--data",
                        str(self.data),
                        *shlex.split(line)[1:],
                    ]
                    self.codes.append((line, main(given)))


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    folder = tmp_path_factory.mktemp("guide")
    made = Office(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        settings = load_settings({}, config_dir=ROOT / "config", data_dir=made.data)
        kept = build.options_from(settings)  # read once, not at each of 160 commands
        patch.setattr(build, "options_from", lambda _: kept)
        patch.setattr(SystemClock, "now", lambda _: made.now())
        made.follow(ROOT / "docs" / "revenue_quarter.md")
        made.follow(GUIDE)
    return made


@pytest.fixture(scope="module")
def records(office: Office) -> Iterator[SqlRecordStore]:
    found = SqlRecordStore.at(office.data / "records" / "records.sqlite")
    yield found
    found.close()


def test_every_command_of_the_guide_does_what_it_says(office: Office) -> None:
    assert [line for line, code in office.codes if code] == []
    assert sum(" payout " in line for line, _ in office.codes) > 120


def test_both_languages_give_the_same_files_and_commands() -> None:
    english = (ROOT / "docs" / "revenue_out.en.md").read_text("utf-8")
    assert BLOCK.findall(english) == BLOCK.findall(GUIDE.read_text("utf-8"))


def test_notices_books_and_paper_agree_in_every_village(office: Office, records: SqlRecordStore) -> None:
    dossiers = {one.plan.village_id: one for one in Dossiers(records).of_villages()}
    assert set(dossiers) == {V1, V2, V3}
    labels = {kind.value: Texts("zh")(f"papers.class.{kind.value}") for kind in LineClass}
    for village, dossier in dossiers.items():
        result = dossier.notices[1]
        assert (dossier.paid_fen, dossier.open_fen) == (OWED_FEN, 0)
        spent = sum(
            posting.fen
            for one in records.vouchers([village])
            for posting in one.entry.postings
            if posting.account.startswith("514") and one.entry.source_kind == "plan_line"
        )
        assert spent == sum(t.fen for t in result.totals if t.kind is not LineClass.RETAINED)
        printed = PdfReader(office.folder / f"公示-{village}.pdf").pages[0].extract_text()
        assert totals_in_text(printed, labels) == {t.kind.value: t.fen for t in dossier.notices[0].totals}
    assert records.verify().is_sound


def test_every_household_line_leads_to_its_receipts_and_back(records: SqlRecordStore) -> None:
    for dossier in Dossiers(records).of_villages():
        village = dossier.plan.village_id
        lots = {lot.lot_id for lot in records.lots(village)}
        for batch in dossier.batches:
            sent = records.voucher(f"payment:{batch.batch_id}")
            assert sent is not None
            used = [p for p in sent.entry.postings if is_cash(p.account)]
            assert {p.lot_id for p in used} <= lots
            assert -sum(p.fen for p in used) == batch.total_fen


def test_an_outside_program_and_the_package_find_no_fault(office: Office) -> None:
    _, errors, _ = loader.load_file(str(office.folder / "年结后.beancount"))
    assert errors == []
    for village in (V1, V2, V3):
        package = office.folder / f"审计-{village}.zip"
        with zipfile.ZipFile(io.BytesIO(package.read_bytes())) as archive:
            (office.folder / "verifier.py").write_bytes(archive.read("verifier.py"))
            originals = [json.loads(one) for one in archive.read("originals.jsonl").splitlines()]
        assert {"statement", "deduction", "remittance", "movement"} <= {one["kind"] for one in originals}
        assert {"S2", "S3", "S1-1"} <= {one["content"].get("number") for one in originals}
        ended = subprocess.run(
            [sys.executable, "-I", office.folder / "verifier.py", package],
            capture_output=True,
            text=True,
            check=False,
        )
        assert (ended.returncode, "sound" in ended.stdout) == (0, True), ended.stdout


def test_the_year_is_closed_and_no_notice_is_touched(records: SqlRecordStore) -> None:
    for village in (V1, V2, V3):
        sums: dict[str, int] = {}
        for one in records.balances([village]):
            sums[one.account] = sums.get(one.account, 0) + one.fen
        assert not [account for account, fen in sums.items() if account.startswith("5") and fen]
        assert sums["311"] == -50_000
