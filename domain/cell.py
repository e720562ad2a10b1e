"""Text in a cell of a spreadsheet file: nothing that anybody typed may be taken for a formula."""

import re

_RISKY = ("=", "+", "-", "@", "|", "%")
_BLANKS = re.compile(r"[\s\u200b-\u200f\u2060\ufeff]*")  # every blank there is, and what is not seen at all
_WIDE = str.maketrans({chr(code + 0xFEE0): chr(code) for code in range(0x21, 0x7F)})
_NUMBER = re.compile(r"[+-]?[0-9][0-9,]*(\.[0-9]+)?([eE][+-]?[0-9]+)?")


def harmless(text: str) -> str:
    """Return text that no spreadsheet takes for a formula: what could be one begins with an apostrophe."""
    begin = _BLANKS.sub("", text, count=1).translate(_WIDE)
    risky = begin.startswith(_RISKY) or text.startswith(("\t", "\r", "\n"))
    return f"'{text}" if risky else text


def harmless_or_number(text: str) -> str:
    """Return the same, but leave a plain number as it is (-12.50 stays a number)."""
    return text if _NUMBER.fullmatch(text) else harmless(text)
