"""A person's own drafts and views: nobody else sees them, they move nothing, and so they are not acts (ADR 0064)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from access.guard import guarded, require
from access.permissions import Permission
from access.principal import Principal
from domain.clock import Clock
from domain.errors import WordedError
from domain.personal import Draft, Fields, SavedView
from stores.personal_protocol import PersonalStore

DRAFTS_MAX = 20
DRAFT_DAYS = timedelta(days=30)
FIELDS_MAX = 400
DRAFT_CHARS_MAX = 60_000
VIEWS_MAX = 30
NAME_CHARS_MAX = 40
QUERY_CHARS_MAX = 2_000
_PLACE_CHARS_MAX = 240
_FORMS_MAX = 50


class OwnRefusedError(WordedError):
    """A draft or view cannot be kept."""

    area = "own"


@dataclass(frozen=True, slots=True)
class FormState:
    """What a page tells of a form half filled."""

    place: str
    form: int
    page: str
    title: str
    fields: Fields


@guarded
class OwnThings:
    """Drafts and views. ``clock`` is the real one."""

    def __init__(self, store: PersonalStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    @require(Permission.CHANGE_OWN_ACCOUNT)
    def keep_draft(self, principal: Principal, state: FormState) -> Draft:
        """Keep a form half filled; without a field that says something its draft goes.

        Raises
        ------
        OwnRefusedError
            It is larger than any form of ours, or names no address of ours.
        """
        size = sum(len(name) + len(value) for name, value in state.fields)
        if len(state.fields) > FIELDS_MAX or size > DRAFT_CHARS_MAX:
            raise OwnRefusedError("too_much")
        places = (state.place, state.page)
        if not 0 <= state.form < _FORMS_MAX or any(not _is_address(one) for one in places):
            raise OwnRefusedError("no_place")
        now = self._clock.now()
        draft = Draft(
            principal.user_id,
            state.place,
            state.form,
            state.page,
            state.title.strip()[:NAME_CHARS_MAX],
            state.fields,
            now,
        )
        if any(value.strip() for _, value in state.fields):
            self._store.put_draft(draft, DRAFTS_MAX)
        else:
            self._store.drop_drafts(principal.user_id, state.place, state.form)
        return draft

    @require(Permission.CHANGE_OWN_ACCOUNT)
    def draft(self, principal: Principal, place: str, form: int) -> Draft | None:
        """Return the draft of one form, None without one or when it is older than a month."""
        found = self._store.draft(principal.user_id, place, form)
        return found if found is not None and found.saved_at >= self._clock.now() - DRAFT_DAYS else None

    @require(Permission.CHANGE_OWN_ACCOUNT)
    def drafts(self, principal: Principal) -> Sequence[Draft]:
        """Return every draft of this person, newest first; those of more than a month ago are forgotten."""
        oldest = self._clock.now() - DRAFT_DAYS
        return self._store.drafts(principal.user_id, oldest)

    @require(Permission.CHANGE_OWN_ACCOUNT)
    def drop_draft(self, principal: Principal, place: str, form: int | None = None) -> int:
        """Forget the draft of a form, or of every form of an address: it was sent, or is not wanted."""
        return self._store.drop_drafts(principal.user_id, place, form)

    @require(Permission.CHANGE_OWN_ACCOUNT)
    def keep_view(self, principal: Principal, page: str, name: str, query: str) -> SavedView:
        """Keep a view of a page under a name, in place of one of that name.

        Raises
        ------
        OwnRefusedError
            It has no name, its address is too long, or there are thirty of other names.
        """
        said = " ".join(name.split())[:NAME_CHARS_MAX]
        if not said or not said.isprintable():
            raise OwnRefusedError("no_name")
        if len(query) > QUERY_CHARS_MAX or not query.isprintable():
            raise OwnRefusedError("too_much")
        view = SavedView(principal.user_id, page[:64], said, query, self._clock.now())
        if not self._store.put_view(view, VIEWS_MAX):
            raise OwnRefusedError("too_many_views", count=VIEWS_MAX)
        return view

    @require(Permission.CHANGE_OWN_ACCOUNT)
    def views(self, principal: Principal, page: str) -> Sequence[SavedView]:
        """Return this person's views of a page, by name."""
        return self._store.views(principal.user_id, page)

    @require(Permission.CHANGE_OWN_ACCOUNT)
    def drop_view(self, principal: Principal, page: str, name: str) -> bool:
        """Forget a view; False when there is none."""
        return self._store.drop_view(principal.user_id, page, name)


def _is_address(text: str) -> bool:
    plain = text.isprintable() and "\\" not in text
    return text.startswith("/") and not text.startswith("//") and len(text) <= _PLACE_CHARS_MAX and plain
