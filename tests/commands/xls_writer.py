"""A tiny writer of real .xls files (BIFF8 in an OLE2 container), enough to test that they are read."""

import struct
from collections.abc import Sequence
from typing import Any

SECTOR = 512
END, FREE, FAT = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD


def _record(kind: int, data: bytes) -> bytes:
    return struct.pack("<HH", kind, len(data)) + data


def _cell(row: int, column: int, value: Any) -> bytes:
    place = struct.pack("<HHH", row, column, 0)
    if isinstance(value, str):
        return _record(0x0204, place + struct.pack("<HB", len(value), 1) + value.encode("utf-16-le"))
    return _record(0x0203, place + struct.pack("<d", float(value)))


def _stream(rows: Sequence[Sequence[Any]]) -> bytes:
    bof = struct.pack("<HHHHII", 0x0600, 0x0005, 0x0DBB, 0x07CC, 0x41, 6)
    name = "结算单"
    cells = b"".join(
        _cell(row, column, value)
        for row, line in enumerate(rows)
        for column, value in enumerate(line)
        if value != ""
    )
    page = (
        _record(0x0809, struct.pack("<HHHHII", 0x0600, 0x0010, 0x0DBB, 0x07CC, 0x41, 6))
        + cells
        + _record(0x0A, b"")
    )
    font = _record(0x0031, struct.pack("<HHHHHBBBB", 200, 0, 0x7FFF, 400, 0, 0, 0, 0, 0) + b"\x05\x00Arial")
    style = _record(0x00E0, struct.pack("<HHHBBBBIIH", 0, 0, 0xFFF5, 0x20, 0, 0, 0, 0, 0, 0x20C0))
    head = _record(0x0809, bof) + _record(0x0042, struct.pack("<H", 1200)) + font + style
    bound = struct.pack("<BB", len(name), 1) + name.encode("utf-16-le")
    start = len(head) + 4 + 6 + len(bound) + 4
    return head + _record(0x0085, struct.pack("<IBB", start, 0, 0) + bound) + _record(0x0A, b"") + page


def _entry(name: str, kind: int, child: int, start: int, size: int) -> bytes:
    words = name.encode("utf-16-le") + b"\0\0" if name else b""
    plain = words.ljust(64, b"\0") + struct.pack("<HBB", len(words), kind, 1)
    return plain + struct.pack("<III", FREE, FREE, child) + bytes(36) + struct.pack("<III", start, size, 0)


def xls_of(rows: Sequence[Sequence[Any]]) -> bytes:
    """Return a workbook of one sheet: texts as texts, numbers as numbers."""
    stream = _stream(rows)
    stream += bytes(max(0, 4096 - len(stream)))  # shorter ones would live in the mini stream
    stream += bytes(-len(stream) % SECTOR)
    count = len(stream) // SECTOR
    directory = _entry("Root Entry", 5, 1, END, 0) + _entry("Workbook", 2, FREE, 0, len(stream))
    directory += _entry("", 0, FREE, 0, 0) * 2
    chain = [*range(1, count), END, END, FAT]
    fat = struct.pack(f"<{len(chain)}I", *chain).ljust(SECTOR, b"\xff")
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6)
    head += bytes(6) + struct.pack("<IIIIIIIII", 0, 1, count, 0, 4096, END, 0, END, 0)
    head += struct.pack("<I", count + 1) + b"\xff" * (4 * 108)
    return head + stream + directory + fat
