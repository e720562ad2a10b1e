"""The sky over the district: sun, horizon, clear sky, moving clouds, temperature, wind.

Sun position and clear sky come from pvlib (SPA: Reda and Andreas 2004; clear sky: Ineichen and Perez 2002;
diffuse on the tilted plane: Hay and Davies 1980), on a grid of fifteen minutes a day for all plants at once,
interpolated in between. Clouds are multi-octave noise that the wind carries over the district, under a
weather that changes over days: neighbours see the same cloud minutes apart, and any instant can be computed
without the ones before.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import lru_cache

import numpy as np

from domain.plant import Plant
from simulator.noise import Floats, normal, octaves, text_key, uniform, wander

DAY_S = 86_400.0
_GRID_S = 900.0
_GRID = int(DAY_S / _GRID_S) + 1
_DELTA_T_S = 69.0  # terrestrial time minus universal time, 2020s
_ALBEDO = 0.2
_WAKE_W_M2 = 10.0  # clear-sky irradiance at which an inverter's board is fed by its modules
_CELLS_KM = (22.0, 7.5, 2.6, 0.9)
_WIND_KM_S = (0.0072, 0.0026)  # clouds drift from west-south-west at about 28 km/h
_KM_PER_DEGREE = 111.2


@dataclass(frozen=True, slots=True)
class Conditions:
    """What the sky does at some instants over some plants; arrays of shape [instants, plants].

    Attributes
    ----------
    poa_w_m2, ghi_w_m2 : irradiance on the modules and on the horizontal plane. [W/m2]
    clear_poa_w_m2 : what a cloudless sky would give on the modules. [W/m2]
    shade : 0 to 1, how restless the light is (1: half clouds, half sun).
    ambient_c, module_c : temperatures. [C]
    wind_m_s : wind at the station. [m/s]
    """

    poa_w_m2: Floats
    ghi_w_m2: Floats
    clear_poa_w_m2: Floats
    shade: Floats
    ambient_c: Floats
    module_c: Floats
    wind_m_s: Floats

    @property
    def awake(self) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
        """Whether there is light enough to feed the inverters' communication boards."""
        return self.clear_poa_w_m2 > _WAKE_W_M2


@dataclass(frozen=True, slots=True)
class _ClearDay:
    """A cloudless day on the grid; arrays of shape [grid, plants]. [W/m2]"""

    beam_poa: Floats
    diffuse_poa: Floats
    beam_ghi: Floats
    diffuse_ghi: Floats


class Sky:
    """The sky over some plants.

    Parameters
    ----------
    plants : sequence of Plant
        Their places, tilts and azimuths.
    seed : int
        Chooses the weather and the clouds.
    """

    def __init__(self, plants: Sequence[Plant], seed: int) -> None:
        self._seed = seed
        self._key = np.array([text_key(plant.plant_id) for plant in plants], dtype=np.int64)
        self._latitude = np.array([plant.latitude for plant in plants])
        self._longitude = np.array([plant.longitude for plant in plants])
        self._altitude = np.array([plant.altitude_m for plant in plants])
        self._tilt = np.array([plant.tilt_deg for plant in plants])
        self._azimuth = np.array([plant.azimuth_deg for plant in plants])
        # One solar day for the district, so that its midnight is night everywhere in it.
        self.noon_shift_s = float(self._longitude.mean()) / 15.0 * 3600.0 if len(plants) else 0.0
        middle = np.radians(self._latitude.mean()) if len(plants) else 0.0
        self._x_km = (self._longitude - 109.9) * _KM_PER_DEGREE * np.cos(middle)
        self._y_km = (self._latitude - 33.9) * _KM_PER_DEGREE
        self._clear_day = lru_cache(maxsize=3)(self._compute_clear_day)

    def solar_day(self, epoch_s: float) -> int:
        """Return the number of the solar day an instant falls in."""
        return int((epoch_s + self.noon_shift_s) // DAY_S)

    def day_start_s(self, day: int) -> float:
        """Return the instant solar day ``day`` begins, in the middle of the night. [s since 1970]"""
        return day * DAY_S - self.noon_shift_s

    def light_span_s(self, day: int) -> tuple[float, float]:
        """Return first and last instant of a day that can have light anywhere. [s since 1970]"""
        lit = np.flatnonzero((self._clear_day(day).diffuse_poa > 0).any(axis=1))
        start = self.day_start_s(day)
        if lit.size == 0:
            return start, start
        first, last = max(0, int(lit[0]) - 1), min(_GRID - 1, int(lit[-1]) + 1)
        return start + first * _GRID_S, start + last * _GRID_S

    def conditions(self, epoch_s: Floats) -> Conditions:
        """Return the sky at ``epoch_s`` (ascending, seconds since 1970)."""
        days = np.floor((epoch_s + self.noon_shift_s) / DAY_S).astype(np.int64)
        parts = [self._on_day(int(day), epoch_s[days == day]) for day in np.unique(days)]
        if len(parts) == 1:
            return parts[0]
        return Conditions(
            *(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Conditions))
        )

    def _on_day(self, day: int, epoch_s: Floats) -> Conditions:
        clear = self._clear_day(day)
        position = (epoch_s - self.day_start_s(day)) / _GRID_S
        index = np.minimum(position.astype(np.int64), _GRID - 2)
        rest = (position - index)[:, None]

        def at(grid: Floats) -> Floats:
            first = grid[index]
            return np.asarray(first + (grid[index + 1] - first) * rest)

        beam, diffuse = at(clear.beam_poa), at(clear.diffuse_poa)
        opacity = self._opacity(epoch_s)
        through = np.exp(-3.6 * opacity * opacity)
        scattered = 1.0 + opacity * (5.5 - 4.9 * opacity)
        poa = beam * through + diffuse * scattered
        ghi = at(clear.beam_ghi) * through + at(clear.diffuse_ghi) * scattered
        ambient = self._ambient(epoch_s, opacity)
        wind = 0.4 + 5.0 * wander(self._seed + 11, self._key, epoch_s[:, None] / 5_400.0) ** 2
        module = ambient + poa * 0.032 / (0.75 + 0.11 * wind)
        shade = 4.0 * through * (1.0 - through)
        return Conditions(poa, ghi, beam + diffuse, shade, ambient, module, wind)

    def _opacity(self, epoch_s: Floats) -> Floats:
        """Return how thick the clouds before the sun are, 0 (blue) to 1 (overcast), [instants, plants]."""
        time = epoch_s[:, None]
        cover = self._cover(time)
        x_km = self._x_km - _WIND_KM_S[0] * time
        y_km = self._y_km - _WIND_KM_S[1] * time
        noise = octaves(self._seed + 1, x_km, y_km, _CELLS_KM)
        return np.clip((noise - (1.02 - 1.1 * cover)) / 0.36, 0.0, 1.0)

    def _cover(self, time: Floats) -> Floats:
        """Return the weather's cloudiness, 0 to 1: over days and hours, more from July to September."""
        days = time / DAY_S
        slow = wander(self._seed + 2, 0, days / 1.7)
        quick = wander(self._seed + 2, 1, days * 4.0)
        wet = 0.08 * np.cos(2 * np.pi * (days - 233.0) / 365.25)
        weather = 0.5 + 1.9 * (0.72 * slow + 0.28 * quick - 0.5)
        return np.clip(weather + 0.29 + wet, 0.0, 1.2)

    def _ambient(self, epoch_s: Floats, opacity: Floats) -> Floats:
        """Return air temperature: the year, the day, the weather, the height above the city. [C]"""
        days = epoch_s[:, None] / DAY_S
        hours = (epoch_s[:, None] + self.noon_shift_s) % DAY_S / 3600.0
        year = 12.8 - 12.4 * np.cos(2 * np.pi * (days - 18.0) / 365.25)
        weather = 7.0 * (wander(self._seed + 3, 0, days / 2.3) - 0.5)
        swing = (5.6 - 3.4 * opacity) * np.cos(2 * np.pi * (hours - 15.0) / 24.0)
        return year + weather + swing - 0.0058 * (self._altitude - 740.0)

    def _compute_clear_day(self, day: int) -> _ClearDay:
        """Return a cloudless day for every plant, from pvlib, behind each plant's own horizon."""
        from pvlib import atmosphere, clearsky, irradiance  # heavy: only where a sky is drawn

        times = np.arange(_GRID, dtype=np.float64) * _GRID_S + self.day_start_s(day)
        pressure = atmosphere.alt2pres(self._altitude)
        zenith, elevation, azimuth = self._sun(times, pressure)
        extra = irradiance.get_extra_radiation(day % 365.2425 + 1.0)
        airmass = atmosphere.get_absolute_airmass(
            atmosphere.get_relative_airmass(np.minimum(zenith, 89.9)), pressure
        )
        turbidity = 3.4 + 0.8 * np.cos(2 * np.pi * (day - 200.0) / 365.25)
        with np.errstate(all="ignore"):  # below the horizon the formulas divide by nothing
            clear = clearsky.ineichen(zenith, airmass, turbidity, self._altitude, extra)
        beam = np.where(elevation < self._horizon_deg(azimuth), 0.0, clear["dni"])
        facing = irradiance.aoi_projection(self._tilt, self._azimuth, zenith, azimuth)
        diffuse = irradiance.haydavies(
            self._tilt, self._azimuth, clear["dhi"], clear["dni"], extra, zenith, azimuth
        )
        ground = irradiance.get_ground_diffuse(self._tilt, clear["ghi"], _ALBEDO)
        up = zenith < 89.5
        beams = (beam * np.maximum(facing, 0.0), beam * np.maximum(np.cos(np.radians(zenith)), 0.0))
        shaped = [np.where(up, np.nan_to_num(v), 0.0) for v in (*beams, diffuse + ground, clear["dhi"])]
        return _ClearDay(beam_poa=shaped[0], beam_ghi=shaped[1], diffuse_poa=shaped[2], diffuse_ghi=shaped[3])

    def _sun(self, times: Floats, pressure_pa: Floats) -> tuple[Floats, Floats, Floats]:
        """Return apparent zenith, true elevation and azimuth, each [instants, plants]. [degrees]

        What depends on the time alone is computed once for all plants; the sun's parallax (9 seconds of
        arc) is left out.
        """
        from pvlib import spa  # heavy: only where a sky is drawn

        sidereal, ascension, declination = spa.solar_position_numpy(
            times, 0.0, 0.0, 0.0, 0.0, 0.0, _DELTA_T_S, 0.0, 1, sst=True
        )
        declination = declination[:, None]
        hour = spa.local_hour_angle(sidereal[:, None], self._longitude, ascension[:, None])
        elevation = spa.topocentric_elevation_angle_without_atmosphere(self._latitude, declination, hour)
        bent = spa.atmospheric_refraction_correction(pressure_pa / 100.0, 12.0, elevation, 0.5667)
        azimuth = spa.topocentric_azimuth_angle(
            spa.topocentric_astronomers_azimuth(hour, declination, self._latitude)
        )
        return 90.0 - elevation - bent, elevation, azimuth

    def _horizon_deg(self, azimuth_deg: Floats) -> Floats:
        """Return the height of the mountains in a direction: valleys of 3 to 17 degrees. [degrees]"""
        level = 4.0 + 5.0 * uniform(self._seed + 4, self._key)
        turn = 2 * np.pi * uniform(self._seed + 5, self._key)
        ridge = np.cos(2.0 * np.radians(azimuth_deg) + turn)
        small = np.cos(5.0 * np.radians(azimuth_deg) + 3.0 * turn)
        return np.clip(level * (1.0 + 0.75 * ridge + 0.15 * small), 1.0, 18.0)

    def frequency_hz(self, epoch_s: Floats) -> Floats:
        """Return the grid's frequency, the same for everybody. [Hz]"""
        drift = wander(self._seed + 6, 0, epoch_s / 170.0) - 0.5
        return 50.0 + 0.05 * drift + 0.004 * normal(self._seed + 7, np.floor(epoch_s / 10.0))
