"""Whole programs on virtual time: an event loop whose clock jumps to the next timer, and a field clock that reads it.

Nothing waits: a week passes as fast as its work can be done, and the same seed gives the same week. Work for
threads is done at once on the loop's own, so that no time passes meanwhile.
"""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from datetime import UTC, datetime, timedelta
from typing import Any


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop that does not wait."""

    def __init__(self) -> None:
        super().__init__()
        self._now_s = 0.0
        selector: Any = self._selector  # type: ignore[attr-defined]
        look = selector.select

        def select(timeout_s: float | None) -> Any:
            found = look(0)
            if not found and timeout_s:
                self._now_s += timeout_s
            elif not found and timeout_s is None:
                raise RuntimeError("everything waits, and nothing will ever come")
            return found

        selector.select = select

    def time(self) -> float:
        """Return virtual seconds since the loop was made. [s]"""
        return self._now_s

    def run_in_executor(  # type: ignore[override]
        self, _: Executor | None, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        """Do it now."""
        done: asyncio.Future[Any] = self.create_future()
        try:
            done.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 (whatever it is, the one who waits gets it)
            done.set_exception(error)
        return done


class VirtualClock:
    """Field time that reads a `VirtualLoop`."""

    def __init__(self, loop: VirtualLoop, at: datetime) -> None:
        self._loop = loop
        self._at = at.astimezone(UTC)

    def now(self) -> datetime:
        """Return the instant, aware, UTC."""
        return self._at + timedelta(seconds=self._loop.time())

    def put(self, seconds: float) -> None:
        """Put the wall on; the monotonic hand knows nothing of it."""
        self._at += timedelta(seconds=seconds)

    def monotonic(self) -> float:
        """Return seconds since the loop was made. [s]"""
        return self._loop.time()

    def wait_s(self, seconds: float) -> float:
        """Return ``seconds``: loop and field run together. [s]"""
        return seconds


def run(loop: VirtualLoop, story: Coroutine[Any, Any, None]) -> None:
    """Run ``story`` to its end and close the loop."""
    try:
        loop.run_until_complete(story)
    finally:
        loop.close()
