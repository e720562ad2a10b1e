"""Telling people: alerts → decisions with reasons → messages in a queue → channels, each once.

`Teller.think` decides and queues in one transaction with who was told; `Delivery.deliver` empties the queue,
one thread a target, so that a target that hangs delays nobody else's. A message stays queued until its target
took it, will never take it, or it expires with the reason. A program that dies between sending and noting it
sends again at its next start, under the same id: better twice than never.
"""

import hashlib
import logging
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol

from alerts.handling import covering_stop, fold
from alerts.inhibition import is_explained
from alerts.message import body, title
from alerts.notification import Circumstances, decide, is_theirs, occasion, route_for
from domain.alert import Alert, Severity
from domain.clock import Clock
from domain.errors import NotifyError, PvmonError, RecordRejectedError
from domain.handling import Handling, PlannedStop
from domain.notification import (
    Channel,
    Decision,
    DeliveryState,
    Event,
    Notification,
    Notifying,
    Reason,
    Receiver,
    Told,
)
from domain.plant import Registry
from domain.timespan import day_of, start_of_day
from stores.alert_protocol import AlertStore
from stores.notification_protocol import HandlingStore, NotificationStore
from texts.loader import Texts

log = logging.getLogger(__name__)
LOOK_BACK = timedelta(hours=36)  # resolved alerts older than this are nobody's news
_RETRY_FIRST_S, _RETRY_MOST_S = 30.0, 900.0
_IDLE_S = 2.0


class Store(AlertStore, HandlingStore, NotificationStore, Protocol):
    """What telling reads and keeps."""


@dataclass(frozen=True, slots=True)
class _Tell:
    receiver: Receiver
    alert: Alert
    told: Told


@dataclass
class Teller:
    """Decides who is told of what.

    Parameters
    ----------
    real_people : bool
        False while the registry or the people are a sample outside the demonstration: every decision is
        then "sample", and nothing is queued.
    link : callable
        Gives the address of an alert's page, put under messages; empty: none.
    """

    store: Store
    registry: Registry
    notifying: Notifying
    clock: Clock
    real_people: bool = True
    link: Callable[[str], str] = field(default=lambda _alert_id: "")
    _said: dict[tuple[str, str], Reason] = field(default_factory=dict)

    def think(self) -> int:
        """Decide about every open and newly resolved alert; return how many messages were queued."""
        now = self.clock.now()
        alerts = [*self.store.open_alerts(), *self.store.resolved_since(now - LOOK_BACK)]
        if not alerts:
            self._said.clear()
            return 0
        ids = [alert.alert_id for alert in alerts]
        told, acts = self.store.told(ids), self.store.alert_acts(ids)
        handled = {name: fold(name, acts.get(name, ())) for name in ids}
        stops = self.store.stops(min(alert.since for alert in alerts), now + timedelta(seconds=1))
        today = self.store.sent_since(start_of_day(day_of(now)))
        known = {alert.alert_id: alert for alert in alerts}
        explained = {alert.alert_id for alert in alerts if is_explained(alert, known, now)}
        decisions: list[Decision] = []
        tells: list[_Tell] = []
        for alert in alerts:
            count = len(decisions)
            for given in self._circumstances(alert, handled, told, stops, today, explained):
                decision = decide(given, self.notifying.timing, now)
                decisions.append(decision)
                if decision.tell:
                    tells.append(_Tell(given.receiver, alert, occasion(given, decision)))
            if len(decisions) == count:
                decisions.append(Decision(now, alert.alert_id, "", Reason.NO_RECEIVER))
        return self._keep(decisions, tells, today, now)

    def _circumstances(
        self,
        alert: Alert,
        handled: Mapping[str, Handling],
        told: Mapping[str, Sequence[Told]],
        stops: Sequence[PlannedStop],
        today: Mapping[str, int],
        explained: set[str],
    ) -> Iterable[Circumstances]:
        known = told.get(alert.alert_id, ())
        stop = covering_stop(alert, stops, self.registry, self.clock.now())
        firsts = [one.at for one in known if one.event is Event.FIRING]
        for receiver in self.notifying.receivers:
            if not is_theirs(receiver, alert, self.registry):
                continue
            ways = self.notifying.ways_to(receiver, alert.severity)
            yield Circumstances(
                alert,
                handled[alert.alert_id],
                replace(receiver, target_ids=ways),
                route_for(receiver, alert, self.notifying.routes),
                tuple(one for one in known if one.receiver_id == receiver.receiver_id),
                stop,
                min(firsts, default=None),
                today.get(receiver.receiver_id, 0),
                is_explained=alert.alert_id in explained,
                sample=not self.real_people,
            )

    def _keep(
        self, decisions: list[Decision], tells: Sequence[_Tell], today: Mapping[str, int], now: datetime
    ) -> int:
        """Queue messages, at most the day's number for each receiver, and keep decisions that are news."""
        bundles: dict[tuple[str, Event], list[_Tell]] = defaultdict(list)
        for tell in tells:
            bundles[tell.receiver.receiver_id, tell.told.event].append(tell)
        queued = 0
        given = dict(today)
        capped: set[tuple[str, str]] = set()
        for bundle in sorted(bundles.values(), key=_worst):
            receiver = bundle[0].receiver
            if _is_full(receiver, given, _worst(bundle)):
                capped |= {(tell.alert.alert_id, receiver.receiver_id) for tell in bundle}
                continue
            notifications, marked = self._message(bundle, now)
            try:
                self.store.queue(marked, notifications)
            except RecordRejectedError:  # another process told it a moment ago
                log.warning("an occasion was told by another process; left to it")
                continue
            given[receiver.receiver_id] = given.get(receiver.receiver_id, 0) + 1
            queued += len(notifications)
        self._note([_capped(decision, capped) for decision in decisions])
        return queued

    def _note(self, decisions: Sequence[Decision]) -> None:
        """Keep a decision when it differs from the last one about the same alert and receiver."""
        news = []
        current: dict[tuple[str, str], Reason] = {}
        for decision in decisions:
            key = (decision.alert_id, decision.receiver_id)
            current[key] = decision.reason
            if self._said.get(key) is not decision.reason:
                news.append(decision)
        self.store.add_decisions(news)
        self._said = current

    def _message(self, bundle: Sequence[_Tell], now: datetime) -> tuple[list[Notification], list[Told]]:
        """Return one message per target of the receiver, and what it tells."""
        receiver, event = bundle[0].receiver, bundle[0].told.event
        texts = Texts(receiver.language)
        alerts = [tell.alert for tell in bundle]
        occasions = ",".join(sorted(f"{tell.alert.alert_id}:{tell.told.key}" for tell in bundle))
        said = title(event, alerts, self.registry, texts)
        link = self.link(alerts[0].alert_id) if len(alerts) == 1 else self.link("")
        words = body(alerts, self.registry, texts, link)
        first = ""
        found = []
        worst = _worst(bundle)
        ways = {name for tell in bundle for name in tell.receiver.target_ids}
        for target_id in sorted(ways):
            mark = hashlib.sha256(f"{receiver.receiver_id}|{target_id}|{occasions}".encode()).hexdigest()[:32]
            first = first or mark
            found.append(
                Notification(
                    mark,
                    target_id,
                    receiver.receiver_id,
                    event,
                    worst,
                    said,
                    words,
                    now,
                    now + self.notifying.timing.expire_after,
                    tuple(alert.alert_id for alert in alerts),
                )
            )
        return found, [replace(tell.told, notification_id=first) for tell in bundle]


def _worst(bundle: Sequence[_Tell]) -> Severity:
    return min(tell.alert.severity for tell in bundle)


def _is_full(receiver: Receiver, given: Mapping[str, int], severity: Severity) -> bool:
    most = receiver.daily_max
    return bool(most) and severity is not Severity.S1 and given.get(receiver.receiver_id, 0) >= most


def _capped(decision: Decision, capped: set[tuple[str, str]]) -> Decision:
    key = (decision.alert_id, decision.receiver_id)
    return replace(decision, reason=Reason.CAPPED) if key in capped else decision


class _NoChannel:
    """Stands for a target whose channel could not be made."""

    def send(self, notification: Notification) -> None:
        """Say so."""
        raise NotifyError(f"target {notification.target_id} has no channel; see `pvmon notify targets`")


@dataclass
class Delivery:
    """Hands queued messages to their channels. Thread safe; each target has at most one send under way.

    ``faults`` explains targets without a channel: their messages wait and say so.
    """

    store: NotificationStore
    channels: Mapping[str, Channel]
    clock: Clock
    threads: int = 8
    _busy: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _pool: ThreadPoolExecutor = field(init=False)

    def __post_init__(self) -> None:
        self._pool = ThreadPoolExecutor(self.threads, thread_name_prefix="notify")

    def deliver(self, *, wait: bool = False) -> int:
        """Start sending what is due; return how many targets were given work. ``wait`` until it is done."""
        by_target: dict[str, list[Notification]] = defaultdict(list)
        for notification in self.store.due(self.clock.now()):
            by_target[notification.target_id].append(notification)
        started = []
        for target_id, waiting in by_target.items():
            with self._lock:
                if target_id in self._busy:
                    continue
                self._busy.add(target_id)
            started.append(self._pool.submit(self._serve, target_id, waiting))
        if wait:
            for future in started:
                future.result()
        return len(started)

    def close(self) -> None:
        """Finish what is being sent; the rest stays queued."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _serve(self, target_id: str, waiting: Sequence[Notification]) -> None:
        try:
            for notification in waiting:
                if not self._send(notification):
                    return  # the target is away: the next ones would only wait for it again
        except Exception:
            log.exception("sending to target %s failed", target_id)
        finally:
            with self._lock:
                self._busy.discard(target_id)

    def _send(self, notification: Notification) -> bool:
        """Send one message and keep how it ended; False when the target is away."""
        now = self.clock.now()
        if now >= notification.expires_at:
            why = notification.failure or "it waited too long"
            self.store.settle(
                replace(notification, state=DeliveryState.EXPIRED, next_try_at=None, failure=why)
            )
            return True
        if not self.store.claim(notification.notification_id):
            return True
        attempts = notification.attempts + 1
        channel = self.channels.get(notification.target_id, _NoChannel())
        try:
            channel.send(notification)
        except NotifyError as error:
            self._failed(notification, error, attempts)
            return not error.retry
        sent = replace(
            notification,
            state=DeliveryState.SENT,
            attempts=attempts,
            sent_at=self.clock.now(),
            next_try_at=None,
            failure="",
        )
        self.store.settle(sent)
        return True

    def _failed(self, notification: Notification, error: NotifyError, attempts: int) -> None:
        wait_s = min(_RETRY_MOST_S, _RETRY_FIRST_S * 2.0 ** min(attempts - 1, 10))
        state = DeliveryState.QUEUED if error.retry else DeliveryState.REFUSED
        next_try_at = self.clock.now() + timedelta(seconds=wait_s) if error.retry else None
        log.warning("target %s: message not taken: %s", notification.target_id, error)
        self.store.settle(
            replace(
                notification,
                state=state,
                attempts=attempts,
                next_try_at=next_try_at,
                failure=str(error)[:200],
            )
        )


class Notifier:
    """Thinks and delivers in a thread of its own, every two seconds of real time."""

    def __init__(self, teller: Teller, delivery: Delivery, *, idle_s: float = _IDLE_S) -> None:
        self._teller = teller
        self._delivery = delivery
        self._idle_s = idle_s
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="notifier", daemon=True)

    def start(self) -> None:
        """Start; what was being sent when the program last died is queued again."""
        self._delivery.store.release_claims()
        self._thread.start()

    def stop(self, timeout_s: float = 8.0) -> None:
        """Stop; what is queued stays queued."""
        self._stopping.set()
        self._thread.join(timeout_s)
        self._delivery.close()

    def step(self, *, wait: bool = False) -> int:
        """Think and deliver once; return how many messages were queued."""
        queued = self._teller.think()
        self._delivery.deliver(wait=wait)
        return queued

    def _run(self) -> None:
        failing = False
        while not self._stopping.wait(self._idle_s):
            try:
                self.step()
                failing = False
            except PvmonError as error:
                if not failing:
                    log.warning("notifications wait: %s", error)
                failing = True
            except Exception:
                log.exception("notifications failed; tried again")
