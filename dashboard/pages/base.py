"""What a page is: a path, a permission, a layout, and its callbacks; and what it is given."""

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

from flask import Flask

from access.permissions import Permission
from access.principal import Principal
from dashboard.services import DashboardSettings, Queries, Services
from texts.loader import LANGUAGES, Texts

Component = Any


@dataclass(frozen=True, slots=True)
class Site:
    """What every page shares for the life of the server."""

    services: Services
    queries: Queries
    settings: DashboardSettings
    texts: Mapping[str, Texts]
    prefix: str = "/app/"

    def words(self, principal: Principal) -> Texts:
        """Return the words of this request's language."""
        return self.texts[language_of(principal)]

    def plant_path(self, plant_id: str) -> str:
        """Return the address of a plant's page."""
        return f"{self.prefix}plants/{plant_id}"


@dataclass(frozen=True, slots=True)
class Visit:
    """One request for one page: who, in which language, with which parts of the address."""

    site: Site
    principal: Principal
    texts: Texts
    args: Mapping[str, str]


class Page(Protocol):
    """One page. ``path`` is below the prefix; ``<name>`` takes one part of it."""

    path: str
    permission: Permission
    title: str  # text key

    def layout(self, visit: Visit) -> Component:
        """Return what stands inside the frame."""
        ...

    def register(self, app: Any, site: Site) -> None:
        """Register callbacks, every one through guard.secured."""
        ...


def add_pages(server: Flask, base: str, rules: Iterable[tuple[str, str, Any, str]]) -> None:
    """Register plain pages: each its address below ``base``, its name, its handler behind a guard, its method."""
    for path, name, handler, method in rules:
        server.add_url_rule(f"{base}{path}", name, handler, methods=[method])


def picture_of(site: Site) -> Callable[[], Hashable]:
    """Return what answers drawn from the picture of the district rest on: the moment it was taken."""

    def rest() -> Hashable:
        snapshot = site.queries.keeper.get()
        return snapshot.taken_at, snapshot.failed_at, id(snapshot)

    return rest


def language_of(principal: Principal | None) -> str:
    """Return the language of who asks, Chinese where nobody is known."""
    account = "zh" if principal is None else principal.language
    return account if account in LANGUAGES else "zh"


@cache
def _parts(pattern: str) -> tuple[str, ...]:
    return tuple(pattern.strip("/").split("/"))


def match(path: str, pattern: str) -> dict[str, str] | None:
    """Return the named parts of ``path`` under ``pattern``, None when it does not fit."""
    given, wanted = path.strip("/").split("/"), _parts(pattern)
    if len(given) != len(wanted):
        return None
    found: dict[str, str] = {}
    for part, expected in zip(given, wanted, strict=True):
        if expected.startswith("<"):
            if not part:
                return None
            found[expected.strip("<>")] = part
        elif part != expected:
            return None
    return found
