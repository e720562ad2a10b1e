"""Accounts in the browser: who has one, a new one, a new one-time password, closing and opening again."""

from typing import Any

from flask import Flask, Response, request
from flask_wtf.csrf import generate_csrf

from access.permissions import Permission, roles_clash
from access.principal import Principal
from commands.accounts import NAME_CHARS_MAX, USER_ID, AccountRow, NewUser
from dashboard import guard, plain
from dashboard.pages.base import Site, add_pages
from dashboard.pages.setup_pages import USERS
from domain.account import Role, Scope
from domain.errors import CommandError
from domain.plant import Registry
from texts.loader import Texts

PATH = "setup/users"
_ROLES = tuple(role for role in Role if role.logs_in)


def register(server: Flask, site: Site) -> None:
    """Register the page and its acts."""
    pages, manages = _Pages(site), guard.page(Permission.MANAGE_USERS)
    rules = (
        ("", "setup_users", manages(pages.show), "GET"),
        ("", "setup_users_add", manages(pages.add), "POST"),
        ("/<user_id>/<act>", "setup_users_act", manages(pages.act), "POST"),
    )
    add_pages(server, f"{site.prefix}{PATH}", rules)


class _Pages:
    """The handlers."""

    def __init__(self, site: Site) -> None:
        self._site = site

    @property
    def _registry(self) -> Registry:
        return self._site.services.sources.registry

    def show(self, principal: Principal, problem: str = "", said: str = "", password: str = "") -> Response:
        """Show every account and the form of a new one."""
        texts, registry = plain.words(), self._registry
        typed = request.form if problem else {}
        chosen = set(request.form.getlist("place")) if problem else set()
        answer = plain.document(
            texts("setup.users.title"),
            USERS,
            422 if problem else 200,
            problem=problem,
            said=said,
            password=password,
            rows=[self._row(one, principal, texts) for one in self._site.services.accounts.users(principal)],
            roles=[(role.value, texts(f"setup.users.of.{role.value}")) for role in _ROLES],
            typed=typed,
            chosen=chosen,
            places=[
                (texts("setup.users.towns"), [(t.town_id, t.label(texts.language)) for t in registry.towns]),
                (
                    texts("setup.users.villages"),
                    [
                        (v.village_id, registry.village_label(v.village_id, texts.language))
                        for v in registry.villages
                    ],
                ),
                (
                    texts("setup.users.plants_pick"),
                    [(p.plant_id, p.label(texts.language)) for p in registry.plants],
                ),
            ],
            action=f"{self._site.prefix}{PATH}",
            home=f"{self._site.prefix}setup",
            csrf=generate_csrf(),
        )
        if password:
            answer.headers["Cache-Control"] = "no-store"
        return answer

    def _row(self, one: AccountRow, principal: Principal, texts: Texts) -> dict[str, Any]:
        return {
            "id": one.user_id,
            "name": one.display_name,
            "roles": "、".join(texts(f"setup.users.of.{role.value}") for role in one.roles),
            "scope": self._scope(one.scope, texts),
            "disabled": one.disabled,
            "own": one.user_id == principal.user_id,
            "logs_in": all(role.logs_in for role in one.roles),
        }

    def _scope(self, scope: Scope, texts: Texts) -> str:
        registry, language = self._registry, texts.language
        if scope.everything:
            return texts("setup.users.everything")
        towns = [t.label(language) for t in registry.towns if t.town_id in scope.town_ids]
        villages = [
            registry.village_label(v.village_id, language)
            for v in registry.villages
            if v.village_id in scope.village_ids
        ]
        plants = [texts("setup.users.plants", count=len(scope.plant_ids))] if scope.plant_ids else []
        return "、".join([*towns, *villages, *plants]) or texts("setup.users.no_scope")

    def add(self, principal: Principal) -> Response:
        """Add an account and show its one-time password."""
        texts, accounts = plain.words(), self._site.services.accounts
        new = self._new()
        problem = self._problem(principal, new, texts)
        if problem:
            return self.show(principal, problem)
        try:
            password = accounts.add(principal, new)
        except CommandError:
            return self.show(principal, texts("setup.users.refused"))
        return self.show(principal, said=texts("setup.users.once", user=new.user_id), password=password)

    def _new(self) -> NewUser:
        given, places = request.form, set(request.form.getlist("place"))
        registry = self._registry
        scope = Scope(everything=True)
        if not given.get("everything"):
            scope = Scope(
                town_ids=frozenset(places & set(registry.towns_by_id)),
                village_ids=frozenset(places & set(registry.villages_by_id)),
                plant_ids=frozenset(places & set(registry.plants_by_id)),
            )
        roles = frozenset(role for role in _ROLES if role.value in given.getlist("role"))
        return NewUser(given.get("user", "").strip(), given.get("name", "").strip(), roles, scope)

    def _problem(self, principal: Principal, new: NewUser, texts: Texts) -> str:
        """Return what is wrong with a new account, in the reader's words."""
        if not USER_ID.fullmatch(new.user_id):
            return texts("setup.users.bad_user")
        if not 0 < len(new.display_name) <= NAME_CHARS_MAX or not new.display_name.isprintable():
            return texts("setup.users.bad_name", count=NAME_CHARS_MAX)
        if not new.roles:
            return texts("setup.users.bad_role")
        clash = roles_clash(new.roles)
        if clash is not None:
            first, second = (texts(f"setup.users.of.{role.value}") for role in clash)
            return texts("setup.users.clash", first=first, second=second)
        if new.scope == Scope():
            return texts("setup.users.bad_scope")
        taken = {one.user_id for one in self._site.services.accounts.users(principal)}
        return texts("setup.users.taken", user=new.user_id) if new.user_id in taken else ""

    def act(self, principal: Principal, user_id: str, act: str) -> Response:
        """Reset a password, close an account, or open it again."""
        texts, accounts = plain.words(), self._site.services.accounts
        if user_id == principal.user_id:
            return self.show(principal, texts("setup.users.own"))
        try:
            if act == "reset":
                password = accounts.reset_password(principal, user_id)
                return self.show(principal, said=texts("setup.users.once", user=user_id), password=password)
            {"disable": accounts.disable, "enable": accounts.enable}[act](principal, user_id)
        except (CommandError, KeyError):
            return self.show(principal, texts("setup.users.unknown"))
        return self.show(principal, said=texts("setup.users.done", user=user_id))
