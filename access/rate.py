"""RateLimit: so many requests a minute and key, with a burst. Pure bookkeeping on seconds somebody else measures."""

import threading
from collections import OrderedDict


class RateLimit:
    """A bucket of tries per key that fills again with time. Thread safe and bounded.

    Parameters
    ----------
    per_minute : float
        How many requests a minute a key may make for ever.
    burst : int
        How many it may make at once after a rest.
    keys_max : int
        The key used longest ago makes room.
    """

    def __init__(self, per_minute: float, burst: int, keys_max: int = 10_000) -> None:
        self._per_s = per_minute / 60.0
        self.burst = burst
        self._keys_max = keys_max
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, key: str, now_s: float) -> tuple[float, int]:
        """Take one; return how long to wait (0: it was taken) [s] and how many are left."""
        with self._lock:
            left, at_s = self._left.pop(key, (float(self.burst), now_s))
            left = min(float(self.burst), left + max(0.0, now_s - at_s) * self._per_s)
            wait_s = 0.0 if left >= 1.0 else (1.0 - left) / self._per_s
            if wait_s <= 0:
                left -= 1.0
            self._left[key] = (left, now_s)
            while len(self._left) > self._keys_max:
                self._left.popitem(last=False)
        return wait_s, int(left)
