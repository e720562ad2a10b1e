"""The demonstration's year of plans: made by the commands, in every state, agreeing with the books, of invented people."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from commands.money_desk import MoneyDesk
from domain.clock import ManualClock, SystemClock
from main.configuration import load_registry
from main.demo.money import make_books
from main.demo.payouts import _roster_file, make_payouts, months_before, owners_of
from main.payout import open_desk
from main.settings import load_settings
from main.tariffs import load_tariffs
from revenue.approval import Step
from stores.records.store import SqlRecordStore
from tests.tidy_rules import identity_check_digit

pytestmark = pytest.mark.slow

CONFIG = Path(__file__).parents[2] / "config"
NOW = datetime(2026, 11, 27, 2, 30, tzinfo=UTC)


def test_plans_of_six_villages_are_made_and_verified(tmp_path: Path) -> None:
    settings = load_settings({}, config_dir=CONFIG, data_dir=tmp_path)
    registry, clock = load_registry(CONFIG, None), ManualClock(NOW)
    tariffs = load_tariffs(CONFIG, tmp_path / "config", registry)
    records = SqlRecordStore.at(tmp_path / "records" / "records.sqlite")
    make_books(
        MoneyDesk.over(records, registry, tariffs, SystemClock(), clock),
        registry,
        tariffs,
        date(2026, 11, 27),
    )
    villages = owners_of(registry)[:6]
    made = make_payouts(
        lambda when: open_desk(settings, records, None, registry, when),
        villages,
        months_before(date(2026, 11, 27)),
        NOW,
    )
    assert (made.plans, made.broken) == (24, "")
    desk = open_desk(settings, records, None, registry, clock)
    steps = [one.approval.step for one in desk.stores.dossiers.of_villages()]
    assert steps.count(Step.CLOSED) == 18
    assert set(steps) == {
        Step.CLOSED, Step.DRAFTED, Step.DECIDED, Step.PUBLISHED, Step.FILED, Step.READY, Step.PAID_IN_PART,
    }  # fmt: skip
    assert made.notices == sum(len(one.notices) for one in desk.stores.dossiers.of_villages())
    assert records.verify().is_sound
    records.close()


def test_every_village_has_people_of_its_own() -> None:
    villages = owners_of(load_registry(CONFIG, None))
    numbers = [line.split(",")[2] for one in villages for line in _roster_file(one).decode().splitlines()[1:]]
    assert len(set(numbers)) == len(numbers) == 6 * len(villages)


@pytest.mark.parametrize("village", ["611002107201", "611002001201"])
def test_nobody_of_the_demonstration_can_exist(village: str) -> None:
    rows = [line.split(",") for line in _roster_file(village).decode().splitlines()[1:]]
    for row in rows:
        number = row[2]
        assert len(number) == 18
        assert number[10:14] == "0230", "the thirtieth of February"
        assert not number[17].isdigit()
        assert number[17] != identity_check_digit(number[:17])
    assert len({row[2] for row in rows}) == len({row[1] for row in rows}) == len(rows)
