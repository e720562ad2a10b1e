"""Every page there is, over one district with plants, work, money and payout: the list the browser test walks."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from commands.households import Households
from commands.public_notices import PublicNotices
from dashboard.factory import create_app
from domain.account import Role, Scope, User
from stores.records.household_codes import SqlHouseholdCodes
from stores.records.sealing import Sealer
from tests.commands.payout_world import VILLAGES, World
from tests.dashboard.fixtures import PASSWORD
from tests.dashboard.fixtures import World as District
from tests.dashboard.test_work import alerts

# texts that lie over each other, and texts cut off without dots; figures and the grid lay out their own
LAYOUT_FAULTS = """() => {
  const skip = '.js-plotly-plot, [class^="ag-"], [class*=" ag-"], .visually-hidden, [aria-hidden=true], svg, details:not([open])' +
    ' > :not(summary), option, noscript, script, style';
  const found = [], texts = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode, owner = node.parentElement;
    if (!node.data.trim() || !owner || owner.closest(skip) || !owner.checkVisibility({visibilityProperty: true})) continue;
    let floats = false, clip = null, dots = false;
    for (let at = owner; at && at !== document.body; at = at.parentElement) {
      const style = getComputedStyle(at);
      if (['fixed', 'sticky'].includes(style.position)) floats = true;
      if (style.textOverflow === 'ellipsis') dots = true;
      if (['auto', 'scroll'].includes(style.overflowX) || ['auto', 'scroll'].includes(style.overflowY)) dots = true;
      if (!clip && (style.overflowX === 'hidden' || style.overflowX === 'clip')) clip = at;
    }
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const box of range.getClientRects()) {
      if (box.width < 2 || box.height < 2) continue;
      if (clip && !dots) {
        const edge = clip.getBoundingClientRect();
        if (box.right > edge.right + 2 || box.left < edge.left - 2) found.push('cut off: ' + node.data.trim().slice(0, 30));
      }
      if (!floats && !dots) texts.push({box, owner, words: node.data.trim().slice(0, 24)});
    }
  }
  texts.sort((one, other) => one.box.top - other.box.top);
  for (let i = 0; i < texts.length; i++) {
    for (let j = i + 1; j < texts.length && texts[j].box.top < texts[i].box.bottom - 3; j++) {
      const [a, b] = [texts[i].box, texts[j].box];
      const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      if (wide > 3 && high > 5) found.push('overlap: ' + texts[i].words + ' / ' + texts[j].words);
    }
  }
  return [...new Set(found)].slice(0, 5);
}"""
BASE = "https://pv.example.cn"


def paid_world(folder: Path) -> World:
    """Return three villages: one paid in part, one published, one drafted."""
    made = World(folder)
    for place, village in enumerate(VILLAGES):
        made.fund(village)
        made.enrol(village, 8, first=1 + 100 * place)
    plan_id = made.release(VILLAGES[0]).plan.plan_id
    made.answer(made.send(plan_id), frozenset({2}))
    second = made.draft(VILLAGES[1]).plan.plan_id
    made.meet(second)
    made.notices.publish(made.accountant, second)
    made.draft(VILLAGES[2])
    return made


def whole_app(district: District, paid: World) -> Any:
    """Return an application that has everything; an account ``all`` sees every page."""
    codes = SqlHouseholdCodes(paid.records.database, Sealer(paid.folder / "people.key"))
    payout = paid.services(
        PublicNotices(paid.stores, paid.registry, paid.clock, BASE),
        Households(paid.stores, paid.registry, paid.rules, paid.clock, paid.clock, codes, BASE),
    )
    own = district.registry
    registry = replace(
        own,
        towns=(*own.towns, *paid.registry.towns),
        villages=(*own.villages, *paid.registry.villages),
    )
    district.records.put_alerts(alerts(district), district.clock.now() - timedelta(minutes=5))
    roles = frozenset({Role.OM, Role.ACCOUNTANT, Role.TOWNSHIP})
    hashed = district.passwords.hash(PASSWORD)
    district.records.add_user(User("all", "所有页", roles, Scope(everything=True), hashed))
    sources = replace(district.services.sources, registry=registry, alerts=district.records)
    return create_app(replace(district.services, payout=payout, sources=sources), district.settings)


def addresses(district: District, paid: World) -> list[str]:
    """Return every page of the application, with arguments that show something."""
    plants = district.registry.plants
    live = plants[0].plant_id
    inverter = next(d.device_id for d in plants[0].devices if d.kind.value == "inverter")
    manual = next(p.plant_id for p in plants if p.connection.value == "manual")
    dossier = paid.stores.dossiers.of_villages([VILLAGES[0]])[0]
    plan_id, line = dossier.plan.plan_id, dossier.entitlements[0].entitlement_id
    tabs = [f"/app/plants/{live}?tab={tab}" for tab in ("summary", "curves", "devices", "strings", "papers")]
    return [
        "/app/todo",
        "/app/",
        "/app/plants",
        *tabs,
        f"/app/plants/{manual}",
        f"/app/compare?picks={live}:plant_power,{inverter}:internal_temperature_c",
        "/app/compare?mode=strings",
        "/app/compare?mode=ranking",
        "/app/queue",
        "/app/orders",
        "/app/work",
        "/app/alerts",
        "/app/data",
        "/app/reports",
        f"/app/reports?kind=plant&subject={live}",
        "/app/reports?kind=assessment",
        f"/app/reports?kind=village&subject={VILLAGES[0]}",
        "/app/income",
        "/app/reconciliation",
        "/app/ledger",
        "/app/plans",
        f"/app/plans/{plan_id}",
        "/app/payments",
        "/app/notices",
        f"/app/trace?line={line}",
        f"/app/roster?village={VILLAGES[0]}",
    ]


def plain_addresses(paid: World) -> list[str]:
    """Return the pages without Dash."""
    dossier = paid.stores.dossiers.of_villages([VILLAGES[0]])[0]
    return [
        "/",
        "/gs/",
        f"/gs/{VILLAGES[0]}/",
        f"/gs/{VILLAGES[0]}/2026-07/",
        "/h/",
        f"/app/plan-step/{dossier.plan.plan_id}",
        f"/app/plan-pay/{dossier.plan.plan_id}",
        f"/app/payee-lapse/{dossier.entitlements[0].entitlement_id}",
    ]
