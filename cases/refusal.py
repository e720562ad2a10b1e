"""Why an act on a case or an alert cannot be done, in the reader's language."""

from collections.abc import Mapping

from domain.errors import CommandError
from texts.loader import Texts


class CaseRefusedError(CommandError):
    """An act that cannot be done. ``key`` and ``values`` are its words in texts/ (area cases)."""

    def __init__(self, key: str, **values: object) -> None:
        self.key = f"cases.problem.{key}"
        self.values: Mapping[str, object] = values
        super().__init__(Texts("en")(self.key, **self._said(Texts("en"))))

    def words(self, texts: Texts) -> str:
        """Return why, in the reader's language."""
        return texts(self.key, **self._said(texts))

    def _said(self, texts: Texts) -> dict[str, object]:
        """Return the values with words of ours (``state``, ``act``) said in the language."""
        said = dict(self.values)
        for name in ("state", "act"):
            if name in said:
                said[name] = texts(f"cases.{name}.{said[name]}")
        return said
