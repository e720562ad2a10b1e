"""Payout: a million payouts split, drift of a household, a thousand slips, a district's year to its notices.

The year is measured on a few villages of 101 households and scaled to 124 villages and four quarters: what the
program computes and books (split, entries, bank file, reply, result notice with its page), without the acts of
people before it. Confirming an account, which people do one by one, is measured beside it. Of several plans the
quickest counts: other work on the machine only adds.
"""

import tempfile
from fractions import Fraction
from pathlib import Path
from time import process_time

import numpy as np

from commands.documents import Documents
from commands.papers.slips import Slip, slips_pdf
from domain.money import Money, split_running
from domain.money_bulk import split_many
from revenue.approval import Step
from tests.commands.payout_world import VILLAGES, World
from texts.loader import Texts

PEOPLE = 101  # 124 villages of them are 12,500 households
PLANS = 124 * 4
ZH = Texts("zh")


def split_a_million_s() -> float:
    """Return the slowest of three districts, CPU. [s]"""
    random = np.random.default_rng(3)
    taken = []
    for groups in (1, 496, 12_500):
        numbers = np.sort(random.integers(0, groups, 1_000_000))
        weights, totals = random.integers(1, 30, 1_000_000), random.integers(10**5, 10**8, groups)
        start = process_time()
        split_many(totals, numbers, weights)
        taken.append(process_time() - start)
    return max(taken)


def thousand_slips_s() -> float:
    """Return CPU for a thousand slips. [s]"""
    five = ("一、2026-07 – 2026-09 本村光伏净收益 16,200.00 元。",) * 5
    rows = (("公益岗位·道路保洁", "1,800.00"), ("补助·困难补助", "12.34"))
    slips = [
        Slip("样例镇·样例村", f"H{n:04d}", f"村民{n:04d}", "2026-07", Money(12_345 + n), rows, five)
        for n in range(1000)
    ]
    start = process_time()
    slips_pdf(slips, ZH)
    return process_time() - start


def from_net_to_notice_s(villages: int) -> tuple[float, float]:
    """Return CPU of one plan from the release to its result notice, and of confirming one account. [s]"""
    computed: list[float] = []
    confirmed: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder))
        documents = Documents(world.stores, world.registry, world.rules, world.clock, world.clock)
        for place, village in enumerate(VILLAGES[:villages]):
            world.fund(village)
            world.enrol(village, PEOPLE, first=1 + 200 * place)
            plan_id = world.draft(village).plan.plan_id
            world.meet(plan_id)
            world.notices.publish(world.accountant, plan_id)
            world.clock.advance(8 * 86_400)
            for step in (Step.TOWNSHIP_REVIEWED, Step.FILED):
                world.check(plan_id, step)
            world.attend(world.plans.dossier(world.accountant, plan_id))
            start = process_time()
            with world.records.transaction():
                world.confirm_all(plan_id)
            middle = process_time()
            with world.records.transaction():
                world.check(plan_id, Step.READY)
                world.answer(world.send(plan_id))
                notice = world.notices.publish(world.accountant, plan_id)
                documents.notice_page(world.accountant, plan_id, notice.number, ZH)
            if place:  # the first one warms up
                computed.append(process_time() - middle)
                confirmed.append(middle - start)
        world.close()
    return min(computed), min(confirmed) / PEOPLE


def drift_fen(months: int = 240, households: int = 37) -> float:
    """Return how far one household of many strays from its exact share over all months, at the worst. [fen]"""
    random = np.random.default_rng(11)
    weights = {f"h{n:02d}": int(weight) for n, weight in enumerate(random.integers(1, 8, households))}
    got = dict.fromkeys(weights, 0)
    total, worst = 0, Fraction(0)
    for month_fen in random.integers(500_000, 3_000_001, months):
        before = {name: Money(fen) for name, fen in got.items()}
        for name, share in split_running(Money(int(month_fen)), weights, before).items():
            got[name] += share.fen
        total += int(month_fen)
        for name, weight in weights.items():
            worst = max(worst, abs(got[name] - Fraction(total * weight, sum(weights.values()))))
    return float(worst)


def run(quick: bool) -> dict[str, float]:
    computed, confirmed = from_net_to_notice_s(2 if quick else len(VILLAGES))
    return {
        "10^6 payouts split, CPU [s]": round(split_a_million_s(), 3),
        "drift of a household over 240 months [fen]": round(drift_fen(), 3),
        "1,000 slips as PDF, CPU [s]": round(thousand_slips_s(), 2),
        "district's year from release to notices, CPU [s]": round(computed * PLANS, 1),
        "confirming one account, CPU [s]": round(confirmed, 4),
    }
