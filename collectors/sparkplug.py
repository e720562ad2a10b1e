"""Sparkplug B on the way in: births name the metrics, data say aliases; what comes out is a document a mapping reads.

A host may ask a node to be born again; that would be a command, and nothing here commands. Where a message is missing
(its number is not the next one) nothing is carried on that was said before it, until the node is born again by itself.
A node reports by exception: what it did not say again is still so, and stands in the document of its next message.
"""

from dataclasses import dataclass, field
from typing import Any

from inverters.sparkplug import PREFIX, Metric, Payload, SparkplugError, decode_payload

_SEQ_NUMBERS = 256
_BIRTH_OR_DEATH = "bdSeq"
_HOUSEKEEPING = ("Node Control/", "Device Control/")
_METRICS_MAX = 5000  # of a message, and of all a device has ever named
_DEVICES_MAX = 500
_PAYLOAD_MAX = 256 * 1024


@dataclass(slots=True)
class _Speaker:
    """A node, or a device of one: its aliases, and what it said last."""

    names: dict[int, str] = field(default_factory=dict)
    held: dict[str, dict[str, Any]] = field(default_factory=dict)


@dataclass(slots=True)
class _Node:
    seq: int | None = None
    birth: Any = None
    speakers: dict[str, _Speaker] = field(default_factory=dict)


class Sparkplug:
    """What the nodes of one broker are saying. One thread."""

    def __init__(self) -> None:
        self._nodes: dict[tuple[str, str], _Node] = {}
        self.missed = 0

    def read(self, topic: str, payload: bytes) -> dict[str, Any] | None:
        """Return the document of a message; None where it holds no values: deaths, states and commands to others.

        Raises
        ------
        SparkplugError
            Neither topic nor payload is one, or nobody has told what its aliases mean.
        """
        levels = topic.split("/")
        kind = levels[2] if len(levels) > 2 else ""
        if levels[1:2] == ["STATE"] or kind in ("NCMD", "DCMD"):
            return None
        if f"{levels[0]}/" != PREFIX or kind[1:] not in ("BIRTH", "DATA", "DEATH") or kind[0] not in "ND":
            raise SparkplugError(f"topic {topic!r}: expected {PREFIX}group/DDATA/node/device")
        if len(levels) != (5 if kind[0] == "D" else 4):
            raise SparkplugError(f"topic {topic!r}: {kind} has no such levels")
        if len(payload) > _PAYLOAD_MAX:
            raise SparkplugError(f"{len(payload)} bytes; at most {_PAYLOAD_MAX} are taken")
        said = decode_payload(payload)
        node = self._nodes.setdefault((levels[1], levels[3]), _Node())
        name = levels[4] if kind[0] == "D" else ""
        if kind != "NDEATH":
            self._number(node, said, born=kind == "NBIRTH")
        if kind[1:] == "DEATH":
            self._bury(node, name, said, of_node=kind == "NDEATH")
            return None
        records = self._records(node, name, said, born=kind[1:] == "BIRTH")
        for record in records:
            record["device"] = name or levels[3]
        head = {"group": levels[1], "node": levels[3], "type": kind}
        return head | {"records": records} if records else None

    def _number(self, node: _Node, said: Payload, *, born: bool) -> None:
        """Note the number of a message; after a gap nothing said before it is carried on."""
        if born:
            node.speakers.clear()
            node.birth = _birth(said)
        elif node.seq is not None and said.seq is not None and said.seq != (node.seq + 1) % _SEQ_NUMBERS:
            self.missed += 1
            for speaker in node.speakers.values():
                speaker.held.clear()
        node.seq = said.seq if said.seq is not None else node.seq

    @staticmethod
    def _bury(node: _Node, name: str, said: Payload, *, of_node: bool) -> None:
        if not of_node:
            node.speakers.pop(name, None)
        elif node.birth is None or _birth(said) in (None, node.birth):  # a will of an earlier life is void
            node.speakers.clear()
            node.seq = None

    def _records(self, node: _Node, name: str, said: Payload, *, born: bool) -> list[dict[str, Any]]:
        """Return one record of now, with what still holds, and one for each instant of long ago."""
        if born:
            node.speakers.pop(name, None)
        speaker = node.speakers.setdefault(name, _Speaker())
        if len(node.speakers) > _DEVICES_MAX or len(speaker.held) > _METRICS_MAX:
            node.speakers.pop(name)
            raise SparkplugError(
                f"{name}: more devices or metrics than a node of a plant has; it is forgotten"
            )
        past: dict[int | None, dict[str, Any]] = {}
        fresh, newest = False, said.time_ms
        for metric in said.metrics[:_METRICS_MAX]:
            if metric.name and metric.alias is not None:
                speaker.names[metric.alias] = metric.name
            known = _name_of(metric, speaker)
            if known == _BIRTH_OR_DEATH or known.startswith(_HOUSEKEEPING):
                continue
            told = {"value": metric.value} | ({} if metric.quality is None else {"quality": metric.quality})
            at = metric.time_ms if metric.time_ms is not None else said.time_ms
            if metric.historical:
                past.setdefault(at, {})[known] = told
                continue
            speaker.held[known] = told
            fresh, newest = True, max(newest or 0, at or 0) or None
        records = [_record(at, metrics, historical=True) for at, metrics in past.items()]
        if fresh:
            records.append(_record(newest, dict(speaker.held), historical=False))
        return records


def _name_of(metric: Metric, speaker: _Speaker) -> str:
    if metric.name:
        return metric.name
    if metric.alias is None or metric.alias not in speaker.names:
        raise SparkplugError(f"alias {metric.alias}: the birth that names it was not heard; it comes again")
    return speaker.names[metric.alias]


def _birth(said: Payload) -> Any:
    return next((metric.value for metric in said.metrics if metric.name == _BIRTH_OR_DEATH), None)


def _record(time_ms: int | None, metrics: dict[str, Any], *, historical: bool) -> dict[str, Any]:
    return {"time": time_ms, "historical": historical, "metrics": metrics}
