from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from access.principal import console_principal
from commands.case_rules import NewCase
from commands.cases import Cases
from commands.handing_over import HandingOver
from domain.account import Role, Scope, Session
from domain.alert import Severity
from domain.case import CaseKind
from domain.errors import AccessDeniedError, CommandError
from domain.maintenance import Maintenance
from domain.personal import Draft
from main.hand_over import as_json, draft_kinds, open_plans, sheet
from stores.records.personal import SqlPersonalStore
from stores.records.sealing import Sealer
from tests.access.people import TOWNS, VILLAGES, somebody
from tests.commands.builders import Office, office
from texts.loader import Texts

CONSOLE = console_principal()


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Office]:
    with office(tmp_path) as made:
        made.add("zhang", Role.OM, scope=Scope(town_ids=frozenset({TOWNS[0]})))
        made.add("li", Role.FIELD, scope=Scope(plant_ids=frozenset({"c"})))
        made.add("kuaiji", Role.ACCOUNTANT, scope=Scope(village_ids=frozenset({VILLAGES[0]})))
        made.add("guanli", Role.ADMIN)
        made.add("bureau", Role.MACHINE)
        yield made


def _cases(here: Office) -> Cases:
    return Cases(here.records, here.district, Maintenance(), here.clock, here.field_clock)


def _act(here: Office) -> HandingOver:
    return HandingOver(here.records, _cases(here), here.clock, here.field_clock)


def _order(here: Office, subject: str, assignee: str) -> str:
    cases = _cases(here)
    new = NewCase(CaseKind.ORDER, subject, "a", severity=Severity.S2)
    case = cases.register(CONSOLE, new)
    cases.assign(CONSOLE, case.case_id, case.acts, assignee)
    return case.case_id


def test_open_work_roles_and_scope_go_to_the_other_and_the_account_closes(here: Office) -> None:
    mine, other = _order(here, "换熔断器", "zhang"), _order(here, "别人的", "wang")
    here.records.open_session(Session("h", "zhang", here.clock.now(), here.clock.now()), 3)
    done = _act(here).hand_over(CONSOLE, "zhang", "li", stays=False)
    assert [case.case_id for case in done.cases] == [mine]
    assert here.records.case_acts(mine)[-1].values["assignee"] == "li"
    assert here.records.case_acts(other)[-1].values["assignee"] == "wang"
    taker, giver = here.records.user("li"), here.records.user("zhang")
    assert taker is not None
    assert giver is not None
    assert taker.roles == {Role.OM, Role.FIELD}
    assert taker.scope.town_ids == {TOWNS[0]}
    assert taker.scope.plant_ids == {"c"}
    assert giver.disabled
    assert here.records.session("h") is None
    assert done.sessions_ended == 1
    assert ("user.hand_over", "zhang", "done") in here.audited()


def test_who_stays_keeps_his_account_but_no_login(here: Office) -> None:
    here.records.open_session(Session("h", "zhang", here.clock.now(), here.clock.now()), 3)
    _act(here).hand_over(CONSOLE, "zhang", "li", stays=True)
    giver = here.records.user("zhang")
    assert giver is not None
    assert not giver.disabled
    assert here.records.session("h") is None


@pytest.mark.parametrize(
    ("giver", "taker", "says"),
    [
        ("zhang", "zhang", "two different"),
        ("nobody", "li", "no account"),
        ("kuaiji", "guanli", "one hand"),
        ("bureau", "li", "machine"),
        ("zhang", "bureau", "machine"),
    ],
)
def test_what_must_not_be_is_refused_and_nothing_changes(
    here: Office, giver: str, taker: str, says: str
) -> None:
    before = here.records.users()
    with pytest.raises(CommandError, match=says):
        _act(here).hand_over(CONSOLE, giver, taker, stays=False)
    assert here.records.users() == before


def test_only_the_administration_hands_over(here: Office) -> None:
    for role in set(Role) - {Role.ADMIN}:
        with pytest.raises(AccessDeniedError):
            _act(here).hand_over(somebody(role), "zhang", "li", stays=False)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_sheet_names_everything_and_has_room_for_two_signatures(here: Office, language: str) -> None:
    _order(here, "<b>换熔断器</b>", "zhang")
    done = _act(here).hand_over(CONSOLE, "zhang", "li", stays=False)
    told = as_json(done, here.district, open_plans(done.scope, here.district, here.records), ["zhang"])
    page = sheet(told, Texts(language))
    assert "&lt;b&gt;换熔断器" in page
    assert "<b>" not in page
    assert told["cases"][0][0] in page
    words = Texts(language)
    for key in ("sign_giver", "sign_taker", "sign_witness"):
        assert words(f"handing_over.{key}") in page


def test_the_sheet_lists_kinds_of_drafts_and_nothing_that_was_typed(here: Office, tmp_path: Path) -> None:
    store = SqlPersonalStore(here.records.database, Sealer(tmp_path / "people.key"))
    for number, title in enumerate(("登记到账", "登记到账", "登记结算单")):
        typed = (("payer", "周某某（虚构）"), ("amount", "31415.92"))
        place = f"/app/money-type/{number}"
        store.put_draft(Draft("zhang", place, 0, place, title, typed, here.clock.now()), 20)
    kinds = draft_kinds(store.drafts("zhang", here.clock.now() - timedelta(days=1)))
    assert kinds == [("登记到账", 2), ("登记结算单", 1)]
    done = _act(here).hand_over(CONSOLE, "zhang", "li", stays=False)
    page = sheet(as_json(done, here.district, [], [], kinds), Texts("zh"))
    assert "登记到账，2 份" in page
    assert "登记结算单，1 份" in page
    assert "周某某" not in page
    assert "31415.92" not in page
    assert "/app/money-type" not in page
