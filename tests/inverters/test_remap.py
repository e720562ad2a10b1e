"""The remap area of a logger: few reads, one batch a device, nothing taken from a neighbour."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import ProfileError
from domain.measurement import BlockRead, Sample, WordBlock
from inverters.decode import Decoder
from inverters.remap import BASE, RemapDecoder, RemappedDevice, at_device_address, remap_batches
from tests.inverters.support import NOON, shipped


def _inverters(*numbers: int) -> dict[int, RemappedDevice]:
    return {n: RemappedDevice(f"inv-{n:02d}", shipped()["huawei_smartlogger_inverter"]) for n in numbers}


def _words(power_w: int, status: int = 0x0200) -> bytes:
    words = struct.pack(">iihIHhHHhHHHHHH", power_w, 0, 500, power_w, 2000, 999, status, 0, 400, *[0] * 6)
    return words.ljust(50, b"\x00")


def _sample(read: BlockRead) -> Sample:
    """Answer a read of the logger: the power of device n is n kW, 0xB000 for device 3."""
    area = b"".join(_words(n * 1000, 0xB000 if n == 3 else 0x0200) for n in range(1, 248))
    start = (read.address - BASE) * 2
    return Sample("logger", NOON, NOON, (WordBlock(3, read.address, area[start : start + read.count * 2]),))


def test_five_inverters_are_one_read_of_at_most_125_registers() -> None:
    assert RemapDecoder(_inverters(1, 2, 3, 4, 5)).reads == (BlockRead(3, 51000, 118),)
    assert RemapDecoder(_inverters(*range(1, 21))).reads == tuple(
        BlockRead(3, 51000 + 125 * number, 118) for number in range(4)
    )


@given(st.sets(st.integers(1, 247), min_size=1, max_size=30))
def test_every_device_is_read_once_and_no_address_without_a_device(numbers: set[int]) -> None:
    decoder = RemapDecoder(_inverters(*numbers))
    assert all(read.count <= 125 for read in decoder.reads)
    touched = {(a - BASE) // 25 + 1 for r in decoder.reads for a in range(r.address, r.address + r.count)}
    assert touched == numbers
    batches = [batch for read in decoder.reads for batch in decoder.decode(_sample(read))]
    assert sorted(batch.device_id for batch in batches) == sorted(f"inv-{n:02d}" for n in numbers)
    for batch in batches:
        number = int(batch.device_id.removeprefix("inv-"))
        assert batch.value("ac_active_power_w") == (None if number == 3 else number * 1000)


def test_a_device_the_logger_has_lost_gives_its_status_and_nothing_old() -> None:
    (batch,) = remap_batches(_inverters(3), _sample(BlockRead(3, 51050, 18)))
    told = {n: v for n, v in zip(batch.quantities, batch.values, strict=True) if v is not None}
    assert told == {"device_status": 0xB000}


def test_an_answer_cut_short_gives_the_whole_devices_only() -> None:
    sample = _sample(BlockRead(3, 51000, 60))
    assert [batch.device_id for batch in remap_batches(_inverters(1, 2, 3), sample)] == ["inv-01", "inv-02"]


def test_inverters_and_a_weather_station_share_the_area() -> None:
    station = RemappedDevice("emi", shipped()["weather_huawei_smartlogger_remap"])
    words = _words(5000) + struct.pack(">hhhhh", 31, 210, 471, 285, 9050).ljust(50, b"\xff")
    sample = Sample("logger", NOON, NOON, (WordBlock(3, BASE, words),))
    one, other = remap_batches(_inverters(1) | {2: station}, sample)
    assert one.value("ac_active_power_w") == 5000
    assert (other.device_id, other.value("irradiance_poa_w_m2")) == ("emi", 905.0)


def test_a_profile_can_be_put_at_one_device_address() -> None:
    profile = at_device_address(shipped()["huawei_smartlogger_inverter"], 7)
    read = BlockRead(3, 51150, 18)
    batch = Decoder(profile, (read,)).decode(_sample(read))
    assert batch.value("ac_active_power_w") == 7000


@pytest.mark.parametrize("number", [0, 248, -1])
def test_an_address_no_device_can_have_is_refused(number: int) -> None:
    with pytest.raises(ProfileError, match="1 to 247"):
        RemapDecoder(_inverters(number))


def test_a_profile_of_elsewhere_is_refused() -> None:
    with pytest.raises(ProfileError, match="remap area"):
        RemapDecoder({1: RemappedDevice("inv", shipped()["huawei_sun2000"])})
