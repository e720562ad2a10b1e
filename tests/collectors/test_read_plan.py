"""Which blocks are asked for, and what is learned from refusals."""

from hypothesis import given
from hypothesis import strategies as st

from collectors.read_plan import ReadPlan, Span
from domain.measurement import BlockRead


@st.composite
def layouts(draw: st.DrawFn) -> tuple[list[Span], BlockRead]:
    address, spans = 100, []
    for _ in range(draw(st.integers(1, 25))):
        words = draw(st.sampled_from([1, 1, 2, 4]))
        spans.append(Span(3, address, words))
        address += words + draw(st.sampled_from([0, 0, 1, 5]))
    return spans, BlockRead(3, 100, spans[-1].address + spans[-1].words - 100)


@given(layouts(), st.data())
def test_what_a_device_does_not_have_is_left_out_and_everything_else_is_read_whole(
    layout: tuple[list[Span], BlockRead], data: st.DataObject
) -> None:
    spans, block = layout
    missing = {spans[n] for n in data.draw(st.sets(st.integers(0, len(spans) - 1), max_size=4))}
    holes = {span.address + offset for span in missing for offset in range(span.words)}
    plan = ReadPlan([block], spans=spans)
    todo, read = [block], []
    while todo:
        asked = todo.pop()
        if holes & set(range(asked.address, asked.address + asked.count)):
            todo += plan.narrow(asked)
        else:
            read.append(asked)
    for span in spans:
        inside = [
            b for b in read if b.address <= span.address and span.address + span.words <= b.address + b.count
        ]
        assert len(inside) == (span not in missing)
    assert set(plan.blocks) == set(read)
    assert {(b.address, b.count) for b in plan.left_out} == {(span.address, span.words) for span in missing}
    plan.restore()
    assert len(plan.blocks) == len(read) + len(missing)
    assert plan.left_out == ()


def test_points_that_share_registers_are_not_torn_apart() -> None:
    spans = [Span(3, 10, 4), Span(3, 11, 1), Span(3, 20, 1)]
    plan = ReadPlan([BlockRead(3, 10, 11)], spans=spans)
    assert plan.narrow(BlockRead(3, 10, 11)) == (BlockRead(3, 10, 4), BlockRead(3, 20, 1))


def test_a_probe_is_one_register_even_when_everything_was_refused() -> None:
    block = BlockRead(4, 500, 20)
    plan = ReadPlan([block])
    assert plan.probe == BlockRead(4, 500, 1)
    plan.narrow(block)
    assert plan.blocks == ()
    assert plan.probe == BlockRead(4, 500, 1)
    assert ReadPlan([]).probe is None
