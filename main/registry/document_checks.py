"""Checks of gateways that publish JSON of their own: every message must find exactly the devices it is about."""

from collections.abc import Mapping

from main.registry.problem import Problems
from main.registry.profiles import KnownProfile
from main.registry.records import Row

_MQTT = "mqtt"
_OWN_TOPIC = "pv/"


def check_documents(
    gateways: Mapping[str, Row], devices: list[Row], profiles: Mapping[str, KnownProfile], problems: Problems
) -> None:
    """Note devices a mapping cannot tell apart, or whose name in the document nobody has written down."""
    alone: dict[tuple[str, str], Row] = {}
    for device in devices:
        gateway = gateways.get(device.get("gateway") or "")
        profile = profiles.get(device.get("profile") or "")
        if gateway is None or profile is None or gateway.get("protocol") != _MQTT:
            continue
        if profile.mapping is None:
            _check_own_topic(gateway, device, problems)
            continue
        mapping = profile.mapping
        needs_serial = mapping.device is not None and mapping.device_is == "serial_number"
        if needs_serial and not device.get("serial_number"):
            problems.add(
                device.file,
                device.at("serial_number"),
                "serial_number",
                "no_serial_in_document",
                id=device["id"],
                value=device["profile"],
            )
        first = alone.setdefault((gateway["id"], device["profile"]), device)
        if first is not device and not mapping.of_device:
            problems.add(
                device.file,
                device.at("profile"),
                "profile",
                "same_document",
                id=device["id"],
                value=device["profile"],
                other=f"{first['id']} ({first.file}:{first.line})",
            )


def _check_own_topic(gateway: Row, device: Row, problems: Problems) -> None:
    topic = gateway.get("topic") or ""
    if topic and ("+" in topic or "#" in topic or not topic.startswith(_OWN_TOPIC)):
        problems.add(
            gateway.file,
            gateway.at("topic"),
            "topic",
            "own_topic",
            id=gateway["id"],
            value=topic,
            profile=device["profile"],
        )
