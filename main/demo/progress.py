"""Line-by-line progress with seconds since the start."""

import time
from collections.abc import Callable

from texts.loader import Texts


class Progress:
    """Says what was done and when."""

    def __init__(self, texts: Texts, say: Callable[[str], None] | None = None) -> None:
        self._texts = texts
        self._say = say or (lambda line: print(line, flush=True))
        self._start = time.monotonic()

    @property
    def seconds(self) -> float:
        """Seconds since the start. [s]"""
        return time.monotonic() - self._start

    def __call__(self, key: str, /, **values: object) -> None:
        """Say words of area ``demo`` with the time in front."""
        what = self._texts(f"demo.{key}", **values)
        self._say(self._texts("demo.step", seconds=self.seconds, what=what))

    def plain(self, key: str, /, **values: object) -> None:
        """Say words without the time."""
        self._say(self._texts(f"demo.{key}", **values))
