"""Hand-read meters, their photos, and imported files in the records store."""

from typing import Any

from sqlalchemy import insert, select

from domain.errors import RecordRejectedError
from domain.records import ImportedFile, MeterReading
from domain.timespan import Interval
from stores.records.database import Database
from stores.records.once import insert_once
from stores.records.schema import IMPORTS, PHOTOS, READINGS


class Readings:
    """Implements stores.protocol.ReadingStore."""

    _database: Database

    def add_reading(self, reading: MeterReading) -> None:
        """Keep a reading; RecordRejectedError when the id is taken or what it replaces was replaced before."""
        try:
            self._database.write(insert(READINGS).values(**_row(reading)))
        except RecordRejectedError as error:
            raise RecordRejectedError(
                f"reading {reading.reading_id} of plant {reading.plant_id}: its id is taken, "
                f"or {reading.replaces} was replaced before"
            ) from error

    def readings(self, plant_id: str, interval: Interval) -> list[MeterReading]:
        """Return readings that were not replaced, oldest first."""
        newer = READINGS.alias("newer")
        replaced = select(newer.c.reading_id).where(newer.c.replaces == READINGS.c.reading_id).exists()
        wanted = (
            select(READINGS)
            .where(READINGS.c.plant_id == plant_id)
            .where(READINGS.c.read_at >= interval.start, READINGS.c.read_at < interval.end)
            .where(~replaced)
            .order_by(READINGS.c.read_at, READINGS.c.entered_at, READINGS.c.reading_id)
        )
        with self._database.reading() as connection:
            rows = connection.execute(wanted).mappings().all()
        return [MeterReading(**row) for row in rows]

    def add_photo(self, sha256: str, content_type: str, content: bytes) -> None:
        """Keep a picture once."""
        with self._database.writing() as connection:
            insert_once(
                connection, PHOTOS, {"sha256": sha256, "content_type": content_type, "content": content}
            )

    def photo(self, sha256: str) -> tuple[str, bytes] | None:
        """Return content type and bytes of a picture."""
        wanted = select(PHOTOS.c.content_type, PHOTOS.c.content).where(PHOTOS.c.sha256 == sha256)
        with self._database.reading() as connection:
            row = connection.execute(wanted).first()
        return (row[0], bytes(row[1])) if row is not None else None

    def add_import(self, imported: ImportedFile) -> bool:
        """Note an import; False when the same file came before."""
        row = {
            "sha256": imported.sha256,
            "kind": imported.kind,
            "name": imported.name,
            "imported_by": imported.imported_by,
            "imported_at": imported.imported_at,
            "rows": imported.rows,
            "detail": imported.detail,
        }
        with self._database.writing() as connection:
            return insert_once(connection, IMPORTS, row)


def _row(reading: MeterReading) -> dict[str, Any]:
    return {
        "reading_id": reading.reading_id,
        "plant_id": reading.plant_id,
        "device_id": reading.device_id,
        "read_at": reading.read_at,
        "forward_wh": reading.forward_wh,
        "entered_by": reading.entered_by,
        "entered_at": reading.entered_at,
        "photo": reading.photo,
        "note": reading.note,
        "replaces": reading.replaces,
    }
