"""Sixteen browsers at once: the lightest authenticated callback and the overview through the real server.

The whole sample district behind waitress with eight threads in a process of its own (two of such are not started:
DuckDB lets one in); sixteen clients with a session each keep a connection open and post in a loop. ``lightest`` is a button that answers one word,
``route`` the change to a page that is not there, ``overview`` its refresh, which sixteen share. Round trips
are those of the client; processor time is the server's, a request, and says what load elsewhere hides. ``one_client`` posts alone, as a person does.
"""

import http.client
import json
import multiprocessing
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

from tests.dashboard.fixtures import build, login, sample_registry

CLIENTS = 16
_PATH = "/app/_dash-update-component"


@dataclass(frozen=True)
class Post:
    """A body, and the parts of a browser's session that go with it."""

    body: bytes
    headers: Mapping[str, str]


def _named(app: Any, part: str) -> str:
    callbacks = app.extensions["pvmon_guard"].callbacks
    return next(str(name) for name, spec in callbacks.items() if part in name and "callback" in spec)


def _body(app: Any, part: str, inputs: list[tuple[str, str, Any]], state: list[Any]) -> bytes:
    output = _named(app, part)
    parts = [one.rpartition(".") for one in output.strip(".").split("...")]
    outputs = [{"id": name, "property": prop} for name, _, prop in parts]
    return json.dumps(
        {
            "output": output,
            "outputs": outputs if output.startswith("..") else outputs[0],
            "inputs": [{"id": i, "property": p, "value": v} for i, p, v in inputs],
            "state": [{"id": i, "property": p, "value": v} for i, p, v in state],
            "changedPropIds": [f"{inputs[-1][0]}.{inputs[-1][1]}"],
        }
    ).encode()


def _session(app: Any, user: str) -> Mapping[str, str]:
    client = app.test_client()
    token = login(client, user)
    cookies = [client.get_cookie(name) for name in ("pvmon_session", "pvmon_form", "csrf_token")]
    return {
        "Content-Type": "application/json",
        "X-CSRFToken": token,
        "Cookie": "; ".join(f"{one.key}={one.value}" for one in cookies if one is not None),
    }


def _serve(folder: str, ready: Any, stop: Any) -> None:
    """Serve the district until told to stop; hand out address and posts."""
    from dashboard.factory import create_app
    from main.network import Reach
    from main.web import WebServer

    world = build(Path(folder), sample_registry(), days=1.2, every=timedelta(minutes=10))
    app = create_app(world.services, world.settings)
    light = _body(app, "plants-grid.exportDataAsCsv", [("plants-export", "n_clicks", 1)], [])
    route = _body(app, "page.children", [("url", "pathname", "/app/nowhere"), ("url", "search", "")], [("shown", "data", None)])  # fmt: skip
    overview = _body(app, "overview-tiles.children", [("overview-tick", "n_intervals", 1)], [])
    users = ("om", "county", "auditor", "admin", "keeper", "accountant")
    sessions = [_session(app, users[number % len(users)]) for number in range(CLIENTS)]
    server = WebServer(app, Reach("127.0.0.1", 0))
    server.start()
    port = int(server.url.rpartition(":")[2])
    ready.put((port, {"lightest": light, "route": route, "overview": overview}, sessions))
    stop.wait()
    server.stop()
    world.close()


def _serve_bare(ready: Any, stop: Any) -> None:
    """Serve the smallest Dash application there can be, with the same server: what Dash itself costs here."""
    import dash
    from flask import Flask

    from main.network import Reach
    from main.web import WebServer

    server = Flask("bare", static_folder=None)
    app = dash.Dash("bare", server=cast("Any", server), url_base_pathname="/app/", enable_mcp=False)
    app.layout = dash.html.Div(id="out")
    app.callback(dash.Output("out", "children"), dash.Input("day", "value"))(lambda day: day)
    web = WebServer(server, Reach("127.0.0.1", 0))
    web.start()
    body = {
        "output": "out.children",
        "outputs": {"id": "out", "property": "children"},
        "inputs": [{"id": "day", "property": "value", "value": "x"}],
        "changedPropIds": ["day.value"],
    }
    ready.put((int(web.url.rpartition(":")[2]), json.dumps(body).encode()))
    stop.wait()
    web.stop()


def _loop(port: int, post: Post, until_s: float, times_ms: list[float]) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    while (begun := time.perf_counter()) < until_s:
        connection.request("POST", _PATH, post.body, dict(post.headers))
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 200, answer.status
        times_ms.append((time.perf_counter() - begun) * 1e3)
    connection.close()


def _load(port: int, posts: list[Post], seconds: float) -> tuple[float, list[float]]:
    """Return requests a second and round trips. [1/s], [ms]"""
    times: list[list[float]] = [[] for _ in posts]
    begun = time.perf_counter()
    threads = [
        threading.Thread(target=_loop, args=(port, post, begun + seconds, own))
        for post, own in zip(posts, times, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    every = sorted(value for own in times for value in own)
    return len(every) / (time.perf_counter() - begun), every


def _cpu_s(process_id: int) -> float:
    """Return what a process has used of the processor. [s]"""
    fields = Path(f"/proc/{process_id}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _figures(told: Any, seconds: float, server_id: int) -> dict[str, float | str]:
    port, bodies, sessions = told
    figures: dict[str, float | str] = {}
    for name, body in bodies.items():
        posts = [Post(body, session) for session in sessions]
        _load(port, posts[:2], 1.0)  # warm
        _, alone = _load(port, posts[:1], seconds)
        begun_s = _cpu_s(server_id)
        rate, together = _load(port, posts, seconds)
        figures[f"{name}_server_cpu_ms"] = (_cpu_s(server_id) - begun_s) * 1e3 / len(together)
        figures[f"{name}_one_client_p95_ms"] = statistics.quantiles(alone, n=20)[-1]
        figures[f"{name}_16_clients_per_s"] = rate
        figures[f"{name}_16_clients_p95_ms"] = statistics.quantiles(together, n=20)[-1]
    return figures


def _bare_figures(told: Any, seconds: float, server_id: int) -> dict[str, float | str]:
    port, body = told
    posts = [Post(body, {"Content-Type": "application/json"})] * CLIENTS
    _load(port, posts[:2], 1.0)  # warm
    begun_s = _cpu_s(server_id)
    rate, together = _load(port, posts, seconds)
    cpu_ms = (_cpu_s(server_id) - begun_s) * 1e3 / len(together)
    return {"bare_dash_server_cpu_ms": cpu_ms, "bare_dash_16_clients_per_s": rate}


def _measured(target: Any, given: tuple[Any, ...], figures: Any, seconds: float) -> dict[str, float | str]:
    context = multiprocessing.get_context("spawn")
    ready, stop = context.Queue(), context.Event()
    server = context.Process(target=target, args=(*given, ready, stop))
    server.start()
    try:
        found: dict[str, float | str] = figures(ready.get(timeout=600), seconds, server.pid or 0)
        return found
    finally:
        stop.set()
        server.join(60)


def run(quick: bool = False) -> dict[str, float | str]:
    """Return the figures of sixteen clients, and what the smallest Dash application does on the same machine."""
    seconds = 3.0 if quick else 10.0
    with tempfile.TemporaryDirectory() as folder:
        found = _measured(_serve, (folder,), _figures, seconds)
    found |= _measured(_serve_bare, (), _bare_figures, seconds)
    for name in ("lightest", "route", "overview"):
        found[f"{name}_cpu_to_bare_dash"] = float(found[f"{name}_server_cpu_ms"]) / float(
            found["bare_dash_server_cpu_ms"]
        )
        found[f"{name}_rate_to_bare_dash"] = float(found[f"{name}_16_clients_per_s"]) / float(
            found["bare_dash_16_clients_per_s"]
        )
    return found


if __name__ == "__main__":
    for key, value in run().items():
        print(f"{key} = {value if isinstance(value, str) else round(value, 3)}")
