"""The overview: server CPU of each callback, cost of the shared picture, and the time of a second visit.

The whole sample district (60 plants, 2 days of rows made by the virtual fleet) in real stores. CPU is that of
the answering thread. The second visit is timed in Chromium until every chart in sight stands, in turn with a minimal
page of the same libraries (Mantine frame, one chart, one grid) on the same kind of server.
"""

import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.dashboard.fixtures import PASSWORD, Served, World, build, login, sample_registry

_IN_SIGHT = 2  # heat map and map; the curve stands below them
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
_DRAWN = (  # charts that stand in the window
    "(() => { const inSight = e => { const box = e.getBoundingClientRect();"
    " return box.width && box.top < innerHeight; };"
    " return [...document.querySelectorAll('.js-plotly-plot')]"
    ".filter(e => e.querySelector('.main-svg') && inSight(e)).length; })()"
)


def _post(client: Any, token: str, output: str, inputs: list[tuple[str, str, Any]], state: list[Any]) -> int:
    parts = [one.rpartition(".") for one in output.strip(".").split("...")]
    answer = client.post(
        "/app/_dash-update-component",
        json={
            "output": output,
            "outputs": [{"id": name, "property": prop} for name, _, prop in parts],
            "inputs": [{"id": i, "property": p, "value": v} for i, p, v in inputs],
            "state": [{"id": i, "property": p, "value": v} for i, p, v in state],
            "changedPropIds": [f"{inputs[-1][0]}.{inputs[-1][1]}"],
        },
        headers={"X-CSRFToken": token},
    )
    assert answer.status_code == 200, answer.get_data(as_text=True)[:300]
    return len(answer.get_data())


def _cpu_ms(act: Callable[[], int], rounds: int) -> tuple[float, int]:
    size = act()
    times = []
    for _ in range(rounds):
        begun = time.thread_time()
        size = act()
        times.append((time.thread_time() - begun) * 1e3)
    return statistics.median(times), size


def _callbacks(world: World, rounds: int) -> dict[str, float | str]:
    app = world.app()
    client = app.test_client()
    token = login(client)
    known = app.extensions["pvmon_guard"].callbacks
    plant = world.registry.plants[0].plant_id

    def named(part: str) -> str:
        return next(str(name) for name, spec in known.items() if part in name and "callback" in spec)

    store = [("plant-id", "data", {"plant": plant, "device": ""})]
    posts: dict[str, tuple[str, list[tuple[str, str, Any]], list[Any]]] = {
        "overview_refresh": (named("overview-tiles.children"), [("overview-tick", "n_intervals", 1)], []),
        "overview_open": (
            named("page.children"),
            [("url", "pathname", "/app/"), ("url", "search", "")],
            [("shown", "data", None)],
        ),
        "plants_refresh": (
            named("plants-grid.rowData"),
            [("plants-chips", "value", "all"), ("plants-tick", "n_intervals", 1)],
            [],
        ),
        "plant_refresh": (
            named("plant-head.children"),
            [("plant-tab", "value", "summary"), ("plant-tick", "n_intervals", 1)],
            store,
        ),
    }
    figures: dict[str, float | str] = {}
    for name, (output, inputs, state) in posts.items():
        cpu_ms, size = _cpu_ms(
            lambda o=output, i=inputs, s=state: _post(client, token, o, i, s),  # type: ignore[misc]
            rounds,
        )
        figures[f"{name}_cpu_ms"] = cpu_ms
        figures[f"{name}_kb"] = size / 1e3
    return figures


def _picture(world: World) -> dict[str, float | str]:
    from queries.snapshot import SnapshotKeeper

    live, whole = (
        SnapshotKeeper(world.services.sources, day_s=1e9),
        SnapshotKeeper(world.services.sources, day_s=-1),
    )
    live.renew()
    times: dict[str, list[float]] = {"snapshot_live_ms": [], "snapshot_with_day_ms": []}
    for _ in range(5):
        for name, keeper in (("snapshot_live_ms", live), ("snapshot_with_day_ms", whole)):
            begun = time.perf_counter()
            keeper.renew()
            times[name].append((time.perf_counter() - begun) * 1e3)
    return {name: statistics.median(values) for name, values in times.items()}


def _minimal() -> Any:
    """Return the smallest page of the same libraries: a frame, a chart, a grid, no login."""
    import dash_ag_grid as dag
    import dash_mantine_components as dmc
    from dash import Dash, dcc, html

    from dashboard import compression

    app = Dash(
        "dashboard",
        url_base_pathname="/app/",
        assets_ignore=r"(NOTICE|.*\.txt|.*pvmon.*)$",
        enable_mcp=False,
    )
    app.layout = dmc.MantineProvider(
        dmc.AppShell(
            dmc.AppShellMain(
                html.Div(
                    [
                        dcc.Graph(figure={"data": [{"type": "scatter", "y": [1, 2, 3]}], "layout": {}}),
                        dag.AgGrid(rowData=[{"a": 1}], columnDefs=[{"field": "a"}]),
                    ]
                )
            )
        )
    )
    compression.install(app.server, "/app/")
    return app.server


def _visits(world: World, rounds: int) -> dict[str, float | str]:
    from playwright.sync_api import sync_playwright

    ours, theirs = Served(world.app()), Served(_minimal())
    try:
        with sync_playwright() as play:
            browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
            context = browser.new_context(viewport={"width": 1440, "height": 900}, bypass_csp=True)
            page = context.new_page()
            page.goto(f"{ours.url}/login")
            page.fill("input[name=user]", "om")
            page.fill("input[name=password]", PASSWORD)
            page.click("button.primary")
            page.wait_for_url("**/app/**")

            def visit(base: str, plots: int) -> float:
                begun = time.perf_counter()
                page.goto(f"{base}/app/", wait_until="commit")
                page.wait_for_function(f"{_DRAWN} >= {plots}")
                return (time.perf_counter() - begun) * 1e3

            visit(ours.url, _IN_SIGHT)
            visit(theirs.url, 1)
            times: dict[str, list[float]] = {"ours": [], "theirs": []}
            for _ in range(rounds):
                times["ours"].append(visit(ours.url, _IN_SIGHT))
                times["theirs"].append(visit(theirs.url, 1))
            browser.close()
    finally:
        ours.stop()
        theirs.stop()
    mine, minimal = statistics.median(times["ours"]), statistics.median(times["theirs"])
    return {"second_visit_ms": mine, "minimal_page_ms": minimal, "second_visit_ratio": mine / minimal}


def run(quick: bool = False) -> dict[str, float | str]:
    """Return the figures of the pages."""
    with tempfile.TemporaryDirectory() as folder:
        world = build(Path(folder), sample_registry(), days=2.0, every=timedelta(minutes=10))
        try:
            figures = _callbacks(world, 10 if quick else 40)
            figures.update(_picture(world))
            if shutil.which("chromium") is None:
                figures["second_visit_ratio"] = "not measured: chromium is missing"
            else:
                figures.update(_visits(world, 3 if quick else 9))
        finally:
            world.close()
    return figures


if __name__ == "__main__":
    for key, value in run().items():
        print(f"{key} = {value if isinstance(value, str) else round(value, 3)}")
