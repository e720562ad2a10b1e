"""Orders close on the energy of a virtual fleet: kWh won back against the simulator's truth."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest

from cases.lifecycle import after, fold
from domain.case import Case, CaseAct, CaseActKind, CaseState
from domain.clock import ManualClock
from domain.measurement import Origin
from domain.plant import Device, DeviceKind, Registry
from domain.timespan import Interval
from inverters.profile import load_profiles
from jobs.measure_recovery import measure
from simulator.faults import FOREVER, Fault, FaultKind
from simulator.fleet import Fleet
from stores.duckdb import DuckDbStore
from stores.records.store import SqlRecordStore
from tests.dashboard.fixtures import part_of, sample_registry

K = CaseActKind
BEGIN = datetime(2026, 6, 13, 0, 0, tzinfo=UTC)
BROKEN = datetime(2026, 6, 16, 2, 0, tzinfo=UTC)  # Tuesday 10:00
REPAIRED = datetime(2026, 6, 18, 2, 0, tzinfo=UTC)
NOW = datetime(2026, 6, 19, 8, 0, tzinfo=UTC)


def one_plant() -> Registry:
    """Return the registry with one plant of several inverters whose make measures strings."""
    whole = sample_registry()
    fitting = (
        plant
        for plant in whole.plants
        if plant.connection.value == "live" and 5 <= len(inverters(plant.devices)) <= 12
        and all(d.profile == "sungrow_sg" for d in inverters(plant.devices))
    )  # fmt: skip
    return part_of(whole, [next(fitting).plant_id])


def inverters(devices: tuple[Device, ...]) -> list[Device]:
    return [device for device in devices if device.kind is DeviceKind.INVERTER]


@dataclass
class Field:
    registry: Registry
    samples: DuckDbStore
    records: SqlRecordStore
    stopped: Device
    strung: Device
    unmended: Device

    def truth_kwh(self, device: Device) -> float:
        """Return what the repair won back: with it, less without it."""
        mended, broken = (self.fleet(BEGIN, mended=one) for one in (True, False))
        return self._rise(mended, device) - self._rise(broken, device)

    def fleet(self, start: datetime, *, mended: bool) -> Fleet:
        return Fleet(self.registry, load_profiles(), ManualClock(start), 7, faults(self, mended=mended))

    @staticmethod
    def _rise(fleet: Fleet, device: Device) -> float:
        devices, start_wh = fleet.true_energy(REPAIRED.timestamp())
        place = [one.device_id for one in devices].index(device.device_id)
        return float(fleet.true_energy(NOW.timestamp())[1][place] - start_wh[place]) / 1000.0


def faults(field: Field, *, mended: bool) -> list[Fault]:
    since, end = BROKEN.timestamp(), REPAIRED.timestamp() if mended else FOREVER
    trip, string = field.stopped.device_id, field.strung.device_id
    still = field.unmended.device_id
    return [
        Fault("f1", FaultKind.INVERTER_TRIP, trip, since, end, device_ids=(trip,)),
        Fault("f2", FaultKind.STRING_OPEN, string, since, end, device_ids=(string,), strings=(2, 5)),
        Fault("f3", FaultKind.INVERTER_TRIP, still, since, FOREVER, device_ids=(still,)),
    ]


@pytest.fixture(scope="module")
def field(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Field]:
    folder, registry = tmp_path_factory.mktemp("field"), one_plant()
    units = inverters(registry.plants[0].devices)
    kinds = {device.device_id: device.kind for device in registry.devices()}
    samples = DuckDbStore(folder / "samples.duckdb", ManualClock(NOW), kinds)
    records = SqlRecordStore.at(folder / "records.sqlite")
    made = Field(registry, samples, records, units[0], units[1], units[2])
    for quantities, table in made.fleet(NOW, mended=True).history(
        Interval(BEGIN, NOW), timedelta(minutes=10)
    ):
        samples.write_table(quantities, table, Origin.DEMO_HISTORY)
    yield made
    samples.close()
    records.close()


def order(field: Field, device: Device, cause: str = "breaker") -> Case:
    """Return an order that was worked and waits for acceptance."""
    prefix = "GD-2026-"
    number = field.records.last_case_number(prefix) + 1
    values = {
        "kind": "order",
        "case_number": f"{prefix}{number:04d}",
        "plant_id": device.plant_id,
        "device_id": device.device_id,
        "since": BROKEN.isoformat(),
    }
    first = CaseAct(f"c{number}", 1, BROKEN, "desk", K.REGISTER, "停机", values)
    case = after(None, first)
    field.records.add_case_act(first, case)
    steps = [
        (K.ASSIGN, BROKEN + timedelta(hours=1), "", {"assignee": "zhao"}),
        (K.ARRIVE, REPAIRED - timedelta(hours=1), "", {}),
        (K.DONE, REPAIRED, "修好", {"cause": cause}),
    ]
    for kind, at, text, given in steps:
        act = CaseAct(case.case_id, case.acts + 1, at, "zhao", kind, text, given)
        case = after(case, act)
        field.records.add_case_act(act, case)
    return case


def now_stands(field: Field, case: Case) -> Case:
    return fold(field.records.case_acts(case.case_id))


def test_orders_close_on_recovery_with_the_kilowatt_hours_within_five_percent(field: Field) -> None:
    stopped, strung = order(field, field.stopped), order(field, field.strung, "string_fuse")
    unmended = order(field, field.unmended)
    assert measure(field.records, field.samples, field.registry, NOW) == 3
    for case, device in ((stopped, field.stopped), (strung, field.strung)):
        closed = now_stands(field, case)
        assert closed.state is CaseState.CLOSED
        assert closed.recovery is not None
        assert closed.recovery.won_back_kwh == pytest.approx(field.truth_kwh(device), rel=0.05)
    returned = now_stands(field, unmended)
    assert returned.state is CaseState.HANDLING
    assert returned.recovery is not None
    assert (returned.recovery.recovered, returned.recovery.reason) == (False, "still_low")
    assert measure(field.records, field.samples, field.registry, NOW) == 0


def test_nothing_is_said_before_there_was_sun_enough(field: Field) -> None:
    case = order(field, field.stopped)
    soon = REPAIRED + timedelta(minutes=30)
    assert measure(field.records, field.samples, field.registry, soon) == 0
    assert now_stands(field, case).state is CaseState.AWAITING


def test_an_order_about_a_link_closes_when_its_alerts_have_ended(field: Field) -> None:
    from tests.alerts.makers import alert, at, resolved

    one = replace(alert("link"), plant_id=field.registry.plants[0].plant_id)
    field.records.put_alerts([one], at(0))
    case = order(field, field.stopped, "link")
    acts = field.records.case_acts(case.case_id)
    first = replace(
        acts[0],
        case_id="linked",
        values={**acts[0].values, "alert_ids": "link", "case_number": "GD-2026-9001"},
    )
    linked = after(None, first)
    field.records.add_case_act(first, linked)
    for act in acts[1:]:
        linked = after(linked, replace(act, case_id="linked"))
        field.records.add_case_act(replace(act, case_id="linked"), linked)
    measure(field.records, field.samples, field.registry, NOW)
    assert now_stands(field, linked).state is CaseState.AWAITING
    field.records.put_alerts([resolved(one, 5)], at(5))
    measure(field.records, field.samples, field.registry, NOW)
    ended = now_stands(field, linked)
    assert ended.state is CaseState.CLOSED
    assert ended.recovery is not None
    assert ended.recovery.reason == "alerts_ended"
