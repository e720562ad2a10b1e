"""A Sparkplug B node of the virtual field: births with names and aliases, then only what changed, deaths of who sleeps."""

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from domain.plant import Gateway
from inverters.mapping_encode import Said
from inverters.sparkplug import PREFIX, Metric, Payload, encode_payload

_BIRTH = 1  # bdSeq of the only life a run has
_SEQ_NUMBERS = 256
_INT64 = 4
Send = Callable[[str, bytes], object]


class SparkplugNode:
    """One gateway's node; its topic in the registry is ``spBv1.0/<group>/+/<node>/#``."""

    def __init__(self, gateway: Gateway) -> None:
        levels = gateway.topic.split("/")
        self._group = levels[1] if len(levels) > 1 else "pv"
        self._node = levels[3] if len(levels) > 3 else gateway.gateway_id
        self._seq = -1
        self._said: dict[str, dict[str, float]] = {}
        self._names: dict[str, int] = {}

    @property
    def will(self) -> tuple[str, bytes]:
        """What the broker says when the node is gone."""
        return self._topic("NDEATH"), encode_payload(Payload((_birth_or_death(),)))

    def publish(self, send: Send, said: Sequence[Said], at: datetime) -> int:
        """Say what is new; return how many messages that took."""
        time_ms = round(at.timestamp() * 1000)
        before = self._seq
        if self._seq < 0:
            self._send(send, "NBIRTH", "", (_birth_or_death(),), time_ms)
        present = {device.device_id for device, _ in said}
        for name in [name for name in self._said if name not in present]:
            del self._said[name]
            self._send(send, "DDEATH", name, (), time_ms)
        for device, values in said:
            self._device(send, device.device_id, values, time_ms)
        return self._seq - before

    def _device(self, send: Send, name: str, values: Mapping[str, float], time_ms: int) -> None:
        told = {key: value for key, value in values.items() if not math.isnan(value)}
        born, before = name not in self._said, self._said.get(name, {})
        self._said[name] = told
        metrics = tuple(
            Metric(key if born else "", value, self._alias(key), time_ms)
            for key, value in told.items()
            if before.get(key) != value
        )
        if born or metrics:
            self._send(send, "DBIRTH" if born else "DDATA", name, metrics, time_ms)

    def _alias(self, quantity: str) -> int:
        return self._names.setdefault(quantity, len(self._names) + 1)

    def _send(self, send: Send, kind: str, device: str, metrics: tuple[Metric, ...], time_ms: int) -> None:
        self._seq += 1
        payload = Payload(metrics, time_ms, self._seq % _SEQ_NUMBERS)
        send(self._topic(kind, device), encode_payload(payload))

    def _topic(self, kind: str, device: str = "") -> str:
        topic = f"{PREFIX}{self._group}/{kind}/{self._node}"
        return f"{topic}/{device}" if device else topic


def _birth_or_death() -> Metric:
    return Metric("bdSeq", _BIRTH, datatype=_INT64)
