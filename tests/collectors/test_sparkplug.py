"""Nodes of Sparkplug B: born, heard, dead; aliases mean what the birth said, and what is missing is not carried on."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from collectors.documents import Documents
from collectors.source import Delivery
from collectors.sparkplug import Sparkplug
from domain.measurement import Quality
from domain.plant import Device, DeviceKind, Gateway, WireProtocol
from inverters.sparkplug import Metric, Payload, SparkplugError, encode_payload
from tests.simulator.builders import plant, profiles, registry

NOON = datetime(2026, 7, 1, 4, tzinfo=UTC)
NOW_MS = round(NOON.timestamp() * 1000)
BIRTH = (Metric("ac_active_power_w", 48_000.0, 1), Metric("ac_energy_total_wh", 1e9, 2))


def message(seq: int | None, *metrics: Metric, time_ms: int | None = NOW_MS) -> bytes:
    return encode_payload(Payload(metrics, time_ms, seq))


def topic(kind: str, device: str = "inv") -> str:
    return f"spBv1.0/pv/{kind}/node" + (f"/{device}" if kind[0] == "D" else "")


def born(bd: int = 1) -> Sparkplug:
    one = Sparkplug()
    assert (
        one.read(
            topic("NBIRTH"),
            message(0, Metric("bdSeq", bd, datatype=4), Metric("Node Control/Rebirth", False)),
        )
        is None
    )
    one.read(topic("DBIRTH"), message(1, *BIRTH))
    return one


def now(document: dict[str, Any] | None) -> dict[str, Any]:
    assert document is not None
    (record,) = document["records"]
    return {name: told["value"] for name, told in record["metrics"].items()}


def test_data_by_alias_mean_what_the_birth_named_and_the_rest_still_holds() -> None:
    one = born()
    document = one.read(topic("DDATA"), message(2, Metric("", 47_000.0, 1)))
    assert now(document) == {"ac_active_power_w": 47_000.0, "ac_energy_total_wh": 1e9}
    assert document is not None
    assert document["records"][0]["device"] == "inv"


def test_an_alias_nobody_has_explained_is_not_guessed() -> None:
    with pytest.raises(SparkplugError, match="alias 9"):
        born().read(topic("DDATA"), message(2, Metric("", 1.0, 9)))
    with pytest.raises(SparkplugError, match="alias 1"):
        Sparkplug().read(topic("DDATA"), message(2, Metric("", 1.0, 1)))


def test_after_a_missing_message_only_what_is_said_again_counts() -> None:
    one = born()
    document = one.read(topic("DDATA"), message(4, Metric("", 47_000.0, 1)))
    assert now(document) == {"ac_active_power_w": 47_000.0}
    assert one.missed == 1
    assert now(one.read(topic("DDATA"), message(5, Metric("", 1.1e9, 2)))) == {
        "ac_active_power_w": 47_000.0,
        "ac_energy_total_wh": 1.1e9,
    }


def test_numbers_go_round_at_256() -> None:
    one = born()
    for seq in (*range(2, 256), 0, 1):
        one.read(topic("DDATA"), message(seq, Metric("", float(seq), 1)))
    assert one.missed == 0


def test_a_dead_node_must_be_born_again_and_a_will_of_an_earlier_life_is_void() -> None:
    one = born(bd=2)
    assert one.read(topic("NDEATH"), message(None, Metric("bdSeq", 1, datatype=4), time_ms=None)) is None
    assert now(one.read(topic("DDATA"), message(2, Metric("", 5.0, 1))))["ac_active_power_w"] == 5.0
    one.read(topic("NDEATH"), message(None, Metric("bdSeq", 2, datatype=4), time_ms=None))
    with pytest.raises(SparkplugError, match="birth"):
        one.read(topic("DDATA"), message(3, Metric("", 5.0, 1)))


def test_a_dead_device_takes_what_it_said_with_it_and_its_sister_goes_on() -> None:
    one = born()
    one.read(topic("DBIRTH", "two"), message(2, *BIRTH))
    one.read(topic("DDEATH"), message(3))
    assert now(one.read(topic("DDATA", "two"), message(4, Metric("", 7.0, 1))))["ac_active_power_w"] == 7.0
    with pytest.raises(SparkplugError, match="birth"):
        one.read(topic("DDATA"), message(5, Metric("", 5.0, 1)))


def test_what_was_kept_back_is_a_record_of_its_own_instant_and_changes_nothing_of_now() -> None:
    one = born()
    late = [replace(Metric("", 1000.0 * n, 1), historical=True, time_ms=NOW_MS - 60_000 * n) for n in (2, 1)]
    document = one.read(topic("DDATA"), message(2, *late, Metric("", 9.0, 1)))
    assert document is not None
    *past, live = document["records"]
    assert [(r["time"], r["metrics"]["ac_active_power_w"]["value"]) for r in past] == [
        (NOW_MS - 120_000, 2000.0),
        (NOW_MS - 60_000, 1000.0),
    ]
    assert all(record["historical"] for record in past)
    assert (live["historical"], live["metrics"]["ac_active_power_w"]["value"]) == (False, 9.0)


@pytest.mark.parametrize(
    "bad", ["spBv1.0/pv/DDATA/node", "spBv1.0/pv/XDATA/node/inv", "spBv1.0/pv", "spBv1.0/", "spBv2.0/a/b/c"]
)
def test_a_topic_that_is_none_is_told(bad: str) -> None:
    with pytest.raises(SparkplugError, match="topic"):
        Sparkplug().read(bad, message(0))


def test_commands_and_states_of_others_say_nothing_here() -> None:
    one = born()
    assert one.read("spBv1.0/STATE/host", b'{"online":true}') is None
    assert one.read(topic("NCMD"), message(0, Metric("Node Control/Rebirth", True))) is None


def test_a_node_that_names_ever_new_devices_and_metrics_is_bounded() -> None:
    one = born()
    for number in range(498):  # beside the node itself and its first device
        one.read(topic("DBIRTH", f"d{number}"), message(None, *BIRTH))
    with pytest.raises(SparkplugError, match="more devices"):
        one.read(topic("DBIRTH", "one too many"), message(None, *BIRTH))
    for start in range(0, 5000, 1000):
        one.read(topic("DDATA", "d1"), message(None, *(Metric(f"m{start + n}", 1.0) for n in range(1000))))
    with pytest.raises(SparkplugError, match="metrics"):
        one.read(topic("DDATA", "d1"), message(None, Metric("another", 1.0)))


def read(one: Sparkplug, payload: bytes, kind: str = "DDATA") -> Any:
    device = Device("inv", "p00", DeviceKind.INVERTER, "inv", "sparkplug_b", "g")
    gateway = Gateway("g", "p00", WireProtocol.MQTT, topic="spBv1.0/pv/+/node/#")
    documents = Documents(profiles())
    documents.follow(registry(replace(plant(), gateways=(gateway,), devices=(device,))), [device])
    document = one.read(topic(kind), payload)
    return documents.read(Delivery((0, 0), None, topic(kind), document=document, received_at=NOON))


def test_a_mapping_turns_a_node_into_quantities_with_time_quality_and_absence() -> None:
    told = read(
        born(),
        message(
            2, Metric("", 47_000.0, 1, NOW_MS - 5000), Metric("dc_power_w", 49_000.0, 3, quality=500),
            Metric("power_factor", None, 4), Metric("grid_frequency_hz", 50.0, 5, quality=192), time_ms=NOW_MS - 4000,
        ),
    )  # fmt: skip
    (batch,) = told.live
    assert batch.measured_at.timestamp() * 1000 == NOW_MS - 4000
    assert (batch.value("ac_active_power_w"), batch.value("ac_energy_total_wh")) == (47_000.0, 1e9)
    assert (batch.value("power_factor"), batch.value("grid_frequency_hz")) == (None, 50.0)
    assert batch.qualities is not None
    quality = dict(zip(batch.quantities, batch.qualities, strict=True))
    assert quality["dc_power_w"] is Quality.STALE, "the node itself does not stand for it"
    assert {q for name, q in quality.items() if name != "dc_power_w"} == {Quality.GOOD}


def test_a_device_the_registry_does_not_know_is_set_aside_with_the_reason() -> None:
    one = born()
    told = read(one, message(2, *BIRTH), "DBIRTH")
    assert told.live
    document = one.read(topic("DBIRTH", "stranger"), message(3, *BIRTH))
    assert document is not None
    assert document["records"][0]["device"] == "stranger"
