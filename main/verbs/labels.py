"""`pvmon labels`: QR labels for gates and devices, as a page to be printed."""

import argparse
from pathlib import Path

from domain.errors import CommandError
from main.cli import Context, Exit
from main.configuration import load_registry
from main.field.labels import label_sheet
from main.settings import load_settings
from texts.loader import Texts


class _Labels:
    """The verb."""

    name = "labels"

    def arguments(self, parser: argparse.ArgumentParser, texts: Texts) -> None:
        """Declare arguments and options."""
        parser.add_argument("plant", nargs="?", metavar="PLANT", help=texts("finding.labels.option.plant"))
        parser.add_argument(
            "--out",
            type=Path,
            default=Path("labels.html"),
            metavar="FILE.html",
            help=texts("finding.labels.option.out"),
        )
        parser.add_argument("--base", default="", metavar="URL", help=texts("finding.labels.option.base"))
        parser.add_argument("--overwrite", action="store_true", help=texts("finding.option.overwrite"))

    def run(self, args: argparse.Namespace, context: Context) -> int:
        """Write the page."""
        settings = load_settings(config_dir=context.config, data_dir=context.data)
        base = args.base or settings.public_url
        if not base.startswith(("http://", "https://")):
            raise CommandError(context.texts("finding.labels.no_base"))
        if args.out.exists() and not args.overwrite:
            raise CommandError(context.texts("finding.exists", path=args.out))
        registry = load_registry(context.config, context.data / "config", texts=context.texts)
        plants = [plant for plant in registry.plants if args.plant in (None, plant.plant_id)]
        if not plants:
            raise CommandError(context.texts("finding.labels.unknown", plant=args.plant))
        args.out.write_text(label_sheet(plants, registry, base, context.texts), "utf-8")
        count = sum(1 + len(plant.devices) for plant in plants)
        context.say("finding.labels.written", path=args.out, count=count, plants=len(plants))
        return Exit.OK


VERB = _Labels()
