"""`pvmon edge`: what runs on the gateway of one village. Polls, keeps, sends on; no store, no records, no pages."""

import logging
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

from collectors.edge_line import MqttLine
from collectors.spool import Spool
from collectors.wiring import at_edge
from domain.errors import ConfigurationError
from jobs.collect import Collector
from jobs.collecting import Manner
from jobs.edge_forward import EdgeForwarder, EdgePace
from main.backup.archive import program_version
from main.build import Options, open_spool, with_registry
from main.collector_thread import CollectorThread
from main.control import Action, ControlServer
from main.field.desk import FOLLOW_ORDER
from main.field.following import RegistryFollower
from main.field.orders import follow_order, look_orders
from main.notify import notify
from main.sources import make_source

log = logging.getLogger(__name__)
STATUS = "edge"


def options_at(options: Options, plant_id: str) -> Options:
    """Return the options of one village's collector.

    Raises
    ------
    ConfigurationError
        No plant is named, the registry has no such wires, or no broker is set.
    """
    if not plant_id:
        raise ConfigurationError("which plant is polled here? Name it: --plant ID, or PVMON_EDGE_PLANT")
    found = with_registry(options, at_edge(options.registry, plant_id))
    if not options.settings.mqtt_url or options.broker is None:
        raise ConfigurationError(
            "no broker is set: give PVMON_MQTT_URL, such as mqtts://broker:8883, and the files `pvmon broker config` made"
        )
    return replace(found, broker=replace(options.broker, client_id=plant_id))


class EdgeInstance:
    """Everything of one village's collector.

    Parameters
    ----------
    options : Options
        As `options_at` returns them.
    pace : EdgePace or None
        How often things are sent.
    """

    def __init__(self, options: Options, pace: EdgePace | None = None) -> None:
        assert options.broker is not None
        self.options = options
        self.plant_id = options.registry.plants[0].plant_id
        self.spool: Spool = open_spool(options.data)
        self.collector = Collector(
            options.registry,
            options.profiles,
            options.clock,
            self.spool,
            make_source=make_source,
            manner=Manner(judges_identity=False),
        )
        self.forwarder = EdgeForwarder(
            self.spool,
            MqttLine(options.broker),
            options.clock,
            self.plant_id,
            self.collector.device_health,
            version=program_version(),
            pace=pace,
        )
        self.follower = RegistryFollower(self, lambda fresh: at_edge(fresh, self.plant_id))
        self._thread = CollectorThread(self.collector)
        self._undo = ExitStack()

    def start(self) -> None:
        """Begin to poll and to send."""
        self._undo.callback(self.spool.close)
        orders: dict[str, Action] = {
            STATUS: lambda _: self.status(),
            FOLLOW_ORDER: lambda _: follow_order(self.follower, self.options.registry),
            **look_orders(self),
        }
        control = ControlServer(self.options.data, orders)
        control.start()
        self._undo.callback(control.stop)
        self.forwarder.start()
        self._undo.callback(self.forwarder.stop)
        self._thread.start()
        self._undo.callback(self._thread.stop)
        self.follower.start()
        self._undo.callback(self.follower.stop)
        notify("READY=1")

    def stop(self) -> None:
        """Stop polling, then sending; what nobody has answered for stays in the queue."""
        self._undo.close()

    def look(self) -> None:
        """Tell the supervisor that every part ticks; one that does not is started anew with the rest."""
        if not self.faults():
            notify("WATCHDOG=1")

    def faults(self) -> list[str]:
        """Return the parts that do not tick."""
        found = list(self.collector.faults())
        found += [] if self._thread.is_alive() else ["collector"]
        return found + ([] if self.forwarder.is_alive() else ["forwarder"])

    def status(self) -> Mapping[str, Any]:
        """Return how it stands, for the command line."""
        queue, counts, forwarder = self.spool.status(), self.collector.counts(), self.forwarder
        answered_s = forwarder.answered_at_s
        return {
            "plant": self.plant_id,
            "source": forwarder.source,
            "devices": len(self.options.registry.devices_by_id),
            "waiting": queue.rows,
            "oldest": queue.oldest_at.isoformat() if queue.oldest_at else None,
            "reads": counts.reads,
            "batches": counts.committed,
            "acknowledged": forwarder.counts.acknowledged,
            "resent": forwarder.counts.resent,
            "sent_bytes": forwarder.counts.bytes,
            "answered_s": None if answered_s is None else round(self.options.clock.monotonic() - answered_s),
            "faults": self.faults(),
        }
