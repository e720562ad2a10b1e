"""Waiting in field time."""

import asyncio

from domain.clock import Clock


async def sleep(clock: Clock, seconds: float) -> None:
    """Wait ``seconds`` of ``clock``; what lies behind costs nothing."""
    await asyncio.sleep(max(0.0, clock.wait_s(seconds)))
