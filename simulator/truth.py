"""What really happened, for checks to hold the monitor against: faults and their cost, and exact energy."""

import csv
import io
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO

from simulator.fleet import Fleet

FAULT_COLUMNS = ("fault_id", "kind", "subject", "start", "end", "lost_wh")
ENERGY_COLUMNS = ("instant", "device_id", "energy_wh")


class FaultTruth:
    """The truth about faults as CSV, written whole each time, so that a reader never sees half of it.

    A fault still there has an empty end; ``lost_wh`` is what it has cost so far.
    """

    def __init__(self, path: Path, fleet: Fleet) -> None:
        self._path = path
        self._fleet = fleet

    def write(self, at: datetime) -> None:
        """Write every fault that has begun by ``at``."""
        text = io.StringIO()
        table = csv.writer(text, lineterminator="\n")
        table.writerow(FAULT_COLUMNS)
        for fault, lost_wh in self._fleet.losses(at):
            ended = fault.end is not None and fault.end <= at
            end = fault.end.isoformat() if ended and fault.end is not None else ""
            table.writerow(
                [
                    fault.fault_id,
                    fault.kind.value,
                    fault.subject,
                    fault.start.isoformat(),
                    end,
                    f"{lost_wh:.1f}",
                ]
            )
        beside = self._path.with_suffix(self._path.suffix + ".new")
        beside.write_text(text.getvalue(), "utf-8")
        beside.replace(self._path)


class EnergyTruth:
    """Exact cumulative energy of every live inverter and meter, as growing CSV that others may read meanwhile.

    Rows stand at whole multiples of ``every_s`` of field time; at each of them every device has one.
    """

    def __init__(self, path: Path, fleet: Fleet, every_s: float = 60.0) -> None:
        self._path = path
        self._fleet = fleet
        self._every_s = every_s
        self._next_s = fleet.start.timestamp() // every_s * every_s
        self._file: TextIO | None = None

    def __enter__(self) -> Self:
        self._file = self._path.open("w", encoding="utf-8", newline="")
        self._file.write(",".join(ENERGY_COLUMNS) + "\n")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def write_until(self, at: datetime) -> int:
        """Write every row due by ``at``, and flush; return how many."""
        assert self._file is not None, "open it with `with`"
        count = 0
        while self._next_s <= at.timestamp():
            instant = datetime.fromtimestamp(self._next_s, UTC).isoformat()
            devices, energy_wh = self._fleet.true_energy(self._next_s)
            self._file.writelines(
                f"{instant},{device.device_id},{value:.3f}\n"
                for device, value in zip(devices, energy_wh, strict=True)
            )
            count += len(devices)
            self._next_s += self._every_s
        if count:
            self._file.flush()
        return count
