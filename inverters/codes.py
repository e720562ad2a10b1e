"""From a maker's codes to the common vocabulary: state, Chinese and English words, severity, advice.

``codes/<profile>.csv`` is one table a family, made to be edited in a spreadsheet. ``kind`` is ``status``
(category: the common state), ``state_bit`` (likewise), ``derating``, ``alarm_bit``, ``fault_code`` or
``value`` (any other word with names). ``key`` is ``quantity=value`` (or ``quantity=7;20-29`` for several),
``quantity.bit`` (bit 0 is the least significant) or ``quantity.bit=0`` for a bit that says something when it
is not set. A row for one value wins over a row for several.
"""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from pathlib import Path

from domain.measurement import Batch

FOLDER = Path(__file__).parent / "codes"
SEVERITIES = ("info", "minor", "major", "critical")
COLUMNS = (
    "kind",
    "key",
    "name_en",
    "name_zh",
    "severity",
    "category",
    "advice_en",
    "advice_zh",
    "alarm_id",
)
_FAULT_KINDS = ("fault_code", "alarm_bit")
_STATES = ("device_status", "plant_status")


class DeviceState(Enum):
    """What a device is doing, the same words for every make."""

    RUNNING = "running"
    STANDBY = "standby"  # waits for light, grid or a self-check
    DERATED = "derated"  # runs, but limited by command or heat
    FAULT = "fault"
    STOPPED = "stopped"  # switched off, by a person or by command
    UNKNOWN = "unknown"


_FIRST = (
    DeviceState.FAULT,
    DeviceState.DERATED,
    DeviceState.STOPPED,
    DeviceState.RUNNING,
    DeviceState.STANDBY,
)


@dataclass(frozen=True, slots=True)
class Code:
    """One row of a code table. ``bit`` is None for a value; ``value`` is then the code itself."""

    kind: str
    quantity: str
    value: int
    bit: int | None
    single: bool
    name_en: str
    name_zh: str
    severity: str
    category: str
    advice_en: str
    advice_zh: str
    alarm_id: str

    @property
    def state(self) -> DeviceState:
        """The common state a status or state bit stands for."""
        words = {state.value: state for state in DeviceState}
        return words.get(self.category, DeviceState.UNKNOWN)

    @property
    def label(self) -> str:
        """The code as a person would look it up."""
        if self.alarm_id:
            return self.alarm_id.removeprefix("0x")
        if self.bit is not None:
            return f"{self.quantity}.{self.bit}"
        return f"0x{self.value:04X}" if self.value >= 0x100 and self.kind == "status" else str(self.value)

    @property
    def rank(self) -> int:
        """Severity as a number, 0 to 3."""
        return SEVERITIES.index(self.severity)


@dataclass(frozen=True, slots=True)
class StateReading:
    """What a device is doing and, when something is wrong, the most severe thing."""

    state: DeviceState
    code: str
    name_zh: str
    name_en: str
    severity: str
    advice_zh: str
    advice_en: str


@dataclass(frozen=True)
class CodeTable:
    """The codes of one family."""

    values: Mapping[tuple[str, int], Code]
    bits: Mapping[str, tuple[Code, ...]]

    def code(self, quantity: str, value: float | None) -> Code | None:
        """Return what ``value`` of an enumerated quantity means."""
        return None if value is None else self.values.get((quantity, int(value)))

    def active(self, quantity: str, word: float | None) -> tuple[Code, ...]:
        """Return the rows of a bit field that hold in ``word``; bits without a row mean nothing."""
        if word is None:
            return ()
        bits = int(word)
        return tuple(
            code for code in self.bits.get(quantity, ()) if (bits >> (code.bit or 0)) & 1 == code.value
        )


@lru_cache(maxsize=64)
def code_table(profile_name: str, folder: Path = FOLDER) -> CodeTable:
    """Return the codes of a profile; empty when it has none."""
    path = folder / f"{profile_name}.csv"
    rows = list(_read(path)) if path.is_file() else []
    bits: dict[str, list[Code]] = {}
    for code in rows:
        if code.bit is not None:
            bits.setdefault(code.quantity, []).append(code)
    several = sorted((code for code in rows if code.bit is None), key=lambda code: code.single)
    return CodeTable(
        {(code.quantity, code.value): code for code in several},
        {name: tuple(codes) for name, codes in bits.items()},
    )


def _read(path: Path) -> Iterator[Code]:
    with path.open(encoding="utf-8-sig", newline="") as file:  # spreadsheets like to add a mark
        for row in csv.DictReader(file):
            quantity, values, bit = parse_key(row["key"])
            words = [row[column] or "" for column in COLUMNS[2:]]
            for value in values:
                yield Code(row["kind"], quantity, value, bit, len(values) == 1, *words)


def parse_key(key: str) -> tuple[str, tuple[int, ...], int | None]:
    """Return quantity, values and bit (None for plain values) of a key.

    Raises
    ------
    ValueError
        A number is none.
    """
    name, _, listed = key.partition("=")
    name, _, bit = name.partition(".")
    values: list[int] = []
    for item in listed.split(";") if listed else ["1" if bit else ""]:
        first, _, last = item.partition("-")
        values += range(int(first, 0), int(last or first, 0) + 1)
    return name, tuple(values), int(bit) if bit else None


def active_codes(profile_name: str, batch: Batch) -> tuple[Code, ...]:
    """Return every fault and alarm that is active in ``batch``, most severe first."""
    table = code_table(profile_name)
    found: dict[str, Code] = {}
    for name, value in zip(batch.quantities, batch.values, strict=True):
        if value is None or value == 0:
            continue
        code = table.code(name, value)
        single = (code,) if code is not None and code.kind in _FAULT_KINDS else ()
        for fault in (*single, *table.active(name, value)):
            if fault.kind in _FAULT_KINDS:
                found.setdefault(fault.alarm_id or fault.label, fault)
    return tuple(sorted(found.values(), key=lambda code: -code.rank))


def device_state(profile_name: str, batch: Batch) -> StateReading:
    """Return what a device is doing, from its status, its state bits and its alarms.

    The state comes from the status; where that does not tell, from the state bits. Name, severity and
    advice are those of the most severe active fault when it outweighs the status.
    """
    table = code_table(profile_name)
    name, value = _status(batch)
    status = table.code(name, value)
    state = DeviceState.UNKNOWN if status is None else status.state
    if state is DeviceState.UNKNOWN:
        state, status = _from_bits(table, batch, status)
    if state is DeviceState.RUNNING and _derated(table, batch):
        state = DeviceState.DERATED
    worst = next(iter(active_codes(profile_name, batch)), None)
    if worst is not None and (status is None or worst.rank >= max(status.rank, 1)):
        return _reading(state, worst)
    if status is not None:
        return _reading(state, status)
    common = code_table("common").values
    if value is None:
        return _reading(state, common["no_data", 0], "")
    return _reading(state, common["unknown_code", 0], f"0x{int(value):04X}")


def _status(batch: Batch) -> tuple[str, float | None]:
    name = next((name for name in _STATES if name in batch.quantities), _STATES[0])
    return name, batch.value(name)


def _from_bits(table: CodeTable, batch: Batch, status: Code | None) -> tuple[DeviceState, Code | None]:
    rows = [
        code
        for name, value in zip(batch.quantities, batch.values, strict=True)
        if name.startswith("device_state_word_")
        for code in table.active(name, value)
        if code.kind == "state_bit" and code.state is not DeviceState.UNKNOWN
    ]
    for state in _FIRST:
        found = next((code for code in rows if code.state is state), None)
        if found is not None:
            return state, status or found
    return DeviceState.UNKNOWN, status


def _derated(table: CodeTable, batch: Batch) -> bool:
    for name in ("derating_mode", "derating_word"):
        value = batch.value(name)
        code = table.code(name, value)
        rows = (*table.active(name, value), *((code,) if code is not None else ()))
        if any(row.kind == "derating" and row.rank > 0 for row in rows):
            return True
    return False


def _reading(state: DeviceState, code: Code, label: str | None = None) -> StateReading:
    return StateReading(
        state,
        code.label if label is None else label,
        code.name_zh,
        code.name_en,
        code.severity,
        code.advice_zh,
        code.advice_en,
    )
