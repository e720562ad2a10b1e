"""A field for the tests of its verbs: virtual devices on real sockets, and a running instance without pages."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from main.build import options_from
from main.instance import Instance
from main.settings import load_settings
from tests.main import registry_files
from tests.simulator.builders import plant as virtual_plant
from tests.simulator.test_wire import serving


@contextmanager
def field(*makes: str) -> Iterator[list[int]]:
    """Serve a small plant of each make from a thread; yields the ports of their gateways."""
    ready, done = threading.Event(), threading.Event()
    ports: list[int] = []
    plants = [virtual_plant(number, profile=make) for number, make in enumerate(makes or ("huawei_sun2000",))]

    async def serve() -> None:
        async with serving(*plants) as (_, wires):
            ports.extend(wire.port for wire in wires)
            ready.set()
            await asyncio.to_thread(done.wait)

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    assert ready.wait(30)
    try:
        yield ports
    finally:
        done.set()
        thread.join(10)


def configured(folder: Path, port: int, *, period_s: int = 2) -> list[str]:
    """Write a configuration whose gateway is that port; return the global options."""
    config = registry_files.write(folder / "config")
    registry_files.change(config, "plants/alpha.yaml", "port: 15021", f"port: {port}, timeout_s: 1.5")
    registry_files.change(
        config, "plants/alpha.yaml", "tilt_deg: 30", f"tilt_deg: 30\npoll_period_s: {period_s}"
    )
    registry_files.change(config, "plants/alpha.yaml", ", unit: 1,", ", unit: 1, string_count: 8,")
    return ["--config", str(config), "--data", str(folder / "data"), "--lang", "en"]


@contextmanager
def running(folder: Path) -> Iterator[Instance]:
    """Collect in this process, with its control socket open, as `pvmon run` does but for pages and jobs."""
    settings = load_settings({}, config_dir=folder / "config", data_dir=folder / "data")
    instance = Instance(options_from(settings))
    try:
        instance.keep()
        instance.control()
        instance.collect()
        instance.follow_registry()
        yield instance
    finally:
        instance.stop()
