"""Plans: every point in exactly one block, no block too long, nothing read across what must not be."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.measurement import BlockRead
from domain.plant import DeviceKind
from inverters.plan import plan, plan_points
from inverters.point import WORDS, Point, Type
from inverters.profile import DeviceProfile, Limits
from tests.inverters.support import register_profiles, shipped

_TYPES = [type_ for type_ in WORDS if type_ not in (Type.CLOCK6, Type.CLOCK3)]


@st.composite
def point_sets(draw: st.DrawFn) -> list[Point]:
    points, address = [], draw(st.integers(0, 200))
    for _ in range(draw(st.integers(1, 40))):
        type_ = draw(st.sampled_from(_TYPES))
        function = draw(st.sampled_from((3, 4)))
        points.append(Point("ac_active_power_w", function, address, type_, WORDS[type_]))
        address += WORDS[type_] + draw(st.one_of(st.just(0), st.integers(0, 60)))
    return points


@st.composite
def limits(draw: st.DrawFn) -> Limits:
    first = draw(st.integers(0, 900))
    return Limits(
        max_registers=draw(st.integers(4, 125)),
        max_gap=draw(st.integers(0, 40)),
        boundaries=tuple(draw(st.lists(st.integers(1, 900), max_size=3))),
        holes=((first, first + draw(st.integers(0, 5))),),
    )


def _inside(point: Point, read: BlockRead) -> bool:
    return (
        read.function == point.function
        and read.address <= point.address
        and point.end <= read.address + read.count
    )


@given(point_sets(), limits())
def test_every_point_lies_inside_exactly_one_block(points: list[Point], limit: Limits) -> None:
    blocks = plan_points(points, limit)
    for point in points:
        assert sum(_inside(point, read) for read in blocks) == 1


@given(point_sets(), limits())
def test_no_block_is_longer_than_allowed(points: list[Point], limit: Limits) -> None:
    assert all(1 <= read.count <= limit.max_registers for read in plan_points(points, limit))


@given(point_sets(), limits())
def test_blocks_do_not_overlap_and_begin_and_end_with_a_point(points: list[Point], limit: Limits) -> None:
    blocks = plan_points(points, limit)
    for left, right in itertools.pairwise(blocks):
        assert left.function != right.function or left.address + left.count <= right.address
    for read in blocks:
        inside = [point for point in points if _inside(point, read)]
        assert min(point.address for point in inside) == read.address
        assert max(point.end for point in inside) == read.address + read.count


@given(point_sets(), limits())
def test_no_gap_longer_than_allowed_is_read_over(points: list[Point], limit: Limits) -> None:
    for read in plan_points(points, limit):
        inside = sorted((p.address, p.end) for p in points if _inside(p, read))
        for (_, end), (start, _) in itertools.pairwise(inside):
            assert start - end <= limit.max_gap


@given(point_sets(), limits())
def test_holes_and_boundaries_are_never_read_across(points: list[Point], limit: Limits) -> None:
    for read in plan_points(points, limit):
        inside = [point for point in points if _inside(point, read)]
        covered = {address for point in inside for address in range(point.address, point.end)}
        span = range(read.address, read.address + read.count)
        for first, last in limit.holes:
            assert all(address in covered for address in range(first, last + 1) if address in span)
        if len(inside) > 1:
            assert not any(
                read.address < boundary < read.address + read.count for boundary in limit.boundaries
            )


@given(point_sets(), limits())
def test_the_order_of_points_changes_nothing(points: list[Point], limit: Limits) -> None:
    assert plan_points(points, limit) == plan_points(points[::-1], limit)


@pytest.mark.parametrize("profile", register_profiles(), ids=lambda profile: profile.name)
@pytest.mark.parametrize("string_count", [None, 1, 12, 24, 32])
def test_a_live_plan_is_at_most_four_reads(profile: DeviceProfile, string_count: int | None) -> None:
    blocks = plan(profile, string_count=string_count)
    assert 1 <= len(blocks) <= 4
    points = [point for point in profile.points_for(string_count) if point.class_ == "live"]
    assert all(sum(_inside(point, read) for read in blocks) == 1 for point in points)


def test_fewer_strings_read_fewer_registers() -> None:
    profile = shipped()["huawei_sun2000"]
    few = sum(read.count for read in plan(profile, string_count=4))
    many = sum(read.count for read in plan(profile, string_count=24))
    assert few + 2 * 20 <= many + profile.limits.max_gap
    assert few < many


def test_strings_only_larger_models_have_are_read_when_the_device_has_them() -> None:
    profile = shipped()["growatt_max"]
    assert not any(read.address >= 875 for read in plan(profile))
    assert not any(read.address >= 875 for read in plan(profile, string_count=16))
    assert BlockRead(4, 955, 8) in plan(profile, string_count=20)


def test_a_growatt_read_never_crosses_register_125() -> None:
    for what in ("live", "identity"):
        for read in plan(shipped()["growatt_max"], string_count=32, what=what):
            assert not read.address < 125 < read.address + read.count


def test_every_inverter_and_logger_names_a_witness_that_is_read() -> None:
    for profile in register_profiles():
        if profile.kind in (DeviceKind.INVERTER, DeviceKind.LOGGER):
            witness = profile.find(profile.witness)
            assert witness is not None, profile.name
            reads = (*plan(profile), *plan(profile, what="identity"))
            assert any(_inside(witness, read) for read in reads)
