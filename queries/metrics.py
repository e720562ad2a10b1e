"""What a monitoring server may count of this program: names, kinds and meanings, and the newest figures.

Every process writes its figures with its heartbeat, so whoever serves pages can tell of all of them. A test
holds the names against docs/metrics.md.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from domain.clock import Clock
from queries.sources import Sources
from stores.sample_account_protocol import Heartbeat

LOST_AFTER_S = 180.0  # a process that has not been heard of for so long is missed
GAUGE, COUNTER = "gauge", "counter"


@dataclass(frozen=True, slots=True)
class Metric:
    """One named figure."""

    kind: str
    meaning: str


METRICS: Mapping[str, Metric] = {
    "pvmon_heartbeat_age_seconds": Metric(GAUGE, "Time since the process last said it lives."),
    "pvmon_faults": Metric(GAUGE, "Parts of the process that do not tick."),
    "pvmon_spool_rows": Metric(GAUGE, "Rows waiting in the queue."),
    "pvmon_spool_bytes": Metric(GAUGE, "Bytes of rows waiting in the queue."),
    "pvmon_spool_fill_ratio": Metric(GAUGE, "Share of the queue's limit in use."),
    "pvmon_spool_oldest_age_seconds": Metric(GAUGE, "Age of the oldest row in the queue, 0 when empty."),
    "pvmon_spool_quarantined": Metric(GAUGE, "Rows and messages in quarantine."),
    "pvmon_spool_appended_total": Metric(COUNTER, "Rows ever put into the queue."),
    "pvmon_spool_shed_total": Metric(COUNTER, "Rows dropped because the queue was full."),
    "pvmon_spool_thinned_total": Metric(COUNTER, "Rows that lost gauges because the queue was full."),
    "pvmon_forwarded_total": Metric(COUNTER, "Rows the store took."),
    "pvmon_forward_duplicates_total": Metric(COUNTER, "Rows the store had already."),
    "pvmon_forward_rejected_total": Metric(COUNTER, "Rows the store refused for good."),
    "pvmon_store_refusals_total": Metric(COUNTER, "Times the store was away or refused everything."),
    "pvmon_store_reachable": Metric(GAUGE, "1 when the store took or would take data, else 0."),
    "pvmon_poll_cycles_total": Metric(COUNTER, "Cycles of all wires."),
    "pvmon_poll_late_cycles_total": Metric(COUNTER, "Cycles skipped because the one before lasted too long."),
    "pvmon_poll_reads_total": Metric(COUNTER, "Read requests sent."),
    "pvmon_poll_probes_total": Metric(COUNTER, "Questions to devices known dead or asleep."),
    "pvmon_batches_total": Metric(COUNTER, "Batches decoded."),
    "pvmon_committed_total": Metric(COUNTER, "Batches safe in the queue."),
    "pvmon_lost_total": Metric(COUNTER, "Batches lost because the disk refused and memory ran out."),
    "pvmon_messages_total": Metric(COUNTER, "Messages a broker delivered."),
    "pvmon_bad_messages_total": Metric(COUNTER, "Messages nobody understood."),
    "pvmon_devices_answering": Metric(GAUGE, "Devices that answer."),
    "pvmon_devices_silent": Metric(GAUGE, "Devices that do not answer and should."),
    "pvmon_edge_villages": Metric(GAUGE, "Plants a collector in the village polls for us."),
    "pvmon_edge_silent": Metric(GAUGE, "Of those, not heard of for five minutes."),
    "pvmon_edge_waiting_rows": Metric(GAUGE, "Rows waiting in villages, as they last said."),
    "pvmon_edge_rows_total": Metric(COUNTER, "Rows taken from villages."),
    "pvmon_edge_gaps_total": Metric(COUNTER, "Rows villages numbered that will never come."),
    "pvmon_edge_clock_offset_seconds": Metric(GAUGE, "Largest distance of a village's clock from ours."),
    "pvmon_jobs_missed_total": Metric(COUNTER, "Alarms of jobs that were dropped; the job table finds them."),
}


class Metrics:
    """The newest figures of every process, without anything of the district in them."""

    def __init__(self, sources: Sources, clock: Clock) -> None:
        self._sources = sources
        self._clock = clock

    def beats(self) -> Iterator[tuple[Heartbeat, Mapping[str, float]]]:
        """Yield each process with its figures by metric name."""
        now = self._clock.now()
        for beat in self._sources.records.heartbeats():
            age = {"pvmon_heartbeat_age_seconds": age_s(beat, now), "pvmon_faults": float(len(beat.faults))}
            yield beat, {name: value for name, value in (beat.figures | age).items() if name in METRICS}


def age_s(beat: Heartbeat, now: datetime) -> float:
    """Return how long ago a process was heard of. [s]"""
    return max(0.0, (now - beat.at).total_seconds())


def missed(beats: list[Heartbeat], now: datetime) -> list[Heartbeat]:
    """Return the processes that should have been heard of and were not."""
    return [beat for beat in beats if age_s(beat, now) > LOST_AFTER_S]
