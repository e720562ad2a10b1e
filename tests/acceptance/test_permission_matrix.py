"""Who gets what: every route, page, callback and question of the data interface, by every role, on own and foreign.

The cells are made from what is registered: a new page, callback or route is in the matrix the day it exists.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from access.areas import AREA_PERMISSIONS, Area
from access.guard import permission_of
from access.permissions import ROLE_PERMISSIONS, Permission
from access.principal import console_principal
from commands.case_rules import NewCase
from commands.tokens import Tokens
from dashboard.factory import create_app, pages
from domain.account import Role, Scope, User
from domain.alert import Alert, AlertState, Severity
from domain.case import CaseKind
from domain.clock import SystemClock
from domain.plant import Plant
from main.industry_desk import industry_services
from main.payout import open_desk
from main.settings import load_settings
from tests.access.people import somebody
from tests.api.faces import Face, face_over, fill
from tests.dashboard.fixtures import PASSWORD, ROOT, World, build, few_plants, login, sample_registry

PREFIX = "/app/"
LOGIN_ROLES = [role for role in Role if role.logs_in]
ANYBODY = ("/", "/login", "/logout", "/livez", "/readyz", "/metrics")  # open without an account
# notices, the form of households, and the first account (gone once there is one): open by their nature
OPEN_FORMS = ("/gs/", "/h/", "/h", "/first")
FRAME = (f"{PREFIX}_dash-layout", f"{PREFIX}_dash-dependencies")
SECRET = "机密事由"
CELLS_LEAST = 2_000


@dataclass(frozen=True)
class Subject:
    """One thing that can be asked for. ``ids`` are filled in for own and foreign."""

    kind: str  # route, page, callback, question
    name: str
    permission: Permission
    method: str = "GET"


@dataclass
class Place:
    """What a plant stands for in addresses and answers."""

    plant: Plant
    ids: dict[str, str]
    marks: tuple[str, ...]


@dataclass
class District:
    """A district with an own and a foreign plant, its application, and everybody logged in."""

    face: Face
    own: Place
    foreign: Place
    browsers: dict[tuple[str, str], tuple[Any, str]]
    tokens: dict[str, str]

    def place(self, scope: str) -> Place:
        return self.own if scope == "own" else self.foreign


def _owners(plant: Plant) -> frozenset[str]:
    return frozenset(plant.ownership[-1].shares_kw) if plant.ownership else frozenset()


def _two_plants(world: World) -> tuple[Plant, Plant]:
    """Return two plants that share neither town nor village."""
    plants = world.registry.plants
    towns = {v.village_id: v.town_id for v in world.registry.villages}
    for first in plants:
        for second in plants:
            mine = {first.town_id, *(towns[v] for v in _owners(first))}
            theirs = {second.town_id, *(towns[v] for v in _owners(second))}
            if not mine & theirs and _owners(first) and _owners(second):
                return first, second
    raise AssertionError("the district has no two plants apart")


def _place(world: World, plant: Plant, about: str) -> Place:
    work = world.services.work
    assert work is not None
    om = somebody(Role.OM, user_id="om")
    subject = f"{SECRET}{plant.plant_id}"
    device = plant.devices[0].device_id
    case = work.cases.register(om, NewCase(CaseKind.ORDER, subject, plant.plant_id, severity=Severity.S2))
    work.cases.assign(om, case.case_id, case.acts, "field")  # a field worker sees his own orders only
    village = min(_owners(plant))
    late = f"industry-alert-{plant.plant_id}"
    now = world.clock.now()
    world.records.put_alerts(
        [Alert(late, "I02", "", "", "", Severity.S2, AlertState.FIRING, now, now, subject=about)], now
    )
    ids = {
        "plant_id": plant.plant_id,
        "device_id": device,
        "village_id": village,
        "village": village,
        "case_id": case.case_id,
        "alert_id": f"alert-{plant.plant_id}",
        "industry_alert_id": late,
    }
    return Place(plant, ids, (plant.name, subject))


def _scope(plant: Plant) -> Scope:
    return Scope(village_ids=_owners(plant), plant_ids=frozenset({plant.plant_id}))


@pytest.fixture(scope="module")
def district(tmp_path_factory: pytest.TempPathFactory) -> Iterator[District]:
    folder = tmp_path_factory.mktemp("matrix")
    registry = few_plants(sample_registry())
    more = [p for p in sample_registry().plants if p.town_id != registry.plants[0].town_id][:2]
    world = build(folder, replace(registry, plants=(*registry.plants[:2], *more)), days=0.3)
    settings = load_settings({}, config_dir=ROOT / "config", data_dir=folder)
    desk = open_desk(settings, world.records, world.store, world.registry, world.clock)
    sources = replace(world.services.sources, alerts=world.records)
    fields = industry_services(settings, world.records, world.registry, world.clock)
    world.services = replace(world.services, sources=sources, payout=desk.services, industries=fields)
    own, foreign = _two_plants(world)
    world.registry = replace(world.registry, plants=(own, foreign))
    fill(world)
    # an industry of the district is everybody's, what a town owes is that town's
    places = _place(world, own, "fungus_bags"), _place(world, foreign, foreign.town_id)
    hashed = world.passwords.hash(PASSWORD)
    for role in Role:
        world.records.add_user(User(f"{role.value}-own", role.value, frozenset({role}), _scope(own), hashed))
    face = face_over(world)
    tokens = _tokens(world)
    made = District(face, *places, {}, tokens)
    for role in LOGIN_ROLES:
        client = face.app.test_client()
        made.browsers[role.value, "own"] = made.browsers[role.value, "foreign"] = (
            client,
            login(client, f"{role.value}-own", ""),
        )
    yield made
    world.close()


def _tokens(world: World) -> dict[str, str]:
    tokens, console = Tokens(world.records, SystemClock()), console_principal()
    areas = {"machine": frozenset(area.value for area in Area)} | {
        f"machine:{area.value}": frozenset({area.value}) for area in Area
    }
    return {name: tokens.add(console, "machine-own", name, chosen, 2)[1] for name, chosen in areas.items()}


def _subjects(app: Any) -> list[Subject]:
    found = []
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        stated = permission_of(view)
        if rule.rule in FRAME:  # Dash's own: a login, no permission
            found.append(Subject("frame", rule.rule, Permission.ANYONE))
        if rule.endpoint == rule.rule or stated is None or getattr(view, "__open__", False):
            continue  # the open ones have a test of their own
        kind = "question" if rule.rule.startswith("/api/") else "route"
        found += [
            Subject(kind, rule.rule, stated, method) for method in sorted(rule.methods - {"HEAD", "OPTIONS"})
        ]
    found += [Subject("page", page.path, page.permission) for page in pages()]
    callbacks = app.extensions["pvmon_guard"].callbacks
    for output, spec in callbacks.items():
        if "callback" in spec:
            stated = permission_of(spec["callback"])
            assert stated is not None
            found.append(Subject("callback", output, stated, "POST"))
    return found


def _filled(path: str, ids: dict[str, str]) -> str:
    return re.sub(r"<(?:int:)?(\w+)>", lambda part: ids.get(part[1], "1"), path)


def _ask(district: District, subject: Subject, who: str, scope: str) -> Any:
    """Ask as somebody would: with a session, with a token, or with neither."""
    ids = district.place(scope).ids
    if who.startswith("machine") or who == "anonymous":
        client, csrf = district.face.app.test_client(), ""
    else:
        client, csrf = district.browsers[who, scope]
    headers = {"Accept": "text/html"} if subject.method == "GET" else {"X-CSRFToken": csrf}
    if who in district.tokens:
        headers["Authorization"] = f"Bearer {district.tokens[who]}"
    if subject.kind == "callback":
        return client.post(
            f"{PREFIX}_dash-update-component", json=_body(district, subject, ids), headers=headers
        )
    if subject.kind == "page":
        body = _page_body(district, f"{PREFIX}{_filled(subject.name, ids).lstrip('/')}")
        headers["X-CSRFToken"] = csrf
        return client.post(f"{PREFIX}_dash-update-component", json=body, headers=headers)
    path = _filled(subject.name, ids)
    if subject.kind == "question":
        headers["Accept"] = "*/*"
        return client.get(path + _question(subject.name, ids), headers=headers)
    if subject.method == "GET":
        wanted = {
            "plant": ids["plant_id"],
            "village": ids["village"],
            "period": "2026-05",
            "alert": ids["alert_id"],
        }
        return client.get(path, query_string=wanted, headers=headers)
    form = {"plant": ids["plant_id"], "village": ids["village"], "csrf_token": csrf}
    return client.post(path, data=form, headers=headers)


def _question(rule: str, ids: dict[str, str]) -> str:
    if rule.endswith("/samples"):
        span = "from=2026-06-18T00:00:00Z&to=2026-06-18T03:00:00Z"
        return f"?device_id={ids['device_id']}&quantity=ac_active_power_w&{span}"
    if rule.endswith("/daily"):
        return f"?first=2026-06-15&last=2026-06-18&plant_id={ids['plant_id']}"
    if rule.endswith(("/devices", "/alerts")):
        return f"?plant_id={ids['plant_id']}"
    return "?period=2026-05" if rule.endswith(("/statements", "/attainment")) else ""


def _body(district: District, subject: Subject, ids: dict[str, str]) -> dict[str, Any]:
    spec = district.face.app.extensions["pvmon_guard"].callbacks[subject.name]

    def value(one: dict[str, str]) -> Any:
        if one["id"] == "plant-id":
            return {"plant": ids["plant_id"], "device": ""}
        return ids["village"] if "village" in one["id"] else None

    def entry(one: dict[str, str]) -> Any:
        if one["id"].startswith("{"):
            return []
        return {"id": one["id"], "property": one["property"], "value": value(one)}

    parts = [part.rpartition(".") for part in subject.name.strip(".").split("...")]
    outputs = [{"id": name, "property": prop} for name, _, prop in parts]
    return {
        "output": subject.name,
        "outputs": outputs if subject.name.startswith("..") else outputs[0],
        "inputs": [entry(one) for one in spec["inputs"]],
        "state": [entry(one) for one in spec["state"]],
        "changedPropIds": [],
    }


def _page_body(district: District, path: str) -> dict[str, Any]:
    callbacks = district.face.app.extensions["pvmon_guard"].callbacks
    output = next(name for name in callbacks if "page.children" in name)
    return {
        "output": output,
        "outputs": [
            {"id": one.rpartition(".")[0], "property": one.rpartition(".")[2]}
            for one in output.strip(".").split("...")
        ],
        "inputs": [
            {"id": "url", "property": "pathname", "value": path},
            {"id": "url", "property": "search", "value": ""},
        ],
        "state": [{"id": "shown", "property": "data", "value": None}],
        "changedPropIds": ["url.pathname"],
    }


def _allowed(subject: Subject, who: str) -> bool:
    if who == "anonymous":
        return False
    name, _, area = who.partition(":")
    permissions = ROLE_PERMISSIONS[Role(name)]
    if area:
        permissions = permissions & (AREA_PERMISSIONS[Area(area)] | {Permission.ANYONE})
    return subject.permission in permissions and (subject.kind == "question") == (name == "machine")


DENIED_WORDS = ("没有权限", "no permission", "not permitted")


def _fault(district: District, subject: Subject, who: str, scope: str, answer: Any) -> str:
    """Return what is wrong with an answer; empty when the cell is as the table says."""
    text = answer.get_data().decode("utf-8", "replace")  # workbooks are no text
    cell = f"{subject.kind} {subject.method} {subject.name} as {who} on {scope}: {answer.status_code}"
    if answer.status_code >= 500 and answer.status_code != 503:
        return f"{cell} breaks"
    if any(mark in text for mark in district.foreign.marks):
        return f"{cell} shows the foreign plant"
    is_machine = who.startswith("machine")
    if who == "anonymous" or is_machine != (subject.kind == "question"):
        return "" if answer.status_code in {302, 401} or (answer.status_code == 400 and subject.method == "POST") else f"{cell} without a login"  # fmt: skip
    if not _allowed(subject, who):
        if subject.kind == "page":
            return "" if "components.trouble" in text or _is_denied(text) else f"{cell} is not refused"
        return "" if answer.status_code == 403 else f"{cell} is not refused"
    done_with = subject.name == "/second-factor"  # who is logged in whole has nothing to do there
    # a household without a number leads on to the page of its village, which asks for one
    done_with |= answer.status_code == 302 and answer.location.startswith(f"{PREFIX}village")
    if scope == "own" and answer.status_code in {401, 302} and subject.method == "GET" and not done_with:
        return f"{cell} is sent away"
    if scope == "own" and subject.name.split("<")[-1] in {"alert_id>", "industry_alert_id>", "case_id>", "plant_id>"} and subject.method == "GET":  # fmt: skip
        return "" if answer.status_code == 200 else f"{cell} is refused its own"
    return ""


def _is_denied(text: str) -> bool:
    from texts.loader import Texts

    told = Texts("zh")("components.trouble.denied.title")
    return told in text or told.encode("unicode_escape").decode() in text


def _everybody(subject: Subject) -> list[str]:
    one_area = [f"machine:{area.value}" for area in Area] if subject.kind == "question" else []
    return ["anonymous", *(role.value for role in LOGIN_ROLES), "machine", *one_area]


@pytest.mark.slow
@pytest.mark.timeout(1800)  # thousands of requests: minutes on a busy machine
def test_every_cell_of_role_scope_and_subject_is_as_the_table_says(district: District) -> None:
    subjects = _subjects(district.face.app)
    cells = [(s, who, scope) for s in subjects for who in _everybody(s) for scope in ("own", "foreign")]
    faults = []
    for subject, who, scope in cells:
        fault = _fault(district, subject, who, scope, _ask(district, subject, who, scope))
        if fault:
            faults.append(fault)
    kinds = Counter(subject.kind for subject, _, _ in cells)
    assert faults == [], f"{len(faults)} of {len(cells)} cells: " + "\n".join(faults[:40])
    assert len(cells) >= CELLS_LEAST, kinds
    assert min(kinds[kind] for kind in ("route", "page", "callback", "question")) > 200, kinds


def test_the_foreign_plant_is_seen_by_who_sees_everything(district: District) -> None:
    """The marks of the matrix can be found at all: without scope they show."""
    client = district.face.app.test_client()
    login(client, "om", "")
    ids = district.foreign.ids
    shown = client.get(f"{PREFIX}orders/{ids['case_id']}").get_data(as_text=True)
    assert district.foreign.marks[1] in shown
    assert district.foreign.marks[0] in shown


def test_without_an_account_only_the_open_pages_answer(district: District) -> None:
    client = district.face.app.test_client()
    answered = set()
    for rule in district.face.app.url_map.iter_rules():
        path = _filled(rule.rule, district.own.ids)
        answer = client.get(re.sub(r"<[^>]+>", "x", path))
        static = path.startswith(
            (f"{PREFIX}assets/", f"{PREFIX}_dash-component-suites/", f"{PREFIX}_favicon")
        )
        is_open = getattr(district.face.app.view_functions[rule.endpoint], "__open__", False)
        asks_itself = (
            rule.rule == "/screen/" and answer.status_code == 302
        )  # by a login or the screen's own token
        assert not is_open or asks_itself or rule.rule.startswith(OPEN_FORMS), rule.rule
        if answer.status_code in {200, 304} and not static and not is_open:
            answered.add(rule.rule)
        answer.close()
    assert answered <= set(ANYBODY)
    assert {"/", "/login", "/livez"} <= answered


def test_a_route_of_an_area_without_a_permission_stops_the_start(district: District) -> None:
    from domain.errors import ConfigurationError

    class Bare:
        prefix = "/bare/"

        def register(self, server: Any) -> None:
            server.add_url_rule("/bare/x", "bare", lambda: "everything")

        def before(self) -> None:
            return None

        def error(self, status: int, reason: str, incident: str) -> Any:
            raise AssertionError((status, reason, incident))

    world = district.face.world
    with pytest.raises(ConfigurationError, match="/bare/x"):
        create_app(world.services, world.settings, [Bare()])
