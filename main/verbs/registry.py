"""`pvmon registry`: the list of plants as a spreadsheet, out and in, with a preview, revisions and undo."""

import argparse
import getpass
import json
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from domain.clock import Clock, SystemClock
from domain.errors import CommandError
from main.cli import Context, Exit
from main.configuration import RegistryProblemsError, read_facts, read_layer
from main.registry import revisions
from main.registry.changes import Change, changes_between
from main.registry.checks import check_facts
from main.registry.facts import Facts, lay_over
from main.registry.problem import Problem, Problems
from main.registry.profiles import known_profiles
from main.registry.revisions import Revision
from main.registry.sheets import FIRST_ROW, facts_of
from main.registry.workbook import read_workbook, write_workbook
from texts.loader import Texts

_LINES_MAX = 40


def read_spreadsheet(path: Path, texts: Texts | None = None) -> Facts:
    """Return the records of a workbook, checked as the files of `config/` are.

    Raises
    ------
    RegistryProblemsError
        Lists every fault with its sheet, row and column.
    CommandError
        It is no workbook.
    """
    problems = Problems(texts)
    found = read_workbook(path, problems)
    whole = not problems.found
    facts = facts_of(found, problems)
    empty = [
        name for name in ("district", "towns", "villages", "plants") if name in found and not found[name].rows
    ]
    for name in empty:
        problems.add(found[name].title, FIRST_ROW, "", "sheet_empty")
    if whole and not empty:
        check_facts(facts, known_profiles(), problems, path.name)
    if problems.found:
        raise RegistryProblemsError(problems.sorted())
    return facts


def write_facts(config: Path, overlay: Path, wanted: Facts, revision: Revision) -> Revision:
    """Put ``wanted`` in force as a new revision over the delivered files; nothing is written unless it is sound.

    Raises
    ------
    CommandError, StoreUnavailableError
        See `main.registry.revisions.add_revision`.
    """
    problems = Problems()
    base = read_layer(config, problems)
    header = f"pvmon registry {revision.action}, {revision.at.isoformat(timespec='seconds')}"
    files = revisions.files_of(base, wanted, header)

    def verify(folder: Path) -> None:
        again = lay_over(base, read_layer(folder, problems), problems)
        if problems.found or changes_between(wanted, again):
            raise CommandError(f"{folder}: what was written reads differently; nothing was changed")

    return revisions.add_revision(overlay, files, revision, verify)


class RegistryVerb:
    """See `pvmon registry --help`."""

    name = "registry"

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()

    def arguments(self, parser: argparse.ArgumentParser, texts: Texts) -> None:
        """Declare arguments and options."""
        acts = parser.add_subparsers(dest="act", metavar="template|export|import|undo|history", required=True)
        for act in ("template", "export"):
            one = acts.add_parser(act, help=texts(f"registry.option.{act}"))
            one.add_argument("file", type=Path, metavar="OUT.xlsx", help=texts("registry.option.out"))
            one.add_argument("--overwrite", action="store_true", help=texts("registry.option.overwrite"))
        taken = acts.add_parser("import", help=texts("registry.option.import"))
        taken.add_argument("file", type=Path, metavar="IN.xlsx", help=texts("registry.option.in"))
        taken.add_argument("--dry-run", action="store_true", help=texts("registry.option.dry_run"))
        taken.add_argument("--yes", action="store_true", help=texts("registry.option.assume_yes"))
        undone = acts.add_parser("undo", help=texts("registry.option.undo"))
        for one in (taken, undone):
            one.add_argument("--user", default="", metavar="NAME", help=texts("registry.option.user"))
        acts.add_parser("history", help=texts("registry.option.history"))

    def run(self, args: argparse.Namespace, context: Context) -> int:
        """Do it."""
        overlay = context.data / "config"
        if args.act == "template":
            return _template(args, context)
        if args.act == "export":
            return _export(args, context, overlay)
        if args.act == "import":
            return self._import(args, context, overlay)
        if args.act == "undo":
            return self._undo(args, context, overlay)
        return _history(context, overlay)

    def _import(self, args: argparse.Namespace, context: Context, overlay: Path) -> int:
        current = read_facts(context.config, overlay, context.texts)
        try:
            wanted = read_spreadsheet(args.file, context.texts)
        except RegistryProblemsError as error:
            _say_row_problems(error.problems, context)
            return Exit.PROBLEM
        changes = changes_between(current, wanted)
        if not context.json:
            say_changes(changes, context)
        if not changes or args.dry_run:
            return _finish(changes, None, context, "import.dry_run" if changes else "")
        if not args.yes and not agreed(context):
            return Exit.PROBLEM
        user = user_of(args.user, context)
        parent = revisions.current_number(overlay)
        summary = _summary(changes, context.texts)
        asked = Revision(0, parent, self._clock.now(), user, "import", summary, "")
        written = write_facts(context.config, overlay, wanted, asked)
        return _finish(changes, written, context, "import.done")

    def _undo(self, args: argparse.Namespace, context: Context, overlay: Path) -> int:
        done = revisions.undo(overlay, user_of(args.user, context), self._clock.now())
        if done is None:
            raise CommandError(context.texts("registry.undo.nothing"))
        if context.json:
            print(json.dumps(_plain(done), ensure_ascii=False))
        else:
            context.say("registry.undo.done", undone=done.undoes, back_to=done.parent, number=done.number)
        return Exit.OK


def _template(args: argparse.Namespace, context: Context) -> int:
    _refuse_existing(args, context)
    write_workbook(args.file, None)
    context.say("registry.written_template", path=args.file)
    return Exit.OK


def _export(args: argparse.Namespace, context: Context, overlay: Path) -> int:
    _refuse_existing(args, context)
    facts = read_facts(context.config, overlay, context.texts)
    write_workbook(args.file, facts)
    devices = sum(len(plant["devices"]) for plant in facts.plants.values())
    context.say("registry.written", path=args.file, plants=len(facts.plants), devices=devices)
    return Exit.OK


def _refuse_existing(args: argparse.Namespace, context: Context) -> None:
    if args.file.exists() and not args.overwrite:
        raise CommandError(context.texts("registry.exists", path=args.file))


def _history(context: Context, overlay: Path) -> int:
    found = revisions.history(overlay)
    if context.json:
        rows = [{**_plain(one), "intact": revisions.is_intact(overlay, one)} for one in found]
        print(
            json.dumps({"current": revisions.current_number(overlay), "revisions": rows}, ensure_ascii=False)
        )
        return Exit.OK
    if not found:
        context.say("registry.history.empty")
    for one in found:
        context.say(
            "registry.history.line",
            number=one.number,
            at=one.at.isoformat(timespec="seconds"),
            user=one.user,
            action=context.texts(f"registry.history.{one.action}"),
            summary=one.summary,
            sha256=one.sha256[:12],
        )
        if not revisions.is_intact(overlay, one):
            context.say("registry.problem.revision_altered", number=one.number)
    return Exit.OK


def _plain(revision: Revision) -> dict[str, Any]:
    return {**asdict(revision), "at": revision.at.isoformat()}


def user_of(given: str, context: Context) -> str:
    """Return who changes the registry: the name given, else that of the login."""
    try:
        name = given.strip() or getpass.getuser()
    except (OSError, KeyError):
        name = ""
    if not name or not name.isprintable():
        raise CommandError(context.texts("registry.import.no_user"))
    return name


def agreed(context: Context) -> bool:
    """Ask the person at the terminal; False when they decline."""
    if context.json or not sys.stdin.isatty():
        raise CommandError(context.texts("registry.import.not_asked"))
    answer = input(context.texts("registry.import.ask")).strip().lower()
    if answer in {"y", "yes", "是"}:
        return True
    context.say("registry.import.refused")
    return False


def _summary(changes: Sequence[Change], texts: Texts) -> str:
    kinds = Counter(change.kind for change in changes)
    counts = {kind: kinds[kind] for kind in ("added", "changed", "removed")}
    return texts("registry.change.summary", **counts)


def say_changes(changes: Sequence[Change], context: Context) -> None:
    """Show a preview, the first lines of a long one."""
    if not changes:
        context.say("registry.change.none")
        return
    for change in changes[:_LINES_MAX]:
        print(change_line(change, context.texts))
    if len(changes) > _LINES_MAX:
        context.say("registry.change.more", count=len(changes) - _LINES_MAX)
    print(_summary(changes, context.texts))


def change_line(change: Change, texts: Texts) -> str:
    """Return one change in a line."""
    what = texts(f"registry.word.{change.what}")
    if change.kind == "added":
        return texts("registry.change.line_added", what=what, id=change.id, detail=change.new)
    if change.kind == "removed":
        return texts("registry.change.line_removed", what=what, id=change.id)
    return texts(
        "registry.change.line",
        what=what,
        id=change.id,
        key=change.key,
        old=change.old or "—",
        new=change.new or "—",
    )


def _say_row_problems(problems: Sequence[Problem], context: Context) -> None:
    if context.json:
        print(json.dumps({"written": False, "problems": [asdict(p) for p in problems]}, ensure_ascii=False))
        return
    context.say("registry.import.row_problems", count=len(problems))
    for problem in problems:
        print(problem)


def _finish(changes: Sequence[Change], written: Revision | None, context: Context, words: str) -> int:
    if context.json:
        answer = {
            "written": written is not None,
            "revision": _plain(written) if written is not None else None,
            "changes": [asdict(change) for change in changes],
        }
        print(json.dumps(answer, ensure_ascii=False))
    elif written is not None:
        context.say(f"registry.{words}", number=written.number, user=written.user)
    elif words:
        context.say(f"registry.{words}")
    return Exit.OK


VERB = RegistryVerb()
