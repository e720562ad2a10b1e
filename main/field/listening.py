"""What is published at the broker that the registry does not know: topic by topic, and which mapping reads it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from collectors.documents import topic_fits
from collectors.mqtt import NotUnderstoodError, read_json, read_message
from collectors.mqtt_ear import HeardTopic
from collectors.sparkplug import Sparkplug
from domain.plant import Device, Registry, WireProtocol
from inverters.mapping import DocumentMapping, MappedDevice, Message
from inverters.profile import DeviceProfile
from inverters.sparkplug import PREFIX, SparkplugError

_UNITS = range(1, 11)  # which a mapping with {unit} is tried with


@dataclass(frozen=True, slots=True)
class Reads:
    """A mapping that finds values in what was heard."""

    profile: str
    values: int
    device: str = ""


def unknown_topics(
    heard: Sequence[HeardTopic], registry: Registry, profiles: Mapping[str, DeviceProfile], now: datetime
) -> Iterator[dict[str, Any]]:
    """Yield what nobody in the registry listens to, with the mapping that reads most of it."""
    asked = [g.topic for g in registry.gateways() if g.protocol is WireProtocol.MQTT and g.topic]
    for one in heard:
        if any(topic_fits(topic, one.topic) for topic in asked) or _is_ours(one.topic, registry):
            continue
        best = _best(one, profiles, now)
        yield {
            "topic": one.topic,
            "messages": one.messages,
            "bytes": len(one.payload),
            "retained": one.retained,
            "profile": best.profile if best else None,
            "values": best.values if best else 0,
            "device": best.device if best else "",
        }


def _is_ours(topic: str, registry: Registry) -> bool:
    """Tell whether it is the topic of a registered device or of one of our own collectors."""
    levels = topic.split("/")
    if levels[0] == "pv" and levels[-1] != "data":
        return True
    return levels[0] == "pv" and len(levels) == 4 and levels[2] in registry.devices_by_id


def _best(one: HeardTopic, profiles: Mapping[str, DeviceProfile], now: datetime) -> Reads | None:
    try:
        device_id, document = read_message(one.topic, one.payload)
    except NotUnderstoodError:
        pass
    else:
        values = document.get("values")
        return Reads("pvmon_json", len(values) if isinstance(values, dict) else 0, device_id)
    try:
        plain = (
            Sparkplug().read(one.topic, one.payload)
            if one.topic.startswith(PREFIX)
            else read_json(one.payload)
        )
    except (SparkplugError, NotUnderstoodError):
        return None
    message = Message(one.topic, plain, now)
    found = [
        read
        for name, profile in profiles.items()
        if profile.mapping is not None
        for read in _tried(name, profile, profile.mapping, message)
    ]
    return max(found, key=lambda read: read.values, default=None)


def _tried(name: str, profile: DeviceProfile, mapping: DocumentMapping, message: Message) -> Iterator[Reads]:
    for device in _devices(profile, mapping, message):
        for reading in MappedDevice(mapping, device).read(message):
            values = sum(value is not None for value in reading.batch.values)
            if values:
                key = mapping.device_is if mapping.device is not None else "unit"
                yield Reads(name, values, str(getattr(device, key)) if mapping.of_device else "")


def _devices(profile: DeviceProfile, mapping: DocumentMapping, message: Message) -> Iterator[Device]:
    """Yield devices the message may be about: those it names, or the first units."""
    if mapping.device is None:
        units = _UNITS if mapping.of_device else (1,)
        yield from (Device("heard", "", profile.kind, "", profile.name, unit=unit) for unit in units)
        return
    records = [message.document] if mapping.records is None else mapping.records.records(message.document)
    for record in records:
        told = str(mapping.device.find(message.document, record, message.topic)).strip()
        named: dict[str, Any] = {"device_id": "heard", "unit": 1, "serial_number": ""}
        named[mapping.device_is] = int(told) if mapping.device_is == "unit" and told.isdecimal() else told
        yield Device(plant_id="", kind=profile.kind, name="", profile=profile.name, **named)
