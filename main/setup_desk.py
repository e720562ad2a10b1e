"""What setting up from the browser may do with files and wires: the same functions as the command line's."""

import contextlib
import io
import secrets
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from access.principal import Principal
from commands.setting_up import SWEEP_MAX, Finding, Question, RegistryPreview, SettingRow, SetupRefusedError
from commands.tables import FILE_BYTES_MAX
from domain.clock import SystemClock
from domain.errors import CommandError
from domain.plant import WireProtocol
from inverters.recognise import SURE
from main.configuration import RegistryProblemsError, read_facts, read_layer
from main.field.adding import NewDevice, with_device
from main.registry import revisions
from main.registry.changes import changes_between
from main.registry.checks import check_facts
from main.registry.facts import Facts, lay_over
from main.registry.problem import Problems
from main.registry.profiles import known_profiles
from main.registry.revisions import Revision, files_of
from main.registry.workbook import write_workbook
from main.settings import PREFIX, Settings
from main.verbs.registry import change_line, read_spreadsheet, write_facts
from stores.question_protocol import FieldQuestion
from stores.records.questions import SqlQuestionStore
from texts.loader import Texts

if TYPE_CHECKING:
    from main.instance import Instance

_UNZIPPED_MAX = 40 * 1024 * 1024
_FILES_MAX = 2_000
_LINES_MAX = 200
_NOBODY_AFTER = timedelta(seconds=30)  # no collector has taken a question
_LOST_AFTER = timedelta(minutes=15)  # one took it and never came back
_UNIT_MAX = 247
_VALUES_MAX = 40
_LAST = ("dc_string_", "device_state_word_", "alarm_word_")  # many, and the rest says more


class FileSetupDesk:
    """Implements commands.setting_up.SetupDesk over an instance's folders and collector."""

    def __init__(self, instance: "Instance") -> None:
        self._instance = instance
        self._questions = SqlQuestionStore(instance.records.database)

    # ------------------------------------------------------------------ settings

    def settings(self) -> Sequence[SettingRow]:
        """Return every setting; files of secrets are named, never read."""
        settings = self._instance.options.settings
        return [_row(settings, name) for name in Settings.model_fields]

    # ------------------------------------------------------------------ the list of plants

    def export(self, form: str) -> tuple[str, bytes]:
        """Return the list of plants as a file."""
        if form == "yaml":
            return "registry-yaml.zip", self._yaml()
        facts = None if form == "template" else self._facts(None)
        with _scratch("registry.xlsx") as path:
            write_workbook(path, facts)
            return f"registry{'-template' if facts is None else ''}.xlsx", path.read_bytes()

    def _yaml(self) -> bytes:
        target = io.BytesIO()
        files = files_of(Facts(), self._facts(None), "pvmon registry export")
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, text in sorted(files.items()):
                archive.writestr(zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0)), text)
        return target.getvalue()

    def preview(self, content: bytes, texts: Texts) -> RegistryPreview:
        """Return what a file would change."""
        parent = revisions.current_number(self._overlay)
        try:
            wanted = self._read(content, texts)
        except RegistryProblemsError as error:
            return RegistryPreview((), tuple(map(str, error.problems[:_LINES_MAX])), parent)
        except SetupRefusedError as error:
            return RegistryPreview((), (error.words(texts),), parent)
        except CommandError as error:
            return RegistryPreview((), (str(error),), parent)
        found = changes_between(self._facts(texts), wanted)
        return RegistryPreview(tuple(change_line(one, texts) for one in found), (), parent)

    def keep(self, content: bytes, parent: int, user_id: str, texts: Texts) -> int:
        """Put a file in force."""
        wanted = self._read(content, texts)
        return self._write(wanted, parent, user_id, "import", texts("setup.registry.summary"))

    def _read(self, content: bytes, texts: Texts) -> Facts:
        if len(content) > FILE_BYTES_MAX:
            raise SetupRefusedError("registry.large")
        if _is_yaml_archive(content):
            return self._read_yaml(content, texts)
        with _scratch("list.xlsx") as path:
            path.write_bytes(content)
            return read_spreadsheet(path, texts)

    def _read_yaml(self, content: bytes, texts: Texts) -> Facts:
        problems = Problems(texts)
        with tempfile.TemporaryDirectory() as folder:
            _unpack(content, Path(folder))
            facts = lay_over(Facts(), read_layer(Path(folder), problems), problems)
        check_facts(facts, known_profiles(self._instance.options.profiles), problems, "config")
        if problems.found:
            raise RegistryProblemsError(problems.sorted())
        return facts

    def _write(self, wanted: Facts, parent: int, user_id: str, act: str, summary: str) -> int:
        asked = Revision(0, parent, SystemClock().now(), user_id, act, summary, "")
        settings = self._instance.options.settings
        written = write_facts(settings.config_dir, self._overlay, wanted, asked)
        if self._instance.follower is not None:
            self._instance.follower.follow()
        return written.number

    def _facts(self, texts: Texts | None) -> Facts:
        options = self._instance.options
        overlay = self._overlay if self._overlay.is_dir() else None
        return read_facts(options.settings.config_dir, overlay, texts, options.profiles)

    @property
    def _overlay(self) -> Path:
        return self._instance.options.settings.overlay_dir

    # ------------------------------------------------------------------ a new device

    def sees(self, principal: Principal, plant_id: str) -> bool:
        """Tell whether there is such a plant in somebody's scope."""
        registry = self._instance.options.registry
        plant = registry.plants_by_id.get(plant_id)
        return plant is not None and principal.sees_plant(plant, registry)

    def ask(self, question: Question, user_id: str) -> str:
        """Queue a question to a wire."""
        registry = self._instance.options.registry
        gateway = registry.gateways_by_id.get(question.gateway_id)
        if gateway is None or gateway.plant_id != question.plant_id or gateway.protocol is WireProtocol.MQTT:
            raise SetupRefusedError("device.no_gateway")
        if not 1 <= question.unit <= _UNIT_MAX or question.last_unit > _UNIT_MAX:
            raise SetupRefusedError("device.unit", count=_UNIT_MAX)
        if question.last_unit and not 0 <= question.last_unit - question.unit < SWEEP_MAX:
            raise SetupRefusedError("device.span", count=SWEEP_MAX)
        taken = [
            d for d in registry.devices() if d.gateway_id == gateway.gateway_id and d.unit == question.unit
        ]
        if taken and not question.last_unit:
            raise SetupRefusedError("device.taken", name=taken[0].name)
        ticket = secrets.token_urlsafe(12)
        words = asdict(question)
        self._questions.put_question(
            FieldQuestion(ticket, user_id, SystemClock().now(), gateway.gateway_id, words)
        )
        return ticket

    def answer(self, ticket: str, user_id: str, texts: Texts) -> Finding | None:
        """Return what came of one's own question."""
        found = self._questions.question(ticket)
        if found is None or found.asked_by != user_id:
            return None
        question = Question(**found.words)
        if found.done:
            return _finding(question, found.told, texts)
        waited = SystemClock().now() - found.asked_at
        if waited > (_NOBODY_AFTER if found.taken_at is None else _LOST_AFTER):
            return Finding(problem=texts("setup.device.elsewhere"), question=question)
        return replace(_swept(found.told), waiting=True, question=question)

    def add(self, finding: Finding, user_id: str, texts: Texts) -> tuple[str, int]:
        """Write a found device into its plant."""
        question = finding.question
        assert question is not None, "an answer has its question"
        wanted, device_id = with_device(self._facts(texts), self._new(finding, question))
        problems = Problems(texts)
        check_facts(wanted, known_profiles(self._instance.options.profiles), problems, "config")
        if problems.found:
            raise RegistryProblemsError(problems.sorted())
        summary = texts("finding.add.summary", device=device_id, profile=finding.profile)
        parent = revisions.current_number(self._overlay)
        return device_id, self._write(wanted, parent, user_id, "add", summary)

    def _new(self, finding: Finding, question: Question) -> NewDevice:
        options = self._instance.options
        facts: dict[str, Any] = {
            "name": question.name or None,
            "unit": question.unit,
            "rated_power_kw": question.rated_kw or None,
            "string_count": question.strings or None,
            "serial_number": finding.serial or None,
        }
        gateway = options.registry.gateways_by_id[question.gateway_id]
        profile = options.profiles[finding.profile]
        return NewDevice(question.plant_id, profile.kind, profile.name, gateway, facts)


def _finding(question: Question, told: Mapping[str, Any], texts: Texts) -> Finding:
    problem = texts(f"setup.device.{told['error']}") if "error" in told else ""
    if problem or question.last_unit:
        return replace(_swept(told), problem=problem, question=question)
    if not told["answered"]:
        return Finding(problem=texts("setup.device.silent", unit=question.unit), question=question)
    best = told["found"][0] if told["found"] else None
    sure = best is not None and best["confidence"] >= SURE
    profile = question.profile or (best["profile"] if best is not None and sure else "")
    rows = told.get("look", {}).get("values", [])
    values = [
        (str(one["name"]), str(one.get("value", one.get("text", "—"))), str(one.get("unit", "")))
        for one in sorted(rows, key=lambda one: str(one["name"]).startswith(_LAST))[:_VALUES_MAX]
    ]
    return Finding(
        profile=profile,
        model=best["model_name"] or "" if best is not None else "",
        serial=best["serial_number"] or "" if best is not None else "",
        is_sure=sure,
        candidates=tuple((one["profile"], one["confidence"]) for one in told["found"][:5]),
        values=tuple(values),
        question=question,
        is_unread="unread" in told,
    )


def _swept(told: Mapping[str, Any]) -> Finding:
    """Return what a sweep found so far."""
    units = tuple((int(unit), str(name), float(share)) for unit, name, share in told.get("units", ()))
    return Finding(units=units, asking=int(told.get("asking", 0)))


def _row(settings: Settings, name: str) -> SettingRow:
    value, default = getattr(settings, name), Settings.model_fields[name].default
    shown, usual = _shown(value), _shown(default)
    return SettingRow(name, f"{PREFIX}{name.upper()}", shown, usual, value == default)


def _shown(value: Any) -> str:
    return "—" if value in (None, "") else str(value)


@contextlib.contextmanager
def _scratch(name: str) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder) / name


def _is_yaml_archive(content: bytes) -> bool:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return any(name.endswith(".yaml") for name in archive.namelist())
    except (zipfile.BadZipFile, ValueError, OSError):
        return False


def _unpack(content: bytes, folder: Path) -> None:
    """Write the YAML files of an archive below a folder; a name that leads out of it is refused."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        entries = [one for one in archive.infolist() if not one.is_dir()]
        if len(entries) > _FILES_MAX or sum(one.file_size for one in entries) > _UNZIPPED_MAX:
            raise SetupRefusedError("registry.large")
        for one in entries:
            target = (folder / one.filename).resolve()
            if not target.is_relative_to(folder.resolve()) or target.suffix != ".yaml":
                raise SetupRefusedError("registry.strange_file", name=one.filename[:60])
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(archive.read(one))
