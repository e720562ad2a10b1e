"""Documents say what the books say: read back from the file that was produced, they agree to the fen."""

import hashlib
import io
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from pypdf import PdfReader

from commands.bank_replies import read_reply
from commands.documents import Document, Documents
from commands.papers.font import lacking
from domain.errors import AccessDeniedError
from domain.money import Money
from revenue.approval import Step
from revenue.notice import fen_of, totals_in_text
from revenue.refusal import RefusedError
from revenue.rule import LineClass
from tests.commands.payout_world import VILLAGES, World
from texts.loader import Texts

ZH = Texts("zh")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(tmp_path_factory.mktemp("world"))
    made.fund(VILLAGES[0])
    made.enrol(VILLAGES[0])
    plan_id = made.release(VILLAGES[0]).plan.plan_id
    made.answer(made.send(plan_id))
    made.payments.pay_works(made.township, plan_id, "3")
    made.notices.publish(made.accountant, plan_id, named=True)
    yield made
    made.close()


@pytest.fixture(scope="module")
def documents(world: World) -> Documents:
    return Documents(world.stores, world.registry, world.rules, world.clock, world.clock)


@pytest.fixture(scope="module")
def plan_id(world: World) -> str:
    return world.stores.dossiers.of_villages()[0].plan.plan_id


def pdf_text(document: Document) -> str:
    reader = PdfReader(io.BytesIO(document.content))
    return "\n".join(page.extract_text() for page in reader.pages)


def test_the_totals_on_the_board_are_those_of_the_books(
    world: World, documents: Documents, plan_id: str
) -> None:
    notice = world.notices.notices(world.accountant, VILLAGES[0])[0]
    made = documents.notice_sheet(world.accountant, plan_id, notice.number, ZH)
    labels = {kind.value: ZH(f"papers.class.{kind.value}") for kind in LineClass}
    read = totals_in_text(pdf_text(made), labels)
    assert read == {total.kind.value: total.fen for total in notice.totals}
    booked = {
        one.account: one.fen for one in world.records.balances([VILLAGES[0]]) if one.account[:3] == "514"
    }
    assert (read["posts"], read["works"], read["aid"]) == (booked["51401"], booked["51402"], booked["51403"])
    assert notice.code in pdf_text(made)


def test_paper_shows_names_as_decided_and_no_page_ever_does(
    world: World, documents: Documents, plan_id: str
) -> None:
    on_paper = pdf_text(documents.notice_sheet(world.accountant, plan_id, 2, ZH))
    on_page = documents.notice_page(world.accountant, plan_id, 2, ZH)
    assert "村民001甲" in on_paper
    assert "村民001甲" not in on_page
    assert "村****甲" in on_page
    for secret in ("61100219000230001Z", "6217000000000001"):
        assert secret not in on_paper + on_page
    unnamed = pdf_text(documents.notice_sheet(world.accountant, plan_id, 1, ZH))
    assert "村民001甲" not in unnamed


def test_the_font_is_embedded(world: World, documents: Documents, plan_id: str) -> None:
    made = documents.step_paper(world.accountant, plan_id, Step.DECIDED, ZH, upload="pvmon:upload")
    page: Any = PdfReader(io.BytesIO(made.content)).pages[0]
    fonts = [font.get_object() for font in page["/Resources"]["/Font"].values()]
    embedded = [font for font in fonts if "MicroHei" in str(font["/BaseFont"])]
    assert embedded
    assert all("/FontFile2" in font["/FontDescriptor"] for font in embedded)
    assert "实到 24 人" in pdf_text(made)


def test_a_name_the_font_cannot_print_stops_the_document_and_names_the_household(
    world: World, documents: Documents, plan_id: str
) -> None:
    rare = "\U00030000"
    assert lacking(rare) == rare
    person = next(
        one.person_id for one in world.stores.dossiers.of_villages()[0].entitlements if one.line_id == "2"
    )
    before = world.stores.rosters.people([person])[person].name
    world.stores.rosters.rename(person, f"王{rare}二")
    try:
        with pytest.raises(RefusedError, match=r"no glyph for some names.*H0"):
            documents.slips(world.accountant, [plan_id], ZH)
    finally:
        world.stores.rosters.rename(person, before)


def test_every_household_gets_a_slip_and_their_sum_is_what_was_owed(
    world: World, documents: Documents, plan_id: str
) -> None:
    made = documents.slips(world.accountant, [plan_id], ZH)
    text = pdf_text(made)
    owed = sum(one.fen for one in world.stores.dossiers.of_villages()[0].entitlements)
    import re

    totals = [fen_of(amount) for amount in re.findall(r"合计 ([\d,]+\.\d\d) 元", text)]
    assert (len(totals), sum(totals)) == (12, owed)
    assert "÷" in text
    assert len(PdfReader(io.BytesIO(made.content)).pages) == 3


def test_the_bank_file_keeps_ids_as_text_with_count_total_and_hash(
    world: World, documents: Documents, plan_id: str
) -> None:
    batch = world.stores.dossiers.of_villages()[0].batches[0]
    file = world.payments.bank_file(world.accountant, plan_id, batch.batch_id)
    made = documents.bank_list(world.accountant, file, ZH)
    rows = list(load_workbook(io.BytesIO(made.content)).worksheets[0].iter_rows(values_only=True))
    lead, table = [str(row[0]) for row in rows[:5]], rows[6:]
    assert lead[2] == f"笔数：{len(batch.lines)}"
    assert fen_of(lead[3].partition("：")[2]) == batch.total_fen
    assert lead[4].endswith(batch.digest)
    assert all(isinstance(row[2], str) and isinstance(row[4], str) for row in table)
    assert (
        sum(round(float(row[5]) * 100) for row in table if isinstance(row[5], int | float)) == batch.total_fen
    )
    as_csv = documents.bank_list(world.accountant, file, ZH, "csv").content.decode("gb18030")
    assert f"{Money(batch.lines[0].fen)}".replace(",", "") in as_csv


def test_a_name_the_bank_cannot_write_stops_the_file(
    world: World, documents: Documents, plan_id: str
) -> None:
    from commands.papers.bank import bank_csv

    batch = world.stores.dossiers.of_villages()[0].batches[0]
    file = world.payments.bank_file(world.accountant, plan_id, batch.batch_id)
    odd = replace(file, rows=(replace(file.rows[0], name="王㐂"), *file.rows[1:]))
    with pytest.raises(RefusedError, match=r"cannot write some names.*1 王"):
        bank_csv(odd, "村", ZH, "gb2312")


def test_a_reply_is_read_from_what_banks_send(world: World) -> None:
    lines = read_reply(
        "序号,金额,状态,日期,原因\n1,10.05,成功,2026-10-20,\n2,3,失败,,户名不符\n".encode("gb18030"),
        world.today,
    )
    assert [(one.number, one.fen, one.paid, one.reason) for one in lines] == [
        (1, 1005, True, ""),
        (2, 300, False, "户名不符"),
    ]
    with pytest.raises(RefusedError, match="row 3"):
        read_reply("序号,金额,状态\n1,1,成功\n2,1,也许\n".encode(), world.today)


def test_the_loudspeaker_says_totals_and_nobodys_name(
    world: World, documents: Documents, plan_id: str
) -> None:
    said = documents.broadcast(world.accountant, plan_id, 2, ZH)
    assert "公益岗位工资3600元" in said
    assert "村民" not in said.replace("各位村民", "")
    assert len(said) < 300, "about a minute"


def test_the_reports_of_a_village_balance(world: World, documents: Documents) -> None:
    made = documents.reports(world.township, [VILLAGES[0]], "2026-07", "2026-10", ZH)
    balances, movements, position, _ = load_workbook(io.BytesIO(made.content)).worksheets
    total = next(row for row in balances.iter_rows(values_only=True) if row[0] == "合计")
    assert total[2] == total[3] != 0
    assert abs(float(str(total[4]))) < 0.005
    sums = {
        str(row[0]): round(float(str(row[1])) * 100)
        for row in position.iter_rows(min_row=3, values_only=True)
    }
    assert sums["资产合计"] == sums["负债合计"] + sums["净资产合计"] > 0
    cash = [row[5] for row in movements.iter_rows(values_only=True)][-1]
    booked = sum(one.fen for one in world.records.balances([VILLAGES[0]]) if one.account == "10201")
    assert round(float(str(cash)) * 100) == booked


def test_an_auditor_checks_the_package_with_plain_python(
    world: World, documents: Documents, tmp_path: Path
) -> None:
    made = documents.audit_package(world.county, VILLAGES[0])
    sound = tmp_path / "audit.zip"
    sound.write_bytes(made.content)
    with zipfile.ZipFile(sound) as archive:
        verifier = tmp_path / "verifier.py"
        verifier.write_bytes(archive.read("verifier.py"))
        names = archive.namelist()
    assert any(name.startswith("papers/") for name in names)
    ended = subprocess.run(
        [sys.executable, "-I", verifier, sound], capture_output=True, text=True, check=False
    )
    assert (ended.returncode, "sound" in ended.stdout) == (0, True), ended.stdout
    for victim in ("postings.csv", "chain.jsonl", "notices.csv", "acts.jsonl"):
        folder = tmp_path / victim
        with zipfile.ZipFile(sound) as archive:
            archive.extractall(folder)
        changed = (folder / victim).read_bytes().replace(b"1", b"2", 1)
        (folder / victim).write_bytes(changed)
        ended = subprocess.run(
            [sys.executable, "-I", verifier, folder], capture_output=True, text=True, check=False
        )
        assert ended.returncode == 1, victim
        assert victim in ended.stdout


PAYMENT_HEADS = "batch_id,line,entitlement_id,fen,attempt,state,on,reason"


def test_the_verifier_misses_papers_and_finds_payments_nobody_is_owed(
    world: World, documents: Documents, tmp_path: Path
) -> None:
    """Whoever changes a file and its hash in the list is found by what the files say about each other."""
    made = documents.audit_package(world.county, VILLAGES[0])
    with zipfile.ZipFile(io.BytesIO(made.content)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    verifier = tmp_path / "verifier.py"
    verifier.write_bytes(files["verifier.py"])
    paper = next(name for name in files if name.startswith("papers/"))
    first, *_ = files["entitlements.csv"].decode("utf-8-sig").splitlines()[1:]
    key = first.split(",")[0]
    cases = {
        "its paper": {name: content for name, content in files.items() if name != paper},
        "another hash": {**files, paper: b"another"},
        f"{key}: paid": {**files, "payments.csv": f"{PAYMENT_HEADS}\nB,1,{key},99999999,1,paid,,\n".encode()},
        "owed": {**files, "entitlements.csv": files["entitlements.csv"].replace(first.encode(), b"", 1)},
    }
    for said, changed in cases.items():
        del changed["SHA256SUMS"]
        sums = "".join(f"{hashlib.sha256(changed[one]).hexdigest()}  {one}\n" for one in changed)
        target = tmp_path / "changed.zip"
        with zipfile.ZipFile(target, "w") as archive:
            for name, content in {**changed, "SHA256SUMS": sums.encode()}.items():
                archive.writestr(name, content)
        ended = subprocess.run(
            [sys.executable, "-I", verifier, target], capture_output=True, text=True, check=False
        )
        assert ended.returncode == 1, said
        assert said in ended.stdout, ended.stdout


def test_every_document_leaves_a_line_in_the_audit(world: World, documents: Documents, plan_id: str) -> None:
    before = len(world.records.audit(world.clock.now()))
    documents.attendance_paper(
        world.accountant, plan_id, "1", world.stores.dossiers.of_villages()[0].plan.first_month, ZH
    )
    added = world.records.audit(world.clock.now())[: -before or None]
    assert [(one.action, one.user_id) for one in added] == [("document.export", "accountant")]


def test_who_may_not_see_people_gets_no_names(world: World, documents: Documents, plan_id: str) -> None:
    with pytest.raises(AccessDeniedError):
        documents.slips(world.county, [plan_id], ZH)
    with pytest.raises(AccessDeniedError):
        world.payments.bank_file(world.settlement, plan_id, "x")


def test_a_towns_vouchers_and_reports_are_printed_at_once_and_read_back(
    world: World, documents: Documents
) -> None:
    vouchers = world.records.vouchers([VILLAGES[0]])
    made = documents.voucher_sheets(world.township, VILLAGES[:2], "2026-07", "2026-12", ZH)
    text = pdf_text(made)
    assert text.count("凭证合计") == len(vouchers)
    debit = sum(p.fen for one in vouchers for p in one.entry.postings if p.fen > 0)
    import re

    totals = [fen_of(amount) for amount in re.findall(r"凭证合计\s+([\d,]+\.\d\d)", text)]
    assert sum(totals) == debit
    reports = documents.reports(world.township, VILLAGES[:2], "2026-07", "2026-12", ZH, "pdf")
    printed = pdf_text(reports)
    for name in ("科目余额表", "收支明细公开表", "资产负债表", "收益及收益分配表"):
        assert (
            printed.count(f"样例1村 2026-07 – 2026-12 {name}") + printed.count(f"样例1村 2026-12 {name}") >= 1
        )
    assert "期末未分配收益" in printed
    with pytest.raises(RefusedError, match="nothing to print"):
        documents.voucher_sheets(world.township, VILLAGES[1:], "2026-07", "2026-12", ZH)


def test_all_notices_of_a_town_are_one_file_and_an_altered_one_never_leaves(
    world: World, documents: Documents, plan_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = documents.notice_sheets(world.accountant, [(plan_id, 1), (plan_id, 2)], ZH)
    assert pdf_text(made).count("校验码") == 2
    with pytest.raises(RefusedError, match="nothing to print"):
        documents.notice_sheets(world.accountant, [], ZH)
    from commands.papers import notice_sheet, read_back

    def altered(content: bytes) -> list[str]:
        return [page.replace("3,600.00", "3,600.01") for page in read_back.page_texts(content)]

    monkeypatch.setattr(notice_sheet, "page_texts", altered)
    with pytest.raises(RefusedError, match="totals do not agree"):
        documents.notice_sheet(world.accountant, plan_id, 2, ZH)


def test_what_is_undistributed_at_the_end_follows_from_the_rows_above(
    world: World, documents: Documents
) -> None:
    made = documents.reports(world.township, [VILLAGES[0]], "2026-07", "2026-12", ZH)
    sheet = load_workbook(io.BytesIO(made.content)).worksheets[3]
    rows = {
        str(row[0]): round(float(str(row[1])) * 100) for row in sheet.iter_rows(min_row=3, values_only=True)
    }
    begin, end = rows["期初未分配收益"], rows["期末未分配收益"]
    assert begin + rows["本期收益"] - rows["减：提取公积公益金"] == end
    booked = -sum(one.fen for one in world.records.balances([VILLAGES[0]]) if one.account[0] in "35")
    assert end == booked > 0
