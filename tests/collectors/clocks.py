"""A clock for tests whose wall jumps and whose monotonic hand does not."""

import time
from datetime import datetime, timedelta


class SteppingClock:
    """Stands still until told; with ``speed`` it runs by itself, so many seconds a real one."""

    def __init__(self, at: datetime, speed: float = 0.0) -> None:
        self._base = at
        self._steady_s = 0.0
        self._speed = speed
        self._born_s = time.monotonic()

    def now(self) -> datetime:
        return self._base + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        return self._steady_s + (time.monotonic() - self._born_s) * self._speed

    def wait_s(self, seconds: float) -> float:
        return seconds / self._speed if self._speed else 0.0

    def advance(self, seconds: float) -> None:
        """Let both hands run."""
        self._steady_s += seconds

    def step(self, seconds: float) -> None:
        """Put the wall on or back; it cannot leave the years a computer knows."""
        self._base += timedelta(seconds=seconds)

    def show(self, at: datetime) -> None:
        """Let the wall show ``at`` from now on."""
        self._base = at - timedelta(seconds=self.monotonic())
