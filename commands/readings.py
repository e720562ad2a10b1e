"""Hand-read meters (人工抄表): enter one, correct one, import a file of them; each is audited."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

from access.guard import guarded, require
from access.permissions import Permission
from access.principal import Principal
from commands.audit import Audited, command
from commands.reading_rules import (
    Meter,
    NewReading,
    ReadingRefusedError,
    check_neighbours,
    check_typed,
    meter_of,
    photo_of,
)
from commands.tables import TableRow, read_table
from domain.clock import Clock
from domain.errors import AccessDeniedError, CommandError
from domain.measurement import Batch, Origin
from domain.plant import Plant, Registry
from domain.records import ImportedFile, MeterReading
from domain.timespan import Interval, day_of
from stores.protocol import LatestValues, MeasurementStore, RecordStore

QUANTITY = "meter_energy_forward_wh"
IMPORT_KIND = "meter_readings"
COLUMNS: Mapping[str, Sequence[str]] = {
    "plant_id": ("plant_id", "电站编号", "电站"),
    "read_at": ("read_at", "抄表时间"),
    "display_kwh": ("display_kwh", "表码", "表码(kWh)", "表码（kWh）"),
    "note": ("note", "备注"),
}
_EVER = Interval(datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC))
_NEXT = timedelta(seconds=1)
_NUMBER = re.compile(r"\d{1,3}(,\d{3})+(\.\d+)?|\d+(\.\d+)?")
_TIME_FORMATS = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M")


@dataclass(frozen=True, slots=True)
class RowProblem:
    """Why a row of a file cannot be taken. ``key`` and ``values`` are its words in texts/ (area access)."""

    row: int
    key: str
    values: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class ImportPreview:
    """What an import would do. Nothing is kept while ``problems`` is not empty."""

    sha256: str
    readings: tuple[MeterReading, ...]
    problems: tuple[RowProblem, ...]


@guarded
class Readings(Audited):
    """What may be done with hand-read meters.

    ``clock`` is real time (audit, when it was entered), ``field_clock`` decides what lies in the future.
    """

    def __init__(
        self,
        records: RecordStore,
        store: MeasurementStore,
        registry: Registry,
        clock: Clock,
        field_clock: Clock,
        latest: LatestValues | None = None,
    ) -> None:
        super().__init__(records, clock, field_clock)
        self._store = store
        self._registry = registry
        self._latest = latest

    @command(Permission.ENTER_READING, "reading.enter")
    def enter(self, principal: Principal, new: NewReading) -> MeterReading:
        """Keep a reading and hand it to the measurement store.

        Raises
        ------
        ReadingRefusedError
            It cannot be true; ``words`` says why.
        AccessDeniedError
            The plant is out of scope.
        """
        plant = self._plant(principal, new.plant_id)
        check_typed(new, plant, self._field_clock.now())
        photo, content_type = photo_of(new.photo) if new.photo else ("", "")
        with self._records.transaction():
            reading = self._checked(principal, plant, new, photo, self._standing(plant))
            detail = {"plant": plant.plant_id, "forward_wh": f"{reading.forward_wh:.0f}", "photo": photo[:12]}
            if new.replaces:
                detail["replaces"] = new.replaces
            with self._carry_out(principal, "reading.enter", reading.reading_id, detail):
                if photo:
                    self._records.add_photo(photo, content_type, new.photo)
                self._records.add_reading(reading)
            batches = self._measure([reading])
        self._show(batches)
        return reading

    @require(Permission.VIEW_PLANT)
    def recent(self, principal: Principal, plant_id: str, count_max: int = 20) -> list[MeterReading]:
        """Return the readings of a plant that stand, newest first."""
        plant = self._plant(principal, plant_id)
        return self._standing(plant)[::-1][:count_max]

    @require(Permission.VIEW_PLANT)
    def photo(self, principal: Principal, plant_id: str, sha256: str) -> tuple[str, bytes]:
        """Return content type and bytes of a picture of one of the plant's readings."""
        plant = self._plant(principal, plant_id)
        found = None
        if sha256 and any(reading.photo == sha256 for reading in self._standing(plant)):
            found = self._records.photo(sha256)
        if found is None:
            raise AccessDeniedError(f"plant {plant.plant_id} has no such photo")
        return found

    @require(Permission.IMPORT_READINGS)
    def preview(self, principal: Principal, content: bytes) -> ImportPreview:
        """Return what a file would bring, and every problem of every row; nothing is kept.

        Raises
        ------
        TableRefusedError
            The file is no table we can read.
        """
        return self._examined(principal, _sha256(content), _rows(content))

    @command(Permission.IMPORT_READINGS, "reading.import")
    def import_file(self, principal: Principal, name: str, content: bytes) -> int:
        """Keep every reading of a file, or none; return how many. The same file again is refused.

        Raises
        ------
        CommandError
            A row has a problem (see `preview`), or the file came before.
        """
        rows, sha256 = _rows(content), _sha256(content)
        with self._records.transaction():
            imported = ImportedFile(
                sha256, IMPORT_KIND, name[:120], principal.user_id, self._clock.now(), len(rows)
            )
            if not self._records.add_import(imported):
                raise ReadingRefusedError("imported_before")
            found = self._examined(principal, sha256, rows)
            if found.problems:
                raise ReadingRefusedError("rows", count=len(found.problems), row=found.problems[0].row)
            detail = {"rows": str(len(found.readings)), "sha256": sha256[:12]}
            with self._carry_out(principal, "reading.import", sha256[:12], detail):
                for reading in found.readings:
                    self._records.add_reading(reading)
            batches = self._measure(found.readings)
        self._show(batches)
        return len(batches)

    def _examined(self, principal: Principal, sha256: str, rows: Sequence[TableRow]) -> ImportPreview:
        """Return what the rows would bring; rows of one plant are judged in the order of their instants."""
        readings: list[MeterReading] = []
        problems: list[RowProblem] = []
        known: dict[str, list[MeterReading]] = {}
        for row in sorted(rows, key=lambda each: (each.cells["plant_id"], each.cells["read_at"])):
            try:
                readings.append(self._row_reading(principal, row, known))
            except ReadingRefusedError as refusal:
                problems.append(RowProblem(row.number, refusal.key, refusal.values))
        problems.sort(key=lambda problem: problem.row)
        return ImportPreview(sha256, tuple(readings), tuple(problems))

    def _plant(self, principal: Principal, plant_id: str) -> Plant:
        today = day_of(self._field_clock.now())
        return principal.plant(plant_id, self._registry, today)

    def _standing(self, plant: Plant) -> list[MeterReading]:
        return self._records.readings(plant.plant_id, _EVER)

    def _checked(
        self,
        principal: Principal,
        plant: Plant,
        new: NewReading,
        photo: str,
        standing: Sequence[MeterReading],
    ) -> MeterReading:
        """Return the reading when nothing speaks against it."""
        if new.replaces is not None and new.replaces not in {other.reading_id for other in standing}:
            raise ReadingRefusedError("no_such_reading")
        meter = meter_of(plant, new.read_at)
        others = [other for other in standing if other.reading_id != new.replaces]
        forward_wh = new.display_kwh * 1000.0 * meter.ratio
        check_neighbours(forward_wh, new.read_at, others, plant, meter)
        return self._reading(principal, plant, meter, new, forward_wh, photo)

    def _reading(
        self,
        principal: Principal,
        plant: Plant,
        meter: Meter,
        new: NewReading,
        forward_wh: float,
        photo: str,
    ) -> MeterReading:
        return MeterReading(
            reading_id=uuid4().hex,
            plant_id=plant.plant_id,
            device_id=meter.device.device_id,
            read_at=new.read_at.astimezone(UTC),
            forward_wh=forward_wh,
            entered_by=principal.user_id,
            entered_at=self._clock.now(),
            photo=photo,
            note=new.note,
            replaces=new.replaces,
        )

    def _row_reading(
        self, principal: Principal, row: TableRow, known: dict[str, list[MeterReading]]
    ) -> MeterReading:
        cells = row.cells
        try:
            plant = self._plant(principal, cells["plant_id"])
        except AccessDeniedError as error:
            raise ReadingRefusedError("plant", plant=cells["plant_id"][:40]) from error
        new = NewReading(
            plant.plant_id,
            _instant(cells["read_at"], plant),
            _kilowatt_hours(cells["display_kwh"]),
            cells.get("note", ""),
        )
        check_typed(new, plant, self._field_clock.now())
        standing = known.setdefault(plant.plant_id, self._standing(plant))
        reading = self._checked(principal, plant, new, "", standing)
        standing.append(reading)
        return reading

    def _measure(self, readings: Sequence[MeterReading]) -> list[Batch]:
        """Hand readings to the measurement store, last before the commit: twice is once there.

        A measurement is never overwritten. A correction for the very instant of the wrong reading therefore
        follows it a second later; what counts as the reading is in the records.
        """
        batches = [_batch(reading, reading.read_at) for reading in readings]
        result = self._store.write(batches)
        if result.duplicates and any(reading.replaces for reading in readings):
            batches = [_batch(reading, reading.read_at + _NEXT) for reading in readings]
            result = self._store.write(batches)
        if result.rejected:
            _, reason = result.rejected[0]
            raise CommandError(f"the measurement store refused the reading: {reason}; nothing was kept")
        return batches

    def _show(self, batches: Sequence[Batch]) -> None:
        if self._latest is not None:
            self._latest.update(batches)


def _batch(reading: MeterReading, measured_at: datetime) -> Batch:
    return Batch(
        reading.device_id,
        measured_at,
        (QUANTITY,),
        (reading.forward_wh,),
        received_at=reading.entered_at,
        origin=Origin.MANUAL,
    )


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _rows(content: bytes) -> list[TableRow]:
    rows = read_table(content, COLUMNS, frozenset({"note"}))
    if not rows:
        raise ReadingRefusedError("no_rows")
    return rows


def _instant(text: str, plant: Plant) -> datetime:
    for form in _TIME_FORMATS:
        try:
            local = datetime.strptime(text, form).replace(tzinfo=ZoneInfo(plant.time_zone))
        except ValueError:
            continue
        return local.astimezone(UTC)
    raise ReadingRefusedError("time", text=text[:40])


def _kilowatt_hours(text: str) -> float:
    if not _NUMBER.fullmatch(text):
        raise ReadingRefusedError("number")
    return float(text.replace(",", ""))
