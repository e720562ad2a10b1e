"""Whether the clock may stamp samples: steps are found each second, and no stamp is made by a clock that cannot be right.

Two clocks run: the wall, which may jump, and the monotonic one, which may not. What they disagree by is a step.
While the wall shows a year that cannot be (a village machine without a battery starts in 1970), or while a person
is to confirm it and has not, samples keep their monotonic instant only and are stamped when it is right again.
"""

import logging
from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from statistics import median
from typing import Generic, TypeVar

from domain.clock import Clock, is_plausible

log = logging.getLogger(__name__)
T = TypeVar("T")

STEP_S = 2.0
UNSURE_S = 60.0
_AGREE_S = 60.0  # clocks of the field that lie so close agree
_OFF_S = 120.0  # further from the field's majority the machine's clock is not believed
_HEARD_S = 900.0
_VOTERS = 3
HELD_MAX = 100_000


class ClockSource(Enum):
    """Who says that the clock is right."""

    NTP = "ntp"  # the system's synchronisation
    FIELD = "field"  # the majority of gateways and loggers
    PERSON = "person"  # somebody looked at a watch


@dataclass(frozen=True, slots=True)
class ClockState:
    """How the clock stands. ``step_s`` is the newest step, ``off_s`` what the field says it is off by. [s]"""

    trusted: bool
    unsure: bool
    steps: int
    step_s: float
    off_s: float | None
    held: int
    dropped: int


class TimeGuard(Generic[T]):
    """Watches one clock; used from one thread, but for `state`. ``T`` is what waits for a stamp."""

    def __init__(self, clock: Clock, source: ClockSource = ClockSource.NTP, held_max: int = HELD_MAX) -> None:
        self.source = source
        self._clock = clock
        self._wall, self._steady = clock.now(), clock.monotonic()
        self._steps, self._step_s, self._unsure_until_s = 0, 0.0, -1.0
        self._confirmed = source is not ClockSource.PERSON
        self._voices: dict[str, tuple[float, float]] = {}
        self._off_s: float | None = None
        self._counted = True
        self._held: deque[tuple[float, T]] = deque()
        self._held_max = held_max
        self._dropped = 0
        self._said = True

    # ------------------------------------------------------------------ looking

    def look(self) -> float:
        """Compare both clocks; return the step since last looked, 0 for none. [s]"""
        wall, steady = self._clock.now(), self._clock.monotonic()
        step_s = (wall - self._wall).total_seconds() - (steady - self._steady)
        before, self._wall, self._steady = self._wall, wall, steady
        if abs(step_s) > STEP_S:
            self._steps += 1
            self._step_s = step_s
            self._unsure_until_s = steady + UNSURE_S
            log.warning(
                "the clock was put %s by %.1f s: from %s to %s; samples of this minute are marked clock_unsure",
                "on" if step_s > 0 else "back",
                abs(step_s),
                f"{before:%Y-%m-%d %H:%M:%S} UTC",
                f"{wall:%Y-%m-%d %H:%M:%S} UTC",
            )
        self._say()
        return step_s if abs(step_s) > STEP_S else 0.0

    def _say(self) -> None:
        trusted = self.trusted
        if trusted == self._said:
            return
        self._said = trusted
        shows = f"{self._wall:%Y-%m-%d %H:%M:%S} UTC"
        if trusted:
            log.warning("the clock is trusted again (%s): %s samples are stamped now", shows, len(self._held))
        else:
            log.error(
                "the clock shows %s and cannot be trusted (source: %s): samples are kept without a stamp and stamped "
                "when it is right. Set the clock (timedatectl set-ntp true), or confirm it with `pvmon doctor "
                "--confirm-clock` where a person is its source",
                shows,
                self.source.value,
            )

    @property
    def trusted(self) -> bool:
        """Whether stamps may be made."""
        return self._confirmed and self._agrees and is_plausible(self._wall, self._clock)

    @property
    def _agrees(self) -> bool:
        off_s = self.off_s if self.source is ClockSource.FIELD else None
        return off_s is None or abs(off_s) <= _OFF_S

    @property
    def unsure(self) -> bool:
        """Whether samples of this minute are marked: the clock stepped."""
        return self._clock.monotonic() < self._unsure_until_s

    @property
    def by_person(self) -> bool:
        """Whether every stamp rests on a person's word."""
        return self.source is ClockSource.PERSON

    def confirm(self) -> bool:
        """A person says the clock is right; False while it shows a time that cannot be."""
        self.look()
        if not is_plausible(self._wall, self._clock):
            return False
        self._confirmed = True
        self._say()
        return True

    # ------------------------------------------------------------------ the field's clocks

    def heard(self, who: str, says: datetime) -> None:
        """Note what the clock of a gateway or logger says now."""
        self._voices[who] = (self._clock.monotonic(), (says - self._clock.now()).total_seconds())
        self._counted = False

    @property
    def off_s(self) -> float | None:
        """How far the majority of the field is ahead of this clock; None without one. [s]"""
        if not self._counted:  # once for each voice, not for each sample: a fleet has a thousand of both
            self._counted = True  # before counting: a voice heard meanwhile counts anew
            self._off_s = self._majority_s()
        return self._off_s

    def _majority_s(self) -> float | None:
        steady = self._clock.monotonic()
        for name, (at_s, _) in tuple(self._voices.items()):
            if steady - at_s > _HEARD_S:
                self._voices.pop(name, None)
        offsets = [offset for _, offset in tuple(self._voices.values())]
        if len(offsets) < _VOTERS:
            return None
        middle = median(offsets)
        agreeing = sum(abs(offset - middle) <= _AGREE_S for offset in offsets)
        return middle if 2 * agreeing > len(offsets) else None

    # ------------------------------------------------------------------ what waits for a stamp

    def hold(self, item: T) -> T | None:
        """Keep something until it can be stamped; return what had to make room for it."""
        self._held.append((self._clock.monotonic(), item))
        if len(self._held) <= self._held_max:
            return None
        self._dropped += 1
        return self._held.popleft()[1]

    def release(self) -> list[tuple[datetime, T]]:
        """Return what was kept, oldest first, each with its stamp; nothing while the clock is not trusted."""
        if not self.trusted:
            return []
        wall, steady = self._clock.now(), self._clock.monotonic()
        found = [(wall - timedelta(seconds=steady - at_s), item) for at_s, item in self._held]
        self._held.clear()
        return found

    def state(self) -> ClockState:
        """Return how the clock stands."""
        return ClockState(
            self.trusted,
            self.unsure,
            self._steps,
            self._step_s,
            self.off_s,
            len(self._held),
            self._dropped,
        )
