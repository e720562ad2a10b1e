"""One wire has one question under way at a time; another wire has nothing to do with it."""

import asyncio

from collectors.shared_wire import SharedWire
from domain.measurement import BlockRead, WordBlock
from tests.collectors.peers import ScriptedSource

BLOCK = BlockRead(3, 32080, 2)


class Waiting(ScriptedSource):
    """Answers when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.may = asyncio.Event()

    async def read(self, unit: int, block: BlockRead) -> WordBlock:
        found = await super().read(unit, block)
        await self.may.wait()
        return found


def test_who_waits_on_one_wire_keeps_nobody_waiting_on_another() -> None:
    async def story() -> None:
        slow, quick = Waiting(), ScriptedSource()
        dead, alive = SharedWire(lambda: slow), SharedWire(lambda: quick)
        waiting = asyncio.create_task(dead.read(1, BLOCK))
        await asyncio.sleep(0)
        answer = await asyncio.wait_for(alive.read(1, BLOCK), 5.0)
        assert len(answer.words) == 2 * BLOCK.count
        assert not waiting.done()
        slow.may.set()
        await waiting

    asyncio.run(story())


def test_a_visitor_waits_until_the_question_before_is_answered() -> None:
    async def story() -> None:
        slow = Waiting()
        wire = SharedWire(lambda: slow)
        first = asyncio.create_task(wire.read(1, BLOCK))
        second = asyncio.create_task(wire.visitor().read(2, BLOCK))
        for _ in range(5):
            await asyncio.sleep(0)
        assert slow.units() == [1]
        slow.may.set()
        await asyncio.gather(first, second)
        assert slow.units() == [1, 2]

    asyncio.run(story())
