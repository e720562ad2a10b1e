"""What keeps drafts, views and deputies promises."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from domain.personal import Deputy, Draft, SavedView


class PersonalStore(Protocol):
    """Drafts and views of one person each, and who stands in for whom. Thread safe."""

    def put_draft(self, draft: Draft, drafts_max: int) -> None:
        """Keep a draft in place of its earlier state; of more than ``drafts_max`` the oldest go."""
        ...

    def drafts(self, user_id: str, since: datetime) -> Sequence[Draft]:
        """Return the drafts of a person saved since, newest first."""
        ...

    def draft(self, user_id: str, place: str, form: int) -> Draft | None:
        """Return one draft."""
        ...

    def drop_drafts(self, user_id: str, place: str, form: int | None = None) -> int:
        """Forget the drafts of an address, or one form of it; return how many there were."""
        ...

    def prune_drafts(self, before: datetime) -> int:
        """Forget everybody's drafts saved before; return how many there were."""
        ...

    def put_view(self, view: SavedView, views_max: int) -> bool:
        """Keep a view in place of one of its name; False when there are ``views_max`` of other names."""
        ...

    def views(self, user_id: str, page: str) -> Sequence[SavedView]:
        """Return the views of a page, by name."""
        ...

    def drop_view(self, user_id: str, page: str, name: str) -> bool:
        """Forget a view; False when there is none."""
        ...

    def add_deputy(self, deputy: Deputy) -> None:
        """Keep who stands in for whom."""
        ...

    def deputy(self, deputy_id: str) -> Deputy | None:
        """Return one."""
        ...

    def deputies(self, user_id: str, now: datetime) -> Sequence[Deputy]:
        """Return those that are not over and name a person on either side, by their end."""
        ...

    def end_deputy(self, deputy_id: str, at: datetime, by: str) -> bool:
        """End one; False when there is none, or it was ended before."""
        ...
