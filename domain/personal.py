"""What a person keeps for himself: drafts of forms, views by name, and who stands in for whom."""

from dataclasses import dataclass, field
from datetime import datetime

Fields = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Draft:
    """A form half filled. It moves nothing: only sending the form does.

    Attributes
    ----------
    place : str
        The address the form is sent to, and ``form`` which one of its page it is.
    page : str
        The address on which it is filled in.
    title : str
        Name of that page, for a list.
    fields : tuple of (name, value)
        What was typed, in the form's order; it may hold personal data and is sealed where it is kept.
    """

    user_id: str
    place: str
    form: int
    page: str
    title: str
    fields: Fields = field(repr=False)
    saved_at: datetime


@dataclass(frozen=True, slots=True)
class SavedView:
    """A view of a page under a name: ``page`` below the prefix, and the query that shows it again."""

    user_id: str
    page: str
    name: str
    query: str
    saved_at: datetime


@dataclass(frozen=True, slots=True)
class Deputy:
    """One person stands in for another, from ``since`` until ``until`` or until it is ended."""

    deputy_id: str
    giver_id: str
    taker_id: str
    since: datetime
    until: datetime
    reason: str
    ended_at: datetime | None = None
    ended_by: str = ""

    def stands(self, now: datetime) -> bool:
        """Tell whether it is in force."""
        return self.ended_at is None and self.since <= now < self.until
