"""SunSpec: models are found step by step, points lie where the device has them, scale factors are live."""

import math
import struct
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import ProfileError
from domain.measurement import BlockRead, Quality, WordBlock
from inverters.decode import Decoder
from inverters.encode import RegisterImage
from inverters.plan import plan
from inverters.profile import resolve
from inverters.sunspec import BASES, sunspec_map, sunspec_next
from tests.inverters.support import block, sample, shipped, values_of

MODELS = [(1, 66), (103, 50), (160, 48)]


def _memory(base: int, models: Sequence[tuple[int, int]]) -> dict[int, int]:
    memory, address = {base: 0x5375, base + 1: 0x6E53}, base + 2
    for model, length in models:
        memory |= {address: model, address + 1: length}
        memory |= {address + 2 + number: 0 for number in range(length)}
        address += length + 2
    return memory | {address: 0xFFFF, address + 1: 0}


def _walk(memory: dict[int, int]) -> tuple[list[WordBlock], int]:
    """Ask as a collector would; addresses the device does not have are refused."""
    blocks: list[WordBlock] = []
    refused: set[int] = set()
    for count in range(80):
        read = sunspec_next(blocks, refused)
        if read is None:
            return blocks, count
        if all(read.address + number in memory for number in range(read.count)):
            blocks.append(block(read.address, *(memory[read.address + n] for n in range(read.count))))
        else:
            refused.add(read.address)
    raise AssertionError("the walk does not end")


@pytest.mark.parametrize("base", BASES)
def test_models_are_found_at_each_of_the_three_places(base: int) -> None:
    blocks, count = _walk(_memory(base, MODELS))
    assert sunspec_map(blocks) == [(1, base + 2, 66), (103, base + 70, 50), (160, base + 122, 48)]
    assert count <= 3 + len(MODELS) + 1


def test_a_shorter_common_model_moves_what_follows() -> None:
    blocks, _ = _walk(_memory(40000, [(1, 65), (113, 60)]))
    assert sunspec_map(blocks) == [(1, 40002, 65), (113, 40069, 60)]


def test_a_device_of_another_kind_has_no_models_and_is_asked_three_times() -> None:
    blocks, count = _walk({})
    assert (sunspec_map(blocks), count) == ([], 3)


@given(st.lists(st.tuples(st.integers(0, 0xFFFE), st.integers(0, 500)), max_size=20), st.sampled_from(BASES))
def test_the_map_is_what_lies_there(models: list[tuple[int, int]], base: int) -> None:
    total = sum(length + 2 for _, length in models)
    if base + total + 4 < 0xFFFF:
        blocks, _ = _walk(_memory(base, models))
        assert [(model, length) for model, _, length in sunspec_map(blocks)] == models


@given(st.dictionaries(st.integers(0, 0xFFFF), st.integers(0, 0xFFFF), max_size=50))
def test_a_walk_over_nonsense_ends(memory: dict[int, int]) -> None:
    found, _ = _walk(memory | {40000: 0x5375, 40001: 0x6E53})
    addresses = [model.address for model in found]
    assert addresses == sorted(set(addresses)), "every step leads on"


def _inverter(scale: int = -1, voltage: int = 2310) -> dict[str, float]:
    profile = resolve(shipped()["sunspec"], [(1, 2, 66), (101, 70, 50)])
    words = [101, 50] + [0xFFFF] * 50
    words[10], words[13] = voltage, scale & 0xFFFF
    return values_of(Decoder(profile, [BlockRead(3, 70, 52)]).decode(sample(block(70, *words))))


@pytest.mark.parametrize(("scale", "expected"), [(-2, 23.10), (-1, 231.0), (0, 2310.0), (1, 23100.0)])
def test_a_value_is_scaled_by_the_factor_read_with_it(scale: int, expected: float) -> None:
    assert _inverter(scale)["ac_phase_a_voltage_v"] == expected


@pytest.mark.parametrize("scale", [-0x8000, -11, 11, 0x7FFF])
def test_a_factor_that_does_not_exist_or_cannot_be_gives_no_value(scale: int) -> None:
    assert "ac_phase_a_voltage_v" not in _inverter(scale)


def test_a_value_without_its_factor_is_nothing() -> None:
    profile = resolve(shipped()["sunspec"], [(1, 2, 66), (103, 70, 50)])
    decoder = Decoder(profile, [BlockRead(3, 70, 12)])
    batch = decoder.decode(sample(block(70, 103, 50, *[100] * 10)))
    assert batch.value("ac_phase_a_voltage_v") is None


def test_a_scaled_value_that_cannot_be_is_doubted() -> None:
    profile = resolve(shipped()["sunspec"], [(1, 2, 66), (103, 70, 50)])
    words = [103, 50] + [0xFFFF] * 50
    words[10], words[13] = 60_000, 1
    batch = Decoder(profile, [BlockRead(3, 70, 52)]).decode(sample(block(70, *words)))
    index = batch.quantities.index("ac_phase_a_voltage_v")
    assert batch.values[index] == 600_000
    assert batch.qualities is not None
    assert batch.qualities[index] is Quality.OUT_OF_RANGE


@pytest.mark.parametrize("missing", [struct.pack(">f", math.nan), bytes.fromhex("4EFF8000")])
def test_both_ways_of_saying_no_float_are_no_value(missing: bytes) -> None:
    profile = resolve(shipped()["sunspec"], [(1, 2, 66), (113, 70, 60)])
    words = bytearray(struct.pack(">62H", 113, 60, *[0] * 60))
    words[44:48], words[48:52] = missing, struct.pack(">f", 50.02)
    batch = Decoder(profile, [BlockRead(3, 70, 62)]).decode(sample(WordBlock(3, 70, bytes(words))))
    assert batch.value("ac_active_power_w") is None
    assert batch.value("grid_frequency_hz") == pytest.approx(50.02, rel=1e-6)


@pytest.mark.parametrize("inputs", [1, 4, 12])
def test_inputs_are_as_many_as_the_model_is_long(inputs: int) -> None:
    profile = resolve(shipped()["sunspec"], [(1, 2, 66), (160, 70, 8 + 20 * inputs)])
    names = [point.name for point in profile.points if point.name.endswith("_voltage_v")]
    assert names == [f"dc_mppt_{number:02d}_voltage_v" for number in range(1, inputs + 1)]


def test_each_model_is_read_by_itself_with_its_factors() -> None:
    profile = resolve(shipped()["sunspec"], [(1, 40002, 66), (103, 40070, 50), (160, 40122, 88)])
    for read in plan(profile):
        assert sum(read.address < start < read.address + read.count for start in (40070, 40122)) == 0
    factors = {point.scale_at for point in profile.points if point.scale_at is not None}
    assert all(
        any(read.address <= factor < read.address + read.count for read in plan(profile))
        for factor in factors
    )


def test_a_device_without_our_models_is_refused() -> None:
    with pytest.raises(ProfileError, match="64110"):
        resolve(shipped()["sunspec"], [(1, 2, 66), (64110, 70, 10)])
    with pytest.raises(ProfileError, match="fixed"):
        resolve(shipped()["huawei_sun2000"], [(1, 2, 66)])


def test_a_virtual_device_is_found_and_read_like_a_real_one() -> None:
    profile = shipped()["sunspec"]
    image = RegisterImage(profile)
    image.encode_texts({"serial_number": ["SN-1"]})
    row = image.encode(
        {"ac_active_power_w": np.array([48_210.0]), "dc_mppt_03_voltage_v": np.array([612.4])}
    )[0]
    memory = {}
    for address in range(40000, 40300):
        place = image.slice(3, address, 1)
        if place is not None:
            memory[address] = int.from_bytes(row[place].tobytes())
    blocks, _ = _walk(memory)
    found = resolve(profile, sunspec_map(blocks))
    reads = (*plan(found), *plan(found, what="identity"))
    answers = [block(r.address, *(memory[r.address + n] for n in range(r.count))) for r in reads]
    batch = Decoder(found, reads).decode(sample(*answers))
    assert batch.value("ac_active_power_w") == 48_210
    assert batch.value("dc_mppt_03_voltage_v") == 612.4
    assert batch.value("dc_mppt_02_voltage_v") is None
    assert batch.texts == {"serial_number": "SN-1"}
