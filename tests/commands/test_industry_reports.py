"""Reports through the office: scope, frozen versions, workbooks, the second person, the audit."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from commands.industry_files import template
from commands.tables import TableRefusedError
from domain.errors import AccessDeniedError
from domain.industry import ReporterKind, ReportMark, ReportStep
from industries.report import ReportRefusedError
from tests.commands.industry_world import (
    AUDITOR,
    CLERK,
    COUNTY,
    PHOTO,
    TOWNS,
    VILLAGES,
    IndustryOffice,
    open_office,
    reports_sheet,
    sheet,
)
from texts.loader import LANGUAGES, Texts

HERE, THERE = TOWNS[:2]


@pytest.fixture
def office(tmp_path: Path) -> Iterator[IndustryOffice]:
    made = open_office(tmp_path)
    yield made
    made.records.close()


def keys(refused: pytest.ExceptionInfo[ReportRefusedError]) -> list[tuple[str, int]]:
    return [(one.key, one.row) for one in refused.value.faults]


def test_a_report_is_kept_in_its_base_unit_with_its_photo_and_audited(office: IndustryOffice) -> None:
    [kept] = office.reports().submit(CLERK, [office.report(HERE, "12.5")], photos=[PHOTO])
    assert (kept.value, kept.entered, kept.version) == (Decimal(125_000), "12.5 万袋", 1)
    assert office.records.reports() == [kept]
    assert len(kept.evidence) == 1
    assert office.audited()[-1] == ("report.submit", "done")


def test_a_submitted_report_is_frozen_and_a_correction_is_a_new_version(office: IndustryOffice) -> None:
    office.reports().submit(CLERK, [office.report(HERE, "12.5")])
    with pytest.raises(ReportRefusedError) as refused:
        office.reports().submit(CLERK, [office.report(HERE, "13")])
    assert keys(refused) == [("there_already", 0)]
    office.reports().submit(CLERK, [office.report(HERE, "13", reason="漏报一个基地")])
    versions = office.records.reports(every_version=True)
    assert [(one.version, one.value) for one in versions] == [(1, Decimal(125_000)), (2, Decimal(130_000))]
    assert versions[1].note == "漏报一个基地"


def test_nobody_reports_for_another_town_and_an_auditor_for_none(office: IndustryOffice) -> None:
    with pytest.raises(ReportRefusedError) as refused:
        office.reports().submit(CLERK, [office.report(THERE, "12")])
    assert keys(refused) == [("no_reporter", 0)]
    with pytest.raises(AccessDeniedError):
        office.reports().submit(AUDITOR, [office.report(HERE, "12")])
    assert office.audited()[-2:] == [("report.submit", "refused")] * 2
    assert office.records.reports() == []


def test_an_odd_number_is_kept_only_when_confirmed_and_says_so_for_good(office: IndustryOffice) -> None:
    office.reports().submit(CLERK, [office.report(HERE, "12", "2026-06")])
    slip = office.report(HERE, "125000")
    with pytest.raises(ReportRefusedError) as refused:
        office.reports().submit(CLERK, [slip])
    assert keys(refused) == [("confirm", 0), ("unit", 0)]
    [kept] = office.reports().submit(CLERK, [slip], confirmed=True)
    assert kept.flags == ("unit",)


def test_zero_and_same_are_one_tap(office: IndustryOffice) -> None:
    office.reports().submit(CLERK, [office.report(HERE, "12", "2026-06")])
    same = office.report(HERE, "", mark=ReportMark.SAME)
    [kept] = office.reports().submit(CLERK, [same])
    assert (kept.value, kept.mark) == (Decimal(120_000), ReportMark.SAME)
    zero = office.report(HERE, "0", "2026-08", mark=ReportMark.ZERO)
    assert office.reports().submit(CLERK, [zero])[0].value == 0


def test_a_paper_that_is_no_photo_is_refused(office: IndustryOffice) -> None:
    with pytest.raises(ReportRefusedError) as refused:
        office.reports().submit(CLERK, [office.report(HERE, "12")], photos=[b"MZ\x90"])
    assert keys(refused) == [("no_paper", 0)]


def test_a_workbook_is_examined_row_by_row_and_kept_whole_or_not_at_all(office: IndustryOffice) -> None:
    bad = reports_sheet(
        ("食用菌栽培袋数", "镇0", "2026-07", "12.5", "万袋", "", ""),
        ("菊芋种植面积", "镇0", "2026-07", "70000", "亩", "", ""),
        ("食用菌栽培袋数", "镇1", "2026-07", "12", "万袋", "", ""),
        ("不存在", "镇0", "2026-07", "1", "", "", ""),
        ("食用菌栽培袋数", "镇0", "2026-07", "13", "万袋", "", ""),
        ("黄芪种植面积", "镇0", "2026-07", "", "亩", "", ""),
        ("丹参种植面积", "镇0", "2026-09", "5", "公顷", "", ""),
        ("桔梗种植面积", "镇0", "2026-07", "-5", "亩", "", ""),
        ("土蜂", "镇0", "2026-07", "5", "亩", "", ""),
        ("土鸡", "镇0", "2026-07", "", "", "零报告", ""),
    )
    preview = office.reports().preview(CLERK, bad)
    assert [(one.key, one.row) for one in preview.refused] == [
        ("land", 3),
        ("no_reporter", 4),
        ("no_indicator", 5),
        ("row_twice", 6),
        ("future", 8),
        ("negative", 9),
        ("other_unit", 10),
    ]
    assert preview.empty == 1
    with pytest.raises(ReportRefusedError):
        office.reports().import_file(CLERK, "七月.xlsx", bad)
    assert office.records.reports() == []
    good = reports_sheet(
        ("食用菌栽培袋数", "镇0", "2026-07", "12.5", "", "", ""),
        ("菊芋种植面积", "镇0", "2026年7月", "100", "公顷", "", ""),
        ("土鸡", "镇0", "2026-07", "", "", "零报告", ""),
    )
    kept = office.reports().import_file(CLERK, "七月.xlsx", good)
    assert [one.value for one in kept] == [125_000, 1500, 0]
    with pytest.raises(ReportRefusedError) as twice:
        office.reports().import_file(CLERK, "七月.xlsx", good)
    assert {key for key, _ in keys(twice)} == {"there_already"}


def test_rows_of_one_workbook_know_each_other(office: IndustryOffice) -> None:
    found = office.reports().preview(
        CLERK,
        reports_sheet(
            ("食用菌栽培袋数", "镇0", "2026-06", "12", "万袋", "", ""),
            ("食用菌栽培袋数", "镇0", "2026-07", "120000", "万袋", "", ""),
        ),
    )
    assert [(one.key, one.row) for one in found.asked] == [("unit", 3)]


def test_a_village_reports_to_its_town_by_code_or_label_within_its_own_land(office: IndustryOffice) -> None:
    label = office.registry.village_label(VILLAGES[0])
    kept = office.reports().import_file(
        CLERK,
        "村.xlsx",
        reports_sheet(
            ("食用菌栽培袋数", label, "2026-07", "1.5", "万袋", "", ""),
            ("食用菌栽培袋数", VILLAGES[1], "2026-07", "2", "万袋", "", ""),
        ),
    )
    assert [(one.reporter_kind, one.reporter_id, one.value) for one in kept] == [
        (ReporterKind.VILLAGE, VILLAGES[0], Decimal(15_000)),
        (ReporterKind.VILLAGE, VILLAGES[1], Decimal(20_000)),
    ]
    with pytest.raises(ReportRefusedError) as refused:
        office.reports().import_file(
            CLERK,
            "村.xlsx",
            reports_sheet(
                ("菊芋种植面积", VILLAGES[0], "2026-07", "30001", "亩", "", ""),
                ("菊芋种植面积", VILLAGES[2], "2026-07", "1", "亩", "", ""),
                ("食用菌栽培袋数", VILLAGES[1], "2026-07", "2", "万袋", "", ""),
            ),
        )
    assert keys(refused) == [("land", 2), ("no_reporter", 3), ("there_already", 4)]
    assert office.records.reports(kind=ReporterKind.TOWN) == []


def test_a_bare_name_two_villages_share_names_neither(office: IndustryOffice) -> None:
    twins = tuple(replace(one, name="同名村") for one in office.registry.villages)
    office = replace(office, registry=replace(office.registry, villages=twins))
    row = ("食用菌栽培袋数", "同名村", "2026-07", "2", "万袋", "", "")
    preview = office.reports().preview(CLERK, reports_sheet(row))
    assert [(one.key, one.row) for one in preview.refused] == [("no_reporter", 2)]
    labelled = ("食用菌栽培袋数", "镇0·同名村", "2026-07", "2", "万袋", "", "")
    assert office.reports().preview(CLERK, reports_sheet((*row[:1], VILLAGES[0], *row[2:]))).refused == ()
    assert len(office.reports().preview(CLERK, reports_sheet(labelled)).echoes) == 1


def test_a_file_that_is_no_table_is_refused(office: IndustryOffice) -> None:
    with pytest.raises(TableRefusedError):
        office.reports().preview(CLERK, b"\x00\x01")
    with pytest.raises(TableRefusedError):
        office.reports().preview(CLERK, sheet(("指标",), ("食用菌栽培袋数",)))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_template_can_be_filled_and_comes_back(office: IndustryOffice, language: str) -> None:
    import io

    from openpyxl import load_workbook

    [last] = office.reports().submit(CLERK, [office.report(HERE, "12.5", "2026-06")])
    today = office.reports()._today
    texts = Texts(language)
    made = template(office.rules, {HERE: "镇0"}, "2026-07", [last], texts, today)
    book = load_workbook(io.BytesIO(made))
    rows = book.worksheets[0]
    assert rows.max_row == 1 + len(office.rules.in_force(today))
    assert rows.cell(2, 9).value == "12.5"
    rows.cell(2, 4).value = 13
    filled = io.BytesIO()
    book.save(filled)
    [kept] = office.reports().import_file(CLERK, "a.xlsx", filled.getvalue())
    assert kept.value == 130_000


def test_the_second_person_checks_or_sends_back_and_is_another_one(office: IndustryOffice) -> None:
    reports = office.reports()
    reports.submit(CLERK, [office.report(HERE, "12")])
    with pytest.raises(AccessDeniedError):
        reports.check(CLERK, "2026-07", [HERE])
    assert reports.check(COUNTY, "2026-07", [HERE]) == 1
    assert office.records.reports()[0].step is ReportStep.CHECKED
    with pytest.raises(ReportRefusedError):
        reports.check(COUNTY, "2026-07", [HERE])
    with pytest.raises(ReportRefusedError) as silent:
        reports.send_back(COUNTY, "2026-07", HERE, "fungus_bags", " ")
    assert keys(silent) == [("no_reason", 0)]
    assert reports.send_back(COUNTY, "2026-07", HERE, "fungus_bags", "与现场不符") == 1
    back = office.records.reports()[0]
    assert (back.step, back.step_note, back.counts) == (ReportStep.RETURNED, "与现场不符", False)


def test_registers_keep_versions_and_refuse_what_nothing_stands_behind(office: IndustryOffice) -> None:
    registers = office.registers()
    operators = sheet(
        ("主体编号", "类型", "名称", "村编码"), ("coop1", "cooperative", "虚构合作社", VILLAGES[0])
    )
    assert registers.import_register(CLERK, "operator", operators).new == 1
    assert registers.import_register(CLERK, "operator", operators).same == 1
    heads = ("基地编号", "主体编号", "名称", "产业", "指标编号", "村编码", "面积（亩）", "上方电站")
    good = ("b1", "coop1", "菌棚一号", "fungus", "fungus_bags", VILLAGES[0], "12.5", "")
    bad = ("b2", "nobody", "菌棚二号", "fungus", "fungus_bags", VILLAGES[2], "999999", "nowhere")
    with pytest.raises(ReportRefusedError) as refused:
        registers.import_register(CLERK, "base", sheet(heads, good, bad))
    assert keys(refused) == [("no_operator", 3), ("no_village", 3), ("no_plant", 3)]
    assert registers.import_register(CLERK, "base", sheet(heads, good)).new == 1
    grown = (*good[:6], "20", "")
    assert registers.import_register(CLERK, "base", sheet(heads, grown)).changed == 1
    assert [one.version for one in office.records.entries("base", every_version=True)] == [1, 2]
    contract = sheet(
        ("合同编号", "基地编号", "村编码", "户编号", "类型", "起始日", "分红比例"),
        ("c1", "b1", VILLAGES[0], "h1", "profit", "2026-01-01", "0.1"),
    )
    assert registers.import_register(CLERK, "contract", contract).new == 1
    order = office.report("b1", "8", reporter_kind=ReporterKind.BASE)
    assert office.reports().submit(CLERK, [order])[0].value == 80_000


def test_income_of_households_is_kept_once(office: IndustryOffice) -> None:
    registers = office.registers()
    registers.import_register(
        CLERK,
        "operator",
        sheet(("主体编号", "类型", "名称", "村编码"), ("o", "company", "虚构公司", VILLAGES[0])),
    )
    heads = ("基地编号", "主体编号", "名称", "产业", "指标编号", "村编码", "面积（亩）")
    registers.import_register(
        CLERK, "base", sheet(heads, ("b1", "o", "棚", "fungus", "fungus_bags", VILLAGES[0], "10"))
    )
    columns = ("基地编号", "村编码", "户编号", "月份", "来源", "金额（元）")
    paid = sheet(columns, ("b1", VILLAGES[0], "h1", "2026-07", "产业务工", "1200.50"))
    assert registers.import_income(CLERK, paid) == 1
    assert registers.import_income(CLERK, paid) == 0
    other = sheet(columns, ("b1", VILLAGES[0], "h1", "2026-07", "产业务工", "1300"))
    with pytest.raises(ReportRefusedError):
        registers.import_income(CLERK, other)
    wrong = sheet(
        columns,
        ("b1", VILLAGES[0], "h1", "2026-07", "彩票", "1"),
        ("b1", VILLAGES[0], "h1", "2026-07", "产业务工", "1.005"),
        ("b9", VILLAGES[0], "h1", "2026-07", "产业务工", "1"),
        ("b1", VILLAGES[3], "h1", "2026-07", "产业务工", "1"),
    )
    with pytest.raises(ReportRefusedError) as refused:
        registers.import_income(CLERK, wrong)
    assert keys(refused) == [("bad_kind", 2), ("no_number", 3), ("no_base", 4), ("no_village", 5)]
