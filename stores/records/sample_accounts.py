"""Strips of slots and heartbeats in the records store."""

import zlib
from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import Table, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from domain.slots import Strip, instant_of, microseconds
from stores.records.database import Database
from stores.records.schema import HEARTBEATS, SLOT_STRIPS
from stores.sample_account_protocol import Heartbeat

_DEVICES_MAX = 500  # names in one question


class SampleAccounts:
    """Implements stores.sample_account_protocol.SampleAccountStore."""

    _database: Database

    def put_strips(self, strips: Sequence[Strip]) -> None:
        """Keep strips; one of the same device and start is replaced."""
        if not strips:
            return
        rows = [
            {
                "device_id": strip.device_id,
                "start": instant_of(strip.start_us),
                "day": strip.day.isoformat(),
                "period_us": strip.period_us,
                "slots": len(strip.states),
                "states": zlib.compress(bytes(strip.states), 6),
            }
            for strip in strips
        ]
        self._put(SLOT_STRIPS, rows)

    def strips(self, device_ids: Sequence[str], first: date, last: date) -> list[Strip]:
        """Return strips of local days, both included, by device and start."""
        found: list[Strip] = []
        for start in range(0, len(device_ids), _DEVICES_MAX):
            names = list(device_ids[start : start + _DEVICES_MAX])
            wanted = (
                select(SLOT_STRIPS)
                .where(SLOT_STRIPS.c.device_id.in_(names))
                .where(SLOT_STRIPS.c.day >= first.isoformat(), SLOT_STRIPS.c.day <= last.isoformat())
            )
            with self._database.reading() as connection:
                rows = connection.execute(wanted).mappings().all()
            found += [
                Strip(
                    row["device_id"],
                    date.fromisoformat(row["day"]),
                    microseconds(row["start"]),
                    row["period_us"],
                    bytearray(zlib.decompress(row["states"])),
                )
                for row in rows
            ]
        return sorted(found, key=lambda strip: (strip.device_id, strip.start_us))

    def forget_strips(self, before: datetime) -> int:
        """Delete strips that began before an instant; return how many."""
        with self._database.writing() as connection:
            return connection.execute(delete(SLOT_STRIPS).where(SLOT_STRIPS.c.start < before)).rowcount

    def beat(self, heartbeat: Heartbeat) -> None:
        """Keep the newest heartbeat of a process."""
        self._put(
            HEARTBEATS,
            [
                {
                    "process": heartbeat.process,
                    "at": heartbeat.at,
                    "figures": heartbeat.figures,
                    "faults": list(heartbeat.faults),
                }
            ],
        )

    def heartbeats(self) -> list[Heartbeat]:
        """Return the newest heartbeat of each process, by name."""
        with self._database.reading() as connection:
            rows = connection.execute(select(HEARTBEATS).order_by(HEARTBEATS.c.process)).mappings().all()
        return [Heartbeat(row["process"], row["at"], row["figures"], tuple(row["faults"])) for row in rows]

    def forget_heartbeat(self, process: str) -> None:
        """A process ended as it should: nobody need miss it."""
        self._database.write(delete(HEARTBEATS).where(HEARTBEATS.c.process == process))

    def _put(self, table: Table, rows: list[dict[str, object]]) -> None:
        keys = list(table.primary_key.columns)
        with self._database.writing() as connection:
            insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
            statement = insert(table)
            changed = {c.name: statement.excluded[c.name] for c in table.columns if not c.primary_key}
            connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=changed), rows)
