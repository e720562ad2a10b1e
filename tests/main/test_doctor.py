"""The doctor's judgement: each failing case is told as such and has a cure in both languages."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from domain.errors import StoreVersionError
from main import doctor
from main.backup.health import judge_backups
from main.backup.shelf import Entry
from main.doctor import Finding, StoreFacts, Verdict
from texts.loader import LANGUAGES, Texts

NOW = datetime(2026, 7, 1, 4, 0, tzinfo=UTC)
BUILT = datetime(2026, 6, 1, tzinfo=UTC)
GIB = 1 << 30


def _store(**facts: object) -> StoreFacts:
    return StoreFacts(**({"path": "data/x", "exists": True} | facts))  # type: ignore[arg-type]


def _clock(now: datetime = NOW, step_s: float = 0.0, *, synchronised: bool | None = True) -> Finding:
    return doctor.judge_clock(now, BUILT, step_s, synchronised=synchronised)


EDGE = {"plant": "p", "waiting": 7, "acknowledged": 90, "answered_s": 3, "faults": []}
CASES: list[tuple[str, Finding, Verdict, str]] = [
    ("a new Python", doctor.judge_python((3, 13, 1)), Verdict.OK, "good"),
    ("an old Python", doctor.judge_python((3, 10, 9)), Verdict.FAIL, "old"),
    ("a SQLite with the WAL fix", doctor.judge_sqlite((3, 51, 3)), Verdict.OK, "good"),
    ("a SQLite before the WAL fix", doctor.judge_sqlite((3, 40, 1)), Verdict.OK, "one_writer"),
    ("an old SQLite", doctor.judge_sqlite((3, 31, 0)), Verdict.FAIL, "old"),
    ("the locked DuckDB", doctor.judge_duckdb("1.5.6"), Verdict.OK, "good"),
    ("a DuckDB of another format", doctor.judge_duckdb("2.0.0"), Verdict.FAIL, "unfit"),
    ("an older DuckDB", doctor.judge_duckdb("1.4.9"), Verdict.FAIL, "unfit"),
    ("a DuckDB nobody can read the version of", doctor.judge_duckdb("dev"), Verdict.FAIL, "unfit"),
    ("no DuckDB", doctor.judge_duckdb(""), Verdict.FAIL, "missing"),
    ("much space", doctor.judge_disk("data", 100 * GIB), Verdict.OK, "good"),
    ("little space", doctor.judge_disk("data", 5 * GIB - 1), Verdict.WARN, "low"),
    ("no space", doctor.judge_disk("data", GIB - 1), Verdict.FAIL, "full"),
    ("a folder one may write", doctor.judge_folder("data", ""), Verdict.OK, "good"),
    ("a read-only folder", doctor.judge_folder("data", "Read-only file system"), Verdict.FAIL, "unwritable"),
    ("a free port", doctor.judge_port("127.0.0.1", 8050, "", running=False), Verdict.OK, "free"),
    ("our port", doctor.judge_port("127.0.0.1", 8050, "in use", running=True), Verdict.OK, "ours"),
    ("a taken port", doctor.judge_port("127.0.0.1", 8050, "in use", running=False), Verdict.FAIL, "taken"),
    ("a steady clock", _clock(), Verdict.OK, "good"),
    ("a clock that says nothing", _clock(synchronised=None), Verdict.OK, "unknown"),
    ("a clock nobody sets", _clock(synchronised=False), Verdict.WARN, "adrift"),
    ("a clock stepping forward", _clock(step_s=0.2), Verdict.WARN, "jumping"),
    ("a clock stepping back", _clock(step_s=-20.0), Verdict.WARN, "jumping"),
    ("a clock of 1970", _clock(datetime(1970, 1, 1, tzinfo=UTC)), Verdict.FAIL, "past"),
    ("Chinese fonts", doctor.judge_fonts(12), Verdict.OK, "good"),
    ("no Chinese font", doctor.judge_fonts(0), Verdict.WARN, "missing"),
    ("no fontconfig", doctor.judge_fonts(None), Verdict.WARN, "unknown"),
    ("no collector in the village runs", doctor.judge_edge(None), Verdict.WARN, "stopped"),
    ("a part of it stands still", doctor.judge_edge(EDGE | {"faults": ["wire x"]}), Verdict.FAIL, "stuck"),
    ("nobody has answered it yet", doctor.judge_edge(EDGE | {"answered_s": None}), Verdict.WARN, "unheard"),
    ("rows wait for long", doctor.judge_edge(EDGE | {"answered_s": 900}), Verdict.WARN, "waiting"),
    (
        "nothing waits at night",
        doctor.judge_edge(EDGE | {"answered_s": 9000, "waiting": 0}),
        Verdict.OK,
        "good",
    ),
    ("all is answered for", doctor.judge_edge(EDGE), Verdict.OK, "good"),
    ("no village polls", doctor.judge_villages([], None), Verdict.OK, "none"),
    ("nobody to ask", doctor.judge_villages(["p"], None), Verdict.OK, "unknown"),
    ("one is silent", doctor.judge_villages(["p", "q"], {"p": 5.0, "q": 700.0}), Verdict.WARN, "silent"),
    ("one was never heard", doctor.judge_villages(["p", "q"], {"p": 5.0, "q": None}), Verdict.WARN, "silent"),
    ("all are heard of", doctor.judge_villages(["p"], {"p": 5.0}), Verdict.OK, "good"),
    ("no broker wanted", doctor.judge_broker(0, "", ""), Verdict.OK, "none"),
    ("a broker wanted and not set", doctor.judge_broker(3, "", ""), Verdict.WARN, "unset"),
    ("a broker that answers", doctor.judge_broker(3, "h:1883", ""), Verdict.OK, "good"),
    ("a broker that is away", doctor.judge_broker(3, "h:1883", "refused"), Verdict.FAIL, "away"),
    ("sound settings", doctor.judge_settings(""), Verdict.OK, "good"),
    ("unsound settings", doctor.judge_settings("PVMON_PROT: no such setting"), Verdict.FAIL, "unsound"),
    ("a sound configuration", doctor.judge_configuration(60, 1300, ""), Verdict.OK, "good"),
    ("an unsound configuration", doctor.judge_configuration(0, 0, "x.yaml:3: y"), Verdict.FAIL, "unsound"),
    ("no store yet", doctor.judge_store("samples", _store(exists=False)), Verdict.OK, "none"),
    ("a store that opens", doctor.judge_store("samples", _store(rows=5)), Verdict.OK, "good"),
    ("a store in use by us", doctor.judge_store("samples", _store(owned=True, error="locked")), Verdict.OK, "owned"),
    ("a store of tomorrow", doctor.judge_store("samples", _store(too_new=True, error="v9")), Verdict.FAIL, "too_new"),
    ("a broken store", doctor.judge_store("samples", _store(error="not a database")), Verdict.FAIL, "broken"),
    ("no records yet", doctor.judge_store("records", _store(exists=False)), Verdict.OK, "none"),
    ("records that open", doctor.judge_store("records", _store()), Verdict.OK, "good"),
    ("records in use by us", doctor.judge_store("records", _store(owned=True)), Verdict.OK, "owned"),
    ("records of tomorrow", doctor.judge_store("records", _store(too_new=True, error="v9")), Verdict.FAIL, "too_new"),
    ("broken records", doctor.judge_store("records", _store(error="malformed")), Verdict.FAIL, "broken"),
    ("no samples", doctor.judge_age(_store(), NOW), Verdict.OK, "empty"),
    ("fresh samples", doctor.judge_age(_store(newest=NOW - timedelta(minutes=2)), NOW), Verdict.OK, "fresh"),
    ("old samples", doctor.judge_age(_store(newest=NOW - timedelta(hours=2)), NOW), Verdict.WARN, "old"),
    ("samples of tomorrow", doctor.judge_age(_store(newest=NOW + timedelta(hours=2)), NOW), Verdict.WARN, "ahead"),
    ("a check that broke", doctor.crashed("disk", OSError("gone")), Verdict.FAIL, "crashed"),
]  # fmt: skip


def _kept(check: str, *events: tuple[str, float, bool]) -> Finding:
    """The finding of a check after events, each a kind, how many days ago, and whether it went well."""
    entries = [
        Entry(NOW - timedelta(days=days), what, ok, "f", "" if ok else "why", True)
        for what, days, ok in events
    ]
    return next(found for found in judge_backups(entries, NOW) if found.check == check)


CASES.append(("nothing to back up", judge_backups([], NOW)[0], Verdict.OK, "none"))
for _check in ("backup", "copy", "restore_test"):
    _failed = Verdict.FAIL if _check == "restore_test" else Verdict.WARN
    CASES += [
        (f"{_check} on its first day", _kept(_check, ("since", 1, True)), Verdict.WARN, "not_yet"),
        (f"{_check} never", _kept(_check, ("since", 30, True)), Verdict.FAIL, "never"),
        (f"{_check} done", _kept(_check, ("since", 30, True), (_check, 1, True)), Verdict.OK, "good"),
        (f"{_check} long ago", _kept(_check, ("since", 30, True), (_check, 9, True)), Verdict.FAIL, "old"),
        (f"{_check} failed", _kept(_check, (_check, 1, True), (_check, 0.1, False)), _failed, "failed"),
    ]


@pytest.mark.parametrize(("story", "finding", "verdict", "outcome"), CASES, ids=[case[0] for case in CASES])
def test_each_case_is_judged(story: str, finding: Finding, verdict: Verdict, outcome: str) -> None:
    assert (finding.verdict, finding.outcome) == (verdict, outcome), story


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("finding", [case[1] for case in CASES], ids=[case[0] for case in CASES])
def test_each_finding_has_words_and_a_cure_unless_it_is_well(finding: Finding, language: str) -> None:
    lines = doctor.lines_of(finding, Texts(language))
    assert len(lines) == (1 if finding.verdict is Verdict.OK else 2)
    assert not [line for line in lines if "{" in line or not line.strip()]


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_words_of_the_doctor_are_left_unused(language: str) -> None:
    texts = Texts(language)
    used = {f"doctor.{f.check}.{f.outcome}" for _, f, _, _ in CASES} | {"doctor.crashed"}
    used |= {f"{key}_cure" for key in used} | {f"doctor.{f.check}.title" for _, f, _, _ in CASES}
    used |= {"doctor.line", "doctor.cure", "doctor.summary", *(f"doctor.verdict.{v}" for v in Verdict)}
    assert {key for key in texts.keys() if key.startswith("doctor.")} <= used  # noqa: SIM118 (Texts is no dict)


def test_every_outcome_but_ok_comes_with_a_cure_in_the_machine_readable_answer() -> None:
    answer = doctor.as_document([finding for _, finding, _, _ in CASES], Texts("en"))
    assert answer["verdict"] == "fail"
    assert all(("cure" in check) == (check["verdict"] != "ok") for check in answer["checks"])


@pytest.mark.parametrize(
    ("verdicts", "worst"),
    [
        ((), Verdict.OK),
        (("ok", "ok"), Verdict.OK),
        (("ok", "warn"), Verdict.WARN),
        (("fail", "warn"), Verdict.FAIL),
    ],
)
def test_the_whole_is_as_bad_as_its_worst_part(verdicts: tuple[str, ...], worst: Verdict) -> None:
    assert doctor.worst([Finding("disk", Verdict(v), "good") for v in verdicts]) is worst


def test_a_probe_that_breaks_spoils_one_line_only() -> None:
    def broken() -> list[Finding]:
        raise RuntimeError("probe broke")

    def well() -> list[Finding]:
        return [doctor.judge_fonts(3)]

    probes: list[tuple[str, Callable[[], list[Finding]]]] = [("disk", broken), ("fonts", well)]
    first, second = doctor.examine(probes)
    assert (first.check, first.verdict, first.values["reason"]) == (
        "disk",
        Verdict.FAIL,
        "RuntimeError: probe broke",
    )
    assert second.verdict is Verdict.OK


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0.0 KiB"), (1536, "1.5 KiB"), (5 << 20, "5.0 MiB"), (3 * GIB, "3.0 GiB")]
)
def test_sizes_are_written_for_people(size: int, text: str) -> None:
    assert doctor.readable_bytes(size) == text


def test_a_version_error_is_a_store_of_tomorrow() -> None:
    def opens() -> StoreFacts:
        raise StoreVersionError("schema 9, this program knows 3")

    facts = doctor.store_facts("data/x", exists=True, opens=opens)
    assert (facts.too_new, facts.error) == (True, "schema 9, this program knows 3")


def test_any_other_error_is_a_broken_store() -> None:
    def opens() -> StoreFacts:
        raise OSError("Input/output error")

    facts = doctor.store_facts("data/x", exists=True, opens=opens)
    assert (facts.too_new, facts.error) == (False, "Input/output error")


def test_a_store_that_is_not_there_is_not_opened() -> None:
    def opens() -> StoreFacts:
        raise AssertionError("opened")

    assert doctor.store_facts("data/x", exists=False, opens=opens).exists is False
