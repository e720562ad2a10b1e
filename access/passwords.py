"""What a good password is, and how a readable random one is made. Pure: randomness and hashing are handed in.

Rules: at least 12 characters, 15 for who sees money or manages accounts; any character; at most 128; no
forced change. Refused are well-known passwords and those that hold little but well-known words, the own
name, or a run of the keyboard (access/common_passwords.txt).
"""

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import lru_cache
from pathlib import Path

from access.permissions import MONEY_ROLES
from domain.account import Role

CHARS_MIN = 12
CHARS_MIN_STRICT = 15
CHARS_MAX = 128
STRICT_ROLES = MONEY_ROLES | {Role.ADMIN}
_OWN_CHARS_MIN = 6  # what must remain of a password after everything well known is taken out
_LIST = Path(__file__).parent / "common_passwords.txt"
_LOOKALIKES = str.maketrans({"@": "a", "$": "s", "!": "i"})
_CONSONANTS = "bdfghjklmnprstvz"
_VOWELS = "aeiou"
_DIGITS = "23456789"


@lru_cache(maxsize=1)
def common_words() -> tuple[str, ...]:
    """Return the packaged well-known passwords and context words, longest first."""
    lines = (line.strip() for line in _LIST.read_text("utf-8").splitlines())
    return tuple(sorted((line for line in lines if line and not line.startswith("#")), key=len, reverse=True))


def chars_min(roles: Collection[Role]) -> int:
    """Return how many characters a password of these roles has at least."""
    return CHARS_MIN_STRICT if STRICT_ROLES & set(roles) else CHARS_MIN


def password_problem(password: str, roles: Collection[Role], own_names: Iterable[str] = ()) -> str | None:
    """Return why ``password`` is refused, None when it is good.

    Returns
    -------
    str or None
        ``"short"``, ``"long"``, ``"common"`` (well-known words, own name, runs) or ``"control"`` (characters
        that cannot be typed).
    """
    if len(password) < chars_min(roles):
        return "short"
    if len(password) > CHARS_MAX:
        return "long"
    if any(unicodedata.category(char) == "Cc" for char in password):
        return "control"
    return None if _own_part(password, own_names) >= _OWN_CHARS_MIN else "common"


def _own_part(password: str, own_names: Iterable[str]) -> int:
    """Count the different characters left after well-known words, names, runs and repetitions are out."""
    left = _one_period(unicodedata.normalize("NFKC", password).casefold())
    names = [name.casefold() for name in own_names if len(name) > 2]
    for word in (*names, *common_words()):
        left = left.replace(word, " ").replace(word[::-1], " ") if len(word) > 3 else left.replace(word, " ")
    plain_words = left.translate(_LOOKALIKES)
    for word in (*names, *common_words()):
        plain_words = plain_words.replace(word, " ")
    left = min(left, plain_words, key=lambda text: len(text.replace(" ", "")))
    left = re.sub(r"(.)\1{2,}", r"\1", left)
    left = _without_runs(left)
    return len(set(re.sub(r"[\W_]", "", left)))


def _one_period(text: str) -> str:
    """Return the part that ``text`` repeats ("abcdabcda" → "abcd"), or all of it."""
    for length in range(1, len(text) * 2 // 3 + 1):
        if text[length:] == text[:-length]:
            return text[:length]
    return text


def _without_runs(text: str) -> str:
    """Return ``text`` with runs of neighbouring characters (abcd, 4321) of four or more cut out."""
    kept: list[str] = []
    start = 0
    while start < len(text):
        end = start + 1
        step = ord(text[end]) - ord(text[start]) if end < len(text) else 0
        while step in {1, -1} and end < len(text) and ord(text[end]) - ord(text[end - 1]) == step:
            end += 1
        if end - start < 4:
            end = start + 1
            kept.append(text[start])
        start = end
    return "".join(kept)


def readable_password(choose: Callable[[Sequence[str]], str]) -> str:
    """Return a random password that can be read out on the telephone, such as ``tabu-lemo-4827-koni-vasi``.

    ``choose`` picks one of a sequence with equal chance (``secrets.choice``): 8 syllables of 80 and 4 digits
    of 8 make 62 bits.
    """

    def word() -> str:
        return "".join(choose(_CONSONANTS) + choose(_VOWELS) for _ in range(2))

    digits = "".join(choose(_DIGITS) for _ in range(4))
    return f"{word()}-{word()}-{digits}-{word()}-{word()}"
