"""The life of a case: what may follow what, what each step needs, and that acts replay to the same case."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cases.lifecycle import ALLOWED, after, fold, may
from cases.refusal import CaseRefusedError
from domain.case import Case, CaseAct, CaseActKind, CaseState, Cause
from tests.cases.builders import START, Story, at, registered
from texts.loader import Texts

K = CaseActKind


def test_an_order_goes_from_registered_to_closed_by_measured_recovery() -> None:
    story = Story()
    states = [story.case.state]
    states.append(story.then(K.ASSIGN, 5, assignee="zhao").case.state)
    states.append(story.then(K.ARRIVE, 60).case.state)
    states.append(story.then(K.DONE, 90, "换熔断器", cause="string_fuse").case.state)
    measured = {"before_ratio": "0.9", "after_ratio": "1.0", "won_back_kwh": "41.5", "recovered": "true"}
    states.append(story.then(K.MEASURE, 400, **measured).case.state)
    assert [state.value for state in states] == ["registered", "assigned", "handling", "awaiting", "closed"]
    assert story.case.cause is Cause.STRING_FUSE
    assert story.case.recovery is not None
    assert story.case.recovery.won_back_kwh == 41.5
    assert story.case.closed_at == at(400)
    assert fold(story.acts) == story.case


def test_an_order_that_did_not_bring_the_energy_back_goes_back_to_the_field_and_says_so() -> None:
    story = Story().until_done()
    story.then(K.MEASURE, 400, before_ratio="0.0", after_ratio="0.1", recovered="false", reason="still_low")
    assert story.case.state is CaseState.HANDLING
    assert story.case.recovery is not None
    assert story.case.recovery.reason == "still_low"


def test_what_cannot_be_measured_yet_waits() -> None:
    story = Story().until_done().then(K.MEASURE, 100, reason="too_little_sun")
    assert story.case.state is CaseState.AWAITING


def test_nobody_accepts_an_unmeasured_repair_without_saying_why() -> None:
    story = Story().until_done()
    with pytest.raises(CaseRefusedError, match="not measured"):
        story.then(K.ACCEPT, 120, by="desk")
    story.then(K.ACCEPT, 121, "通讯工单，没有电量可复核", by="desk")
    assert story.case.state is CaseState.CLOSED


@pytest.mark.parametrize(
    ("kind", "text", "values", "missing"),
    [
        (K.ASSIGN, "", {"assignee": " "}, "who"),
        (K.DONE, "", {"cause": "breaker"}, "what was done"),
        (K.DONE, "换了", {"cause": "gremlins"}, "cause"),
        (K.DONE, "换了", {}, "cause"),
        (K.NOTE, " ", {}, "Write"),
        (K.PHOTO, "", {"sha256": "x", "stage": "during"}, "before or after"),
        (K.ESCALATE, "", {}, "responsible"),
    ],
)
def test_each_act_needs_what_it_is_about(
    kind: CaseActKind, text: str, values: dict[str, str], missing: str
) -> None:
    story = Story()
    with pytest.raises(CaseRefusedError, match=missing):
        story.then(kind, 5, text, **values)
    assert story.case.acts == 1


@pytest.mark.parametrize("count", ["0", "-1", "many", "99999"])
def test_a_part_has_a_name_and_a_possible_count(count: str) -> None:
    story = Story().then(K.ASSIGN, 5, assignee="zhao").then(K.ARRIVE, 10)
    with pytest.raises(CaseRefusedError, match="part"):
        story.then(K.PART, 11, name="熔断器 15A", count=count)
    story.then(K.PART, 12, name="熔断器 15A", number="FUSE-15", count="2")
    assert (story.case.parts[0].name, story.case.parts[0].count) == ("熔断器 15A", 2)


def test_of_two_people_at_once_the_second_is_told() -> None:
    case = Story().case
    first = CaseAct("c1", 2, at(1), "zhao", K.ASSIGN, "", {"assignee": "zhao"})
    second = CaseAct("c1", 2, at(1), "qian", K.ASSIGN, "", {"assignee": "qian"})
    changed = after(case, first)
    with pytest.raises(CaseRefusedError) as refusal:
        after(changed, second)
    assert "刷新" in refusal.value.words(Texts("zh"))
    assert changed.assignee == "zhao"


def test_a_refusal_names_state_and_act_in_the_language_of_the_reader() -> None:
    with pytest.raises(CaseRefusedError) as refusal:
        Story().then(K.ACCEPT, 5)
    assert "待派" in refusal.value.words(Texts("zh"))
    assert "to assign" in refusal.value.words(Texts("en"))


def test_a_reopened_case_can_be_escalated_again_and_counts() -> None:
    story = Story().until_done().then(K.ESCALATE, 100, to="王主任（虚构）")
    story.then(K.MEASURE, 400, after_ratio="1", recovered="true")
    story.then(K.REOPEN, 500, "又停了")
    assert (story.case.state, story.case.reopened, story.case.escalated_to) == (CaseState.HANDLING, 1, "")
    assert story.case.closed_at is None


def test_a_villagers_report_ends_with_the_answer_he_is_given() -> None:
    story = Story(
        kind="report", case_number="FY-2026-0001", reporter="张某（虚构）", village_id="611002101201"
    )
    story.then(K.DONE, 30, "已告知：分红 6 月底到账")
    assert story.case.answer == "已告知：分红 6 月底到账"
    assert story.then(K.ACCEPT, 40, by="desk").case.state is CaseState.CLOSED


def test_a_case_without_a_subject_is_none() -> None:
    with pytest.raises(CaseRefusedError, match="about"):
        fold([registered(0, "  ")])


def test_every_act_has_a_place_in_the_table_and_words_in_both_languages() -> None:
    assert set(ALLOWED) == set(K) - {K.REGISTER}
    for language in ("zh", "en"):
        texts = Texts(language)
        assert all(f"cases.act.{kind.value}" in texts for kind in K)
        assert all(f"cases.cause.{cause.value}" in texts for cause in Cause)
        assert all(f"cases.state.{state.value}" in texts for state in CaseState)


def _plausible(kind: CaseActKind, number: int) -> CaseAct:
    values = {
        "assignee": "zhao",
        "cause": "breaker",
        "sha256": "ab",
        "stage": "after",
        "name": "熔断器",
        "count": "1",
        "to": "王主任（虚构）",
        "recovered": "true" if number % 3 else "false",
        "after_ratio": "0.97",
    }
    return CaseAct("c1", number, at(number), "zhao", kind, "文字", values)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(sorted(set(K) - {K.REGISTER}, key=lambda k: k.value)), max_size=30))
def test_whatever_is_tried_a_case_stays_whole_and_replays_to_itself(kinds: list[CaseActKind]) -> None:
    acts = [registered()]
    case: Case = fold(acts)
    for kind in kinds:
        act = _plausible(kind, len(acts) + 1)
        try:
            case = after(case, act)
        except CaseRefusedError:
            assert not may(case, kind)
            continue
        acts.append(act)
        assert (case.closed_at is not None) == (case.state is CaseState.CLOSED)
        assert case.state not in {CaseState.AWAITING, CaseState.CLOSED} or case.done_at is not None
        assert case.acts == len(acts)
    assert fold(acts) == case
    assert case.registered_at == START
