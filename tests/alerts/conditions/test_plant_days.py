"""F23 to F27, F30 to F32: held back, clipped, low for a day, for weeks, for a month; dirt, snow, shadows."""

from dataclasses import replace
from datetime import date

import numpy as np

from alerts.context import Context
from domain.alert import Severity
from domain.series import PlantSeries
from tests.alerts.builders import alerts, change, everywhere, judged, local, plant, series, span

POWER = "ac_active_power_w"


def scaled(days: PlantSeries, first: str, last: str, factor: float) -> PlantSeries:
    return everywhere(days, POWER, span(days, first, last), lambda power: power * factor)


def test_a_set_point_below_full_is_told_and_explains_the_low_plant() -> None:
    day = change(series(), 1, "active_power_limit_percent", slice(0, None), 100.0)
    where = span(day, "10 10:00", "10 14:00")
    day = change(day, 1, "active_power_limit_percent", where, 60.0)
    day = everywhere(day, POWER, where, lambda power: np.minimum(power, 0.3 * 50_000.0))
    found = {each.rule: each for each in judged([day], "F23", "F25")}
    assert (found["F23"].severity, found["F23"].cause) == (Severity.S4, "curtailment")
    assert found["F23"].fired_at == local("10 10:05")


def test_a_plateau_on_most_inverters_is_an_order_without_a_register() -> None:
    day = series()
    where = span(day, "10 10:00", "10 14:00")
    [alert] = alerts(everywhere(day, POWER, where, 20_000.0), "F23")
    assert local("10 10:30") <= (alert.fired_at or alert.since) < local("10 11:00")


def test_the_even_power_of_an_overcast_hour_is_no_order() -> None:
    day = series()
    where = span(day, "10 10:00", "10 11:00")
    ripple = np.resize([8_000.0, 8_150.0, 8_300.0], len(day.instants[where]))
    assert alerts(everywhere(day, POWER, where, lambda _power: ripple), "F23") == []


def apart(day: PlantSeries) -> PlantSeries:
    """The plant with units as unlike as real ones: some per cent between the best and the worst."""
    for number in range(1, 6):
        day = change(day, number, POWER, slice(0, None), lambda power, n=number: power * (0.9 + 0.03 * n))
    return day


def under_clouds(day: PlantSeries, most_w: float) -> PlantSeries:
    """Two samples of three under a cloud from ten to two; in the others all stop at the same power."""
    where = span(day, "10 10:00", "10 14:00")
    cloud = np.resize([1.0, 0.3, 0.3], len(day.instants[where]))
    return everywhere(day, POWER, where, lambda power: np.minimum(power * cloud, most_w))


def test_an_order_shows_between_the_clouds_where_unlike_units_are_suddenly_alike() -> None:
    day = apart(series())
    [alert] = alerts(under_clouds(day, 18_000.0), "F23")
    assert (alert.device_id, alert.severity) == ("", Severity.S4)
    assert local("10 10:00") < (alert.fired_at or alert.since) < local("10 11:30")
    assert alerts(under_clouds(day, 60_000.0), "F23") == []


def test_half_an_hour_of_sun_under_an_order_is_seen_though_the_light_next_door_was_dull() -> None:
    """The neighbour stayed under its cloud: what it lends is less than the plant gives."""
    sky = np.where(np.arange(2 * 288) < 288, 1.0, 0.3)
    dull = apart(series(days=2, sky=sky))
    gap = span(dull, "11 11:00", "11 11:25")
    [alert] = alerts(everywhere(dull, POWER, gap, 18_000.0), "F23")
    assert local("11 11:10") <= (alert.fired_at or alert.since) <= local("11 11:25")
    ripple = np.resize([18_000.0, 18_100.0, 18_050.0], len(dull.instants[gap]))
    unlike = apart(everywhere(series(days=2, sky=sky), POWER, gap, lambda _power: ripple))
    assert alerts(unlike, "F23") == [], "a bright gap in the clouds alone is no order"
    top = everywhere(dull, POWER, gap, 50_000.0)
    assert alerts(top, "F23") == [], "at the ceiling it is clipping"


def test_without_any_light_an_order_between_the_clouds_is_seen_below_the_ceiling() -> None:
    dark = replace(apart(series()), irradiance_poa_w_m2=None, irradiance_source="")
    [alert] = alerts(under_clouds(dark, 18_000.0), "F23")
    assert alert.device_id == ""
    assert alerts(under_clouds(dark, 60_000.0), "F23") == []


def test_units_that_are_always_alike_or_told_in_large_steps_prove_no_order() -> None:
    assert alerts(under_clouds(series(), 18_000.0), "F23") == []
    coarse = everywhere(
        apart(series()), POWER, slice(0, None), lambda power: np.round(power / 5000.0) * 5000.0
    )
    assert alerts(under_clouds(coarse, 20_000.0), "F23") == []


def test_one_unit_that_stops_at_a_power_its_peers_pass_is_held_and_a_weak_one_is_not() -> None:
    day = apart(series())
    voltage = np.resize([225.0, 225.1, 225.3], len(day.instants))
    day = everywhere(day, "ac_phase_a_voltage_v", slice(0, None), lambda _old: voltage)
    where = span(day, "10 08:00", "10 15:00")
    [alert] = alerts(change(day, 2, POWER, where, lambda power: np.minimum(power, 20_000.0)), "F23")
    assert (alert.device_id, alert.severity) == ("p1-inv-02", Severity.S3)
    assert alert.lost_kwh is not None
    assert alert.lost_kwh > 10.0
    assert alerts(change(day, 2, POWER, slice(0, None), lambda power: power * 0.8), "F23") == []


def test_hours_at_the_top_of_the_inverter_are_a_note_for_the_report() -> None:
    days = everywhere(series(days=6), POWER, slice(0, None), lambda power: np.minimum(power * 1.4, 50_000.0))
    found = alerts(days, "F24")
    assert len(found) == 5
    assert {each.severity for each in found} == {Severity.S4}
    assert alerts(series(days=6), "F24") == []


def test_a_plant_a_quarter_low_for_a_day_is_found_that_evening_and_half_is_more_urgent() -> None:
    [alert] = alerts(scaled(series(days=2), "10 00:00", "11 00:00", 0.75), "F25")
    assert (alert.severity, alert.since) == (Severity.S3, local("10 00:00"))
    assert local("10 17:00") < (alert.fired_at or alert.since) < local("11 00:00")
    assert alert.lost_kwh is not None
    [grave] = alerts(scaled(series(), "10 00:00", "11 00:00", 0.5), "F25")
    assert grave.severity is Severity.S2


def test_a_dim_day_clears_a_plant_that_is_well_again_and_accuses_none() -> None:
    days = series(days=4, sky=np.where(np.arange(4 * 288) < 288, 1.0, 0.15))
    [alert] = alerts(scaled(days, "10 00:00", "11 00:00", 0.6), "F25")
    assert (alert.resolved_at or local("14 00:00")) < local("12 00:00")
    assert alerts(scaled(days, "12 00:00", "13 00:00", 0.6), "F25") == []


def test_a_tenth_less_for_a_day_or_a_day_with_half_its_data_is_not_told() -> None:
    assert alerts(scaled(series(), "10 00:00", "11 00:00", 0.9), "F25") == []
    holes = everywhere(
        scaled(series(), "10 00:00", "11 00:00", 0.5), POWER, span(series(), "10 06:00", "10 12:00"), np.nan
    )
    assert alerts(holes, "F25") == []


def test_weeks_six_per_cent_below_the_season_are_found_and_a_model_always_off_is_not() -> None:
    days = series(days=70, step_s=3600.0)
    assert alerts(everywhere(days, POWER, slice(0, None), lambda power: power * 0.9), "F26") == []
    late = everywhere(days, POWER, slice(50 * 24, None), lambda power: power * 0.92)
    [alert] = alerts(late, "F26")
    assert alert.rule == "F26"


def test_a_month_below_nine_tenths_of_its_design_is_told_and_without_a_design_nothing() -> None:
    from datetime import UTC, datetime

    days = series(days=30, step_s=3600.0, start=datetime(2026, 5, 31, 16, tzinfo=UTC))
    assert alerts(days, "F27") == []
    kwh = sum(float(each.values[POWER].sum()) for each in days.devices.values()) / 1000.0

    def design(plant_id: str, month: date) -> float | None:
        return kwh / 0.85 if (plant_id, month) == ("p1", date(2026, 6, 1)) else None

    [alert] = alerts(days, "F27", context=Context({"p1": plant()}, designs=design))
    assert (alert.severity, alert.evidence["attainment_ratio"]) == (Severity.S4, "0.85")


def test_output_that_slides_for_weeks_is_dirt_and_a_sudden_loss_is_not() -> None:
    days = series(days=60, step_s=3600.0)
    slide = np.concatenate([np.ones(20 * 24), np.linspace(1.0, 0.88, 40 * 24)])
    dirty = everywhere(days, POWER, slice(0, None), lambda power: power * slide)
    [alert] = alerts(dirty, "F30")
    assert (alert.cause, alert.severity) == ("soiling", Severity.S4)
    sudden = everywhere(days, POWER, slice(40 * 24, None), lambda power: power * 0.9)
    assert alerts(sudden, "F30") == []


def test_next_to_nothing_after_a_cold_night_with_voltage_there_is_snow() -> None:
    day = scaled(series(), "10 04:00", "10 13:00", 0.02)
    assert alerts(day, "F31") == []
    cold = replace(day, ambient_temperature_c=np.full(len(day.instants), -3.0))
    [alert] = alerts(cold, "F31")
    assert (alert.cause, alert.severity) == ("snow", Severity.S4)


def test_a_plant_under_snow_is_one_row_that_says_so_and_the_stop_is_under_it() -> None:
    day = scaled(series(days=2), "10 04:00", "10 13:00", 0.0)
    cold = replace(day, ambient_temperature_c=np.full(len(day.instants), -3.0))
    found = {each.rule: each for each in judged([cold], "F06", "F08", "F25", "F31")}
    assert found["F06"].parent_id == found["F31"].alert_id
    assert [rule for rule, each in found.items() if each.parent_id is None] == ["F31"]
    assert found["F31"].fired_at is not None
    assert found["F06"].fired_at is not None
    assert found["F31"].fired_at <= found["F06"].fired_at


def test_a_plant_to_which_snow_leaves_a_seventh_of_its_power_is_low_and_no_stop() -> None:
    sky = np.ones(3 * 288)
    sky[288 + 12 * 11 : 288 + 12 * 13] = (
        0.07  # two dull hours in which a seventh is less than a hundredth of the rating
    )
    days = scaled(series(days=3, sky=sky), "11 00:00", "12 00:00", 0.15)
    cold = replace(days, ambient_temperature_c=np.full(len(days.instants), -3.0))
    found = {each.rule: each for each in judged([cold], "F06", "F08", "F25", "F31")}
    assert list(found) == ["F25"]
    assert found["F25"].severity is Severity.S2
    assert local("11 12:00") < (found["F25"].fired_at or local("10 00:00")) < local("12 00:00")


def test_a_plant_that_ran_this_morning_and_stops_in_the_cold_is_not_under_snow() -> None:
    day = scaled(series(), "10 10:00", "10 13:00", 0.0)
    cold = replace(day, ambient_temperature_c=np.full(len(day.instants), -3.0))
    found = {each.rule: each for each in judged([cold], "F06", "F31")}
    assert list(found) == ["F06"]
    assert found["F06"].severity is Severity.S1


def in_shade(days: PlantSeries, first: str, last: str, left: float) -> PlantSeries:
    """The second unit gives only ``left`` of its power between two hours of each of eight days."""
    for day in range(10, 18):
        where = span(days, f"{day} {first}", f"{day} {last}")
        days = change(days, 2, POWER, where, lambda power: power * left)
    return days


def test_the_same_half_hour_low_on_clear_days_is_a_shadow_and_low_all_day_is_none() -> None:
    days = series(days=8)
    shaded = in_shade(days, "08:00", "08:30", 0.6)
    [alert] = alerts(shaded, "F32")
    assert (alert.device_id, alert.cause) == ("p1-inv-02", "shade")
    assert alert.since == local("10 00:00")  # it lay there from the first of the five days on
    assert local("14 00:00") < (alert.fired_at or alert.since) < local("15 00:00")
    weak = change(days, 2, POWER, slice(0, None), lambda power: power * 0.7)
    assert alerts(weak, "F32") == []


def test_a_unit_that_is_low_by_a_shadow_alone_is_under_the_shadow_and_a_weak_one_is_not() -> None:
    days = series(days=8)
    shaded = in_shade(days, "09:00", "11:00", 0.3)
    shaded = change(shaded, 3, POWER, slice(0, None), lambda power: power * 0.85)
    found = {(each.rule, each.device_id): each for each in judged([shaded], "F15", "F32")}
    assert found.keys() == {("F15", "p1-inv-02"), ("F32", "p1-inv-02"), ("F15", "p1-inv-03")}
    shadow, low = found["F32", "p1-inv-02"], found["F15", "p1-inv-02"]
    assert low.fired_at is not None
    assert shadow.fired_at is not None
    assert low.fired_at < shadow.fired_at  # five clear days make a shadow, two low ones a weak unit
    assert low.parent_id == shadow.alert_id
    assert found["F15", "p1-inv-03"].parent_id is None
