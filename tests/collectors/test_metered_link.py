"""A link paid for by the byte: counted, kept over restarts, forecast, spared; and it says so."""

import asyncio
import logging
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from collectors.contact import Light
from collectors.metered_link import LinkBook, MeteredLink
from collectors.modbus import ModbusSource
from collectors.traffic import CONNECT_BYTES, HEAD_BYTES, KEEPALIVE_BYTES, Traffic
from domain.clock import ManualClock
from domain.link import LinkUse, Pace, month_begin, month_end, outlook, slots_left_out
from domain.measurement import BlockRead
from domain.plant import Gateway, Plant
from tests.collectors.peers import Question, gateway, peer, say
from tests.collectors.plants import modbus_plant

NOON = datetime(2026, 6, 10, 4, 0, tzinfo=UTC)  # 12:00 in Shangzhou
PERIOD_S = 300.0
CYCLE_BYTES = 25_000  # 21 units, as measured below


class Wire:
    """A metered link whose every cycle moves as told."""

    def __init__(self, plan_mb: float, at: datetime = NOON, *, notes: dict[str, str] | None = None) -> None:
        self.clock = ManualClock(at)
        self.moved = 0
        found = modbus_plant(1, 15020)
        self.plant: Plant = replace(found, poll_period_s=PERIOD_S)
        self.gateway: Gateway = replace(found.gateways[0], sim="89860000000000001234", plan_mb=plan_mb)
        self.book = LinkBook(notes or {}, self.clock)
        self.link = self.book.link(self.gateway, self.plant, lambda: (self.moved, 0, 0))

    def cycle(self, size_bytes: int = CYCLE_BYTES, light: Light = Light.DAY) -> int:
        self.moved += size_bytes
        left_out = self.link.skip(light)
        self.clock.advance(PERIOD_S * (1 + left_out))
        return left_out


def test_by_day_a_plan_that_lasts_is_asked_every_period_and_by_night_every_ten_minutes() -> None:
    wire = Wire(plan_mb=500)
    assert [wire.cycle() for _ in range(5)] == [0] * 5
    assert [wire.cycle(1000, Light.NIGHT) for _ in range(3)] == [1] * 3
    assert wire.link.probes_at_night == 1


def test_a_wire_without_a_plan_is_counted_and_never_spared() -> None:
    wire = Wire(plan_mb=0)
    assert [wire.cycle(10_000_000, light) for light in Light] == [0] * 3
    assert wire.link.probes_at_night is None
    assert wire.link.state().use.used_bytes == 30_000_000


def test_a_plan_that_would_not_last_is_forecast_slowed_and_said(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    wire = Wire(plan_mb=80)
    assert wire.cycle() == 1
    state = wire.link.state()
    assert state.forecast_bytes == pytest.approx(119e6, rel=0.05), (
        "20.5 days at 25 kB a cycle, nights at half"
    )
    assert state.exhausted_at is not None
    assert NOON + timedelta(days=12) < state.exhausted_at < NOON + timedelta(days=15)
    assert "80 MB" in caplog.text
    assert "marked saved" in caplog.text
    before = len(caplog.records)
    wire.cycle()
    assert len(caplog.records) == before, "said once"


def test_no_wire_is_slowed_so_far_that_it_looks_lost() -> None:
    wire = Wire(plan_mb=1)
    wire.cycle(2_000_000)
    assert wire.cycle() == 2, "15 minutes by day: the alert of a lost plant waits so long"
    assert (wire.cycle(100, Light.NIGHT) + 1) * PERIOD_S <= 3600
    assert wire.link.state().exhausted_at == wire.clock.now()


def test_a_slowed_wire_gets_through_its_month_within_its_plan() -> None:
    wire = Wire(plan_mb=60, at=datetime(2026, 5, 31, 16, 0, tzinfo=UTC))  # the first of June
    end = datetime(2026, 6, 30, 15, 59, tzinfo=UTC)
    while wire.clock.now() < end:
        hour = (wire.clock.now().hour + 8) % 24
        wire.cycle(light=Light.DAY if 5 <= hour < 20 else Light.NIGHT)
    assert 50e6 < wire.link.state().use.used_bytes <= 60e6


def test_the_usual_pace_comes_back_with_the_new_month(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    wire = Wire(plan_mb=200, at=datetime(2026, 6, 29, 4, 0, tzinfo=UTC))
    wire.cycle(190_000_000)
    wire.link.use = replace(wire.link.use, day_cost=float(CYCLE_BYTES))
    for _ in range(3):
        wire.cycle()
    assert wire.link.state().stretch > 1
    wire.clock.advance(3 * 86_400)
    wire.cycle()
    assert wire.link.state().use.begins == date(2026, 7, 1)
    assert wire.link.state().use.used_bytes == CYCLE_BYTES
    assert wire.cycle() == 0
    assert "usual pace" in caplog.text


def test_what_was_counted_survives_a_restart_and_a_damaged_note_costs_only_itself() -> None:
    wire = Wire(plan_mb=500)
    wire.cycle()
    notes = wire.book.take_unsaved()
    assert wire.book.take_unsaved() == {}, "each once"
    wire.book.put_back(notes)
    assert wire.book.take_unsaved() == notes
    again = Wire(plan_mb=500, notes=notes)
    assert again.link.state().use == wire.link.state().use
    again.cycle()
    assert again.link.state().use.used_bytes == 2 * CYCLE_BYTES
    damaged = Wire(plan_mb=500, notes=dict.fromkeys(notes, "{"))
    assert damaged.link.state().use.used_bytes == 0


def test_a_wire_that_is_made_anew_goes_on_counting() -> None:
    wire = Wire(plan_mb=500)
    wire.cycle()
    fresh: MeteredLink = wire.book.link(wire.gateway, wire.plant, lambda: (7, 0, 0))
    fresh.skip(Light.DAY)
    assert fresh.use.used_bytes == CYCLE_BYTES + 7


def test_a_gateway_that_publishes_is_counted_and_forecast_but_not_slowed() -> None:
    wire = Wire(plan_mb=1)
    published = replace(wire.gateway, gateway_id="gw-mqtt")
    for _ in range(3):
        for _ in range(10):
            wire.book.heard(published, wire.plant, 800)
        wire.book.tally()
        wire.clock.advance(PERIOD_S)
    [state] = [one for one in wire.book.states() if one.gateway_id == "gw-mqtt"]
    assert state.use.received_bytes == 30 * 808
    assert state.exhausted_at is not None
    assert state.stretch == 1


@pytest.mark.parametrize(
    ("day", "plan_day", "begin", "end"),
    [
        (date(2026, 6, 10), 1, date(2026, 6, 1), date(2026, 7, 1)),
        (date(2026, 1, 3), 15, date(2025, 12, 15), date(2026, 1, 15)),
        (date(2024, 2, 29), 28, date(2024, 2, 28), date(2024, 3, 28)),
        (date(2026, 12, 28), 28, date(2026, 12, 28), date(2027, 1, 28)),
    ],
)
def test_the_month_of_a_plan_begins_on_its_day(day: date, plan_day: int, begin: date, end: date) -> None:
    assert (month_begin(day, plan_day), month_end(begin)) == (begin, end)


def test_nothing_is_forecast_before_a_cycle_was_measured() -> None:
    pace = Pace(PERIOD_S, 50_000.0)
    state = outlook("gw", LinkUse(date(2026, 6, 1)), 10_000_000, pace, NOON)
    assert (state.forecast_bytes, state.exhausted_at, state.stretch) == (None, None, 1)
    assert slots_left_out(pace, 1, night=True) == 1
    assert slots_left_out(Pace(900.0, 50_000.0), 1, night=True) == 0


# ---------------------------------------------------------------------- what is counted, on a real socket


def test_the_bytes_of_a_real_wire_are_counted_in_both_directions() -> None:
    seen = {"asked": 0, "said": 0}

    async def answer(question: Question, writer: asyncio.StreamWriter) -> None:
        seen["asked"] += len(question.raw)
        seen["said"] += len(question.right())
        await say(writer, question.right())

    async def story() -> Traffic:
        async with peer(answer) as port:
            source = ModbusSource(gateway(port))
            for _ in range(5):
                await source.read(1, BlockRead(3, 100, 30))
            await source.close()
            return source.traffic

    traffic = asyncio.run(story())
    assert (traffic.sent_bytes, traffic.received_bytes) == (seen["asked"], seen["said"])
    assert seen["said"] == 5 * (9 + 60)
    assert traffic.overhead_bytes == CONNECT_BYTES + 5 * 3 * HEAD_BYTES


def test_twenty_one_units_a_minute_move_about_a_gigabyte_a_month() -> None:
    traffic = Traffic()
    for _ in range(21 * 4):  # four reads of 60 registers a unit
        traffic.sent(12, 0.0)
        traffic.received(129, 0.0)
    month_bytes = sum(traffic.counts) * 1440 * 30
    assert 0.9e9 < month_bytes < 1.3e9


def test_a_resting_connection_costs_its_signs_of_life_and_a_serial_line_nothing() -> None:
    traffic = Traffic(keepalive_s=30.0)
    traffic.connected(0.0)
    before = traffic.overhead_bytes
    traffic.sent(12, 95.0)
    assert traffic.overhead_bytes - before == HEAD_BYTES + 3 * KEEPALIVE_BYTES
    traffic.closed()
    traffic.sent(12, 9_000.0)
    assert traffic.overhead_bytes - before == 2 * HEAD_BYTES + 3 * KEEPALIVE_BYTES
    serial = Traffic(network=False)
    serial.sent(8, 0.0)
    serial.received(65, 0.0)
    assert serial.counts == (8, 65, 0)
