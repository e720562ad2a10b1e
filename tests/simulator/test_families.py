"""Every family a profile describes is served, with the habits of its make: read as the collector reads, compared with physics."""

import asyncio
import json
import struct
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import TypeVar

import pytest
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

from collectors.dlt645 import Dlt645Source
from collectors.documents import Documents
from collectors.modbus import ModbusSource
from collectors.source import Delivery, Source
from collectors.wiring import Decoders, polled_wires, published_devices
from domain.clock import FieldClock, SystemClock
from domain.errors import CollectError, RefusedError, UnreachableError
from domain.measurement import Batch, BlockRead, Sample
from domain.plant import Device, DeviceKind, Gateway, Plant, WireProtocol
from inverters.mapping import MappedDevice, Message
from inverters.mapping_encode import encode_documents
from inverters.profile import DeviceProfile
from simulator.broker import broker
from simulator.faults import Fault, FaultKind
from simulator.fleet import Fleet
from simulator.listener import Listener
from simulator.meter_wire import VirtualMeterWire, meter_wires_of
from simulator.service import ServeOptions, Wires, serve
from simulator.wire import VirtualWire, wires_of
from tests.simulator.builders import NIGHT, NOON, plant, profiles, registry

T = TypeVar("T")
REGISTERS = sorted(name for name, one in profiles().items() if one.points)
MAPPED = sorted(name for name, one in profiles().items() if one.mapping is not None)
POWER = {
    DeviceKind.INVERTER: "ac_active_power_w",
    DeviceKind.REVENUE_METER: "ac_active_power_w",
    DeviceKind.LOGGER: "plant_active_power_w",
}
METER = "000000000161"


@cache
def with_family(name: str) -> Plant:
    """Return a plant whose inverters, meter, sensor or logger is of a family; the others are as usual."""
    one = profiles()[name]
    if one.kind is DeviceKind.INVERTER:
        given = plant(profile=name, inverters=3)
    else:
        given = plant(profile="sunspec", inverters=3)
    devices = list(given.devices)
    if one.kind is DeviceKind.LOGGER:
        devices.append(Device("p00-logger", "p00", DeviceKind.LOGGER, "logger", name, "p00-gw", 0))
    else:
        devices = [replace(d, profile=name) if d.kind is one.kind else d for d in devices]
    if one.dlt645 or one.mapping is not None:
        protocol = WireProtocol.DLT645_OVER_TCP if one.dlt645 else WireProtocol.MQTT
        gateways = (replace(given.gateways[0], protocol=protocol, topic="a/b"),)
        devices = [
            replace(d, meter_address=METER, serial_number=f"SN{d.unit:08d}")
            for d in devices
            if d.profile == name
        ]
        return replace(given, gateways=gateways, devices=tuple(devices))
    return replace(given, devices=tuple(devices))


class Served:
    """A plant on a real socket, and the wire the collector would poll it by."""

    def __init__(self, field: Fleet, wire: Listener) -> None:
        self.field, self.wire = field, wire
        reg = field.registry
        moved = replace(
            reg.plants[0], gateways=(replace(reg.plants[0].gateways[0], port=wire.port, timeout_s=1.0),)
        )
        self.registry = replace(reg, plants=(moved,))
        (self.polled,) = polled_wires(self.registry, profiles(), SystemClock())

    def source(self, gateway: Gateway | None = None) -> Source:
        gateway = gateway or self.polled.gateway
        return Dlt645Source(gateway) if gateway.protocol.is_dlt645 else ModbusSource(gateway)

    async def read(self, device_id: str) -> Batch:
        """Read and decode a device as the collector does in its first cycle."""
        device = next(d for d in self.polled.devices if d.device_id == device_id)
        source, blocks = self.source(), []
        for block in (*device.plan.blocks, *device.plan.identity):
            blocks.append(await source.read(device.unit, block))
        await source.close()
        asked = (*device.plan.blocks, *device.plan.identity)
        sample = Sample(device_id, NOON, NOON, tuple(blocks))
        return Decoders(self.registry, profiles()).registers(sample, asked)


@cache
def fleet_of(given: Plant, at: datetime = NOON, faults: tuple[Fault, ...] = ()) -> Fleet:
    return Fleet(registry(given), profiles(), FieldClock.starting(at), 1, faults)


def served(
    given: Plant,
    act: Callable[[Served], Awaitable[T]],
    *,
    at: datetime = NOON,
    faults: tuple[Fault, ...] = (),
) -> T:
    async def run() -> T:
        field = fleet_of(given, at, faults)
        wires: Wires = (*wires_of(field, strict=True), *meter_wires_of(field))
        async with AsyncExitStack() as stack:
            for wire in wires:
                await wire.open()
                stack.push_async_callback(wire.close)
            return await act(Served(field, wires[0]))

    return asyncio.run(run())


def of_kind(given: Plant, one: DeviceProfile) -> Device:
    return next(d for d in given.devices if d.profile == one.name)


@pytest.mark.parametrize("name", [*REGISTERS, "meter_dlt645"])
def test_every_family_is_served_and_reads_as_the_physics_says(name: str) -> None:
    given, one = with_family(name), profiles()[name]
    device = of_kind(given, one)

    async def act(at: Served) -> tuple[Batch, dict[str, float]]:
        batch = await at.read(device.device_id)
        group = next(g for g in at.field.groups if g.profile is one)
        row = [d.device_id for d in group.devices].index(device.device_id)
        table = at.field.table(group, at.field.snapshot, group.live_quantities)
        return batch, {quantity: float(values[0, row]) for quantity, values in table.items()}

    batch, truth = served(given, act)
    read = {q: v for q, v in zip(batch.quantities, batch.values, strict=True) if v is not None and q in truth}
    assert read, "nothing was read"
    power = POWER.get(one.kind)
    if power is not None and power in truth:
        assert read[power] == pytest.approx(truth[power], rel=0.02, abs=100)
    energies = [quantity for quantity in read if quantity.endswith("_wh")]
    for quantity in energies:
        assert read[quantity] == pytest.approx(truth[quantity], rel=1e-3, abs=1000 * device.ct_ratio), (
            quantity
        )
    if one.witness and one.find(one.witness) is not None and one.witness.startswith("serial"):
        assert batch.texts[one.witness]


@pytest.mark.parametrize("name", MAPPED)
def test_every_json_gateway_says_in_its_own_words_what_the_physics_says(name: str) -> None:
    given, one = with_family(name), profiles()[name]
    assert one.mapping is not None
    field = fleet_of(given)
    said = [(device, values) for device, values in field.documents()]
    assert len(said) == sum(d.profile == name for d in given.devices)
    documents = encode_documents(one.mapping, said, NOON, as_text=one.habits.text_values)
    plain = json.loads(json.dumps(documents))
    for device, values in said:
        found = [
            reading
            for document in plain
            for reading in MappedDevice(one.mapping, device).read(Message("a/b", document, NOON))
        ]
        assert len(found) == 1, device.device_id
        assert not found[0].history
        batch = found[0].batch
        told = {q: v for q, v in zip(batch.quantities, batch.values, strict=True) if v is not None}
        main = "irradiance_poa_w_m2" if one.kind is DeviceKind.WEATHER_STATION else "ac_active_power_w"
        assert {main} <= set(told) <= set(values)
        for quantity, value in told.items():
            step = next(v.scale for v in one.mapping.values if v.name == quantity)
            assert value == pytest.approx(values[quantity], abs=max(step, 1e-3)), quantity
    if one.habits.text_values:
        entries = plain[0]["rw_prot"]["r_data"]
        assert all(isinstance(entry["value"], str) for entry in entries)


@pytest.mark.needs("mosquitto")
def test_a_gateway_of_another_maker_publishes_through_a_broker_what_the_collector_understands() -> None:
    given = with_family("json_growatt_grott")
    heard: list[tuple[str, object]] = []

    async def run() -> None:
        async with broker() as address:
            client = paho.Client(CallbackAPIVersion.VERSION2, client_id="listener")
            client.on_message = lambda _c, _u, m: heard.append((m.topic, json.loads(m.payload)))
            client.connect(address.host, address.port)
            client.subscribe("a/#")
            client.loop_start()
            stop = asyncio.Event()
            one = Fleet(registry(given), profiles(), FieldClock.starting(NOON, 60.0), 1)
            task = asyncio.create_task(serve(one, stop, ServeOptions(publish_to=address)))
            for _ in range(200):
                await asyncio.sleep(0.05)
                if len(heard) >= 3:
                    break
            stop.set()
            await task
            client.loop_stop()

    asyncio.run(run())
    documents = Documents(profiles())
    published = published_devices(registry(given), SystemClock())
    documents.follow(registry(given), published.values())
    told = {
        batch.device_id: batch.value("ac_active_power_w")
        for topic, document in heard
        for batch in documents.read(Delivery((0, 0), None, topic, document=document, received_at=NOON)).live
    }
    assert set(told) == {"p00-inv-01", "p00-inv-02", "p00-inv-03"}
    assert all(power_w is not None and power_w > 10_000 for power_w in told.values())


def delayed() -> list[str]:
    return [name for name in REGISTERS if profiles()[name].limits.connect_delay_s > 0]


@pytest.mark.parametrize("name", delayed())
def test_a_make_that_wants_a_second_after_connecting_swallows_what_comes_sooner(name: str) -> None:
    given, one = with_family(name), profiles()[name]
    device = of_kind(given, one)

    async def act(at: Served) -> tuple[bool, int]:
        polled = next(d for d in at.polled.devices if d.device_id == device.device_id)
        hasty = replace(at.polled.gateway, connect_delay_s=0.0, timeout_s=0.2)
        source = at.source(hasty)
        with pytest.raises(UnreachableError):
            await source.read(polled.unit, polled.plan.blocks[0])
        await source.close()
        assert isinstance(at.wire, VirtualWire)
        patient = at.source()
        words = (await patient.read(polled.unit, polled.plan.blocks[0])).words
        await patient.close()
        return len(words) > 0, at.wire.counts.swallowed

    assert served(given, act) == (True, 1)


def paused() -> list[str]:
    return [name for name in REGISTERS if profiles()[name].limits.request_pause_s >= 0.3]


@pytest.mark.parametrize("name", paused())
def test_a_make_that_wants_a_pause_between_questions_swallows_the_hasty_one(name: str) -> None:
    given, one = with_family(name), profiles()[name]

    async def act(at: Served) -> int:
        device = next(d for d in at.polled.devices if d.device_id == of_kind(given, one).device_id)
        hasty = at.source(replace(at.polled.gateway, request_pause_s=0.0, timeout_s=0.15))
        await hasty.read(device.unit, device.plan.blocks[0])
        with pytest.raises(UnreachableError):
            await hasty.read(device.unit, device.plan.blocks[0])
        await hasty.close()
        assert isinstance(at.wire, VirtualWire)
        return at.wire.counts.swallowed

    assert served(given, act) == 1


def refused(name: str, block: BlockRead) -> int:
    """Return the exception code with which a family refuses a block."""
    given, one = with_family(name), profiles()[name]

    async def act(at: Served) -> int:
        device = next(d for d in at.polled.devices if d.device_id == of_kind(given, one).device_id)
        source = at.source()
        try:
            await source.read(device.unit, block)
        except RefusedError as error:
            return int(error.code)
        finally:
            await source.close()
        return 0

    return served(given, act)


@pytest.mark.parametrize("name", [n for n in REGISTERS if profiles()[n].limits.max_registers < 125])
def test_more_registers_than_a_make_gives_are_refused_as_too_many(name: str) -> None:
    one = profiles()[name]
    point = next(p for p in one.points if p.class_ == "live")
    code = refused(name, BlockRead(point.function, point.address, one.limits.max_registers + 1))
    assert code == (2 if name.endswith("_remap") else 3)


@pytest.mark.parametrize("name", REGISTERS)
def test_registers_a_make_has_not_are_refused_as_not_there(name: str) -> None:
    point = next(p for p in profiles()[name].points if p.class_ == "live")
    assert refused(name, BlockRead(point.function, 60_123, 1)) == 2


def test_only_so_many_clients_are_taken_as_the_make_allows() -> None:
    async def clients(at: Served) -> tuple[int, bool]:
        streams = [await asyncio.open_connection("127.0.0.1", at.wire.port) for _ in range(6)]
        await asyncio.sleep(0.05)
        alive = [not reader.at_eof() for reader, _ in streams]
        for _, writer in streams:
            writer.transport.abort()
        return sum(alive), alive[-1]

    assert served(with_family("huawei_sun2000"), clients) == (1, True)  # the newest has it
    assert served(with_family("huawei_smartlogger"), clients) == (
        5,
        False,
    )  # five are listed, the sixth is not
    assert served(with_family("sunspec"), clients) == (6, True)


def test_behind_a_logger_what_has_gone_to_sleep_is_told_as_lost_and_gives_no_old_value() -> None:
    given = with_family("huawei_smartlogger_inverter")

    async def act(at: Served) -> tuple[float | None, float | None]:
        batch = await at.read("p00-inv-02")
        return batch.value("device_status"), batch.value("ac_active_power_w")

    assert served(given, act, at=NIGHT) == (0xB000, None)
    status, power_w = served(given, act)
    assert status == 0x0200
    assert power_w is not None
    assert power_w > 10_000


def test_a_logger_shows_neighbours_in_one_answer_and_none_where_nobody_is() -> None:
    async def act(at: Served) -> tuple[int, int]:
        source = at.source()
        three = len((await source.read(0, BlockRead(3, 51000, 75))).words)
        with pytest.raises(RefusedError) as caught:
            await source.read(0, BlockRead(3, 51000 + 25 * 7, 25))
        await source.close()
        return three, int(caught.value.code)

    assert served(with_family("huawei_smartlogger_inverter"), act) == (150, 2)


def test_a_meter_tells_its_address_to_whom_it_stands_alone_and_refuses_what_it_does_not_know() -> None:
    async def act(at: Served) -> tuple[bytes, bytes, bytes]:
        assert isinstance(at.wire, VirtualMeterWire)
        anybody = bytes.fromhex("68 AAAAAAAAAAAA 68 13 00")
        asked = bytes.fromhex("68 610100000000 68 11 04") + bytes((b + 0x33) & 0xFF for b in (9, 9, 9, 9))
        write = bytes.fromhex("68 610100000000 68 14 04") + bytes(4)
        return tuple(at.wire.answer_to(f + bytes((sum(f) & 0xFF, 0x16))) for f in (anybody, asked, write))  # type: ignore[return-value]

    address, unknown, written = served(with_family("meter_dlt645"), act)
    assert address[2 + 8] == 0x93
    assert address[2 + 1 : 2 + 7] == bytes.fromhex("610100000000")
    assert unknown[2 + 8] == 0xD1
    assert written == b"", "nothing can be written to it"


def late(share: float, kind: FaultKind = FaultKind.LATE_ANSWERS) -> Fault:
    return Fault(
        "f", kind, "p00-gw", NOON.timestamp() - 10, gateway_ids=("p00-gw",), amount=share, delay_s=1.5
    )


@pytest.mark.parametrize("name", ["huawei_sun2000", "sungrow_sg", "meter_acrel_adw300", "weather_sunspec"])
def test_late_answers_of_any_make_are_never_taken_for_the_next_one(name: str) -> None:
    given, one = with_family(name), profiles()[name]

    async def act(at: Served) -> int:
        device = next(d for d in at.polled.devices if d.device_id == of_kind(given, one).device_id)
        source = at.source(replace(at.polled.gateway, timeout_s=0.4))
        failed = 0
        for block in (*device.plan.blocks, *device.plan.blocks)[:3]:
            try:
                await source.read(device.unit, block)
            except CollectError:
                failed += 1
        await source.close()
        return failed

    assert served(given, act, faults=(late(1.0),)) == min(3, 2 * len(planned(given, one)))


def planned(given: Plant, one: DeviceProfile) -> tuple[BlockRead, ...]:
    (wire,) = polled_wires(registry(given), profiles(), SystemClock())
    return tuple(next(d for d in wire.devices if d.device_id == of_kind(given, one).device_id).plan.blocks)


def clocked() -> list[str]:
    return [n for n in REGISTERS if any(p.name == "device_time_epoch_s" for p in profiles()[n].points)]


@pytest.mark.parametrize("name", clocked())
def test_a_clock_of_any_make_is_a_little_off_and_wrong_where_it_was_set_wrong(name: str) -> None:
    given, one = with_family(name), profiles()[name]
    device = of_kind(given, one)
    behind = Fault(
        "c", FaultKind.WRONG_CLOCK, device.device_id, NOON.timestamp() - 10, device_ids=(device.device_id,),
        amount=-7200.0,
    )  # fmt: skip

    def shown_s(faults: tuple[Fault, ...]) -> float:
        field = fleet_of(given, faults=faults)
        group = next(g for g in field.groups if g.profile is one)
        values = field._values(group, field.snapshot, group.all_quantities)["device_time_epoch_s"]
        return float(values[0]) - NOON.timestamp() - 8 * 3600

    assert abs(shown_s(())) < 120
    assert shown_s((behind,)) == pytest.approx(-7200, abs=120)


def test_a_sensor_names_its_own_unit_where_its_profile_says() -> None:
    for name in [n for n in REGISTERS if profiles()[n].habits.own_address is not None]:
        given, one = with_family(name), profiles()[name]
        field = fleet_of(given)
        words = field.read(of_kind(given, one).device_id, 3, int(one.habits.own_address or 0), 2)
        assert words == struct.pack(">HH", 102, 2), name
