"""The pulse of a process: every few seconds it says it lives, with its figures, and publishes the account of samples.

The heartbeat lies in the records, where another process looks for it: who died cannot say so himself.
"""

import logging
import shutil
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING

from domain.clock import SystemClock
from domain.errors import PvmonError
from domain.health import Contact
from jobs.edge_desk import is_fresh
from main.notify import notify
from queries.metrics import missed
from stores.sample_account_protocol import Heartbeat

if TYPE_CHECKING:
    from main.instance import Instance

log = logging.getLogger(__name__)

EVERY_S = 10.0
FILL_MAX = 0.8
FREE_MIN = 0.1
_COLLECTOR = {
    "pvmon_poll_cycles_total": "cycles",
    "pvmon_poll_late_cycles_total": "late_cycles",
    "pvmon_poll_reads_total": "reads",
    "pvmon_poll_probes_total": "probes",
    "pvmon_batches_total": "batches",
    "pvmon_committed_total": "committed",
    "pvmon_lost_total": "lost",
    "pvmon_messages_total": "messages",
    "pvmon_bad_messages_total": "bad_messages",
}
EDGE_FIGURES = (
    "pvmon_edge_villages",
    "pvmon_edge_silent",
    "pvmon_edge_waiting_rows",
    "pvmon_edge_rows_total",
    "pvmon_edge_gaps_total",
    "pvmon_edge_clock_offset_seconds",
)
_FORWARDER = {
    "pvmon_forwarded_total": "forwarded",
    "pvmon_forward_duplicates_total": "duplicates",
    "pvmon_forward_rejected_total": "rejected",
    "pvmon_store_refusals_total": "refusals",
}


class Pulse:
    """Beats for an instance, in a thread of its own."""

    def __init__(self, instance: "Instance", name: str) -> None:
        self.name = name
        self._instance = instance
        self._clock = SystemClock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pulse", daemon=True)
        self._said: set[str] = set()
        self._villages: set[str] = set()

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Publish once more, and take leave, so that nobody misses this process."""
        self._stopping.set()
        self._thread.join(5.0)
        try:
            self._publish()
            self._instance.records.forget_heartbeat(self.name)
        except PvmonError as error:
            log.warning("leave could not be taken: %s", error)

    def _run(self) -> None:
        notify("READY=1")
        while True:
            self.beat()
            if self._stopping.wait(EVERY_S):
                return

    def beat(self) -> None:
        """Beat once; a database that is away costs a line in the log."""
        faults = self.faults()
        if not faults:
            notify("WATCHDOG=1")  # a supervisor that waits for it restarts us when it stays away
        try:
            now = self._clock.now()
            self._instance.records.beat(Heartbeat(self.name, now, dict(self.figures()), tuple(faults)))
            self._publish()
            self._look_after_others()
            self._look_after_villages()
        except PvmonError as error:
            log.warning("heartbeat: %s", error)
        except Exception:
            log.exception("heartbeat")

    def _publish(self) -> None:
        spool = self._instance.spool
        if spool is None:
            return
        strips = spool.take_unpublished()
        try:
            self._instance.records.put_strips(strips)
        except BaseException:
            spool.put_back(strips)
            raise

    def _look_after_others(self) -> None:
        """Say once when another process has not been heard of."""
        at = self._clock.now()
        lost = {beat.process for beat in missed(self._instance.records.heartbeats(), at)} - {self.name}
        for process in lost - self._said:
            log.error("process %s has not been heard of for three minutes; see whether it runs", process)
        for process in self._said - lost:
            log.info("process %s is heard of again", process)
        self._said = lost

    def _look_after_villages(self) -> None:
        """Say once when the collector of a village has not been heard of for five minutes."""
        collector = self._instance.collector
        if collector is None:
            return
        now = self._instance.options.clock.now()
        lost = {b.plant_id for b in collector.edge_beats() if b.at is not None and not is_fresh(b, now)}
        for plant_id in lost - self._villages:
            log.error("the collector of plant %s has not been heard of for five minutes", plant_id)
        for plant_id in self._villages - lost:
            log.info("the collector of plant %s is heard of again", plant_id)
        self._villages = lost

    # ------------------------------------------------------------------ what is known

    def faults(self) -> list[str]:
        """Return the parts of this process that do not tick."""
        return self._instance.faults()

    def figures(self) -> Mapping[str, float]:
        """Return what this process counts, by metric name."""
        instance = self._instance
        found: dict[str, float] = {}
        if instance.spool is not None:
            found |= _of_spool(instance)
        if instance.forwarder is not None:
            counts = instance.forwarder.counts
            found |= {name: float(getattr(counts, field)) for name, field in _FORWARDER.items()}
            found["pvmon_store_reachable"] = float(instance.forwarder.is_store_there)
        if instance.collector is not None:
            collected = instance.collector.counts()
            found |= {name: float(getattr(collected, field)) for name, field in _COLLECTOR.items()}
            contacts = [health.contact for health in instance.collector.device_health().values()]
            found["pvmon_devices_answering"] = float(contacts.count(Contact.ANSWERING))
            found["pvmon_devices_silent"] = float(contacts.count(Contact.SILENT))
            found |= _of_villages(instance)
        if instance.schedule is not None:
            found["pvmon_jobs_missed_total"] = float(instance.schedule.missed)
        return found


def _of_villages(instance: "Instance") -> dict[str, float]:
    """Return figures of the collectors in villages, all of them together; nothing where there is none."""
    assert instance.collector is not None
    beats = instance.collector.edge_beats()
    if not beats:
        return {}
    now = instance.options.clock.now()
    silent = sum(not is_fresh(beat, now) for beat in beats)
    figures = (
        len(beats),
        silent,
        sum(beat.waiting for beat in beats),
        sum(beat.rows for beat in beats),
        sum(beat.gaps for beat in beats),
        max(abs(beat.offset_s) for beat in beats),
    )
    return dict(zip(EDGE_FIGURES, map(float, figures), strict=True))


def _of_spool(instance: "Instance") -> dict[str, float]:
    assert instance.spool is not None
    status = instance.spool.status()
    age_s = (instance.options.clock.now() - status.oldest_at).total_seconds() if status.oldest_at else 0.0
    return {
        "pvmon_spool_rows": float(status.rows),
        "pvmon_spool_bytes": float(status.size_bytes),
        "pvmon_spool_fill_ratio": status.fill,
        "pvmon_spool_oldest_age_seconds": max(0.0, age_s),
        "pvmon_spool_quarantined": float(status.quarantined),
        "pvmon_spool_appended_total": float(status.appended),
        "pvmon_spool_shed_total": float(status.shed),
        "pvmon_spool_thinned_total": float(status.thinned),
    }


def unready(instance: "Instance") -> list[str]:
    """Return why this process should not be given work: short words, nothing of the district."""
    reasons = []
    if instance.spool is not None and instance.spool.status().fill >= FILL_MAX:
        reasons.append("queue is nearly full")
    usage = shutil.disk_usage(instance.options.data)
    if usage.free < FREE_MIN * usage.total:
        reasons.append("disk is nearly full")
    return reasons
