"""`/livez` and `/readyz`: does this process answer, and do the stores behind it. For supervisors, open to all.

They say yes or no and nothing about the district: the figures are on the data page, behind the login.
"""

from flask import Flask, Response

from dashboard.services import Services
from domain.errors import StoreError


def register(server: Flask, services: Services) -> None:
    """Add both addresses."""

    def alive() -> Response:
        return _say(200, "ok")

    def ready() -> Response:
        for name, ask in (
            ("samples", services.sources.store.status),
            ("records", services.sources.records.users),
        ):
            try:
                ask()
            except (StoreError, OSError):
                return _say(503, f"{name} cannot be read")
        return _say(200, "ok")

    server.add_url_rule("/livez", "livez", alive)
    server.add_url_rule("/readyz", "readyz", ready)


def _say(status: int, words: str) -> Response:
    return Response(words + "\n", status, mimetype="text/plain", headers={"Cache-Control": "no-store"})
