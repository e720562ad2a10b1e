"""`pvmon handover`: the order behind it, and the sheet two people sign."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from html import escape
from typing import Any

from access.principal import console_principal
from commands.cases import Cases
from commands.handing_over import HandedOver, HandingOver
from commands.own_things import DRAFT_DAYS
from domain.account import Scope
from domain.clock import SystemClock
from domain.personal import Draft
from domain.plant import Registry
from main.build import Options
from main.care.telling import maintenance_of, notifying_of
from main.control import Action
from main.personal import personal_store
from revenue.approval import ORDER
from stores.dossiers import Dossiers
from stores.records.store import SqlRecordStore
from texts.loader import Texts

NAME = "user.hand_over"
_STYLE = """@page{size:A4;margin:16mm} body{font:11pt/1.5 "Noto Sans CJK SC","WenQuanYi Micro Hei",sans-serif;
max-width:178mm;margin:auto} h1{font-size:16pt;text-align:center} h2{font-size:12pt;margin:6mm 0 1mm}
table{border-collapse:collapse;width:100%} td,th{border:.2mm solid #888;padding:1mm 2mm;text-align:left}
.sign td{height:16mm;width:33%;vertical-align:top}"""


def handover_orders(options: Options, records: SqlRecordStore) -> Mapping[str, Action]:
    """Return the order by name, taking and giving plain JSON values; it acts as the console."""

    def handed(payload: Mapping[str, Any]) -> Mapping[str, Any]:
        real, field = SystemClock(), options.clock
        cases = Cases(records, options.registry, maintenance_of(options), real, field)
        act = HandingOver(records, cases, real, field)
        giver, taker = str(payload.get("from", "")), str(payload.get("to", ""))
        done = act.hand_over(console_principal(), giver, taker, stays=payload.get("stays") is True)
        plans = open_plans(done.scope, options.registry, records)
        receivers = [one.receiver_id for one in notifying_of(options).receivers if one.receiver_id == giver]
        kinds = draft_kinds(personal_store(options, records).drafts(giver, real.now() - DRAFT_DAYS))
        return as_json(done, options.registry, plans, receivers, kinds)

    return {NAME: handed}


def open_plans(scope: Scope, registry: Registry, records: SqlRecordStore) -> list[tuple[str, str]]:
    """Return plans in a scope that are not finished, each with its step."""
    villages = [
        one.village_id
        for one in registry.villages
        if scope.everything or one.village_id in scope.village_ids or one.town_id in scope.town_ids
    ]
    found = Dossiers(records).of_villages(villages) if villages else []
    return [
        (one.plan.plan_id, one.approval.step.value) for one in found if one.approval.step is not ORDER[-1]
    ]


def draft_kinds(drafts: Sequence[Draft]) -> list[tuple[str, int]]:
    """Return which forms somebody left half filled, and how many of each; what was typed is nobody else's."""
    return sorted(Counter(one.title for one in drafts).items())


def as_json(
    done: HandedOver,
    registry: Registry,
    plans: Sequence[tuple[str, str]],
    receivers: Sequence[str],
    drafts: Sequence[tuple[str, int]] = (),
) -> dict[str, Any]:
    """Return what was handed over as plain values."""
    scope = done.scope
    towns = [registry.towns_by_id[one].name for one in sorted(scope.town_ids) if one in registry.towns_by_id]
    known = [one for one in sorted(scope.village_ids) if one in registry.villages_by_id]
    return {
        "at": done.at.isoformat(),
        "from": [done.giver.user_id, done.giver.display_name],
        "to": [done.taker.user_id, done.taker.display_name],
        "roles": [role.value for role in done.roles],
        "everything": scope.everything,
        "places": [*towns, *(registry.village_label(one) for one in known), *sorted(scope.plant_ids)],
        "cases": [[one.number, one.subject] for one in done.cases],
        "plans": [list(one) for one in plans],
        "receivers": list(receivers),
        "drafts": [list(one) for one in drafts],
        "sessions_ended": done.sessions_ended,
        "closed": done.closed,
    }


def sheet(told: Mapping[str, Any], texts: Texts) -> str:
    """Return the sheet as a page for A4: what was handed over, and room for the signatures."""

    def words(key: str, **values: object) -> str:
        return escape(texts(f"handing_over.{key}", **values))

    at = datetime.fromisoformat(told["at"]).astimezone(UTC)
    scope = words("everything") if told["everything"] else escape("、".join(told["places"]) or "—")
    facts = [
        (words("giver"), escape(f"{told['from'][1]} ({told['from'][0]})")),
        (words("taker"), escape(f"{told['to'][1]} ({told['to'][0]})")),
        (words("roles"), escape("、".join(texts(f"demo.roles.{one}") for one in told["roles"]))),
        (words("scope"), scope),
        (words("account"), words("closed" if told["closed"] else "stays")),
        (words("sessions"), str(told["sessions_ended"])),
    ]
    lists = (
        ("cases", [f"{number} {subject}" for number, subject in told["cases"]]),
        ("plans", [f"{plan} ({texts(f'payout.step.{step}')})" for plan, step in told["plans"]]),
        ("receivers", told["receivers"]),
        (
            "drafts",
            [texts("handing_over.draft", title=title, count=count) for title, count in told["drafts"]],
        ),
    )
    body = "".join(f"<tr><td>{name}</td><td>{value}</td></tr>" for name, value in facts)
    parts = "".join(f"<h2>{words(key)}</h2>{_listed(items, words('none'))}" for key, items in lists)
    signs = "".join(f"<td>{words(key)}</td>" for key in ("sign_giver", "sign_taker", "sign_witness"))
    return (
        f'<!doctype html><html lang="{texts.language}"><meta charset="utf-8"><title>{words("title")}</title>'
        f"<style>{_STYLE}</style><h1>{words('title')}</h1><p>{words('made', at=f'{at:%Y-%m-%d %H:%M}')}</p>"
        f"<table>{body}</table>{parts}<h2>{words('signatures')}</h2><table class=sign><tr>{signs}</tr></table></html>\n"
    )


def _listed(items: Sequence[str], none: str) -> str:
    if not items:
        return f"<p>{none}</p>"
    return "<ul>" + "".join(f"<li>{escape(one)}</li>" for one in items) + "</ul>"
