"""Words of work pages: yuan, places, states, refusals; one format each."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import request

from access.principal import Principal
from alerts.handling import HandlingRefusedError
from alerts.message import CHARS_MAX, body, line, place_name, rule_name
from cases.refusal import CaseRefusedError
from commands.reading_rules import ReadingRefusedError
from dashboard.components.words import MISSING, number
from dashboard.pages.base import Site
from dashboard.services import WorkServices
from domain.alert import Alert
from domain.errors import AccessDeniedError, CommandError
from domain.plant import Registry
from domain.timespan import DEFAULT_ZONE, day_of
from queries.work import QueueView
from texts.loader import Texts

COLOURS = {1: "#a61b1b", 2: "#b25309", 3: "#1864ab", 4: "#52606d"}
_TYPED = "%Y-%m-%dT%H:%M"


def work_of(site: Site) -> WorkServices:
    """Return the services of work; where there are none, there is no such page."""
    if site.services.work is None:
        raise AccessDeniedError("work on faults is not kept in this process")
    return site.services.work


def yuan(fen: int | None) -> str:
    """Return whole yuan, an em dash for what is not known."""
    return MISSING if fen is None else number(fen / 100)


def risk_parts(alert: Alert, texts: Texts) -> str:
    """Return the two parts of what a coming day costs, which are paid years apart; empty where no price is known."""
    parts = [
        texts(f"work.part.{name}", yuan=yuan(int(fen)))
        for name in ("benchmark", "subsidy")
        if (fen := alert.evidence.get(f"at_risk_{name}_fen", "")).lstrip("-").isdecimal()
    ]
    return " · ".join(parts)


def fault_name(alert: Alert, texts: Texts) -> str:
    """Return the name of the fault."""
    return rule_name(alert.rule, texts)


def place(alert: Alert, registry: Registry, texts: Texts) -> str:
    """Return where it is."""
    return place_name(alert, registry, texts)


def copy_text(alert: Alert, registry: Registry, texts: Texts) -> str:
    """Return an alert as people paste it into a group."""
    return line(alert, registry, texts)[:CHARS_MAX]


def brief_text(view: QueueView, registry: Registry, texts: Texts) -> str:
    """Return the morning's list as people paste it into a group: at most 500 characters, the dearest first."""
    alerts = [row.alert for trip in view.trips for row in trip.rows]
    district = registry.district_en if texts.language == "en" and registry.district_en else registry.district
    facts = {"day": f"{day_of(view.at):%m-%d}", "district": district}
    if not alerts:
        return texts("desk.brief_none", **facts)
    head = texts("desk.brief", **facts, count=len(alerts), yuan=number(view.at_risk_fen / 100))
    return body(alerts, registry, texts, head=[head])


def copy_words(texts: Texts) -> dict[str, str]:
    """Return what a copying button says afterwards."""
    return {"done": texts("desk.copied"), "failed": texts("desk.not_copied")}


def words_of(error: CommandError, texts: Texts) -> str:
    """Return why something was refused, in the reader's language where we have the words."""
    if isinstance(error, CaseRefusedError | HandlingRefusedError | ReadingRefusedError):
        return error.words(texts)
    return str(error)


def typed_instant(name: str) -> datetime | None:
    """Return a local date and time of a form as an instant, None when it is empty or odd."""
    return instant_of(request.form.get(name, ""))


def instant_of(text: str) -> datetime | None:
    """Return a local date and time as an instant, None when it is empty or odd."""
    try:
        local = datetime.strptime(text, _TYPED).replace(tzinfo=ZoneInfo(DEFAULT_ZONE))
    except ValueError:
        return None
    return local.astimezone(UTC)


def as_typed(at: datetime) -> str:
    """Return an instant as a form shows it."""
    return at.astimezone(ZoneInfo(DEFAULT_ZONE)).strftime(_TYPED)


def seen() -> int:
    """Return how many acts the page showed when the form was filled in."""
    text = request.form.get("seen", "")
    return int(text) if text.isdecimal() and len(text) < 6 else 0


def sent_photo(limit: int) -> bytes:
    """Return the picture of a form, empty without one."""
    file = request.files.get("photo")
    if file is None:
        return b""
    content: bytes = file.read(limit + 1)
    file.close()
    return content


def shown(values: dict[str, Any]) -> list[tuple[str, Any]]:
    """Return names and values that say something."""
    return [(name, value) for name, value in values.items() if value not in ("", None, MISSING)]


def is_phone_user(principal: Principal) -> bool:
    """Tell whether somebody works in the field only, so that his own orders come first."""
    return {role.value for role in principal.roles} == {"field"}
