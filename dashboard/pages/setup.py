"""Setting up in the browser: what is still to do, the list of plants in and out, a device found on a wire, every setting.

Plain forms. A question to a wire is queued and its page asks again by itself; only the collector touches the wire.
"""

import re
from typing import Any
from urllib.parse import urlencode

from flask import Flask, Response, redirect, request
from flask_wtf.csrf import generate_csrf

from access.permissions import Permission
from access.principal import Principal
from commands.setting_up import SWEEP_MAX, Finding, Question, SettingUp, SetupRefusedError
from commands.tables import FILE_BYTES_MAX
from dashboard import guard, plain
from dashboard.pages import setup_users
from dashboard.pages.base import Site, add_pages
from dashboard.pages.setup_pages import DEVICE, FINDING, HOME, REGISTRY, SETTINGS
from domain.errors import CommandError, ConfigurationError, PvmonError
from domain.plant import Connection, WireProtocol
from texts.loader import Texts

PATH = "setup"
_ASK_AGAIN_S = "2"
_FORMS = ("xlsx", "yaml", "template")


def register(server: Flask, site: Site) -> None:
    """Register the pages where this process can set up."""
    setup_users.register(server, site)
    if site.services.setup is None:
        return
    pages = _Pages(site, site.services.setup.up)
    look, put = guard.page(Permission.CHANGE_REGISTRY), guard.page(Permission.CHANGE_REGISTRY, uploads=True)
    rules = (
        ("", "setup", look(pages.home), "GET"),
        ("/settings", "setup_settings", look(pages.settings), "GET"),
        ("/registry", "setup_registry", look(pages.registry), "GET"),
        ("/registry", "setup_registry_take", put(pages.take_registry), "POST"),
        ("/registry/file/<form>", "setup_registry_file", look(pages.file), "GET"),
        ("/device", "setup_device", look(pages.device), "GET"),
        ("/device", "setup_device_ask", look(pages.ask), "POST"),
        ("/device/<ticket>", "setup_finding", look(pages.finding), "GET"),
        ("/device/<ticket>", "setup_device_add", look(pages.add), "POST"),
    )
    add_pages(server, f"{site.prefix}{PATH}", rules)


class _Pages:
    """The handlers."""

    def __init__(self, site: Site, up: SettingUp) -> None:
        self._site = site
        self._up = up

    # ------------------------------------------------------------------ what is still to do

    def home(self, principal: Principal) -> Response:
        """Show the steps, which are done, and where each leads."""
        texts, registry = plain.words(), self._site.services.sources.registry
        counts, prefix = self._up.counts(principal), self._site.prefix
        devices = sum(1 for _ in registry.devices())
        people = sum(count for role, count in counts.items() if role not in {"admin", "machine"})
        steps = [
            ("admin", counts["admin"] > 0, ""),
            ("registry", not registry.sample, f"{prefix}{PATH}/registry"),
            ("device", devices > 0, f"{prefix}{PATH}/device"),
            ("people", people > 0, f"{prefix}{PATH}/users"),
            ("settings", True, f"{prefix}{PATH}/settings"),
        ]
        facts = {
            "plants": len(registry.plants),
            "devices": devices,
            "people": people,
            "admins": counts["admin"],
        }
        rows = [
            {
                "title": texts(f"setup.step.{name}.title"),
                "about": texts(f"setup.step.{name}.about", **facts),
                "done": done,
                "href": href,
            }
            for name, done, href in steps
        ]
        return plain.document(texts("setup.title"), HOME, rows=rows, home=f"{prefix}todo")

    def settings(self, principal: Principal) -> Response:
        """Show every setting with its explanation."""
        texts = plain.words()
        rows = [(one, texts(f"setup.setting.{one.name}")) for one in self._up.settings(principal)]
        return plain.document(texts("setup.step.settings.title"), SETTINGS, rows=rows, home=self._home)

    @property
    def _home(self) -> str:
        return f"{self._site.prefix}{PATH}"

    # ------------------------------------------------------------------ the list of plants

    def registry(self, principal: Principal) -> Response:  # noqa: ARG002 (the guard has checked)
        """Show the form for a list of plants, and its files."""
        return self._registry_page()

    def take_registry(self, principal: Principal) -> Any:
        """Preview a file, or put it in force."""
        texts, sent = plain.words(), request.files.get("file")
        content = sent.read(FILE_BYTES_MAX + 1) if sent is not None else b""
        if not content:
            return self._registry_page(problems=(texts("setup.registry.no_file"),))
        try:
            if request.form.get("keep"):
                parent = request.form.get("parent", "")
                number = self._up.keep(principal, content, int(parent) if parent.isdecimal() else -1, texts)
                return self._registry_page(said=texts("setup.registry.kept", number=number))
            found = self._up.preview(principal, content, texts)
        except SetupRefusedError as error:
            return self._registry_page(problems=(error.words(texts),))
        except (CommandError, ConfigurationError) as error:
            return self._registry_page(problems=tuple(str(error).splitlines()[:100]))
        said = "" if found.problems else texts("setup.registry.would", count=len(found.changes))
        return self._registry_page(said, found.problems, found.changes, found.parent)

    def _registry_page(
        self, said: str = "", problems: tuple[str, ...] = (), changes: tuple[str, ...] = (), parent: int = -1
    ) -> Response:
        texts = plain.words()
        files = [
            (f"{self._home}/registry/file/{form}", texts(f"setup.registry.file.{form}")) for form in _FORMS
        ]
        return plain.document(
            texts("setup.step.registry.title"),
            REGISTRY,
            422 if problems else 200,
            said=said,
            problems=problems,
            changes=changes,
            parent=parent,
            files=files,
            action=f"{self._home}/registry",
            home=self._home,
            csrf=generate_csrf(),
        )

    def file(self, principal: Principal, form: str) -> Response:
        """Give the list of plants as a file."""
        if form not in _FORMS:
            raise CommandError(plain.words()("setup.registry.no_form"))
        name, content = self._up.export(principal, form)
        answer = Response(content, mimetype="application/octet-stream")
        answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
        return answer

    # ------------------------------------------------------------------ a device

    def device(self, principal: Principal, problem: str = "") -> Response:
        """Show where to look for a device."""
        texts, registry = plain.words(), self._site.services.sources.registry
        wires = [
            (f"{plant.plant_id} {one.gateway_id}", f"{plant.label(texts.language)} · {one.gateway_id}")
            for plant in principal.plants(registry)
            if plant.connection is Connection.LIVE
            for one in plant.gateways
            if one.protocol is not WireProtocol.MQTT
        ]
        return plain.document(
            texts("setup.step.device.title"),
            DEVICE,
            422 if problem else 200,
            problem=problem,
            wires=wires,
            typed=request.form or request.args,
            sweep_max=SWEEP_MAX,
            action=f"{self._home}/device",
            home=self._home,
            csrf=generate_csrf(),
        )

    def ask(self, principal: Principal) -> Any:
        """Queue the question."""
        try:
            ticket = self._up.ask(principal, _question())
        except SetupRefusedError as error:
            return self.device(principal, error.words(plain.words()))
        return redirect(f"{self._home}/device/{ticket}", code=303)

    def finding(self, principal: Principal, ticket: str, problem: str = "") -> Response:
        """Show what a unit said; while it is asked the page comes again by itself."""
        texts = plain.words()
        found = self._up.answer(principal, ticket, texts)
        if found is None:
            found = Finding(problem=texts("setup.device.no_ticket"))
        asked = found.question
        where = "" if asked is None else f"{asked.plant_id} {asked.gateway_id}"
        answer = plain.document(
            texts("setup.device.found"),
            FINDING,
            422 if problem or found.problem else 200,
            found=found,
            problem=problem or found.problem,
            candidates=[(name, f"{share:.0%}") for name, share in found.candidates],
            swept=asked is not None and asked.last_unit > 0,
            units=[
                {
                    "unit": unit,
                    "name": name or texts("setup.sweep.unknown"),
                    "share": f"{share:.0%}" if name else "",
                    "href": f"{self._home}/device?{urlencode({'wire': where, 'unit': unit})}",
                }
                for unit, name, share in found.units
            ],
            action=f"{self._home}/device/{ticket}",
            again=f"{self._home}/device",
            home=self._home,
            csrf=generate_csrf(),
        )
        if found.waiting:
            answer.headers["Refresh"] = _ASK_AGAIN_S
        return answer

    def add(self, principal: Principal, ticket: str) -> Any:
        """Write the device into its plant."""
        texts = plain.words()
        try:
            device_id, number = self._up.add(principal, ticket, texts)
        except SetupRefusedError as error:
            return self.finding(principal, ticket, error.words(texts))
        except PvmonError as error:
            return self.finding(principal, ticket, str(error))
        return self._added(device_id, number, texts)

    def _added(self, device_id: str, number: int, texts: Texts) -> Response:
        found = self._site.services.sources.registry.devices_by_id.get(device_id)
        there = f"{self._site.plant_path(found.plant_id)}?tab=devices" if found is not None else self._home
        body = """<p class="note" role="status"><b>{{ said }}</b></p><a class="button primary" href="{{ there }}">
{{ words("setup.device.look") }}</a><a class="button" href="{{ home }}">{{ words("access.back") }}</a>"""
        said = texts("setup.device.added", device=device_id, number=number)
        return plain.document(texts("setup.device.found"), body, said=said, there=there, home=self._home)


def _question() -> Question:
    given = request.form
    plant_id, _, gateway_id = given.get("wire", "").partition(" ")
    rated = given.get("rated", "").replace(",", ".")
    return Question(
        plant_id,
        gateway_id,
        _whole(given.get("unit", ""), -1),
        given.get("profile", "").strip()[:64],
        " ".join(given.get("name", "").split())[:40],
        float(rated) if re.fullmatch(r"\d{1,6}(\.\d{1,3})?", rated, re.ASCII) else 0.0,
        _whole(given.get("strings", ""), 0),
        _whole(given["last"], -1) if given.get("last") else 0,
    )


def _whole(text: str, otherwise: int) -> int:
    return int(text) if re.fullmatch(r"\d{1,3}", text.strip(), re.ASCII) else otherwise
