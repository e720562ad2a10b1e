"""The archive `pvmon doctor --bundle` writes: logs and the examination, with what points to a person hidden."""

import json
import re
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(\.[\w-]+)+")
_NUMBER = re.compile(r"(?<![\w.:-])\d{6,}[Xx]?(?![\w.:-])")  # telephones, identity and bank card numbers
_ADDRESS = re.compile(r"\b(?!127\.)(\d{1,3}\.\d{1,3})\.\d{1,3}\.\d{1,3}\b")
_SECRET = re.compile(r"(?i)\b(password|passwd|token|secret|authorization|cookie)(\W{1,4})(\S+)")
_URL_LOGIN = re.compile(r"://[^/\s:@]+:[^/\s@]+@")


class Scrubber:
    """Hides names that are known, and whatever looks like a number, an address or a secret."""

    def __init__(self, names: Iterable[str]) -> None:
        longest_first = sorted({name for name in names if len(name) > 1}, key=len, reverse=True)
        self._known = {name: f"person-{number}" for number, name in enumerate(longest_first, 1)}
        self._names = re.compile("|".join(_whole(name) for name in longest_first)) if longest_first else None

    def __call__(self, text: str) -> str:
        """Return the text without them; the same name becomes the same stand-in everywhere."""
        text = _URL_LOGIN.sub("://hidden@", text)
        text = _SECRET.sub(r"\1\2hidden", text)
        text = _EMAIL.sub("e-mail", text)
        if self._names is not None:
            text = self._names.sub(lambda match: self._known[match.group()], text)
        text = _NUMBER.sub("number", text)
        return _ADDRESS.sub(r"\1.x.x", text)


def _whole(name: str) -> str:
    """Match a Latin name as a whole word only; Chinese has no gaps between words."""
    return rf"(?<!\w){re.escape(name)}(?!\w)" if name.isascii() else re.escape(name)


def write_bundle(target: Path, logs: Iterable[Path], documents: Mapping[str, Any], scrub: Scrubber) -> int:
    """Write the archive; return how many files are in it."""
    count = 0
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as bundle:
        for log in logs:
            bundle.writestr(f"log/{log.name}", scrub(log.read_text("utf-8", "replace")))
            count += 1
        for name, document in documents.items():
            text = json.dumps(document, ensure_ascii=False, indent=1, default=str)
            bundle.writestr(f"{name}.json", scrub(text))
            count += 1
    target.chmod(0o600)
    return count
