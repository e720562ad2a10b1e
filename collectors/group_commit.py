"""Batches go to the spool in groups: one sync for up to 200 rows or half a second, whichever is first."""

import asyncio
import logging
import random
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from collectors.identity import IdentityWatch
from collectors.source import Delivery
from collectors.spool import Said, Spool
from domain.errors import SpoolError
from domain.measurement import Batch
from domain.slots import SlotState

log = logging.getLogger(__name__)

ROWS_MAX = 200
WAIT_S = 0.5
WAITING_MAX = 50_000
_RETRY_MOST_S = 10.0


@dataclass(slots=True)
class CommitCounts:
    """What became of batches on their way to the disk."""

    committed: int = 0
    lost: int = 0  # the disk refused for so long that memory ran out


@dataclass(frozen=True, slots=True)
class Reply:
    """What is to be said, and where, once something is on disk; a later one of the same kind replaces it."""

    topic: str
    kind: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Parcel:
    """Things on their way to the disk, all or nothing: samples, words about slots, notes, a delivery.

    ``states`` are those of the samples' slots, None where it is what their qualities say. ``bad`` is kept in
    quarantine, by origin, payload and reason.
    """

    batches: tuple[Batch, ...] = ()
    states: tuple[int | None, ...] = ()
    said: tuple[Said, ...] = ()
    notes: Mapping[str, str] = field(default_factory=dict)
    delivery: Delivery | None = None
    bad: tuple[tuple[str, bytes, str], ...] = ()
    reply: Reply | None = None


@dataclass(slots=True)
class Group:
    """What goes to the disk in one go, and what is to be said then."""

    batches: list[Batch] = field(default_factory=list)
    states: dict[int, int] = field(default_factory=dict)
    said: list[Said] = field(default_factory=list)
    notes: dict[str, str] = field(default_factory=dict)
    bad: list[tuple[str, bytes, str]] = field(default_factory=list)
    receipts: list[tuple[int, int]] = field(default_factory=list)
    replies: dict[tuple[str, str], bytes] = field(default_factory=dict)


class GroupCommit:
    """Used from one event loop; the disk is touched in a thread."""

    def __init__(
        self,
        spool: Spool,
        identity: IdentityWatch,
        on_commit: Callable[[Group], None],
    ) -> None:
        self.counts = CommitCounts()
        self._spool = spool
        self._identity = identity
        self._on_commit = on_commit
        self._waiting: deque[Parcel] = deque()
        self._some = asyncio.Event()
        self._many = asyncio.Event()
        self._stopping = False
        self._refused = 0

    def put(self, batch: Batch | None, delivery: Delivery | None = None, *, state: int | None = None) -> None:
        """Queue a batch, the delivery it came with, or a delivery nobody understood.

        ``state`` is that of the batch's slot where it is not what its qualities say.
        """
        if len(self._waiting) >= WAITING_MAX and delivery is None and batch is not None:
            self.counts.lost += 1
            self.say((batch.device_id, batch.measured_at, SlotState.SPOOL_SHED))
            return
        self.send(
            Parcel(
                () if batch is None else (batch,),
                () if batch is None else (state,),
                delivery=delivery,
                bad=((delivery.topic, delivery.payload, delivery.reason),)
                if batch is None and delivery is not None and delivery.reason
                else (),
            )
        )

    def say(self, said: Said) -> None:
        """Queue a word about slots, behind the batches before it."""
        self.send(Parcel(said=(said,)))

    def send(self, parcel: Parcel) -> None:
        """Queue a parcel."""
        self._waiting.append(parcel)
        self._some.set()
        if len(self._waiting) >= ROWS_MAX:
            self._many.set()

    async def run(self) -> None:
        """Commit until `finish` is called; what waits then is committed before this returns."""
        while not (self._stopping and (not self._waiting or self._refused)):
            await self._some.wait()
            if not self._stopping and len(self._waiting) < ROWS_MAX:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._many.wait(), WAIT_S)
            await self._commit_group()

    def finish(self) -> None:
        """Let `run` end after what waits is committed, or the disk refused once more."""
        self._stopping = True
        self._some.set()
        self._many.set()

    async def _commit_group(self) -> None:
        taken = [self._waiting.popleft() for _ in range(min(ROWS_MAX, len(self._waiting)))]
        if not self._stopping:
            if not self._waiting:
                self._some.clear()
            if len(self._waiting) < ROWS_MAX:
                self._many.clear()
        group = _sorted(taken)
        notes = self._identity.take_unsaved()
        try:
            await asyncio.to_thread(self._store, group, notes)
        except SpoolError as error:
            self._identity.put_back(notes)
            self._waiting.extendleft(reversed(taken))
            self._some.set()
            await self._wait_after(error)
            return
        if self._refused:
            log.info("spool: the disk takes rows again after %s refusals", self._refused)
            self._refused = 0
        self.counts.committed += len(group.batches)
        self._on_commit(group)

    def _store(self, group: Group, notes: dict[str, str]) -> None:
        for origin, payload, reason in group.bad:
            self._spool.quarantine_message(origin, payload, reason)
        self._spool.append(group.batches, notes | group.notes, group.said, group.states)

    async def _wait_after(self, error: SpoolError) -> None:
        self._refused += 1
        if self._refused == 1:
            log.error("%s", error)
        if not self._stopping:
            wait_s = min(_RETRY_MOST_S, 0.25 * 2.0 ** min(self._refused, 10))
            await asyncio.sleep(wait_s * random.uniform(0.5, 1.0))  # noqa: S311 (spread, not secrecy)


def _sorted(taken: Sequence[Parcel]) -> Group:
    group = Group()
    for parcel in taken:
        first = len(group.batches)
        group.states |= {
            first + place: state for place, state in enumerate(parcel.states) if state is not None
        }
        group.batches += parcel.batches
        group.said += parcel.said
        group.notes |= parcel.notes
        group.bad += parcel.bad
        if parcel.delivery is not None:
            group.receipts.append(parcel.delivery.receipt)
        if parcel.reply is not None:
            group.replies[parcel.reply.topic, parcel.reply.kind] = parcel.reply.payload
    return group
