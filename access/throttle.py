"""Throttle: wrong passwords cost time, per account and per address, without locking anybody out for ever.

Pure bookkeeping on seconds somebody else measures. After ``free`` wrong tries each further one doubles the
wait, up to ``wait_max_s``; ``forget_s`` without a wrong try clears the slate. Bounded: the key used longest
ago makes room, so a flood of invented names cannot fill the memory.
"""

import threading
from collections import OrderedDict
from dataclasses import dataclass


@dataclass(slots=True)
class _Tries:
    wrong: int
    last_s: float
    told: bool = False


class Throttle:
    """Counts wrong tries by key. Thread safe."""

    def __init__(
        self,
        free: int = 5,
        wait_max_s: float = 60.0,
        forget_s: float = 900.0,
        keys_max: int = 10_000,
    ) -> None:
        self._free = free
        self._wait_max_s = wait_max_s
        self._forget_s = forget_s
        self._keys_max = keys_max
        self._tries: OrderedDict[str, _Tries] = OrderedDict()
        self._lock = threading.Lock()

    def wait_s(self, key: str, now_s: float) -> float:
        """Return how long ``key`` has to wait before the next try, 0 when it may try now. [s]"""
        with self._lock:
            tries = self._tries.get(key)
            if tries is None or now_s - tries.last_s > self._forget_s:
                return 0.0
            return max(0.0, self._pause_s(tries.wrong) - (now_s - tries.last_s))

    def wrong(self, key: str, now_s: float) -> None:
        """Note a wrong try."""
        with self._lock:
            tries = self._tries.pop(key, None)
            if tries is None or now_s - tries.last_s > self._forget_s:
                tries = _Tries(0, now_s)
            self._tries[key] = _Tries(tries.wrong + 1, now_s)
            while len(self._tries) > self._keys_max:
                self._tries.popitem(last=False)

    def right(self, key: str) -> None:
        """Clear the slate: it was right."""
        with self._lock:
            self._tries.pop(key, None)

    def tell_once(self, key: str) -> bool:
        """Return True the first time it is asked after a wrong try (so that a flood leaves one trace)."""
        with self._lock:
            tries = self._tries.get(key)
            if tries is None or tries.told:
                return False
            tries.told = True
            return True

    def _pause_s(self, wrong: int) -> float:
        over = wrong - self._free
        if over < 0:
            return 0.0
        return min(self._wait_max_s, 2.0 ** min(over, 30))

    def __len__(self) -> int:
        return len(self._tries)
