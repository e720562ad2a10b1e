"""When a fitting answer is not believed at once: RTU frames name no question, and gateways repeat themselves.

An answer is doubted when it equals what was just answered to another address of the same shape (a replayed
frame), when an earlier question of the same shape was never answered (its late answer fits too), or while
frames nobody asked for pass by (another master). A doubted answer counts only after a question of another
length was answered cleanly behind it: had it been somebody else's, the right one would have come in between.
Pure; no socket.
"""

from collections import deque

from collectors.framing import COUNT_MAX, Question
from domain.measurement import BlockRead

_REMEMBERED = 6  # answers of one shape that are compared
_SHAPES_MAX = 256
UNANSWERED_S = 60.0  # how long the answer to a question may still come
CROWDED_S = 600.0  # how long a wire is watched after frames nobody asked for
_RTU_OVERHEAD = 5  # unit, function, byte count, checksum
_LENGTHS_TRIED = 4
_AGREEING_SHARE = 0.25  # of the registers read twice; live values move, most registers do not

_Shape = tuple[int, int, int]


class AnswerMemory:
    """What was asked and answered lately on one wire. Times are those of the event loop. [s]"""

    def __init__(self) -> None:
        self._answers: dict[_Shape, deque[tuple[int, bytes]]] = {}
        self._unanswered: dict[
            _Shape, dict[int, list[float]]
        ] = {}  # by address: when it was asked, each time
        self._crowded_until_s = 0.0

    def is_crowded(self, now_s: float) -> bool:
        """Tell whether frames nobody asked for were seen of late."""
        return now_s < self._crowded_until_s

    def is_doubtful(self, question: Question, address: int, words: bytes, now_s: float) -> bool:
        """Tell whether ``words`` may be the answer to another question of the same shape."""
        shape = _shape(question)
        waiting = self._unanswered.get(shape, {})
        if any(asked != address and now_s - at_s[-1] < UNANSWERED_S for asked, at_s in waiting.items()):
            return True
        if self.is_crowded(now_s):
            return True
        return any(other != address and words == old for other, old in self._answers.get(shape, ()))

    def heard(self, question: Question, address: int, words: bytes) -> None:
        """Take note of an answer, one that only confirms as well: whatever was said may be said again."""
        self._remember(_shape(question), address, words)

    def _remember(self, shape: _Shape, address: int, words: bytes) -> None:
        if len(self._answers) > _SHAPES_MAX:
            self._answers.clear()
        known = self._answers.setdefault(shape, deque(maxlen=_REMEMBERED))
        if (address, words) in known:
            known.remove((address, words))  # what was said last is what a gateway says again
        known.append((address, words))

    def unanswered(self, question: Question, address: int, now_s: float) -> None:
        """Take note of a question whose answer did not come (in time)."""
        times = self._unanswered.setdefault(_shape(question), {}).setdefault(address, [])
        times[:] = [at_s for at_s in times if now_s - at_s < UNANSWERED_S] + [now_s]
        for shape, waiting in tuple(self._unanswered.items()):
            for old in [asked for asked, at_s in waiting.items() if now_s - at_s[-1] >= UNANSWERED_S]:
                del waiting[old]
            if not waiting:
                del self._unanswered[shape]

    def late_came(self, data: bytes) -> bool:
        """Take note of RTU bytes behind their time; False when no question waits for what they are or begin."""
        waiting = [shape for shape in self._unanswered if _begins(data, shape)]
        for shape in waiting:
            asked = self._unanswered[shape]
            if len(data) == 2 * shape[2] + _RTU_OVERHEAD and len(asked) == 1:
                ((address, times),) = asked.items()
                times.pop(0)  # it can only have been this question; asked twice, it is answered twice
                self._remember(
                    shape, address, data[3:-2]
                )  # and may be said once more behind the next question
                if not times:
                    del self._unanswered[shape]
        return bool(waiting)

    def confirming(self, unit: int, block: BlockRead, now_s: float) -> BlockRead:
        """Return the question behind a doubtful answer to ``block``: of another length, and one nothing waits for."""
        for other in confirming(block):
            waiting = self._unanswered.get((unit, block.function, other.count), {})
            if not any(now_s - at_s[-1] < UNANSWERED_S for at_s in waiting.values()):
                return other
        return confirming(block)[0]

    def stranger(self, now_s: float) -> None:
        """Take note of a frame nobody asked for."""
        self._crowded_until_s = now_s + CROWDED_S


def confirming(block: BlockRead) -> list[BlockRead]:
    """Return the questions of another length that can confirm the answer to ``block``, the best first."""
    counts = [block.count - less for less in range(1, min(block.count, _LENGTHS_TRIED + 1))]
    counts += [block.count + more for more in range(1, _LENGTHS_TRIED + 1 - len(counts))]
    return [BlockRead(block.function, block.address, min(COUNT_MAX, count)) for count in counts]


def agrees(words: bytes, again: bytes) -> bool:
    """Tell whether two answers to overlapping questions can come from the same registers."""
    common = min(len(words), len(again)) // 2
    same = sum(words[2 * i : 2 * i + 2] == again[2 * i : 2 * i + 2] for i in range(common))
    return same >= max(1, _AGREEING_SHARE * common)


def _begins(data: bytes, shape: _Shape) -> bool:
    """Tell whether ``data`` is the RTU answer to a question of ``shape``, or its first part."""
    unit, function, count = shape
    return len(data) <= 2 * count + _RTU_OVERHEAD and bytes([unit, function, 2 * count]).startswith(data[:3])


def _shape(question: Question) -> _Shape:
    return question.unit, question.function, question.count
