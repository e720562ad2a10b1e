"""`pvmon backup`: one sealed archive of everything; its keys; a copy elsewhere; a trial restore."""

import argparse
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from domain.clock import SystemClock
from main.cli import Context, Exit
from main.control import call
from texts.loader import Texts

if TYPE_CHECKING:
    from main.backup.parts import Sources
    from main.settings import Settings

ORDER = "backup"
_LONGEST_S = 6 * 3600.0


class BackupVerb:
    """The verb."""

    name = "backup"

    def arguments(self, parser: argparse.ArgumentParser, texts: Texts) -> None:
        """Declare what may be done; without a word an archive is made."""
        acts = parser.add_subparsers(dest="act", metavar=texts("backup.act"))
        acts.add_parser("now", help=texts("backup.now.help"))
        acts.add_parser("init", help=texts("backup.init.help"))
        copy = acts.add_parser("copy", help=texts("backup.copy.help"))
        copy.add_argument("--to", type=Path, required=True, metavar="DIR", help=texts("backup.copy.to"))
        acts.add_parser("list", help=texts("backup.list.help"))
        acts.add_parser("test", help=texts("backup.test.help"))

    def run(self, args: argparse.Namespace, context: Context) -> int:
        """Do it."""
        from main.settings import load_settings

        settings = load_settings(config_dir=context.config, data_dir=context.data)
        act = {"init": _init, "copy": _copy, "list": _list, "test": _test}.get(args.act or "now", _now)
        return act(args, context, settings)


def _init(args: argparse.Namespace, context: Context, settings: "Settings") -> int:  # noqa: ARG001
    from main.backup.keys import folder_of, make_keys

    key = make_keys(settings.data_dir)
    if context.json:
        print(json.dumps({"key_for_the_safe": key}))
    else:
        context.say("backup.init.done", key=key, folder=folder_of(settings.data_dir))
    return Exit.OK


def _now(args: argparse.Namespace, context: Context, settings: "Settings") -> int:  # noqa: ARG001
    from main.backup.work import make_backup

    done: Mapping[str, Any] | None = call(context.data, ORDER, timeout_s=_LONGEST_S)
    if done is None:
        with _sources(settings) as sources:
            done = make_backup(sources)
    if context.json:
        print(json.dumps(done, ensure_ascii=False))
        return Exit.OK
    say_contents("backup.now.done", done, context)
    copied = done["copied"]
    if copied is not None:
        context.say("backup.now.copied" if copied["ok"] else "backup.now.not_copied", **copied)
    return Exit.OK if copied is None or copied["ok"] else Exit.PROBLEM


def say_contents(key: str, done: Mapping[str, Any], context: Context) -> None:
    """Say what is in an archive; a part that is not in it is a dash."""
    shown = {name: "—" if value is None else value for name, value in done.items()}
    counts = {name: value if isinstance(value, str) else f"{value:,}" for name, value in shown.items() if name in {"records", "samples", "spool"}}  # fmt: skip
    context.say(key, **(shown | counts | {"mb": done["archive_bytes"] / 1e6}))


@contextmanager
def _sources(settings: "Settings") -> Iterator["Sources"]:
    """Open the parts in this process: nothing else runs on the data folder."""
    from main.backup.parts import SAMPLES, Sources
    from main.build import open_records
    from stores.duckdb import DuckDbStore

    records = open_records(settings)
    path = settings.data_dir / SAMPLES
    store = None
    try:
        if settings.store == "duckdb" and path.exists():
            store = DuckDbStore(path, SystemClock(), {}, memory_limit_mb=settings.store_memory_mb)
        yield Sources(settings, records.database, store, SystemClock())
    finally:
        if store is not None:
            store.close()
        records.close()


def _copy(args: argparse.Namespace, context: Context, settings: "Settings") -> int:
    from main.backup.work import copy_newest

    entry = copy_newest(settings, args.to)
    if context.json:
        print(json.dumps({"file": entry.file, "other_disk": entry.other_disk}, ensure_ascii=False))
    else:
        context.say("backup.copy.done" if entry.other_disk else "backup.copy.same_disk", file=entry.file)
    return Exit.OK


def _list(args: argparse.Namespace, context: Context, settings: "Settings") -> int:  # noqa: ARG001
    from main.backup.shelf import archives, made_at
    from main.backup.work import backup_folder

    found = [path for kind in ("full", "records") for path in _all(backup_folder(settings), kind, archives)]
    if context.json:
        print(json.dumps([{"file": str(p), "bytes": p.stat().st_size} for p in found]))
    for path in found if not context.json else ():
        context.say("backup.list.line", at=made_at(path), mb=path.stat().st_size / 1e6, file=path)
    return Exit.OK


def _all(folder: Path, kind: str, archives: Any) -> list[Path]:
    return list(archives(folder if kind == "full" else folder / "records", kind))


def _test(args: argparse.Namespace, context: Context, settings: "Settings") -> int:  # noqa: ARG001
    from main.backup.work import try_restore

    said = try_restore(settings)
    print(json.dumps({"restored": said})) if context.json else context.say("backup.test.done", what=said)
    return Exit.OK


VERB = BackupVerb()
