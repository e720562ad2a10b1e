"""Numbers in words, so that a slip of the unit is seen before it is sent: 壹拾贰万叁仟, 12.3 万袋."""

from decimal import Decimal

from industries.indicator import EntryUnit

_DIGITS = "零壹贰叁肆伍陆柒捌玖"
_PLACES = ("", "拾", "佰", "仟")
_GROUPS = ("", "万", "亿", "万亿")
_GROUP = 10_000


def in_capitals(value: Decimal) -> str:
    """Return a number in the capital characters of papers (大写), decimals as single digits after 点."""
    if value < 0:
        return "负" + in_capitals(-value)
    whole = int(value)
    words = _whole(whole) or _DIGITS[0]
    decimals = format(value, "f").partition(".")[2].rstrip("0")
    return words + ("点" + "".join(_DIGITS[int(digit)] for digit in decimals) if decimals else "")


def _whole(value: int) -> str:
    groups: list[int] = []
    while value:
        value, rest = divmod(value, _GROUP)
        groups.append(rest)
    words = ""
    for place in range(len(groups) - 1, -1, -1):
        part = groups[place]
        if not part:
            continue
        above = bool(words)
        if above and (part < _GROUP // 10 or not groups[place + 1]):
            words += _DIGITS[0]
        words += _group(part) + _GROUPS[place]
    return words


def _group(part: int) -> str:
    words, gap = "", False
    for place in range(3, -1, -1):
        digit = part // 10**place % 10
        if digit:
            words += (_DIGITS[0] if gap and words else "") + _DIGITS[digit] + _PLACES[place]
            gap = False
        else:
            gap = True
    return words


def echo(value: Decimal, unit: EntryUnit, base: EntryUnit, language: str) -> str:
    """Return a base-unit value in its base unit and, where another is usual, in that one."""
    shown = f"{value.normalize():,f}"
    name = base.name_en if language == "en" else base.name
    said = f"{shown} {name}"
    if language != "en":
        said = f"{shown} {name}（{in_capitals(value)}{name}）"
    if unit.unit_id == base.unit_id:
        return said
    other = f"{(value / unit.factor).normalize():,f} {unit.name_en if language == 'en' else unit.name}"
    return f"{other} = {said}"
