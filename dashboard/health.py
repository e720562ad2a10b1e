"""`/livez`, `/readyz` and `/metrics`: what supervisors and monitoring servers ask.

The first two say yes or no and nothing about the district: its figures are behind the login. `/metrics` holds
counts of this program in the Prometheus text form; it answers a caller on this machine, or one with the
token of PVMON_METRICS_TOKEN_FILE, and nobody whose question came through a proxy without it.
"""

import hmac
from collections.abc import Callable, Iterator

from flask import Flask, Response, request
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from dashboard.services import Services
from domain.clock import SystemClock
from domain.errors import StoreError
from queries.metrics import COUNTER, METRICS, Metrics

_LOOPBACK = frozenset({"127.0.0.1", "::1"})
_FORWARDED = ("X-Forwarded-For", "Forwarded", "X-Real-IP")


class _Figures(Collector):
    """Hands the figures of every process to prometheus_client."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def collect(self) -> Iterator[Metric]:
        """Yield each metric with one sample a process."""
        families = {
            name: (CounterMetricFamily if metric.kind == COUNTER else GaugeMetricFamily)(
                name, metric.meaning, labels=["process"]
            )
            for name, metric in METRICS.items()
        }
        for beat, figures in self._metrics.beats():
            for name, value in figures.items():
                families[name].add_metric([beat.process], value)
        yield from families.values()


def register(server: Flask, services: Services, metrics_token: str = "") -> None:
    """Add the addresses."""
    sources = services.sources
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Figures(Metrics(sources, SystemClock())))

    def alive() -> Response:
        faults = sources.faults()
        return _say(503, "a part does not tick") if faults else _say(200, "ok")

    def ready() -> Response:
        for name, ask in (("samples", sources.store.status), ("records", sources.records.users)):
            if not _answers(ask):
                return _say(503, f"{name} cannot be read")
        reasons = sources.unready()
        return _say(503, "; ".join(reasons)) if reasons else _say(200, "ok")

    def metrics() -> Response:
        if not _may_count(metrics_token):
            return _say(403, "metrics: ask from this machine, or with the token")
        return Response(generate_latest(registry), 200, mimetype="text/plain; version=0.0.4")

    server.add_url_rule("/livez", "livez", alive)
    server.add_url_rule("/readyz", "readyz", ready)
    server.add_url_rule("/metrics", "metrics", metrics)


def _answers(ask: Callable[[], object]) -> bool:
    try:
        ask()
    except (StoreError, OSError):
        return False
    return True


def _may_count(token: str) -> bool:
    given = request.headers.get("Authorization", "")
    if token and hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
        return True
    direct = not any(name in request.headers for name in _FORWARDED)
    return direct and request.remote_addr in _LOOPBACK


def _say(status: int, words: str) -> Response:
    return Response(words + "\n", status, mimetype="text/plain", headers={"Cache-Control": "no-store"})
