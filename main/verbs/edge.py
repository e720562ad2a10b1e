"""`pvmon edge`: the collector on a village's gateway."""

import argparse
import json
from pathlib import Path

from domain.errors import CommandError
from main.cli import Context, Exit
from texts.loader import Texts


class EdgeVerb:
    """The verb."""

    name = "edge"

    def arguments(self, parser: argparse.ArgumentParser, texts: Texts) -> None:
        """Declare the options; where the broker is comes from the environment."""
        parser.add_argument("--plant", metavar="ID", help=texts("edge.option.plant"))
        parser.add_argument("--profiles", type=Path, metavar="DIR", help=texts("finding.option.profiles"))
        parser.add_argument("--status", action="store_true", help=texts("edge.option.status"))

    def run(self, args: argparse.Namespace, context: Context) -> int:
        """Run until told to stop, or tell how the running one stands."""
        return _tell(context) if args.status else _run(args, context)


def _run(args: argparse.Namespace, context: Context) -> int:
    from main.build import options_from
    from main.edge import EdgeInstance, options_at
    from main.roles import settings_of
    from main.waiting import StopSignal, log_to

    settings = settings_of(args, context)
    log_to(settings.data_dir / "log", settings.log_level, settings.secret_values())
    options = options_at(options_from(settings), args.plant or settings.edge_plant)
    instance = EdgeInstance(options)
    plant = options.registry.plants[0]
    broker = options.broker
    assert broker is not None
    try:
        stop = StopSignal()
        instance.start()
        context.say(
            "edge.up",
            plant=plant.plant_id,
            wires=len(plant.gateways),
            devices=len(plant.devices),
            broker=f"{broker.host}:{broker.port}",
            waiting=instance.spool.status().rows,
        )
        stop.wait(instance.look)
        context.say("edge.stopping")
    finally:
        instance.stop()
    context.say("edge.stopped")
    return Exit.OK


def _tell(context: Context) -> int:
    from main import control
    from main.edge import STATUS

    found = control.call(context.data, STATUS, timeout_s=10.0)
    if found is None:
        raise CommandError(context.texts("edge.not_running", data=context.data))
    if context.json:
        print(json.dumps(found, ensure_ascii=False))
    else:
        answered = found["answered_s"]
        context.say("edge.status", **{**found, "oldest": found["oldest"] or "—"})
        context.say("edge.never" if answered is None else "edge.answered", seconds=answered)
        for fault in found["faults"]:
            context.say("edge.fault", part=fault)
    return Exit.PROBLEM if found["faults"] else Exit.OK


VERB = EdgeVerb()
