"""From the registry to what is polled: which wires there are, what each device on them is asked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache

from collectors.contact import DeviceContact
from collectors.polled_slots import phase_of
from collectors.poller import PolledDevice
from collectors.read_plan import ReadPlan, Span
from collectors.slot_book import Grid
from domain.clock import Clock
from domain.errors import ConfigurationError
from domain.measurement import Batch, BlockRead, Quality, Sample
from domain.plant import Connection, Device, DeviceKind, Gateway, Plant, Registry, WireProtocol
from domain.timespan import day_of
from inverters.decode import Decoder
from inverters.dlt645 import IDENTITY_IDENTIFIERS, LIVE_IDENTIFIERS, decode_meter, meter_blocks
from inverters.plan import plan
from inverters.profile import DeviceProfile
from inverters.remap import LOGGER_UNIT, at_device_address, is_area, is_remapped


@dataclass(frozen=True, slots=True)
class Wire:
    """One gateway that is polled, with its devices in the order of the registry."""

    plant: Plant
    gateway: Gateway
    devices: tuple[PolledDevice, ...]


def in_service(device: Device, day: date) -> bool:
    """Tell whether ``device`` is in service on ``day``."""
    started = device.in_service_from is None or device.in_service_from <= day
    return started and (device.in_service_to is None or day < device.in_service_to)


def polled_wires(registry: Registry, profiles: Mapping[str, DeviceProfile], clock: Clock) -> list[Wire]:
    """Return every Modbus gateway of a live plant with the devices in service behind it."""
    wires = []
    day = day_of(clock.now())
    for plant in registry.plants:
        if plant.connection is not Connection.LIVE:
            continue
        for gateway in plant.gateways:
            if gateway.protocol is WireProtocol.MQTT or gateway.edge:
                continue
            behind = [
                device
                for device in plant.devices
                if device.gateway_id == gateway.gateway_id and in_service(device, day)
            ]
            readable = [device for device in behind if _register_profile(device, profiles)]
            if readable:
                polled = tuple(_polled(device, profiles[device.profile]) for device in readable)
                wires.append(Wire(plant, _tuned(gateway, readable, profiles, clock), polled))
    return wires


def published_devices(registry: Registry, clock: Clock) -> dict[str, Device]:
    """Return the devices of live plants whose gateway publishes over MQTT, by id."""
    found = {}
    day = day_of(clock.now())
    for plant in registry.plants:
        brokers = {gateway.gateway_id for gateway in plant.gateways if gateway.protocol is WireProtocol.MQTT}
        for device in plant.devices:
            live = plant.connection is Connection.LIVE and device.gateway_id in brokers
            if live and in_service(device, day):
                found[device.device_id] = device
    return found


def edge_devices(registry: Registry, clock: Clock) -> dict[str, tuple[Device, Grid]]:
    """Return the devices a collector in a village polls for us, by id, each with the grid it is polled on."""
    found = {}
    day = day_of(clock.now())
    for plant in registry.plants:
        wires = {gateway.gateway_id for gateway in plant.gateways if gateway.edge}
        for device in plant.devices:
            if plant.connection is Connection.LIVE and device.gateway_id in wires and in_service(device, day):
                phase_s = phase_of(str(device.gateway_id), plant.poll_period_s)
                found[device.device_id] = (device, Grid.of(plant.poll_period_s, phase_s, plant.time_zone))
    return found


def at_edge(registry: Registry, plant_id: str) -> Registry:
    """Return what the collector of one village is about: its plant, the wires it polls, the devices behind them.

    Raises
    ------
    ConfigurationError
        There is no such plant, or none of its gateways is marked ``edge``.
    """
    plant = registry.plants_by_id.get(plant_id)
    if plant is None:
        raise ConfigurationError(f"the registry has no plant {plant_id!r}; name one of it with --plant")
    wires = tuple(replace(gateway, edge=False) for gateway in plant.gateways if gateway.edge)
    if not wires:
        raise ConfigurationError(
            f"plant {plant_id}: no gateway of it has `edge: true`; mark the ones this machine polls"
        )
    names = {gateway.gateway_id for gateway in wires}
    devices = tuple(device for device in plant.devices if device.gateway_id in names)
    return replace(registry, plants=(replace(plant, gateways=wires, devices=devices),))


def _register_profile(device: Device, profiles: Mapping[str, DeviceProfile]) -> bool:
    profile = profiles.get(device.profile)
    return profile is not None and not profile.json_document


def _tuned(
    gateway: Gateway, devices: list[Device], profiles: Mapping[str, DeviceProfile], clock: Clock
) -> Gateway:
    """Give the wire the pauses its slowest device needs; they are field time, as all pacing is."""
    limits = [profiles[device.profile].limits for device in devices]
    delay_s = max(gateway.connect_delay_s, *(limit.connect_delay_s for limit in limits))
    pause_s = max(gateway.request_pause_s, *(limit.request_pause_s for limit in limits))
    return replace(
        gateway,
        connect_delay_s=clock.wait_s(delay_s) if delay_s else 0.0,
        request_pause_s=clock.wait_s(pause_s) if pause_s else 0.0,
    )


def placed(device: Device, profile: DeviceProfile) -> PolledDevice:
    """Return what is asked of ``device``, whose registers ``profile`` already has in their place."""
    if profile.dlt645:
        return PolledDevice(
            device.device_id,
            int(device.meter_address),
            ReadPlan(meter_blocks(LIVE_IDENTIFIERS), meter_blocks(IDENTITY_IDENTIFIERS)),
            DeviceContact(device.device_id, sleeps=False),
        )
    return PolledDevice(
        device.device_id,
        LOGGER_UNIT if is_area(profile) else device.unit,
        ReadPlan(*_asked(profile, device.string_count or None)),
        DeviceContact(device.device_id, sleeps=device.kind is DeviceKind.INVERTER),
    )


@lru_cache(maxsize=512)  # a fleet has a thousand devices of a dozen kinds
def _asked(
    profile: DeviceProfile, strings: int | None
) -> tuple[Sequence[BlockRead], Sequence[BlockRead], Sequence[Span]]:
    """Return what is read each cycle, what is read rarely, and where the points of a device lie."""
    spans = tuple(Span(point.function, point.address, point.words) for point in profile.points_for(strings))
    return plan(profile, string_count=strings), plan(profile, string_count=strings, what="identity"), spans


def _polled(device: Device, profile: DeviceProfile) -> PolledDevice:
    return placed(device, _in_place(device, profile))


def _in_place(device: Device, profile: DeviceProfile) -> DeviceProfile:
    """Return ``profile`` where ``device`` has its registers: behind a logger each address has a place of its own."""
    return at_device_address(profile, device.unit) if is_remapped(profile) else profile


def joined(batch: Batch, identity: Batch) -> Batch:
    """Return ``batch`` with the values and texts of ``identity``, read in the same cycle, behind its own."""
    fresh = [number for number, name in enumerate(identity.quantities) if name not in batch.quantities]
    qualities = None
    if batch.qualities is not None or identity.qualities is not None:
        one = batch.qualities or (Quality.GOOD,) * len(batch.values)
        other = identity.qualities or (Quality.GOOD,) * len(identity.values)
        qualities = (*one, *(other[number] for number in fresh))
    return replace(
        batch,
        quantities=(*batch.quantities, *(identity.quantities[number] for number in fresh)),
        values=(*batch.values, *(identity.values[number] for number in fresh)),
        qualities=qualities,
        texts={**batch.texts, **identity.texts},
    )


class Decoders:
    """Decoders of every device, one for all that are equal."""

    def __init__(self, registry: Registry, profiles: Mapping[str, DeviceProfile]) -> None:
        self._registry = registry
        self._profiles = profiles
        self._own: dict[str, DeviceProfile] = {}  # of devices whose registers lie where only they have them
        self._made: dict[tuple[object, ...], Decoder] = {}
        self._by_device: dict[tuple[str, tuple[BlockRead, ...]], Decoder] = {}
        self._names: dict[tuple[str, ...], tuple[str, ...]] = {}

    def registers(self, sample: Sample, blocks: tuple[BlockRead, ...]) -> Batch:
        """Decode registers (or data identifiers) read as ``blocks`` were planned."""
        device = self._registry.devices_by_id[sample.device_id]
        if self._profiles[device.profile].dlt645:
            return decode_meter(sample, ct_ratio=device.ct_ratio, pt_ratio=device.pt_ratio)
        decoder = self._by_device.get((sample.device_id, blocks))
        if decoder is None:
            decoder = self._make(device, blocks)
            self._by_device[sample.device_id, blocks] = decoder
        return decoder.decode(sample)

    def document(self, sample: Sample) -> Batch:
        """Decode a JSON document.

        Raises
        ------
        MalformedAnswerError
            The document is not of our format.
        """
        device = self._registry.devices_by_id[sample.device_id]
        batch = self._make(device, ()).decode_document(sample)
        return replace(batch, quantities=self._names.setdefault(batch.quantities, batch.quantities))

    def place(self, device_id: str, profile: DeviceProfile) -> None:
        """Take the profile of one device, its registers where they were found on it."""
        self.forget(device_id)
        self._own[device_id] = profile

    def forget(self, device_id: str) -> None:
        """Forget what was made for a device: the registry says something else of it now."""
        self._own.pop(device_id, None)
        for key in [key for key in self._by_device if key[0] == device_id]:
            del self._by_device[key]

    def _profile(self, device: Device) -> DeviceProfile:
        profile = self._profiles[device.profile]
        if is_remapped(profile) and device.device_id not in self._own:
            self._own[device.device_id] = _in_place(device, profile)
        return self._own.get(device.device_id, profile)

    def _make(self, device: Device, blocks: tuple[BlockRead, ...]) -> Decoder:
        profile = self._profile(device)
        key = (profile, blocks, device.string_count, device.ct_ratio, device.pt_ratio)
        decoder = self._made.get(key)
        if decoder is None:
            decoder = Decoder(
                profile,
                blocks,
                string_count=device.string_count or None,
                ct_ratio=device.ct_ratio,
                pt_ratio=device.pt_ratio,
            )
            self._made[key] = decoder
        return decoder
