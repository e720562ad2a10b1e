"""What the verbs run, collect, work and serve start, each until it is told to stop."""

import argparse
import time
from collections.abc import Callable

from domain.plant import Connection
from main.build import Options, options_from, refuse_single_process_store
from main.cli import Context, Exit
from main.demo.progress import Progress
from main.instance import Instance
from main.ports import refuse_used_port
from main.settings import Settings, load_settings
from main.waiting import StopSignal, log_to


def settings_of(args: argparse.Namespace, context: Context) -> Settings:
    """Return the settings of this process; what the command line says wins."""
    return load_settings(
        config_dir=context.config,
        data_dir=context.data,
        profiles_dir=getattr(args, "profiles", None),
        host=getattr(args, "host", None),
        port=getattr(args, "port", None),
    )


def start_everything(instance: Instance, progress: Progress) -> None:
    """Start all of it in one process."""
    settings = instance.options.settings
    refuse_used_port(settings.host, settings.port)
    instance.keep()
    instance.control()
    progress("store")
    instance.collect()
    instance.follow_registry()
    live = [plant for plant in instance.options.registry.plants if plant.connection is Connection.LIVE]
    progress("collecting", plants=len(live))
    instance.work()
    instance.beat("run")
    _serve(instance, progress)


def _serve(instance: Instance, progress: Progress) -> None:
    """Start the pages, and tell who started them how the first account is made."""
    url = instance.serve()
    progress("web", url=url)
    if instance.first_word:
        progress.plain("first", url=url, word=instance.first_word)


def start_collector(instance: Instance, progress: Progress) -> None:
    """Start polling, the queue, and the way into the store."""
    instance.open_records()
    instance.open_store()
    instance.open_queue()
    instance.control()
    instance.collect()
    instance.follow_registry()
    instance.beat("collector")
    progress("collecting", plants=sum(1 for p in instance.options.registry.plants if p.gateways))


def start_worker(instance: Instance, progress: Progress) -> None:
    """Start the jobs."""
    instance.open_records()
    instance.open_store()
    instance.follow_registry()
    instance.work()
    instance.beat("worker")
    progress("working")


def start_web(instance: Instance, progress: Progress) -> None:
    """Start the pages."""
    settings = instance.options.settings
    refuse_used_port(settings.host, settings.port)
    instance.open_records()
    instance.open_store()
    instance.follow_store()
    instance.follow_registry()
    instance.control()
    instance.beat("web")
    _serve(instance, progress)


Start = Callable[[Instance, Progress], None]


def perform(args: argparse.Namespace, context: Context, start: Start, *, embedded: bool) -> int:
    """Start a role and wait until it is told to stop."""
    settings = settings_of(args, context)
    if not embedded:
        refuse_single_process_store(settings, args.verb)
    log_to(settings.data_dir / "log" if embedded else None, settings.log_level, settings.secret_values())
    options = options_from(settings)
    progress = Progress(context.texts)
    _say_registry(options, progress)
    instance = Instance(options)
    try:
        start(instance, progress)
        stop = StopSignal()
        progress("up")
        stop.wait()
        progress("stopping")
    finally:
        begun = time.monotonic()
        instance.stop()
    progress("stopped", seconds=time.monotonic() - begun)
    return Exit.OK


def _say_registry(options: Options, progress: Progress) -> None:
    plants = options.registry.plants
    progress(
        "config",
        plants=len(plants),
        kw=sum(plant.ac_capacity_kw for plant in plants),
        devices=sum(len(plant.devices) for plant in plants),
    )
    if options.registry.sample:
        progress("sample")
