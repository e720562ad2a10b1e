"""Why samples are suspect or missing, as people read it."""

from collections.abc import Mapping

from texts.loader import Texts


def reason_word(word: str, texts: Texts) -> str:
    """Return what a state of a slot is called; ``word`` is that of `domain.slots.word_of`."""
    if word.startswith("exception_"):
        return texts("slots.states.exception", code=word.removeprefix("exception_"))
    return texts(f"slots.states.{word}")


def reasons(counts: Mapping[str, int], texts: Texts) -> str:
    """Return reasons with their counts, the most frequent first; "0" where there is none."""
    if not counts:
        return "0"
    ordered = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    return texts("slots.separator").join(f"{reason_word(word, texts)} {count:,}" for word, count in ordered)
