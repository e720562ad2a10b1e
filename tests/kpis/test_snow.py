"""Snow in the ledger: the whole plant, cold, from the morning on, under voltage; nothing else that is low in January."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from domain.plant import Device, DeviceKind
from domain.series import Floats
from kpis.losses import Cause, Ledger
from kpis.prepare import lendable, prepared
from kpis.series_daily import daily_of
from tests.kpis.series import inverter, plant, rows, series

DAYS, UNITS, DAY = 30, 5, 25
WEATHER = Device("w", "p", DeviceKind.WEATHER_STATION, "w")
HERE = plant(*(inverter(number + 1) for number in range(UNITS)), WEATHER)
ALL = tuple(range(UNITS))


def _light(first: str) -> Floats:
    made = series(rows("w", first, 900, irradiance_poa_w_m2=np.zeros(96 * DAYS)), of=HERE)
    return made.clear_sky_poa_w_m2 * (0.7 + 0.3 * np.sin(np.arange(96 * DAYS) / 96.0 * 2.2) ** 2)


def _books(
    low: tuple[int, ...],
    share: float,
    hours: tuple[float, float] = (0.0, 24.0),
    air_c: float = -3.0,
    first: str = "2027-01-01T00:00+08:00",
    volts: float = 600.0,
) -> dict[str, Ledger]:
    """Return the ledgers of a plant of which some units give ``share`` of their power in some hours of one day."""
    light = _light(first)
    span = slice(96 * DAY + round(hours[0] * 4), 96 * DAY + round(hours[1] * 4))
    tables = [
        rows(
            "w",
            first,
            900,
            irradiance_poa_w_m2=light,
            module_temperature_c=5 + light / 40,
            ambient_temperature_c=np.full(len(light), air_c),
        )
    ]
    for number in range(UNITS):
        power, dc = light * 45.0, np.where(light > 0, 600.0, 0.0)
        if number in low:
            power[span] *= share
            dc[span] = np.where(light[span] > 0, volts, 0.0)
        tables.append(rows(f"inv-{number + 1:02d}", first, 900, ac_active_power_w=power, dc_voltage_v=dc))
    return dict(daily_of(prepared(series(*tables, of=HERE), HERE).series, HERE).ledgers)


def _of_day(book: Ledger, first: date = date(2027, 1, 1)) -> dict[Cause, float]:
    day = first + timedelta(days=DAY)
    return {loss.cause: loss.lost_kwh for loss in book.losses if loss.day == day}


@pytest.mark.parametrize("share", [0.0, 0.1, 0.25])
def test_a_plant_white_in_the_morning_loses_to_snow_even_where_it_stands_still(share: float) -> None:
    books = _books(ALL, share)
    found = _of_day(books["inv-01"])
    expected = books["inv-01"].expected_kwh[DAY]
    assert found[Cause.SNOW] == pytest.approx((1.0 - share) * expected, rel=0.1)
    assert Cause.OUTAGE not in found


@pytest.mark.parametrize(
    "story",
    [
        "one_unit_low",
        "one_unit_stopped",
        "stopped_after_it_ran",
        "without_voltage",
        "never_cold",
        "a_thermometer_at_nought_in_july",
    ],
)
def test_what_is_low_for_another_reason_is_no_snow(story: str) -> None:
    summer = "2026-07-01T00:00+08:00"
    books = {
        "one_unit_low": lambda: _books((0,), 0.2),
        "one_unit_stopped": lambda: _books((0,), 0.0),
        "stopped_after_it_ran": lambda: _books(ALL, 0.0, (12.0, 24.0)),
        "without_voltage": lambda: _books(ALL, 0.0, volts=0.0),
        "never_cold": lambda: _books(ALL, 0.0, air_c=9.0),
        "a_thermometer_at_nought_in_july": lambda: _books(ALL, 0.0, air_c=0.0, first=summer),
    }[story]()
    first = date(2026, 7, 1) if "july" in story else date(2027, 1, 1)
    found = _of_day(books["inv-01"], first)
    assert Cause.SNOW not in found
    other = Cause.UNEXPLAINED if story == "one_unit_low" else Cause.OUTAGE
    assert found[other] > 20.0


def test_the_parts_of_a_snowed_day_add_up_to_what_is_missing() -> None:
    for book in _books(ALL, 0.1).values():
        parts = sum(loss.lost_kwh for loss in book.losses)
        assert parts == pytest.approx(float(np.nansum(book.expected_kwh - book.produced_kwh)), abs=1e-6)


def test_a_plant_without_a_thermometer_has_the_air_of_its_neighbour_at_its_own_height_and_expects_what_it_did() -> (
    None
):
    first = "2027-01-01T00:00+08:00"
    light = _light(first)
    air = np.full(len(light), 4.0)
    weather = rows("w", first, 900, irradiance_poa_w_m2=light, ambient_temperature_c=air)
    unit = rows("inv-01", first, 900, ac_active_power_w=light * 45.0)
    below = replace(plant(inverter(), WEATHER), plant_id="q")
    lender = [(below, lendable(series(weather, unit, of=below)))]
    high = plant(inverter(), altitude_m=1200.0)
    alone, beside = (prepared(series(unit, of=high), high, others).series for others in ((), lender))
    assert alone.ambient_temperature_c is None
    assert beside.ambient_temperature_c == pytest.approx(4.0 - 0.0065 * 500.0)
    far = [(replace(below, latitude=35.0), lender[0][1])]
    assert prepared(series(unit, of=high), high, far).series.ambient_temperature_c is None
